/* SPDX-License-Identifier: MIT */
/* burst: one turn of a loop; the drawing is in loop.h. */
#ifndef BURST_H
#define BURST_H

#include "loop.h"

/* Poll, and handle what came, bounded in every direction; then let everything it produced leave. */
void burst_turn(struct svc_loop *self);

/* The same of a loop without peers and without Redis: descriptors and timers alone. */
void burst_turn_alone(struct svc_loop *self);

/* After every event: what it posted on this loop, and what that posted, until none is left or others must have their turn. */
void burst_run_queue(struct svc_loop *self);

#endif
