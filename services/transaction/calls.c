/* SPDX-License-Identifier: MIT */
/* calls: a pool, and a table from the server transaction. */
#include "calls.h"

#include <stdlib.h>

#include "rt/table.h"

struct txn_calls {
	struct rt_pool *pool;
	struct rt_table *by_server;
};

enum { POOL_MAX = (1 << 24) - 1, TABLE_ROOM = 1024 };

struct txn_calls *txn_calls_new(uint32_t max)
{
	struct txn_calls *self = calloc(1, sizeof(*self));

	if (!self)
		return 0;
	self->pool = rt_pool_new(sizeof(struct txn_call), max > POOL_MAX ? POOL_MAX : max);
	self->by_server = rt_table_new(TABLE_ROOM);
	if (!self->pool || !self->by_server)
		txn_calls_destroy(&self);
	return self;
}

void txn_calls_destroy(struct txn_calls **self_p)
{
	struct txn_calls *self = *self_p;
	rt_handle h;

	if (!self)
		return;
	for (uint32_t i = 0; self->pool && i < rt_pool_slots(self->pool); i++) {
		struct txn_call *call = rt_pool_at(self->pool, i, &h);

		if (call)
			txn_kept_free(call->best);
	}
	rt_pool_destroy(&self->pool);
	rt_table_destroy(&self->by_server);
	free(self);
	*self_p = 0;
}

struct txn_call *txn_calls_get(const struct txn_calls *self, rt_handle call)
{
	return rt_pool_get(self->pool, call);
}

struct txn_call *txn_calls_of(const struct txn_calls *self, rt_handle server)
{
	uint64_t h;
	uint32_t i = 0;

	return server && rt_table_each(self->by_server, server, &i, &h) ? rt_pool_get(self->pool, h) : 0;
}

static struct txn_call *open_call(struct txn_calls *self, rt_handle server)
{
	rt_handle h;
	struct txn_call *call = rt_pool_take(self->pool, &h);

	if (!call)
		return 0;
	call->timer.owner = h;
	call->server = server;
	if (rt_table_put(self->by_server, server, h) == 0)
		return call;
	rt_pool_give(self->pool, h);
	return 0;
}

struct txn_call *txn_calls_add(struct txn_calls *self, rt_handle server, rt_handle client)
{
	struct txn_call *call = txn_calls_of(self, server);

	if (!call)
		call = open_call(self, server);
	if (!call || call->n == PROXY_BRANCHES_MAX)
		return 0;
	call->client[call->n++] = client;
	return call;
}

void txn_calls_close(struct txn_calls *self, struct txn_call *call)
{
	const rt_handle h = txn_call_handle(call);

	txn_kept_free(call->best);
	rt_table_drop(self->by_server, call->server, h);
	rt_pool_give(self->pool, h);
}

/* 16.7 step 6, as far as it goes without the proxy's table: 6xx, then the lowest class; what says nothing about the callee comes last in it. */
static int rank(int status)
{
	const bool empty = status == 408 || status == 487 || status == 503;

	return status >= 600 ? 0 : status / 100 * 2 + empty;
}

void txn_call_failed(struct rt_blocks *home, struct txn_call *call, int status, const struct sip_msg *m)
{
	if (call->failed && rank(status) >= rank(call->failed))
		return;
	call->failed = (uint16_t)status;
	txn_kept_free(call->best);
	call->best = m ? txn_kept_new(home, m, TXN_KEEP_WHOLE, 0) : 0;
}
