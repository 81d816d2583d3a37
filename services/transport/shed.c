/* SPDX-License-Identifier: MIT */
#include "shed.h"

enum { LEAST_SHARE = 20, STEPS_MAX = 64 };

static uint32_t target(const struct shed *self)
{
	return self->share ? SHED_TARGET / 2 : SHED_TARGET;
}

static bool stands(const struct shed *self)
{
	return self->lost || (self->seen && self->least > target(self));
}

static bool is_far_off(const struct shed *self)
{
	return self->lost || self->least > 2 * target(self);
}

static void more(uint32_t *share, bool far_off)
{
	*share += (SHED_WHOLE - *share) / (far_off ? 4 : 8);
}

static void less(uint32_t *share)
{
	*share -= *share / 5;
	if (*share < LEAST_SHARE)
		*share = 0;
}

static void step(struct shed *self)
{
	if (stands(self)) {
		self->stood++;
		if (self->share >= SHED_MOST)
			more(&self->unread, is_far_off(self));
		if (self->stood >= SHED_ONSET || self->share)
			more(&self->share, is_far_off(self));
	} else {
		self->stood = 0;
		less(&self->unread);
		less(&self->share);
	}
	self->seen = false;
	self->lost = 0;
}

/* The steps that are over; of those in which nothing came the last few are enough to forget everything. */
static void catch_up(struct shed *self, rt_ms now)
{
	for (int n = 0; now >= self->step_ends && n < STEPS_MAX; n++) {
		step(self);
		self->step_ends += SHED_STEP;
	}
	if (now >= self->step_ends)
		self->step_ends = now + SHED_STEP;
}

void shed_waited(struct shed *self, rt_ms now, uint32_t ms)
{
	catch_up(self, now);
	if (!self->seen || ms < self->least)
		self->least = ms;
	self->seen = true;
}

void shed_lost(struct shed *self, rt_ms now, uint32_t n)
{
	catch_up(self, now);
	self->lost += n;
}

uint32_t shed_share(struct shed *self, rt_ms now)
{
	catch_up(self, now);
	return self->share;
}

bool shed_drops(struct shed *self, rt_ms now, uint64_t chance)
{
	catch_up(self, now);
	return chance % SHED_WHOLE < self->unread;
}

bool shed_refuses(struct shed *self, rt_ms now, uint64_t chance)
{
	return chance % SHED_WHOLE < shed_share(self, now);
}
