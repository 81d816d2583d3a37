/* SPDX-License-Identifier: MIT */
/* index: the secondary sets and the event stream, written after the truth. */
#ifndef INDEX_H
#define INDEX_H

#include "loc/store.h"

struct index_change {
	struct slice kind;     /* "add", "refresh", "remove", "expire", "rename" */
	struct loc_binding b;
};

/* Nobody waits for these: what is lost with a connection is found again by the sweeper or a rebuild. */
void index_write(struct loc_redis *redis, struct slice aor, const struct index_change *change, int nchange,
                 const struct loc_binding *stand, int nstand);

/* The only binding was refreshed and ends no earlier: an event, no more. */
void index_refreshed(struct loc_redis *redis, struct slice aor, const struct loc_binding *b);

/* b, one of those that stand, ends later than the sets say: raise what they say of it and of its address. */
void index_catch_up(struct loc_redis *redis, struct slice aor, const struct loc_binding *b, const struct loc_binding *stand, int nstand);

/* The domain of an address of record: what follows the '@'. */
struct slice index_domain(struct slice aor);

enum { INDEX_SHARDS = 16 };

#endif
