/* SPDX-License-Identifier: MIT */
/*
 * greeting: what a loop says of its own accord to one peer: who we are. An ECHO from each of our actors, with its record.
 *
 *   we                                                      a peer
 *   |  ECHO, context: the shell asks, text: our record -->  |  takes the record: we are alive, whatever Redis says
 *   |  <-- the same head, BACK                              |
 *   the peer is alive
 *
 * It is the first thing a new peer hears, so nobody has to answer a stranger, whichever of the two Redis told first; it asks
 * who was silent for a sign of life; and when we drain it says so.
 *
 * Who knows that we leave? While `leaving`, txn numbers our actors from 1. What comes over one connection comes in order: the
 * answer to the last number lies behind everything that the peer had sent to any of us before it knew.
 */
#ifndef GREETING_H
#define GREETING_H

#include "wire/parcel.h"
#include "loop.h"

struct greeting {
	bool open;    /* our actors are: others may know of us. Until then nothing is said */
	bool leaving; /* and now must know that we go */
};

void greeting_say(const struct greeting *self, struct svc_loop *loop, uint32_t id); /* needs the arena */
void greeting_answer(struct svc *svc, const struct wire_parcel *in);                /* to a peer's */

bool greeting_is_ours(const struct wire_parcel *back);                               /* or an actor's own ECHO */
bool greeting_was_last(const struct svc_loop *loop, const struct wire_parcel *back); /* of those that said we leave */

#endif
