/* SPDX-License-Identifier: MIT */
/*
 * region, blocks: memory that is taken in pieces and given back to the system at once, in the end.
 *
 *   region   | piece | piece | piece | ......    64 KB at first, 2 MB once it holds 1 MB
 *   blocks   of many sizes, cut from a region; one given back is the next of its size, so that what lives 32 s stands dense
 *
 * Each 4 KB that are touched first cost 2 us of the kernel, 10 in a virtual machine whose host lends memory. Huge pages are not asked for:
 * where the host takes free ones back, each costs 5 ms at once.
 */
#ifndef RT_BLOCKS_H
#define RT_BLOCKS_H

#include <stddef.h>

struct rt_region { /* zero: empty */
	struct rt_region_map *maps;
	char *at;
	size_t left, total;
};

void *rt_region_take(struct rt_region *self, size_t n); /* 64-aligned, not zeroed; NULL: out of memory */
void rt_region_clear(struct rt_region *self);           /* all of it */

enum { RT_BLOCK_CLASSES = 28, RT_BLOCK_MAX = 4096 }; /* larger ones are left to malloc */

struct rt_blocks { /* zero: empty */
	struct rt_region region;
	void *free[RT_BLOCK_CLASSES];
};

void *rt_blocks_take(struct rt_blocks *self, size_t n);          /* 16-aligned, not zeroed; NULL: out of memory */
void rt_blocks_give(struct rt_blocks *self, void *p, size_t n);  /* n as taken; p may be NULL */
void rt_blocks_clear(struct rt_blocks *self);                    /* but those above RT_BLOCK_MAX, which are to be given back one by one */

#endif
