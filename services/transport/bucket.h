/* SPDX-License-Identifier: MIT */
/*
 * bucket: how much one source may cost us, as token buckets in a table of fixed size. Pure: time is an argument.
 * Sources that meet in one place of the table take it from each other, which can only make the limit looser for a
 * moment; nothing grows.
 */
#ifndef BUCKET_H
#define BUCKET_H

#include <stdbool.h>
#include "rt/wheel.h"

struct bucket;

struct bucket *bucket_new(uint32_t per_second, uint32_t burst); /* NULL: out of memory */
void bucket_destroy(struct bucket **self_p);
bool bucket_take(struct bucket *self, uint64_t source, rt_ms now); /* one token, if there is one */

#endif
