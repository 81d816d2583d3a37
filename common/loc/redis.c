/* SPDX-License-Identifier: MIT */
/* redis: a command finds its lane: the only one, or that of the node whose slot its key is in. */
#include "loc/redis.h"

#include <stdlib.h>
#include <sys/epoll.h>

#include "cluster.h"
#include "nonces.h"
#include "redis_self.h"
#include "stale.h"

struct loc_redis *loc_redis_new(const char *url, uint32_t timeout_ms, rt_ms now)
{
	struct loc_redis *self = calloc(1, sizeof(*self));

	if (!self)
		return 0;
	self->timeout_ms = timeout_ms;
	self->now = now;
	if (loc_url_parse(&self->url, slice_str(url))) {
		free(self);
		return 0;
	}
	link_init(&self->listen, &self->url, timeout_ms, now);
	if (self->url.is_cluster)
		self->cluster = cluster_new(self);
	else
		self->lane[self->nlane++] = lane_new(self, &self->url);
	if (!self->cluster && !self->lane[0])
		loc_redis_destroy(&self);
	return self;
}

void loc_redis_after(struct loc_redis *self, void (*fn)(void *arg), void *arg)
{
	self->after = fn;
	self->after_arg = arg;
}

void loc_redis_destroy(struct loc_redis **self_p)
{
	struct loc_redis *self = *self_p;

	*self_p = 0;
	if (!self)
		return;
	self->after = 0;
	nonces_destroy(&self->nonces);
	stale_destroy(&self->stale); /* first: what still waits is told that Redis is away */
	for (uint32_t i = 0; i < self->nlane; i++) /* all, before one is asked by whom another lets down */
		if (self->lane[i])
			link_close(&self->lane[i]->link);
	for (uint32_t i = 0; i < self->nlane; i++)
		lane_destroy(&self->lane[i]);
	cluster_destroy(&self->cluster);
	link_close(&self->listen);
	free(self);
}

/* ---- Asking ---- */

/* The place where a connection is chosen. */
static struct lane *lane_for(struct loc_redis *self, int slot)
{
	return self->cluster ? cluster_lane(self->cluster, slot) : self->lane[0];
}

/* To any node of a cluster, which may send us on: so its text is kept. */
static int send_kept(struct loc_redis *self, struct lane *lane, const struct pending *who, struct command *c, bool by_digest)
{
	if (c && self->cluster && cluster_queues(self->cluster, &(struct pending){ who->fn, who->arg, who->token, 0, c }))
		return 0;
	if (!lane && c)
		lane = lane_for(self, c->slot);
	if (lane && c && lane_send(lane, who, c, by_digest) == 0)
		return 0;
	free(c);
	return RT_DOWN;
}

int loc_redis_call(struct loc_redis *self, loc_redis_fn *fn, void *arg, uint64_t token, int argc, const struct slice *argv)
{
	const struct pending who = { .fn = fn, .arg = arg, .token = token };

	if (!self->cluster)
		return lane_call(self->lane[0], &who, argc, argv);
	return send_kept(self, 0, &who, command_new(argc, argv), true);
}

static void loaded(void *arg, uint64_t token, int err, const redisReply *reply)
{
	struct loc_script *script = arg;

	(void)token;
	if (!err && reply->type == REDIS_REPLY_STRING && reply->len < sizeof(script->sha))
		memcpy(script->sha, reply->str, reply->len + 1);
}

int loc_redis_script(struct loc_redis *self, struct loc_script *script, loc_redis_fn *fn, void *arg, uint64_t token, int nkeys,
                     int argc, const struct slice *argv)
{
	const bool known = script->sha[0];
	const struct slice load[3] = { SLICE("SCRIPT"), SLICE("LOAD"), slice_str(script->text) };
	const struct pending who = { .fn = fn, .arg = arg, .token = token }, loader = { .fn = loaded, .arg = script };
	struct command *c = command_new_script(script, nkeys, argc, argv);
	struct lane *lane = c ? lane_for(self, c->slot) : 0;

	if (lane && !known && lane_call(lane, &loader, 3, load))
		lane = 0;
	if (!lane) {
		free(c);
		return RT_DOWN;
	}
	return send_kept(self, lane, &who, c, known);
}

/* ---- Its descriptor ---- */

void loc_redis_ready(struct loc_redis *self, uint32_t ready, rt_ms now)
{
	self->now = now;
	if (self->cluster)
		cluster_ready(self->cluster);
	else
		lane_ready(self->lane[0], ready);
}

void loc_redis_flush(struct loc_redis *self)
{
	for (uint32_t i = 0; i < self->nlane; i++)
		if (self->lane[i])
			link_flush(&self->lane[i]->link);
	if (self->cluster)
		cluster_watch(self->cluster);
}

int loc_redis_fd(const struct loc_redis *self)
{
	return self->cluster ? cluster_fd(self->cluster) : link_fd(&self->lane[0]->link);
}

uint32_t loc_redis_events(const struct loc_redis *self)
{
	return self->cluster ? EPOLLIN : link_events(&self->lane[0]->link);
}

bool loc_redis_up(const struct loc_redis *self)
{
	return self->cluster ? cluster_up(self->cluster) : self->lane[0]->link.state == LINK_OPEN;
}

uint32_t loc_redis_missing(const struct loc_redis *self)
{
	return self->cluster ? cluster_missing(self->cluster) : !loc_redis_up(self);
}

bool loc_redis_some(const struct loc_redis *self)
{
	return self->cluster ? cluster_some(self->cluster) : loc_redis_up(self);
}

const char *loc_redis_trouble(const struct loc_redis *self)
{
	return self->cluster ? cluster_trouble(self->cluster) : self->lane[0]->link.trouble;
}

/* ---- Time ---- */

rt_ms loc_redis_tick(struct loc_redis *self, rt_ms now)
{
	const uint32_t glance = self->timeout_ms / 4 ? self->timeout_ms / 4 : 1; /* what is queued meanwhile gets its deadline then */
	rt_ms next = now + glance;

	self->now = now;
	for (uint32_t i = 0; i < self->nlane; i++)
		if (self->lane[i]) {
			const rt_ms due = lane_tick(self->lane[i]);

			next = due < next ? due : next;
		}
	if (self->cluster) {
		const rt_ms due = cluster_tick(self->cluster);

		next = due < next ? due : next;
	}
	redis_tick_listen(self);
	track_tick(self);
	if (self->nchannel && link_next(&self->listen, now) < next)
		next = link_next(&self->listen, now);
	return next > now ? next : now + 1;
}
