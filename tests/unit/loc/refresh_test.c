/* SPDX-License-Identifier: MIT */
/* refresh: the REGISTER a phone sends all day (RFC 3261 10.2.4): what it writes, what it leaves to the sweeper, and that the sweeper does it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "kit/redis_server.h"
#include "loc/store.h"
#include "loc/sweep.h"

#define NOW 4102444800ll /* 2100-01-01: Redis expires keys by its own clock */
#define AOR "alice@example.com"
#define ID "c:sip:alice@192.0.2.7"

static struct kit_redis server;
static struct loc_redis *redis;

struct result {
	int done, err, n;
	int64_t ends, began;
};

static void keep(void *self, uint64_t token, int err, const struct loc_binding *b, int n)
{
	struct result *r = self;

	(void)token;
	*r = (struct result){ 1, err, n, n ? b[0].expires_at - NOW : 0, n ? b[0].registered_at - NOW : 0 };
}

struct said {
	int64_t at, seconds; /* when, after NOW; for how long */
	uint32_t cseq, count;
	const char *nonce, *params;
	uint32_t edge;
};

static struct result say(const struct said *s)
{
	const int64_t now = NOW + s->at;
	const struct loc_binding b = { .id = SLICE(ID), .contact = SLICE("sip:alice@192.0.2.7"), .call_id = SLICE("call"), .cseq = s->cseq, .q = 1000,
		                       .params = slice_str(s->params ? s->params : ""), .edge = s->edge ? s->edge : 7, .updated_at = now,
		                       .expires_at = s->seconds ? now + s->seconds : 0 };
	const struct loc_change change = { .aor = SLICE(AOR), .b = &b, .n = 1, .call_id = SLICE("call"), .cseq = s->cseq, .max_contacts = 10,
		                           .now = now, .nonce = s->nonce ? slice_str(s->nonce) : SLICE_NONE, .nonce_count = s->count,
		                           .nonce_until = now + 300 };
	struct result r = { 0 };

	assert_int_equal(0, loc_store_apply(redis, &change, keep, &r, 0));
	assert_true(kit_redis_until(redis, &r.done));
	return r;
}

#define SAY(...) say(&(struct said){ .at = __VA_ARGS__ })

/* ---- Plain commands: the answer as text, parts joined by '|' ---- */

struct plain {
	int done;
	char text[512];
};

static void put(struct plain *p, const redisReply *r)
{
	const size_t n = strlen(p->text);

	if (r->type == REDIS_REPLY_INTEGER)
		snprintf(p->text + n, sizeof(p->text) - n, "%s%lld", n ? "|" : "", r->integer);
	else if (r->str)
		snprintf(p->text + n, sizeof(p->text) - n, "%s%s", n ? "|" : "", r->str);
	for (size_t i = 0; i < r->elements; i++)
		put(p, r->element[i]);
}

static void came(void *self, uint64_t token, int err, const redisReply *reply)
{
	struct plain *p = self;

	(void)token;
	assert_int_equal(0, err);
	put(p, reply);
	p->done = 1;
}

/* Words between blanks; '_' is a blank within one. */
static struct plain ask(const char *command)
{
	char text[128];
	struct slice rest, argv[8];
	struct plain p = { 0 };
	int argc = 0;

	snprintf(text, sizeof(text), "%s", command);
	rest = slice_str(text);
	for (int at; (at = slice_find(rest, ' ')) >= 0; rest = slice_from(rest, (uint32_t)at + 1))
		argv[argc++] = slice_head(rest, (uint32_t)at);
	argv[argc++] = rest;
	for (char *at; (at = strchr(text, '_'));)
		*at = ' ';
	assert_int_equal(0, loc_redis_call(redis, came, &p, 0, argc, argv));
	assert_true(kit_redis_until(redis, &p.done));
	return p;
}

static void answers(const char *command, const char *text)
{
	assert_string_equal(text, ask(command).text);
}

/* Seconds after NOW that the three sets give. */
static void scores(int64_t exp, int64_t domain, int64_t edge)
{
	char text[32];
	struct plain p = { 0 };

	for (int i = 0; i < 16 && !p.text[0]; i++) {
		char command[64];

		snprintf(command, sizeof(command), "ZRANGE idx:exp:%d 0 -1 WITHSCORES", i);
		p = ask(command);
	}
	snprintf(text, sizeof(text), "|%lld", (long long)(NOW + exp));
	assert_non_null(strstr(p.text, text));
	snprintf(text, sizeof(text), "%lld", (long long)(NOW + domain));
	answers("ZSCORE idx:domain:example.com " AOR, text);
	snprintf(text, sizeof(text), "%lld", (long long)(NOW + edge));
	answers("ZSCORE idx:edge:7 " AOR, text);
}

