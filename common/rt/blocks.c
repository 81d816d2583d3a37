/* SPDX-License-Identifier: MIT */
/* blocks: a region hands out ever new memory; blocks on top of it come back by size: 64, 128 .. 1024, 1280 .. 4096 bytes. */
#include "rt/blocks.h"

#include <stdlib.h>
#include <sys/mman.h>

enum {
	ALIGN = 64,
	PAGE = 1 << 12,
	SMALL = 1 << 16,
	LARGE = 1 << 21,
	LARGE_FROM = 1 << 20, /* held: a server with little to do stays small */
	FINE = 64,           /* step of the sizes up to FINE_MAX */
	FINE_MAX = 1024,
	COARSE = 256,
#ifdef __SANITIZE_ADDRESS__
	POOLED_MAX = 0, /* so that it sees who reads what was given back */
#else
	POOLED_MAX = RT_BLOCK_MAX,
#endif
};

struct rt_region_map { /* at the front of each */
	struct rt_region_map *next;
	size_t size;
};

/* ---- Region ---- */

static int grow(struct rt_region *self, size_t n)
{
	const size_t wanted = n + ALIGN;
	const size_t least = self->total < LARGE_FROM ? SMALL : LARGE;
	const size_t size = wanted > least ? (wanted + PAGE - 1) & ~(size_t)(PAGE - 1) : least;
	struct rt_region_map *const map = mmap(0, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (map == MAP_FAILED)
		return -1;
	*map = (struct rt_region_map){ self->maps, size };
	self->maps = map;
	self->at = (char *)map + ALIGN;
	self->left = size - ALIGN;
	self->total += size;
	return 0;
}

void *rt_region_take(struct rt_region *self, size_t n)
{
	void *p;

	n = (n + ALIGN - 1) & ~(size_t)(ALIGN - 1);
	if (self->left < n && grow(self, n))
		return 0;
	p = self->at;
	self->at += n;
	self->left -= n;
	return p;
}

void rt_region_clear(struct rt_region *self)
{
	while (self->maps) {
		struct rt_region_map *const map = self->maps;

		self->maps = map->next;
		munmap(map, map->size);
	}
	*self = (struct rt_region){ 0 };
}

/* ---- Blocks ---- */

static inline unsigned class_of(size_t n)
{
	const size_t last = n ? n - 1 : 0;

	return (unsigned)(last < FINE_MAX ? last / FINE : FINE_MAX / FINE + (last - FINE_MAX) / COARSE);
}

static inline size_t class_bytes(unsigned class)
{
	return class < FINE_MAX / FINE ? (class + 1) * (size_t)FINE : FINE_MAX + (class - FINE_MAX / FINE + 1) * (size_t)COARSE;
}

_Static_assert(FINE_MAX / FINE + (RT_BLOCK_MAX - FINE_MAX) / COARSE == RT_BLOCK_CLASSES, "a list for each size");

void *rt_blocks_take(struct rt_blocks *self, size_t n)
{
	const unsigned class = class_of(n);
	void *p;

	if (n > POOLED_MAX)
		return malloc(n);
	p = self->free[class];
	if (!p)
		return rt_region_take(&self->region, class_bytes(class));
	self->free[class] = *(void **)p;
	return p;
}

void rt_blocks_give(struct rt_blocks *self, void *p, size_t n)
{
	const unsigned class = class_of(n);

	if (n > POOLED_MAX) {
		free(p);
	} else if (p) {
		*(void **)p = self->free[class];
		self->free[class] = p;
	}
}

void rt_blocks_clear(struct rt_blocks *self)
{
	rt_region_clear(&self->region);
	*self = (struct rt_blocks){ 0 };
}
