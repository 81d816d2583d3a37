/* SPDX-License-Identifier: MIT */
/*
 * sweep: idx:exp, shard by shard. A refresh leaves the sets as they are, so each score is looked at before its time has come.
 *
 *   ZRANGE shard .. now + AHEAD  -+- past:    apply nothing on the address (apply.lua drops what is past, index.c writes what changed)
 *         ^                       +- to come: read the record
 *         |                            |
 *         +--- the batch was full -----+-- it ends later: raise all its scores; it ends then: wait; it is not there: ZREM
 */
#include "loc/sweep.h"

#include <stdio.h>
#include <stdlib.h>

#include "index.h"
#include "loc/store.h"
#include "rt/cursor.h"

enum {
	BATCH = 64,
	EDGE_SECONDS = 172800,
	AHEAD = 3, /* periods: a turn may come late, and the next sweeper later still */
};

struct turn { /* one call of loc_sweep */
	struct loc_redis *redis;
	loc_sweep_fn *begun;
	void *arg;
	int64_t now, until; /* scores up to then are looked at */
};

struct shard { /* one set of it */
	struct loc_redis *redis;
	int64_t now, until;
	int asked;  /* addresses under way */
	int waits;  /* members that stay where they are: the next batch begins behind them */
	bool full;  /* the batch held all it could: there may be more */
	char key[24];
};

struct due { /* one member */
	struct shard *shard;
	int64_t score;
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

	for (int i = 0; i < n; i++) {
		if (!slice_eq(b[i].id, id))
			continue;
		if (b[i].expires_at > d->score)
			index_catch_up(shard->redis, slice_head(member, d->aor_n), &b[i], b, n);
		else
			shard->waits++;
		return;
	}
	if (d->score > shard->now) { /* whatever it is, it ends the way all do */
		shard->waits++;
		return;
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

static int ask_truth(struct due *d)
{
	const struct shard *shard = d->shard;
	const struct loc_change nothing = { .aor = slice_of(d->member, d->aor_n), .now = shard->now, .call_id = SLICE("sweep"),
		                            .max_contacts = LOC_BINDINGS_MAX };

	return d->score > shard->now ? loc_store_fetch(shard->redis, nothing.aor, shard->now, looked, d, 0)
	                             : loc_store_apply(shard->redis, &nothing, looked, d, 0);
}

static bool look_at(struct shard *self, struct slice member, struct slice score)
{
	const int space = slice_find(member, ' ');
	struct due *d;
	uint64_t at = 0;

	if (space <= 0) { /* none of ours */
		self->waits++;
		return true;
	}
	d = malloc(sizeof(*d) + member.n);
	if (!d)
		return false;
	(void)!slice_u64(score, &at); /* no whole number: as one that is past */
	*d = (struct due){ self, (int64_t)at, (uint32_t)space, member.n };
	memcpy(d->member, member.p, member.n);
	if (ask_truth(d)) {
		free(d);
		return false;
	}
	self->asked++;
	return true;
}

static struct slice text_of(const redisReply *r)
{
	return r->str ? slice_of(r->str, (uint32_t)r->len) : SLICE("");
}

/* { member, score, .. } */
static void came(void *arg, uint64_t token, int err, const redisReply *reply)
{
	struct shard *self = arg;
	const size_t n = !err && reply->type == REDIS_REPLY_ARRAY ? reply->elements : 0;

	(void)token;
	self->full = n == 2 * BATCH;
	for (size_t i = 0; i + 1 < n; i += 2)
		if (!look_at(self, text_of(reply->element[i]), text_of(reply->element[i + 1])))
			self->full = false;
	settle(self);
}

static void ask_shard(struct shard *self)
{
	char until[24], skip[24];

	if (loc_redis_call(self->redis, came, self, 0, 9,
	                   (struct slice[]){ SLICE("ZRANGE"), slice_str(self->key), SLICE("-inf"), decimal(until, self->until),
	                                     SLICE("BYSCORE"), SLICE("LIMIT"), decimal(skip, self->waits), SLICE("64"), SLICE("WITHSCORES") }))
		free(self);
}

static void begin(const struct turn *turn)
{
	_Static_assert(BATCH == 64, "the LIMIT above");
	for (int i = 0; i < INDEX_SHARDS; i++) {
		struct shard *s = malloc(sizeof(*s));

		if (!s)
			return;
		*s = (struct shard){ .redis = turn->redis, .now = turn->now, .until = turn->until };
		snprintf(s->key, sizeof(s->key), "idx:exp:%d", i);
		ask_shard(s);
	}
}

static void locked(void *arg, uint64_t token, int err, const redisReply *reply)
{
	struct turn *turn = arg;
	const bool mine = !err && reply->type == REDIS_REPLY_INTEGER && reply->integer;

	(void)token;
	if (mine)
		begin(turn);
	turn->begun(turn->arg, mine);
	free(turn);
}

int loc_sweep(struct loc_redis *redis, uint32_t me, uint32_t period_ms, int64_t now, loc_sweep_fn *begun, void *arg)
{
	/* "<who> <when>". A server that raised scores itself wrote "<when>" there: it knows nothing of those that stay, and is not waited for. */
	static _Thread_local struct loc_script lock = {
		.text = "local who = string.match(redis.call('GET', KEYS[1]) or '', '^(%d+) ') "
		        "if who and who ~= ARGV[1] then return 0 end "
		        "redis.call('SET', KEYS[1], ARGV[1] .. ' ' .. ARGV[2], 'PX', ARGV[3]) return 1",
	};
	struct turn *turn = malloc(sizeof(*turn));
	char who[24], at[24], lease[24];
	int err = RT_DOWN;

	if (turn) {
		*turn = (struct turn){ redis, begun, arg, now, now + (AHEAD * (int64_t)period_ms + 999) / 1000 };
		err = loc_redis_script(redis, &lock, locked, turn, 0, 1, 4,
		                       (struct slice[]){ SLICE("lock:sweep"), decimal(who, me), decimal(at, now),
		                                         decimal(lease, (int64_t)period_ms * 3 / 2) });
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
