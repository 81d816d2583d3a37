/* SPDX-License-Identifier: MIT */
/* reply_test: responses to requests, whole and broken. RFC 3261 8.2.6, 12.1.1. */
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

static struct sip_msg parsed(struct slice text, int want)
{
	struct sip_index *const room = rt_arena_take(arena, sizeof(*room));
	struct sip_msg m;

	assert_int_equal(sip_msg_parse(&m, room, text, 0), want);
	return m;
}

static struct slice reply(const char *request, int want, int status, struct slice reason, struct slice tag)
{
	const struct sip_msg m = parsed(slice_str(request), want);
	struct sip_msg out;
	const char *fault;

	assert_int_equal(sip_draft_render(sip_draft_reply(arena, &m, status, reason, tag), arena, &out), 0);
	fault = want ? 0 : same_index(&out);
	if (fault)
		fail_msg("%s in\n" SLICE_FMT, fault, SLICE_ARG(out.text));
	return out.text;
}

#define WHOLE                                                                                                     \
	"INVITE sip:bob@biloxi.com SIP/2.0\r\nv: SIP/2.0/UDP p2;branch=z9hG4bK2,SIP/2.0/UDP p1;branch=z9hG4bK1\r\n"  \
	"Record-Route: <sip:p2;lr>\r\nMax-Forwards: 70\r\nTimestamp: 54\r\nVia: SIP/2.0/UDP pc33;branch=z9hG4bK0\r\n" \
	"To: Bob <sip:bob@biloxi.com>\r\nf: Alice <sip:alice@atlanta.com>;tag=19\r\nCall-ID: a84b\r\n"              \
	"CSeq: 314159 INVITE\r\nContact: <sip:alice@pc33>\r\nContent-Type: text/plain\r\nContent-Length: 5\r\n\r\nhello"

static void a_final_response_rfc3261_8_2_6_2(void **state)
{
	(void)state;
	assert_text(reply(WHOLE, 0, 404, SLICE_NONE, SLICE("t1")),
	            "SIP/2.0 404 Not Found\r\nv: SIP/2.0/UDP p2;branch=z9hG4bK2,SIP/2.0/UDP p1;branch=z9hG4bK1\r\n"
	            "Via: SIP/2.0/UDP pc33;branch=z9hG4bK0\r\nTo: Bob <sip:bob@biloxi.com>;tag=t1\r\n"
	            "f: Alice <sip:alice@atlanta.com>;tag=19\r\nCall-ID: a84b\r\nCSeq: 314159 INVITE\r\nContent-Length: 0\r\n\r\n");
}

static void trying_echoes_the_timestamp_and_needs_no_tag_rfc3261_8_2_6_1(void **state)
{
	(void)state;
	assert_text(reply(WHOLE, 0, 100, SLICE_NONE, SLICE_NONE),
	            "SIP/2.0 100 Trying\r\nv: SIP/2.0/UDP p2;branch=z9hG4bK2,SIP/2.0/UDP p1;branch=z9hG4bK1\r\nTimestamp: 54\r\n"
	            "Via: SIP/2.0/UDP pc33;branch=z9hG4bK0\r\nTo: Bob <sip:bob@biloxi.com>\r\n"
	            "f: Alice <sip:alice@atlanta.com>;tag=19\r\nCall-ID: a84b\r\nCSeq: 314159 INVITE\r\nContent-Length: 0\r\n\r\n");
}

static void what_may_create_a_dialog_carries_the_route_rfc3261_12_1_1(void **state)
{
	static const struct {
		int status;
		bool routed;
	} row[] = { { 100, false }, { 101, true }, { 180, true }, { 199, true }, { 200, true }, { 299, true }, { 300, false }, { 486, false } };

	(void)state;
	for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
		const struct slice text = reply(WHOLE, 0, row[i].status, SLICE("Because"), SLICE("t"));

		assert_int_equal(memmem(text.p, text.n, "Record-Route: <sip:p2;lr>", 25) != 0, row[i].routed);
	}
}

static void a_tag_that_is_there_stays_rfc3261_8_2_6_2(void **state)
{
	struct slice text;

	(void)state;
	text = reply("BYE sip:b SIP/2.0\r\nVia: SIP/2.0/UDP h\r\nTo: <sip:b>;Tag=old\r\nFrom: <sip:a>;tag=x\r\nCall-ID: 1\r\nCSeq: 2 BYE\r\n\r\n",
	             0, 200, SLICE_NONE, SLICE("new"));
	assert_non_null(memmem(text.p, text.n, "To: <sip:b>;Tag=old\r\n", 21));
}

static void a_nul_in_a_quoted_display_name_is_carried_rfc4475_3_1_1_2(void **state)
{
	static const char request[] = "BYE sip:b SIP/2.0\r\nVia: SIP/2.0/UDP h\r\nTo: \"a\\\0b\" <sip:b>\r\nFrom: <sip:a>;tag=x\r\n"
	                              "Call-ID: 1\r\nCSeq: 2 BYE\r\n\r\n";
	const struct sip_msg m = parsed(slice_of(request, sizeof(request) - 1), 0);
	struct sip_msg out;

	(void)state;
	assert_int_equal(sip_draft_render(sip_draft_reply(arena, &m, 481, SLICE_NONE, SLICE("t")), arena, &out), 0);
	assert_null(same_index(&out));
	assert_non_null(memmem(out.text.p, out.text.n, "To: \"a\\\0b\" <sip:b>;tag=t\r\n", 25));
}

