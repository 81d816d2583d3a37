/* SPDX-License-Identifier: MIT */
/*
 * shed: which share of new requests is refused while more comes in than can be done. Pure: time and chance are arguments.
 *
 * What came in waits before it is taken: in the kernel, then in a mailbox. A queue that is short now and then is a burst; one that was
 * never short for half a second is overload. From then on a share of what begins something is refused, more each step while the queue
 * stands, less when it does not:
 *
 *   each 100 ms    least wait of the step > target                                share += (1 - share) / 8
 *                  > twice the target, or the kernel dropped some                 share += (1 - share) / 4
 *                  otherwise                                                      share -= share / 5
 *
 * When nearly all are refused and the queue stands nevertheless, a share is dropped unread, by the same rule; who sent them tries again.
 */
#ifndef SHED_H
#define SHED_H

#include <stdbool.h>
#include "rt/wheel.h"

enum {
	SHED_STEP = 100,    /* ms */
	SHED_TARGET = 200,  /* ms a request may wait; half of it once we shed */
	SHED_ONSET = 5,     /* steps the queue must have stood before the first is refused */
	SHED_WHOLE = 1000,  /* a share is so many of a thousand */
	SHED_MOST = 500,    /* refused, from which on refusing alone does not help */
};

struct shed {
	rt_ms step_ends;
	uint32_t least;     /* ms: the shortest wait of this step */
	uint32_t lost;      /* by the kernel, in this step */
	bool seen;          /* somebody waited in this step */
	uint32_t stood;     /* steps in a row with a standing queue */
	uint32_t share;     /* refused, of SHED_WHOLE */
	uint32_t unread;    /* dropped without an answer, of SHED_WHOLE */
};

/* A message waited so long before it was taken. */
void shed_waited(struct shed *self, rt_ms now, uint32_t ms);

/* The kernel had no room for so many more. */
void shed_lost(struct shed *self, rt_ms now, uint32_t n);

/* The share now; 0 while all is well. */
uint32_t shed_share(struct shed *self, rt_ms now);

/* Refusals are work, too: is this one among those that are not even read? */
bool shed_drops(struct shed *self, rt_ms now, uint64_t chance);

/* Is this one among those that are refused? chance: any number, another one each time. */
bool shed_refuses(struct shed *self, rt_ms now, uint64_t chance);

#endif
