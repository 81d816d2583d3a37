/* SPDX-License-Identifier: MIT */
/* counter: what a loop counts; written by its thread with plain stores, read by the health thread. */
#ifndef COUNTER_H
#define COUNTER_H

#include <stdatomic.h>
#include "rt/cursor.h"

enum { COUNTERS_MAX = 256 };

struct counter {
	const char *name, *help; /* literals; the name may carry labels: sip_requests_total{method="INVITE"} */
	uint64_t value;
};

struct counters {
	_Atomic uint32_t n;      /* rows below this are complete */
	struct counter row[COUNTERS_MAX];
	uint64_t spill;          /* where counters beyond the maximum count to */
};

/* The counter of this name, made when it is new. Never NULL. */
uint64_t *counters_add(struct counters *self, const char *name, const char *help);

/* All loops' counters as Prometheus text, summed by name. */
void counters_render(struct counters *const loops[], int nloop, struct rt_cursor *c);

#endif
