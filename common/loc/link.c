/* SPDX-License-Identifier: MIT */
/* link: a non-blocking socket (dial.c), an output buffer and hiredis' reader. */
#include "link.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include "limits.h"
#include "rt/clock.h"
#include "rt/cursor.h"
#include "rt/hash.h"
#include "sentinel.h"

enum {
	RETRY_MIN = 50, RETRY_MAX = 2000, /* ms between attempts */
	LOOKUP_STEP = 10,                 /* ms between looks at a name lookup */
	READ_BYTES = 65536, READ_TURNS = 16, /* at most 1 MB a turn: the loop has other work */
};

void link_init(struct loc_link *self, const struct loc_url *url, uint32_t timeout_ms, rt_ms now)
{
	*self = (struct loc_link){ .url = url, .dial.fd = -1, .timeout_ms = timeout_ms, .at = now };
	snprintf(self->trouble, sizeof(self->trouble), "not connected yet");
	rt_random(&self->dice, sizeof(self->dice));
	if (url->master[0])
		self->sentinel = sentinel_new(url, timeout_ms, now);
}

static void drop_socket(struct loc_link *self)
{
	dial_end(&self->dial);
	if (self->reader)
		redisReaderFree(self->reader);
	self->reader = 0;
	self->out_at = self->out_n = 0;
	self->blocked = false;
	self->greetings = self->greeted = 0;
	self->state = LINK_CLOSED;
}

void link_close(struct loc_link *self)
{
	drop_socket(self);
	sentinel_destroy(&self->sentinel);
	free(self->out);
	self->out = 0;
	self->out_size = 0;
}

void link_lose(struct loc_link *self, rt_ms now, const char *why)
{
	const uint32_t full = self->failures < 6 ? RETRY_MIN << self->failures : RETRY_MAX;
	const uint32_t most = full < RETRY_MAX ? full : RETRY_MAX;
	char name[160];

	loc_url_name(self->url, name, sizeof(name));
	snprintf(self->trouble, sizeof(self->trouble), "%.90s: %.130s", name, why); /* first: `why` may be of the reader, which goes now */
	drop_socket(self);
	self->dice = rt_mix(self->dice, now);
	self->failures++;
	self->at = now + RETRY_MIN + self->dice % (most - RETRY_MIN + 1);
}

static int lose(struct loc_link *self, rt_ms now, const char *why)
{
	link_lose(self, now, why);
	return RT_DOWN;
}

/* ---- Output ---- */

static int room_for(struct loc_link *self, uint32_t n)
{
	uint32_t size = self->out_size ? self->out_size : 16384;
	char *p;

	if (self->out_at && self->out_at >= self->out_n - self->out_at) { /* as cheap as writing the rest once more */
		self->out_n -= self->out_at;
		memmove(self->out, self->out + self->out_at, self->out_n);
		self->out_at = 0;
	}
	if (n > LOC_QUEUE_BYTES || self->out_n > LOC_QUEUE_BYTES - n)
		return RT_DOWN;
	while (size < self->out_n + n)
		size *= 2;
	if (size == self->out_size)
		return 0;
	p = realloc(self->out, size);
	if (!p)
		return RT_DOWN;
	self->out = p;
	self->out_size = size;
	return 0;
}

int link_put_raw(struct loc_link *self, struct slice bytes)
{
	if (self->state < LINK_CONNECTING || room_for(self, bytes.n))
		return RT_DOWN;
	memcpy(self->out + self->out_n, bytes.p, bytes.n);
	self->out_n += bytes.n;
	return 0;
}

int link_put_count(struct loc_link *self, char kind, uint64_t n)
{
	char text[24];
	struct rt_cursor c = rt_cursor_on(text, sizeof(text));

	rt_cursor_char(&c, kind);
	rt_cursor_u64(&c, n);
	rt_cursor_lit(&c, "\r\n");
	return link_put_raw(self, rt_cursor_text(&c));
}

int link_put(struct loc_link *self, int argc, const struct slice *argv)
{
	const uint32_t mark = self->out_n - self->out_at;
	int err = link_put_count(self, '*', (uint64_t)argc);

	for (int i = 0; i < argc && !err; i++) {
		err = link_put_count(self, '$', argv[i].n);
		if (!err && argv[i].n)
			err = link_put_raw(self, argv[i]);
		if (!err)
			err = link_put_raw(self, SLICE("\r\n"));
	}
	if (err)
		self->out_n = self->out_at + mark; /* whole or not at all */
	return err;
}

void link_flush(struct loc_link *self)
{
	if (self->state < LINK_GREETING)
		return;
	self->blocked = false;
	while (self->out_at < self->out_n) {
		const ssize_t n = send(self->dial.fd, self->out + self->out_at, self->out_n - self->out_at, MSG_NOSIGNAL | MSG_DONTWAIT);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0) {
			self->blocked = true; /* any other error shows itself to the reading side */
			return;
		}
		self->out_at += (uint32_t)n;
	}
}

/* ---- Opening ---- */

/* What a fresh connection says first; its answers are counted, not handed on. */
static int greet(struct loc_link *self)
{
	struct slice words[GREETING_WORDS];
	char number[16];
	int err = 0;

	self->greetings = greeting_plan(self->url, self->sentinel, self->greeting);
	for (int i = 0; i < self->greetings && !err; i++)
		err = link_put(self, greeting_words(self->greeting[i], self->url, number, words), words);
	return err;
}

