/* SPDX-License-Identifier: MIT */
/* cluster: three masters and a replica, real processes; a load of counters while slots move and a replica takes over. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "kit/redis_server.h"
#include "loc/slot.h"

#define ARGS(...) (int)(sizeof((struct slice[]){ __VA_ARGS__ }) / sizeof(struct slice)), (struct slice[]){ __VA_ARGS__ }

enum { MASTERS = 3, NODES = 4, FIRST = 31510, BUS = 31520, KEYS = 300, AT_ONCE = 64, SPAN = LOC_SLOTS / MASTERS };

static struct kit_redis node[NODES];
static redisContext *direct[NODES];

/* ---- The pure part ---- */

static void slots_are_those_of_the_specification(void **state)
{
	(void)state;
	assert_int_equal(0x31c3, loc_key_slot(SLICE("123456789"))); /* its own vector; 0x31C3 is below 16384 */
	assert_int_equal(loc_key_slot(SLICE("user1000")), loc_key_slot(SLICE("{user1000}.following")));
	assert_int_equal(loc_key_slot(SLICE("{bar")), loc_key_slot(SLICE("foo{{bar}}zap")));
	assert_int_equal(loc_key_slot(SLICE("bar")), loc_key_slot(SLICE("foo{bar}{zap}")));
	assert_int_not_equal(loc_key_slot(SLICE("bar")), loc_key_slot(SLICE("foo{}{bar}"))); /* empty braces: the whole key */
	assert_int_equal(loc_key_slot(SLICE("foo{}{bar}")), loc_key_slot(SLICE("foo{}{bar}")));
}

static void a_key_is_where_its_command_has_it(void **state)
{
	const int k = loc_key_slot(SLICE("k"));

	(void)state;
	assert_int_equal(k, loc_command_slot(ARGS(SLICE("get"), SLICE("k"))));
	assert_int_equal(k, loc_command_slot(ARGS(SLICE("XGROUP"), SLICE("CREATE"), SLICE("k"), SLICE("g"), SLICE("$"))));
	assert_int_equal(k, loc_command_slot(ARGS(SLICE("XREADGROUP"), SLICE("GROUP"), SLICE("g"), SLICE("c"), SLICE("COUNT"), SLICE("1"),
	                                          SLICE("STREAMS"), SLICE("k"), SLICE(">"))));
	assert_int_equal(-1, loc_command_slot(ARGS(SLICE("PUBLISH"), SLICE("k"), SLICE("text"))));
	assert_int_equal(-1, loc_command_slot(ARGS(SLICE("PING"))));
	assert_int_equal(-1, loc_command_slot(ARGS(SLICE("GET"))));
	assert_int_equal(-1, loc_command_slot(ARGS(SLICE("XREAD"), SLICE("STREAMS"))));
}

/* ---- The processes ---- */

__attribute__((format(printf, 2, 3))) static redisReply *say(int i, const char *fmt, ...)
{
	va_list args;
	redisReply *r;

	va_start(args, fmt);
	r = redisvCommand(direct[i], fmt, args);
	va_end(args);
	assert_non_null(r);
	return r;
}

#define DO(i, ...) freeReplyObject(say(i, __VA_ARGS__))

static void wait_for(int i, const char *verb, const char *what, const char *words)
{
	const rt_ms end = rt_clock_ms() + 15000;
	bool there = false;

	while (!there && rt_clock_ms() < end) {
		redisReply *r = say(i, "%s %s", verb, what);

		there = r->str && strstr(r->str, words);
		freeReplyObject(r);
		if (!there)
			usleep(20000);
	}
	if (!there)
		fail_msg("node %d: %s never said %s", i, what, words);
}

static void id_of(int i, char out[64])
{
	redisReply *r = say(i, "CLUSTER MYID");

	snprintf(out, 64, "%s", r->str);
	freeReplyObject(r);
}

