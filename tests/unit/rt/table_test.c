/* SPDX-License-Identifier: MIT */
/* table: a multimap that agrees with an array while it grows and shrinks. */
#include "kit/test.h"
#include "rt/err.h"
#include "rt/table.h"

static uint32_t count_of(const struct rt_table *t, uint64_t key, uint64_t value)
{
	uint32_t n = 0;
	uint64_t v;

	for (uint32_t i = 0; rt_table_each(t, key, &i, &v);)
		n += v == value;
	return n;
}

static void one_key_holds_many_values(void **state)
{
	struct rt_table *t = rt_table_new(0);
	uint32_t seen = 0;
	uint64_t v, sum = 0;

	(void)state;
	for (uint64_t i = 0; i < 100; i++)
		assert_int_equal(rt_table_put(t, 5, i), 0);
	for (uint32_t i = 0; rt_table_each(t, 5, &i, &v); seen++)
		sum += v;
	assert_int_equal(seen, 100);
	assert_int_equal(sum, 4950);
	for (uint64_t i = 0; i < 100; i += 2)
		assert_true(rt_table_drop(t, 5, i));
	assert_false(rt_table_drop(t, 5, 0));
	assert_false(rt_table_drop(t, 6, 1));
	assert_int_equal(rt_table_count(t), 50);
	assert_int_equal(count_of(t, 5, 1), 1);
	assert_int_equal(count_of(t, 5, 2), 0);
	rt_table_destroy(&t);
	assert_null(t);
}

static void the_reserved_value_is_refused(void **state)
{
	struct rt_table *t = rt_table_new(10);

	(void)state;
	assert_int_equal(rt_table_put(t, 1, UINT64_MAX), RT_NOMEM);
	assert_false(rt_table_drop(t, 1, UINT64_MAX));
	assert_int_equal(rt_table_put(t, 1, 0), 0);
	assert_int_equal(rt_table_count(t), 1);
	rt_table_destroy(&t);
}

enum { MODEL = 4000 };

static void agrees_with_an_array(void **state)
{
	struct rt_table *t = rt_table_new(0);
	uint64_t rnd = 9, key[MODEL];
	bool in[MODEL] = { 0 };
	uint32_t live = 0;

	(void)state;
	for (int i = 0; i < MODEL; i++)
		key[i] = kit_random(&rnd) % 2000 << 40; /* low bits all alike, some keys shared */
	for (int round = 0; round < 200000; round++) {
		const int bias = round / 20000 % 2 ? 70 : 30; /* grow, shrink, grow */
		const uint32_t i = (uint32_t)(kit_random(&rnd) % MODEL);

		assert_int_equal(count_of(t, key[i], i), in[i]);
		if (kit_random(&rnd) % 100 < (uint64_t)bias) {
			assert_int_equal(rt_table_drop(t, key[i], i), in[i]);
			live -= in[i];
			in[i] = false;
		} else if (!in[i]) {
			assert_int_equal(rt_table_put(t, key[i], i), 0);
			in[i] = true;
			live++;
		}
		assert_int_equal(rt_table_count(t), live);
	}
	rt_table_destroy(&t);
}

static void a_million_entries_stay_found(void **state)
{
	struct rt_table *t = rt_table_new(100000);
	uint64_t rnd = 77;

	(void)state;
	for (uint64_t i = 0; i < 1000000; i++)
		assert_int_equal(rt_table_put(t, kit_random(&rnd), i), 0);
	rnd = 77;
	for (uint64_t i = 0; i < 1000000; i++)
		assert_int_equal(count_of(t, kit_random(&rnd), i), 1);
	rt_table_destroy(&t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_key_holds_many_values),
		cmocka_unit_test(the_reserved_value_is_refused),
		cmocka_unit_test(agrees_with_an_array),
		cmocka_unit_test(a_million_entries_stay_found),
	};
	return cmocka_run_group_tests(tests, 0, 0);
}
