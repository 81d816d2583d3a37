/* SPDX-License-Identifier: MIT */
/* places: Redis as operators run it: behind Sentinels, with an ACL user, on a unix socket, as a cluster. Real processes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "kit/redis_server.h"

#define ARGS(...) (int)(sizeof((struct slice[]){ __VA_ARGS__ }) / sizeof(struct slice)), (struct slice[]){ __VA_ARGS__ }

enum { MASTER = 24011, REPLICA, SENTINEL, NOBODY }; /* ports */

struct got {
	int done, err;
	char text[256];
};

static void keep(void *arg, uint64_t token, int err, const redisReply *reply)
{
	struct got *g = arg;

	(void)token;
	g->done++;
	g->err = err;
	snprintf(g->text, sizeof(g->text), "%s", reply && reply->str ? reply->str : "");
}

/* Write until one write was taken, so many seconds; whether one was. */
static bool writes(struct loc_redis *redis, struct slice value, int seconds)
{
	const rt_ms end = rt_clock_ms() + (rt_ms)seconds * 1000;

	while (rt_clock_ms() < end) {
		struct got g = { 0 };

		if (loc_redis_call(redis, keep, &g, 0, ARGS(SLICE("SET"), SLICE("k"), value)))
			kit_redis_turn(redis);
		else if (kit_redis_until(redis, &g.done) && g.err == 0)
			return true;
	}
	return false;
}

static bool comes_to_say(struct loc_redis *redis, const char *words)
{
	const rt_ms end = rt_clock_ms() + 5000;

	while (!strstr(loc_redis_trouble(redis), words) && rt_clock_ms() < end)
		kit_redis_turn(redis);
	return strstr(loc_redis_trouble(redis), words) != 0;
}

/* ---- Sentinel ---- */

/* A sentinel keeps what it knows in its own configuration file. */
static pid_t start_sentinel(const char *folder, const char *password)
{
	char path[128];
	FILE *f;
	pid_t pid;

	snprintf(path, sizeof(path), "%s/sentinel.conf", folder);
	f = fopen(path, "w");
	assert_non_null(f);
	fprintf(f, "port %d\nbind 127.0.0.1\ndir %s\nsentinel monitor peal 127.0.0.1 %d 1\nsentinel down-after-milliseconds peal 400\n"
	           "sentinel failover-timeout peal 3000\n", SENTINEL, folder, MASTER);
	if (password)
		fprintf(f, "requirepass %s\n", password);
	fclose(f);
	pid = fork();
	if (pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		if (!freopen("/dev/null", "w", stdout))
			_exit(126);
		execlp("redis-server", "redis-server", path, "--sentinel", (char *)0);
		_exit(127);
	}
	return pid;
}

static void wait_in_step(const struct kit_redis *master)
{
	struct loc_redis *redis = loc_redis_new(master->url, 500, rt_clock_ms());
	const rt_ms end = rt_clock_ms() + 10000;
	struct got g = { 0 };

	while (!strstr(g.text, "state=online") && rt_clock_ms() < end) {
		g.done = 0;
		if (!loc_redis_call(redis, keep, &g, 0, ARGS(SLICE("INFO"), SLICE("replication"))))
			kit_redis_until(redis, &g.done);
		usleep(20000);
	}
	assert_non_null(strstr(g.text, "state=online"));
	loc_redis_destroy(&redis);
}

static void a_failover_is_followed(void **state)
{
	static const char *const at_once[] = { "--repl-diskless-sync-delay", "0", 0 };
	static const char *const follows[] = { "--replicaof", "127.0.0.1 24011", 0 };
	struct kit_redis master, replica;
	struct got g = { 0 };
	char path[128], url[128];
	struct loc_redis *redis;
	pid_t sentinel;

	(void)state;
	kit_redis_start_with(&master, MASTER, 0, at_once);
	kit_redis_start_with(&replica, REPLICA, 0, follows);
	wait_in_step(&master); /* the sentinel asks the master for its replicas when it begins, then every ten seconds */
	sentinel = start_sentinel(master.folder, 0);
	snprintf(url, sizeof(url), "redis+sentinel://127.0.0.1:%d,127.0.0.1:%d/peal/2", NOBODY, SENTINEL);
	redis = loc_redis_new(url, 500, rt_clock_ms());
	assert_non_null(redis);
	assert_true(writes(redis, SLICE("before"), 10));
	assert_int_equal(0, loc_redis_call(redis, keep, &g, 0, ARGS(SLICE("CLIENT"), SLICE("INFO"))));
	assert_true(kit_redis_until(redis, &g.done));
	assert_non_null(strstr(g.text, " db=2 "));
	sleep(2); /* until the sentinel has met the replica, too */
	kit_redis_kill(&master);
	assert_true(writes(redis, SLICE("after"), 20));
	loc_redis_destroy(&redis);
	kill(sentinel, SIGKILL);
	waitpid(sentinel, 0, 0);
	snprintf(path, sizeof(path), "%s/sentinel.conf", master.folder);
	unlink(path);
	kit_redis_stop(&replica);
	kit_redis_stop(&master);
}

