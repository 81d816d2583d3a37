/* SPDX-License-Identifier: MIT */
/* ack: the example of RFC 3261 17.1.1.3 word for word, and CANCEL by 9.1. */
#include "kit/test.h"

#include "ack.h"

#define INVITE_HEAD                                                        \
	"INVITE sip:bob@biloxi.com SIP/2.0\r\n"                            \
	"Via: SIP/2.0/UDP pc33.atlanta.com;branch=z9hG4bKkjshdyff\r\n"     \
	"To: Bob <sip:bob@biloxi.com>\r\n"                                 \
	"From: Alice <sip:alice@atlanta.com>;tag=88sja8x\r\n"              \
	"Max-Forwards: 70\r\n"                                             \
	"Call-ID: 987asjd97y7atg\r\n"                                      \
	"CSeq: 986759 INVITE\r\n"

#define RESPONSE                                                           \
	"SIP/2.0 486 Busy Here\r\n"                                        \
	"Via: SIP/2.0/UDP proxy.example.com;branch=z9hG4bKxyz\r\n"         \
	"Via: SIP/2.0/UDP pc33.atlanta.com;branch=z9hG4bKkjshdyff\r\n"     \
	"To: Bob <sip:bob@biloxi.com>;tag=99sa0xk\r\n"                     \
	"From: Alice <sip:alice@atlanta.com>;tag=88sja8x\r\n"              \
	"Call-ID: 987asjd97y7atg\r\n"                                      \
	"CSeq: 986759 INVITE\r\n"                                          \
	"Content-Length: 0\r\n\r\n"

struct made {
	struct rt_arena *arena;
	struct sip_index request_room, response_room;
	struct sip_msg request, response, out;
};

static int setup(void **state)
{
	struct made *m = calloc(1, sizeof(*m));

	m->arena = rt_arena_new(1 << 16);
	*state = m;
	return 0;
}

static int teardown(void **state)
{
	struct made *m = *state;

	rt_arena_destroy(&m->arena);
	free(m);
	return 0;
}

static void read_both(struct made *m, const char *request)
{
	assert_int_equal(sip_msg_parse(&m->request, &m->request_room, slice_str(request), 0), 0);
	assert_int_equal(sip_msg_parse(&m->response, &m->response_room, SLICE(RESPONSE), 0), 0);
}

/* The ACK as RFC 3261 prints it, but for the Via, which the transport writes. */
static void rfc3261_17_1_1_3_example(void **state)
{
	struct made *m = *state;

	read_both(m, INVITE_HEAD "Content-Length: 0\r\n\r\n");
	assert_int_equal(txn_ack(m->arena, &m->request, &m->response, &m->out), 0);
	assert_text(sip_msg_method(&m->out), "ACK");
	assert_text(sip_msg_target(&m->out), "sip:bob@biloxi.com");
	assert_text(sip_msg_get(&m->out, SIP_HDR_TO), "Bob <sip:bob@biloxi.com>;tag=99sa0xk");
	assert_text(sip_msg_get(&m->out, SIP_HDR_FROM), "Alice <sip:alice@atlanta.com>;tag=88sja8x");
	assert_text(sip_msg_get(&m->out, SIP_HDR_MAX_FORWARDS), "70");
	assert_text(sip_msg_get(&m->out, SIP_HDR_CALL_ID), "987asjd97y7atg");
	assert_text(sip_msg_get(&m->out, SIP_HDR_CSEQ), "986759 ACK");
	assert_text(sip_msg_get(&m->out, SIP_HDR_CONTENT_LENGTH), "0");
	assert_absent(sip_msg_get(&m->out, SIP_HDR_VIA));
	assert_int_equal(m->out.index->method, SIP_ACK);
}

/* "If the INVITE request whose response is being acknowledged had Route header fields, those header fields MUST appear in the ACK." */
static void routes_are_kept_in_order_and_bodies_are_not(void **state)
{
	struct made *m = *state;
	int f;

	read_both(m, INVITE_HEAD "Route: <sip:one.example.com;lr>, <sip:two.example.com;lr>\r\n"
				 "Route: <sip:three.example.com;lr>\r\n"
				 "Require: 100rel\r\nContent-Type: text/plain\r\nContent-Length: 5\r\n\r\nhello");
	assert_int_equal(txn_ack(m->arena, &m->request, &m->response, &m->out), 0);
	f = sip_msg_first(&m->out, SIP_HDR_ROUTE);
	assert_text(sip_msg_value(&m->out, f), "<sip:one.example.com;lr>");
	f = sip_msg_next(&m->out, f);
	assert_text(sip_msg_value(&m->out, f), "<sip:two.example.com;lr>");
	f = sip_msg_next(&m->out, f);
	assert_text(sip_msg_value(&m->out, f), "<sip:three.example.com;lr>");
	assert_int_equal(sip_msg_next(&m->out, f), -1);
	assert_int_equal(m->out.index->body_n, 0);
	assert_absent(sip_msg_get(&m->out, SIP_HDR_CONTENT_TYPE));
	assert_absent(sip_msg_get(&m->out, SIP_HDR_REQUIRE));
}

