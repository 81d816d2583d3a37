/* SPDX-License-Identifier: MIT */
/*
 * calls: what another transaction worker needs to finish a call that rings, when the worker that has it dies.
 *
 *   tx:<worker id>  HASH  field <request key>, value one line of JSON for the call, then one for each of its branches:
 *
 *     {"call_id":"a84b","trail":"..","remote":"udp:198.51.100.9:5060","local":"udp:192.0.2.1:5060","edge":3,"listener":0,"flow":"0","key":"..","check":"..","merge":"..",
 *      "to_tag":0,"proxy":5,"cancelled":0,"reply":"SIP/2.0 180 Ringing.."}
 *     {"owner":4,"branch":"..","loop":"..","remote":"udp:192.0.2.7:5060","edge":3,"listener":0,"flow":"0","name":"","request":"INVITE sip:.."}
 *
 * Written by the worker at the fork and at the first provisional answer, removed with the final one. Nobody waits for any of it.
 */
#ifndef LOC_CALLS_H
#define LOC_CALLS_H

#include "loc/redis.h"
#include "rt/arena.h"
#include "sip/hop.h"

enum { LOC_CALLS_KEEP = 900 }; /* seconds a worker's calls outlive its last word; it says one a minute */

struct loc_call {
	struct slice call_id;          /* for the reader: nobody finds a call by it */
	uint64_t trail, flow;
	uint64_t key, check, merge;    /* of its server transaction */
	struct sip_hop remote, local;  /* the caller, and which address of ours he asked */
	uint32_t edge, listener, to_tag, proxy, cancelled;
	struct slice reply;            /* the last response he was sent */
};

struct loc_call_branch {
	uint64_t branch, loop, flow;
	struct sip_hop remote;
	uint32_t owner;                /* whom the branch parameter names: the first worker that had it */
	uint32_t edge, listener;
	struct slice name;             /* whom TLS must meet */
	struct slice request;          /* INVITE without Via, body or anything else that ACK and CANCEL do not take over */
};

/* Each writes one line, with its end. */
void loc_call_render(struct rt_cursor *c, const struct loc_call *call);
void loc_call_branch_render(struct rt_cursor *c, const struct loc_call_branch *branch);

/* One line, with or without its end. Texts in the arena or in the line. 0 | RT_BAD */
RT_MUSTUSE
int loc_call_parse(struct loc_call *out, struct slice line, struct rt_arena *a);
RT_MUSTUSE
int loc_call_branch_parse(struct loc_call_branch *out, struct slice line, struct rt_arena *a);

/* Write some, remove some; n of each at most LOC_CALLS_BURST. 0 | RT_DOWN */
enum { LOC_CALLS_BURST = 16 };
int loc_calls_write(struct loc_redis *redis, uint32_t worker, int n, const uint64_t *key, const struct slice *text);
int loc_calls_remove(struct loc_redis *redis, uint32_t worker, int n, const uint64_t *key);
int loc_calls_stay(struct loc_redis *redis, uint32_t worker); /* once a minute, while there are any */

/* Read a page of a worker's calls, from cursor 0 until it is 0 again. The reply: { cursor, { key, text, .. } }. 0 | RT_DOWN */
RT_MUSTUSE
int loc_calls_fields(struct loc_redis *redis, uint32_t worker, loc_redis_fn *fn, void *arg, uint64_t token); /* the reply: all its keys. 0 | RT_DOWN */
RT_MUSTUSE
int loc_calls_read(struct loc_redis *redis, uint32_t worker, struct slice cursor, loc_redis_fn *fn, void *arg);

#endif
