/* SPDX-License-Identifier: MIT */
/* How long a parcel waits at whom, by ECHO, on a virtual clock. */
#include "pulse.h"
#include "kit/test.h"

static uint32_t asked(struct pulse *p, rt_ms now)
{
	uint32_t at = 0, n = 0;

	while (pulse_ask(p, now, &at))
		n++;
	return n;
}

static void who_gets_nothing_is_not_asked(void **state)
{
	struct pulse p = { 0 };

	(void)state;
	assert_true(pulse_due(&p) == UINT64_MAX);
	pulse_posted(&p, 7);
	pulse_posted(&p, 7);
	pulse_posted(&p, 8);
	assert_int_equal(pulse_due(&p), 0);
	assert_int_equal(asked(&p, 1000), 2);
	assert_int_equal(asked(&p, 1100), 0);
	pulse_heard(&p, 7, 1000, 0, 1003);
	pulse_heard(&p, 8, 1000, 0, 1003);
	assert_int_equal(asked(&p, 1200), 0);
	assert_true(pulse_due(&p) == UINT64_MAX);
}

static void the_wait_is_there_and_back_and_what_lies_behind(void **state)
{
	struct pulse p = { 0 };

	(void)state;
	pulse_posted(&p, 7);
	assert_int_equal(asked(&p, 1000), 1);
	pulse_heard(&p, 7, 1000, 30, 1020);
	assert_int_equal(pulse_wait(&p, 7, 1020), 20);
	assert_int_equal(pulse_wait_all(&p, 7, 1020), 50);
	assert_int_equal(pulse_wait(&p, 7, 1020 + PULSE_FRESH), 20);
	assert_int_equal(pulse_wait_all(&p, 7, 1021 + PULSE_FRESH), 0);
	assert_int_equal(pulse_wait(&p, 9, 1020), 0);
}

static void silence_is_a_wait_that_grows(void **state)
{
	struct pulse p = { 0 };

	(void)state;
	pulse_posted(&p, 7);
	assert_int_equal(asked(&p, 1000), 1);
	assert_int_equal(pulse_wait(&p, 7, 1900), 900);
	assert_int_equal(asked(&p, 1400), 0);
	assert_int_equal(asked(&p, 1500), 1); /* the question may be lost */
	assert_int_equal(pulse_wait(&p, 7, 1900), 900);
	pulse_heard(&p, 7, 1500, 0, 1910);
	assert_int_equal(pulse_wait(&p, 7, 1910), 410);
	assert_true(pulse_due(&p) != UINT64_MAX); /* looks once more */
}

static void who_went_is_forgotten(void **state)
{
	struct pulse p = { 0 };

	(void)state;
	pulse_posted(&p, 7);
	assert_int_equal(asked(&p, 1000), 1);
	pulse_gone(&p, 7);
	assert_int_equal(pulse_wait(&p, 7, 9000), 0);
	pulse_heard(&p, 7, 1000, 0, 9000);
	assert_int_equal(pulse_wait(&p, 7, 9000), 0);
	pulse_posted(&p, 7);
	pulse_posted(&p, 7 + PULSE_PEERS); /* one place for both */
	assert_int_equal(asked(&p, 9000), 1);
	assert_int_equal(pulse_wait(&p, 7, 9100), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(who_gets_nothing_is_not_asked),
		cmocka_unit_test(the_wait_is_there_and_back_and_what_lies_behind),
		cmocka_unit_test(silence_is_a_wait_that_grows),
		cmocka_unit_test(who_went_is_forgotten),
	};

	return cmocka_run_group_tests(tests, 0, 0);
}
