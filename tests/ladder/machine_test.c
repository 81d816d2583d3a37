/* SPDX-License-Identifier: MIT */
/*
 * machine: runs every ladder of tests/ladder/NAME.ladder on a virtual clock and compares it with its own text.
 *
 *   # INVITE, 180, two 200                      a title: what happens, and where the RFC says so
 *   invite-client udp                           the machine, the transport, and t1= t2= t4= where not 500, 4000, 5000
 *        0 start    CALLING     keep send +A=500 +B=32000
 *      500 A        CALLING     resend +A=1000
 *
 * A rung is: time in ms, event, state after it, what is done. Events in words are what the test does to the machine;
 * letters are timers and must come by themselves. "-" means the event is ignored.
 */
#include "kit/test.h"

#include "machine.h"
#include "rt/cursor.h"

enum { TIMERS = TXN_EVENTS - TXN_EV_FIRST_TIMER, INPUTS_MAX = 32, TEXT_MAX = 8192 };

struct input {
	uint32_t at;
	enum txn_event ev;
};

struct ladder {
	const char *file;
	char title[160];
	struct slice want; /* the rungs */
	enum txn_kind kind;
	bool reliable;
	struct txn_times times;
	struct input input[INPUTS_MAX];
	uint32_t ninput;
};

static bool seen[TXN_KINDS][TXN_STATES][TXN_EVENTS][2]; /* [][][][reliable] */

/* ---- Reading ---- */

static struct slice load(const char *name, char *room, uint32_t size)
{
	char path[512];
	FILE *f;
	size_t n;

	snprintf(path, sizeof(path), PEAL_SOURCE_DIR "/tests/ladder/%s", name);
	f = fopen(path, "rb");
	if (!f)
		fail_msg("cannot open %s", path);
	n = fread(room, 1, size, f);
	fclose(f);
	assert_true(n > 0 && n < size);
	return slice_of(room, (uint32_t)n);
}

static struct slice next_line(struct slice *rest)
{
	const int at = slice_find(*rest, '\n');
	const struct slice line = at < 0 ? *rest : slice_head(*rest, (uint32_t)at);

	*rest = slice_from(*rest, line.n + 1);
	return line;
}

static enum txn_event event_of(struct slice word)
{
	for (int ev = 0; ev < TXN_EVENTS; ev++)
		if (slice_eq(word, slice_str(txn_event_name((enum txn_event)ev))))
			return (enum txn_event)ev;
	fail_msg("no event " SLICE_FMT, SLICE_ARG(word));
	return TXN_EVENTS;
}

static void read_setup(struct ladder *l, struct slice line)
{
	struct slice word;

	assert_true(slice_word(&line, &word));
	for (l->kind = 0; l->kind < TXN_KINDS; l->kind++)
		if (slice_eq(word, slice_str(txn_kind_name(l->kind))))
			break;
	if (l->kind == TXN_KINDS)
		fail_msg("%s: no machine " SLICE_FMT, l->file, SLICE_ARG(word));
	assert_true(slice_word(&line, &word));
	l->reliable = slice_eq(word, SLICE("tcp"));
	assert_true(l->reliable || slice_eq(word, SLICE("udp")));
	l->times = (struct txn_times){ 500, 4000, 5000 };
	while (slice_word(&line, &word)) {
		uint32_t *time = slice_starts_nocase(word, SLICE("t1="))   ? &l->times.t1
				 : slice_starts_nocase(word, SLICE("t2=")) ? &l->times.t2
									   : &l->times.t4;

		assert_true(slice_u32(slice_from(word, 3), time));
	}
}

static void read_rung(struct ladder *l, struct slice line)
{
	struct input in;
	struct slice word;

	if (!slice_word(&line, &word))
		return;
	assert_true(slice_u32(word, &in.at));
	assert_true(slice_word(&line, &word));
	in.ev = event_of(word);
	if (in.ev >= TXN_EV_FIRST_TIMER)
		return;
	assert_true(l->ninput < INPUTS_MAX);
	l->input[l->ninput++] = in;
}

/* The next ladder of a file; false at its end. */
static bool read_ladder(struct ladder *l, struct slice *rest)
{
	struct slice line, at;

	do {
		if (rest->n == 0)
			return false;
		line = next_line(rest);
	} while (line.n == 0 || line.p[0] != '#');
	assert_true(slice_cstr(line, l->title, sizeof(l->title)));
	read_setup(l, next_line(rest));
	l->ninput = 0;
	at = *rest;
	l->want = slice_head(at, 0);
	while (rest->n && rest->p[0] != '#') {
		line = next_line(rest);
		read_rung(l, line);
		if (line.n)
			l->want.n = (uint32_t)(line.p + line.n + 1 - at.p);
	}
	return true;
}

/* ---- Running ---- */

static void say_acts(struct rt_cursor *c, struct txn_rule rule)
{
	static const char *const word[] = { "stop", "keep",  "send", "resend",  "send-ack", "send-100",
					    "send-cancel", "up", "up-timeout", "up-error", "drop" };

	if (!rule.next && !rule.acts)
		rt_cursor_lit(c, " -");
	for (unsigned i = 0; i < sizeof(word) / sizeof(word[0]); i++)
		if (rule.acts & 1u << i)
			rt_cursor_printf(c, " %s", word[i]);
}

