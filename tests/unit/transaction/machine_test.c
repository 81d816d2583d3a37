/* SPDX-License-Identifier: MIT */
/* machine: table 4 of RFC 3261 and what the tables must hold whatever a ladder says. */
#include "kit/test.h"

#include "machine.h"

static const struct txn_times standard = { 500, 4000, 5000 };

/* RFC 3261 table 4; L and M: RFC 6026; N, X, Z: 4320 4.1, 9.1, 4320 4.2 */
static void rfc3261_table_4(void **state)
{
	static const struct {
		enum txn_event timer;
		int32_t udp, tcp;
	} row[] = {
		{ TXN_EV_A, 500, TXN_NEVER }, { TXN_EV_B, 32000, 32000 },   { TXN_EV_D, 32000, 0 },
		{ TXN_EV_E, 500, TXN_NEVER }, { TXN_EV_F, 32000, 32000 },   { TXN_EV_G, 500, TXN_NEVER },
		{ TXN_EV_H, 32000, 32000 },   { TXN_EV_I, 5000, 0 },	    { TXN_EV_J, 32000, 0 },
		{ TXN_EV_K, 5000, 0 },	      { TXN_EV_L, 32000, 32000 },   { TXN_EV_M, 32000, 32000 },
		{ TXN_EV_N, 3500, 3500 },     { TXN_EV_X, 32000, 32000 },   { TXN_EV_Z, 32000, 32000 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
		assert_int_equal(txn_timer_delay(row[i].timer, TXN_TRYING, false, 0, &standard), row[i].udp);
		assert_int_equal(txn_timer_delay(row[i].timer, TXN_TRYING, true, 0, &standard), row[i].tcp);
	}
	assert_int_equal(txn_timer_delay(TXN_EV_START, TXN_TRYING, false, 0, &standard), TXN_NEVER);
}

static void a_doubles_without_end_e_and_g_stop_at_t2(void **state)
{
	(void)state;
	for (uint32_t fired = 0; fired < 7; fired++) {
		const int32_t doubled = 500 << fired, capped = doubled < 4000 ? doubled : 4000;

		assert_int_equal(txn_timer_delay(TXN_EV_A, TXN_CALLING, false, fired, &standard), doubled);
		assert_int_equal(txn_timer_delay(TXN_EV_E, TXN_TRYING, false, fired, &standard), capped);
		assert_int_equal(txn_timer_delay(TXN_EV_G, TXN_COMPLETED, false, fired, &standard), capped);
		assert_int_equal(txn_timer_delay(TXN_EV_E, TXN_PROCEEDING, false, fired, &standard), 4000);
	}
	assert_true(txn_timer_delay(TXN_EV_A, TXN_CALLING, false, UINT32_MAX, &(struct txn_times){ 10000, 60000, 60000 }) > 0);
}

/* Nothing wakes the dead; a machine that waits for the network or the user can always leave. */
static void every_state_has_an_end(void **state)
{
	(void)state;
	for (int k = 0; k < TXN_KINDS; k++) {
		bool reached[TXN_STATES] = { [TXN_BORN] = true };

		for (int again = 0; again < TXN_STATES; again++)
			for (int s = 0; s < TXN_STATES; s++)
				for (int ev = 0; reached[s] && ev < TXN_EVENTS; ev++)
					reached[txn_machine_step(k, s, ev).next] = true;
		for (int s = TXN_BORN; s < TXN_TERMINATED; s++) {
			bool leaves = false;

			for (int ev = 0; ev < TXN_EVENTS; ev++)
				leaves |= txn_machine_step(k, s, ev).next > TXN_SAME && txn_machine_step(k, s, ev).next != s;
			assert_true(!reached[s] || leaves);
		}
		for (int ev = 0; ev < TXN_EVENTS; ev++)
			assert_int_equal(txn_machine_step(k, TXN_TERMINATED, ev).acts, 0);
	}
}

/* A rule that leaves for good starts no timer; one that starts a long timer enters a state. */
static void the_dead_start_no_timers(void **state)
{
	(void)state;
	for (int k = 0; k < TXN_KINDS; k++)
		for (int s = 0; s < TXN_STATES; s++)
			for (int ev = 0; ev < TXN_EVENTS; ev++) {
				const struct txn_rule rule = txn_machine_step(k, s, ev);

				if (rule.next == TXN_TERMINATED)
					assert_int_equal(rule.acts >> TXN_TIMER_SHIFT, 0);
				if (txn_rule_starts(rule, TXN_EV_B) || txn_rule_starts(rule, TXN_EV_H))
					assert_int_not_equal(rule.next, TXN_SAME);
			}
}

static void names(void **state)
{
	(void)state;
	assert_string_equal(txn_kind_name(TXN_INVITE_CLIENT), "invite-client");
	assert_string_equal(txn_state_name(TXN_CALLING), "CALLING");
	assert_string_equal(txn_state_name(TXN_TERMINATED), "TERMINATED");
	assert_string_equal(txn_event_name(TXN_EV_1XX), "1xx");
	assert_string_equal(txn_event_name(TXN_EV_Z), "Z");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rfc3261_table_4),
		cmocka_unit_test(a_doubles_without_end_e_and_g_stop_at_t2),
		cmocka_unit_test(every_state_has_an_end),
		cmocka_unit_test(the_dead_start_no_timers),
		cmocka_unit_test(names),
	};

	return cmocka_run_group_tests_name("transaction/machine", tests, 0, 0);
}
