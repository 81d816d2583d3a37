/* SPDX-License-Identifier: MIT */
/* redis: order, deadlines, losses, logins, scripts and subscriptions, against a real server. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include "kit/redis_server.h"
#include "limits.h"
#include "loc/url.h"

#define ARGS(...) (int)(sizeof((struct slice[]){ __VA_ARGS__ }) / sizeof(struct slice)), (struct slice[]){ __VA_ARGS__ }

static struct kit_redis server;

struct got {
	int done, err;
	uint64_t token;
	long long integer;
	char text[256];
};

static void keep(void *arg, uint64_t token, int err, const redisReply *reply)
{
	struct got *g = arg;

	g->done++;
	g->err = err;
	g->token = token;
	if (reply) {
		g->integer = reply->integer;
		snprintf(g->text, sizeof(g->text), "%s", reply->str ? reply->str : "");
	}
}

static void urls_are_read(void **state)
{
	static const char *const bad[] = { "", "redis://", "redis://host:0", "redis://host:70000", "redis://h/x", "http://h",
	                                   "unix://relative", "redis://user@h", "redis://[::1", "unix:///s?db=x",
	                                   "redis+sentinel://h", "redis+sentinel://h/", "redis+sentinel:///m", "redis+sentinel://h:0/m",
	                                   "redis+sentinel://a,b,c,d,e,f,g,h,i/m", "redis+sentinel://h/m/x",
	                                   "redis+sentinel://h/m?other=a:b", "redis+sentinel://h/m?sentinel=a", "redis+cluster://",
	                                   "redis+cluster://h/0", "redis+cluster://,h", "redis+cluster://a,b,c,d,e,f,g,h,i" };
	struct loc_url u;
	char name[64];

	(void)state;
	assert_int_equal(0, loc_url_parse(&u, SLICE("redis://peal:p%40ss@db-1:7000/3")));
	assert_string_equal("db-1", u.host);
	assert_string_equal("peal", u.user);
	assert_string_equal("p@ss", u.password);
	assert_int_equal(7000, u.port);
	assert_int_equal(3, u.db);
	loc_url_name(&u, name, sizeof(name));
	assert_string_equal("redis at db-1:7000", name);
	assert_int_equal(0, loc_url_parse(&u, SLICE("redis://[2001:db8::1]")));
	assert_string_equal("2001:db8::1", u.host);
	assert_int_equal(6379, u.port);
	assert_int_equal(0, loc_url_parse(&u, SLICE("redis://:secret@h/")));
	assert_string_equal("", u.user);
	assert_string_equal("secret", u.password);
	assert_int_equal(0, loc_url_parse(&u, SLICE("unix:///run/redis.sock?db=2")));
	assert_string_equal("/run/redis.sock", u.path);
	assert_int_equal(2, u.db);
	assert_int_equal(0, loc_url_parse(&u, SLICE("unix://peal:secret@/run/redis.sock")));
	assert_string_equal("peal", u.user);
	assert_string_equal("/run/redis.sock", u.path);
	assert_int_equal(0, loc_url_parse(&u, SLICE("redis+sentinel://peal:x@s-1,[2001:db8::2]:7/main/4")));
	assert_int_equal(2, u.nplace);
	assert_string_equal("s-1", u.place[0].host);
	assert_int_equal(26379, u.place[0].port);
	assert_string_equal("2001:db8::2", u.place[1].host);
	assert_int_equal(7, u.place[1].port);
	assert_string_equal("main", u.master);
	assert_string_equal("x", u.password);
	assert_int_equal(4, u.db);
	loc_url_name(&u, name, sizeof(name));
	assert_string_equal("redis master main", name);
	assert_int_equal(0, loc_url_parse(&u, SLICE("redis+sentinel://s/main?sentinel=watch:p%3fss")));
	assert_string_equal("main", u.master);
	assert_string_equal("watch", u.sentinel_user);
	assert_string_equal("p?ss", u.sentinel_password);
	assert_string_equal("", u.password);
	assert_int_equal(0, loc_url_parse(&u, SLICE("redis+cluster://peal:x@a:7000,[2001:db8::2]")));
	assert_true(u.is_cluster);
	assert_int_equal(2, u.nplace);
	assert_int_equal(7000, u.place[0].port);
	assert_int_equal(6379, u.place[1].port);
	assert_string_equal("2001:db8::2", u.place[1].host);
	loc_url_name(&u, name, sizeof(name));
	assert_string_equal("redis cluster of a:7000", name);
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		assert_int_equal(RT_BAD, loc_url_parse(&u, slice_str(bad[i])));
}

static void commands_are_answered_in_order(void **state)
{
	struct loc_redis *redis = loc_redis_new(server.url, 1000, rt_clock_ms());
	struct got g[300] = { 0 };

	(void)state;
	assert_int_equal(0, loc_redis_call(redis, keep, &g[0], 0, ARGS(SLICE("DEL"), SLICE("n"))));
	for (uint64_t i = 1; i < 300; i++)
		assert_int_equal(0, loc_redis_call(redis, keep, &g[i], i, ARGS(SLICE("INCR"), SLICE("n"))));
	assert_true(kit_redis_until(redis, &g[299].done));
	for (uint64_t i = 1; i < 300; i++) {
		assert_int_equal(1, g[i].done);
		assert_int_equal(0, g[i].err);
		assert_int_equal(i, g[i].token);
		assert_int_equal(i, g[i].integer);
	}
	assert_true(loc_redis_up(redis));
	assert_string_equal("", loc_redis_trouble(redis));
	loc_redis_destroy(&redis);
	assert_null(redis);
}

static void an_error_reply_is_bad_and_shown(void **state)
{
	struct loc_redis *redis = loc_redis_new(server.url, 1000, rt_clock_ms());
	struct got g = { 0 };

	(void)state;
	assert_int_equal(0, loc_redis_call(redis, keep, &g, 7, ARGS(SLICE("NOSUCHCOMMAND"))));
	assert_true(kit_redis_until(redis, &g.done));
	assert_int_equal(RT_BAD, g.err);
	assert_non_null(strstr(g.text, "unknown command"));
	loc_redis_destroy(&redis);
}

/* A value larger than one read and one socket buffer. */
static void large_values_pass(void **state)
{
	struct loc_redis *redis = loc_redis_new(server.url, 5000, rt_clock_ms());
	const uint32_t n = 3 << 20;
	char *big = malloc(n);
	struct got set = { 0 }, length = { 0 }, get = { 0 };

	(void)state;
	memset(big, 'x', n);
	assert_int_equal(0, loc_redis_call(redis, keep, &set, 0, ARGS(SLICE("SET"), SLICE("big"), slice_of(big, n))));
	assert_int_equal(0, loc_redis_call(redis, keep, &get, 0, ARGS(SLICE("GET"), SLICE("big"))));
	assert_int_equal(0, loc_redis_call(redis, keep, &length, 0, ARGS(SLICE("STRLEN"), SLICE("big"))));
	assert_true(kit_redis_until(redis, &length.done));
	assert_int_equal(n, length.integer);
	assert_int_equal(0, get.err);
	free(big);
	loc_redis_destroy(&redis);
}