/* What the dial has come to. */
static int dialled(struct loc_link *self, rt_ms now, int err)
{
	if (err == RT_MORE)
		return 0;
	if (err)
		return lose(self, now, self->dial.why);
	self->sockets++;
	self->reader = redisReaderCreate();
	self->state = self->dial.there ? LINK_GREETING : LINK_CONNECTING;
	return !self->reader || greet(self) ? lose(self, now, "no memory for a command") : 0;
}

static int open_link(struct loc_link *self, rt_ms now)
{
	self->state = LINK_LOOKING_UP;
	return dialled(self, now, dial_begin(&self->dial, self->url, self->failures));
}

/* Has the sentinel said where to go? */
static int go_on_asking(struct loc_link *self, rt_ms now)
{
	const int err = sentinel_answer(self->sentinel, &self->found);

	if (err == RT_MORE)
		return 0;
	if (err)
		return lose(self, now, sentinel_trouble(self->sentinel));
	self->url = &self->found;
	return open_link(self, now);
}

static int begin(struct loc_link *self, rt_ms now)
{
	self->at = now + (self->timeout_ms > 1000 ? self->timeout_ms : 1000);
	if (!self->url->master[0])
		return open_link(self, now);
	if (!self->sentinel)
		return lose(self, now, "no memory to ask a sentinel");
	self->state = LINK_ASKING;
	sentinel_ask(self->sentinel, now);
	return go_on_asking(self, now);
}

int link_tick(struct loc_link *self, rt_ms now)
{
	if (self->state == LINK_CLOSED && now >= self->at)
		return begin(self, now);
	if (self->state == LINK_ASKING && now < self->at) {
		sentinel_tick(self->sentinel, now);
		return go_on_asking(self, now);
	}
	if (self->state == LINK_LOOKING_UP && now < self->at)
		return dialled(self, now, dial_look(&self->dial, self->url, self->failures));
	if (self->state != LINK_CLOSED && self->state != LINK_OPEN && now >= self->at)
		return lose(self, now, "no answer");
	return 0;
}

/* ---- Input ---- */

static int finish_connect(struct loc_link *self, rt_ms now)
{
	int err = 0;
	socklen_t n = sizeof(err);

	if (getsockopt(self->dial.fd, SOL_SOCKET, SO_ERROR, &err, &n) || err)
		return lose(self, now, strerror(err ? err : errno));
	self->state = LINK_GREETING;
	return 0;
}

static int read_all(struct loc_link *self, rt_ms now)
{
	char buffer[READ_BYTES];

	for (int turn = 0; turn < READ_TURNS; turn++) {
		const ssize_t n = recv(self->dial.fd, buffer, sizeof(buffer), MSG_DONTWAIT);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
			return 0;
		if (n <= 0)
			return lose(self, now, n < 0 ? strerror(errno) : "it closed the connection");
		if (redisReaderFeed(self->reader, buffer, (size_t)n) != REDIS_OK)
			return lose(self, now, self->reader->errstr);
		if ((size_t)n < sizeof(buffer))
			return 0;
	}
	return 0;
}

int link_ready(struct loc_link *self, uint32_t ready, rt_ms now)
{
	int err = 0;

	if (self->state == LINK_ASKING) {
		sentinel_ready(self->sentinel, ready, now);
		return go_on_asking(self, now);
	}
	if (self->dial.fd < 0)
		return 0;
	if (self->state == LINK_CONNECTING && ready)
		err = finish_connect(self, now);
	if (!err)
		link_flush(self);
	if (!err && ready & ~(uint32_t)EPOLLOUT)
		err = read_all(self, now);
	return err;
}

/* One answer of the greeting. */
static int greeted(struct loc_link *self, rt_ms now, const redisReply *r)
{
	char why[120];

	if (greeting_is_unwelcome(self->url, self->greeting[self->greeted], r, why, sizeof(why)))
		return lose(self, now, why);
	if (++self->greeted == self->greetings) {
		self->state = LINK_OPEN;
		self->failures = 0;
		self->trouble[0] = 0;
	}
	return 0;
}

int link_reply(struct loc_link *self, rt_ms now, redisReply **out)
{
	while (self->reader) {
		void *reply = 0;
		int err;

		if (redisReaderGetReply(self->reader, &reply) != REDIS_OK)
			return lose(self, now, self->reader->errstr);
		if (!reply)
			return RT_MORE;
		if (self->greeted == self->greetings) {
			*out = reply;
			return 0;
		}
		err = greeted(self, now, reply);
		freeReplyObject(reply);
		if (err)
			return err;
	}
	return RT_DOWN;
}

int link_fd(const struct loc_link *self)
{
	return self->state == LINK_ASKING ? sentinel_link(self->sentinel)->dial.fd : self->dial.fd;
}

uint32_t link_events(const struct loc_link *self)
{
	if (self->state == LINK_ASKING)
		return link_events(sentinel_link(self->sentinel));
	if (self->dial.fd < 0)
		return 0;
	return self->state == LINK_CONNECTING || self->blocked ? EPOLLIN | EPOLLOUT : EPOLLIN;
}

rt_ms link_next(const struct loc_link *self, rt_ms now)
{
	if (self->state == LINK_LOOKING_UP || (self->state == LINK_ASKING && sentinel_link(self->sentinel)->state == LINK_LOOKING_UP))
		return now + LOOKUP_STEP;
	return self->state == LINK_OPEN ? UINT64_MAX : self->at;
}
