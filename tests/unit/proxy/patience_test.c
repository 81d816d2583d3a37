/* SPDX-License-Identifier: MIT */
/*
 * patience: climbs tests/ladder/patience.ladder. A rung is: event, state after it, what is done; "-": the event means nothing there.
 * Each ladder begins in IDLE; every row of the table must be on one.
 */
#include "kit/test.h"

#include "patience.h"
#include "rt/cursor.h"

static bool seen[PROXY_PATIENCES][PROXY_PATIENCE_EVENTS];

static enum proxy_patience_event event_of(struct slice word)
{
	for (int e = 0; e < PROXY_PATIENCE_EVENTS; e++)
		if (slice_eq(word, slice_str(proxy_patience_event_name((enum proxy_patience_event)e))))
			return (enum proxy_patience_event)e;
	fail_msg("no event " SLICE_FMT, SLICE_ARG(word));
	return PROXY_PATIENCE_EVENTS;
}

static void acts_to_text(struct rt_cursor *c, uint8_t acts)
{
	static const struct {
		enum proxy_patience_act act;
		const char *name;
	} act[] = { { PROXY_PATIENCE_STAND, "stand" }, { PROXY_PATIENCE_BACK, "back" }, { PROXY_PATIENCE_WAKE, "wake" },
		    { PROXY_PATIENCE_SAY, "say" },     { PROXY_PATIENCE_TRY, "try" },
		    { PROXY_PATIENCE_JOIN, "join" },   { PROXY_PATIENCE_FINAL, "final" } };

	for (size_t i = 0; i < sizeof(act) / sizeof(act[0]); i++)
		if (acts & act[i].act)
			rt_cursor_printf(c, "%s%s", c->n ? " " : "", act[i].name);
	if (!c->n)
		rt_cursor_char(c, '-');
}

static enum proxy_patience climb(const char *title, enum proxy_patience now, struct slice rung)
{
	char room[64];
	struct rt_cursor c = rt_cursor_on(room, sizeof(room));
	struct slice event, state;
	struct proxy_patience_rule rule;

	assert_true(slice_word(&rung, &event) && slice_word(&rung, &state));
	rule = proxy_patience_step(now, event_of(event));
	if (rule.next || rule.acts)
		seen[now][event_of(event)] = true;
	now = rule.next ? (enum proxy_patience)rule.next : now;
	acts_to_text(&c, rule.acts);
	if (!slice_eq(state, slice_str(proxy_patience_name(now))) || !slice_eq(slice_trim(rung), rt_cursor_text(&c)))
		fail_msg("%s: " SLICE_FMT " leads to %s " SLICE_FMT, title, SLICE_ARG(event), proxy_patience_name(now), SLICE_ARG(rt_cursor_text(&c)));
	return now;
}

static void every_ladder_is_climbed(void **state)
{
	FILE *const f = fopen(PEAL_SOURCE_DIR "/tests/ladder/patience.ladder", "r");
	enum proxy_patience now = PROXY_PATIENCE_IDLE;
	char line[160], title[160] = "";
	int ladders = 0;

	(void)state;
	assert_non_null(f);
	while (fgets(line, sizeof(line), f)) {
		if (line[0] == '#') {
			slice_cstr(slice_trim(slice_str(line)), title, sizeof(title));
			now = PROXY_PATIENCE_IDLE;
			ladders++;
		} else if (slice_trim(slice_str(line)).n) {
			now = climb(title, now, slice_str(line));
		}
	}
	fclose(f);
	assert_true(ladders > 8);
}

static void no_row_of_the_table_is_without_a_ladder(void **state)
{
	(void)state;
	for (int s = 0; s < PROXY_PATIENCES; s++)
		for (int e = 0; e < PROXY_PATIENCE_EVENTS; e++) {
			const struct proxy_patience_rule rule = proxy_patience_step((enum proxy_patience)s, (enum proxy_patience_event)e);

			if ((rule.next || rule.acts) && !seen[s][e])
				fail_msg("%s %s is on no ladder", proxy_patience_name((enum proxy_patience)s),
				         proxy_patience_event_name((enum proxy_patience_event)e));
		}
}

/* What is queued must be renewed; what waits must end. */
static void who_waits_is_late_some_time(void **state)
{
	(void)state;
	for (int s = PROXY_PATIENCE_IDLE; s < PROXY_PATIENCES; s++) {
		const bool ends = proxy_patience_step((enum proxy_patience)s, PROXY_PATIENCE_EV_LATE).acts & PROXY_PATIENCE_FINAL;

		assert_int_equal(ends, proxy_patience_waiting((enum proxy_patience)s));
	}
	assert_true(proxy_patience_queued(PROXY_PATIENCE_TRYING));
	assert_false(proxy_patience_queued(PROXY_PATIENCE_SLEEPING));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_ladder_is_climbed),
		cmocka_unit_test(no_row_of_the_table_is_without_a_ladder),
		cmocka_unit_test(who_waits_is_late_some_time),
	};

	return cmocka_run_group_tests(tests, 0, 0);
}
