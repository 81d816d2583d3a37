/* SPDX-License-Identifier: MIT */
/* expiry: RFC 3261 10.3 step 7, 20.10, 20.19. */
#include "kit/test.h"

#include "expiry.h"

static const struct reg_limits limits = { .min = 60, .max = 7200, .standard = 1800 };

static long granted(const char *param, const char *header)
{
	uint32_t seconds = 12345;

	return reg_expiry(&limits, slice_str(param), slice_str(header), &seconds) ? (long)seconds : -1;
}

static void the_parameter_wins_then_the_header_then_ours(void **state)
{
	(void)state;
	assert_int_equal(200, granted("200", "900"));
	assert_int_equal(900, granted(0, "900"));
	assert_int_equal(1800, granted(0, 0));
	assert_int_equal(0, granted("0", "900"));
	assert_int_equal(900, granted(0, " 900 "));
}

static void bounds_are_kept_at_below_and_above(void **state)
{
	(void)state;
	assert_int_equal(-1, granted("59", 0));
	assert_int_equal(60, granted("60", 0));
	assert_int_equal(61, granted("61", 0));
	assert_int_equal(-1, granted("1", 0));
	assert_int_equal(7199, granted("7199", 0));
	assert_int_equal(7200, granted("7200", 0));
	assert_int_equal(7200, granted("7201", 0));
	assert_int_equal(7200, granted("4294967295", 0));
	assert_int_equal(7200, granted("99999999999", 0)); /* 20.10: past 2^32 - 1 it is that */
}

/* 10.3 step 7: 423 only for what is shorter than an hour, whatever the minimum */
static void an_hour_is_never_too_brief(void **state)
{
	const struct reg_limits long_minimum = { .min = 5000, .max = 7200, .standard = 5000 };
	uint32_t seconds;

	(void)state;
	assert_false(reg_expiry(&long_minimum, SLICE("3599"), SLICE_NONE, &seconds));
	assert_true(reg_expiry(&long_minimum, SLICE("3600"), SLICE_NONE, &seconds));
	assert_int_equal(3600, seconds);
}

static void malformed_counts_as_an_hour(void **state)
{
	static const char *const bad[] = { "abc", "-1", "3600x", "1.5", "", " " };

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		assert_int_equal(3600, granted(bad[i], "900"));
		assert_int_equal(3600, granted(0, bad[i]));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_parameter_wins_then_the_header_then_ours),
		cmocka_unit_test(bounds_are_kept_at_below_and_above),
		cmocka_unit_test(an_hour_is_never_too_brief),
		cmocka_unit_test(malformed_counts_as_an_hour),
	};

	return cmocka_run_group_tests(tests, 0, 0);
}