static void more_is_added_to_a_reply_as_to_any_draft(void **state)
{
	const struct sip_msg m = parsed(SLICE(WHOLE), 0);
	struct sip_draft *const d = sip_draft_reply(arena, &m, 200, SLICE_NONE, SLICE("t"));
	struct sip_msg out;

	(void)state;
	sip_draft_append(d, SIP_HDR_CONTACT, SLICE("<sip:b1>;expires=1, <sip:b2>;expires=2"));
	sip_draft_set(d, SIP_HDR_SERVER, SLICE("peal"));
	sip_draft_pop(d, SIP_HDR_RECORD_ROUTE);
	sip_draft_set(d, SIP_HDR_VIA, SLICE("SIP/2.0/UDP p2;branch=z9hG4bK2;received=192.0.2.1"));
	sip_draft_body(d, SLICE("text/plain"), SLICE("fine"));
	assert_int_equal(sip_draft_render(d, arena, &out), 0);
	assert_null(same_index(&out));
	assert_text(out.text,
	            "SIP/2.0 200 OK\r\nv: SIP/2.0/UDP p2;branch=z9hG4bK2;received=192.0.2.1,SIP/2.0/UDP p1;branch=z9hG4bK1\r\n"
	            "Via: SIP/2.0/UDP pc33;branch=z9hG4bK0\r\nTo: Bob <sip:bob@biloxi.com>;tag=t\r\n"
	            "f: Alice <sip:alice@atlanta.com>;tag=19\r\nCall-ID: a84b\r\nCSeq: 314159 INVITE\r\n"
	            "Contact: <sip:b1>;expires=1, <sip:b2>;expires=2\r\nServer: peal\r\nContent-Type: text/plain\r\nContent-Length: 4\r\n\r\nfine");
}

static void a_broken_request_is_answered_with_what_it_has_rfc4475_3_3_1(void **state)
{
	(void)state;
	assert_text(reply("INVITE sip:b SIP/2.0\r\nVia: SIP/2.0/UDP h;branch=z9hG4bK3 \r\nCSeq: 193942 INVITE\r\nl: 0\r\n\r\n", RT_BAD,
	                  400, SLICE("Missing Call-ID"), SLICE("t")),
	            "SIP/2.0 400 Missing Call-ID\r\nVia: SIP/2.0/UDP h;branch=z9hG4bK3\r\nCSeq: 193942 INVITE\r\nContent-Length: 0\r\n\r\n");
}

static void broken_values_go_back_as_they_came_rfc4475_3_1_2(void **state)
{
	(void)state;
	assert_text(reply("INVITE sip:b SIP/2.0\r\nVia: SIP/2.0/UDP h\r\nTo: \"open <sip:b>\r\nFrom: <sip:a>;tag=1\r\nFrom: <sip:c>\r\n"
	                  "Call-ID: 1\r\nCSeq: 99999999999 INVITE\r\n\r\n",
	                  RT_BAD, 400, SLICE_NONE, SLICE("t")),
	            "SIP/2.0 400 Bad Request\r\nVia: SIP/2.0/UDP h\r\nTo: \"open <sip:b>;tag=t\r\nFrom: <sip:a>;tag=1\r\n"
	            "Call-ID: 1\r\nCSeq: 99999999999 INVITE\r\nContent-Length: 0\r\n\r\n");
}

static void a_reply_holds_its_facts(void **state)
{
	const struct sip_msg m = parsed(SLICE(WHOLE), 0);
	struct sip_msg out;

	(void)state;
	assert_int_equal(sip_draft_render(sip_draft_reply(arena, &m, 200, SLICE_NONE, SLICE("t1")), arena, &out), 0);
	assert_text(sip_msg_span(&out, out.index->facts.via_host), "p2");
	assert_text(sip_msg_span(&out, out.index->facts.to_tag), "t1");
	assert_text(sip_msg_method(&out), "INVITE");
	assert_int_equal(out.index->method, SIP_INVITE);
	assert_int_equal(out.index->facts.max_forwards, -1);
}

static void a_request_with_any_one_byte_gone_is_answered(void **state)
{
	char text[2048];

	(void)state;
	for (int cut = 0; cut < (int)sizeof(WHOLE); cut++) { /* one byte gone, anywhere */
		struct sip_index *const room = rt_arena_take(arena, sizeof(*room));
		struct sip_fault why = { .status = 0 };
		struct sip_msg m, out;
		int err;

		memcpy(text, WHOLE, (size_t)cut);
		memcpy(text + cut, &WHOLE[cut] + 1, sizeof(WHOLE) - 1 - (size_t)cut);
		err = sip_msg_parse(&m, room, slice_of(text, sizeof(WHOLE) - 2), &why);
		if (err == 0 || why.status) {
			assert_int_equal(sip_draft_render(sip_draft_reply(arena, &m, 400, SLICE_NONE, SLICE("t")), arena, &out), 0);
			assert_int_equal(sip_msg_check(out.index, SIP_INDEX_BYTES(out.index->nfield), out.text.n), 0);
			assert_true(err != 0 || same_index(&out) == 0);
		}
		rt_arena_reset(arena);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_final_response_rfc3261_8_2_6_2),
		cmocka_unit_test(trying_echoes_the_timestamp_and_needs_no_tag_rfc3261_8_2_6_1),
		cmocka_unit_test(what_may_create_a_dialog_carries_the_route_rfc3261_12_1_1),
		cmocka_unit_test(a_tag_that_is_there_stays_rfc3261_8_2_6_2),
		cmocka_unit_test(a_nul_in_a_quoted_display_name_is_carried_rfc4475_3_1_1_2),
		cmocka_unit_test(more_is_added_to_a_reply_as_to_any_draft),
		cmocka_unit_test(a_broken_request_is_answered_with_what_it_has_rfc4475_3_3_1),
		cmocka_unit_test(broken_values_go_back_as_they_came_rfc4475_3_1_2),
		cmocka_unit_test(a_reply_holds_its_facts),
		cmocka_unit_test(a_request_with_any_one_byte_gone_is_answered),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
