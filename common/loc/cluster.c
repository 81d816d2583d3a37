/* SPDX-License-Identifier: MIT */
/*
 * cluster: the map and its keeping.
 *
 *   slot[16384]  number of a lane + 1, 0: nobody known, any node may say
 *   lane[]       of the masters in the map; of a node to begin with, while there is no map; of one that ASK named, for a while
 */
#include "cluster.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "loc/slot.h"
#include "parked.h"
#include "redis_self.h"
#include "rt/clock.h"
#include "rt/hash.h"

enum {
	PAUSE = 100,        /* ms between two questions for the map, and as much again by chance */
	IDLE = 10000,       /* ms a lane without slots is kept */
	READY_MAX = 32,     /* lanes read in one turn */
	DOWN = 2500,        /* ms a CLUSTERDOWN that lasts is believed: every loop asks something each second */
};

struct cluster {
	struct loc_redis *redis;
	int epoll;
	uint32_t served;     /* slots that have a lane */
	uint32_t last;       /* lane of the last command */
	uint32_t seed, turn; /* next of the url's places; next lane to ask for the map */
	rt_ms map_at, seed_at; /* when to ask, to begin anew; UINT64_MAX: all is well */
	rt_ms down_until; /* a node said CLUSTERDOWN: none of them serves, connected or not */
	bool asking;
	struct parked parked;
	uint64_t dice;
	char trouble[224];
	rt_ms used[LOC_NODES_MAX]; /* when a lane last had a slot or a command */
	uint8_t slot[LOC_SLOTS];
};
_Static_assert(LOC_NODES_MAX < 256, "a byte each slot");

struct cluster *cluster_new(struct loc_redis *redis)
{
	struct cluster *self = calloc(1, sizeof(*self));

	if (!self)
		return 0;
	self->redis = redis;
	self->epoll = epoll_create1(EPOLL_CLOEXEC);
	rt_random(&self->dice, sizeof(self->dice));
	self->seed = (uint32_t)(self->dice % redis->url.nplace);
	snprintf(self->trouble, sizeof(self->trouble), "not connected yet");
	if (self->epoll < 0)
		cluster_destroy(&self);
	else
		cluster_tick(self);
	return self;
}

void cluster_destroy(struct cluster **self_p)
{
	struct cluster *self = *self_p;

	if (!self)
		return;
	parked_release(&self->parked, self->redis);
	*self_p = 0;
	if (self->epoll >= 0)
		close(self->epoll);
	free(self);
}

/* ---- Lanes ---- */

/* The lane of a node, new when there is none; its number, or -1. */
static int lane_at(struct cluster *self, struct slice host, uint32_t port)
{
	struct loc_redis *r = self->redis;
	struct loc_url url = r->url;
	uint32_t at = r->nlane;

	for (uint32_t i = 0; i < r->nlane; i++) {
		if (!r->lane[i])
			at = i;
		else if (r->lane[i]->url.port == port && slice_eq(slice_str(r->lane[i]->url.host), host))
			return (int)i;
	}
	if (at == LOC_NODES_MAX || !host.n || port - 1 > 65534 || !slice_cstr(host, url.host, sizeof(url.host)))
		return -1;
	url.port = (uint16_t)port;
	r->lane[at] = lane_new(r, &url);
	if (!r->lane[at])
		return -1;
	if (at == r->nlane)
		r->nlane++;
	self->used[at] = r->now;
	return (int)at;
}

static void set_slot(struct cluster *self, uint32_t slot, int lane)
{
	const uint8_t was = self->slot[slot];

	if (was)
		self->redis->lane[was - 1]->slots--;
	if (lane >= 0)
		self->redis->lane[lane]->slots++;
	self->served += (lane >= 0) - (was != 0);
	self->slot[slot] = (uint8_t)(lane + 1);
}

/* One whose link is open, from `from` on; else -1 */
static int open_lane(const struct cluster *self, uint32_t from, enum link_state least)
{
	const struct loc_redis *r = self->redis;

	for (uint32_t i = 0; i < r->nlane; i++) {
		const uint32_t at = (from + i) % r->nlane;

		if (r->lane[at] && r->lane[at]->link.state >= least)
			return (int)at;
	}
	return -1;
}

struct lane *cluster_lane(struct cluster *self, int slot)
{
	int at = slot < 0 ? -1 : self->slot[slot] - 1;

	if (at < 0)
		at = open_lane(self, self->last, LINK_CONNECTING);
	if (at < 0)
		return 0;
	self->last = (uint32_t)at;
	return self->redis->lane[at];
}

