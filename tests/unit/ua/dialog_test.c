/* SPDX-License-Identifier: MIT */
/* dialog: RFC 3261 12 from both ends. */
#include "kit/test.h"

#include "ua/dialog.h"

static const char invite[] = "INVITE sip:bob@biloxi.com SIP/2.0\r\n"
			     "Via: SIP/2.0/UDP p2.biloxi.com;branch=z9hG4bK2\r\n"
			     "Record-Route: <sip:p2.biloxi.com;lr>, <sip:p1.atlanta.com;lr>\r\n"
			     "Max-Forwards: 70\r\n"
			     "From: Alice <sip:alice@atlanta.com>;tag=1928301774\r\n"
			     "To: Bob <sip:bob@biloxi.com>\r\n"
			     "Call-ID: a84b4c76e66710\r\n"
			     "CSeq: 314159 INVITE\r\n"
			     "Contact: <sip:alice@pc33.atlanta.com>\r\n"
			     "Content-Length: 0\r\n\r\n";

static const char ok[] = "SIP/2.0 200 OK\r\n"
			 "Via: SIP/2.0/UDP pc33.atlanta.com;branch=z9hG4bK1\r\n"
			 "Record-Route: <sip:p2.biloxi.com;lr>\r\n"
			 "Record-Route: <sip:p1.atlanta.com;lr>\r\n"
			 "From: Alice <sip:alice@atlanta.com>;tag=1928301774\r\n"
			 "To: Bob <sip:bob@biloxi.com>;tag=a6c85cf\r\n"
			 "Call-ID: a84b4c76e66710\r\n"
			 "CSeq: 314159 INVITE\r\n"
			 "Contact: <sip:bob@192.0.2.4>\r\n"
			 "Content-Length: 0\r\n\r\n";

static struct sip_msg parse(struct sip_index *room, const char *text)
{
	struct sip_msg m;

	assert_int_equal(sip_msg_parse(&m, room, slice_str(text), 0), 0);
	return m;
}

/* The same message with one piece of its text changed. */
static struct sip_msg changed(struct sip_index *room, char *out, size_t size, const char *text, const char *old, const char *new)
{
	const char *const at = strstr(text, old);

	assert_non_null(at);
	snprintf(out, size, "%.*s%s%s", (int)(at - text), text, new, at + strlen(old));
	return parse(room, out);
}

static struct slice request_text(struct ua_dialog *d, struct rt_arena *a, struct slice method, uint32_t cseq)
{
	struct sip_draft *const draft = ua_dialog_request(d, a, method, cseq);
	struct sip_msg m;

	assert_non_null(draft);
	assert_int_equal(sip_draft_render(draft, a, &m), 0);
	return m.text;
}

static void rfc3261_12_1_1_as_callee(void **state)
{
	struct rt_arena *a = rt_arena_new(65536);
	struct sip_index room;
	struct sip_msg m = parse(&room, invite);
	static struct ua_dialog d;

	(void)state;
	assert_int_equal(ua_dialog_answer(&d, &m, SLICE("314159")), 0);
	assert_int_equal(d.state, UA_EARLY);
	assert_text(d.route, "<sip:p2.biloxi.com;lr>, <sip:p1.atlanta.com;lr>");
	assert_text(request_text(&d, a, SLICE("BYE"), 0),
		    "BYE sip:alice@pc33.atlanta.com SIP/2.0\r\n"
		    "Route: <sip:p2.biloxi.com;lr>\r\nRoute: <sip:p1.atlanta.com;lr>\r\n"
		    "Max-Forwards: 70\r\n"
		    "From: Bob <sip:bob@biloxi.com>;tag=314159\r\n"
		    "To: Alice <sip:alice@atlanta.com>;tag=1928301774\r\n"
		    "Call-ID: a84b4c76e66710\r\nCSeq: 1 BYE\r\nContent-Length: 0\r\n\r\n");
	rt_arena_destroy(&a);
}

static void rfc3261_12_1_2_as_caller(void **state)
{
	struct rt_arena *a = rt_arena_new(65536);
	struct sip_index room, sent;
	struct sip_msg request = parse(&sent, invite), m = parse(&room, ok);
	static struct ua_dialog d;

	(void)state;
	assert_int_equal(ua_dialog_begin(&d, &request, &m), 0);
	assert_int_equal(d.state, UA_CONFIRMED);
	assert_text(d.route, "<sip:p1.atlanta.com;lr>, <sip:p2.biloxi.com;lr>");
	assert_text(request_text(&d, a, SLICE("ACK"), 314159),
		    "ACK sip:bob@192.0.2.4 SIP/2.0\r\n"
		    "Route: <sip:p1.atlanta.com;lr>\r\nRoute: <sip:p2.biloxi.com;lr>\r\n"
		    "Max-Forwards: 70\r\n"
		    "From: Alice <sip:alice@atlanta.com>;tag=1928301774\r\n"
		    "To: Bob <sip:bob@biloxi.com>;tag=a6c85cf\r\n"
		    "Call-ID: a84b4c76e66710\r\nCSeq: 314159 ACK\r\nContent-Length: 0\r\n\r\n");
	assert_true(memcmp(strstr(request_text(&d, a, SLICE("BYE"), 0).p, "CSeq: "), "CSeq: 314160 BYE", 16) == 0);
	rt_arena_destroy(&a);
}

