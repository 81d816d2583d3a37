/* SPDX-License-Identifier: MIT */
/*
 * wheel: hierarchical timer wheel, 10 ms tick, intrusive entries.
 *
 * Pure: time is an argument, so a test owns the clock. start and stop are O(1); advance is O(expired).
 * An entry is in at most one wheel and is stopped by its owner before the owner is freed.
 */
#ifndef RT_WHEEL_H
#define RT_WHEEL_H

#include <stdbool.h>
#include <stdint.h>

typedef uint64_t rt_ms; /* monotonic milliseconds */

struct rt_timer {
	struct rt_timer *next, **link; /* private to wheel.c; link == NULL: not running */
	rt_ms due;
	uint64_t owner; /* the owner's handle or slot, resolved by the actor */
	uint16_t actor; /* set by svc_timer_start: which actor of the loop is told */
	uint8_t name;   /* 'A'..'M', or the owner's own code */
};

struct rt_wheel;

struct rt_wheel *rt_wheel_new(rt_ms now);
void rt_wheel_destroy(struct rt_wheel **self_p);
void rt_wheel_start(struct rt_wheel *self, struct rt_timer *t, rt_ms due); /* restarts a running one */
void rt_wheel_stop(struct rt_wheel *self, struct rt_timer *t);             /* idempotent */
rt_ms rt_wheel_next(const struct rt_wheel *self); /* no timer is due before this; UINT64_MAX idle */

static inline bool rt_timer_running(const struct rt_timer *t)
{
	return t->link != 0;
}

/*
 * Unlink and return one expired timer, or NULL when none is due at `now`.
 * Same-tick timers come out in start order (a test may rely on it). A timer never fires early.
 */
struct rt_timer *rt_wheel_pop(struct rt_wheel *self, rt_ms now);

#endif
