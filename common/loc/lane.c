/* SPDX-License-Identifier: MIT */
/* lane: commands in order, answers in order. */
#include "lane.h"

#include <stdio.h>
#include <stdlib.h>

#include "cluster.h"
#include "redis_self.h"

enum {
	STUCK_FACTOR = 5, /* deadlines a late answer may still take until the connection counts as stuck */
	RING = 256,
};

static struct pending *at(const struct lane *self, uint32_t i)
{
	return &self->ring[(self->head + i) & (self->size - 1)];
}

struct lane *lane_new(struct loc_redis *redis, const struct loc_url *url)
{
	struct lane *self = calloc(1, sizeof(*self));

	if (!self)
		return 0;
	self->redis = redis;
	self->url = *url;
	self->size = RING;
	self->ring = calloc(self->size, sizeof(*self->ring));
	if (!self->ring) {
		free(self);
		return 0;
	}
	link_init(&self->link, &self->url, redis->timeout_ms, redis->now);
	(void)link_tick(&self->link, redis->now); /* a failure is retried by the tick, and told by loc_redis_trouble */
	return self;
}

void lane_tell(struct loc_redis *redis, const struct pending *p, int err, const redisReply *reply)
{
	free(p->again);
	if (!p->fn)
		return;
	p->fn(p->arg, p->token, err, reply);
	if (redis->after)
		redis->after(redis->after_arg);
}

/* Take the oldest off. */
static struct pending shift(struct lane *self)
{
	const struct pending p = *at(self, 0);

	self->head++;
	self->count--;
	if (self->stamped)
		self->stamped--;
	if (self->looked)
		self->looked--;
	return p;
}

/* The callback may queue more. */
static void answer(struct lane *self, int err, const redisReply *reply)
{
	const struct pending p = shift(self);

	lane_tell(self->redis, &p, err, reply);
}

/* After a loss: only what was pending now; what a callback queues is refused, since the link is closed. */
static void answer_all_down(struct lane *self)
{
	track_lost(self->redis);
	for (uint32_t n = self->count; n > 0; n--)
		answer(self, RT_DOWN, 0);
}

void lane_destroy(struct lane **self_p)
{
	struct lane *self = *self_p;

	if (!self)
		return;
	link_close(&self->link);
	answer_all_down(self);
	free(self->ring);
	free(self);
	*self_p = 0;
}

/* ---- Asking ---- */

static bool grow(struct lane *self)
{
	struct pending *ring;

	if (self->size >= LOC_PENDING_MAX)
		return false;
	ring = calloc((size_t)self->size * 2, sizeof(*ring));
	if (!ring)
		return false;
	for (uint32_t i = 0; i < self->count; i++)
		ring[i] = *at(self, i);
	free(self->ring);
	self->ring = ring;
	self->head = 0;
	self->size *= 2;
	return true;
}

static bool room(struct lane *self)
{
	return lane_takes(self) && (self->count < self->size || grow(self));
}

static void remember(struct lane *self, const struct pending *who, struct command *again)
{
	*at(self, self->count++) = (struct pending){ who->fn, who->arg, who->token, 0, again };
}

int lane_call(struct lane *self, const struct pending *who, int argc, const struct slice *argv)
{
	if (!room(self) || link_put(&self->link, argc, argv))
		return RT_DOWN;
	remember(self, who, 0);
	return 0;
}

int lane_send(struct lane *self, const struct pending *who, struct command *command, bool by_digest)
{
	if (!room(self) || command_put(command, &self->link, by_digest))
		return RT_DOWN;
	remember(self, who, command);
	return 0;
}

/* ---- Answers ---- */

static bool says(const redisReply *r, const char *word)
{
	return r->type == REDIS_REPLY_ERROR && strncmp(r->str, word, strlen(word)) == 0;
}

/* A Redis that restarted, or another node, does not know the script: send its text, once. True when it was asked again. */
static bool ask_again(struct lane *self, const redisReply *reply)
{
	const struct pending p = *at(self, 0); /* a copy: room() may move the ring */

	if (!p.fn || !p.again || !says(reply, "NOSCRIPT") || !room(self) || command_put(p.again, &self->link, false))
		return false;
	shift(self); /* this place in the order is done; the question waits anew at the end */
	remember(self, &p, p.again);
	return true;
}

