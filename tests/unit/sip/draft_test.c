/* SPDX-License-Identifier: MIT */
/* draft_test: changes rendered into text and index. RFC 3261 16.6, 16.7. */
#include "kit/same_index.h"
#include "kit/test.h"
#include "sip/draft.h"

static struct rt_arena *arena;

static int setup(void **state)
{
	(void)state;
	arena = rt_arena_new(1 << 20);
	return arena ? 0 : -1;
}

static int teardown(void **state)
{
	(void)state;
	rt_arena_destroy(&arena);
	return 0;
}

/* The smallest request; `extra` are whole lines between Via and From. */
#define REQUEST(vias, extra, end)                                                                     \
	"INVITE sip:bob@biloxi.com SIP/2.0\r\n" vias extra                                            \
	"From: <sip:alice@atlanta.com>;tag=88\r\nTo: Bob <sip:bob@biloxi.com>\r\nCall-ID: a84b\r\n"    \
	"CSeq: 314159 INVITE\r\n" end
#define VIA "Via: SIP/2.0/UDP pc33.atlanta.com;branch=z9hG4bK77\r\n"

static struct sip_draft *draft_of(const char *text)
{
	struct sip_index *const room = rt_arena_take(arena, sizeof(*room));
	struct sip_fault why;
	struct sip_msg m;

	if (sip_msg_parse(&m, room, slice_str(text), &why) != 0)
		fail_msg("refused at %u: %s", why.at, why.rule);
	return sip_draft_from(arena, &m);
}

/* The rendered text, once its index was found to be what the parser makes of it. */
static struct slice rendered(const struct sip_draft *d)
{
	struct sip_msg m;
	const char *fault;

	assert_int_equal(sip_draft_render(d, arena, &m), 0);
	fault = same_index(&m);
	if (fault)
		fail_msg("%s in\n" SLICE_FMT, fault, SLICE_ARG(m.text));
	return m.text;
}

static void check(const struct sip_draft *d, const char *want)
{
	assert_text(rendered(d), want);
	rt_arena_reset(arena);
}

static void an_untouched_draft_gains_only_a_content_length_rfc3261_16_6_step_9(void **state)
{
	(void)state;
	check(draft_of(REQUEST(VIA, "", "\r\n")), REQUEST(VIA, "", "Content-Length: 0\r\n\r\n"));
	check(draft_of(REQUEST(VIA, "", "\r\nhello")), REQUEST(VIA, "", "Content-Length: 5\r\n\r\nhello"));
	check(draft_of(REQUEST(VIA, "l : 0005\r\n", "\r\nhello")), REQUEST(VIA, "l : 0005\r\n", "\r\nhello"));
	check(draft_of(REQUEST(VIA, "", "Content-Length: 2\r\n\r\nhello")), REQUEST(VIA, "", "Content-Length: 2\r\n\r\nhe"));
}

static void the_version_is_sent_in_upper_case_rfc3261_7_1(void **state)
{
	static const char response[] = "%s 200 OK\r\n" VIA "From: <sip:a@example.com>;tag=1\r\nTo: <sip:b@example.com>;tag=2\r\n"
	                               "Call-ID: a84b\r\nCSeq: 1 INVITE\r\nContent-Length: 0\r\n\r\n";
	static const char request[] = "INFO %s %s\r\n" VIA "From: <sip:a@example.com>;tag=1\r\nTo: <sip:b@example.com>;tag=2\r\n"
	                              "Call-ID: a84b\r\nCSeq: 1 INFO\r\nContent-Length: 0\r\n\r\n";
	char text[512], want[512];
	struct sip_draft *d;

	(void)state;
	snprintf(text, sizeof(text), response, "sip/2.0");
	snprintf(want, sizeof(want), response, "SIP/2.0");
	check(draft_of(text), want);
	snprintf(text, sizeof(text), request, "sip:b@example.com", "Sip/2.0");
	snprintf(want, sizeof(want), request, "sip:b@example.com", "SIP/2.0");
	check(draft_of(text), want);
	d = draft_of(text);
	snprintf(want, sizeof(want), request, "sip:192.0.2.4", "SIP/2.0");
	sip_draft_target(d, SLICE("sip:192.0.2.4"));
	check(d, want);
}