/* ---- What it writes ---- */

static void a_refresh_moves_the_record_and_leaves_the_sets(void **state)
{
	struct result r;

	(void)state;
	SAY(0, 600, 1);
	r = SAY(10, 600, 2);
	assert_int_equal(610, r.ends);
	scores(610, 610, 610); /* the first refresh makes up for what was lost when it was added */
	r = SAY(20, 600, 3);
	assert_int_equal(0, r.err);
	assert_int_equal(1, r.n);
	assert_int_equal(620, r.ends);
	assert_int_equal(0, r.began);
	scores(610, 610, 610);
	assert_non_null(strstr(ask("HGET reg:" AOR " " ID).text, "{\"expires_at\":4102445420,\"updated_at\":4102444820,\"registered_at\":4102444800,\"cseq\":3,"));
	answers("EXPIRETIME reg:" AOR, "4102445480");
	answers("XLEN events:reg", "3");
	assert_non_null(strstr(ask("XREVRANGE events:reg + - COUNT 1").text, "event|refresh|aor|" AOR "|id|" ID
	                       "|contact|sip:alice@192.0.2.7|expires_at|4102445420|call_id|call|cseq|3"));
}

static void what_is_otherwise_moves_the_sets_too(void **state)
{
	(void)state;
	SAY(0, 600, 1);
	SAY(1, 600, 2);
	SAY(2, 300, 3); /* ends earlier */
	scores(302, 302, 302);
	SAY(3, 400, 4, .params = "methods=\"INVITE\"");
	scores(403, 403, 403);
	SAY(4, 400, 5, .params = "methods=\"INVITE\"", .edge = 8);
	answers("ZSCORE idx:edge:8 " AOR, "4102445204");
	assert_int_equal(RT_STALE, SAY(5, 400, 4, .params = "methods=\"INVITE\"", .edge = 8).err);
	assert_int_equal(404, SAY(6, 400, 5, .params = "methods=\"INVITE\"", .edge = 8).ends); /* sent again: it is as it was */
}

/* RFC 7616 3.4 */
static void a_nonce_count_serves_a_refresh_once(void **state)
{
	(void)state;
	SAY(0, 600, 1, 1, "n1");
	SAY(1, 600, 2, 2, "n1");
	assert_int_equal(602, SAY(2, 600, 3, 3, "n1").ends);
	assert_int_equal(RT_DENIED, SAY(3, 600, 4, 3, "n1").err);
	assert_int_equal(RT_DENIED, SAY(3, 600, 4, 2, "n1").err);
	assert_int_equal(604, SAY(4, 600, 4, 1, "n2").ends); /* both count on */
	assert_int_equal(RT_DENIED, SAY(5, 600, 5, 3, "n1").err);
	assert_int_equal(RT_DENIED, SAY(5, 600, 5, 1, "n2").err);
	answers("HLEN reg:" AOR, "3");
	answers("HGET reg:" AOR " n:n2", "1 4102445104 4 call");
	assert_int_equal(910, SAY(310, 600, 6, 1, "n3").ends); /* those have ended */
	answers("HLEN reg:" AOR, "2");
	SAY(311, 60, 7, 2, "n3");
	answers("EXPIRETIME reg:" AOR, "4102445411"); /* the nonce outlives the binding */
	scores(371, 371, 371);
}

/* A phone that asks for a new nonce each time: eight are remembered, the first to end makes room. */
static void a_ninth_nonce_takes_the_place_of_the_first_to_end(void **state)
{
	static const char *const nonce[] = { "n0", "n1", "n2", "n3", "n4", "n5", "n6", "n7", "n8", "n9" };

	(void)state;
	SAY(0, 600, 1);
	SAY(1, 600, 2);
	for (uint32_t i = 0; i < 10; i++)
		assert_int_equal(602 + i, SAY(2 + i, 600, 3 + i, 1, nonce[i]).ends);
	answers("HLEN reg:" AOR, "9");
	answers("HMGET reg:" AOR " n:n0 n:n1 n:n2", "1 4102445104 5 call");
	assert_int_equal(RT_DENIED, SAY(12, 600, 13, 1, "n9").err);
	assert_int_equal(612, SAY(12, 600, 13, 2, "n9").ends); /* a known one takes no place */
	answers("HLEN reg:" AOR, "9");
	scores(601, 601, 601);
}

