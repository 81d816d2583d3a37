/* SPDX-License-Identifier: MIT */
/* parked: commands that a cluster did not execute just now, in the order in which they are sent again. */
#ifndef PARKED_H
#define PARKED_H

#include "lane.h"

enum { PARKED_GROUPS = 256 };

struct parked_item;

struct parked {
	struct parked_item *first, **end; /* all zero: empty */
	uint32_t count;
	uint32_t group[PARKED_GROUPS]; /* so many of slots that end in this byte */
};

/* who->again is kept and sent after a moment. false: too many wait, or no memory; nothing is answered. */
bool parked_put(struct parked *self, const struct pending *who, rt_ms now);

/* May one of this slot be among them? Then what follows it waits, too: a key's writes keep their order. */
bool parked_holds(const struct parked *self, int slot);

/* Send those whose time has come to whom their slot belongs by now. Who cannot be sent is answered RT_DOWN. */
void parked_send(struct parked *self, struct loc_redis *redis, rt_ms now);
void parked_release(struct parked *self, struct loc_redis *redis); /* answer all RT_DOWN */
rt_ms parked_next(const struct parked *self); /* when that is; UINT64_MAX: never */

#endif