static void a_proxy_forwards_rfc3261_16_6(void **state)
{
	struct sip_draft *d = draft_of(REQUEST(VIA, "Max-Forwards: 0070\r\nRoute: <sip:p1;lr>,\r\n <sip:p2;lr>\r\n", "\r\n"));

	(void)state;
	sip_draft_target(d, SLICE("sip:bob@192.0.2.4:5070;x=y"));
	sip_draft_set(d, SIP_HDR_MAX_FORWARDS, SLICE("69"));
	sip_draft_push(d, SIP_HDR_RECORD_ROUTE, SLICE("<sip:p1.example.com;lr>"));
	sip_draft_pop(d, SIP_HDR_ROUTE);
	sip_draft_push(d, SIP_HDR_VIA, SLICE("SIP/2.0/TCP p1.example.com;branch=z9hG4bKp1"));
	check(d, "INVITE sip:bob@192.0.2.4:5070;x=y SIP/2.0\r\n"
	         "Via: SIP/2.0/TCP p1.example.com;branch=z9hG4bKp1\r\n" VIA
	         "Record-Route: <sip:p1.example.com;lr>\r\n"
	         "Max-Forwards: 69\r\nRoute: <sip:p2;lr>\r\n"
	         "From: <sip:alice@atlanta.com>;tag=88\r\nTo: Bob <sip:bob@biloxi.com>\r\nCall-ID: a84b\r\n"
	         "CSeq: 314159 INVITE\r\nContent-Length: 0\r\n\r\n");
}

static void a_response_goes_back_rfc3261_16_7(void **state)
{
	struct sip_draft *d = draft_of("SIP/2.0 503 Busy here\r\nVia: SIP/2.0/UDP p1;branch=z9hG4bK1 , SIP/2.0/TCP b:5070\r\n"
	                               "v: SIP/2.0/UDP c\r\nf: <sip:a@b>;tag=1\r\nt: <sip:b@c>;tag=2\r\ni: x\r\nCSeq: 1 INVITE\r\n\r\n");

	(void)state;
	sip_draft_pop(d, SIP_HDR_VIA);
	sip_draft_status(d, 503, SLICE_NONE);
	check(d, "SIP/2.0 500 Server Internal Error\r\nVia: SIP/2.0/TCP b:5070\r\nv: SIP/2.0/UDP c\r\n"
	         "f: <sip:a@b>;tag=1\r\nt: <sip:b@c>;tag=2\r\ni: x\r\nCSeq: 1 INVITE\r\nContent-Length: 0\r\n\r\n");
}

static void a_status_line_without_a_phrase_gets_one(void **state)
{
	struct sip_draft *d = draft_of("SIP/2.0 180\r\n" VIA "f: <sip:a@b>;tag=1\r\nt: <sip:b@c>;tag=2\r\ni: x\r\nCSeq: 1 INVITE\r\n\r\n");

	(void)state;
	sip_draft_status(d, 199, SLICE("Gone by"));
	check(d, "SIP/2.0 199 Gone by\r\n" VIA "f: <sip:a@b>;tag=1\r\nt: <sip:b@c>;tag=2\r\ni: x\r\nCSeq: 1 INVITE\r\nContent-Length: 0\r\n\r\n");
}

#define SHARED "Via: SIP/2.0/UDP a;branch=z9hG4bKa, SIP/2.0/UDP b;branch=z9hG4bKb ,\r\n  SIP/2.0/UDP c;branch=z9hG4bKc\r\n"

