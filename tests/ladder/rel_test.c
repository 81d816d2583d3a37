/* SPDX-License-Identifier: MIT */
/*
 * rel: runs rel_uas.ladder and rel_uac.ladder on a virtual clock and compares each ladder with its own text.
 *
 *   # the first 180 is lost                     a title: what happens, and where the RFC says so
 *   rel-uas t1=500                              the machine; T1 in ms
 *        0 1xx      WAIT        send=1 +R=500 +P=32000
 *      700 prack=1  CLEAR       stop ok next    the number after prack= is the RSeq its RAck names
 *
 *   rel-uac
 *        0 rel=7    COUNTING    learn prack up  a reliable response with that RSeq
 *
 * A rung is: time in ms, event, state after it, what is done. Letters are timers and must come by themselves. Events in
 * brackets were waiting and are given to the machine again. "-" means the event is ignored.
 */
#include "kit/test.h"

#include "rt/cursor.h"
#include "ua/rel_uac.h"
#include "ua/rel_uas.h"

enum { INPUTS_MAX = 32, TEXT_MAX = 8192, QUEUE_MAX = 8 };

struct input {
	uint32_t at, number;
	struct slice word; /* without "=number" */
};

struct ladder {
	const char *file;
	char title[160];
	struct slice want;
	bool uac;
	uint32_t t1;
	struct input input[INPUTS_MAX];
	uint32_t ninput;
};

static bool seen_uas[UA_UAS_STATES][UA_UAS_EVENTS], seen_uac[UA_UAC_STATES][UA_UAC_EVENTS];

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

static void read_setup(struct ladder *l, struct slice line)
{
	struct slice word;

	assert_true(slice_word(&line, &word));
	l->uac = slice_eq(word, SLICE("rel-uac"));
	if (!l->uac && !slice_eq(word, SLICE("rel-uas")))
		fail_msg("%s: no machine " SLICE_FMT, l->file, SLICE_ARG(word));
	l->t1 = 500;
	if (slice_word(&line, &word))
		assert_true(slice_starts_nocase(word, SLICE("t1=")) && slice_u32(slice_from(word, 3), &l->t1));
}

static bool is_inner(struct slice word) /* timers and what waited come by themselves */
{
	return word.n == 1 || word.p[0] == '(';
}