static void more_than_may_wait_is_refused(void **state)
{
	struct loc_redis *redis = loc_redis_new(server.url, 1000, rt_clock_ms());
	struct got g = { 0 };
	int n = 0, err = 0;

	(void)state;
	while (n < LOC_PENDING_MAX && !err) {
		err = loc_redis_call(redis, keep, &g, 0, ARGS(SLICE("PING")));
		n += !err;
	}
	assert_int_equal(LOC_PENDING_MAX, n);
	assert_int_equal(RT_DOWN, loc_redis_call(redis, keep, &g, 0, ARGS(SLICE("PING"))));
	assert_int_equal(0, g.done);
	loc_redis_destroy(&redis);
	assert_int_equal(LOC_PENDING_MAX, g.done); /* each exactly once */
	assert_int_equal(RT_DOWN, g.err);
}

static void a_silent_server_is_a_timeout_then_a_loss(void **state)
{
	struct loc_redis *redis = loc_redis_new(server.url, 100, rt_clock_ms());
	struct got first = { 0 }, late = { 0 }, after = { 0 };
	rt_ms began;

	(void)state;
	assert_int_equal(0, loc_redis_call(redis, keep, &first, 0, ARGS(SLICE("PING"))));
	assert_true(kit_redis_until(redis, &first.done));
	kill(server.pid, SIGSTOP);
	began = rt_clock_ms();
	assert_int_equal(0, loc_redis_call(redis, keep, &late, 0, ARGS(SLICE("ECHO"), SLICE("late"))));
	assert_true(kit_redis_until(redis, &late.done));
	assert_int_equal(RT_TIMEOUT, late.err);
	assert_in_range(rt_clock_ms() - began, 90, 400);
	kill(server.pid, SIGCONT);
	assert_int_equal(0, loc_redis_call(redis, keep, &after, 0, ARGS(SLICE("ECHO"), SLICE("after"))));
	assert_true(kit_redis_until(redis, &after.done));
	assert_string_equal("after", after.text); /* the late reply went to nobody */
	assert_int_equal(1, late.done);

	kill(server.pid, SIGSTOP);
	assert_int_equal(0, loc_redis_call(redis, keep, &late, 0, ARGS(SLICE("PING"))));
	began = rt_clock_ms();
	while (loc_redis_up(redis) && rt_clock_ms() - began < 5000)
		kit_redis_turn(redis);
	assert_false(loc_redis_up(redis));
	assert_non_null(strstr(loc_redis_trouble(redis), "stopped answering"));
	kill(server.pid, SIGCONT);
	loc_redis_destroy(&redis);
}

