/* SPDX-License-Identifier: MIT */
/* nonce: counts of nonces that come with something other than a REGISTER. */
#include <stdlib.h>

#include "nonces.h"
#include "redis_self.h"
#include "rt/cursor.h"

struct op {
	struct loc_redis *redis;
	loc_nonce_fn *done;
	void *arg;
	uint64_t token;
	struct nonce_use use;
};

/* Redis is away: is it new at least here? */
static int judge_here(struct loc_redis *redis, const struct nonce_use *use, int err)
{
	if (!redis->nonces)
		return err;
	return nonces_take(redis->nonces, use, redis->now) ? RT_STALE : RT_DENIED;
}

static void came(void *self, uint64_t token, int err, const redisReply *reply)
{
	struct op *op = self;

	(void)token;
	if (!err && (reply->type != REDIS_REPLY_INTEGER || reply->integer != 1))
		err = reply->type == REDIS_REPLY_INTEGER ? RT_DENIED : RT_BAD;
	if (err == RT_DOWN || err == RT_TIMEOUT)
		err = judge_here(op->redis, &op->use, err);
	else if (!err && op->redis->nonces)
		(void)nonces_take(op->redis->nonces, &op->use, op->redis->now);
	op->done(op->arg, op->token, err);
	free(op);
}

int loc_nonce_use(struct loc_redis *redis, struct slice nonce, uint32_t count, int64_t seconds, loc_nonce_fn *done, void *arg,
                  uint64_t token)
{
	static _Thread_local struct loc_script script = {
		.text =
#include "nonce.lua.h"
	};
	char text[256];
	struct rt_cursor c = rt_cursor_on(text, sizeof(text));
	struct op *op = malloc(sizeof(*op));
	uint32_t key_n, count_n;
	int err = RT_DOWN;

	rt_cursor_lit(&c, "nonce:");
	rt_cursor_put(&c, nonce);
	key_n = c.n;
	rt_cursor_u64(&c, count);
	count_n = c.n - key_n;
	rt_cursor_u64(&c, seconds > 0 ? (uint64_t)seconds : 1);
	if (op && !c.err) {
		*op = (struct op){ redis, done, arg, token, nonces_use(redis->nonces, nonce, count, redis->now + (rt_ms)(seconds > 0 ? seconds : 1) * 1000) };
		err = loc_redis_script(redis, &script, came, op, 0, 1, 3,
		                       (struct slice[]){ slice_of(text, key_n), slice_of(text + key_n, count_n),
		                                         slice_of(text + key_n + count_n, c.n - key_n - count_n) });
	}
	if (err == RT_DOWN && op && redis->nonces) {
		done(arg, token, judge_here(redis, &op->use, err));
		err = 0;
		free(op);
	} else if (err) {
		free(op);
	}
	return err;
}

int loc_nonce_remember(struct loc_redis *redis, uint32_t entries)
{
	nonces_destroy(&redis->nonces);
	if (!entries)
		return 0;
	redis->nonces = nonces_new(entries);
	return redis->nonces ? 0 : RT_NOMEM;
}