/* For so many ms a silent node is none that died: long where none is killed, since a busy machine stops all of them for a second. */
static void be_patient(int ms)
{
	for (int i = 0; i < NODES; i++)
		DO(i, "CONFIG SET cluster-node-timeout %d", ms);
}

static int start_cluster(void **state)
{
	char id[64];

	(void)state;
	for (int i = 0; i < NODES; i++) {
		char bus[16];
		const char *const words[] = { "--cluster-enabled", "yes", "--cluster-port", bus, "--cluster-node-timeout", "600",
			                      "--repl-diskless-sync-delay", "0", 0 };

		snprintf(bus, sizeof(bus), "%d", BUS + i);
		kit_redis_start_with(&node[i], FIRST + i, 0, words);
		direct[i] = redisConnectUnix(node[i].socket);
	}
	for (int i = 0; i < MASTERS; i++) {
		DO(i, "CLUSTER ADDSLOTSRANGE %d %d", i * SPAN, i + 1 < MASTERS ? (i + 1) * SPAN - 1 : LOC_SLOTS - 1);
		DO(i, "CLUSTER SET-CONFIG-EPOCH %d", i + 1);
	}
	for (int i = 1; i < NODES; i++)
		DO(0, "CLUSTER MEET 127.0.0.1 %d %d", FIRST + i, BUS + i);
	for (int i = 0; i < NODES; i++)
		wait_for(i, "CLUSTER", "INFO", "cluster_known_nodes:4");
	id_of(0, id);
	wait_for(3, "CLUSTER", "NODES", id);
	DO(3, "CLUSTER REPLICATE %s", id);
	wait_for(3, "INFO", "replication", "master_link_status:up");
	for (int i = 0; i < NODES; i++)
		wait_for(i, "CLUSTER", "INFO", "cluster_state:ok");
	be_patient(20000);
	return 0;
}

static int stop_cluster(void **state)
{
	char path[sizeof(node[0].folder) + 16];

	(void)state;
	for (int i = 0; i < NODES; i++) {
		redisFree(direct[i]);
		snprintf(path, sizeof(path), "%s/nodes.conf", node[i].folder);
		kit_redis_kill(&node[i]);
		unlink(path);
		kit_redis_stop(&node[i]);
	}
	return 0;
}

static struct loc_redis *connect_cluster(void)
{
	struct loc_redis *redis = loc_redis_new("redis+cluster://127.0.0.1:31519,127.0.0.1:31511", 2000, rt_clock_ms()); /* nobody is at the first */
	const rt_ms end = rt_clock_ms() + 10000;

	assert_non_null(redis);
	while (!loc_redis_up(redis) && rt_clock_ms() < end)
		kit_redis_turn(redis);
	if (!loc_redis_up(redis))
		fail_msg("%s", loc_redis_trouble(redis));
	assert_string_equal("", loc_redis_trouble(redis));
	return redis;
}

/* ---- Load ---- */

struct load {
	struct loc_redis *redis;
	int under_way, failed, next, over;
	int taken[KEYS]; /* increments that were answered */
};

static void counted(void *arg, uint64_t token, int err, const redisReply *reply)
{
	struct load *l = arg;

	l->under_way--;
	l->over++;
	if (err) {
		l->failed++;
		return;
	}
	assert_int_equal(REDIS_REPLY_INTEGER, reply->type);
	l->taken[token]++;
}

/* Every second one by a script, as REGISTER is. */
static void count_one(struct load *l)
{
	static struct loc_script script = { .text = "return redis.call('INCR', KEYS[1])" };
	const int k = l->next++ % KEYS;
	char name[16];
	struct slice key;
	int err;

	key = slice_of(name, (uint32_t)snprintf(name, sizeof(name), "k%d", k));
	if (l->next % 2)
		err = loc_redis_call(l->redis, counted, l, (uint64_t)k, ARGS(SLICE("INCR"), key));
	else
		err = loc_redis_script(l->redis, &script, counted, l, (uint64_t)k, 1, ARGS(key));
	if (err)
		l->failed++, l->over++;
	else
		l->under_way++;
}

