/* SPDX-License-Identifier: MIT */
/* seen: the same request by two ways, RFC 3261 8.2.2.2, of requests that keep no transaction. */
#include "kit/test.h"

#include "seen.h"

enum { LIFE = 32000 };

static struct txn_seen seen;

static int empty(void **state)
{
	(void)state;
	seen = (struct txn_seen){ .one = { { .merge = 0 } } };
	return 0;
}

static bool merged(uint64_t merge, uint64_t key, rt_ms now)
{
	return txn_seen_merged(&seen, &(struct txn_match){ .merge = merge, .key = key }, now, LIFE);
}

static void rfc3261_8_2_2_2_another_branch_is_merged_a_copy_is_not(void **state)
{
	(void)state;
	assert_false(merged(7, 1, 1000));
	assert_false(merged(7, 1, 1500));
	assert_true(merged(7, 2, 2000));
	assert_true(merged(7, 3, 2000));
	assert_false(merged(7, 1, 2500));
}

static void it_is_forgotten_with_the_transaction_it_would_have_had(void **state)
{
	(void)state;
	assert_false(merged(7, 1, 1000));
	assert_true(merged(7, 2, 1000 + LIFE - 1));
	assert_false(merged(7, 2, 1000 + LIFE));
}

static void a_request_with_a_to_tag_is_never_merged(void **state)
{
	(void)state;
	assert_false(merged(0, 1, 1000));
	assert_false(merged(0, 2, 1000));
}

static void a_newer_one_takes_the_place(void **state)
{
	(void)state;
	assert_false(merged(7, 1, 1000));
	assert_false(merged(7 + TXN_SEEN, 1, 1000));
	assert_false(merged(7, 2, 1000));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(rfc3261_8_2_2_2_another_branch_is_merged_a_copy_is_not, empty),
		cmocka_unit_test_setup(it_is_forgotten_with_the_transaction_it_would_have_had, empty),
		cmocka_unit_test_setup(a_request_with_a_to_tag_is_never_merged, empty),
		cmocka_unit_test_setup(a_newer_one_takes_the_place, empty),
	};

	return cmocka_run_group_tests_name("transaction/seen", tests, 0, 0);
}
