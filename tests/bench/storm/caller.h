/* SPDX-License-Identifier: MIT */
/* caller: the side that asks. */
#ifndef STORM_CALLER_H
#define STORM_CALLER_H

#include "message.h"
#include "op.h"

void caller_start(uint64_t scheduled, uint64_t now); /* one operation; ns */
void caller_answer(const struct message *m, uint64_t now);
void caller_repeat(struct op *op);                   /* its timer is due */

/* The called side has seen something: is the call over now? */
void caller_look(struct op *op);

#endif
