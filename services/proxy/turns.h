/* SPDX-License-Identifier: MIT */
/*
 * turns: which targets of a response context are tried together, and which when those have had their turn. RFC 3261 16.6, 16.7
 *
 *   targets by q, fork by q:     1.0  1.0  |  0.5  |  0.2  0.2
 *                                 group      group     group      each begins when all before it have ended,
 *                                                                 or have rung for `ring` and their turn is over
 *
 * One by one, a group is one target; all at once, it is everybody who waits. A spare flow of a device is in no group: it
 * is begun by itself, when the flow before it failed (RFC 5626 7).
 *
 * Each branch is lent its share of the breadth that the context has left, and a group is no larger than that (RFC 5393 5.3.3);
 * `reserve` stays for targets that may join. A branch that ends gives its share back; so does one whose turn is over,
 * for it is on its way back.
 *
 * Pure, as the context is. The sets are bits by branch number, to be begun by the caller.
 */
#ifndef PROXY_TURNS_H
#define PROXY_TURNS_H

#include "context.h"

/* Begin these `size` branches and share among them what Max-Breadth is not lent to others. Returns the group. */
uint32_t proxy_turns_launch(struct proxy_context *c, uint32_t group, int size);

uint32_t proxy_turns_group(struct proxy_context *c); /* begin the next group; 0: nobody waits, or there is no breadth left */
uint32_t proxy_turns_join(struct proxy_context *c);  /* the reserve is free: begin those who came late and whose turn is not over */

/* Whoever has rung long enough: his CANCEL goes now, or after his first provisional (9.1); the next group waits for neither. */
struct proxy_plan proxy_turns_next(struct proxy_context *c, rt_ms now);

/* When the first target of this group has rung long enough, if anybody waits for that; 0: never. */
rt_ms proxy_turns_due(const struct proxy_context *c);

#endif
