/* SPDX-License-Identifier: MIT */
/* guard: text that ends where an unmapped page begins, so that reading one byte too far is a crash. */
#ifndef KIT_GUARD_H
#define KIT_GUARD_H

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "rt/slice.h"

enum { KIT_GUARD_ROOM = 1 << 21 }; /* two of the largest bodies */

/* A copy of `s` that ends at the guard; good until the next call. At most KIT_GUARD_ROOM bytes. */
static inline struct slice guard_copy(struct slice s)
{
	static char *wall;
	const size_t page = (size_t)sysconf(_SC_PAGESIZE), room = KIT_GUARD_ROOM + page;

	if (wall == 0) {
		char *const map = mmap(0, room + page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

		if (map == MAP_FAILED || mprotect(map + room, page, PROT_NONE) != 0)
			abort();
		wall = map + room;
	}
	if (s.n > KIT_GUARD_ROOM)
		abort();
	if (s.n)
		memcpy(wall - s.n, s.p, s.n);
	return slice_of(wall - s.n, s.n);
}

#endif
