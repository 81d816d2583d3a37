/* SPDX-License-Identifier: MIT */
/*
 * redis: commands in order, answers in order.
 *
 *   pending   | gone | waiting, late (already answered RT_TIMEOUT) ... | waiting |     a ring
 *               head ^ the next reply of Redis belongs here      looked ^   ^ head + count
 */
#include "loc/redis.h"

#include <stdio.h>
#include <stdlib.h>

#include "redis_self.h"
#include "rt/cursor.h"
#include "stale.h"

enum { STUCK_FACTOR = 5 }; /* deadlines a late answer may still take until the connection counts as stuck */

static struct pending *at(const struct loc_redis *self, uint32_t i)
{
	return &self->ring[(self->head + i) & (self->size - 1)];
}

struct loc_redis *loc_redis_new(const char *url, uint32_t timeout_ms, rt_ms now)
{
	struct loc_redis *self = calloc(1, sizeof(*self));

	if (!self)
		return 0;
	self->size = 256;
	self->ring = calloc(self->size, sizeof(*self->ring));
	if (!self->ring || loc_url_parse(&self->url, slice_str(url))) {
		free(self->ring);
		free(self);
		return 0;
	}
	self->timeout_ms = timeout_ms;
	self->now = now;
	link_init(&self->link, &self->url, timeout_ms, now);
	link_init(&self->listen, &self->url, timeout_ms, now);
	(void)link_tick(&self->link, now); /* a failure is retried by the tick, and told by loc_redis_trouble */
	return self;
}

void loc_redis_after(struct loc_redis *self, void (*fn)(void *arg), void *arg)
{
	self->after = fn;
	self->after_arg = arg;
}

static void tell(struct loc_redis *self, const struct pending *p, int err, const redisReply *reply)
{
	if (!p->fn)
		return;
	p->fn(p->arg, p->token, err, reply);
	if (self->after)
		self->after(self->after_arg);
}

/* Take the oldest off and answer it. The callback may queue more. */
static void answer(struct loc_redis *self, int err, const redisReply *reply)
{
	const struct pending p = *at(self, 0);

	self->head++;
	self->count--;
	if (self->stamped)
		self->stamped--;
	if (self->looked)
		self->looked--;
	free(p.again);
	tell(self, &p, err, reply);
}

/* After a loss: only what was pending now; what a callback queues is refused, since the link is closed. */
static void answer_all_down(struct loc_redis *self)
{
	for (uint32_t n = self->count; n > 0; n--)
		answer(self, RT_DOWN, 0);
}

void loc_redis_destroy(struct loc_redis **self_p)
{
	struct loc_redis *self = *self_p;

	*self_p = 0;
	if (!self)
		return;
	self->after = 0;
	stale_destroy(&self->stale); /* first: what still waits is told that Redis is away */
	link_close(&self->link);
	answer_all_down(self);
	link_close(&self->listen);
	free(self->ring);
	free(self);
}

/* ---- Asking ---- */

static bool grow(struct loc_redis *self)
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

static bool room(struct loc_redis *self)
{
	return self->link.state >= LINK_CONNECTING && (self->count < self->size || grow(self));
}

static void remember(struct loc_redis *self, loc_redis_fn *fn, void *arg, uint64_t token, struct again *again)
{
	*at(self, self->count++) = (struct pending){ fn, arg, token, 0, again };
}

int loc_redis_call(struct loc_redis *self, loc_redis_fn *fn, void *arg, uint64_t token, int argc, const struct slice *argv)
{
	if (!room(self) || link_put(&self->link, argc, argv))
		return RT_DOWN;
	remember(self, fn, arg, token, 0);
	return 0;
}

static void loaded(void *arg, uint64_t token, int err, const redisReply *reply)
{
	struct loc_script *script = arg;

	(void)token;
	if (!err && reply->type == REDIS_REPLY_STRING && reply->len < sizeof(script->sha))
		memcpy(script->sha, reply->str, reply->len + 1);
}

/* nkeys and the arguments in the protocol, so that they can be sent twice. */
static struct again *render_tail(struct loc_script *script, int nkeys, int argc, const struct slice *argv)
{
	size_t size = sizeof(struct again) + 32;
	struct again *a;
	struct rt_cursor c;
	char keys[12];

	for (int i = 0; i < argc; i++)
		size += argv[i].n + 16;
	a = size < LOC_QUEUE_BYTES ? malloc(size) : 0;
	if (!a)
		return 0;
	c = rt_cursor_on(a->tail, (uint32_t)(size - sizeof(*a)));
	rt_cursor_printf(&c, "$%d\r\n%d\r\n", snprintf(keys, sizeof(keys), "%d", nkeys), nkeys);
	for (int i = 0; i < argc; i++) {
		rt_cursor_char(&c, '$');
		rt_cursor_u64(&c, argv[i].n);
		rt_cursor_lit(&c, "\r\n");
		rt_cursor_put(&c, argv[i]);
		rt_cursor_lit(&c, "\r\n");
	}
	a->script = script;
	a->argc = argc + 1;
	a->n = c.n;
	return a;
}

