/* SPDX-License-Identifier: MIT */
/*
 * shed: which share of new requests is let in while more comes than can be done. Pure: time and chance are arguments.
 *
 * What came in waits before it is taken: in the kernel, then in a mailbox. A queue that is short now and then is a burst; one that was
 * never short for 80 ms of work, or that the kernel had no room for, is overload. From then on, each 20 ms,
 *
 *   let in *= 1 - (least wait of the step - target) / 1280 ms - (least wait - that of the step before) / 80 ms        between 1/2 and 9/8
 *
 * so that the wait settles at the target: far below the 500 ms after which UDP callers repeat themselves. Changes are by a factor, so
 * the law is as quick and as steady at ten times the capacity as at twice. The constants bear answers that are 80 ms old. What waited three
 * times as long is refused in any case: a queue that fills loses ACKs and BYEs, and what is lost comes again, all at once, half a second later.
 *
 * When nine of ten are refused and the queue stands nevertheless, a share is dropped unread, by the same rule. Not before: who hears nothing
 * repeats an INVITE six times, and seven looks cost as much as a refusal.
 */
#ifndef SHED_H
#define SHED_H

#include <stdbool.h>
#include "rt/wheel.h"

enum {
	SHED_STEP = 20,     /* ms */
	SHED_TARGET = 30,   /* ms a request may wait */
	SHED_LATE = 90,     /* ms after which nothing new is let in while there is overload */
	SHED_ONSET = 4,     /* steps the queue must have stood before the first is refused */
	SHED_WHOLE = 1000,  /* a share is so many of a thousand */
	SHED_MOST = 500,    /* refused, from which on refusing alone does not help */
};

struct shed {
	rt_ms step_ends;
	uint32_t least, before; /* ms: the shortest wait of this step, and of the last */
	uint32_t lost;      /* by the kernel, in this step */
	bool seen;          /* somebody waited in this step */
	uint32_t silent;    /* steps since somebody did */
	uint32_t stood;     /* steps in a row with a standing queue */
	bool on;            /* overload */
	double in, read;    /* while on: shares that are let in, of those that are read; and read, of all */
};

/* A message waited so long before it was taken. */
void shed_waited(struct shed *self, rt_ms now, uint32_t ms);

/* The kernel had no room for so many more. */
void shed_lost(struct shed *self, rt_ms now, uint32_t n);

/* The share refused now; 0 while all is well. */
uint32_t shed_share(struct shed *self, rt_ms now);

/* Refusals are work, too: is this one among those that are not even read? */
bool shed_drops(struct shed *self, rt_ms now, uint64_t chance);

/* Is this one, that waited so long in the kernel, among those that are refused? chance: any number; the same for the same request. */
bool shed_refuses(struct shed *self, rt_ms now, uint32_t waited, uint64_t chance);

#endif
