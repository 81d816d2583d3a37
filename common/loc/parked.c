/* SPDX-License-Identifier: MIT */
/* parked: a list, oldest first; everybody waits equally long, so the oldest is also the next. */
#include "parked.h"

#include <stdlib.h>

#include "cluster.h"
#include "redis_self.h"

enum { PAUSE = 100 }; /* ms */

struct parked_item {
	struct parked_item *next;
	struct pending who;
	rt_ms at;
};

static uint32_t group_of(int slot)
{
	return (uint32_t)slot % PARKED_GROUPS;
}

bool parked_put(struct parked *self, const struct pending *who, rt_ms now)
{
	struct parked_item *item = self->count < LOC_PENDING_MAX ? malloc(sizeof(*item)) : 0;

	if (!item)
		return false;
	*item = (struct parked_item){ .who = *who, .at = now + PAUSE };
	if (!self->first)
		self->end = &self->first;
	*self->end = item;
	self->end = &item->next;
	self->count++;
	self->group[group_of(who->again->slot)]++;
	return true;
}

bool parked_holds(const struct parked *self, int slot)
{
	return self->count && slot >= 0 && self->group[group_of(slot)];
}

static struct pending shift(struct parked *self)
{
	struct parked_item *item = self->first;
	const struct pending who = item->who;

	self->first = item->next;
	self->count--;
	self->group[group_of(who.again->slot)]--;
	free(item);
	return who;
}

void parked_send(struct parked *self, struct loc_redis *redis, rt_ms now)
{
	for (uint32_t n = self->count; n > 0 && self->first && self->first->at <= now; n--) {
		const struct pending who = shift(self);
		struct lane *lane = cluster_lane(redis->cluster, who.again->slot);

		if (!lane || lane_send(lane, &who, who.again, true))
			lane_tell(redis, &who, RT_DOWN, 0);
		else
			link_flush(&lane->link);
	}
}

void parked_release(struct parked *self, struct loc_redis *redis)
{
	struct parked left = *self;

	*self = (struct parked){ 0 }; /* what a callback asks for is not kept behind these */
	while (left.first) {
		const struct pending who = shift(&left);

		lane_tell(redis, &who, RT_DOWN, 0);
	}
}

rt_ms parked_next(const struct parked *self)
{
	return self->first ? self->first->at : UINT64_MAX;
}
