/* SPDX-License-Identifier: MIT */
/* wheel: order, never early, and agreement with a plain list under random starts and stops. */
#include "kit/test.h"
#include "rt/wheel.h"

static void never_early_and_on_the_next_tick(void **state)
{
	struct rt_wheel *w = rt_wheel_new(1003);
	struct rt_timer t = { .owner = 7 };

	(void)state;
	rt_wheel_start(w, &t, 1501);
	assert_true(rt_timer_running(&t));
	assert_null(rt_wheel_pop(w, 1501));
	assert_null(rt_wheel_pop(w, 1509));
	assert_ptr_equal(rt_wheel_pop(w, 1510), &t);
	assert_false(rt_timer_running(&t));
	assert_null(rt_wheel_pop(w, 1510));
	rt_wheel_destroy(&w);
	assert_null(w);
}

static void same_tick_in_start_order_even_across_wheels(void **state)
{
	struct rt_wheel *w = rt_wheel_new(0);
	struct rt_timer t[8] = { 0 };

	(void)state;
	/* tick 70000 is three wheels away for the first, two for the next, one for the last */
	for (int i = 0; i < 3; i++)
		rt_wheel_start(w, &t[i], 700000);
	assert_null(rt_wheel_pop(w, 690000));
	for (int i = 3; i < 6; i++)
		rt_wheel_start(w, &t[i], 699995);
	assert_null(rt_wheel_pop(w, 699900));
	for (int i = 6; i < 8; i++)
		rt_wheel_start(w, &t[i], 700000);
	for (int i = 0; i < 8; i++)
		assert_ptr_equal(rt_wheel_pop(w, 700000), &t[i]);
	assert_null(rt_wheel_pop(w, 800000));
	rt_wheel_destroy(&w);
}

static void past_due_comes_out_at_once(void **state)
{
	struct rt_wheel *w = rt_wheel_new(5000);
	struct rt_timer a = { 0 }, b = { 0 };

	(void)state;
	rt_wheel_start(w, &a, 4000);
	rt_wheel_start(w, &b, 0);
	assert_true(rt_wheel_next(w) <= 5000);
	assert_ptr_equal(rt_wheel_pop(w, 5000), &a);
	assert_ptr_equal(rt_wheel_pop(w, 5000), &b);
	rt_wheel_destroy(&w);
}

static void restart_moves_and_stop_is_idempotent(void **state)
{
	struct rt_wheel *w = rt_wheel_new(0);
	struct rt_timer t = { 0 };

	(void)state;
	rt_wheel_stop(w, &t);
	rt_wheel_start(w, &t, 100);
	rt_wheel_start(w, &t, 90000);
	assert_null(rt_wheel_pop(w, 89990));
	assert_ptr_equal(rt_wheel_pop(w, 90000), &t);
	rt_wheel_start(w, &t, 91000);
	rt_wheel_stop(w, &t);
	rt_wheel_stop(w, &t);
	assert_null(rt_wheel_pop(w, 100000));
	assert_true(rt_wheel_next(w) == UINT64_MAX);
	rt_wheel_destroy(&w);
}

static void next_is_a_lower_bound_and_gets_there(void **state)
{
	static const rt_ms due[] = { 10, 15, 2559, 2560, 2570, 655360, 655361, 167772160, 42949672970u,
				     (rt_ms)1 << 62, UINT64_MAX };

	(void)state;
	for (size_t i = 0; i < sizeof(due) / sizeof(due[0]); i++) {
		struct rt_wheel *w = rt_wheel_new(3);
		struct rt_timer t = { 0 };
		int steps = 0;
		rt_ms at;

		rt_wheel_start(w, &t, due[i]);
		do {
			at = rt_wheel_next(w);
			assert_true(at <= due[i] || at - due[i] < 10);
			assert_true(++steps < 20);
		} while (at < due[i] && !rt_wheel_pop(w, at));
		if (rt_timer_running(&t) && due[i] < UINT64_MAX - 10)
			assert_ptr_equal(rt_wheel_pop(w, due[i] + 9), &t);
		rt_wheel_destroy(&w);
	}
}

enum { MODEL = 300 };

/* The model: an array searched from end to end. */
static int model_pop(const struct rt_timer *t, const uint64_t *seq, const bool *on, rt_ms now)
{
	int best = -1;

	for (int i = 0; i < MODEL; i++) {
		const rt_ms tick = (t[i].due + 9) / 10;

		if (!on[i] || tick > now / 10)
			continue;
		if (best < 0 || tick < (t[best].due + 9) / 10 ||
		    (tick == (t[best].due + 9) / 10 && seq[i] < seq[best]))
			best = i;
	}
	return best;
}

static void agrees_with_a_plain_list(void **state)
{
	static const rt_ms span[] = { 30, 500, 3000, 40000, 800000, 200000000 };
	struct rt_timer t[MODEL] = { 0 };
	uint64_t seq[MODEL] = { 0 }, rnd = 42, clock = 0;
	bool on[MODEL] = { 0 };
	rt_ms now = 123457;
	struct rt_wheel *w = rt_wheel_new(now);

	(void)state;
	for (int round = 0; round < 20000; round++) {
		const int i = (int)(kit_random(&rnd) % MODEL);
		struct rt_timer *got;

		if (kit_random(&rnd) % 4 == 0) {
			rt_wheel_stop(w, &t[i]);
			on[i] = false;
		} else {
			/* only future ticks: late ones come in start order, not by due time */
			rt_wheel_start(w, &t[i], now + 10 + kit_random(&rnd) % span[kit_random(&rnd) % 6]);
			on[i] = true;
			seq[i] = ++clock;
		}
		if (kit_random(&rnd) % 3)
			continue;
		now += kit_random(&rnd) % span[kit_random(&rnd) % 5] / 10;
		while ((got = rt_wheel_pop(w, now))) {
			const int want = model_pop(t, seq, on, now);

			assert_true(got->due <= now);
			assert_int_equal(got - t, want);
			on[want] = false;
		}
		assert_int_equal(model_pop(t, seq, on, now), -1);
		for (int k = 0; k < MODEL; k++)
			assert_int_equal(on[k], rt_timer_running(&t[k]));
	}
	rt_wheel_destroy(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(never_early_and_on_the_next_tick),
		cmocka_unit_test(same_tick_in_start_order_even_across_wheels),
		cmocka_unit_test(past_due_comes_out_at_once),
		cmocka_unit_test(restart_moves_and_stop_is_idempotent),
		cmocka_unit_test(next_is_a_lower_bound_and_gets_there),
		cmocka_unit_test(agrees_with_a_plain_list),
	};
	return cmocka_run_group_tests(tests, 0, 0);
}
