/* SPDX-License-Identifier: MIT */
/*
 * calls: which client transactions an INVITE was forked to, until it has its final answer.
 *
 *   server transaction --(table)--> call { client, client, ... }
 *
 * While its proxy lives, this is only kept. When the proxy is gone, the call is finished here: heir.c.
 */
#ifndef TXN_CALLS_H
#define TXN_CALLS_H

#include "limits.h"
#include "slots.h"

struct txn_call {
	rt_handle server;
	uint64_t key;          /* wire_request_key: its field in Redis; 0: it is not kept */
	rt_handle client[PROXY_BRANCHES_MAX];
	struct txn_kept *best; /* heir: the failure that goes to the caller when none is left; NULL: `failed` says it */
	struct rt_timer timer; /* heir: Timer C; its owner is this call */
	uint16_t failed;       /* status of the best failure so far; 0: none */
	uint8_t n;
	bool heir;             /* its proxy is gone: it is finished here */
	bool cancelled;        /* the caller's CANCEL came, or a branch spoke for all: whoever still rings is not wanted */
	bool late;             /* Timer C fired: 408 */
	bool rang, due, kept;  /* keep.c: the caller has heard more than 100; to be written; written */
};

struct txn_calls;

struct txn_calls *txn_calls_new(uint32_t max); /* NULL: out of memory */
void txn_calls_destroy(struct txn_calls **self_p);

/* The call of a server transaction; NULL: it was not forked. */
struct txn_call *txn_calls_of(const struct txn_calls *self, rt_handle server);
struct txn_call *txn_calls_get(const struct txn_calls *self, rt_handle call);
static inline rt_handle txn_call_handle(const struct txn_call *call)
{
	return call->timer.owner;
}

/* One more branch; the call is opened by its first. NULL: no room. */
struct txn_call *txn_calls_add(struct txn_calls *self, rt_handle server, rt_handle client);
void txn_calls_close(struct txn_calls *self, struct txn_call *call); /* its timer stopped before */

/* A branch failed with this status: kept when it is better than what there was, 16.7 step 6. m NULL: no message came with it. */
void txn_call_failed(struct rt_blocks *home, struct txn_call *call, int status, const struct sip_msg *m);

#endif
