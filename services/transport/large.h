/* SPDX-License-Identifier: MIT */
/*
 * large: what is remembered about requests that take TCP only for their size, RFC 3261 18.1.1. Pure, of fixed size; what is
 * forgotten too early costs a repetition or an attempt, nothing else.
 */
#ifndef LARGE_H
#define LARGE_H

#include <stdbool.h>

#include "rt/pool.h"

enum { LARGE_PLACES = 1024 };

struct large {
	struct { uint64_t request; rt_handle flow; } sent[LARGE_PLACES];
};

/* The transaction believes in UDP and repeats its request; over TCP once is enough. Was it sent on this connection before?
 * Remembers it if not. */
bool large_is_repeat(struct large *self, uint64_t request, rt_handle flow);

#endif
