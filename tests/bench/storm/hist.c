/* SPDX-License-Identifier: MIT */
/* hist: a bucket for each us up to 31, then 32 buckets between a power of two and the next. */
#include "hist.h"

static unsigned bucket_of(uint64_t us)
{
	if (us < HIST_STEPS)
		return (unsigned)us;
	const unsigned shift = 63u - (unsigned)__builtin_clzll(us) - 5u;
	const unsigned i = (shift + 1) * HIST_STEPS + (unsigned)((us >> shift) - HIST_STEPS);

	return i < HIST_BUCKETS ? i : HIST_BUCKETS - 1;
}

static uint64_t middle_of(unsigned i)
{
	if (i < HIST_STEPS)
		return i;
	const unsigned shift = i / HIST_STEPS - 1;

	return ((uint64_t)(HIST_STEPS + i % HIST_STEPS) << shift) + (((uint64_t)1 << shift) >> 1);
}

void hist_add(struct hist *h, uint64_t ns)
{
	const uint64_t us = ns / 1000;

	h->bucket[bucket_of(us)]++;
	h->n++;
	if (us > h->max)
		h->max = us;
}

uint64_t hist_quantile(const struct hist *h, double q)
{
	const uint64_t want = (uint64_t)(q * (double)h->n + 0.5);
	uint64_t sum = 0;

	for (unsigned i = 0; h->n && i < HIST_BUCKETS; i++) {
		sum += h->bucket[i];
		if (sum >= want && sum)
			return middle_of(i);
	}
	return h->max;
}
