/* SPDX-License-Identifier: MIT */
/* arena: bump memory for the span of one event; reset frees it all at once. */
#ifndef RT_ARENA_H
#define RT_ARENA_H

#include <stddef.h>
#include "rt/slice.h"

struct rt_arena;

struct rt_arena *rt_arena_new(size_t bytes); /* the only malloc; NULL on failure */
void rt_arena_destroy(struct rt_arena **self_p);
void *rt_arena_take(struct rt_arena *self, size_t n); /* 16-aligned, zeroed; NULL when full */
void *rt_arena_raw(struct rt_arena *self, size_t n);  /* as take, but not zeroed */
void rt_arena_shrink(struct rt_arena *self, void *last, size_t n); /* give back the tail of the newest piece */
size_t rt_arena_left(const struct rt_arena *self);    /* bytes */
void rt_arena_reset(struct rt_arena *self);           /* every pointer it gave is now dead */

/* Copies that live until reset; SLICE_NONE when full (and for an absent slice). */
struct slice rt_arena_copy(struct rt_arena *self, struct slice s);
struct slice rt_arena_printf(struct rt_arena *self, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
struct slice rt_arena_hex(struct rt_arena *self, uint64_t v); /* sixteen digits, without the price of a printf */
struct slice rt_arena_u64(struct rt_arena *self, uint64_t v); /* decimal, likewise */

#endif
