/* SPDX-License-Identifier: MIT */
/*
 * lookup: bindings from Redis, or from memory for as many seconds as proxy.lookup_cache allows.
 *
 * What is remembered may be that old: a phone that moved rings at its old place until then. Only somebody who is registered is
 * remembered, so that a first registration is seen at once.
 */
#ifndef PROXY_LOOKUP_H
#define PROXY_LOOKUP_H

#include "loc/store.h"
#include "loc/users.h"
#include "rt/hash.h"

struct proxy_lookup;

struct proxy_lookup *proxy_lookup_new(struct rt_key key); /* NULL: no memory */
void proxy_lookup_destroy(struct proxy_lookup **self_p);

/* As loc_lookup; `done` may be called before this returns. seconds 0: always ask. 0 | RT_DOWN | RT_NOMEM */
RT_MUSTUSE
int proxy_lookup(struct proxy_lookup *self, struct loc_redis *redis, struct slice aor, int64_t now, int64_t seconds,
                 loc_lookup_fn *done, void *arg, uint64_t token);

#endif
