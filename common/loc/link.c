/* SPDX-License-Identifier: MIT */
/* link: a non-blocking socket, an output buffer and hiredis' reader. */
#include "link.h"

#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

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
	*self = (struct loc_link){ .url = url, .fd = -1, .timeout_ms = timeout_ms, .at = now };
	snprintf(self->trouble, sizeof(self->trouble), "not connected yet");
	rt_random(&self->dice, sizeof(self->dice));
	if (url->master[0])
		self->sentinel = sentinel_new(url, timeout_ms, now);
}

static void forget_lookup(struct loc_link *self)
{
	struct gaicb *l = self->lookup;

	self->lookup = 0;
	if (!l || gai_cancel(l) == EAI_NOTCANCELED)
		return; /* the C library still writes there: leave it to it */
	if (l->ar_result)
		freeaddrinfo(l->ar_result);
	free((void *)(uintptr_t)l->ar_name);
	free(l);
}

static void drop_socket(struct loc_link *self)
{
	if (self->fd >= 0)
		close(self->fd);
	if (self->reader)
		redisReaderFree(self->reader);
	forget_lookup(self);
	self->fd = -1;
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

	drop_socket(self);
	self->dice = rt_mix(self->dice, now);
	self->failures++;
	self->at = now + RETRY_MIN + self->dice % (most - RETRY_MIN + 1);
	loc_url_name(self->url, name, sizeof(name));
	snprintf(self->trouble, sizeof(self->trouble), "%.90s: %.130s", name, why);
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
		const ssize_t n = send(self->fd, self->out + self->out_at, self->out_n - self->out_at, MSG_NOSIGNAL | MSG_DONTWAIT);

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

enum greeting { GREET_AUTH, GREET_SELECT, GREET_PING, GREET_ROLE, GREET_MODE };

static int say(struct loc_link *self, enum greeting what, int argc, const struct slice *argv)
{
	self->greeting[self->greetings++] = (uint8_t)what;
	return link_put(self, argc, argv);
}

/* What a fresh connection says first; its answers are counted, not handed on. */
static int greet(struct loc_link *self)
{
	const struct loc_url *url = self->url;
	const struct slice auth[3] = { SLICE("AUTH"), slice_str(url->user), slice_str(url->password) };
	const struct slice password[2] = { SLICE("AUTH"), slice_str(url->password) };
	char number[16];
	int err = 0;

	snprintf(number, sizeof(number), "%u", url->db);
	if (url->user[0] || url->password[0])
		err = url->user[0] ? say(self, GREET_AUTH, 3, auth) : say(self, GREET_AUTH, 2, password);
	if (!err && !url->is_sentinel)
		err = say(self, GREET_SELECT, 2, (struct slice[]){ SLICE("SELECT"), slice_str(number) });
	if (!err)
		err = say(self, GREET_PING, 1, (struct slice[]){ SLICE("PING") }); /* refused while Redis is loading its data */
	if (!err && self->sentinel)
		err = say(self, GREET_ROLE, 1, (struct slice[]){ SLICE("ROLE") });
	if (!err && !url->is_sentinel)
		err = say(self, GREET_MODE, 2, (struct slice[]){ SLICE("INFO"), SLICE("cluster") });
	return err;
}

static void tune(int fd)
{
	const int on = 1, idle = 15, step = 5, count = 3;

	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof(on)); /* the subscriber only listens: it must notice a dead peer */
	setsockopt(fd, IPPROTO_TCP, TCP_KEEPIDLE, &idle, sizeof(idle));
	setsockopt(fd, IPPROTO_TCP, TCP_KEEPINTVL, &step, sizeof(step));
	setsockopt(fd, IPPROTO_TCP, TCP_KEEPCNT, &count, sizeof(count));
}

static int connect_to(struct loc_link *self, rt_ms now, int family, const struct sockaddr *to, socklen_t n)
{
	self->fd = socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	self->sockets++;
	self->reader = redisReaderCreate();
	if (self->fd < 0 || !self->reader)
		return lose(self, now, strerror(self->fd < 0 ? errno : ENOMEM));
	if (family != AF_UNIX)
		tune(self->fd);
	self->state = LINK_GREETING; /* a unix socket is there at once */
	if (connect(self->fd, to, n)) {
		if (errno != EINPROGRESS)
			return lose(self, now, strerror(errno));
		self->state = LINK_CONNECTING;
	}
	return greet(self) ? lose(self, now, "no memory for a command") : 0;
}

static int connect_unix(struct loc_link *self, rt_ms now)
{
	struct sockaddr_un to = { .sun_family = AF_UNIX };

	memcpy(to.sun_path, self->url->path, sizeof(to.sun_path));
	return connect_to(self, now, AF_UNIX, (const struct sockaddr *)&to, sizeof(to));
}

/* The C library's own asynchronous lookup: a slow name server must not stop the loop. */
static int look_up(struct loc_link *self, rt_ms now)
{
	struct gaicb *l = calloc(1, sizeof(*l));
	char *name = strdup(self->url->host);

	if (!l || !name) {
		free(l);
		free(name);
		return lose(self, now, "no memory");
	}
	l->ar_name = name;
	self->lookup = l;
	self->state = LINK_LOOKING_UP;
	return getaddrinfo_a(GAI_NOWAIT, &self->lookup, 1, 0) ? lose(self, now, "the host name cannot be looked up") : 0;
}

