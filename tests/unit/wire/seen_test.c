/* SPDX-License-Identifier: MIT */
/* seen: the same request by two ways, RFC 3261 8.2.2.2, of requests that keep no transaction. */
#include "kit/test.h"

#include "wire/seen.h"

enum { LIFE = 32000 };

static struct wire_seen seen;

static int empty(void **state)
{
	(void)state;
	seen = (struct wire_seen){ .one = { { .what = 0 } } };
	return 0;
}

static bool merged_as(const char *method, const char *call, const char *branch, const char *to_tag, rt_ms now)
{
	static struct sip_index room;
	struct sip_msg m;
	char text[512];

	snprintf(text, sizeof(text), "%s sip:example.com SIP/2.0\r\nVia: SIP/2.0/UDP h;branch=z9hG4bK%s\r\nMax-Forwards: 70\r\n"
		 "From: <sip:a@example.com>;tag=1\r\nTo: <sip:example.com>%s\r\nCall-ID: %s\r\nCSeq: 1 %s\r\n\r\n", method, branch, to_tag, call, method);
	assert_int_equal(sip_msg_parse(&m, &room, slice_str(text), 0), 0);
	return wire_seen_merged(&seen, &m, (struct rt_key){ 1, 2 }, now, LIFE);
}

static bool merged(const char *call, const char *branch, rt_ms now)
{
	return merged_as("OPTIONS", call, branch, "", now);
}

static void rfc3261_8_2_2_2_another_branch_is_merged_a_copy_is_not(void **state)
{
	(void)state;
	assert_false(merged("7", "1", 1000));
	assert_false(merged("7", "1", 1500));
	assert_true(merged("7", "2", 2000));
	assert_true(merged("7", "3", 2000));
	assert_false(merged("7", "1", 2500));
	assert_false(merged("8", "2", 2500));
	assert_false(merged_as("MESSAGE", "7", "2", "", 2500));
}

static void it_is_forgotten_with_the_transaction_it_would_have_had(void **state)
{
	(void)state;
	assert_false(merged("7", "1", 1000));
	assert_true(merged("7", "2", 1000 + LIFE - 1));
	assert_false(merged("7", "2", 1000 + LIFE));
}

static void a_request_in_a_dialog_an_ack_or_a_cancel_is_never_merged(void **state)
{
	static const char *const method[] = { "BYE", "ACK", "CANCEL" };

	(void)state;
	for (int i = 0; i < 3; i++) {
		assert_false(merged_as(method[i], "7", "1", i ? "" : ";tag=2", 1000));
		assert_false(merged_as(method[i], "7", "2", i ? "" : ";tag=2", 1000));
	}
}

static void a_newer_one_takes_the_place(void **state)
{
	char call[24];

	(void)state;
	assert_false(merged("7", "1", 1000));
	for (int i = 0; i < 16 * WIRE_SEEN; i++) {
		snprintf(call, sizeof(call), "other%d", i);
		assert_false(merged(call, "1", 1000));
	}
	assert_false(merged("7", "2", 1000));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(rfc3261_8_2_2_2_another_branch_is_merged_a_copy_is_not, empty),
		cmocka_unit_test_setup(it_is_forgotten_with_the_transaction_it_would_have_had, empty),
		cmocka_unit_test_setup(a_request_in_a_dialog_an_ack_or_a_cancel_is_never_merged, empty),
		cmocka_unit_test_setup(a_newer_one_takes_the_place, empty),
	};

	return cmocka_run_group_tests_name("wire/seen", tests, 0, 0);
}
