/* SPDX-License-Identifier: MIT */
/* queue: queue.lua against a real server: places, turns, leases, and what is published; events:reg as one who waits reads it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "kit/redis_server.h"
#include "loc/queue.h"

static struct kit_redis server;
static struct loc_redis *redis;
static char news[4096]; /* "turn 1-7 bob; moved bob; .." */

static void hear(void *self, struct slice channel, struct slice text)
{
	const size_t n = strlen(news);

	(void)self, (void)channel;
	snprintf(news + n, sizeof(news) - n, "%s" SLICE_FMT, n ? "; " : "", SLICE_ARG(text));
}

struct told {
	int done, err;
	struct loc_place place;
};

static void keep(void *self, uint64_t token, int err, const struct loc_place *place)
{
	struct told *t = self;

	(void)token;
	t->done++;
	t->err = err;
	if (place)
		t->place = *place;
}

static struct told stand_as(struct loc_stand s)
{
	struct told t = { 0 };

	s.aor = SLICE("bob");
	s.caller = SLICE("sip:alice@example.com");
	assert_int_equal(loc_queue_stand(redis, &s, keep, &t, 0), 0);
	assert_true(kit_redis_until(redis, &t.done));
	return t;
}

static struct told stand(uint64_t job)
{
	return stand_as((struct loc_stand){ .who = { 1, job } });
}

static void plain_came(void *self, uint64_t token, int err, const redisReply *reply)
{
	(void)token;
	assert_int_equal(err, 0);
	*(int *)self = reply->type == REDIS_REPLY_INTEGER ? (int)reply->integer + 1 : 1;
}

static int ask(int argc, const struct slice *argv)
{
	int answer = 0;

	assert_int_equal(loc_redis_call(redis, plain_came, &answer, 0, argc, argv), 0);
	assert_true(kit_redis_until(redis, &answer));
	return answer - 1;
}

#define ASK(...) ask((int)(sizeof((struct slice[]){ __VA_ARGS__ }) / sizeof(struct slice)), (struct slice[]){ __VA_ARGS__ })

/* Everything published so far, and none of it twice. */
static const char *heard(void)
{
	static char out[sizeof(news)];
	const rt_ms late = rt_clock_ms() + 5000;
	int said;

	while (ASK(SLICE("PUBLISH"), SLICE("queue"), SLICE("end")) == 0) /* not subscribed yet */
		assert_true(rt_clock_ms() < late);
	while (!strstr(news, "end") && rt_clock_ms() < late)
		kit_redis_turn(redis);
	assert_non_null(strstr(news, "end"));
	said = (int)(strstr(news, "end") - news);
	snprintf(out, sizeof(out), "%.*s", said > 2 ? said - 2 : 0, news);
	news[0] = 0;
	return out;
}

static int fresh(void **state)
{
	(void)state;
	ASK(SLICE("DEL"), SLICE("queue:bob"), SLICE("events:reg"));
	heard();
	return 0;
}

static void who_comes_later_stands_behind(void **state)
{
	(void)state;
	assert_int_equal(stand(7).place.ahead, 0);
	assert_int_equal(stand(5).place.ahead, 1);
	assert_int_equal(stand(9).place.ahead, 2);
	assert_int_equal(stand(5).place.ahead, 1); /* again: he stays where he is */
	assert_string_equal(heard(), "wait bob");
	loc_queue_leave(redis, SLICE("bob"), (struct loc_waiter){ 1, 7 }, false);
	assert_int_equal(stand(9).place.ahead, 1);
	assert_string_equal(heard(), "moved bob");
}

static void one_has_his_turn_at_a_time(void **state)
{
	(void)state;
	stand(1);
	stand(2);
	heard();
	loc_queue_free(redis, SLICE("bob"), SLICE(""));
	assert_string_equal(heard(), "turn 1-1 bob");
	assert_true(stand(1).place.turn); /* told again to who missed the message */
	heard();
	loc_queue_free(redis, SLICE("bob"), SLICE("")); /* something else became free meanwhile: not lost */
	assert_string_equal(heard(), "");
	loc_queue_back(redis, SLICE("bob"), (struct loc_waiter){ 1, 1 });
	assert_string_equal(heard(), "turn 1-1 bob");
	loc_queue_leave(redis, SLICE("bob"), (struct loc_waiter){ 1, 1 }, true);
	assert_string_equal(heard(), "turn 1-2 bob; moved bob");
	loc_queue_leave(redis, SLICE("bob"), (struct loc_waiter){ 1, 2 }, true);
	assert_int_equal(ASK(SLICE("EXISTS"), SLICE("queue:bob")), 0);
}

static void one_event_frees_one(void **state)
{
	(void)state;
	stand(1);
	stand(2);
	loc_queue_free(redis, SLICE("bob"), SLICE("1700000000000-3"));
	loc_queue_leave(redis, SLICE("bob"), (struct loc_waiter){ 1, 1 }, false);
	heard();
	loc_queue_free(redis, SLICE("bob"), SLICE("1700000000000-3")); /* another worker read the same event */
	loc_queue_free(redis, SLICE("bob"), SLICE("1700000000000-2"));
	assert_string_equal(heard(), "");
	loc_queue_free(redis, SLICE("bob"), SLICE("1700000000000-10"));
	assert_string_equal(heard(), "turn 1-2 bob");
}

static void with_nobody_ahead_a_fresh_caller_has_his_turn(void **state)
{
	(void)state;
	assert_true(stand_as((struct loc_stand){ .who = { 1, 1 }, .fresh = true }).place.turn);
	assert_false(stand_as((struct loc_stand){ .who = { 1, 2 }, .fresh = true }).place.turn);
}

