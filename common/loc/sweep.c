/* SPDX-License-Identifier: MIT */
/*
 * sweep: idx:exp, shard by shard.
 *
 *   ZRANGE shard .. now  -->  apply nothing on each address (apply.lua drops what is past, index.c writes what changed)
 *         ^                        |
 *         +---- the batch was full-+-- ZREM, or ZADD with its true score: a member that did not match its record
 */
#include "loc/sweep.h"

#include <stdio.h>
#include <stdlib.h>

#include "index.h"
#include "loc/store.h"
#include "rt/cursor.h"

enum { BATCH = 64, EDGE_SECONDS = 172800 };

struct turn { /* one call of loc_sweep */
	struct loc_redis *redis;
	loc_sweep_fn *begun;
	void *arg;
	int64_t now;
};

struct shard { /* one set of it */
	struct loc_redis *redis;
	int64_t now;
	int asked;  /* applies under way */
	bool full;  /* the batch held all it could: there may be more */
	char key[24];
};

struct due { /* one member */
	struct shard *shard;
	uint32_t aor_n, n;
	char member[]; /* "<aor> <id>" */
};

static void ignore(void *self, uint64_t token, int err, const redisReply *reply)
{
	(void)self, (void)token, (void)err, (void)reply;
}

static void send(struct loc_redis *redis, int argc, const struct slice *argv)
{
	(void)!loc_redis_call(redis, ignore, 0, 0, argc, argv); /* the next sweep sees it again */
}

static struct slice decimal(char room[24], int64_t v)
{
	struct rt_cursor c = rt_cursor_on(room, 24);

	rt_cursor_u64(&c, (uint64_t)v);
	return rt_cursor_text(&c);
}

static void ask_shard(struct shard *self);

/* The batch is through: the next one, or the end. */
static void settle(struct shard *self)
{
	if (self->asked > 0)
		return;
	if (self->full)
		ask_shard(self);
	else
		free(self);
}

static void correct(const struct due *d, const struct loc_binding *b, int n)
{
	const struct slice member = slice_of(d->member, d->n), id = slice_from(member, d->aor_n + 1);
	struct shard *shard = d->shard;
	char score[24];

	for (int i = 0; i < n; i++) {
		if (slice_eq(b[i].id, id)) {
			send(shard->redis, 4,
			     (struct slice[]){ SLICE("ZADD"), slice_str(shard->key), decimal(score, b[i].expires_at), member });
			return;
		}
	}
	send(shard->redis, 3, (struct slice[]){ SLICE("ZREM"), slice_str(shard->key), member });
}

static void looked(void *self, uint64_t token, int err, const struct loc_binding *b, int n)
{
	struct due *d = self;

	(void)token;
	if (err)
		d->shard->full = false; /* Redis has trouble: leave the rest to the next turn */
	else
		correct(d, b, n);
	d->shard->asked--;
	settle(d->shard);
	free(d);
}

static bool look_at(struct shard *self, struct slice member)
{
	const int space = slice_find(member, ' ');
	struct loc_change nothing = { .now = self->now, .call_id = SLICE("sweep"), .max_contacts = LOC_BINDINGS_MAX };
	struct due *d = space > 0 ? malloc(sizeof(*d) + member.n) : 0;

	if (!d)
		return false;
	*d = (struct due){ self, (uint32_t)space, member.n };
	memcpy(d->member, member.p, member.n);
	nothing.aor = slice_of(d->member, d->aor_n);
	if (loc_store_apply(self->redis, &nothing, looked, d, 0)) {
		free(d);
		return false;
	}
	self->asked++;
	return true;
}

static void came(void *arg, uint64_t token, int err, const redisReply *reply)
{
	struct shard *self = arg;
	const size_t n = !err && reply->type == REDIS_REPLY_ARRAY ? reply->elements : 0;

	(void)token;
	self->full = n == BATCH;
	for (size_t i = 0; i < n; i++)
		if (reply->element[i]->str && !look_at(self, slice_of(reply->element[i]->str, (uint32_t)reply->element[i]->len)))
			self->full = false;
	settle(self);
}

static void ask_shard(struct shard *self)
{
	char now[24];

	if (loc_redis_call(self->redis, came, self, 0, 8,
	                   (struct slice[]){ SLICE("ZRANGE"), slice_str(self->key), SLICE("-inf"), decimal(now, self->now),
	                                     SLICE("BYSCORE"), SLICE("LIMIT"), SLICE("0"), SLICE("64") }))
		free(self);
}

static void begin(const struct turn *turn)
{
	_Static_assert(BATCH == 64, "the LIMIT above");
	for (int i = 0; i < INDEX_SHARDS; i++) {
		struct shard *s = malloc(sizeof(*s));

		if (!s)
			return;
		*s = (struct shard){ .redis = turn->redis, .now = turn->now };
		snprintf(s->key, sizeof(s->key), "idx:exp:%d", i);
		ask_shard(s);
	}
}

static void locked(void *arg, uint64_t token, int err, const redisReply *reply)
{
	struct turn *turn = arg;
	const bool mine = !err && reply->type == REDIS_REPLY_STATUS;

	(void)token;
	if (mine)
		begin(turn);
	turn->begun(turn->arg, mine);
	free(turn);
}

int loc_sweep(struct loc_redis *redis, uint32_t period_ms, int64_t now, loc_sweep_fn *begun, void *arg)
{
	struct turn *turn = malloc(sizeof(*turn));
	char at[24], period[24];
	int err = RT_DOWN;

	if (turn) {
		*turn = (struct turn){ redis, begun, arg, now };
		err = loc_redis_call(redis, locked, turn, 0, 6,
		                     (struct slice[]){ SLICE("SET"), SLICE("lock:sweep"), decimal(at, now), SLICE("NX"), SLICE("PX"),
		                                       decimal(period, period_ms) });
	}
	if (err)
		free(turn);
	return err;
}

static void trim(struct loc_redis *redis, const char *key, int64_t now)
{
	char text[24];

	send(redis, 4, (struct slice[]){ SLICE("ZREMRANGEBYSCORE"), slice_str(key), SLICE("-inf"), decimal(text, now) });
}

void loc_trim_domain(struct loc_redis *redis, struct slice domain, int64_t now)
{
	char key[288];

	snprintf(key, sizeof(key), "idx:domain:" SLICE_FMT, SLICE_ARG(slice_head(domain, 255)));
	trim(redis, key, now);
}

void loc_trim_edge(struct loc_redis *redis, uint32_t edge, int64_t now)
{
	char key[32], seconds[24];

	snprintf(key, sizeof(key), "idx:edge:%u", edge);
	trim(redis, key, now);
	send(redis, 3, (struct slice[]){ SLICE("EXPIRE"), slice_str(key), decimal(seconds, EDGE_SECONDS) });
}
