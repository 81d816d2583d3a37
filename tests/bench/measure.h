/* SPDX-License-Identifier: MIT */
/*
 * measure: how long one thing takes, in CPU time of this process: what else runs on the machine counts little.
 * A round does it often enough for ROUND_NS; the median of the rounds is told, with the tenth from either end.
 */
#ifndef BENCH_MEASURE_H
#define BENCH_MEASURE_H

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { MEASURE_ROUNDS = 21, MEASURE_ROUND_NS = 10000000, MEASURE_TENTH = 2 };

typedef void measure_fn(void *self, uint32_t times);

static inline uint64_t measure_ns(measure_fn *fn, void *self, uint32_t times)
{
	struct timespec a, b;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &a);
	fn(self, times);
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &b);
	return (uint64_t)(b.tv_sec - a.tv_sec) * 1000000000u + (uint64_t)b.tv_nsec - (uint64_t)a.tv_nsec;
}

static inline int measure_less(const void *a, const void *b)
{
	const double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

/* argv of the program: only what contains the word is measured. */
static const char *measure_only;

/* `what` is one thing; fn does it `times` times. */
static inline void measure(const char *what, measure_fn *fn, void *self)
{
	double round[MEASURE_ROUNDS];
	uint32_t times = 16;

	if (measure_only && !strstr(what, measure_only))
		return;
	while (measure_ns(fn, self, times) < MEASURE_ROUND_NS / 2 && times < 1u << 28)
		times *= 2;
	for (int i = 0; i < MEASURE_ROUNDS; i++)
		round[i] = (double)measure_ns(fn, self, times) / times;
	qsort(round, MEASURE_ROUNDS, sizeof(round[0]), measure_less);
	printf("%-44s %9.1f ns   %.1f to %.1f\n", what, round[MEASURE_ROUNDS / 2], round[MEASURE_TENTH],
	       round[MEASURE_ROUNDS - 1 - MEASURE_TENTH]);
	fflush(stdout);
}

/* The compiler must believe that the value is looked at. */
static inline void measure_use(const void *p)
{
	__asm__ volatile("" : : "r"(p) : "memory");
}

#endif