static void the_queue_has_an_end(void **state)
{
	(void)state;
	for (int i = 1; i <= LOC_QUEUE_MAX; i++)
		assert_int_equal(stand((uint64_t)i).err, 0);
	assert_int_equal(stand(LOC_QUEUE_MAX + 1).err, RT_BIG);
	assert_int_equal(stand(LOC_QUEUE_MAX).err, 0);
}

/* Leases are of Redis's clock: two of them are written as if they had ended. */
static void who_is_not_heard_of_is_gone_and_so_is_his_turn(void **state)
{
	(void)state;
	ASK(SLICE("HSET"), SLICE("queue:bob"), SLICE("9-1"), SLICE("1000 1000 1 sip:dead@example.com"), SLICE("9-2"),
	    SLICE("2000 1000 0 sip:dead@example.com"));
	assert_int_equal(stand(3).place.ahead, 0);
	assert_string_equal(heard(), "wait bob; turn 1-3 bob; moved bob");
	assert_int_equal(ASK(SLICE("HLEN"), SLICE("queue:bob")), 1);
}

static void a_place_survives_the_loss_of_redis(void **state)
{
	struct told first, second;

	(void)state;
	first = stand(1);
	second = stand(2);
	ASK(SLICE("DEL"), SLICE("queue:bob"));
	assert_int_equal(stand_as((struct loc_stand){ .who = { 1, 2 }, .since = second.place.since }).place.ahead, 0);
	assert_int_equal(stand_as((struct loc_stand){ .who = { 1, 1 }, .since = first.place.since }).place.ahead, 0);
	assert_int_equal(stand(2).place.ahead, 1);
}

static void news_are_read(void **state)
{
	static const char *const bad[] = { "", "turn", "turn 1-2", "turn 12 bob", "turn x-1 bob", "turn 1-x bob", "moved", "moved ", "gone bob" };
	struct loc_waiter who;
	enum loc_news what;
	struct slice aor;

	(void)state;
	assert_int_equal(loc_queue_news(SLICE("turn 12-345 bob@example.com"), &what, &who, &aor), 0);
	assert_int_equal(what, LOC_NEWS_TURN);
	assert_int_equal(who.worker, 12);
	assert_int_equal(who.job, 345);
	assert_true(slice_eq(aor, SLICE("bob@example.com")));
	assert_int_equal(loc_queue_news(SLICE("wait bob"), &what, &who, &aor), 0);
	assert_int_equal(what, LOC_NEWS_WAIT);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(loc_queue_news(slice_str(bad[i]), &what, &who, &aor), RT_BAD);
}

/* ---- events:reg ---- */

struct seen {
	int done, n;
	bool more;
	char at[40], text[256];
};

static void registered(void *self, int err, const struct loc_registered *e, int n, bool more)
{
	struct seen *s = self;

	assert_int_equal(err, 0);
	s->done = 1;
	s->n = n;
	s->more = more;
	for (int i = 0; i < n; i++) {
		slice_cstr(e[i].at, s->at, sizeof(s->at));
		snprintf(s->text + strlen(s->text), sizeof(s->text) - strlen(s->text), SLICE_FMT " " SLICE_FMT "; ", SLICE_ARG(e[i].kind),
		         SLICE_ARG(e[i].aor));
	}
}

static struct seen since(const char *at)
{
	struct seen s = { 0 };

	assert_int_equal(loc_registered_since(redis, slice_str(at), registered, &s), 0);
	assert_true(kit_redis_until(redis, &s.done));
	return s;
}

static void add(const char *at, const char *kind, const char *aor)
{
	ASK(SLICE("XADD"), SLICE("events:reg"), slice_str(at), SLICE("event"), slice_str(kind), SLICE("aor"), slice_str(aor));
}

static void registrations_are_read_from_where_one_began(void **state)
{
	struct seen s;

	(void)state;
	assert_int_equal(since("").n, 0);
	add("5-1", "add", "bob");
	add("5-2", "add", "carol");
	s = since("");
	assert_int_equal(s.n, 1);
	assert_string_equal(s.at, "5-2");
	assert_int_equal(since("5-2").n, 0);
	add("6-1", "refresh", "bob");
	add("7-1", "remove", "bob");
	assert_string_equal(since("5-2").text, "refresh bob; remove bob; ");
}

static int begin(void **state)
{
	(void)state;
	kit_redis_start(&server, 0, 0);
	redis = loc_redis_new(server.url, 2000, rt_clock_ms());
	return redis ? loc_redis_subscribe(redis, SLICE("queue"), hear, 0) : -1;
}

static int end(void **state)
{
	(void)state;
	loc_redis_destroy(&redis);
	kit_redis_stop(&server);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(who_comes_later_stands_behind, fresh),
		cmocka_unit_test_setup(one_has_his_turn_at_a_time, fresh),
		cmocka_unit_test_setup(one_event_frees_one, fresh),
		cmocka_unit_test_setup(with_nobody_ahead_a_fresh_caller_has_his_turn, fresh),
		cmocka_unit_test_setup(the_queue_has_an_end, fresh),
		cmocka_unit_test_setup(who_is_not_heard_of_is_gone_and_so_is_his_turn, fresh),
		cmocka_unit_test_setup(a_place_survives_the_loss_of_redis, fresh),
		cmocka_unit_test(news_are_read),
		cmocka_unit_test_setup(registrations_are_read_from_where_one_began, fresh),
	};

	return cmocka_run_group_tests(tests, begin, end);
}
