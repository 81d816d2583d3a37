/* SPDX-License-Identifier: MIT */
/* records: an answer of Redis that holds bindings. */
#ifndef RECORDS_H
#define RECORDS_H

#include "loc/store.h"
#include "rt/arena.h"

/* SLICE_NONE when it is no text. */
struct slice record_text(const redisReply *r);

/* Memory for the unescaped strings of an answer; given back when the callback has returned. */
struct rt_arena *records_arena(const redisReply *array);

/* { id, record, id, record .. }, sorted, without what is past. A record that does not read is as good as none. How many stand in `out`. */
int records_read(const redisReply *array, int64_t now, struct loc_binding out[LOC_BINDINGS_MAX], struct rt_arena *a);

#endif