/* So long, and until it has come to something. */
static void run_load(struct load *l, int ms)
{
	const rt_ms end = rt_clock_ms() + (rt_ms)ms, last = end + 10000;
	const int enough = l->over + 8 * AT_ONCE;

	while (rt_clock_ms() < end || (l->over < enough && rt_clock_ms() < last)) {
		while (l->under_way < AT_ONCE && l->failed < 100000)
			count_one(l);
		kit_redis_turn(l->redis);
	}
}

static void finish_load(struct load *l)
{
	const rt_ms end = rt_clock_ms() + 10000;

	while (l->under_way > 0 && rt_clock_ms() < end)
		kit_redis_turn(l->redis);
	assert_int_equal(0, l->under_way);
}

static void keep(void *arg, uint64_t token, int err, const redisReply *reply)
{
	long long *out = arg;

	(void)token;
	*out = err ? -2 : reply->str ? atoll(reply->str) : -1;
}

/* Every increment that was answered stands; and none was done twice when none failed. */
static void nothing_was_lost(struct load *l)
{
	int total = 0;

	for (int k = 0; k < KEYS; k++) {
		const rt_ms end = rt_clock_ms() + 5000;
		long long value = -3;
		char name[16];

		snprintf(name, sizeof(name), "k%d", k);
		assert_int_equal(0, loc_redis_call(l->redis, keep, &value, 0, ARGS(SLICE("GET"), slice_str(name))));
		while (value == -3 && rt_clock_ms() < end)
			kit_redis_turn(l->redis);
		if (l->failed ? value < l->taken[k] : value != l->taken[k])
			fail_msg("k%d: %d were answered, %lld stand", k, l->taken[k], value);
		total += l->taken[k];
	}
	assert_true(total > 1000);
}

static void clear(void)
{
	for (int i = 0; i < MASTERS; i++)
		DO(i, "FLUSHALL");
}

/* ---- What happens to clusters ---- */

static void a_slot_moves_under_load_and_nothing_is_lost(void **state)
{
	struct load l = { .redis = connect_cluster() };
	const int slot = loc_key_slot(SLICE("k7")), from = slot / SPAN < MASTERS ? slot / SPAN : MASTERS - 1, to = (from + 1) % MASTERS;
	char a[64], b[64];

	(void)state;
	id_of(from, a);
	id_of(to, b);
	run_load(&l, 100);
	DO(to, "CLUSTER SETSLOT %d IMPORTING %s", slot, a);
	DO(from, "CLUSTER SETSLOT %d MIGRATING %s", slot, b);
	run_load(&l, 100);
	DO(from, "MIGRATE 127.0.0.1 %d k7 0 5000", FIRST + to); /* from here on: ASK */
	run_load(&l, 200);
	DO(to, "CLUSTER SETSLOT %d NODE %s", slot, b); /* from here on: MOVED */
	DO(from, "CLUSTER SETSLOT %d NODE %s", slot, b);
	run_load(&l, 200);
	finish_load(&l);
	assert_int_equal(0, l.failed);
	nothing_was_lost(&l);
	loc_redis_destroy(&l.redis);
	clear();
}

static bool said_down(int i)
{
	redisReply *r = say(i, "INFO errorstats");
	const bool it_did = r->str && strstr(r->str, "errorstat_CLUSTERDOWN");

	freeReplyObject(r);
	return it_did;
}

