/* SPDX-License-Identifier: MIT */
/* hist: how long things took; microseconds, 32 steps an octave, so at most 3 % wrong. */
#ifndef STORM_HIST_H
#define STORM_HIST_H

#include <stdint.h>

enum { HIST_STEPS = 32, HIST_BUCKETS = HIST_STEPS * 32 };

struct hist {
	uint64_t n, max; /* max in us */
	uint64_t bucket[HIST_BUCKETS];
};

void hist_add(struct hist *h, uint64_t ns);
uint64_t hist_quantile(const struct hist *h, double q); /* us; 0 when empty */

#endif