void cluster_any(const struct cluster *self, struct loc_url *out)
{
	const struct loc_redis *r = self->redis;
	const int at = open_lane(self, r->nlane ? r->listen.failures % r->nlane : 0, LINK_OPEN);
	const struct loc_place *place = &r->url.place[r->listen.failures % r->url.nplace];

	*out = r->url;
	memcpy(out->host, at < 0 ? place->host : r->lane[at]->url.host, sizeof(out->host));
	out->port = at < 0 ? place->port : r->lane[at]->url.port;
}

/* ---- Where a command belongs ---- */

void cluster_doubt(struct cluster *self)
{
	const rt_ms soon = self->redis->now + PAUSE + self->dice % PAUSE;

	self->dice = rt_mix(self->dice, self->redis->now);
	if (soon < self->map_at)
		self->map_at = soon;
}

/* "127.0.0.1:6381", "2001:db8::1:6381"; ":6381": the host of who said so. */
static int lane_of(struct cluster *self, const struct lane *from, struct slice place)
{
	uint32_t n = place.n, port = 0;
	struct slice host;

	while (n > 0 && place.p[n - 1] != ':')
		n--;
	if (n == 0 || !slice_u32(slice_from(place, n), &port))
		return -1;
	host = n > 1 ? slice_head(place, n - 1) : slice_str(from->url.host);
	return lane_at(self, host, port);
}

bool cluster_take_hint(struct cluster *self, const struct lane *from, const char *text, struct cluster_hint *out)
{
	const struct slice line = slice_str(text);
	const bool moved = slice_starts_nocase(line, SLICE("MOVED ")), ask = slice_starts_nocase(line, SLICE("ASK "));
	struct slice rest = slice_from(line, moved ? 6 : 4);
	const int space = moved || ask ? slice_find(rest, ' ') : -1;
	uint32_t slot;
	int at;

	*out = (struct cluster_hint){ .ask = ask };
	if (!moved && !ask) {
		out->down = slice_starts_nocase(line, SLICE("CLUSTERDOWN"));
		if (!out->down && !slice_starts_nocase(line, SLICE("TRYAGAIN")))
			return false;
		cluster_doubt(self);
		return true;
	}
	if (space < 0 || !slice_u32(slice_head(rest, (uint32_t)space), &slot) || slot >= LOC_SLOTS)
		return true;
	at = lane_of(self, from, slice_from(rest, (uint32_t)space + 1));
	if (at < 0)
		return true;
	out->lane = self->redis->lane[at];
	if (moved) {
		set_slot(self, slot, at);
		cluster_doubt(self);
	}
	return true;
}

bool cluster_keep(struct cluster *self, const struct cluster_hint *hint, const struct pending *p)
{
	const rt_ms now = self->redis->now;
	const bool may = p->fn && p->again && now >= self->down_until && p->again->hops++ < CLUSTER_HOPS_MAX;
	const bool kept = may && parked_put(&self->parked, p, now);

	self->down_until = hint->down && !kept ? now + DOWN : self->down_until;
	return kept;
}

bool cluster_queues(struct cluster *self, const struct pending *p)
{
	return parked_holds(&self->parked, p->again->slot) && parked_put(&self->parked, p, self->redis->now);
}

/* ---- The map ---- */

static struct slice host_of(const redisReply *node, const struct lane *from)
{
	const redisReply *host = node->element[0];

	return host->type == REDIS_REPLY_STRING && host->len && strcmp(host->str, "?") != 0 ? slice_str(host->str)
	                                                                                      : slice_str(from->url.host);
}

/* { first, last, { host, port, .. master }, replicas .. } */
static void read_range(struct cluster *self, const redisReply *range, const struct lane *from, uint8_t *seen)
{
	const redisReply *node = range->type == REDIS_REPLY_ARRAY && range->elements >= 3 ? range->element[2] : 0;
	long long last;
	int at;

	if (!node || node->type != REDIS_REPLY_ARRAY || node->elements < 2 || range->element[0]->type != REDIS_REPLY_INTEGER ||
	    range->element[1]->type != REDIS_REPLY_INTEGER || node->element[1]->type != REDIS_REPLY_INTEGER)
		return;
	at = lane_at(self, host_of(node, from), (uint32_t)node->element[1]->integer);
	last = range->element[1]->integer;
	for (long long s = range->element[0]->integer; at >= 0 && s >= 0 && s <= last && s < LOC_SLOTS; s++) {
		set_slot(self, (uint32_t)s, at);
		seen[s] = 1;
	}
}

static void map_came(void *arg, uint64_t token, int err, const redisReply *reply)
{
	struct cluster *self = arg;
	const struct lane *from = self->redis->lane[token];
	uint8_t seen[LOC_SLOTS] = { 0 };

	self->asking = false;
	self->map_at = UINT64_MAX;
	if (err || reply->type != REDIS_REPLY_ARRAY || !from) {
		cluster_doubt(self);
		return;
	}
	for (size_t i = 0; i < reply->elements; i++)
		read_range(self, reply->element[i], from, seen);
	for (uint32_t s = 0; s < LOC_SLOTS; s++)
		if (!seen[s])
			set_slot(self, s, -1);
}

