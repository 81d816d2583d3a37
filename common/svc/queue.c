/* SPDX-License-Identifier: MIT */
/* queue: two packs that take turns. */
#include "queue.h"

void queue_init(struct queue *self)
{
	*self = (struct queue){ .write = 0 };
}

void queue_clear(struct queue *self)
{
	wire_pack_clear(&self->pack[0]);
	wire_pack_clear(&self->pack[1]);
}

int queue_post(struct queue *self, const struct wire_head *head, const struct sip_msg *msg)
{
	struct wire_pack *pack = &self->pack[self->write];

	if (pack->count >= QUEUE_PARCELS || pack->n >= QUEUE_BYTES)
		return RT_NOMEM;
	return wire_pack_add(pack, head, msg);
}

bool queue_next(struct queue *self, struct wire_parcel *out)
{
	struct wire_pack *posted = &self->pack[self->write];

	if (wire_walk_next(&self->walk, out, true) == 1)
		return true;
	if (posted->count == 0 || wire_walk_open(&self->walk, posted->p, posted->n))
		return false;
	self->write = 1 - self->write;
	wire_pack_reset(&self->pack[self->write]);
	return wire_walk_next(&self->walk, out, true) == 1;
}

bool queue_is_empty(const struct queue *self)
{
	return self->walk.left == 0 && self->pack[self->write].count == 0;
}
