/* SPDX-License-Identifier: MIT */
/*
 * watch: a row for each descriptor number.
 *
 *   epoll data   | generation 32 | fd 32 |    so that an event of a closed and reopened descriptor is seen to be old
 */
#include "watch.h"

#include <stdlib.h>
#include <sys/epoll.h>
#include <unistd.h>

enum { ROWS_FIRST = 1024 };

int watches_open(struct watches *self)
{
	*self = (struct watches){ .epoll = epoll_create1(EPOLL_CLOEXEC) };
	self->row = calloc(ROWS_FIRST, sizeof(*self->row));
	self->size = self->row ? ROWS_FIRST : 0;
	return self->epoll < 0 || !self->row ? RT_NOMEM : 0;
}

void watches_close(struct watches *self)
{
	if (self->epoll >= 0)
		close(self->epoll);
	free(self->row);
	*self = (struct watches){ .epoll = -1 };
}

static int grow(struct watches *self, uint32_t fd)
{
	uint32_t size = self->size;
	struct watch *row;

	while (size <= fd)
		size *= 2;
	row = realloc(self->row, size * sizeof(*row));
	if (!row)
		return RT_NOMEM;
	memset(row + self->size, 0, (size - self->size) * sizeof(*row));
	self->row = row;
	self->size = size;
	return 0;
}

int watches_set(struct watches *self, int fd, uint32_t events, svc_ready_fn *fn, uint16_t actor)
{
	struct epoll_event e = { .events = events };
	struct watch *w;

	if (fd < 0)
		return RT_BAD;
	if ((uint32_t)fd >= self->size && grow(self, (uint32_t)fd))
		return RT_NOMEM;
	w = &self->row[fd];
	if (!w->fn)
		w->generation++;
	e.data.u64 = (uint64_t)w->generation << 32 | (uint32_t)fd;
	if (epoll_ctl(self->epoll, w->fn ? EPOLL_CTL_MOD : EPOLL_CTL_ADD, fd, &e))
		return RT_NOMEM;
	w->fn = fn;
	w->actor = actor;
	return 0;
}

void watches_drop(struct watches *self, int fd)
{
	if (fd < 0 || (uint32_t)fd >= self->size || !self->row[fd].fn)
		return;
	self->row[fd].fn = 0;
	epoll_ctl(self->epoll, EPOLL_CTL_DEL, fd, 0);
}

int watches_take(struct watches *self, struct watch_event out[], int max)
{
	struct epoll_event e[WIRE_BURST];
	const int n = epoll_wait(self->epoll, e, max < WIRE_BURST ? max : WIRE_BURST, 0);

	for (int i = 0; i < n; i++) {
		out[i].fd = (int)(uint32_t)e[i].data.u64;
		out[i].generation = (uint32_t)(e[i].data.u64 >> 32);
		out[i].ready = e[i].events;
	}
	return n < 0 ? 0 : n;
}

const struct watch *watches_find(const struct watches *self, const struct watch_event *e)
{
	const struct watch *w = &self->row[e->fd];

	return w->fn && w->generation == e->generation ? w : 0;
}