static int put_script(struct loc_redis *self, const struct again *a, bool by_digest)
{
	struct loc_link *link = &self->link;
	const uint32_t before = link->out_n - link->out_at;
	const struct slice body = slice_str(by_digest ? a->script->sha : a->script->text);
	const bool fits = !link_put_count(link, '*', (uint64_t)a->argc + 2) &&
	                  !link_put_raw(link, by_digest ? SLICE("$7\r\nEVALSHA\r\n") : SLICE("$4\r\nEVAL\r\n")) &&
	                  !link_put_count(link, '$', body.n) && !link_put_raw(link, body) &&
	                  !link_put_raw(link, SLICE("\r\n")) && !link_put_raw(link, slice_of(a->tail, a->n));

	if (!fits)
		link->out_n = link->out_at + before;
	return fits ? 0 : RT_DOWN;
}

int loc_redis_script(struct loc_redis *self, struct loc_script *script, loc_redis_fn *fn, void *arg, uint64_t token, int nkeys,
                     int argc, const struct slice *argv)
{
	const bool known = script->sha[0];
	const struct slice load[3] = { SLICE("SCRIPT"), SLICE("LOAD"), slice_str(script->text) };
	struct again *a;

	if (!known && loc_redis_call(self, loaded, script, 0, 3, load))
		return RT_DOWN;
	if (!room(self))
		return RT_DOWN;
	a = render_tail(script, nkeys, argc, argv);
	if (!a || put_script(self, a, known)) {
		free(a);
		return RT_DOWN;
	}
	remember(self, fn, arg, token, a);
	return 0;
}

/* ---- Answers ---- */

static bool says(const redisReply *r, const char *word)
{
	return r->type == REDIS_REPLY_ERROR && strncmp(r->str, word, strlen(word)) == 0;
}

/* A Redis that restarted has forgotten the script: send its text, once. True when it was asked again. */
static bool ask_again(struct loc_redis *self, const redisReply *reply)
{
	struct pending p = *at(self, 0);

	if (!p.fn || !p.again || !says(reply, "NOSCRIPT") || !room(self) || put_script(self, p.again, false))
		return false;
	at(self, 0)->fn = 0; /* this place in the order is done; the question waits anew at the end */
	at(self, 0)->again = 0;
	answer(self, 0, 0);
	remember(self, p.fn, p.arg, p.token, p.again);
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
	static const char *const words[] = { "OOM", "MISCONF", "NOREPLICAS", "BUSY", "TRYAGAIN", 0 };

	return says_one_of(r, words);
}

static void take(struct loc_redis *self, const redisReply *reply)
{
	char why[80];

	if (self->count == 0)
		return;
	if (means_down(reply)) {
		snprintf(why, sizeof(why), "%.60s", reply->str);
		link_lose(&self->link, self->now, why);
		return;
	}
	if (ask_again(self, reply))
		return;
	answer(self, means_later(reply) ? RT_DOWN : reply->type == REDIS_REPLY_ERROR ? RT_BAD : 0, reply);
}

static void read_replies(struct loc_redis *self)
{
	redisReply *reply;

	while (link_reply(&self->link, self->now, &reply) == 0) {
		take(self, reply);
		freeReplyObject(reply);
	}
}

static void stamp(struct loc_redis *self)
{
	for (; self->stamped < self->count; self->stamped++)
		at(self, self->stamped)->due = self->now + self->timeout_ms;
}

void loc_redis_ready(struct loc_redis *self, uint32_t ready, rt_ms now)
{
	self->now = now;
	stamp(self);
	if (link_ready(&self->link, ready, now) == 0)
		read_replies(self);
	if (self->link.state == LINK_CLOSED)
		answer_all_down(self);
}

void loc_redis_flush(struct loc_redis *self)
{
	link_flush(&self->link);
}

int loc_redis_fd(const struct loc_redis *self)
{
	return link_fd(&self->link);
}

uint32_t loc_redis_events(const struct loc_redis *self)
{
	return link_events(&self->link);
}

bool loc_redis_up(const struct loc_redis *self)
{
	return self->link.state == LINK_OPEN;
}

const char *loc_redis_trouble(const struct loc_redis *self)
{
	return self->link.trouble;
}

/* ---- Time ---- */

/* Those past their deadline are answered where they stand; their replies are swallowed when they come. */
static void expire(struct loc_redis *self)
{
	while (self->looked < self->stamped && at(self, self->looked)->due <= self->now) {
		struct pending *p = at(self, self->looked++);
		const struct pending late = *p;

		p->fn = 0;
		p->again = 0;
		free(late.again);
		tell(self, &late, RT_TIMEOUT, 0);
	}
	if (self->count && self->looked && self->now > at(self, 0)->due + (rt_ms)STUCK_FACTOR * self->timeout_ms) {
		link_lose(&self->link, self->now, "it stopped answering");
		answer_all_down(self);
	}
}

static rt_ms soonest(rt_ms a, rt_ms b)
{
	return a < b ? a : b;
}

rt_ms loc_redis_tick(struct loc_redis *self, rt_ms now)
{
	const uint32_t glance = self->timeout_ms / 4 ? self->timeout_ms / 4 : 1; /* what is queued meanwhile gets its deadline then */
	rt_ms next;

	self->now = now;
	stamp(self);
	expire(self);
	if (link_tick(&self->link, now))
		answer_all_down(self);
	redis_tick_listen(self);
	next = soonest(now + glance, link_next(&self->link, now));
	if (self->nchannel)
		next = soonest(next, link_next(&self->listen, now));
	if (self->looked < self->stamped)
		next = soonest(next, at(self, self->looked)->due);
	return next > now ? next : now + 1;
}