/* What answers at the port of a Redis that is none: said in the words of who found out, though those belong to what is freed then. */
static void another_service_is_told_as_such(void **state)
{
	struct sockaddr_in any = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	const int door = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	socklen_t size = sizeof(any);
	struct loc_redis *redis;
	const rt_ms end = rt_clock_ms() + 5000;
	char url[64];
	int guest = -1;

	(void)state;
	assert_int_equal(0, bind(door, (struct sockaddr *)&any, size));
	assert_int_equal(0, listen(door, 4));
	assert_int_equal(0, getsockname(door, (struct sockaddr *)&any, &size));
	assert_int_equal(0, fcntl(door, F_SETFL, O_NONBLOCK));
	snprintf(url, sizeof(url), "redis://127.0.0.1:%u/0", ntohs(any.sin_port));
	redis = loc_redis_new(url, 1000, rt_clock_ms());
	while (!strstr(loc_redis_trouble(redis), "Protocol error") && rt_clock_ms() < end) {
		if (guest < 0 && (guest = accept(door, 0, 0)) >= 0)
			assert_int_equal(12, write(guest, "HTTP/1.1 400", 12));
		kit_redis_turn(redis);
	}
	assert_non_null(strstr(loc_redis_trouble(redis), "Protocol error, got \"H\""));
	loc_redis_destroy(&redis);
	close(guest);
	close(door);
}

static void a_restart_is_survived(void **state)
{
	struct loc_redis *redis = loc_redis_new(server.url, 1000, rt_clock_ms());
	struct got before = { 0 }, lost = { 0 }, after = { 0 };
	const rt_ms end = rt_clock_ms() + 5000;

	(void)state;
	assert_int_equal(0, loc_redis_call(redis, keep, &before, 0, ARGS(SLICE("PING"))));
	assert_true(kit_redis_until(redis, &before.done));
	kill(server.pid, SIGSTOP);
	assert_int_equal(0, loc_redis_call(redis, keep, &lost, 0, ARGS(SLICE("PING"))));
	loc_redis_flush(redis);
	kit_redis_kill(&server);
	assert_true(kit_redis_until(redis, &lost.done));
	assert_int_equal(RT_DOWN, lost.err);
	assert_int_equal(RT_DOWN, loc_redis_call(redis, keep, &lost, 0, ARGS(SLICE("PING"))));
	assert_int_equal(1, lost.done); /* refused at once: not called */
	assert_int_not_equal('\0', loc_redis_trouble(redis)[0]);
	kit_redis_launch(&server, 0);
	while (loc_redis_call(redis, keep, &after, 0, ARGS(SLICE("PING"))) && rt_clock_ms() < end)
		kit_redis_turn(redis);
	assert_true(kit_redis_until(redis, &after.done));
	assert_int_equal(0, after.err);
	loc_redis_destroy(&redis);
}

static void scripts_survive_a_flush_of_the_script_cache(void **state)
{
	static struct loc_script script = { .text = "return ARGV[1] .. KEYS[1] .. redis.call('INCR', KEYS[1])" };
	struct loc_redis *redis = loc_redis_new(server.url, 1000, rt_clock_ms());
	struct got g[3] = { 0 }, cleared = { 0 }, last = { 0 };

	(void)state;
	for (int i = 0; i < 3; i++) {
		if (i == 2)
			assert_int_equal(0, loc_redis_call(redis, keep, &cleared, 0, ARGS(SLICE("SCRIPT"), SLICE("FLUSH"))));
		assert_int_equal(0, loc_redis_script(redis, &script, keep, &g[i], 0, 1, ARGS(SLICE("key"), SLICE("a"))));
		if (i == 2)
			assert_int_equal(0, loc_redis_call(redis, keep, &last, 0, ARGS(SLICE("ECHO"), SLICE("z"))));
		assert_true(kit_redis_until(redis, &g[i].done));
		assert_int_equal(0, g[i].err);
		assert_int_equal(40, strlen(script.sha));
	}
	assert_string_equal("akey1", g[0].text);
	assert_string_equal("akey3", g[2].text);
	assert_string_equal("z", last.text);
	assert_int_equal(1, g[2].done);
	loc_redis_destroy(&redis);
}

