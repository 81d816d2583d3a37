/* SPDX-License-Identifier: MIT */
/* subscribe: channels, on a link of their own: a subscribed connection answers no commands. */
#include "cluster.h"
#include "redis_self.h"

/* Before any channel: then only those are answered. */
static void ask_name(struct loc_redis *self)
{
	if (link_put(&self->listen, 2, (struct slice[]){ SLICE("CLIENT"), SLICE("ID") }))
		link_lose(&self->listen, self->now, "no memory for a command");
}

static void ask_channel(struct loc_redis *self, int i)
{
	if (link_put(&self->listen, 2, (struct slice[]){ SLICE("SUBSCRIBE"), slice_str(self->channel[i].name) }))
		link_lose(&self->listen, self->now, "no memory for a command");
}

/* A new connection knows of no channel. */
void redis_tick_listen(struct loc_redis *self)
{
	if (!self->nchannel)
		return;
	if (self->listen.state < LINK_CONNECTING) {
		self->subscribed = false;
		track_deaf(self);
	}
	if (self->cluster && self->listen.state == LINK_CLOSED) { /* every node hands out every message: another one each time */
		cluster_any(self->cluster, &self->listen_url);
		self->listen.url = &self->listen_url;
	}
	(void)link_tick(&self->listen, self->now);
	if (!self->subscribed && self->listen.state >= LINK_CONNECTING)
		ask_name(self);
	for (int i = 0; !self->subscribed && self->listen.state >= LINK_CONNECTING && i < self->nchannel; i++)
		ask_channel(self, i);
	self->subscribed = self->listen.state >= LINK_CONNECTING;
	link_flush(&self->listen);
}

int loc_redis_subscribe(struct loc_redis *self, struct slice channel, loc_message_fn *fn, void *arg)
{
	struct channel *c = &self->channel[self->nchannel];

	if (self->nchannel == LOC_CHANNELS_MAX || !slice_cstr(channel, c->name, sizeof(c->name)))
		return RT_NOMEM;
	c->fn = fn;
	c->arg = arg;
	if (self->nchannel++ == 0)
		self->listen.at = self->now;
	else if (self->subscribed)
		ask_channel(self, self->nchannel - 1);
	redis_tick_listen(self);
	return 0;
}

static bool is_message(const redisReply *r)
{
	return r->type == REDIS_REPLY_ARRAY && r->elements == 3 && r->element[0]->type == REDIS_REPLY_STRING &&
	       strcmp(r->element[0]->str, "message") == 0 && r->element[1]->type == REDIS_REPLY_STRING &&
	       r->element[2]->type == REDIS_REPLY_STRING;
}

static void hand_out(struct loc_redis *self, const redisReply *r)
{
	const struct slice name = slice_of(r->element[1]->str, (uint32_t)r->element[1]->len);

	for (int i = 0; i < self->nchannel; i++)
		if (slice_eq(name, slice_str(self->channel[i].name)))
			self->channel[i].fn(self->channel[i].arg, name,
			                    slice_of(r->element[2]->str, (uint32_t)r->element[2]->len));
}

void loc_redis_ready2(struct loc_redis *self, uint32_t ready, rt_ms now)
{
	redisReply *reply;

	self->now = now;
	if (link_ready(&self->listen, ready, now))
		return;
	while (link_reply(&self->listen, now, &reply) == 0) {
		if (!track_hears(self, reply) && is_message(reply))
			hand_out(self, reply);
		freeReplyObject(reply);
	}
}

int loc_redis_fd2(const struct loc_redis *self)
{
	return link_fd(&self->listen);
}

uint32_t loc_redis_events2(const struct loc_redis *self)
{
	return link_events(&self->listen);
}
