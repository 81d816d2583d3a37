/* SPDX-License-Identifier: MIT */
/*
 * map, region, blocks: memory that is taken in pieces and given back to the system at once, in the end.
 *
 *   region   | piece | piece | piece | ......    64 KB at first; once it holds 1 MB, 2 MB in one huge page, where the system has them
 *   blocks   of many sizes, cut from a region; one given back is the next of its size, so that what lives 32 s stands dense
 *
 * Why huge pages: what a transaction tier keeps is read again half a minute later, when neither cache nor TLB knows it; and each 4 KB that
 * are touched first cost 1 to 10 us of the kernel.
 */
#ifndef RT_BLOCKS_H
#define RT_BLOCKS_H

#include <stddef.h>

enum { RT_HUGE = 1 << 21 }; /* bytes of a huge page */

/* Zeroed pages; from RT_HUGE on they begin at a multiple of it, and are huge ones where the system has them. munmap gives them back. NULL: none left */
void *rt_map(size_t n);

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
