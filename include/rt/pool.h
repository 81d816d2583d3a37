/* SPDX-License-Identifier: MIT */
/*
 * pool: equal slots that grow by chunks and never move, named by handles.
 *
 *   handle  | generation 40 | slot 24 |    never 0; a slot given back bumps its generation,
 *                                          so an old handle simply does not resolve
 */
#ifndef RT_POOL_H
#define RT_POOL_H

#include <stddef.h>
#include <stdint.h>

typedef uint64_t rt_handle;

struct rt_pool;

struct rt_pool *rt_pool_new(size_t slot_bytes, uint32_t max_slots); /* max 2^24 - 1 */
void rt_pool_destroy(struct rt_pool **self_p);
void *rt_pool_take(struct rt_pool *self, rt_handle *handle);          /* zeroed; NULL at the maximum */
void *rt_pool_get(const struct rt_pool *self, rt_handle handle);      /* NULL when stale */
void rt_pool_give(struct rt_pool *self, rt_handle handle);            /* stale handles are ignored */
uint32_t rt_pool_live(const struct rt_pool *self);                    /* slots in use */
uint32_t rt_pool_slots(const struct rt_pool *self);                   /* slots ever made, for walking */
void *rt_pool_at(const struct rt_pool *self, uint32_t slot, rt_handle *handle); /* NULL when free */

#endif
