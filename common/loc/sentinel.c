/* SPDX-License-Identifier: MIT */
/*
 * sentinel: SENTINEL get-master-addr-by-name, one question a connection.
 *
 * A master that is being replaced is still named for some seconds; the caller finds it dead and asks again.
 */
#include "sentinel.h"

#include <stdio.h>
#include <stdlib.h>

struct sentinel {
	const struct loc_url *url; /* with the sentinels and the master's name */
	struct loc_url at, master; /* who is asked, what it said */
	struct loc_link link;
	uint32_t timeout_ms;
	uint32_t next;             /* of url->sentinel */
	int state;                 /* 0, RT_MORE, RT_DOWN */
	bool asked;
	char trouble[200];
};

struct sentinel *sentinel_new(const struct loc_url *url, uint32_t timeout_ms, rt_ms now)
{
	struct sentinel *self = calloc(1, sizeof(*self));

	if (!self)
		return 0;
	self->url = url;
	self->timeout_ms = timeout_ms;
	self->state = RT_DOWN;
	link_init(&self->link, &self->at, timeout_ms, now);
	return self;
}

void sentinel_destroy(struct sentinel **self_p)
{
	struct sentinel *self = *self_p;

	*self_p = 0;
	if (!self)
		return;
	link_close(&self->link);
	free(self);
}

static void end(struct sentinel *self, int state)
{
	if (state == RT_DOWN)
		snprintf(self->trouble, sizeof(self->trouble), "sentinel: %.180s", self->link.trouble);
	link_close(&self->link);
	self->state = state;
}

void sentinel_ask(struct sentinel *self, rt_ms now)
{
	const struct loc_place *place = &self->url->place[self->next++ % self->url->nplace];

	link_close(&self->link);
	self->at = (struct loc_url){ .port = place->port, .is_sentinel = true };
	memcpy(self->at.host, place->host, sizeof(place->host));
	memcpy(self->at.user, self->url->sentinel_user, sizeof(self->at.user));
	memcpy(self->at.password, self->url->sentinel_password, sizeof(self->at.password));
	link_init(&self->link, &self->at, self->timeout_ms, now);
	self->state = RT_MORE;
	self->asked = false;
	sentinel_tick(self, now);
}

void sentinel_tick(struct sentinel *self, rt_ms now)
{
	const struct slice question[3] = { SLICE("SENTINEL"), SLICE("get-master-addr-by-name"), slice_str(self->url->master) };

	if (self->state != RT_MORE)
		return;
	if (link_tick(&self->link, now)) {
		end(self, RT_DOWN);
	} else if (!self->asked && self->link.state >= LINK_CONNECTING) {
		self->asked = true;
		if (link_put(&self->link, 3, question))
			end(self, RT_DOWN);
		link_flush(&self->link);
	}
}

static void fail(struct sentinel *self, rt_ms now, const char *why)
{
	link_lose(&self->link, now, why);
	end(self, RT_DOWN);
}

/* { "10.0.0.7", "6379" }; nil when it watches no master of that name. */
static void take(struct sentinel *self, const redisReply *r, rt_ms now)
{
	uint32_t port;

	if (r->type != REDIS_REPLY_ARRAY || r->elements != 2 || r->element[0]->type != REDIS_REPLY_STRING ||
	    r->element[1]->type != REDIS_REPLY_STRING || !slice_u32(slice_str(r->element[1]->str), &port) || port - 1 > 65534) {
		fail(self, now, r->type == REDIS_REPLY_ERROR ? r->str : "it knows no master of that name");
		return;
	}
	self->master = *self->url;
	snprintf(self->master.host, sizeof(self->master.host), "%s", r->element[0]->str);
	self->master.port = (uint16_t)port;
	end(self, 0);
}

void sentinel_ready(struct sentinel *self, uint32_t ready, rt_ms now)
{
	redisReply *reply;

	if (self->state != RT_MORE)
		return;
	if (link_ready(&self->link, ready, now)) {
		end(self, RT_DOWN);
	} else if (link_reply(&self->link, now, &reply) == 0) {
		take(self, reply, now);
		freeReplyObject(reply);
	} else if (self->link.state == LINK_CLOSED) {
		end(self, RT_DOWN);
	} else {
		link_flush(&self->link);
	}
}

const struct loc_link *sentinel_link(const struct sentinel *self)
{
	return &self->link;
}

int sentinel_answer(struct sentinel *self, struct loc_url *out)
{
	if (self->state == 0)
		*out = self->master;
	return self->state;
}

const char *sentinel_trouble(const struct sentinel *self)
{
	return self->trouble;
}
