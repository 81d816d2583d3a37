/* SPDX-License-Identifier: MIT */
/* nonce: counts of nonces that come with something other than a REGISTER. */
#include <stdlib.h>

#include "loc/store.h"
#include "rt/cursor.h"

struct op {
	loc_nonce_fn *done;
	void *arg;
	uint64_t token;
};

static void came(void *self, uint64_t token, int err, const redisReply *reply)
{
	struct op *op = self;

	(void)token;
	if (!err && (reply->type != REDIS_REPLY_INTEGER || reply->integer != 1))
		err = reply->type == REDIS_REPLY_INTEGER ? RT_DENIED : RT_BAD;
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
		*op = (struct op){ done, arg, token };
		err = loc_redis_script(redis, &script, came, op, 0, 1, 3,
		                       (struct slice[]){ slice_of(text, key_n), slice_of(text + key_n, count_n),
		                                         slice_of(text + key_n + count_n, c.n - key_n - count_n) });
	}
	if (err)
		free(op);
	return err;
}
