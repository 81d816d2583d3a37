/* SPDX-License-Identifier: MIT */
/* sock: the list of sockets, their epoll and the flush. */
#include "sock.h"

#include <stdlib.h>
#include <sys/epoll.h>
#include <time.h>

#include "counts.h"
#include "options.h"

static struct sock *socks[SOCKS_MAX], *dirty[SOCKS_MAX];
static struct sock *callers[SOCKS_MAX], *callees[SOCKS_MAX];
static uint32_t nsock, ndirty, ncaller, ncallee;
static int poller = -1;
static sock_message_fn *on_message;

uint64_t now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static void list(struct sock *s)
{
	if (s->kind == SOCK_CALLER)
		callers[ncaller++] = s;
	else if (!s->stream || s->kind == SOCK_LISTENER)
		callees[ncallee++] = s;
}

struct sock *sock_new(int fd, enum sock_kind kind, bool stream)
{
	struct sock *const s = calloc(1, sizeof(*s));
	struct sockaddr_in a = { 0 };
	socklen_t n = sizeof(a);

	if (!s || nsock == SOCKS_MAX)
		die("more than %d sockets", SOCKS_MAX);
	getsockname(fd, (struct sockaddr *)&a, &n);
	*s = (struct sock){ .fd = fd, .number = nsock, .kind = kind, .port = ntohs(a.sin_port), .stream = stream };
	socks[nsock++] = s;
	list(s);

	struct epoll_event e = { .events = EPOLLIN, .data.u32 = s->number };
	if (epoll_ctl(poller, EPOLL_CTL_ADD, fd, &e))
		die("epoll_ctl: %m");
	return s;
}

void sock_poll(struct sock *s, bool want_out)
{
	struct epoll_event e = { .events = EPOLLIN | (want_out ? EPOLLOUT : 0u), .data.u32 = s->number };

	if (want_out != s->want_out && s->fd >= 0)
		epoll_ctl(poller, EPOLL_CTL_MOD, s->fd, &e);
	s->want_out = want_out;
}

void sock_open_all(sock_message_fn *fn)
{
	on_message = fn;
	poller = epoll_create1(EPOLL_CLOEXEC);
	if (options.proto != PROTO_UDP) {
		stream_open_all();
		return;
	}
	for (int i = 0; i < (int)options.callers; i++)
		udp_open(SOCK_CALLER, 0);
	for (int i = 0; i < (int)options.callees; i++)
		udp_open(SOCK_CALLEE, (int)options.callee_port + i);
}

struct sock *sock_caller(uint32_t n)
{
	return callers[n % ncaller];
}

struct sock *sock_callee(uint32_t n)
{
	return callees[n % ncallee];
}

char *sock_begin(struct sock *s)
{
	return s->stream ? stream_begin(s) : udp_begin(s);
}

void sock_commit(struct sock *s, uint32_t n, const struct sockaddr_in *to)
{
	if (s->stream)
		s->out_n += n;
	else
		udp_commit(s, n, to);
	counts.sent++;
	if (!s->dirty)
		dirty[ndirty++] = s;
	s->dirty = true;
}

void sock_flush_all(void)
{
	for (uint32_t i = 0; i < ndirty; i++) {
		dirty[i]->dirty = false;
		if (dirty[i]->stream)
			stream_flush(dirty[i]);
		else
			udp_flush(dirty[i]);
	}
	ndirty = 0;
}

void sock_arrived(struct sock *s, const struct sockaddr_in *from, struct slice text, uint64_t now)
{
	counts.received++;
	on_message(s, from, text, now);
}

uint64_t sock_lost(void)
{
	uint64_t lost = 0;

	for (uint32_t i = 0; i < nsock; i++)
		lost += socks[i]->stream ? 0 : udp_lost(socks[i]);
	return lost;
}

void sock_wait(int64_t ns)
{
	struct epoll_event ready[256];
	const struct timespec t = { ns / 1000000000, ns % 1000000000 };
	const int n = epoll_pwait2(poller, ready, 256, &t, 0);

	for (int i = 0; i < n; i++) {
		struct sock *const s = socks[ready[i].data.u32];

		if (s->fd < 0)
			continue;
		if (s->kind == SOCK_LISTENER) {
			stream_accept(s);
		} else if (!s->stream) {
			udp_read(s);
		} else {
			if (ready[i].events & EPOLLOUT)
				stream_flush(s);
			stream_read(s);
		}
	}
}
