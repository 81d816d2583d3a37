/* SPDX-License-Identifier: MIT */
/* What is read of a request at a glance, and the refusal made of it. */
#include "glance.h"
#include "kit/test.h"

static const char invite[] = "INVITE sip:bob@biloxi.example.com SIP/2.0\r\nVia: SIP/2.0/UDP bigbox3.site3.example.com;branch=z9hG4bK77;rport;x\r\n"
			     "v:  SIP/2.0/UDP pc33.example.com;branch=z9hG4bKnashds8 , SIP/2.0/UDP 192.0.2.1\r\nMax-Forwards: 69\r\n"
			     "To: Bob <sip:bob@biloxi.example.com>\r\nf: Alice <sip:alice@example.com>;tag=1928301774\r\nCall-ID : a84b@pc33\r\n"
			     "CSeq: 314159 INVITE\r\nContact: <sip:alice@pc33.example.com>\r\nUser-Agent: phone/1\r\nContent-Length: 4\r\n\r\nbody";

static struct slice eq(struct slice got, const char *want)
{
	assert_int_equal(got.n, strlen(want));
	assert_memory_equal(got.p, want, got.n);
	return got;
}

/* One line of the INVITE above becomes another. */
static int changed(struct glance *g, const char *line, const char *other)
{
	static char text[2048];
	const char *at = strstr(invite, line);

	assert_non_null(at);
	snprintf(text, sizeof(text), "%.*s%s%s", (int)(at - invite), invite, other, at + strlen(line));
	return glance(g, slice_str(text));
}

static void a_request_is_read_in_short_and_long_forms_7_3_3(void **state)
{
	struct glance g;

	(void)state;
	assert_int_equal(glance(&g, slice_str(invite)), 0);
	eq(g.method, "INVITE");
	assert_int_equal(g.nvia, 2);
	eq(g.via[0], "SIP/2.0/UDP bigbox3.site3.example.com;branch=z9hG4bK77;rport;x");
	eq(g.via[1], "SIP/2.0/UDP pc33.example.com;branch=z9hG4bKnashds8 , SIP/2.0/UDP 192.0.2.1");
	eq(g.from, "Alice <sip:alice@example.com>;tag=1928301774");
	eq(g.to, "Bob <sip:bob@biloxi.example.com>");
	eq(g.call_id, "a84b@pc33");
	eq(g.cseq, "314159 INVITE");
	eq(g.agent, "phone/1");
	assert_true(glance_is_new(&g));
}

static void what_is_not_plain_is_left_to_the_parser(void **state)
{
	static const char *const rows[][2] = {
		{ "x\r\nv:", "x,\r\nv:" },
		{ "x\r\nv:", "x\r\n ;y\r\nv:" },
		{ ";x\r\n", ";x=\"a\"\r\n" },
		{ "CSeq: 314159 INVITE\r\n", "" },
		{ "CSeq: 314159 INVITE", "CSeq: 314159 BYE" },
		{ "CSeq: 314159 INVITE", "CSeq: INVITE" },
		{ "Max-Forwards: 69", "From: <sip:a@b>;tag=2" },
		{ "Max-Forwards: 69", "no header" },
		{ "Call-ID : a84b@pc33", "Call-ID :" },
		{ "\r\n\r\nbody", "\r\n" },
		{ " SIP/2.0\r\n", " SIP/3.0\r\n" },
		{ "INVITE sip:bob@biloxi.example.com SIP/2.0", "SIP/2.0 200 OK" },
	};
	struct glance g;

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (changed(&g, rows[i][0], rows[i][1]) != RT_BAD)
			fail_msg("row %zu: %s", i, rows[i][1]);
	for (uint32_t n = 0; n + 5 < sizeof(invite); n++)
		assert_int_equal(glance(&g, slice_of(invite, n)), RT_BAD);
}

