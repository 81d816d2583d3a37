/* SPDX-License-Identifier: MIT */
/*
 * lane: one server of Redis: a link, and the commands that wait for its answers, in order.
 *
 *   pending   | gone | waiting, late (already answered RT_TIMEOUT) ... | waiting |     a ring
 *               head ^ the next reply of Redis belongs here      looked ^   ^ head + count
 */
#ifndef LANE_H
#define LANE_H

#include "command.h"
#include "limits.h"
#include "link.h"
#include "loc/redis.h"

struct pending {
	loc_redis_fn *fn; /* NULL: answered already, the reply is only swallowed */
	void *arg;
	uint64_t token;
	rt_ms due;        /* 0: not looked at yet; the first tick or readiness after the call sets it */
	struct command *again;
};

struct lane {
	struct loc_redis *redis;
	struct loc_url url;
	struct loc_link link;
	struct pending *ring;
	uint32_t size, head, count; /* size is a power of two */
	uint32_t stamped, looked;   /* entries from head on that have a deadline; that were found past it */

	uint32_t slots;             /* of a cluster: so many are its own, */
	uint32_t polled, events;    /* its socket as it is watched (cluster.c) */
};

struct lane *lane_new(struct loc_redis *redis, const struct loc_url *url); /* NULL: no memory */
void lane_destroy(struct lane **self_p);                                   /* what waits is answered RT_DOWN */

/* Queue a command. 0, or RT_DOWN: then nothing is answered. */
int lane_call(struct lane *self, const struct pending *who, int argc, const struct slice *argv);

/* The same for a command that is kept: on 0 it belongs to the lane. */
int lane_send(struct lane *self, const struct pending *who, struct command *command, bool by_digest);

void lane_ready(struct lane *self, uint32_t ready);
rt_ms lane_tick(struct lane *self); /* when to be called next */

/* Answer a command that no lane holds any more; what was kept of it is gone then. */
void lane_tell(struct loc_redis *redis, const struct pending *p, int err, const redisReply *reply);

static inline bool lane_takes(const struct lane *self)
{
	return self->link.state >= LINK_CONNECTING;
}

#endif
