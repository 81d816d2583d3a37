/* SPDX-License-Identifier: MIT */
/* sweep: bindings that ran out are removed, and the event stream says so; scores of bindings that live on are raised. */
#ifndef LOC_SWEEP_H
#define LOC_SWEEP_H

#include "loc/redis.h"

/* mine: this caller won the turn and sweeps; false: another did, or Redis is away. */
typedef void loc_sweep_fn(void *self, bool mine);

/* To be called once a period: one of all callers sweeps, the same each time, and another a period and a half after it was last heard of.
 * Beside what has run out it looks at what will within three periods by the sets, which refreshes leave as they are. 0 | RT_DOWN */
RT_MUSTUSE
int loc_sweep(struct loc_redis *redis, uint32_t me, uint32_t period_ms, int64_t now, loc_sweep_fn *begun, void *arg);

/* Take out of idx:domain:<name> or idx:edge:<id> who is registered no more. An edge's set goes by itself two days after its last trim. */
void loc_trim_domain(struct loc_redis *redis, struct slice domain, int64_t now);
void loc_trim_edge(struct loc_redis *redis, uint32_t edge, int64_t now);

#endif
