/* SPDX-License-Identifier: MIT */
/* hash: the vectors others publish, and the properties we lean on. */
#include "kit/guard.h"
#include "kit/test.h"
#include "rt/clock.h"
#include "rt/err.h"
#include "rt/hash.h"

static const struct rt_key paper = { 0x0706050403020100, 0x0f0e0d0c0b0a0908 };

static void siphash_2_4_appendix_a(void **state)
{
	unsigned char in[64];

	(void)state;
	for (int i = 0; i < 64; i++)
		in[i] = (unsigned char)i;
	assert_true(rt_hash(paper, in, 15) == 0xa129ca6149be45e5);
	assert_true(rt_hash(paper, in, 0) == 0x726fdb47dd0e0e31);
	assert_true(rt_hash(paper, in, 8) == 0x93f5f5799a932462);
	assert_true(rt_hash(paper, in, 63) == 0x958a324ceb064572);
}

static void nocase_is_the_hash_of_the_lower_case(void **state)
{
	char mixed[256], lower[256];

	(void)state;
	for (int i = 0; i < 256; i++) {
		mixed[i] = (char)i;
		lower[i] = (char)(i >= 'A' && i <= 'Z' ? i + 32 : i);
	}
	for (uint32_t at = 0; at < 256; at++)
		for (uint32_t n = 0; n < 20 && at + n <= 256; n++)
			assert_true(rt_hash_nocase(paper, guard_copy(slice_of(mixed + at, n))) ==
				    rt_hash(paper, lower + at, n));
}

static void mix_has_no_fixed_patterns(void **state)
{
	uint64_t all = 0, none = UINT64_MAX;

	(void)state;
	for (uint64_t i = 0; i < 64; i++) {
		const uint64_t flip = rt_mix(5, 9) ^ rt_mix(5, 9 ^ (uint64_t)1 << i);
		const uint64_t other = rt_mix(5, 9) ^ rt_mix(5 ^ (uint64_t)1 << i, 9);

		assert_in_range(__builtin_popcountll(flip), 10, 54);
		assert_in_range(__builtin_popcountll(other), 10, 54);
		all |= flip;
		none &= flip;
	}
	assert_true(all == UINT64_MAX && none == 0);
	assert_true(rt_mix(0, 0) != rt_mix(0, 1) && rt_mix(0, 1) != rt_mix(1, 0));
}

static void crc16_xmodem_as_redis_cluster_counts(void **state)
{
	(void)state;
	assert_int_equal(rt_crc16(SLICE("123456789")), 0x31c3);
	assert_int_equal(rt_crc16(SLICE("foo")) % 16384, 12182);
	assert_int_equal(rt_crc16(SLICE("")), 0);
}

static void clocks_and_chance(void **state)
{
	const rt_ms before = rt_clock_ms();
	uint64_t a = 0, b = 0;
	char many[1000] = { 0 };

	(void)state;
	assert_true(rt_clock_ms() >= before);
	assert_true(rt_clock_wall() > 1700000000);
	assert_in_range(rt_clock_wall_ms() / 1000 - rt_clock_wall(), 0, 1);
	rt_random(&a, sizeof(a));
	rt_random(&b, sizeof(b));
	assert_true(a != b);
	rt_random(many, sizeof(many));
	assert_true(memcmp(many + 900, (char[100]){ 0 }, 100) != 0);
}

static void every_error_has_a_name_and_a_sentence(void **state)
{
	(void)state;
	for (int err = 0; err >= RT_DENIED; err--) {
		assert_string_not_equal(rt_err_name(err), "UNKNOWN");
		assert_true(strlen(rt_err_text(err)) > 3);
	}
	assert_string_equal(rt_err_name(RT_BAD), "BAD");
	assert_string_equal(rt_err_name(1), "UNKNOWN");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(siphash_2_4_appendix_a),
		cmocka_unit_test(nocase_is_the_hash_of_the_lower_case),
		cmocka_unit_test(mix_has_no_fixed_patterns),
		cmocka_unit_test(crc16_xmodem_as_redis_cluster_counts),
		cmocka_unit_test(clocks_and_chance),
		cmocka_unit_test(every_error_has_a_name_and_a_sentence),
	};
	return cmocka_run_group_tests(tests, 0, 0);
}