static void read_rung(struct ladder *l, struct slice line)
{
	struct input in = { 0 };
	struct slice word;
	int eq;

	if (!slice_word(&line, &word))
		return;
	assert_true(slice_u32(word, &in.at));
	assert_true(slice_word(&line, &word));
	if (is_inner(word) && !(l->uac && slice_eq(word, SLICE("W"))))
		return;
	eq = slice_find(word, '=');
	in.word = eq < 0 ? word : slice_head(word, (uint32_t)eq);
	if (eq >= 0)
		assert_true(slice_u32(slice_from(word, (uint32_t)eq + 1), &in.number));
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

static void rung(struct rt_cursor *out, int64_t at, const char *event, const char *state)
{
	rt_cursor_printf(out, "%6lld %-9s %-11s", (long long)at, event, state);
}

static void end_of_rung(struct rt_cursor *out, bool ignored)
{
	if (ignored)
		rt_cursor_lit(out, " -");
	while (out->n && out->p[out->n - 1] == ' ')
		out->n--;
	rt_cursor_char(out, '\n');
}

/* ---- Running: UAS ---- */

struct uas {
	const struct ladder *l;
	struct rt_cursor *out;
	struct ua_rel_uas u;
	int64_t due_r, due_p;
	enum ua_uas_event queue[QUEUE_MAX];
	uint32_t queued;
};

static void do_acts(struct uas *s, struct ua_uas_rule rule, enum ua_uas_event ev, int64_t now)
{
	static const char *const word[] = { "stop", "send", "queue", "resend", "ok", "refuse-481", "flush", "final", "lost", "next" };

	for (unsigned i = 0; i < sizeof(word) / sizeof(word[0]); i++) {
		if (!(rule.acts & 1u << i))
			continue;
		rt_cursor_printf(s->out, " %s", word[i]);
		if (1u << i == UA_UAS_SEND)
			rt_cursor_printf(s->out, "=%u", ua_rel_uas_number(&s->u));
		if (1u << i == UA_UAS_RESEND)
			rt_cursor_printf(s->out, "=%u", s->u.rseq);
	}
	if (rule.acts & UA_UAS_STOP)
		s->due_r = s->due_p = -1;
	if (rule.acts & UA_UAS_FLUSH)
		s->queued = 0;
	if (rule.acts & UA_UAS_QUEUE) {
		assert_true(s->queued < QUEUE_MAX);
		s->queue[s->queued++] = ev;
	}
	if (rule.acts & UA_UAS_START_R) {
		const uint32_t ms = ua_rel_uas_delay(UA_UAS_EV_R, s->u.fired, s->l->t1);

		s->due_r = now + ms;
		rt_cursor_printf(s->out, " +R=%u", ms);
	}
	if (rule.acts & UA_UAS_START_P) {
		s->due_p = now + ua_rel_uas_delay(UA_UAS_EV_P, 0, s->l->t1);
		rt_cursor_printf(s->out, " +P=%u", ua_rel_uas_delay(UA_UAS_EV_P, 0, s->l->t1));
	}
}

static void step_uas(struct uas *s, int64_t at, enum ua_uas_event ev, const char *text)
{
	enum ua_uas_event again[QUEUE_MAX];
	const struct ua_uas_rule rule = (seen_uas[s->u.state][ev] = true, ua_rel_uas_take(&s->u, ev));
	uint32_t n = 0;
	char name[24];

	rung(s->out, at, text, ua_uas_state_name((enum ua_uas_state)s->u.state));
	do_acts(s, rule, ev, at);
	end_of_rung(s->out, !rule.next && !rule.acts);
	if (!(rule.acts & UA_UAS_NEXT))
		return;
	n = s->queued;
	memcpy(again, s->queue, sizeof(again));
	s->queued = 0;
	for (uint32_t i = 0; i < n; i++) {
		snprintf(name, sizeof(name), "(%s)", ua_uas_event_name(again[i]));
		step_uas(s, at, again[i], name);
	}
}

static void uas_input(struct uas *s, const struct input *in)
{
	const struct ua_rack rack = { in->number, 1, SLICE("INVITE") };
	char text[24];

	if (slice_eq(in->word, SLICE("prack"))) {
		snprintf(text, sizeof(text), "prack=%u", in->number);
		step_uas(s, in->at, ua_rel_uas_heard(&s->u, &rack), text);
		return;
	}
	for (int ev = 0; ev < UA_UAS_EVENTS; ev++)
		if (slice_eq(in->word, slice_str(ua_uas_event_name((enum ua_uas_event)ev)))) {
			step_uas(s, in->at, (enum ua_uas_event)ev, ua_uas_event_name((enum ua_uas_event)ev));
			return;
		}
	fail_msg("no event " SLICE_FMT, SLICE_ARG(in->word));
}

static void run_uas(const struct ladder *l, struct rt_cursor *out)
{
	struct uas s = { .l = l, .out = out, .due_r = -1, .due_p = -1 };
	uint32_t i = 0;

	ua_rel_uas_open(&s.u, 1, 0);
	for (;;) {
		const int64_t at = i < l->ninput ? (int64_t)l->input[i].at : INT64_MAX;

		if (s.due_r >= 0 && s.due_r < at && (s.due_p < 0 || s.due_r < s.due_p)) {
			const int64_t due = s.due_r;

			s.due_r = -1;
			step_uas(&s, due, UA_UAS_EV_R, "R");
		} else if (s.due_p >= 0 && s.due_p < at) {
			step_uas(&s, s.due_p, UA_UAS_EV_P, "P");
		} else if (i < l->ninput) {
			uas_input(&s, &l->input[i++]);
		} else {
			return;
		}
	}
}

/* ---- Running: UAC ---- */

static struct sip_msg response_of(const struct input *in, struct sip_index *room, char *text, size_t size)
{
	char extra[64] = "";
	struct sip_msg m;
	int status = 180, n;

	if (slice_eq(in->word, SLICE("2xx")))
		status = 200;
	else if (slice_eq(in->word, SLICE("fail")))
		status = 486;
	else if (slice_eq(in->word, SLICE("rel")))
		snprintf(extra, sizeof(extra), "Require: 100rel\r\nRSeq: %u\r\n", in->number);
	else if (!slice_eq(in->word, SLICE("1xx")))
		fail_msg("no response " SLICE_FMT, SLICE_ARG(in->word));
	n = snprintf(text, size,
		     "SIP/2.0 %d X\r\nVia: SIP/2.0/UDP a.example.com;branch=z9hG4bK1\r\nFrom: <sip:a@example.com>;tag=1\r\n"
		     "To: <sip:b@example.com>;tag=2\r\nCall-ID: 1@a\r\nCSeq: 1 INVITE\r\n%sContent-Length: 0\r\n\r\n",
		     status, extra);
	assert_int_equal(sip_msg_parse(&m, room, slice_of(text, (uint32_t)n), 0), 0);
	return m;
}

static void run_uac(const struct ladder *l, struct rt_cursor *out)
{
	static const char *const word[] = { "learn", "prack", "ack", "up", "end" };
	struct ua_rel_uac u = { .state = UA_UAC_FRESH };

	for (uint32_t i = 0; i < l->ninput; i++) {
		const struct input *in = &l->input[i];
		struct sip_index room;
		char text[1024], name[24];
		struct ua_uac_rule rule;
		enum ua_uac_event ev = UA_UAC_EV_W;
		uint32_t rseq = 0;

		if (!slice_eq(in->word, SLICE("W"))) {
			const struct sip_msg m = response_of(in, &room, text, sizeof(text));

			ev = ua_rel_uac_heard(&u, &m, &rseq);
		}
		seen_uac[u.state][ev] = true;
		rule = ua_rel_uac_take(&u, ev, rseq);
		snprintf(name, sizeof(name), in->number ? SLICE_FMT "=%u" : SLICE_FMT, SLICE_ARG(in->word), in->number);
		rung(out, in->at, name, ua_uac_state_name((enum ua_uac_state)u.state));
		for (unsigned a = 0; a < sizeof(word) / sizeof(word[0]); a++)
			if (rule.acts & 1u << a)
				rt_cursor_printf(out, " %s", word[a]);
		end_of_rung(out, !rule.next && !rule.acts);
	}
}

static void play(const char *file)
{
	static char text[1 << 16], room[TEXT_MAX];
	struct slice rest = load(file, text, sizeof(text));
	struct ladder l = { .file = file };
	bool wrong = false;

	while (read_ladder(&l, &rest)) {
		struct rt_cursor c = rt_cursor_on(room, sizeof(room));

		if (l.uac)
			run_uac(&l, &c);
		else
			run_uas(&l, &c);
		assert_int_equal(c.err, 0);
		if (slice_eq(rt_cursor_text(&c), l.want))
			continue;
		print_error("%s: %s\nthe machine does:\n", file, l.title);
		fprintf(stderr, SLICE_FMT, (int)c.n, room); /* print_error cuts */
		fprintf(stderr, "the file says:\n" SLICE_FMT, SLICE_ARG(l.want));
		wrong = true;
	}
	assert_false(wrong);
}

static void rfc3262_3_uas(void **state)
{
	(void)state;
	play("rel_uas.ladder");
	for (int s = 0; s < UA_UAS_STATES; s++)
		for (int ev = 0; ev < UA_UAS_EVENTS; ev++) {
			const struct ua_uas_rule rule = ua_rel_uas_step((enum ua_uas_state)s, (enum ua_uas_event)ev);

			if ((rule.next || rule.acts) && !seen_uas[s][ev])
				fail_msg("no ladder over %s %s", ua_uas_state_name((enum ua_uas_state)s),
					 ua_uas_event_name((enum ua_uas_event)ev));
		}
}

static void rfc3262_4_uac(void **state)
{
	(void)state;
	play("rel_uac.ladder");
	for (int s = 0; s < UA_UAC_STATES; s++)
		for (int ev = 0; ev < UA_UAC_EVENTS; ev++) {
			const bool exists = s && (ua_rel_uac_step((enum ua_uac_state)s, (enum ua_uac_event)ev).next ||
						  ua_rel_uac_step((enum ua_uac_state)s, (enum ua_uac_event)ev).acts);

			if (exists && !seen_uac[s][ev])
				fail_msg("no ladder over %s %s", ua_uac_state_name((enum ua_uac_state)s),
					 ua_uac_event_name((enum ua_uac_event)ev));
		}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rfc3262_3_uas),
		cmocka_unit_test(rfc3262_4_uac),
	};

	return cmocka_run_group_tests_name("ladder/rel", tests, 0, 0);
}
