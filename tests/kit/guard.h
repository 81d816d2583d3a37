/* SPDX-License-Identifier: MIT */
/* guard: text that ends where an unmapped page begins, so that reading one byte too far is a crash. */
#ifndef KIT_GUARD_H
#define KIT_GUARD_H

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "rt/slice.h"

/* A copy of `s` that ends at the guard; good until the next call. At most 64 KB. */
static inline struct slice guard_copy(struct slice s)
{
	static char *wall;
	const size_t page = (size_t)sysconf(_SC_PAGESIZE), room = (1 << 16) + page;

	if (wall == 0) {
		char *const map = mmap(0, room + page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

		if (map == MAP_FAILED || mprotect(map + room, page, PROT_NONE) != 0)
			abort();
		wall = map + room;
	}
	if (s.n > 1 << 16)
		abort();
	if (s.n)
		memcpy(wall - s.n, s.p, s.n);
	return slice_of(wall - s.n, s.n);
}

#endif
