/* SPDX-License-Identifier: MIT */
/*
 * queue: parcels between actors of one loop. Posted while a callback runs, handed over after it returned.
 *
 *   pack[write]   | posted now ......... |        the two change places when the read one is walked to its end
 *   pack[1-write] | walked | to walk ... |        and never move while they are read
 */
#ifndef QUEUE_H
#define QUEUE_H

#include "wire/pack.h"

enum {
	QUEUE_PARCELS = 16384,    /* one burst can bring WIRE_BURST packs of WIRE_PACK_PARCELS, each making a few more */
	QUEUE_BYTES = 64 << 20,
};

struct queue {
	struct wire_pack pack[2];
	struct wire_walk walk; /* over pack[1 - write] */
	int write;
};

void queue_init(struct queue *self);
void queue_clear(struct queue *self);
RT_MUSTUSE
int queue_post(struct queue *self, const struct wire_head *head, const struct sip_msg *msg); /* 0 | RT_NOMEM */
bool queue_next(struct queue *self, struct wire_parcel *out); /* valid until the next call */
bool queue_is_empty(const struct queue *self);

#endif
