/* SPDX-License-Identifier: MIT */
/*
 * arena: one block, one mark.
 *
 *   | head | taken ............ | free ........... |
 *          ^ base               ^ base + used      ^ base + size
 */
#include "rt/arena.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "rt/cursor.h"

enum { ALIGN = 16 };

struct rt_arena {
	size_t used, size;
	_Alignas(ALIGN) char base[];
};

struct rt_arena *rt_arena_new(size_t bytes)
{
	struct rt_arena *self;

	if (bytes > SIZE_MAX / 2)
		return 0;
	self = malloc(sizeof(*self) + bytes);
	if (self) {
		self->used = 0;
		self->size = bytes;
	}
	return self;
}

void rt_arena_destroy(struct rt_arena **self_p)
{
	free(*self_p);
	*self_p = 0;
}

/* Where the next piece begins; past the end when there is no room for one. */
static size_t next_at(const struct rt_arena *self)
{
	return (self->used + ALIGN - 1) & ~(size_t)(ALIGN - 1);
}

void *rt_arena_raw(struct rt_arena *self, size_t n)
{
	const size_t at = next_at(self);

	if (at > self->size || n > self->size - at)
		return 0;
	self->used = at + n;
	return self->base + at;
}

void *rt_arena_take(struct rt_arena *self, size_t n)
{
	void *p = rt_arena_raw(self, n);

	return p ? memset(p, 0, n) : 0;
}

void rt_arena_shrink(struct rt_arena *self, void *last, size_t n)
{
	const size_t at = (size_t)((char *)last - self->base);

	if (at <= self->used && n <= self->used - at)
		self->used = at + n;
}

size_t rt_arena_left(const struct rt_arena *self)
{
	const size_t at = next_at(self);

	return at < self->size ? self->size - at : 0;
}

void rt_arena_reset(struct rt_arena *self)
{
	self->used = 0;
}

struct slice rt_arena_copy(struct rt_arena *self, struct slice s)
{
	char *p;

	if (!slice_present(s))
		return SLICE_NONE;
	p = rt_arena_raw(self, s.n);
	if (!p)
		return SLICE_NONE;
	memcpy(p, s.p, s.n);
	return slice_of(p, s.n);
}

struct slice rt_arena_printf(struct rt_arena *self, const char *fmt, ...)
{
	const size_t at = next_at(self), room = rt_arena_left(self);
	char *p = self->base + at;
	va_list ap;
	int n;

	if (room == 0)
		return SLICE_NONE;
	va_start(ap, fmt);
	n = vsnprintf(p, room, fmt, ap);
	va_end(ap);
	if (n < 0 || (size_t)n >= room) /* vsnprintf wants a byte for its NUL */
		return SLICE_NONE;
	self->used = at + (size_t)n;
	return slice_of(p, (uint32_t)n);
}

struct slice rt_arena_hex(struct rt_arena *self, uint64_t v)
{
	char *p = rt_arena_raw(self, 16);
	struct rt_cursor c = rt_cursor_on(p, p ? 16 : 0);

	rt_cursor_hex(&c, v, 16);
	return p ? rt_cursor_text(&c) : SLICE_NONE;
}

struct slice rt_arena_u64(struct rt_arena *self, uint64_t v)
{
	enum { DIGITS = 20 };
	char *p = rt_arena_raw(self, DIGITS);
	struct rt_cursor c = rt_cursor_on(p, p ? DIGITS : 0);

	if (!p)
		return SLICE_NONE;
	rt_cursor_u64(&c, v);
	rt_arena_shrink(self, p, c.n);
	return rt_cursor_text(&c);
}