static void ask_map(struct cluster *self)
{
	const int at = self->asking || self->redis->now < self->map_at ? -1 : open_lane(self, self->turn, LINK_OPEN);
	const struct pending who = { .fn = map_came, .arg = self, .token = (uint64_t)at };

	if (at < 0)
		return;
	self->turn = (uint32_t)at + 1;
	self->asking = !lane_call(self->redis->lane[at], &who, 2, (struct slice[]){ SLICE("CLUSTER"), SLICE("SLOTS") });
	link_flush(&self->redis->lane[at]->link);
}

/* ---- Time ---- */

/* No node answers: the next of those we were told of. */
static void begin_anew(struct cluster *self)
{
	const struct loc_place *place = &self->redis->url.place[self->seed++ % self->redis->url.nplace];

	self->seed_at = self->redis->now + PAUSE + self->dice % PAUSE;
	self->dice = rt_mix(self->dice, self->redis->now);
	(void)lane_at(self, slice_str(place->host), place->port);
}

/* Lanes nobody needs: without a slot for long, or without a slot and without a connection. */
static void retire(struct cluster *self)
{
	struct loc_redis *r = self->redis;

	for (uint32_t i = 0; i < r->nlane; i++) {
		struct lane *lane = r->lane[i];

		if (!lane)
			continue;
		if (lane->slots || lane->count)
			self->used[i] = r->now;
		else if (lane->link.state == LINK_CLOSED || (self->served && r->now - self->used[i] > IDLE)) {
			if (lane->link.trouble[0])
				memcpy(self->trouble, lane->link.trouble, sizeof(self->trouble));
			lane_destroy(&r->lane[i]);
		}
	}
}

rt_ms cluster_tick(struct cluster *self)
{
	rt_ms next;

	retire(self);
	if (open_lane(self, 0, LINK_OPEN) < 0 && self->redis->now >= self->seed_at)
		begin_anew(self);
	if (!cluster_up(self) && !self->asking)
		cluster_doubt(self);
	ask_map(self);
	parked_send(&self->parked, self->redis, self->redis->now);
	cluster_watch(self);
	next = self->asking ? UINT64_MAX : self->map_at;
	next = parked_next(&self->parked) < next ? parked_next(&self->parked) : next;
	return open_lane(self, 0, LINK_OPEN) < 0 && self->seed_at < next ? self->seed_at : next;
}

/* ---- Descriptors ---- */

int cluster_fd(const struct cluster *self)
{
	return self->epoll;
}

void cluster_watch(struct cluster *self)
{
	for (uint32_t i = 0; i < self->redis->nlane; i++) {
		struct lane *lane = self->redis->lane[i];
		const int fd = lane ? link_fd(&lane->link) : -1;
		struct epoll_event e = { .data.u32 = i };

		if (fd < 0)
			continue;
		e.events = link_events(&lane->link);
		if (lane->polled == lane->link.sockets && lane->events == e.events)
			continue;
		if (epoll_ctl(self->epoll, lane->polled == lane->link.sockets ? EPOLL_CTL_MOD : EPOLL_CTL_ADD, fd, &e) == 0) {
			lane->polled = lane->link.sockets;
			lane->events = e.events;
		}
	}
}

void cluster_ready(struct cluster *self)
{
	struct epoll_event ready[READY_MAX];
	const int n = epoll_wait(self->epoll, ready, READY_MAX, 0);

	for (int i = 0; i < n; i++) {
		struct lane *lane = self->redis->lane[ready[i].data.u32];

		if (lane)
			lane_ready(lane, ready[i].events);
	}
	cluster_watch(self);
}

/* ---- How it is ---- */

uint32_t cluster_missing(const struct cluster *self)
{
	const struct loc_redis *r = self->redis;
	uint32_t n = self->served != LOC_SLOTS;

	for (uint32_t i = 0; i < r->nlane; i++)
		n += r->lane[i] && r->lane[i]->slots && r->lane[i]->link.state != LINK_OPEN;
	return n;
}

bool cluster_up(const struct cluster *self)
{
	return cluster_missing(self) == 0;
}

bool cluster_some(const struct cluster *self)
{
	return open_lane(self, 0, LINK_OPEN) >= 0 && self->redis->now >= self->down_until;
}

const char *cluster_trouble(const struct cluster *self)
{
	const struct loc_redis *r = self->redis;

	if (cluster_up(self))
		return "";
	for (uint32_t i = 0; i < r->nlane; i++)
		if (r->lane[i] && r->lane[i]->link.trouble[0])
			return r->lane[i]->link.trouble;
	return open_lane(self, 0, LINK_OPEN) >= 0 ? "not every slot of the cluster has a master" : self->trouble;
}