static void values_that_share_a_line_are_taken_one_by_one(void **state)
{
	static const struct {
		int drop[3];
		const char *vias;
	} row[] = {
		{ { 0, -1, -1 }, "Via: SIP/2.0/UDP b;branch=z9hG4bKb ,\r\n  SIP/2.0/UDP c;branch=z9hG4bKc\r\n" },
		{ { 1, -1, -1 }, "Via: SIP/2.0/UDP a;branch=z9hG4bKa ,\r\n  SIP/2.0/UDP c;branch=z9hG4bKc\r\n" },
		{ { 2, -1, -1 }, "Via: SIP/2.0/UDP a;branch=z9hG4bKa, SIP/2.0/UDP b;branch=z9hG4bKb\r\n" },
		{ { 0, 1, -1 }, "Via: SIP/2.0/UDP c;branch=z9hG4bKc\r\n" },
		{ { 0, 2, -1 }, "Via: SIP/2.0/UDP b;branch=z9hG4bKb\r\n" },
		{ { 1, 2, -1 }, "Via: SIP/2.0/UDP a;branch=z9hG4bKa\r\n" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
		struct sip_draft *d = draft_of(REQUEST(SHARED, "", "l: 0\r\n\r\n"));
		char want[1024];

		for (int k = 0; k < 3 && row[i].drop[k] >= 0; k++)
			sip_draft_drop(d, row[i].drop[k]);
		snprintf(want, sizeof(want), "INVITE sip:bob@biloxi.com SIP/2.0\r\n%s%s", row[i].vias,
		         strstr(REQUEST(SHARED, "", "l: 0\r\n\r\n"), "From:"));
		check(d, want);
	}
}

static void a_shared_line_of_which_nothing_is_left_is_gone(void **state)
{
	struct sip_draft *d = draft_of(REQUEST(SHARED, VIA "Subject: x\r\n", "l: 0\r\n\r\n"));

	(void)state;
	for (int i = 0; i < 3; i++)
		sip_draft_pop(d, SIP_HDR_VIA);
	check(d, REQUEST(VIA, "Subject: x\r\n", "l: 0\r\n\r\n"));
}

static void one_value_of_a_shared_line_is_replaced(void **state)
{
	struct sip_draft *d = draft_of(REQUEST(VIA, "Contact: <sip:a>, <sip:b>;q=1 , <sip:c>\r\n", "l: 0\r\n\r\n"));

	(void)state;
	sip_draft_replace(d, 2, SLICE("\"B, or not\" <sip:b,c@d>, <sip:e>"));
	check(d, REQUEST(VIA, "Contact: <sip:a>, \"B, or not\" <sip:b,c@d>, <sip:e> , <sip:c>\r\n", "l: 0\r\n\r\n"));
}

static void a_value_of_a_shared_line_replaced_by_nothing_is_gone(void **state)
{
	struct sip_draft *d = draft_of(REQUEST(VIA, "k: a, b\r\nRequire: c\r\n", "l: 0\r\n\r\n"));

	(void)state;
	sip_draft_set(d, SIP_HDR_SUPPORTED, SLICE(""));
	sip_draft_set(d, SIP_HDR_REQUIRE, SLICE(""));
	check(d, REQUEST(VIA, "k: b\r\nRequire: \r\n", "l: 0\r\n\r\n"));
}

static void a_value_that_would_swallow_its_neighbours_is_refused(void **state)
{
	struct sip_draft *d = draft_of(REQUEST(VIA, "Warning: 1 h \"a\", 2 h \"b\"\r\n", "l: 0\r\n\r\n"));
	struct sip_msg m;

	(void)state;
	sip_draft_replace(d, 1, SLICE("3 h \"open"));
	assert_int_equal(sip_draft_render(d, arena, &m), RT_BAD);
	sip_draft_replace(d, 1, SLICE("3 h \"closed\""));
	sip_draft_replace(d, 2, SLICE("4 h \"open, but last"));
	check(d, REQUEST(VIA, "Warning: 3 h \"closed\", 4 h \"open, but last\r\n", "l: 0\r\n\r\n"));
}

static void pushes_stack_and_pops_take_the_topmost(void **state)
{
	struct sip_draft *d = draft_of(REQUEST(VIA, "Route: <sip:r1>\r\n", "l: 0\r\n\r\n"));

	(void)state;
	sip_draft_push(d, SIP_HDR_ROUTE, SLICE("<sip:r2>"));
	sip_draft_push(d, SIP_HDR_ROUTE, SLICE("<sip:r3>"));
	sip_draft_push(d, SIP_HDR_ROUTE, SLICE("<sip:r4>"));
	sip_draft_pop(d, SIP_HDR_ROUTE);
	check(d, REQUEST(VIA, "Route: <sip:r3>\r\nRoute: <sip:r2>\r\nRoute: <sip:r1>\r\n", "l: 0\r\n\r\n"));

	d = draft_of(REQUEST(VIA, "Route: <sip:r1>\r\nSubject: y\r\nRoute: <sip:r2>\r\n", "l: 0\r\n\r\n"));
	sip_draft_pop(d, SIP_HDR_ROUTE);
	sip_draft_push(d, SIP_HDR_ROUTE, SLICE("<sip:r3>"));
	check(d, REQUEST(VIA, "Subject: y\r\nRoute: <sip:r3>\r\nRoute: <sip:r2>\r\n", "l: 0\r\n\r\n"));

	d = draft_of(REQUEST(VIA, "Route: <sip:r1>\r\n", "l: 0\r\n\r\n"));
	sip_draft_push(d, SIP_HDR_ROUTE, SLICE("<sip:r2>"));
	for (int i = 0; i < 3; i++)
		sip_draft_pop(d, SIP_HDR_ROUTE);
	check(d, REQUEST(VIA, "", "l: 0\r\n\r\n"));
}

static void a_first_route_leads_and_a_first_record_route_follows_the_vias(void **state)
{
	struct sip_draft *d = draft_of(REQUEST(VIA, "", "l: 0\r\n\r\n"));

	(void)state;
	sip_draft_push(d, SIP_HDR_VIA, SLICE("SIP/2.0/UDP new"));
	sip_draft_push(d, SIP_HDR_RECORD_ROUTE, SLICE("<sip:rr1>"));
	sip_draft_push(d, SIP_HDR_RECORD_ROUTE, SLICE("<sip:rr2>"));
	sip_draft_push(d, SIP_HDR_ROUTE, SLICE("<sip:r>"));
	check(d, REQUEST("Route: <sip:r>\r\nVia: SIP/2.0/UDP new\r\n" VIA,
	                 "Record-Route: <sip:rr2>\r\nRecord-Route: <sip:rr1>\r\n", "l: 0\r\n\r\n"));
}

static void the_last_call_on_a_field_wins(void **state)
{
	struct sip_draft *d = draft_of(REQUEST(VIA, "Subject: one\r\n", "l: 0\r\n\r\n"));

	(void)state;
	sip_draft_set(d, SIP_HDR_SUBJECT, SLICE("two"));
	sip_draft_remove(d, SIP_HDR_SUBJECT);
	sip_draft_set(d, SIP_HDR_SUBJECT, SLICE("three"));
	sip_draft_set(d, SIP_HDR_SUBJECT, SLICE("  four "));
	check(d, REQUEST(VIA, "", "l: 0\r\nSubject: four\r\n\r\n"));

	d = draft_of(REQUEST(VIA, "Subject: one\r\n", "l: 0\r\n\r\n"));
	sip_draft_drop(d, 1);
	sip_draft_replace(d, 1, SLICE("two"));
	sip_draft_replace(d, 1, SLICE("three"));
	check(d, REQUEST(VIA, "Subject: three\r\n", "l: 0\r\n\r\n"));

	d = draft_of(REQUEST(VIA, "Subject: one\r\n", "l: 0\r\n\r\n"));
	sip_draft_replace(d, 1, SLICE("two"));
	sip_draft_remove(d, SIP_HDR_SUBJECT);
	check(d, REQUEST(VIA, "", "l: 0\r\n\r\n"));
}

static void appended_lines_follow_their_kind_or_close_the_head(void **state)
{
	struct sip_draft *d = draft_of(REQUEST(VIA, "k: path\r\nSubject: x\r\n", "l: 0\r\n\r\n"));

	(void)state;
	sip_draft_append(d, SIP_HDR_SUPPORTED, SLICE("outbound, gruu"));
	sip_draft_append(d, SIP_HDR_SUPPORTED, SLICE("100rel"));
	sip_draft_append(d, SIP_HDR_SERVER, SLICE("peal"));
	sip_draft_append_named(d, SLICE("X-Trail"), SLICE("1, 2"));
	sip_draft_append_named(d, SLICE("m"), SLICE("<sip:a>, <sip:b>"));
	sip_draft_append(d, SIP_HDR_WARNING, SLICE(""));
	check(d, REQUEST(VIA, "k: path\r\nSupported: outbound, gruu\r\nSupported: 100rel\r\nSubject: x\r\n",
	                 "l: 0\r\nServer: peal\r\nX-Trail: 1, 2\r\nm: <sip:a>, <sip:b>\r\nWarning: \r\n\r\n"));
}

static void lines_without_a_value_survive(void **state)
{
	struct sip_draft *d = draft_of(REQUEST(VIA, "Supported: ,\r\nSubject: x \r\nRequire: ,,\r\nk:\r\nAllow: a,,b,\r\n", "l: 0\r\n\r\n"));

	(void)state;
	sip_draft_remove(d, SIP_HDR_SUBJECT);
	sip_draft_push(d, SIP_HDR_ALLOW, SLICE("c"));
	sip_draft_drop(d, 4); /* b of Allow */
	check(d, REQUEST(VIA, "Supported: ,\r\nRequire: ,,\r\nk:\r\nAllow: c\r\nAllow: a\r\n", "l: 0\r\n\r\n"));
}

static void a_new_body_brings_its_type_and_length_rfc3261_20_14(void **state)
{
	struct sip_draft *d = draft_of(REQUEST(VIA, "", "l: 5\r\nSubject: z\r\n\r\nhello"));

	(void)state;
	sip_draft_body(d, SLICE("text/plain"), SLICE("good-bye, all"));
	check(d, REQUEST(VIA, "", "l: 13\r\nSubject: z\r\nContent-Type: text/plain\r\n\r\ngood-bye, all"));

	d = draft_of(REQUEST(VIA, "", "\r\nhello"));
	sip_draft_body(d, SLICE_NONE, SLICE_NONE);
	check(d, REQUEST(VIA, "", "Content-Length: 0\r\n\r\n"));

	d = draft_of(REQUEST(VIA, "", "l: 5\r\n\r\nhello"));
	sip_draft_remove(d, SIP_HDR_CONTENT_LENGTH);
	sip_draft_set(d, SIP_HDR_CONTENT_LENGTH, SLICE("77"));
	check(d, REQUEST(VIA, "", "Content-Length: 5\r\n\r\nhello"));
}

static void a_new_request_from_nothing(void **state)
{
	struct sip_draft *d = sip_draft_request(arena, SLICE("OPTIONS"), SLICE("sip:192.0.2.1;transport=tcp"));

	(void)state;
	sip_draft_append(d, SIP_HDR_FROM, SLICE("<sip:me>;tag=1"));
	sip_draft_append(d, SIP_HDR_TO, SLICE("<sip:you>"));
	sip_draft_append(d, SIP_HDR_CALL_ID, SLICE("c"));
	sip_draft_append(d, SIP_HDR_CSEQ, SLICE("1 OPTIONS"));
	sip_draft_append(d, SIP_HDR_MAX_FORWARDS, SLICE("70"));
	sip_draft_push(d, SIP_HDR_VIA, SLICE("SIP/2.0/TCP 192.0.2.9;branch=z9hG4bKx"));
	check(d, "OPTIONS sip:192.0.2.1;transport=tcp SIP/2.0\r\nVia: SIP/2.0/TCP 192.0.2.9;branch=z9hG4bKx\r\n"
	         "From: <sip:me>;tag=1\r\nTo: <sip:you>\r\nCall-ID: c\r\nCSeq: 1 OPTIONS\r\nMax-Forwards: 70\r\nContent-Length: 0\r\n\r\n");
}

static void facts_follow_what_changed(void **state)
{
	struct sip_draft *d = draft_of(REQUEST(VIA, "", "l: 0\r\n\r\n"));
	struct sip_msg m;

	(void)state;
	sip_draft_push(d, SIP_HDR_VIA, SLICE("SIP/2.0/WSS [2001:db8::1]:443;branch=z9hG4bKnew;alias"));
	sip_draft_set(d, SIP_HDR_MAX_FORWARDS, SLICE("3"));
	sip_draft_set(d, SIP_HDR_CSEQ, SLICE("7 INVITE"));
	sip_draft_set(d, SIP_HDR_TO, SLICE("<sip:b>;tag=new"));
	sip_draft_target(d, SLICE("sips:carol@[2001:db8::2]:5063"));
	assert_int_equal(sip_draft_render(d, arena, &m), 0);
	assert_null(same_index(&m));
	assert_text(sip_msg_span(&m, m.index->facts.via_host), "2001:db8::1");
	assert_text(sip_msg_span(&m, m.index->facts.via_branch), "z9hG4bKnew");
	assert_int_equal(m.index->facts.via_transport, SIP_WSS);
	assert_int_equal(m.index->facts.via_port, 443);
	assert_int_equal(m.index->facts.via_flags, SIP_VIA_ALIAS | SIP_VIA_COOKIE);
	assert_text(sip_msg_span(&m, m.index->facts.from_tag), "88");
	assert_text(sip_msg_span(&m, m.index->facts.to_tag), "new");
	assert_text(sip_msg_span(&m, m.index->facts.uri_user), "carol");
	assert_text(sip_msg_span(&m, m.index->facts.uri_host), "2001:db8::2");
	assert_int_equal(m.index->facts.uri_port, 5063);
	assert_int_equal(m.index->facts.cseq, 7);
	assert_int_equal(m.index->facts.max_forwards, 3);
	rt_arena_reset(arena);
}

static int fault_of(struct sip_draft *d)
{
	struct sip_msg m = { .index = 0 };
	const int err = sip_draft_render(d, arena, &m);

	assert_true(err == 0 || m.index == 0);
	rt_arena_reset(arena);
	return err;
}

/* One change that must fail, on a fresh draft. */
#define FAILS(want, change)                                                               \
	do {                                                                              \
		struct sip_draft *d = draft_of(REQUEST(VIA, "", "l: 0\r\n\r\n"));         \
		change;                                                                   \
		assert_int_equal(fault_of(d), (want));                                    \
	} while (0)

static void a_value_that_breaks_the_grammar_is_refused_at_the_render(void **state)
{
	(void)state;
	FAILS(RT_BAD, sip_draft_append(d, SIP_HDR_SUBJECT, SLICE("x\r\nVia: forged")));
	FAILS(RT_BAD, sip_draft_append(d, SIP_HDR_SUBJECT, SLICE("x\ny")));
	FAILS(RT_BAD, sip_draft_append(d, SIP_HDR_SUBJECT, SLICE("x\ry")));
	FAILS(RT_BAD, sip_draft_append(d, SIP_HDR_SUBJECT, SLICE("x\x01y")));
	FAILS(0, sip_draft_append(d, SIP_HDR_SUBJECT, SLICE("x\r\n y")));
	FAILS(0, sip_draft_append(d, SIP_HDR_SUBJECT, SLICE("\"x\\\x01y\"")));
	FAILS(RT_BAD, sip_draft_append(d, SIP_HDR_SUBJECT, SLICE("x\\\x01y")));
	FAILS(RT_BAD, sip_draft_append(d, SIP_HDR_SUBJECT, SLICE("\"x\\\r\ny\"")));
	FAILS(RT_BAD, sip_draft_append_named(d, SLICE("X Y"), SLICE("z")));
	FAILS(RT_BAD, sip_draft_append(d, SIP_HDR_OTHER, SLICE("z")));
	FAILS(RT_BAD, sip_draft_target(d, SLICE("sip:a b")));
	FAILS(RT_BAD, sip_draft_target(d, SLICE("sip:a?b=c")));
	FAILS(RT_BAD, sip_draft_target(d, SLICE("")));
	FAILS(RT_BAD, sip_draft_push(d, SIP_HDR_VIA, SLICE("nonsense")));
	FAILS(RT_BAD, sip_draft_push(d, SIP_HDR_ROUTE, SLICE("<sip:a>,,<sip:b>")));
	FAILS(RT_BAD, sip_draft_set(d, SIP_HDR_MAX_FORWARDS, SLICE("256")));
	FAILS(RT_BAD, sip_draft_set(d, SIP_HDR_CSEQ, SLICE("1 BYE")));
	FAILS(RT_BAD, sip_draft_set(d, SIP_HDR_FROM, SLICE("\"x <sip:a>")));
	FAILS(RT_BAD, sip_draft_status(d, 99, SLICE("x")));
	FAILS(RT_BAD, sip_draft_drop(d, 200));
	FAILS(RT_BAD, sip_draft_replace(d, -1, SLICE("x")));
}

/* A head of exactly n bytes. */
static int head_of(uint32_t n)
{
	static char big[SIP_HEAD_MAX + 1];
	const char base[] = REQUEST(VIA, "", "l: 0\r\n\r\n");
	struct sip_draft *const d = draft_of(base);
	struct sip_msg m;
	int err;

	memset(big, 'x', sizeof(big));
	sip_draft_append(d, SIP_HDR_SUBJECT, slice_of(big, n - (uint32_t)(sizeof(base) - 1 + strlen("Subject: \r\n"))));
	err = sip_draft_render(d, arena, &m);
	if (err == 0)
		assert_true(m.index->head_n == n && same_index(&m) == 0);
	rt_arena_reset(arena);
	return err;
}

static void a_head_of_65535_bytes_is_the_largest(void **state)
{
	(void)state;
	assert_int_equal(head_of(SIP_HEAD_MAX - 1), 0);
	assert_int_equal(head_of(SIP_HEAD_MAX), 0);
	assert_int_equal(head_of(SIP_HEAD_MAX + 1), RT_BIG);
}

static void limits_of_a_draft(void **state)
{
	struct rt_arena *small = rt_arena_new(256), *none = rt_arena_new(16);
	char *const big = malloc(SIP_HEAD_MAX);
	char many[600] = "";
	struct sip_msg m;

	(void)state;
	memset(big, 'x', SIP_HEAD_MAX);
	FAILS(0, for (int i = 0; i < 240; i++) sip_draft_append(d, SIP_HDR_SUBJECT, SLICE("x")));
	FAILS(RT_BIG, for (int i = 0; i < 241; i++) sip_draft_append(d, SIP_HDR_SUBJECT, SLICE("x")));
	FAILS(RT_BIG, sip_draft_append(d, SIP_HDR_SUBJECT, slice_of(big, SIP_HEAD_MAX - 100)));
	/* 244 values and the six fields around them are 250 */
	for (int i = 0; i < 244; i++)
		strcat(many, i ? ",a" : "a");
	FAILS(0, sip_draft_append(d, SIP_HDR_SUPPORTED, slice_str(many)));
	FAILS(RT_BIG, sip_draft_append(d, SIP_HDR_SUPPORTED, slice_str(strcat(many, ",a"))));
	free(big);

	struct sip_draft *const d = draft_of(REQUEST(VIA, "", "l: 0\r\n\r\n"));

	assert_int_equal(sip_draft_render(d, small, &m), RT_NOMEM);
	assert_null(sip_draft_request(none, SLICE("OPTIONS"), SLICE("sip:x")));
	rt_arena_destroy(&small);
	rt_arena_destroy(&none);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_untouched_draft_gains_only_a_content_length_rfc3261_16_6_step_9),
		cmocka_unit_test(the_version_is_sent_in_upper_case_rfc3261_7_1),
		cmocka_unit_test(a_proxy_forwards_rfc3261_16_6),
		cmocka_unit_test(a_response_goes_back_rfc3261_16_7),
		cmocka_unit_test(a_status_line_without_a_phrase_gets_one),
		cmocka_unit_test(values_that_share_a_line_are_taken_one_by_one),
		cmocka_unit_test(a_shared_line_of_which_nothing_is_left_is_gone),
		cmocka_unit_test(one_value_of_a_shared_line_is_replaced),
		cmocka_unit_test(a_value_of_a_shared_line_replaced_by_nothing_is_gone),
		cmocka_unit_test(a_value_that_would_swallow_its_neighbours_is_refused),
		cmocka_unit_test(pushes_stack_and_pops_take_the_topmost),
		cmocka_unit_test(a_first_route_leads_and_a_first_record_route_follows_the_vias),
		cmocka_unit_test(the_last_call_on_a_field_wins),
		cmocka_unit_test(appended_lines_follow_their_kind_or_close_the_head),
		cmocka_unit_test(lines_without_a_value_survive),
		cmocka_unit_test(a_new_body_brings_its_type_and_length_rfc3261_20_14),
		cmocka_unit_test(a_new_request_from_nothing),
		cmocka_unit_test(facts_follow_what_changed),
		cmocka_unit_test(a_value_that_breaks_the_grammar_is_refused_at_the_render),
		cmocka_unit_test(a_head_of_65535_bytes_is_the_largest),
		cmocka_unit_test(limits_of_a_draft),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
