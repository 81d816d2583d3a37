/* SPDX-License-Identifier: MIT */
/* clock: the two clocks. Only the shell and main programs read them. */
#ifndef RT_CLOCK_H
#define RT_CLOCK_H

#include <stddef.h>
#include <stdint.h>
#include "rt/wheel.h"

rt_ms rt_clock_ms(void);      /* CLOCK_MONOTONIC, milliseconds; comparable between processes of one host */
int64_t rt_clock_wall(void);  /* seconds since 1970 */
int64_t rt_clock_wall_ms(void);
void rt_random(void *p, size_t n); /* getrandom; never fails */

#endif
