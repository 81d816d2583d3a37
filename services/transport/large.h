/* SPDX-License-Identifier: MIT */
/*
 * large: what is remembered about requests that take TCP only for their size, RFC 3261 18.1.1. Pure, of fixed size; what is
 * forgotten too early costs a repetition or an attempt, nothing else.
 */
#ifndef LARGE_H
#define LARGE_H

#include "rt/pool.h"
#include "rt/wheel.h"
#include "sip/hop.h"

enum {
	LARGE_PLACES = 1024,
	LARGE_FORGET_MS = 600000, /* until TCP is tried again where nobody listened */
};

struct large {
	struct { uint64_t request; rt_handle flow; } sent[LARGE_PLACES];
	struct { uint64_t place; rt_ms until; } refused[LARGE_PLACES];
};

/* The transaction believes in UDP and repeats its request; over TCP once is enough. Was it sent on this connection before?
 * Remembers it if not. */
bool large_is_repeat(struct large *self, uint64_t request, rt_handle flow);

void large_refuse(struct large *self, const struct sip_hop *to, rt_ms now);          /* nobody answered on TCP there */
bool large_is_refused(const struct large *self, const struct sip_hop *to, rt_ms now);

#endif
