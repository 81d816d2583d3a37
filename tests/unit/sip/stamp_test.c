/* SPDX-License-Identifier: MIT */
/* stamp_test: received, rport and keep in the topmost Via of a request. RFC 3261 18.2.1, RFC 3581, RFC 6223. */
#include "kit/same_index.h"
#include "kit/test.h"
#include "sip/stamp.h"

#define REST                                                                                                                     \
	"From: <sip:alice@atlanta.com>;tag=88\r\nTo: Bob <sip:bob@biloxi.com>;tag=9\r\nCall-ID: a84b\r\nCSeq: 314159 INVITE\r\n" \
	"Max-Forwards: 70\r\nl: 5\r\n\r\nhello"
#define REQUEST(via) "INVITE sip:bob@biloxi.com:5070 SIP/2.0\r\nSubject: x\r\nVia: " via "\r\nv: SIP/2.0/TCP last;branch=z9hG4bKz\r\n" REST

static struct rt_arena *arena;
static struct sip_index room;

static int setup(void **state)
{
	(void)state;
	arena = rt_arena_new(1 << 18);
	return arena ? 0 : -1;
}

static int teardown(void **state)
{
	(void)state;
	rt_arena_destroy(&arena);
	return 0;
}

static int stamp(const char *before, struct sip_stamp how, struct sip_msg *out)
{
	struct sip_msg m = { .index = 0 };
	struct sip_fault why;

	(void)!sip_msg_parse(&m, &room, slice_str(before), &why);
	assert_non_null(m.index);
	rt_arena_reset(arena);
	return sip_msg_stamp(out, arena, &m, &how);
}

/* The text is `after`, and its index what the parser makes of it, facts and all. */
static void check(const char *before, struct sip_stamp how, const char *after)
{
	const char *fault;
	struct sip_msg out;

	assert_int_equal(stamp(before, how, &out), 0);
	assert_text(out.text, after);
	fault = same_index(&out);
	if (fault)
		fail_msg("%s in\n" SLICE_FMT, fault, SLICE_ARG(out.text));
}

#define SEEN(address, number) ((struct sip_stamp){ .ip = SLICE(address), .port = (number) })
#define STAMPED(before, after, how) check(REQUEST(before), how, REQUEST(after))

static void the_topmost_via_is_stamped_rfc3261_18_2_1_rfc3581_4(void **state)
{
	(void)state;
	STAMPED("SIP/2.0/UDP 10.1.1.1:4540;rport;branch=z9hG4bKkj",
	        "SIP/2.0/UDP 10.1.1.1:4540;rport=9988;branch=z9hG4bKkj;received=192.0.2.1", SEEN("192.0.2.1", 9988));
	STAMPED("SIP/2.0/UDP h;branch=z9hG4bKkj", "SIP/2.0/UDP h;branch=z9hG4bKkj;received=192.0.2.1", SEEN("192.0.2.1", 9988));
	STAMPED("SIP/2.0/UDP h", "SIP/2.0/UDP h;received=192.0.2.1", SEEN("192.0.2.1", 0));
	STAMPED("SIP/2.0/UDP [2001:db8::9]:5061;branch=z9hG4bK7;rport", "SIP/2.0/UDP [2001:db8::9]:5061;branch=z9hG4bK7;rport=65535;received=2001:db8::9",
	        SEEN("2001:db8::9", 65535));
	STAMPED("SIP/2.0/UDP h, SIP/2.0/UDP i;rport", "SIP/2.0/UDP h;received=2001:db8::9, SIP/2.0/UDP i;rport", SEEN("2001:db8::9", 7));
	STAMPED("SIP/2.0/UDP\r\n h\r\n ;rport,\r\n SIP/2.0/UDP i", "SIP/2.0/UDP\r\n h\r\n ;rport=7;received=192.0.2.1,\r\n SIP/2.0/UDP i", SEEN("192.0.2.1", 7));
}

static void what_the_sender_filled_in_is_not_believed_rfc3261_18_2_1(void **state)
{
	(void)state;
	STAMPED("SIP/2.0/UDP h ; received=1.2.3.4; rport=1 ;hidden=\"a;b\" ;branch = x",
	        "SIP/2.0/UDP h ;rport=2;hidden=\"a;b\";branch = x;received=192.0.2.1", SEEN("192.0.2.1", 2));
	STAMPED("SIP/2.0/UDP h;Received=123.123.123.123;branch=z9hG4bKlong;RPORT=65535", "SIP/2.0/UDP h;branch=z9hG4bKlong;RPORT=1;received=1.1.1.1",
	        SEEN("1.1.1.1", 1));
	STAMPED("SIP/2.0/TCP h;rport=5;received=1.2.3.4", "SIP/2.0/TCP h;rport;received=192.0.2.1", SEEN("192.0.2.1", 0));
}