/* As a master is for a moment whose neighbours' change of roles reaches it in the wrong order. */
static void a_node_that_is_down_for_a_moment_is_asked_again(void **state)
{
	struct load l = { .redis = connect_cluster() };
	const int slot = loc_key_slot(SLICE("k7")), owner = slot / SPAN < MASTERS ? slot / SPAN : MASTERS - 1, other = (owner + 1) % MASTERS;
	const rt_ms end = rt_clock_ms() + 10000;

	(void)state;
	run_load(&l, 100);
	DO(other, "CLUSTER DELSLOTS %d", other * SPAN);
	while (!said_down(other) && rt_clock_ms() < end) {
		count_one(&l);
		kit_redis_turn(l.redis);
	}
	DO(other, "CLUSTER ADDSLOTS %d", other * SPAN);
	wait_for(other, "CLUSTER", "INFO", "cluster_state:ok");
	run_load(&l, 100);
	finish_load(&l);
	assert_true(said_down(other));
	assert_int_equal(0, l.failed);
	nothing_was_lost(&l);
	assert_true(loc_redis_some(l.redis));
	loc_redis_destroy(&l.redis);
	clear();
}

static void a_replica_takes_over_under_load_and_nothing_is_lost(void **state)
{
	struct load l = { .redis = connect_cluster() };

	(void)state;
	run_load(&l, 100);
	DO(3, "CLUSTER FAILOVER");
	run_load(&l, 1000);
	wait_for(3, "INFO", "replication", "role:master");
	run_load(&l, 200);
	finish_load(&l);
	nothing_was_lost(&l);
	assert_int_equal(0, l.failed);
	assert_true(loc_redis_up(l.redis));
	loc_redis_destroy(&l.redis);
}

/* The former replica is the master now: it dies, and its former master comes to be it again. */
static void a_master_dies_and_its_slots_are_found_again(void **state)
{
	struct load l = { .redis = connect_cluster() };
	const rt_ms end = rt_clock_ms() + 15000;

	(void)state;
	wait_for(0, "INFO", "replication", "master_link_status:up");
	be_patient(600);
	run_load(&l, 100);
	kit_redis_kill(&node[3]);
	while (loc_redis_up(l.redis))
		kit_redis_turn(l.redis);
	assert_true(loc_redis_trouble(l.redis)[0]);
	while (!loc_redis_up(l.redis) && rt_clock_ms() < end)
		kit_redis_turn(l.redis);
	if (!loc_redis_up(l.redis))
		fail_msg("%s", loc_redis_trouble(l.redis));
	do { /* the other masters say CLUSTERDOWN until they, too, have heard of it */
		finish_load(&l);
		l.failed = 0;
		run_load(&l, 100);
	} while (l.failed && rt_clock_ms() < end);
	finish_load(&l);
	assert_int_equal(0, l.failed);
	loc_redis_destroy(&l.redis);
}

static void come_in(void *arg, struct slice channel, struct slice text)
{
	(void)channel;
	*(int *)arg += slice_eq(text, SLICE("hello"));
}

static void messages_pass_through_any_node(void **state)
{
	struct loc_redis *redis = connect_cluster();
	const rt_ms end = rt_clock_ms() + 5000;
	int heard = 0;
	long long ignored;

	(void)state;
	assert_int_equal(0, loc_redis_subscribe(redis, SLICE("news"), come_in, &heard));
	while (!heard && rt_clock_ms() < end) {
		(void)!loc_redis_call(redis, keep, &ignored, 0, ARGS(SLICE("PUBLISH"), SLICE("news"), SLICE("hello")));
		kit_redis_turn(redis);
	}
	assert_true(heard);
	loc_redis_destroy(&redis);
}

int main(void)
{
	const struct CMUnitTest pure[] = {
		cmocka_unit_test(slots_are_those_of_the_specification),
		cmocka_unit_test(a_key_is_where_its_command_has_it),
	};
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(messages_pass_through_any_node),
		cmocka_unit_test(a_slot_moves_under_load_and_nothing_is_lost),
		cmocka_unit_test(a_node_that_is_down_for_a_moment_is_asked_again),
		cmocka_unit_test(a_replica_takes_over_under_load_and_nothing_is_lost),
		cmocka_unit_test(a_master_dies_and_its_slots_are_found_again),
	};
	const int failed = cmocka_run_group_tests(pure, 0, 0);

	return failed + cmocka_run_group_tests(tests, start_cluster, stop_cluster);
}
