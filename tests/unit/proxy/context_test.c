/* SPDX-License-Identifier: MIT */
/* context: ladders. Each script is a list of events; the golden text says what the context wanted after each. */
#include "best.h"
#include "context.h"
#include "kit/test.h"
#include "sip/names.h"

/*
 * Events: ring MS | add Q | add Q/DEVICE | start | N> begun | N=STATUS a response | N!STATUS a local failure | N~ recursed |
 *         reserve N | join | cancel | lost | +MS time passes, due timers fire
 */
struct ladder {
	struct proxy_context c;
	rt_ms now;
	char out[4096];
	size_t n;
};

static void put(struct ladder *l, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
static void put(struct ladder *l, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	l->n += (size_t)vsnprintf(l->out + l->n, sizeof(l->out) - l->n, fmt, ap);
	va_end(ap);
	assert_true(l->n < sizeof(l->out));
}

static void put_set(struct ladder *l, const char *name, uint32_t set)
{
	if (set)
		put(l, " %s", name);
	for (int i = 0, first = 1; i < 32; i++)
		if (set >> i & 1) {
			put(l, "%c%d", first ? ' ' : ',', i);
			first = 0;
		}
}

static void put_plan(struct ladder *l, const char *event, struct proxy_plan p)
{
	static const char *const say[] = { "", "pass", "kept", "own", "never" };

	put(l, "%-6s|", event);
	put_set(l, "launch", p.launch);
	put_set(l, "cancel", p.cancel);
	put_set(l, "forget", p.forget);
	if (p.keep)
		put(l, " keep");
	if (p.say == PROXY_NEVER)
		put(l, " never");
	else if (p.say)
		put(l, " %s %d", say[p.say], p.status);
	if (p.from >= 0)
		put(l, " from %d", p.from);
	if (p.over)
		put(l, " over");
	put(l, "\n");
}

static void event(struct ladder *l, const char *word)
{
	const int i = atoi(word);
	const char *const op = word + strspn(word, "0123456789");
	struct proxy_context *const c = &l->c;

	if (!strcmp(word, "start"))
		put_plan(l, word, proxy_context_start(c));
	else if (!strcmp(word, "join"))
		put_plan(l, word, proxy_context_join(c));
	else if (!strcmp(word, "cancel"))
		put_plan(l, word, proxy_context_cancel(c, l->now));
	else if (!strcmp(word, "lost"))
		put_plan(l, word, proxy_context_lost(c, l->now));
	else if (*word == '+') {
		l->now += (rt_ms)atoi(word + 1);
		while (proxy_context_due(c) && proxy_context_due(c) <= l->now)
			put_plan(l, word, proxy_context_timer(c, l->now));
	} else if (*op == '>')
		proxy_context_begun(c, i, l->now);
	else if (*op == '=')
		put_plan(l, word, proxy_context_response(c, i, atoi(op + 1), l->now));
	else if (*op == '!')
		put_plan(l, word, proxy_context_failed(c, i, atoi(op + 1)));
	else if (*op == '~')
		put_plan(l, word, proxy_context_recursed(c, i));
	else
		fail_msg("what is %s", word);
}

static const char *run(bool invite, enum proxy_fork fork, uint16_t breadth, const char *script)
{
	static struct ladder l;
	char copy[512], *save = 0;

	memset(&l, 0, sizeof(l));
	l.now = 1000;
	proxy_context_open(&l.c, invite, fork, breadth, 185000, 32000);
	snprintf(copy, sizeof(copy), "%s", script);
	for (char *w = strtok_r(copy, " ", &save); w; w = strtok_r(0, " ", &save)) {
		if (!strcmp(w, "ring")) {
			l.c.ring = (rt_ms)atoi(strtok_r(0, " ", &save));
		} else if (!strcmp(w, "reserve")) {
			l.c.reserve = (uint16_t)atoi(strtok_r(0, " ", &save));
		} else if (!strcmp(w, "add")) {
			char *const q = strtok_r(0, " ", &save), *const device = strchr(q, '/');

			assert_true(proxy_context_add(&l.c, (uint16_t)atoi(q), device ? (uint8_t)atoi(device + 1) : 0) >= 0);
		} else {
			event(&l, w);
		}
	}
	return l.out;
}

#define LADDER(invite, fork, script, golden) assert_string_equal(run(invite, fork, 60, script), golden)

static void rfc3261_16_7_one_branch_answers(void **state)
{
	(void)state;
	LADDER(true, PROXY_BY_Q, "add 1000 start 0> 0=100 0=180 0=200 0=200",
	       "start | launch 0\n"
	       "0=100 |\n"
	       "0=180 | pass 180 from 0\n"
	       "0=200 | pass 200 from 0 over\n"
	       "0=200 | pass 200 from 0 over\n");
}

static void rfc3261_16_7_step5_every_2xx_is_forwarded(void **state)
{
	(void)state;
	LADDER(true, PROXY_BY_Q, "add 1000 add 1000 start 0> 1> 0=200 1=200",
	       "start | launch 0,1\n"
	       "0=200 | pass 200 from 0 over\n"
	       "1=200 | pass 200 from 1 over\n");
}

/* Its transaction cancels them: services/transaction/client.c */
static void rfc3261_16_7_step10_a_2xx_ends_the_others(void **state)
{
	(void)state;
	LADDER(true, PROXY_BY_Q, "add 1000 add 1000 add 1000 start 0> 1> 2> 0=180 1=200 0=487 2=100 2=487",
	       "start | launch 0,1,2\n"
	       "0=180 | pass 180 from 0\n"
	       "1=200 | pass 200 from 1 over\n"
	       "0=487 |\n"
	       "2=100 |\n"
	       "2=487 |\n");
}

static void rfc3261_16_7_step6_the_best_of_all(void **state)
{
	(void)state;
	LADDER(true, PROXY_BY_Q, "add 1000 add 1000 start 0> 1> 0=404 1=500",
	       "start | launch 0,1\n"
	       "0=404 | keep\n"
	       "1=500 | kept 404 from 0 over\n");
	LADDER(true, PROXY_BY_Q, "add 1000 add 1000 start 0> 1> 0=500 1=404",
	       "start | launch 0,1\n"
	       "0=500 | keep\n"
	       "1=404 | pass 404 from 1 over\n");
	LADDER(true, PROXY_BY_Q, "add 1000 add 1000 start 0> 1> 0=404 1=401",
	       "start | launch 0,1\n"
	       "0=404 | keep\n"
	       "1=401 | pass 401 from 1 over\n");
}

static void rfc3261_16_7_step6_503_becomes_500(void **state)
{
	(void)state;
	LADDER(true, PROXY_BY_Q, "add 1000 start 0> 0=503",
	       "start | launch 0\n"
	       "0=503 | pass 500 from 0 over\n");
	LADDER(true, PROXY_BY_Q, "add 1000 start 0> 0!503",
	       "start | launch 0\n"
	       "0!503 | own 500 over\n");
}

/* 16.6 step 11 leaves it to us how long one target of a sequence may ring. */
static void a_phone_that_rings_too_long_gives_way(void **state)
{
	(void)state;
	LADDER(true, PROXY_BY_Q, "ring 20000 add 1000 add 500 start 0> 0=180 +19999 +1 1> 0=487 1=180 1=200",
	       "start | launch 0\n"
	       "0=180 | pass 180 from 0\n"
	       "+1    | launch 1 cancel 0\n"
	       "0=487 |\n"
	       "1=180 | pass 180 from 1\n"
	       "1=200 | pass 200 from 1 over\n");
	LADDER(true, PROXY_BY_Q, "ring 20000 add 1000 start 0> 0=180 +100000 0=486", /* nobody waits: it may ring on */
	       "start | launch 0\n"
	       "0=180 | pass 180 from 0\n"
	       "0=486 | pass 486 from 0 over\n");
	LADDER(true, PROXY_ONE_BY_ONE, "ring 1000 add 1000 add 1000 add 1000 start 0> +1000 1> +1000 2> +1000 0!408 1!408 2=486",
	       "start | launch 0\n"
	       "+1000 | launch 1\n"
	       "+1000 | launch 2\n"
	       "0!408 |\n"
	       "1!408 |\n"
	       "2=486 | pass 486 from 2 over\n");
}

/* A phone that was woken: beside those that ring, if there is breadth left for it (RFC 5393 5.3.3); in a sequence in its turn. */
static void who_comes_later_may_join(void **state)
{
	(void)state;
	LADDER(true, PROXY_BY_Q, "reserve 1 add 1000 add 1000 start 0> 1> add 1000 join 2> 2=200",
	       "start | launch 0,1\n"
	       "join  | launch 2\n"
	       "2=200 | pass 200 from 2 over\n");
	LADDER(true, PROXY_BY_Q, "add 1000 start 0> add 1000 join 0=486 1>", /* all breadth is lent */
	       "start | launch 0\n"
	       "join  |\n"
	       "0=486 | launch 1 keep\n");
	LADDER(true, PROXY_ONE_BY_ONE, "reserve 1 add 1000 start 0> add 1000 join 0=486",
	       "start | launch 0\n"
	       "join  |\n"
	       "0=486 | launch 1 keep\n");
	LADDER(true, PROXY_BY_Q, "reserve 1 add 1000 start 0> 0=200 join",
	       "start | launch 0\n"
	       "0=200 | pass 200 from 0 over\n"
	       "join  |\n");
}

/* Opened anew, its branches have numbers of their own: what comes late of the first finds nothing. */
static void busy_is_when_all_who_answer_say_so(void **state)
{
	struct proxy_context c;

	(void)state;
	proxy_context_open(&c, true, PROXY_ALL, 60, 185000, 32000);
	for (int i = 0; i < 3; i++)
		assert_int_equal(proxy_context_add(&c, 1000, 0), i);
	proxy_context_start(&c);
	for (int i = 0; i < 3; i++)
		proxy_context_begun(&c, i, 0);
	assert_false(proxy_context_all(&c, 486));
	proxy_context_response(&c, 0, 486, 0);
	proxy_context_failed(&c, 1, 408); /* silent: a binding of long ago */
	assert_true(proxy_context_all(&c, 486));
	proxy_context_response(&c, 2, 603, 0);
	assert_false(proxy_context_all(&c, 486));
	c.branch[1].attempt = 4;
	proxy_context_reopen(&c);
	assert_int_equal(proxy_context_add(&c, 1000, 0), 0);
	assert_int_equal(c.branch[0].attempt, 5);
	assert_false(c.answered || c.closed);
}

static void a_phone_whose_turn_is_over_may_still_say_yes(void **state)
{
	(void)state;
	LADDER(true, PROXY_BY_Q, "ring 20000 add 1000 add 500 start 0> 0=180 +20000 1> 1=180 0=200 1=487",
	       "start | launch 0\n"
	       "0=180 | pass 180 from 0\n"
	       "+20000| launch 1 cancel 0\n"
	       "1=180 | pass 180 from 1\n"
	       "0=200 | pass 200 from 0 over\n"
	       "1=487 |\n");
}

static void a_silent_phone_is_cancelled_when_it_speaks_9_1(void **state)
{
	(void)state;
	LADDER(true, PROXY_BY_Q, "ring 20000 add 1000 add 500 start 0> +20000 1> 0=180 1=486 0=487",
	       "start | launch 0\n"
	       "+20000| launch 1\n"
	       "0=180 | cancel 0\n"
	       "1=486 | keep\n"
	       "0=487 | kept 486 from 1 over\n");
}

static void the_caller_hangs_up_between_two_turns(void **state)
{
	(void)state;
	LADDER(true, PROXY_BY_Q, "ring 20000 add 1000 add 500 add 100 start 0> 0=180 +20000 1> 1=180 cancel +20000 0=487 1=487",
	       "start | launch 0\n"
	       "0=180 | pass 180 from 0\n"
	       "+20000| launch 1 cancel 0\n"
	       "1=180 | pass 180 from 1\n"
	       "cancel| cancel 1\n"
	       "0=487 |\n"
	       "1=487 | pass 487 from 1 over\n");
}

static void rfc3261_16_7_a_6xx_waits_for_the_others(void **state)
{
	(void)state;
	LADDER(true, PROXY_BY_Q, "add 1000 add 1000 add 500 start 0> 1> 0=180 1=180 0=603 1=487",
	       "start | launch 0,1\n"
	       "0=180 | pass 180 from 0\n"
	       "1=180 | pass 180 from 1\n"
	       "0=603 | cancel 1 keep\n"
	       "1=487 | kept 603 from 0 over\n");
	LADDER(true, PROXY_BY_Q, "add 1000 add 1000 start 0> 1> 1=180 0=603 1=200", /* the answer crossed our CANCEL */
	       "start | launch 0,1\n"
	       "1=180 | pass 180 from 1\n"
	       "0=603 | cancel 1 keep\n"
	       "1=200 | pass 200 from 1 over\n");
}

static void rfc3261_16_7_step7_every_challenge_is_kept(void **state)
{
	(void)state;
	LADDER(true, PROXY_BY_Q, "add 1000 add 1000 add 1000 start 0> 1> 2> 0=407 1=401 2=404",
	       "start | launch 0,1,2\n"
	       "0=407 | keep\n"
	       "1=401 | keep\n"
	       "2=404 | kept 407 from 0 over\n");
	LADDER(true, PROXY_BY_Q, "add 1000 add 1000 start 0> 1> 0=407 1=407",
	       "start | launch 0,1\n"
	       "0=407 | keep\n"
	       "1=407 | keep kept 407 from 0 over\n");
}

static void rfc3261_16_10_cancel_goes_where_a_provisional_came(void **state)
{
	(void)state;
	LADDER(true, PROXY_BY_Q, "add 1000 add 1000 add 500 start 0> 1> 0=180 cancel 0=487 1=180 1=487",
	       "start | launch 0,1\n"
	       "0=180 | pass 180 from 0\n"
	       "cancel| cancel 0\n"
	       "0=487 | keep\n"
	       "1=180 | cancel 1 pass 180 from 1\n"
	       "1=487 | kept 487 from 0 over\n");
}

static void rfc3261_16_10_cancel_before_anything_is_forwarded(void **state)
{
	(void)state;
	LADDER(true, PROXY_BY_Q, "add 1000 start cancel",
	       "start | launch 0\n"
	       "cancel| own 487 over\n");
	LADDER(true, PROXY_BY_Q, "add 1000 start 0> cancel 0!408",
	       "start | launch 0\n"
	       "cancel|\n"
	       "0!408 | own 487 over\n");
	LADDER(true, PROXY_BY_Q, "add 1000 start 0> cancel 0=200", /* too late */
	       "start | launch 0\n"
	       "cancel|\n"
	       "0=200 | pass 200 from 0 over\n");
	LADDER(true, PROXY_BY_Q, "add 1000 start 0> cancel 0=486",
	       "start | launch 0\n"
	       "cancel|\n"
	       "0=486 | pass 486 from 0 over\n");
}

static void rfc3261_9_1_a_cancelled_branch_has_64_t1_to_end(void **state)
{
	(void)state;
	LADDER(true, PROXY_BY_Q, "add 1000 start 0> 0=180 cancel +31999 +1",
	       "start | launch 0\n"
	       "0=180 | pass 180 from 0\n"
	       "cancel| cancel 0\n"
	       "+1    | forget 0 own 487 over\n");
}

static void rfc3261_16_8_timer_c(void **state)
{
	(void)state;
	LADDER(true, PROXY_BY_Q, "add 1000 start 0> 0=180 +100000 0=183 +184999 +1 0=487",
	       "start | launch 0\n"
	       "0=180 | pass 180 from 0\n"
	       "0=183 | pass 183 from 0\n"
	       "+1    | cancel 0\n"
	       "0=487 | own 408 over\n");
	LADDER(true, PROXY_BY_Q, "add 1000 start 0> 0=180 +100000 0=100 +85000", /* a 100 does not restart it */
	       "start | launch 0\n"
	       "0=180 | pass 180 from 0\n"
	       "0=100 |\n"
	       "+85000| cancel 0\n");
	LADDER(true, PROXY_BY_Q, "add 1000 start 0> +185000",
	       "start | launch 0\n"
	       "+185000| forget 0 own 408 over\n");
}

static void rfc3261_16_6_serial_goes_on_after_a_failure(void **state)
{
	(void)state;
	LADDER(true, PROXY_ONE_BY_ONE, "add 1000 add 1000 add 500 start 0> 0=486 1> 1=480 2> 2=404",
	       "start | launch 0\n"
	       "0=486 | launch 1 keep\n"
	       "1=480 | launch 2\n"
	       "2=404 | kept 486 from 0 over\n");
	LADDER(true, PROXY_BY_Q, "add 500 add 1000 add 1000 start 1> 2> 1=486 2=486 0> 0=200",
	       "start | launch 1,2\n"
	       "1=486 | keep\n"
	       "2=486 | launch 0\n"
	       "0=200 | pass 200 from 0 over\n");
	LADDER(true, PROXY_ALL, "add 500 add 1000 start",
	       "start | launch 0,1\n");
}

static void rfc3261_16_7_step4_a_followed_3xx_is_no_candidate(void **state)
{
	(void)state;
	LADDER(true, PROXY_BY_Q, "add 1000 start 0> add 900 0~ 1> 1=486",
	       "start | launch 0\n"
	       "0~    | launch 1\n"
	       "1=486 | pass 486 from 1 over\n");
}

static void rfc4320_non_invite_gets_no_408(void **state)
{
	(void)state;
	LADDER(false, PROXY_BY_Q, "add 1000 start 0> 0=180 0!408",
	       "start | launch 0\n"
	       "0=180 |\n"
	       "0!408 | never over\n");
	LADDER(false, PROXY_BY_Q, "add 1000 add 1000 start 0> 1> 0=200 1=200",
	       "start | launch 0,1\n"
	       "0=200 | pass 200 from 0\n"
	       "1=200 | over\n");
	LADDER(false, PROXY_BY_Q, "add 1000 start 0> cancel 0=200",
	       "start | launch 0\n"
	       "cancel|\n"
	       "0=200 | pass 200 from 0 over\n");
}

static void rfc5626_another_flow_only_when_the_first_failed(void **state)
{
	(void)state;
	LADDER(true, PROXY_BY_Q, "add 1000/1 add 1000/1 add 1000/2 start 0> 2> 0!430 1> 1=486 2=486",
	       "start | launch 0,2\n"
	       "0!430 | launch 1\n"
	       "1=486 | keep\n"
	       "2=486 | kept 486 from 1 over\n");
	LADDER(true, PROXY_BY_Q, "add 1000/1 add 1000/1 start 0> 0=486",
	       "start | launch 0\n"
	       "0=486 | pass 486 from 0 over\n");
	LADDER(true, PROXY_BY_Q, "add 1000/1 start 0> 0!430",
	       "start | launch 0\n"
	       "0!430 | own 480 over\n");
}

static void rfc5393_breadth_bounds_and_is_shared(void **state)
{
	struct proxy_context c;

	(void)state;
	assert_string_equal(run(true, PROXY_BY_Q, 2, "add 1000 add 1000 add 1000 start 0> 1> 0=486 1=486 2> 2=486"),
	                    "start | launch 0,1\n"
	                    "0=486 | keep\n"
	                    "1=486 | launch 2\n"
	                    "2=486 | kept 486 from 0 over\n");
	proxy_context_open(&c, true, PROXY_ALL, 60, 1, 1);
	for (int i = 0; i < 7; i++)
		assert_int_equal(proxy_context_add(&c, 1000, 0), i);
	proxy_context_start(&c);
	int sum = 0;
	for (int i = 0; i < 7; i++) {
		assert_true(c.branch[i].breadth >= 8);
		sum += c.branch[i].breadth;
	}
	assert_int_equal(sum, 60);
}

static void a_lost_server_transaction_cancels_silently(void **state)
{
	(void)state;
	LADDER(true, PROXY_BY_Q, "add 1000 start 0> 0=180 lost 0=487",
	       "start | launch 0\n"
	       "0=180 | pass 180 from 0\n"
	       "lost  | cancel 0\n"
	       "0=487 | over\n");
}

static void limit_branches_max(void **state)
{
	struct proxy_context c;

	(void)state;
	proxy_context_open(&c, true, PROXY_ALL, 60, 1, 1);
	for (int i = 0; i < PROXY_BRANCHES_MAX; i++)
		assert_int_equal(proxy_context_add(&c, 1000, 0), i);
	assert_true(proxy_context_add(&c, 1000, 0) < 0);
	assert_int_equal(proxy_context_start(&c).launch, UINT32_MAX);
}

static void rfc3261_16_7_step6_ranks(void **state)
{
	static const int order[] = { 603, 302, 407, 484, 486, 482, 487, 430, 408, 500, 503 };

	(void)state;
	for (size_t i = 1; i < sizeof(order) / sizeof(order[0]); i++)
		assert_true(proxy_best_rank(order[i - 1]) < proxy_best_rank(order[i]));
	assert_int_equal(proxy_best_rank(401), proxy_best_rank(407));
	assert_int_equal(proxy_best_rank(404), proxy_best_rank(486));
}

/* ---- Laws, under whatever order of events ---- */

struct watched {
	struct proxy_context c;
	uint32_t launched, rang, cancelled;
	int finals, successes; /* said upstream */
	bool over;
};

static void keeps_the_laws(struct watched *w, const struct proxy_plan *p)
{
	const struct proxy_context *const c = &w->c;
	int open = 0, breadth = c->breadth;

	assert_false(p->launch & w->launched); /* each target once */
	w->launched |= p->launch;
	assert_false(p->cancel & ~w->rang);    /* 9.1: never before a provisional */
	assert_false(p->cancel & w->cancelled);
	w->cancelled |= p->cancel;
	if (p->say != PROXY_SILENT && p->say != PROXY_NEVER && sip_status_success(p->status)) {
		assert_true(c->invite || !w->finals);
		assert_true(w->finals == w->successes || w->over); /* a failure only when all had ended; a 2xx even then (step 5) */
		w->successes++;
		w->finals++;
	} else if (p->say != PROXY_SILENT && (p->say == PROXY_NEVER || sip_status_final(p->status))) {
		assert_int_equal(w->finals, 0);
		w->finals++;
	}
	assert_true(p->say != PROXY_KEPT || (p->from >= 0 && c->branch[p->from].status && !c->branch[p->from].own));
	for (int i = 0; i < c->n; i++) {
		const struct proxy_branch *const b = &c->branch[i];
		const bool is_open = b->phase == PROXY_SEEKING || b->phase == PROXY_CALLING || b->phase == PROXY_RINGING;

		open += is_open;
		breadth += is_open ? b->breadth : 0;
		assert_true(!is_open || b->breadth > 0);
	}
	assert_int_equal(open, c->open);
	assert_int_equal(breadth, 60);
	w->over |= p->over;
	assert_int_equal(w->over, c->open == 0); /* it says so as soon as nothing can happen any more */
	assert_true(!w->over || c->answered);
}

static struct proxy_plan random_event(struct watched *w, uint64_t *seed, rt_ms *now)
{
	static const int status[] = { 100, 180, 183, 200, 202, 302, 401, 404, 407, 408, 430, 486, 487, 500, 503, 600, 603 };
	struct proxy_context *const c = &w->c;
	const int i = (int)(kit_random(seed) % c->n);
	const struct proxy_branch *const b = &c->branch[i];
	const int s = status[kit_random(seed) % (sizeof(status) / sizeof(status[0]))];

	*now += kit_random(seed) % 20000;
	switch (kit_random(seed) % 16) {
	case 0:
		return proxy_context_cancel(c, *now);
	case 1:
		return proxy_context_timer(c, *now);
	case 2:
	case 3:
		if (b->phase != PROXY_WAITING)
			return proxy_context_failed(c, i, s < 300 ? 503 : s);
		break;
	default:
		if (b->phase == PROXY_SEEKING) {
			proxy_context_begun(c, i, *now);
			break;
		}
		if (!(w->launched >> i & 1))
			break;
		if (sip_status_provisional(s) && b->phase != PROXY_DONE)
			w->rang |= 1u << i;
		return proxy_context_response(c, i, s, *now);
	}
	return (struct proxy_plan){ .say = PROXY_SILENT, .from = -1 };
}

static void laws_hold_in_any_order(void **state)
{
	uint64_t seed = 5393;

	(void)state;
	for (int round = 0; round < 20000; round++) {
		struct watched w = { .over = false };
		struct proxy_plan plan;
		rt_ms now = 1000;
		const int n = 1 + (int)(kit_random(&seed) % 6);

		proxy_context_open(&w.c, kit_random(&seed) % 4 != 0, (enum proxy_fork)(kit_random(&seed) % 3), 60, 185000, 32000);
		for (int i = 0; i < n; i++)
			proxy_context_add(&w.c, (uint16_t)(kit_random(&seed) % 3 * 500), (uint8_t)(kit_random(&seed) % 3));
		plan = proxy_context_start(&w.c);
		keeps_the_laws(&w, &plan);
		for (int step = 0; step < 60; step++) {
			plan = random_event(&w, &seed, &now);
			keeps_the_laws(&w, &plan);
		}
		for (int step = 0; !w.over && step < 200; step++) { /* and it always ends */
			now += 200000;
			for (int i = 0; i < w.c.n; i++)
				if (w.c.branch[i].phase == PROXY_SEEKING)
					proxy_context_begun(&w.c, i, now - 190000);
			plan = proxy_context_timer(&w.c, now);
			keeps_the_laws(&w, &plan);
		}
		assert_true(w.over);
		assert_true(w.finals >= 1);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rfc3261_16_7_one_branch_answers),
		cmocka_unit_test(rfc3261_16_7_step5_every_2xx_is_forwarded),
		cmocka_unit_test(rfc3261_16_7_step10_a_2xx_ends_the_others),
		cmocka_unit_test(rfc3261_16_7_step6_the_best_of_all),
		cmocka_unit_test(rfc3261_16_7_step6_503_becomes_500),
		cmocka_unit_test(a_phone_that_rings_too_long_gives_way),
		cmocka_unit_test(who_comes_later_may_join),
		cmocka_unit_test(busy_is_when_all_who_answer_say_so),
		cmocka_unit_test(a_phone_whose_turn_is_over_may_still_say_yes),
		cmocka_unit_test(a_silent_phone_is_cancelled_when_it_speaks_9_1),
		cmocka_unit_test(the_caller_hangs_up_between_two_turns),
		cmocka_unit_test(rfc3261_16_7_a_6xx_waits_for_the_others),
		cmocka_unit_test(rfc3261_16_7_step7_every_challenge_is_kept),
		cmocka_unit_test(rfc3261_16_10_cancel_goes_where_a_provisional_came),
		cmocka_unit_test(rfc3261_16_10_cancel_before_anything_is_forwarded),
		cmocka_unit_test(rfc3261_9_1_a_cancelled_branch_has_64_t1_to_end),
		cmocka_unit_test(rfc3261_16_8_timer_c),
		cmocka_unit_test(rfc3261_16_6_serial_goes_on_after_a_failure),
		cmocka_unit_test(rfc3261_16_7_step4_a_followed_3xx_is_no_candidate),
		cmocka_unit_test(rfc4320_non_invite_gets_no_408),
		cmocka_unit_test(rfc5626_another_flow_only_when_the_first_failed),
		cmocka_unit_test(rfc5393_breadth_bounds_and_is_shared),
		cmocka_unit_test(a_lost_server_transaction_cancels_silently),
		cmocka_unit_test(limit_branches_max),
		cmocka_unit_test(rfc3261_16_7_step6_ranks),
		cmocka_unit_test(laws_hold_in_any_order),
	};

	return cmocka_run_group_tests(tests, 0, 0);
}
