/* SPDX-License-Identifier: MIT */
/* report: a window of time, measured and told as one line of JSON. */
#ifndef STORM_REPORT_H
#define STORM_REPORT_H

#include "cpu.h"
#include "op.h"

struct window {
	uint64_t began;
	uint64_t lost;
	struct cpu_snap cpu;
};

void report_begin(struct window *w);                     /* counts from zero */
uint64_t report_end(const struct window *w, const char *mode, int number, bool memory); /* prints; how many failed */

#endif
