/* SPDX-License-Identifier: MIT */
/*
 * pool: chunks of equal slots; a chunk is made when its first slot is needed and lives until the end.
 *
 *   chunk   | pad 8 | head 8 | slot ..... | head 8 | slot ..... |     slots are 16-aligned
 *
 *   head    | generation 40 | link 24 |     link: next free slot, END, or LIVE
 */
#include "rt/pool.h"

#include <stdlib.h>
#include <string.h>

#include "rt/blocks.h"

enum {
	SLOT_BITS = 24,
	SLOT_MASK = (1 << SLOT_BITS) - 1,
	LIVE = SLOT_MASK,     /* no slot has this number: the maximum is 2^24 - 1 slots */
	END = SLOT_MASK - 1,  /* the free list's end; at 2^24 - 1 slots the last one is simply never parked */
	HEAD = 8,
	ALIGN = 16,
	CHUNK_BYTES = 1 << 16,
	CHUNK_SHIFT_MAX = 10,
};

struct rt_pool {
	size_t slot_bytes, stride;
	uint32_t max, slots, live, free; /* free: head of the list of free slots */
	unsigned shift;                  /* log2 of slots a chunk */
	char **chunk;
	struct rt_region region;         /* the chunks' memory */
};

struct rt_pool *rt_pool_new(size_t slot_bytes, uint32_t max_slots)
{
	struct rt_pool *self;

	if (max_slots == 0 || max_slots > SLOT_MASK || slot_bytes > SIZE_MAX / 4096)
		return 0;
	self = calloc(1, sizeof(*self));
	if (!self)
		return 0;
	self->slot_bytes = slot_bytes;
	self->stride = (slot_bytes + HEAD + ALIGN - 1) & ~(size_t)(ALIGN - 1);
	self->max = max_slots;
	self->free = END;
	while (self->shift < CHUNK_SHIFT_MAX && self->stride << self->shift < CHUNK_BYTES)
		self->shift++;
	self->chunk = calloc((max_slots >> self->shift) + 1u, sizeof(*self->chunk));
	if (!self->chunk)
		rt_pool_destroy(&self);
	return self;
}

void rt_pool_destroy(struct rt_pool **self_p)
{
	struct rt_pool *self = *self_p;

	if (self) {
		rt_region_clear(&self->region);
		free(self->chunk);
	}
	free(self);
	*self_p = 0;
}

static inline void *slot_at(const struct rt_pool *self, uint32_t slot)
{
	const uint32_t in_chunk = slot & ((1u << self->shift) - 1);

	return self->chunk[slot >> self->shift] + ALIGN + in_chunk * self->stride;
}

static inline uint64_t *head_of(void *slot)
{
	return (uint64_t *)(void *)((char *)slot - HEAD);
}

/* A slot that was never used before; NULL when none may be made. */
static void *make(struct rt_pool *self, uint32_t *slot)
{
	const uint32_t c = self->slots >> self->shift;
	void *p;

	if (self->slots == self->max)
		return 0;
	if (!self->chunk[c])
		self->chunk[c] = rt_region_take(&self->region, ALIGN + (self->stride << self->shift));
	if (!self->chunk[c])
		return 0;
	*slot = self->slots++;
	p = slot_at(self, *slot);
	*head_of(p) = (uint64_t)1 << SLOT_BITS;
	return p;
}

void *rt_pool_take(struct rt_pool *self, rt_handle *handle)
{
	uint32_t slot = self->free;
	uint64_t *head;
	void *p;

	if (slot != END) {
		p = slot_at(self, slot);
		self->free = (uint32_t)(*head_of(p) & SLOT_MASK);
	} else {
		p = make(self, &slot);
		if (!p)
			return 0;
	}
	head = head_of(p);
	*head |= LIVE;
	*handle = (*head & ~(uint64_t)SLOT_MASK) | slot;
	self->live++;
	return memset(p, 0, self->slot_bytes);
}

void *rt_pool_get(const struct rt_pool *self, rt_handle handle)
{
	const uint32_t slot = (uint32_t)(handle & SLOT_MASK);
	void *p;

	if (slot >= self->slots)
		return 0;
	p = slot_at(self, slot);
	return *head_of(p) == (handle | LIVE) ? p : 0;
}

void rt_pool_give(struct rt_pool *self, rt_handle handle)
{
	const uint32_t slot = (uint32_t)(handle & SLOT_MASK);
	void *p = rt_pool_get(self, handle);
	uint64_t generation;

	if (!p)
		return;
	generation = (handle >> SLOT_BITS) + 1;
	if (generation >> (64 - SLOT_BITS))
		generation = 1; /* after 2^40 lives */
	self->live--;
	*head_of(p) = generation << SLOT_BITS | (slot == END ? END : self->free);
	if (slot != END)
		self->free = slot;
}

uint32_t rt_pool_live(const struct rt_pool *self)
{
	return self->live;
}

uint32_t rt_pool_slots(const struct rt_pool *self)
{
	return self->slots;
}

void *rt_pool_at(const struct rt_pool *self, uint32_t slot, rt_handle *handle)
{
	uint64_t head;
	void *p;

	if (slot >= self->slots)
		return 0;
	p = slot_at(self, slot);
	head = *head_of(p);
	if ((head & SLOT_MASK) != LIVE)
		return 0;
	*handle = (head & ~(uint64_t)SLOT_MASK) | slot;
	return p;
}