static int connect_ip(struct loc_link *self, rt_ms now, const struct addrinfo *found)
{
	struct sockaddr_storage to = { 0 };
	const struct addrinfo *best = found;

	/* Another address at each attempt, so that one dead one does not keep us away. */
	for (uint32_t i = self->failures; i > 0; i--)
		best = best->ai_next ? best->ai_next : found;
	memcpy(&to, best->ai_addr, best->ai_addrlen);
	if (best->ai_family == AF_INET6)
		((struct sockaddr_in6 *)&to)->sin6_port = htons(self->url->port);
	else
		((struct sockaddr_in *)&to)->sin_port = htons(self->url->port);
	return connect_to(self, now, best->ai_family, (const struct sockaddr *)&to, best->ai_addrlen);
}

static int look(struct loc_link *self, rt_ms now)
{
	const int state = gai_error(self->lookup);
	int err;

	if (state == EAI_INPROGRESS)
		return 0;
	if (state)
		return lose(self, now, gai_strerror(state));
	err = connect_ip(self, now, self->lookup->ar_result);
	forget_lookup(self);
	return err;
}

/* An address needs no lookup, so the common case connects at once. */
static int open_tcp(struct loc_link *self, rt_ms now)
{
	const struct addrinfo hints = { .ai_flags = AI_NUMERICHOST, .ai_socktype = SOCK_STREAM };
	struct addrinfo *found;
	int err;

	if (getaddrinfo(self->url->host, 0, &hints, &found))
		return look_up(self, now);
	err = connect_ip(self, now, found);
	freeaddrinfo(found);
	return err;
}

static int open_link(struct loc_link *self, rt_ms now)
{
	return self->url->path[0] ? connect_unix(self, now) : open_tcp(self, now);
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
		return look(self, now);
	if (self->state != LINK_CLOSED && self->state != LINK_OPEN && now >= self->at)
		return lose(self, now, "no answer");
	return 0;
}

/* ---- Input ---- */

static int finish_connect(struct loc_link *self, rt_ms now)
{
	int err = 0;
	socklen_t n = sizeof(err);

	if (getsockopt(self->fd, SOL_SOCKET, SO_ERROR, &err, &n) || err)
		return lose(self, now, strerror(err ? err : errno));
	self->state = LINK_GREETING;
	return 0;
}

static int read_all(struct loc_link *self, rt_ms now)
{
	char buffer[READ_BYTES];

	for (int turn = 0; turn < READ_TURNS; turn++) {
		const ssize_t n = recv(self->fd, buffer, sizeof(buffer), MSG_DONTWAIT);

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
	if (self->fd < 0)
		return 0;
	if (self->state == LINK_CONNECTING && ready)
		err = finish_connect(self, now);
	if (!err)
		link_flush(self);
	if (!err && ready & ~(uint32_t)EPOLLOUT)
		err = read_all(self, now);
	return err;
}

/* Why this answer of the greeting means that we are at the wrong place, in `why`; false when all is well. */
static bool is_unwelcome(const struct loc_url *url, enum greeting what, const redisReply *r, char *why, size_t size)
{
	if (r->type == REDIS_REPLY_ERROR && what != GREET_MODE) /* an ACL may well forbid INFO */
		snprintf(why, size, "it refused us: %.96s", r->str);
	else if (what == GREET_ROLE && (r->type != REDIS_REPLY_ARRAY || r->elements == 0 || !r->element[0]->str ||
	                                strcmp(r->element[0]->str, "master") != 0))
		snprintf(why, size, "it is no master any more");
	else if (what == GREET_MODE && r->type == REDIS_REPLY_STRING && !url->is_cluster && strstr(r->str, "cluster_enabled:1"))
		snprintf(why, size, "it is a node of a Redis Cluster; write redis+cluster:// in redis.url");
	else if (what == GREET_MODE && r->type == REDIS_REPLY_STRING && url->is_cluster && !strstr(r->str, "cluster_enabled:1"))
		snprintf(why, size, "it is no node of a Redis Cluster; write redis:// in redis.url");
	else
		return false;
	return true;
}

/* One answer of the greeting. */
static int greeted(struct loc_link *self, rt_ms now, const redisReply *r)
{
	char why[120];

	if (is_unwelcome(self->url, self->greeting[self->greeted], r, why, sizeof(why)))
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
	return self->state == LINK_ASKING ? sentinel_link(self->sentinel)->fd : self->fd;
}

uint32_t link_events(const struct loc_link *self)
{
	if (self->state == LINK_ASKING)
		return link_events(sentinel_link(self->sentinel));
	if (self->fd < 0)
		return 0;
	return self->state == LINK_CONNECTING || self->blocked ? EPOLLIN | EPOLLOUT : EPOLLIN;
}

rt_ms link_next(const struct loc_link *self, rt_ms now)
{
	if (self->state == LINK_LOOKING_UP || (self->state == LINK_ASKING && sentinel_link(self->sentinel)->state == LINK_LOOKING_UP))
		return now + LOOKUP_STEP;
	return self->state == LINK_OPEN ? UINT64_MAX : self->at;
}