/* ---- What the sweeper does ---- */

struct turn {
	int begun, mine;
};

static void begun(void *self, bool mine)
{
	*(struct turn *)self = (struct turn){ 1, mine };
}

static bool sweep(uint32_t me, int64_t at)
{
	struct turn turn = { 0 };

	assert_int_equal(0, loc_sweep(redis, me, 5000, NOW + at, begun, &turn));
	assert_true(kit_redis_until(redis, &turn.begun));
	for (int i = 0; i < 16; i++) /* what it asked, what that answer asked, and so on */
		answers("PING", "PONG");
	return turn.mine;
}

static void scores_are_raised_before_their_time(void **state)
{
	(void)state;
	SAY(0, 600, 1);
	SAY(10, 600, 2);
	SAY(300, 600, 3);
	assert_true(sweep(1, 594));
	scores(610, 610, 610);
	assert_true(sweep(1, 596));
	scores(900, 900, 900);
	answers("XLEN events:reg", "3");
	assert_true(sweep(1, 890)); /* it ends then: nothing to be done yet */
	scores(900, 900, 900);
	assert_true(sweep(1, 900));
	answers("EXISTS reg:" AOR " idx:domain:example.com idx:edge:7", "0");
	assert_non_null(strstr(ask("XREVRANGE events:reg + - COUNT 1").text, "event|expire|"));
	assert_true(sweep(1, 901));
}

static void scores_that_lapsed_are_made_good(void **state)
{
	(void)state;
	SAY(0, 600, 1);
	SAY(10, 600, 2);
	SAY(300, 600, 3);
	ask("DEL idx:domain:example.com");
	assert_true(sweep(1, 700));
	scores(900, 900, 900);
}

/* More wait for their end than a batch holds, and behind them one that goes on. */
static void those_that_wait_hide_nobody(void **state)
{
	(void)state;
	SAY(0, 600, 1);
	SAY(10, 600, 2);
	SAY(300, 600, 3);
	for (int i = 0; i < 16; i++)
		for (int k = 0; k < 100; k++) {
			char command[80];

			snprintf(command, sizeof(command), "ZADD idx:exp:%d %lld %s%d", i, NOW + 605, k % 2 ? "gone@example.com_" : "nobody", k);
			ask(command);
		}
	assert_true(sweep(1, 600));
	answers("ZSCORE idx:domain:example.com " AOR, "4102445700");
}

static void one_sweeps_until_it_is_not_heard_of(void **state)
{
	(void)state;
	ask("SET lock:sweep 4102444800"); /* of a server that raises scores at each refresh */
	assert_true(sweep(1, 0));
	assert_false(sweep(2, 1));
	assert_true(sweep(1, 5));
	assert_int_equal(1, atoi(ask("EVAL return(redis.call('PTTL','lock:sweep')>5000)and(1)or(0) 0").text));
	ask("DEL lock:sweep");
	assert_true(sweep(2, 14));
}

static int start(void **state)
{
	(void)state;
	kit_redis_start(&server, 0, 0);
	redis = loc_redis_new(server.url, 2000, rt_clock_ms());
	return 0;
}

static int stop(void **state)
{
	(void)state;
	loc_redis_destroy(&redis);
	kit_redis_stop(&server);
	return 0;
}

static int empty(void **state)
{
	(void)state;
	ask("FLUSHALL");
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(a_refresh_moves_the_record_and_leaves_the_sets, empty),
		cmocka_unit_test_setup(what_is_otherwise_moves_the_sets_too, empty),
		cmocka_unit_test_setup(a_nonce_count_serves_a_refresh_once, empty),
		cmocka_unit_test_setup(a_ninth_nonce_takes_the_place_of_the_first_to_end, empty),
		cmocka_unit_test_setup(scores_are_raised_before_their_time, empty),
		cmocka_unit_test_setup(scores_that_lapsed_are_made_good, empty),
		cmocka_unit_test_setup(those_that_wait_hide_nobody, empty),
		cmocka_unit_test_setup(one_sweeps_until_it_is_not_heard_of, empty),
	};

	return cmocka_run_group_tests(tests, start, stop);
}
