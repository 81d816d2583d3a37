/* SPDX-License-Identifier: MIT */
/* Overload: who is refused, and what is still done, on a virtual clock. */
#include "shed.h"
#include "rt/hash.h"
#include "kit/test.h"

static void nothing_is_refused_while_nobody_waits(void **state)
{
	struct shed s = { 0 };

	(void)state;
	for (rt_ms now = 1000; now < 9000; now += 10) {
		shed_waited(&s, now, now % 60 ? SHED_TARGET * 5 : 0); /* long, but short once in each step or two */
		assert_int_equal(shed_share(&s, now), 0);
	}
}

static void a_short_jam_costs_nobody_anything(void **state)
{
	struct shed s = { 0 };

	(void)state;
	for (rt_ms now = 1000; now < 1000 + (SHED_ONSET - 1) * SHED_STEP; now += 10)
		shed_waited(&s, now, 10 * SHED_TARGET);
	assert_int_equal(shed_share(&s, 1000 + (SHED_ONSET - 1) * SHED_STEP), 0);
}

static void a_standing_queue_is_overload_and_so_are_lost_datagrams(void **state)
{
	struct shed a = { 0 }, b = { 0 };

	(void)state;
	for (rt_ms now = 1000; now < 2000; now += 10) {
		shed_waited(&a, now, 5 * SHED_TARGET);
		shed_lost(&b, now, 1);
	}
	assert_true(shed_share(&a, 2000) > SHED_WHOLE / 2);
	assert_true(shed_share(&b, 2000) > SHED_WHOLE / 2);
	assert_true(shed_refuses(&a, 2000, 0, 0));
	assert_false(shed_refuses(&a, 2000, SHED_LATE - 1, SHED_WHOLE - 1));
	assert_true(shed_refuses(&a, 2000, SHED_LATE, SHED_WHOLE - 1));
}

static void silence_forgets(void **state)
{
	struct shed s = { 0 };

	(void)state;
	for (rt_ms now = 1000; now < 3000; now += 10)
		shed_waited(&s, now, 500);
	assert_true(shed_share(&s, 3000) >= 900);
	assert_int_equal(shed_share(&s, 5000), 0);
	assert_int_equal(shed_share(&s, 1u << 31), 0);
}

/*
 * A server that does 10 requests a millisecond for what it lets in, 1/10 of one for what it refuses, 1/100 for what it drops, with a queue that holds
 * half a second. Offered so many times that; what it finishes in the last eight of ten seconds, as a share of what it could.
 */
struct model {
	double queue; /* of waiting requests: when the first of them came is now - wait */
	double done;
	double work;  /* it can still do in this millisecond */
	double longest; /* ms waited, likewise */
	struct shed shed;
	uint64_t dice;
};

static void one_ms(struct model *m, rt_ms now, double offered)
{
	const double capacity = 10, price = 0.1;

	m->work += capacity;
	m->queue += offered;
	if (m->queue > 500 * capacity) {
		shed_lost(&m->shed, now, 1);
		m->queue = 500 * capacity;
	}
	while (m->work >= 1 && m->queue >= 1) {
		const uint32_t wait = (uint32_t)(m->queue / offered); /* the age of the first of them */

		shed_waited(&m->shed, now, wait);
		if (now >= 3000 && wait > m->longest)
			m->longest = wait;
		m->queue -= 1;
		if (shed_drops(&m->shed, now, rt_mix(m->dice++, 9)))
			m->work -= price / 10;
		else if (shed_refuses(&m->shed, now, wait, rt_mix(m->dice++, 7))) {
			m->work -= price;
		} else {
			m->work -= 1;
			m->done += now >= 3000;
		}
	}
	if (m->queue < 1)
		m->work = 0;
}

static double goodput(double times, struct model *m)
{
	for (rt_ms now = 1000; now < 11000; now++)
		one_ms(m, now, 10 * times);
	return m->done / (8000 * 10);
}

/* What refusing costs, a tenth of a request here, is lost: (1 - times / 10) / (1 - 1 / 10) at best; a little of what is left, and nothing else. */
static void goodput_stays_at_twice_and_five_times_the_capacity(void **state)
{
	static const struct {
		double times, least;
	} rows[] = { { 1.1, 0.94 }, { 2, 0.84 }, { 5, 0.5 }, { 10, 0.4 } };

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct model m = { 0 };
		const double good = goodput(rows[i].times, &m);

		if (good < rows[i].least || m.longest > 5 * SHED_TARGET)
			fail_msg("at %.1f times: %.3f, waiting up to %.0f ms", rows[i].times, good, m.longest);
	}
}

static void two_seconds_after_the_load_nobody_is_refused(void **state)
{
	struct model m = { 0 };

	(void)state;
	goodput(5, &m);
	for (rt_ms now = 11000; now < 13000; now++)
		one_ms(&m, now, 5);
	assert_int_equal(shed_share(&m.shed, 13000), 0);
	assert_true(m.queue < 20);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nothing_is_refused_while_nobody_waits),
		cmocka_unit_test(a_short_jam_costs_nobody_anything),
		cmocka_unit_test(a_standing_queue_is_overload_and_so_are_lost_datagrams),
		cmocka_unit_test(silence_forgets),
		cmocka_unit_test(goodput_stays_at_twice_and_five_times_the_capacity),
		cmocka_unit_test(two_seconds_after_the_load_nobody_is_refused),
	};

	return cmocka_run_group_tests(tests, 0, 0);
}
