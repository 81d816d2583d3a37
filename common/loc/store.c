/* SPDX-License-Identifier: MIT */
/* store: who is registered: a question becomes a command, its answer bindings. What a REGISTER writes: apply.c. */
#include "loc/store.h"

#include <stdlib.h>

#include "loc/users.h"
#include "policy.h"
#include "records.h"
#include "redis_self.h"
#include "rt/cursor.h"
#include "stale.h"

struct op { /* a call under way */
	struct loc_redis *redis;
	loc_done_fn *done;
	loc_lookup_fn *found; /* instead of done: a lookup */
	struct loc_policy policy;
	int policy_err;
	uint32_t round;       /* of the promise the lookup was made under, and what had changed before */
	uint64_t changes;
	void *arg;
	uint64_t token;
	int64_t now;
	uint32_t aor_n;
	char aor[];
};

/* ---- Answers ---- */

/* Redis is away: an earlier answer, if there is one. */
static bool answer_stale(const struct loc_redis *redis, struct slice aor, int64_t now, loc_lookup_fn *found, void *arg, uint64_t token)
{
	struct stale_answer was;

	if (!redis->stale || !stale_find(redis->stale, aor, now, &was))
		return false;
	found(arg, token, RT_STALE, was.b, was.n, &was.policy);
	return true;
}

/* An answer under a promise is good until a change is told. One that crossed a change may be of before it. */
static uint32_t promise_of(const struct op *op)
{
	const bool same = op->round == track_round(op->redis) && op->changes == op->redis->track.changes;

	return same ? op->round : 0;
}

static void finish_lookup(const struct op *op, int err, const struct loc_binding *b, int n)
{
	const struct slice aor = slice_of(op->aor, op->aor_n);

	err = err ? err : op->policy_err;
	if (!err && op->redis->stale)
		stale_keep(op->redis->stale, aor, b, n, &op->policy, op->now, promise_of(op));
	if ((err == RT_DOWN || err == RT_TIMEOUT) && answer_stale(op->redis, aor, op->now, op->found, op->arg, op->token))
		return;
	op->found(op->arg, op->token, err, err ? 0 : b, err ? 0 : n, err ? 0 : &op->policy);
}

static void finish(struct op *op, int err, const struct loc_binding *b, int n)
{
	if (op->found) {
		finish_lookup(op, err, b, n);
	} else {
		op->done(op->arg, op->token, err, b, n);
	}
	free(op);
}

static void fetched(void *self, uint64_t token, int err, const redisReply *reply)
{
	struct op *op = self;
	struct loc_binding b[LOC_BINDINGS_MAX];
	struct rt_arena *a = 0;
	int n = 0;

	(void)token;
	if (!err && reply->type != REDIS_REPLY_ARRAY)
		err = RT_BAD;
	if (!err && reply->elements) {
		a = records_arena(reply);
		if (a)
			n = records_read(reply, op->now, b, a);
		else
			err = RT_NOMEM;
	}
	finish(op, err, b, n);
	rt_arena_destroy(&a);
}

static struct op *op_new(struct loc_redis *redis, struct slice aor, int64_t now, void *arg, uint64_t token)
{
	struct op *op = malloc(sizeof(*op) + aor.n);

	if (!op)
		return 0;
	*op = (struct op){ .redis = redis, .arg = arg, .token = token, .now = now, .aor_n = aor.n };
	if (aor.n)
		memcpy(op->aor, aor.p, aor.n);
	return op;
}

/* "reg:" or "policy:" and the address, in `room`. */
static struct slice key_of(const char *prefix, struct slice aor, char *room, uint32_t size)
{
	struct rt_cursor c = rt_cursor_on(room, size);

	rt_cursor_put(&c, slice_str(prefix));
	rt_cursor_put(&c, aor);
	return c.err ? SLICE_NONE : rt_cursor_text(&c);
}

enum { KEY_MAX = SIP_URI_MAX + 16 };

static int ask(struct op *op, loc_redis_fn *fn, const char *prefix, struct slice aor, int argc, struct slice *argv)
{
	char room[KEY_MAX];

	argv[1] = key_of(prefix, aor, room, sizeof(room));
	return slice_present(argv[1]) ? loc_redis_call(op->redis, fn, op, 0, argc, argv) : RT_DOWN;
}

int loc_store_fetch(struct loc_redis *redis, struct slice aor, int64_t now, loc_done_fn *done, void *arg, uint64_t token)
{
	struct op *op = op_new(redis, SLICE_NONE, now, arg, token);
	struct slice argv[2] = { SLICE("HGETALL") };

	if (!op)
		return RT_DOWN;
	op->done = done;
	if (ask(op, fetched, "reg:", aor, 2, argv)) {
		free(op);
		return RT_DOWN;
	}
	return 0;
}

/*
 * ---- Bindings and policy in one write: the policy comes first and waits ----
 * The two keys may live at two nodes of a cluster, whose answers know no order: there the one is asked for after the other.
 */

static void ask_bindings(struct op *op)
{
	struct slice bindings[2] = { SLICE("HGETALL") };
	const int err = op->policy_err ? op->policy_err : ask(op, fetched, "reg:", slice_of(op->aor, op->aor_n), 2, bindings);

	if (err)
		finish(op, err, 0, 0);
}

static void policy_came(void *self, uint64_t token, int err, const redisReply *reply)
{
	struct op *op = self;

	(void)token;
	if (!op->found) { /* the second command could not be queued: nobody waits */
		free(op);
		return;
	}
	op->policy_err = err ? err : policy_read(&op->policy, reply);
	if (op->redis->cluster)
		ask_bindings(op);
}

/* Both questions, or neither is waited for. */
static int ask_both(struct op *op, struct slice aor)
{
	struct slice policy[] = { SLICE("HMGET"), SLICE_NONE, SLICE("mode"), SLICE("fork"), SLICE("recurse"), SLICE("queue"), SLICE("wake") };
	struct slice bindings[2] = { SLICE("HGETALL") };

	op->round = track_round(op->redis);
	op->changes = op->redis->track.changes;
	if (op->round && track_next(op->redis))
		op->round = 0;
	if (ask(op, policy_came, "policy:", aor, 7, policy)) {
		free(op);
		return RT_DOWN;
	}
	if (op->round && track_next(op->redis))
		op->round = 0;
	if (!op->redis->cluster && ask(op, fetched, "reg:", aor, 2, bindings)) {
		op->found = 0;
		return RT_DOWN;
	}
	return 0;
}

static bool answer_fresh(const struct loc_redis *redis, struct slice aor, int64_t now, loc_lookup_fn *found, void *arg, uint64_t token)
{
	const uint32_t round = redis->stale ? track_round(redis) : 0;
	struct stale_answer last;

	if (!round || !stale_find_fresh(redis->stale, aor, now, round, &last))
		return false;
	found(arg, token, 0, last.b, last.n, &last.policy);
	return true;
}

static int look_up(struct loc_redis *redis, struct slice aor, int64_t now, loc_lookup_fn *done, void *arg, uint64_t token)
{
	struct op *op = op_new(redis, redis->stale || redis->cluster ? aor : SLICE_NONE, now, arg, token);

	if (!op)
		return RT_DOWN;
	op->found = done;
	if (ask_both(op, aor) == 0)
		return 0;
	return answer_stale(redis, aor, now, done, arg, token) ? 0 : RT_DOWN;
}

int loc_lookup(struct loc_redis *redis, struct slice aor, int64_t now, loc_lookup_fn *done, void *arg, uint64_t token)
{
	return answer_fresh(redis, aor, now, done, arg, token) ? 0 : look_up(redis, aor, now, done, arg, token);
}