/* 9.1: Request-URI, Call-ID, To, the number of CSeq and From identical, Route copied, no Require. */
static void rfc3261_9_1_cancel(void **state)
{
	struct made *m = *state;

	read_both(m, INVITE_HEAD "Route: <sip:one.example.com;lr>\r\nRequire: 100rel\r\nProxy-Require: foo\r\n"
				 "Content-Length: 0\r\n\r\n");
	assert_int_equal(txn_cancel(m->arena, &m->request, SLICE_NONE, &m->out), 0);
	assert_text(sip_msg_method(&m->out), "CANCEL");
	assert_text(sip_msg_target(&m->out), "sip:bob@biloxi.com");
	assert_text(sip_msg_get(&m->out, SIP_HDR_TO), "Bob <sip:bob@biloxi.com>");
	assert_text(sip_msg_get(&m->out, SIP_HDR_FROM), "Alice <sip:alice@atlanta.com>;tag=88sja8x");
	assert_text(sip_msg_get(&m->out, SIP_HDR_CALL_ID), "987asjd97y7atg");
	assert_text(sip_msg_get(&m->out, SIP_HDR_CSEQ), "986759 CANCEL");
	assert_text(sip_msg_get(&m->out, SIP_HDR_ROUTE), "<sip:one.example.com;lr>");
	assert_absent(sip_msg_get(&m->out, SIP_HDR_REQUIRE));
	assert_absent(sip_msg_get(&m->out, SIP_HDR_PROXY_REQUIRE));
	assert_absent(sip_msg_get(&m->out, SIP_HDR_VIA));
}

static void each_route_of_many_is_repeated_rfc3261_17_1_1_3(void **state)
{
	struct made *m = *state;
	char invite[8192] = INVITE_HEAD;

	for (int i = 0; i < 200; i++)
		strcat(invite, "Route: <sip:p.example.com;lr>\r\n");
	strcat(invite, "Content-Length: 0\r\n\r\n");
	read_both(m, invite);
	assert_int_equal(txn_ack(m->arena, &m->request, &m->response, &m->out), 0);
	assert_int_equal(sip_msg_count(&m->out, SIP_HDR_ROUTE), 200);
	assert_int_equal(txn_cancel(m->arena, &m->request, SLICE_NONE, &m->out), 0);
	assert_int_equal(sip_msg_count(&m->out, SIP_HDR_ROUTE), 200);
}

static void cancel_says_why(void **state)
{
	struct made *m = *state;

	read_both(m, INVITE_HEAD "Content-Length: 0\r\n\r\n");
	assert_int_equal(txn_cancel(m->arena, &m->request,
				    SLICE("Reason: SIP;cause=200;text=\"Call completed elsewhere\"\r\nno header\r\nX-Why:  because \r\n"),
				    &m->out),
			 0);
	assert_text(sip_msg_get(&m->out, SIP_HDR_REASON), "SIP;cause=200;text=\"Call completed elsewhere\"");
	assert_text(sip_msg_get_other(&m->out, SLICE("X-Why")), "because");
}

static void cancel_for_more_reasons_than_a_message_holds(void **state)
{
	struct made *m = *state;
	char lines[8192];
	size_t n = 0;

	while (n + 40 < sizeof(lines))
		n += (size_t)snprintf(lines + n, sizeof(lines) - n, "Reason: Q.850;cause=16\r\n");
	read_both(m, INVITE_HEAD "Content-Length: 0\r\n\r\n");
	assert_int_equal(txn_cancel(m->arena, &m->request, slice_of(lines, (uint32_t)n), &m->out), 0);
	assert_int_equal(m->out.index->method, SIP_CANCEL);
}

static void a_full_arena_is_no_ack(void **state)
{
	struct made *m = *state;
	struct rt_arena *small = rt_arena_new(256);

	read_both(m, INVITE_HEAD "Content-Length: 0\r\n\r\n");
	assert_true(txn_ack(small, &m->request, &m->response, &m->out) < 0);
	assert_true(txn_cancel(small, &m->request, SLICE_NONE, &m->out) < 0);
	rt_arena_destroy(&small);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(rfc3261_17_1_1_3_example, setup, teardown),
		cmocka_unit_test_setup_teardown(routes_are_kept_in_order_and_bodies_are_not, setup, teardown),
		cmocka_unit_test_setup_teardown(rfc3261_9_1_cancel, setup, teardown),
		cmocka_unit_test_setup_teardown(each_route_of_many_is_repeated_rfc3261_17_1_1_3, setup, teardown),
		cmocka_unit_test_setup_teardown(cancel_says_why, setup, teardown),
		cmocka_unit_test_setup_teardown(cancel_for_more_reasons_than_a_message_holds, setup, teardown),
		cmocka_unit_test_setup_teardown(a_full_arena_is_no_ack, setup, teardown),
	};

	return cmocka_run_group_tests_name("transaction/ack", tests, 0, 0);
}
