/* SPDX-License-Identifier: MIT */
/* redis_self: the memory of one connection, shared by redis.c (commands) and subscribe.c (channels). */
#ifndef REDIS_SELF_H
#define REDIS_SELF_H

#include "limits.h"
#include "link.h"
#include "loc/redis.h"

struct again { /* what a NOSCRIPT answer needs to ask again */
	struct loc_script *script;
	int argc;      /* arguments in tail */
	uint32_t n;
	char tail[];   /* nkeys and the arguments, in the protocol */
};

struct pending {
	loc_redis_fn *fn; /* NULL: answered already, the reply is only swallowed */
	void *arg;
	uint64_t token;
	rt_ms due;        /* 0: not looked at yet; the first tick or readiness after the call sets it */
	struct again *again;
};

struct channel {
	char name[64];
	loc_message_fn *fn;
	void *arg;
};

struct loc_redis {
	struct loc_url url;
	uint32_t timeout_ms;
	rt_ms now;
	struct loc_link link, listen;
	struct pending *ring;
	uint32_t size, head, count; /* size is a power of two */
	uint32_t stamped, looked;   /* entries from head on that have a deadline; that were found past it */
	struct channel channel[LOC_CHANNELS_MAX];
	int nchannel;
	void (*after)(void *arg);
	void *after_arg;
	struct stale *stale;        /* earlier answers of loc_lookup, or NULL */
	bool subscribed;            /* the channels were asked for on this connection */
};

/* The second link's share of a tick. */
void redis_tick_listen(struct loc_redis *self);

#endif
