/* SPDX-License-Identifier: MIT */
/* rt: what time and memory cost, with as many other timers and entries alive as a busy worker has. */
#include "measure.h"
#include "rt/arena.h"
#include "rt/hash.h"
#include "rt/pool.h"
#include "rt/slice.h"
#include "rt/table.h"
#include "rt/wheel.h"

enum { LIVE = 200000, SPREAD_MS = 32000 };

static uint64_t random_state = 88172645463325252u;

static uint64_t next_random(void)
{
	random_state ^= random_state << 13;
	random_state ^= random_state >> 7;
	random_state ^= random_state << 17;
	return random_state;
}

/* ---- Timers ---- */

struct timers {
	struct rt_wheel *wheel;
	struct rt_timer *timer;
	rt_ms now;
	uint32_t at;
};

static struct timers with_timers(void)
{
	struct timers t = { .wheel = rt_wheel_new(0), .timer = calloc(LIVE, sizeof(struct rt_timer)) };

	for (uint32_t i = 0; i < LIVE; i++)
		rt_wheel_start(t.wheel, &t.timer[i], next_random() % SPREAD_MS);
	return t;
}

static void restart(void *arg, uint32_t times)
{
	struct timers *const t = arg;

	while (times--) {
		t->at = (t->at + 7919) % LIVE;
		rt_wheel_stop(t->wheel, &t->timer[t->at]);
		rt_wheel_start(t->wheel, &t->timer[t->at], t->now + 500 + t->at % SPREAD_MS);
	}
}

/* Time goes on; each timer that is due starts again 32 s later: one expiry and one start. */
static void expire(void *arg, uint32_t times)
{
	struct timers *const t = arg;

	while (times) {
		struct rt_timer *const due = rt_wheel_pop(t->wheel, t->now);

		if (!due) {
			t->now += 10;
			continue;
		}
		rt_wheel_start(t->wheel, due, t->now + SPREAD_MS);
		times--;
	}
}

/* ---- Tables ---- */

struct keys {
	struct rt_table *table;
	uint64_t *key;
	uint32_t at;
};

static struct keys with_keys(void)
{
	struct keys k = { .table = rt_table_new(1024), .key = malloc(LIVE * sizeof(uint64_t)) };

	for (uint32_t i = 0; i < LIVE; i++) {
		k.key[i] = next_random();
		if (rt_table_put(k.table, k.key[i], i))
			abort();
	}
	return k;
}

static void find(void *arg, uint32_t times)
{
	struct keys *const k = arg;

	while (times--) {
		uint32_t iter = 0;
		uint64_t value;

		k->at = (k->at + 7919) % LIVE;
		if (!rt_table_each(k->table, k->key[k->at], &iter, &value))
			abort();
	}
}

static void miss(void *arg, uint32_t times)
{
	struct keys *const k = arg;

	while (times--) {
		uint32_t iter = 0;
		uint64_t value;

		if (rt_table_each(k->table, next_random(), &iter, &value))
			abort();
	}
}

static void replace(void *arg, uint32_t times)
{
	struct keys *const k = arg;

	while (times--) {
		k->at = (k->at + 7919) % LIVE;
		rt_table_drop(k->table, k->key[k->at], k->at);
		k->key[k->at] = next_random();
		if (rt_table_put(k->table, k->key[k->at], k->at))
			abort();
	}
}

/* ---- Memory and bytes ---- */

static void slot(void *arg, uint32_t times)
{
	struct rt_pool *const pool = arg;

	while (times--) {
		rt_handle h;

		measure_use(rt_pool_take(pool, &h));
		rt_pool_give(pool, h);
	}
}

static void arena(void *arg, uint32_t times)
{
	struct rt_arena *const a = arg;

	while (times--) {
		measure_use(rt_arena_raw(a, 800));
		measure_use(rt_arena_raw(a, 60));
		rt_arena_reset(a);
	}
}

static void hash(void *arg, uint32_t times)
{
	const struct rt_key key = { 1, 2 };
	const struct slice *const text = arg;
	uint64_t sum = 0;

	while (times--)
		sum += rt_hash(key, text->p, text->n) + times;
	measure_use(&sum);
}

int main(int argc, char **argv)
{
	struct timers timers = with_timers();
	struct keys keys = with_keys();
	struct rt_pool *pool = rt_pool_new(160, 1 << 20);
	struct rt_arena *a = rt_arena_new(1 << 20);
	struct slice text = SLICE("z9hG4bK5f0c2a310000000001000004i0192.0.2.1:5062INVITE0123456789a");

	measure_only = argc > 1 ? argv[1] : 0;
	measure("stop and start a timer, 200,000 alive", restart, &timers);
	measure("expire and start a timer", expire, &timers);
	measure("find an entry among 200,000", find, &keys);
	measure("find none", miss, &keys);
	measure("drop an entry, put another", replace, &keys);
	measure("take and give a slot of 160 bytes", slot, pool);
	measure("two pieces of an arena", arena, a);
	measure("keyed hash of 64 bytes", hash, &text);
	rt_wheel_destroy(&timers.wheel);
	free(timers.timer);
	rt_table_destroy(&keys.table);
	free(keys.key);
	rt_pool_destroy(&pool);
	rt_arena_destroy(&a);
	return 0;
}