static void run(const struct ladder *l, struct rt_cursor *out)
{
	enum txn_state state = TXN_BORN;
	uint32_t fired[TIMERS] = { 0 }, i = 0;
	int64_t due[TIMERS];

	memset(due, -1, sizeof(due));
	for (;;) {
		int64_t at = i < l->ninput ? (int64_t)l->input[i].at : -1;
		enum txn_event ev = TXN_EVENTS;
		struct txn_rule rule;

		for (int t = 0; t < TIMERS; t++)
			if (due[t] >= 0 && (at < 0 || due[t] < at)) {
				at = due[t];
				ev = (enum txn_event)(TXN_EV_FIRST_TIMER + t);
			}
		if (at < 0)
			return;
		if (ev == TXN_EVENTS)
			ev = l->input[i++].ev;
		else
			due[ev - TXN_EV_FIRST_TIMER] = -1, fired[ev - TXN_EV_FIRST_TIMER]++;
		rule = txn_machine_step(l->kind, state, ev);
		seen[l->kind][state][ev][l->reliable] = true;
		if (rule.next)
			state = (enum txn_state)rule.next;
		rt_cursor_printf(out, "%6lld %-8s %-11s", (long long)at, txn_event_name(ev), txn_state_name(state));
		say_acts(out, rule);
		for (int t = 0; t < TIMERS; t++) {
			const enum txn_event timer = (enum txn_event)(TXN_EV_FIRST_TIMER + t);
			int32_t ms;

			if (rule.acts & TXN_STOP)
				due[t] = -1;
			if (!txn_rule_starts(rule, timer))
				continue;
			ms = txn_timer_delay(timer, state, l->reliable, fired[t], &l->times);
			if (ms == TXN_NEVER)
				continue;
			due[t] = at + ms;
			rt_cursor_printf(out, " +%s=%d", txn_event_name(timer), ms);
		}
		while (out->n && out->p[out->n - 1] == ' ')
			out->n--;
		rt_cursor_char(out, '\n');
	}
}

static void play(const char *file)
{
	static char text[1 << 16], room[TEXT_MAX];
	struct slice rest = load(file, text, sizeof(text));
	struct ladder l = { .file = file };

	while (read_ladder(&l, &rest)) {
		struct rt_cursor c = rt_cursor_on(room, sizeof(room));

		run(&l, &c);
		assert_int_equal(c.err, 0);
		if (slice_eq(rt_cursor_text(&c), l.want))
			continue;
		print_error("%s: %s\nthe machine does:\n" SLICE_FMT "the file says:\n" SLICE_FMT, file, l.title,
			    (int)c.n, room, SLICE_ARG(l.want));
		fail();
	}
}

static void invite_client(void **state)
{
	(void)state;
	play("invite_client.ladder");
}

static void plain_client(void **state)
{
	(void)state;
	play("plain_client.ladder");
}

static void invite_server(void **state)
{
	(void)state;
	play("invite_server.ladder");
}

static void plain_server(void **state)
{
	(void)state;
	play("plain_server.ladder");
}

/* ---- Did the ladders climb every row? ---- */

/* Over a reliable transport A, E and G never run, and a state that D, I, J or K ends is left at once. */
static bool must_see(enum txn_kind kind, enum txn_state s, enum txn_event ev, bool reliable)
{
	static const enum txn_event ends[] = { TXN_EV_D, TXN_EV_I, TXN_EV_J, TXN_EV_K };
	struct txn_rule rule = txn_machine_step(kind, s, ev);

	if (!rule.next && !rule.acts)
		return false;
	if (!reliable)
		return true;
	for (unsigned i = 0; i < sizeof(ends) / sizeof(ends[0]); i++)
		if (txn_machine_step(kind, s, ends[i]).next && ev != ends[i])
			return false;
	return ev != TXN_EV_A && ev != TXN_EV_E && ev != TXN_EV_G;
}

static void every_row_is_on_a_ladder(void **state)
{
	int missing = 0;

	(void)state;
	for (int k = 0; k < TXN_KINDS; k++)
		for (int s = 0; s < TXN_STATES; s++)
			for (int ev = 0; ev < TXN_EVENTS; ev++)
				for (int r = 0; r < 2; r++)
					if (must_see(k, s, ev, r) && !seen[k][s][ev][r]) {
						print_error("no ladder over %s: %s %s %s\n", r ? "tcp" : "udp",
							    txn_kind_name(k), txn_state_name(s), txn_event_name(ev));
						missing++;
					}
	assert_int_equal(missing, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(invite_client), cmocka_unit_test(plain_client),
		cmocka_unit_test(invite_server), cmocka_unit_test(plain_server),
		cmocka_unit_test(every_row_is_on_a_ladder),
	};

	return cmocka_run_group_tests_name("ladder/machine", tests, 0, 0);
}