static void hear(void *arg, struct slice channel, struct slice text)
{
	struct got *g = arg;

	g->done++;
	snprintf(g->text, sizeof(g->text), SLICE_FMT "=" SLICE_FMT, SLICE_ARG(channel), SLICE_ARG(text));
}

static void publish_until(struct loc_redis *redis, struct got *heard, int wanted)
{
	static struct got g; /* answers may come after we are gone */
	const rt_ms end = rt_clock_ms() + 5000;

	while (heard->done < wanted && rt_clock_ms() < end) {
		(void)!loc_redis_call(redis, keep, &g, 0, ARGS(SLICE("PUBLISH"), SLICE("news"), SLICE("hello")));
		kit_redis_turn(redis);
		usleep(2000);
	}
	assert_true(heard->done >= wanted);
}

static void subscriptions_come_back_after_a_loss(void **state)
{
	struct loc_redis *redis = loc_redis_new(server.url, 1000, rt_clock_ms());
	struct got heard = { 0 };

	(void)state;
	assert_int_equal(0, loc_redis_subscribe(redis, SLICE("other"), hear, &heard));
	assert_int_equal(0, loc_redis_subscribe(redis, SLICE("news"), hear, &heard));
	publish_until(redis, &heard, 1);
	assert_string_equal("news=hello", heard.text);
	kit_redis_kill(&server);
	kit_redis_launch(&server, 0);
	publish_until(redis, &heard, heard.done + 1);
	loc_redis_destroy(&redis);
}

static void a_password_and_a_name_are_used(void **state)
{
	struct kit_redis locked;
	struct got g = { 0 };
	char url[200];
	struct loc_redis *redis;

	(void)state;
	kit_redis_start(&locked, 24001, "secret");
	redis = loc_redis_new("redis://:wrong@localhost:24001/1", 1000, rt_clock_ms());
	for (int i = 0; i < 20 && !strstr(loc_redis_trouble(redis), "WRONGPASS"); i++)
		kit_redis_turn(redis);
	assert_non_null(strstr(loc_redis_trouble(redis), "WRONGPASS"));
	assert_non_null(strstr(loc_redis_trouble(redis), "localhost:24001"));
	assert_null(strstr(loc_redis_trouble(redis), "wrong@"));
	loc_redis_destroy(&redis);

	snprintf(url, sizeof(url), "redis://:secret@localhost:%d/1", locked.port);
	redis = loc_redis_new(url, 1000, rt_clock_ms());
	while (loc_redis_call(redis, keep, &g, 0, ARGS(SLICE("CLIENT"), SLICE("INFO"))))
		kit_redis_turn(redis);
	assert_true(kit_redis_until(redis, &g.done));
	assert_int_equal(0, g.err);
	assert_non_null(strstr(g.text, " db=1 "));
	loc_redis_destroy(&redis);
	kit_redis_stop(&locked);
}

static int start(void **state)
{
	(void)state;
	kit_redis_start(&server, 0, 0);
	return 0;
}

static int stop(void **state)
{
	(void)state;
	kit_redis_stop(&server);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(urls_are_read),
		cmocka_unit_test(commands_are_answered_in_order),
		cmocka_unit_test(an_error_reply_is_bad_and_shown),
		cmocka_unit_test(large_values_pass),
		cmocka_unit_test(more_than_may_wait_is_refused),
		cmocka_unit_test(a_silent_server_is_a_timeout_then_a_loss),
		cmocka_unit_test(another_service_is_told_as_such),
		cmocka_unit_test(a_restart_is_survived),
		cmocka_unit_test(scripts_survive_a_flush_of_the_script_cache),
		cmocka_unit_test(subscriptions_come_back_after_a_loss),
		cmocka_unit_test(a_password_and_a_name_are_used),
	};

	return cmocka_run_group_tests(tests, start, stop);
}