/* To the node that was named; a script by its text, since ASK opens the door for one command alone. */
static bool send_on(const struct cluster_hint *hint, const struct pending *p)
{
	const struct pending nobody = { 0 };

	if (!hint->lane || p->again->hops++ >= CLUSTER_HOPS_AT_ONCE)
		return false;
	if (!hint->ask)
		return !lane_send(hint->lane, p, p->again, true);
	return !lane_call(hint->lane, &nobody, 1, (struct slice[]){ SLICE("ASKING") }) && !lane_send(hint->lane, p, p->again, false);
}

/* MOVED, ASK, and a cluster that cannot serve now. True when the answer was dealt with. */
static bool redirect(struct lane *self, const redisReply *reply)
{
	struct cluster *cluster = self->redis->cluster;
	struct cluster_hint hint;
	struct pending p;

	if (!cluster || reply->type != REDIS_REPLY_ERROR || !cluster_take_hint(cluster, self, reply->str, &hint))
		return false;
	p = shift(self);
	if ((!p.fn || !p.again || !send_on(&hint, &p)) && !cluster_keep(cluster, &hint, &p))
		lane_tell(self->redis, &p, RT_DOWN, 0);
	return true;
}

static bool says_one_of(const redisReply *r, const char *const *words) /* up to a NULL */
{
	while (*words && !says(r, *words))
		words++;
	return *words;
}

/* Errors that mean "not this server, not now": it became a replica, lost its master, or is loading. */
static bool means_down(const redisReply *r)
{
	static const char *const words[] = { "READONLY", "MASTERDOWN", "LOADING", "NOAUTH", 0 };

	return says_one_of(r, words);
}

/* Errors that mean "not this command, not now": memory or disk is full, too few replicas, a script runs. The connection is good. */
static bool means_later(const redisReply *r)
{
	static const char *const words[] = { "OOM", "MISCONF", "NOREPLICAS", "BUSY ", "TRYAGAIN", 0 };

	return says_one_of(r, words);
}

static void take(struct lane *self, const redisReply *reply)
{
	char why[80];

	if (self->count == 0)
		return;
	if (means_down(reply)) {
		snprintf(why, sizeof(why), "%.60s", reply->str);
		link_lose(&self->link, self->redis->now, why);
		return;
	}
	if (redirect(self, reply) || ask_again(self, reply))
		return;
	answer(self, means_later(reply) ? RT_DOWN : reply->type == REDIS_REPLY_ERROR ? RT_BAD : 0, reply);
}

static void read_replies(struct lane *self)
{
	redisReply *reply;

	while (link_reply(&self->link, self->redis->now, &reply) == 0) {
		take(self, reply);
		freeReplyObject(reply);
	}
}

static void stamp(struct lane *self)
{
	for (; self->stamped < self->count; self->stamped++)
		at(self, self->stamped)->due = self->redis->now + self->redis->timeout_ms;
}

void lane_ready(struct lane *self, uint32_t ready)
{
	stamp(self);
	if (link_ready(&self->link, ready, self->redis->now) == 0)
		read_replies(self);
	if (self->link.state == LINK_CLOSED)
		answer_all_down(self);
}

/* ---- Time ---- */

/* Those past their deadline are answered where they stand; their replies are swallowed when they come. */
static void expire(struct lane *self)
{
	const rt_ms now = self->redis->now;

	while (self->looked < self->stamped && at(self, self->looked)->due <= now) {
		struct pending *p = at(self, self->looked++);
		const struct pending late = *p;

		p->fn = 0;
		p->again = 0;
		lane_tell(self->redis, &late, RT_TIMEOUT, 0);
	}
	if (self->count && self->looked && now > at(self, 0)->due + (rt_ms)STUCK_FACTOR * self->redis->timeout_ms) {
		link_lose(&self->link, now, "it stopped answering");
		answer_all_down(self);
	}
}

rt_ms lane_tick(struct lane *self)
{
	const rt_ms now = self->redis->now;
	rt_ms next;

	stamp(self);
	expire(self);
	if (link_tick(&self->link, now))
		answer_all_down(self);
	next = link_next(&self->link, now);
	return self->looked < self->stamped && at(self, self->looked)->due < next ? at(self, self->looked)->due : next;
}