static void sentinels_that_do_not_know_it_are_said(void **state)
{
	struct kit_redis dummy;
	struct loc_redis *redis = loc_redis_new("redis+sentinel://127.0.0.1:24014/peal", 500, rt_clock_ms());
	pid_t sentinel;
	char path[128];

	(void)state;
	assert_true(comes_to_say(redis, "sentinel: redis at 127.0.0.1:24014"));
	loc_redis_destroy(&redis);

	kit_redis_start(&dummy, 0, 0);
	sentinel = start_sentinel(dummy.folder, 0);
	redis = loc_redis_new("redis+sentinel://127.0.0.1:24013/other", 500, rt_clock_ms());
	assert_true(comes_to_say(redis, "no master of that name"));
	loc_redis_destroy(&redis);
	kill(sentinel, SIGKILL);
	waitpid(sentinel, 0, 0);
	snprintf(path, sizeof(path), "%s/sentinel.conf", dummy.folder);
	unlink(path);
	kit_redis_stop(&dummy);
}

static void sentinels_may_want_a_password(void **state)
{
	struct kit_redis master;
	struct loc_redis *redis;
	pid_t sentinel;
	char path[128];

	(void)state;
	kit_redis_start(&master, MASTER, 0);
	sentinel = start_sentinel(master.folder, "w@tch");
	redis = loc_redis_new("redis+sentinel://127.0.0.1:24013/peal?sentinel=:w%40tch", 500, rt_clock_ms());
	assert_true(writes(redis, SLICE("by password"), 10));
	loc_redis_destroy(&redis);
	redis = loc_redis_new("redis+sentinel://127.0.0.1:24013/peal?sentinel=default:w%40tch", 500, rt_clock_ms());
	assert_true(writes(redis, SLICE("by user"), 10));
	loc_redis_destroy(&redis);
	redis = loc_redis_new("redis+sentinel://127.0.0.1:24013/peal?sentinel=:guess", 500, rt_clock_ms());
	assert_true(comes_to_say(redis, "WRONGPASS"));
	loc_redis_destroy(&redis);
	redis = loc_redis_new("redis+sentinel://127.0.0.1:24013/peal", 500, rt_clock_ms());
	assert_true(comes_to_say(redis, "NOAUTH"));
	loc_redis_destroy(&redis);
	kill(sentinel, SIGKILL);
	waitpid(sentinel, 0, 0);
	snprintf(path, sizeof(path), "%s/sentinel.conf", master.folder);
	unlink(path);
	kit_redis_stop(&master);
}

/* ---- Users, sockets ---- */

static void an_acl_user_needs_no_more_than_it_uses(void **state)
{
	static const char *const users[] = { "--user", "default", "off", "--user", "peal", "on", ">secret", "~*", "&*", "+@all",
		                             "-@dangerous", 0 };
	struct kit_redis server;
	struct loc_redis *redis;
	char url[200];

	(void)state;
	kit_redis_start_with(&server, MASTER, 0, users);
	snprintf(url, sizeof(url), "unix://peal:secret@%s", server.socket);
	redis = loc_redis_new(url, 1000, rt_clock_ms());
	assert_true(writes(redis, SLICE("by socket"), 5));
	loc_redis_destroy(&redis);
	redis = loc_redis_new("redis://peal:secret@localhost:24011/3", 1000, rt_clock_ms());
	assert_true(writes(redis, SLICE("by TCP"), 5));
	loc_redis_destroy(&redis);
	redis = loc_redis_new("redis://peal:guess@localhost:24011", 1000, rt_clock_ms());
	assert_true(comes_to_say(redis, "WRONGPASS"));
	loc_redis_destroy(&redis);
	kit_redis_stop(&server);
}

/* ---- Cluster ---- */

static void a_cluster_is_refused_by_name(void **state)
{
	static const char *const cluster[] = { "--cluster-enabled", "yes", 0 };
	struct kit_redis server;
	struct loc_redis *redis;
	char path[128];

	(void)state;
	kit_redis_start_with(&server, MASTER, 0, cluster);
	redis = loc_redis_new(server.url, 1000, rt_clock_ms());
	assert_true(comes_to_say(redis, "redis+cluster://"));
	assert_false(loc_redis_up(redis));
	loc_redis_destroy(&redis);
	snprintf(path, sizeof(path), "%s/nodes.conf", server.folder);
	unlink(path);
	redis = loc_redis_new("redis+cluster://127.0.0.1:24011", 1000, rt_clock_ms());
	assert_true(comes_to_say(redis, "not every slot"));
	loc_redis_destroy(&redis);
	kit_redis_stop(&server);
	kit_redis_start(&server, MASTER, 0);
	redis = loc_redis_new("redis+cluster://127.0.0.1:24011", 1000, rt_clock_ms());
	assert_true(comes_to_say(redis, "no node of a Redis Cluster"));
	loc_redis_destroy(&redis);
	kit_redis_stop(&server);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_failover_is_followed),
		cmocka_unit_test(sentinels_that_do_not_know_it_are_said),
		cmocka_unit_test(sentinels_may_want_a_password),
		cmocka_unit_test(an_acl_user_needs_no_more_than_it_uses),
		cmocka_unit_test(a_cluster_is_refused_by_name),
	};

	return cmocka_run_group_tests(tests, 0, 0);
}
