/* SPDX-License-Identifier: MIT */
/* pool: stable addresses, stale handles, and the bound. */
#include "kit/test.h"
#include "rt/pool.h"

static void a_given_back_handle_does_not_resolve(void **state)
{
	struct rt_pool *p = rt_pool_new(40, 10);
	rt_handle a, b;
	void *first;

	(void)state;
	first = rt_pool_take(p, &a);
	assert_non_null(first);
	assert_true(a != 0);
	assert_ptr_equal(rt_pool_get(p, a), first);
	memset(first, 0xff, 40);
	rt_pool_give(p, a);
	assert_null(rt_pool_get(p, a));
	rt_pool_give(p, a);
	assert_int_equal(rt_pool_live(p), 0);
	assert_ptr_equal(rt_pool_take(p, &b), first);
	assert_true(a != b);
	assert_null(rt_pool_get(p, a));
	for (int i = 0; i < 40; i++)
		assert_int_equal(((char *)first)[i], 0);
	rt_pool_destroy(&p);
	assert_null(p);
}

static void handles_nobody_gave_do_not_resolve(void **state)
{
	struct rt_pool *p = rt_pool_new(8, 100);
	uint64_t rnd = 3;
	rt_handle h;

	(void)state;
	assert_null(rt_pool_get(p, 0));
	assert_null(rt_pool_get(p, 1 << 24));
	rt_pool_take(p, &h);
	for (int i = 0; i < 100000; i++) {
		const rt_handle guess = kit_random(&rnd);

		if (guess != h)
			assert_null(rt_pool_get(p, guess));
		rt_pool_give(p, guess == h ? 0 : guess);
	}
	assert_null(rt_pool_get(p, h & 0xffffff));
	assert_null(rt_pool_get(p, h | 0xffffff));
	assert_int_equal(rt_pool_live(p), 1);
	rt_pool_destroy(&p);
}

static void the_maximum_is_the_maximum(void **state)
{
	struct rt_pool *p = rt_pool_new(100, 5000);
	rt_handle *h = calloc(5001, sizeof(*h)), at;
	char **slot = calloc(5000, sizeof(*slot));

	(void)state;
	for (int i = 0; i < 5000; i++) {
		slot[i] = rt_pool_take(p, &h[i]);
		assert_non_null(slot[i]);
		assert_int_equal((uintptr_t)slot[i] % 16, 0);
		memset(slot[i], i, 100);
	}
	assert_null(rt_pool_take(p, &h[5000]));
	for (int i = 0; i < 5000; i++) {
		assert_ptr_equal(rt_pool_get(p, h[i]), slot[i]);
		assert_int_equal((unsigned char)slot[i][99], i & 255);
	}
	assert_int_equal(rt_pool_slots(p), 5000);
	for (int i = 0; i < 5000; i += 2)
		rt_pool_give(p, h[i]);
	assert_null(rt_pool_at(p, 0, &at));
	assert_ptr_equal(rt_pool_at(p, 1, &at), slot[1]);
	assert_true(at == h[1]);
	assert_null(rt_pool_at(p, 5000, &at));
	assert_int_equal(rt_pool_live(p), 2500);
	for (int i = 0; i < 2500; i++)
		assert_non_null(rt_pool_take(p, &at));
	assert_null(rt_pool_take(p, &at));
	free(h);
	free(slot);
	rt_pool_destroy(&p);
}

static void bounds_of_the_bound(void **state)
{
	struct rt_pool *p;

	(void)state;
	assert_null(rt_pool_new(8, 0));
	assert_null(rt_pool_new(8, 1 << 24));
	p = rt_pool_new(8, (1 << 24) - 1);
	assert_non_null(p);
	rt_pool_destroy(&p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_given_back_handle_does_not_resolve),
		cmocka_unit_test(handles_nobody_gave_do_not_resolve),
		cmocka_unit_test(the_maximum_is_the_maximum),
		cmocka_unit_test(bounds_of_the_bound),
	};
	return cmocka_run_group_tests(tests, 0, 0);
}
