/* SPDX-License-Identifier: MIT */
/*
 * volley: refusals on their way out by UDP. Those to one address that are of one size leave in one send (UDP_SEGMENT): a datagram
 * costs 3 us to send alone and 1 us so. What the kernel has no room for is dropped: who asked asks again.
 */
#ifndef VOLLEY_H
#define VOLLEY_H

#include "edge.h"

struct volley *volley_new(struct edge *edge); /* NULL: out of memory */
void volley_destroy(struct volley **self_p);

/* Queue one datagram for the end of the burst. 0 | RT_BIG | RT_DOWN (no such place to send to) */
RT_MUSTUSE
int volley_add(struct volley *self, const struct edge_way *way, struct slice text);
void volley_flush(struct volley *self);

#endif
