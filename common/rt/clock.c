/* SPDX-License-Identifier: MIT */
/* clock: the system's clocks and its randomness. */
#include "rt/clock.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/random.h>
#include <time.h>

static int64_t read_ms(clockid_t id)
{
	struct timespec ts;

	clock_gettime(id, &ts);
	return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

rt_ms rt_clock_ms(void)
{
	return (rt_ms)read_ms(CLOCK_MONOTONIC);
}

int64_t rt_clock_wall_ms(void)
{
	return read_ms(CLOCK_REALTIME);
}

int64_t rt_clock_wall(void)
{
	return rt_clock_wall_ms() / 1000;
}

void rt_random(void *p, size_t n)
{
	char *at = p;

	while (n) {
		const ssize_t got = getrandom(at, n, 0);

		if (got < 0 && errno != EINTR)
			abort(); /* no kernel we run on: secrets from nowhere would be worse */
		if (got > 0) {
			at += got;
			n -= (size_t)got;
		}
	}
}