static void an_offered_keep_gets_its_value_rfc6223_4_3(void **state)
{
	(void)state;
	STAMPED("SIP/2.0/UDP h;keep;rport", "SIP/2.0/UDP h;keep=30;rport=9988;received=192.0.2.1",
	        ((struct sip_stamp){ .ip = SLICE("192.0.2.1"), .port = 9988, .keep = 30 }));
	STAMPED("SIP/2.0/UDP h;branch=z9hG4bKkj;keep", "SIP/2.0/UDP h;branch=z9hG4bKkj;keep=30", (struct sip_stamp){ .keep = 30 });
	STAMPED("SIP/2.0/TCP h;Keep;rport;received=192.0.2.1", "SIP/2.0/TCP h;Keep=4294967295;rport;received=192.0.2.1",
	        (struct sip_stamp){ .keep = UINT32_MAX });
	STAMPED("SIP/2.0/UDP h;keep=7", "SIP/2.0/UDP h;keep=7", (struct sip_stamp){ .keep = 30 });
	STAMPED("SIP/2.0/UDP h;keep", "SIP/2.0/UDP h;keep", (struct sip_stamp){ .keep = 0 });
}

static void the_branch_is_found_wherever_it_went(void **state)
{
	char before[512], after[512];

	(void)state;
	for (int pad = 0; pad < 40; pad++) { /* its new place must not be taken for that of a later parameter */
		snprintf(before, sizeof(before), REQUEST("SIP/2.0/UDP h;rport;branch=z9hG4bKkj;a=%.*s;b=1"), pad, "1234567890123456789012345678901234567890");
		snprintf(after, sizeof(after), REQUEST("SIP/2.0/UDP h;rport=12345;branch=z9hG4bKkj;a=%.*s;b=1;received=9.9.9.9"), pad,
		         "1234567890123456789012345678901234567890");
		if (pad)
			check(before, SEEN("9.9.9.9", 12345), after);
	}
}

static void a_broken_request_is_stamped_for_its_answer_rfc3261_18_2_1(void **state)
{
	static const char broken[] = "INVITE sip:b SIP/2.0\r\nVia: SIP/2.0/UDP h;branch=z9hG4bK3;rport\r\nCSeq: x INVITE\r\n\r\n";
	struct sip_msg out;

	(void)state;
	assert_int_equal(stamp(broken, SEEN("192.0.2.1", 4), &out), 0);
	assert_text(out.text, "INVITE sip:b SIP/2.0\r\nVia: SIP/2.0/UDP h;branch=z9hG4bK3;rport=4;received=192.0.2.1\r\nCSeq: x INVITE\r\n\r\n");
	assert_int_equal(sip_msg_check(out.index, SIP_INDEX_BYTES(out.index->nfield), out.text.n), 0);
}

static void a_via_that_does_not_read_is_not_stamped(void **state)
{
	struct sip_msg out;

	(void)state;
	assert_int_equal(stamp(REQUEST("SIP/2.0/UDP h;rport;=;branch=z9hG4bK3"), SEEN("192.0.2.1", 4), &out), RT_BAD);
	assert_int_equal(stamp(REQUEST("SIP/2.0/UDP h;rport;rport;rport;rport;rport;rport;rport;rport"), SEEN("192.0.2.1", 65535), &out), RT_BAD);
}

/* The largest head there is: one byte more is too many. */
static void a_head_of_65535_bytes_is_the_largest(void **state)
{
	static char text[SIP_HEAD_MAX + 1];
	static const char start[] = "INVITE sip:b SIP/2.0\r\nVia: SIP/2.0/UDP h;branch=z9hG4bK3\r\nSubject: ";
	static const char rest[] = "\r\nFrom: <sip:a>;tag=1\r\nTo: <sip:b>\r\nCall-ID: 1\r\nCSeq: 1 INVITE\r\nMax-Forwards: 70\r\n\r\n";
	const size_t added = strlen(";received=1.1.1.1"), fill = SIP_HEAD_MAX - added - strlen(start) - strlen(rest);

	(void)state;
	for (size_t more = 0; more < 2; more++) {
		struct sip_msg out;

		memset(text, 0, sizeof(text));
		memcpy(text, start, strlen(start));
		memset(text + strlen(start), 'x', fill + more);
		memcpy(text + strlen(start) + fill + more, rest, sizeof(rest));
		assert_int_equal(stamp(text, SEEN("1.1.1.1", 1), &out), more ? RT_BIG : 0);
		assert_true(more || !same_index(&out));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_topmost_via_is_stamped_rfc3261_18_2_1_rfc3581_4),
		cmocka_unit_test(what_the_sender_filled_in_is_not_believed_rfc3261_18_2_1),
		cmocka_unit_test(an_offered_keep_gets_its_value_rfc6223_4_3),
		cmocka_unit_test(the_branch_is_found_wherever_it_went),
		cmocka_unit_test(a_broken_request_is_stamped_for_its_answer_rfc3261_18_2_1),
		cmocka_unit_test(a_via_that_does_not_read_is_not_stamped),
		cmocka_unit_test(a_head_of_65535_bytes_is_the_largest),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