static void what_may_be_in_a_dialog_begins_nothing_12_2(void **state)
{
	static const char *const tos[] = { "<sip:bob@b>;tag=1", "sip:bob@b;TAG=1", "<sip:bob@b> ; tag = 1", "<sip:bob@b>;x;Tag=1" };
	static const char *const others[] = { "ACK", "BYE", "CANCEL", "PRACK", "INFO", "UPDATE", "NOTIFY" };
	struct glance g;

	(void)state;
	for (size_t i = 0; i < sizeof(tos) / sizeof(tos[0]); i++) {
		assert_int_equal(changed(&g, "Bob <sip:bob@biloxi.example.com>", tos[i]), 0);
		assert_false(glance_is_new(&g));
	}
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
		char text[1024];

		snprintf(text, sizeof(text), "%s sip:b@b SIP/2.0\r\nVia: SIP/2.0/UDP a\r\nTo: b\r\nFrom: a;tag=1\r\nCall-ID: c\r\nCSeq: 1 %s\r\n\r\n",
			 others[i], others[i]);
		assert_int_equal(glance(&g, slice_str(text)), 0);
		assert_false(glance_is_new(&g));
	}
	assert_int_equal(changed(&g, "Bob <sip:bob@biloxi.example.com>", "Bob <sip:bob@b>;tag=00c0ffee"), 0);
	eq(glance_to_tag(&g), "00c0ffee");
}

static void a_refusal_holds_what_8_2_6_2_wants_and_is_of_even_length(void **state)
{
	const struct glance_reply r = { .received = SLICE("192.0.2.9"), .rport = 5062, .tag = 0xc0ffee, .retry_after = 3 };
	char bytes[1024], small[100];
	struct rt_cursor c = rt_cursor_on(bytes, sizeof(bytes) - 1), tight = rt_cursor_on(small, sizeof(small));
	const char *rest;
	struct glance g;

	(void)state;
	assert_int_equal(glance(&g, slice_str(invite)), 0);
	glance_refuse(&c, &g, &r);
	assert_int_equal(c.err, 0);
	assert_int_equal(c.n % 64, 0);
	bytes[c.n] = 0;
	rest = strstr(bytes, "Content-Length:");
	assert_non_null(rest);
	eq(slice_of(bytes, (uint32_t)(rest - bytes)),
	   "SIP/2.0 503 Service Unavailable\r\n"
	   "Via: SIP/2.0/UDP bigbox3.site3.example.com;branch=z9hG4bK77;rport=5062;x;received=192.0.2.9\r\n"
	   "Via: SIP/2.0/UDP pc33.example.com;branch=z9hG4bKnashds8 , SIP/2.0/UDP 192.0.2.1\r\n"
	   "From: Alice <sip:alice@example.com>;tag=1928301774\r\nTo: Bob <sip:bob@biloxi.example.com>;tag=0000000000c0ffee\r\n"
	   "Call-ID: a84b@pc33\r\nCSeq: 314159 INVITE\r\nRetry-After: 3\r\n");
	rest += strlen("Content-Length:");
	assert_string_equal(rest + strspn(rest, " "), "0\r\n\r\n");
	glance_refuse(&tight, &g, &r);
	assert_int_equal(tight.err, RT_NOMEM);
}

static void only_a_plain_rport_is_answered_without_more_thought(void **state)
{
	static const struct {
		const char *params;
		bool plain;
	} rows[] = {
		{ ";branch=z9hG4bK77;rport", true }, { ";rport;branch=z9hG4bK77", true }, { ";branch=z9hG4bK77", false }, { ";rport;rport", false },
		{ ";rport=5060", false }, { ";RPORT", false }, { "; rport", false }, { ";rport;Maddr=192.0.2.1", false }, { ";rport; maddr=192.0.2.1", false },
		{ ";rport;received=192.0.2.1", false }, { ";rport;keep", false }, { ";rport ", true },
	};
	struct glance g;

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		assert_int_equal(changed(&g, ";branch=z9hG4bK77;rport;x", rows[i].params), 0);
		if (glance_wants_rport(&g) != rows[i].plain)
			fail_msg("%s", rows[i].params);
	}
	assert_int_equal(changed(&g, "SIP/2.0/UDP bigbox3", "SIP/2.0/TCP bigbox3"), 0);
	assert_false(glance_wants_rport(&g));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_request_is_read_in_short_and_long_forms_7_3_3),
		cmocka_unit_test(what_is_not_plain_is_left_to_the_parser),
		cmocka_unit_test(what_may_be_in_a_dialog_begins_nothing_12_2),
		cmocka_unit_test(only_a_plain_rport_is_answered_without_more_thought),
		cmocka_unit_test(a_refusal_holds_what_8_2_6_2_wants_and_is_of_even_length),
	};

	return cmocka_run_group_tests(tests, 0, 0);
}
