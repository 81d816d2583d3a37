/* SPDX-License-Identifier: MIT */
/* redis_self: the memory of one connection, shared by redis.c (commands), cluster.c (whose they are) and subscribe.c (channels). */
#ifndef REDIS_SELF_H
#define REDIS_SELF_H

#include "lane.h"
#include "limits.h"
#include "loc/redis.h"
#include "track.h"

struct channel {
	char name[64];
	loc_message_fn *fn;
	void *arg;
};

struct loc_redis {
	struct loc_url url;
	uint32_t timeout_ms;
	rt_ms now;
	struct lane *lane[LOC_NODES_MAX]; /* one; of a cluster, one for each master: NULL where there is none */
	uint32_t nlane;
	struct cluster *cluster;    /* which of them, or NULL */
	struct loc_link listen;
	struct loc_url listen_url;
	struct channel channel[LOC_CHANNELS_MAX];
	int nchannel;
	void (*after)(void *arg);
	void *after_arg;
	struct stale *stale;        /* earlier answers of loc_lookup, or NULL */
	struct nonces *nonces;      /* counts that were used here, or NULL */
	struct track track;
	uint32_t events;            /* written to events:reg */
	bool subscribed;            /* the channels were asked for on this connection */
};

/* The second link's share of a tick. */
void redis_tick_listen(struct loc_redis *self);

#endif