static void rfc3261_12_2_1_1_strict_router(void **state)
{
	struct rt_arena *a = rt_arena_new(65536);
	struct sip_index room;
	char text[2048];
	struct sip_msg m = changed(&room, text, sizeof(text), invite, "<sip:p2.biloxi.com;lr>", "<sip:p2.biloxi.com>");
	static struct ua_dialog d;

	(void)state;
	assert_int_equal(ua_dialog_answer(&d, &m, SLICE("t")), 0);
	assert_true(slice_starts_nocase(request_text(&d, a, SLICE("BYE"), 0),
					SLICE("BYE sip:p2.biloxi.com SIP/2.0\r\nRoute: <sip:p1.atlanta.com;lr>\r\n"
					      "Route: <sip:alice@pc33.atlanta.com>\r\n")));
	rt_arena_destroy(&a);
}

static void rfc3261_12_2_2_numbers_must_rise(void **state)
{
	struct sip_index room;
	char text[2048];
	struct sip_msg m = parse(&room, invite);
	static struct ua_dialog d;

	(void)state;
	assert_int_equal(ua_dialog_answer(&d, &m, SLICE("t")), 0);
	assert_int_equal(ua_dialog_take(&d, &m), RT_STALE);
	m = changed(&room, text, sizeof(text), invite, "314159", "314160");
	assert_int_equal(ua_dialog_take(&d, &m), 0);
	assert_int_equal(ua_dialog_take(&d, &m), RT_STALE);
	m = changed(&room, text, sizeof(text), invite, "314159", "999999");
	assert_int_equal(ua_dialog_take(&d, &m), 0); /* gaps are allowed */
}

static void rfc3261_12_dialog_is_call_id_and_both_tags(void **state)
{
	struct sip_index room;
	char text[2048];
	struct sip_msg m = parse(&room, invite);
	static struct ua_dialog d;

	(void)state;
	assert_int_equal(ua_dialog_answer(&d, &m, SLICE("t1")), 0);
	assert_false(ua_dialog_has(&d, &m));
	m = changed(&room, text, sizeof(text), invite, "<sip:bob@biloxi.com>", "<sip:bob@biloxi.com>;tag=t1");
	assert_true(ua_dialog_has(&d, &m));
	m = changed(&room, text, sizeof(text), invite, "<sip:bob@biloxi.com>", "<sip:bob@biloxi.com>;tag=t2");
	assert_false(ua_dialog_has(&d, &m));
}

static void rfc3261_13_2_2_4_a_2xx_brings_a_new_route(void **state)
{
	struct sip_index room, sent;
	char text[2048];
	struct sip_msg request = parse(&sent, invite), m;
	static struct ua_dialog d;

	(void)state;
	m = changed(&room, text, sizeof(text), ok, "200 OK", "180 Ringing");
	assert_int_equal(ua_dialog_begin(&d, &request, &m), 0);
	assert_int_equal(d.state, UA_EARLY);
	m = changed(&room, text, sizeof(text), ok, "<sip:bob@192.0.2.4>", "<sip:bob@192.0.2.5>");
	assert_int_equal(ua_dialog_confirm(&d, &m), 0);
	assert_text(d.target, "sip:bob@192.0.2.5");
	assert_text(d.route, "<sip:p1.atlanta.com;lr>, <sip:p2.biloxi.com;lr>");
	m = changed(&room, text, sizeof(text), ok, "Record-Route: <sip:p2.biloxi.com;lr>\r\n", "");
	assert_int_equal(ua_dialog_confirm(&d, &m), 0);
	assert_text(d.route, "<sip:p1.atlanta.com;lr>");
	assert_int_equal(d.state, UA_CONFIRMED);
}

static void a_message_without_what_a_dialog_needs(void **state)
{
	struct sip_index room, sent;
	char text[2048];
	struct sip_msg request = parse(&sent, invite), m;
	static struct ua_dialog d;

	(void)state;
	m = changed(&room, text, sizeof(text), invite, "Contact: <sip:alice@pc33.atlanta.com>\r\n", "");
	assert_int_equal(ua_dialog_answer(&d, &m, SLICE("t")), RT_BAD);
	m = changed(&room, text, sizeof(text), ok, ";tag=a6c85cf", "");
	assert_int_equal(ua_dialog_begin(&d, &request, &m), RT_BAD);
}

static void a_route_set_over_the_limit(void **state)
{
	static char text[16384], entry[64];
	static struct ua_dialog d;
	struct sip_index room;
	struct sip_msg m;
	char *big = malloc(16384);
	int n = 0, hops = 0;

	(void)state;
	assert_non_null(big);
	for (hops = 0; hops < 200; hops++) {
		snprintf(entry, sizeof(entry), "Record-Route: <sip:p%03d.example.com;lr>\r\n", hops);
		n += snprintf(big + n, (size_t)(16384 - n), "%s", entry);
	}
	n += snprintf(big + n, (size_t)(16384 - n), "Max-Forwards: 70\r\n");
	m = changed(&room, text, sizeof(text), invite, "Max-Forwards: 70\r\n", big);
	assert_int_equal(ua_dialog_answer(&d, &m, SLICE("t")), RT_BIG);
	free(big);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rfc3261_12_1_1_as_callee),
		cmocka_unit_test(rfc3261_12_1_2_as_caller),
		cmocka_unit_test(rfc3261_12_2_1_1_strict_router),
		cmocka_unit_test(rfc3261_12_2_2_numbers_must_rise),
		cmocka_unit_test(rfc3261_12_dialog_is_call_id_and_both_tags),
		cmocka_unit_test(rfc3261_13_2_2_4_a_2xx_brings_a_new_route),
		cmocka_unit_test(a_message_without_what_a_dialog_needs),
		cmocka_unit_test(a_route_set_over_the_limit),
	};

	return cmocka_run_group_tests_name("unit/ua/dialog", tests, 0, 0);
}
