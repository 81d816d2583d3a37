/* SPDX-License-Identifier: MIT */
/* stale: the last answers of loc_lookup, for the time Redis is away. Bounded in number, bytes and age. */
#ifndef STALE_H
#define STALE_H

#include "loc/store.h"
#include "loc/users.h"

struct stale;

struct stale *stale_new(uint32_t entries, uint32_t seconds); /* NULL: no memory */
void stale_destroy(struct stale **self_p);

/* What Redis answered just now; n 0 forgets. More than STALE_BYTES_MAX of bindings are not kept. */
void stale_keep(struct stale *self, struct slice aor, const struct loc_binding *b, int n, const struct loc_policy *policy, int64_t now);

struct stale_answer {
	struct loc_binding b[LOC_BINDINGS_MAX]; /* in their order, without those that have expired since */
	struct loc_policy policy;
	int n;
};

/* Whether there is one young enough; `out` is valid until the next stale_keep. */
bool stale_find(const struct stale *self, struct slice aor, int64_t now, struct stale_answer *out);

enum { STALE_BYTES_MAX = 8192 };

#endif
