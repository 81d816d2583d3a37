/* SPDX-License-Identifier: MIT */
/* parcel_test: names, and the key that finds a request's transaction (RFC 3261 17.2.3). */
#include "kit/test.h"
#include "wire/parcel.h"

static uint64_t key_of(const char *text)
{
	static struct sip_index room;
	struct sip_msg m;

	if (sip_msg_parse(&m, &room, slice_str(text), 0))
		fail_msg("does not parse: %s", text);
	return wire_request_key(&m);
}

#define REQUEST(method, uri, via, from, to, call_id, cseq)                                              \
	method " " uri " SIP/2.0\r\n"                                                                   \
	"Via: " via "\r\n"                                                                              \
	"From: <sip:a@example.com>;tag=" from "\r\n"                                                    \
	"To: <sip:b@example.com>" to "\r\n"                                                             \
	"Call-ID: " call_id "\r\n"                                                                      \
	"CSeq: " cseq " " method "\r\n"                                                                 \
	"Max-Forwards: 70\r\n\r\n"

#define VIA "SIP/2.0/UDP pc33.example.com:5066;branch=z9hG4bK776asdhds"
#define OLD "SIP/2.0/UDP pc33.example.com:5066;branch=1"

static const char invite[] = REQUEST("INVITE", "sip:b@example.com", VIA, "1", "", "c1", "1");

static void cancel_and_ack_meet_their_invite(void **state)
{
	(void)state;
	assert_true(key_of(invite) == key_of(REQUEST("CANCEL", "sip:b@example.com", VIA, "1", "", "c1", "1")));
	assert_true(key_of(invite) == key_of(REQUEST("ACK", "sip:b@example.com", VIA, "1", ";tag=9", "c1", "1")));
}

static void with_the_cookie_only_branch_and_sent_by_count(void **state)
{
	(void)state;
	assert_true(key_of(invite) == key_of(REQUEST("INVITE", "sip:c@example.com", VIA, "2", ";tag=3", "c2", "7")));
	assert_true(key_of(invite) ==
		    key_of(REQUEST("INVITE", "sip:b@example.com", "SIP/2.0/UDP PC33.Example.com:5066;rport=99;received=192.0.2.9;branch=z9hG4bK776asdhds",
				   "1", "", "c1", "1")));
	assert_false(key_of(invite) == key_of(REQUEST("INVITE", "sip:b@example.com",
						      "SIP/2.0/UDP pc33.example.com:5067;branch=z9hG4bK776asdhds", "1", "", "c1", "1")));
	assert_false(key_of(invite) == key_of(REQUEST("INVITE", "sip:b@example.com",
						      "SIP/2.0/UDP pc34.example.com:5066;branch=z9hG4bK776asdhds", "1", "", "c1", "1")));
	assert_false(key_of(invite) == key_of(REQUEST("INVITE", "sip:b@example.com",
						      "SIP/2.0/UDP pc33.example.com:5066;branch=z9hG4bK776asdhdt", "1", "", "c1", "1")));
}

static void a_port_left_out_is_the_transports_own(void **state)
{
	(void)state;
	assert_true(key_of(REQUEST("INVITE", "sip:b@example.com", "SIP/2.0/UDP h.example.com;branch=z9hG4bKx", "1", "", "c", "1")) ==
		    key_of(REQUEST("INVITE", "sip:b@example.com", "SIP/2.0/UDP h.example.com:5060;branch=z9hG4bKx", "1", "", "c", "1")));
}

/* RFC 3261 10.3 step 7: they are to be judged in the order of their CSeq, so they go one way */
static void registers_of_one_call_id_go_one_way(void **state)
{
	static const char first[] = REQUEST("REGISTER", "sip:example.com", VIA, "1", "", "c1", "1");

	(void)state;
	assert_true(key_of(first) == key_of(REQUEST("REGISTER", "sip:example.com", VIA "2", "1", "", "c1", "2")));
	assert_true(key_of(first) == key_of(REQUEST("REGISTER", "sip:example.com", OLD, "1", "", "c1", "3")));
	assert_false(key_of(first) == key_of(REQUEST("REGISTER", "sip:example.com", VIA, "1", "", "c2", "1")));
}

