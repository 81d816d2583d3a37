/* SPDX-License-Identifier: MIT */
/* dial: getaddrinfo_a, socket, connect. */
#include "dial.h"

#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

static int fail(struct dial *self, const char *why)
{
	self->why = why;
	return RT_DOWN;
}

static void forget_lookup(struct dial *self)
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

void dial_end(struct dial *self)
{
	if (self->fd >= 0)
		close(self->fd);
	self->fd = -1;
	forget_lookup(self);
}

/* ---- A socket ---- */

static void tune(int fd)
{
	const int on = 1, idle = 15, step = 5, count = 3;

	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof(on)); /* the subscriber only listens: it must notice a dead peer */
	setsockopt(fd, IPPROTO_TCP, TCP_KEEPIDLE, &idle, sizeof(idle));
	setsockopt(fd, IPPROTO_TCP, TCP_KEEPINTVL, &step, sizeof(step));
	setsockopt(fd, IPPROTO_TCP, TCP_KEEPCNT, &count, sizeof(count));
}

static int connect_to(struct dial *self, int family, const struct sockaddr *to, socklen_t n)
{
	self->fd = socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (self->fd < 0)
		return fail(self, strerror(errno));
	if (family != AF_UNIX)
		tune(self->fd);
	self->there = connect(self->fd, to, n) == 0;
	return self->there || errno == EINPROGRESS ? 0 : fail(self, strerror(errno));
}

static int connect_unix(struct dial *self, const struct loc_url *url)
{
	struct sockaddr_un to = { .sun_family = AF_UNIX };

	memcpy(to.sun_path, url->path, sizeof(to.sun_path));
	return connect_to(self, AF_UNIX, (const struct sockaddr *)&to, sizeof(to));
}

static int connect_ip(struct dial *self, const struct loc_url *url, uint32_t attempt, const struct addrinfo *found)
{
	struct sockaddr_storage to = { 0 };
	const struct addrinfo *best = found;

	for (; attempt > 0; attempt--)
		best = best->ai_next ? best->ai_next : found;
	memcpy(&to, best->ai_addr, best->ai_addrlen);
	if (best->ai_family == AF_INET6)
		((struct sockaddr_in6 *)&to)->sin6_port = htons(url->port);
	else
		((struct sockaddr_in *)&to)->sin_port = htons(url->port);
	return connect_to(self, best->ai_family, (const struct sockaddr *)&to, best->ai_addrlen);
}

/* ---- A name ---- */

static int look_up(struct dial *self, const struct loc_url *url)
{
	struct gaicb *l = calloc(1, sizeof(*l));
	char *name = strdup(url->host);

	if (!l || !name) {
		free(l);
		free(name);
		return fail(self, "no memory");
	}
	l->ar_name = name;
	self->lookup = l;
	return getaddrinfo_a(GAI_NOWAIT, &self->lookup, 1, 0) ? fail(self, "the host name cannot be looked up") : RT_MORE;
}

int dial_look(struct dial *self, const struct loc_url *url, uint32_t attempt)
{
	const int state = gai_error(self->lookup);
	int err;

	if (state == EAI_INPROGRESS)
		return RT_MORE;
	if (state)
		return fail(self, gai_strerror(state));
	err = connect_ip(self, url, attempt, self->lookup->ar_result);
	forget_lookup(self);
	return err;
}

/* An address needs no lookup, so the common case connects at once. */
static int begin_tcp(struct dial *self, const struct loc_url *url, uint32_t attempt)
{
	const struct addrinfo hints = { .ai_flags = AI_NUMERICHOST, .ai_socktype = SOCK_STREAM };
	struct addrinfo *found;
	int err;

	if (getaddrinfo(url->host, 0, &hints, &found))
		return look_up(self, url);
	err = connect_ip(self, url, attempt, found);
	freeaddrinfo(found);
	return err;
}

int dial_begin(struct dial *self, const struct loc_url *url, uint32_t attempt)
{
	return url->path[0] ? connect_unix(self, url) : begin_tcp(self, url, attempt);
}
