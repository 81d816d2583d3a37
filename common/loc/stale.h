/* SPDX-License-Identifier: MIT */
/* stale: the last answers of loc_lookup: while Redis promises to tell of changes (track.h), and for the time it is away. Bounded in number,
 * bytes and age. */
#ifndef STALE_H
#define STALE_H

#include "loc/store.h"
#include "loc/users.h"

struct stale;

struct stale_for { /* seconds an answer may be used */
	uint32_t away;  /* when Redis is away */
	uint32_t fresh; /* when no change was told */
};

struct stale *stale_new(uint32_t entries, struct stale_for seconds); /* NULL: no memory */
void stale_destroy(struct stale **self_p);

/* What Redis answered just now, n 0 forgets; and under which promise, 0 for none. More than STALE_BYTES_MAX of bindings are not kept. */
void stale_keep(struct stale *self, struct slice aor, const struct loc_binding *b, int n, const struct loc_policy *policy, int64_t now,
                uint32_t round);
void stale_changed(struct stale *self, struct slice aor); /* no promise holds for it any more */

struct stale_answer {
	struct loc_binding b[LOC_BINDINGS_MAX]; /* in their order, without those that have expired since */
	struct loc_policy policy;
	int n;
};

/* Whether there is one young enough; `out` is valid until the next stale_keep. */
bool stale_find(const struct stale *self, struct slice aor, int64_t now, struct stale_answer *out);

/* Whether there is one under this promise, not 0. */
bool stale_find_fresh(const struct stale *self, struct slice aor, int64_t now, uint32_t round, struct stale_answer *out);

enum { STALE_BYTES_MAX = 8192 };

#endif