/* RFC 3261 17.2.3, last part: no cookie */
static void rfc_2543_requests_are_told_apart_by_more(void **state)
{
	static const char old[] = REQUEST("INVITE", "sip:b@example.com", OLD, "1", "", "c1", "1");

	(void)state;
	assert_true(key_of(old) == key_of(REQUEST("ACK", "sip:b@example.com", OLD, "1", ";tag=9", "c1", "1")));
	assert_true(key_of(old) == key_of(REQUEST("CANCEL", "sip:b@example.com", OLD, "1", "", "c1", "1")));
	assert_false(key_of(old) == key_of(REQUEST("INVITE", "sip:c@example.com", OLD, "1", "", "c1", "1")));
	assert_false(key_of(old) == key_of(REQUEST("INVITE", "sip:b@example.com", OLD, "2", "", "c1", "1")));
	assert_false(key_of(old) == key_of(REQUEST("INVITE", "sip:b@example.com", OLD, "1", "", "c2", "1")));
	assert_false(key_of(old) == key_of(REQUEST("INVITE", "sip:b@example.com", OLD, "1", "", "c1", "2")));
}

/* A response finds the worker of the request it answers in the end: below our Via stands that request's own. */
static void a_response_leads_to_its_request(void **state)
{
	static const char response[] = "SIP/2.0 200 OK\r\nVia: SIP/2.0/UDP us.example.com;branch=z9hG4bKours\r\nVia: " VIA
				       "\r\nFrom: <sip:a@example.com>;tag=1\r\nTo: <sip:b@example.com>;tag=2\r\nCall-ID: c\r\nCSeq: 1 INVITE\r\n\r\n";
	struct sip_index room;
	struct sip_msg m;

	(void)state;
	assert_int_equal(sip_msg_parse(&m, &room, slice_str(response), 0), 0);
	assert_true(wire_response_key(&m) == key_of(REQUEST("INVITE", "sip:b@example.com", VIA, "1", "", "c1", "1")));
	assert_int_equal(sip_msg_parse(&m, &room, SLICE("SIP/2.0 200 OK\r\nVia: SIP/2.0/UDP us.example.com;branch=z9hG4bKours\r\n"
							    "From: <sip:a@example.com>;tag=1\r\nTo: <sip:b@example.com>;tag=2\r\nCall-ID: c\r\nCSeq: 1 INVITE\r\n\r\n"), 0), 0);
	assert_int_equal(wire_response_key(&m), 0);
}

static void names_both_ways(void **state)
{
	(void)state;
	assert_string_equal(wire_verb_name(WIRE_GIVE_UP), "GIVE_UP");
	assert_string_equal(wire_verb_name(0), "UNKNOWN");
	assert_string_equal(wire_verb_name(255), "UNKNOWN");
	for (int t = WIRE_TRANSPORT; t < WIRE_TIERS; t++)
		assert_int_equal(wire_tier_find(slice_str(wire_tier_name((enum wire_tier)t))), t);
	assert_int_equal(wire_tier_find(SLICE("none")), WIRE_NO_TIER);
	assert_int_equal(wire_tier_find(SLICE("Proxy")), WIRE_NO_TIER);
	assert_string_equal(wire_tier_name((enum wire_tier)99), "unknown");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(cancel_and_ack_meet_their_invite),
		cmocka_unit_test(with_the_cookie_only_branch_and_sent_by_count),
		cmocka_unit_test(a_port_left_out_is_the_transports_own),
		cmocka_unit_test(registers_of_one_call_id_go_one_way),
		cmocka_unit_test(rfc_2543_requests_are_told_apart_by_more),
		cmocka_unit_test(a_response_leads_to_its_request),
		cmocka_unit_test(names_both_ways),
	};

	return cmocka_run_group_tests(tests, 0, 0);
}
