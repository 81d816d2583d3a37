/* SPDX-License-Identifier: MIT */
#include "shed.h"

enum {
	WAIT_FULL = 120,  /* ms: a queue that lost something is at least so long */
	SILENT = 5,       /* steps in which nobody came, until that says that nobody waits */
	STEPS_MAX = 128,  /* until everything is forgotten */
};

static const double far = 1280, quick = 80; /* ms, of the law */
static const double slowest = 0.5, fastest = 1.125, least_in = 0.1;

/* What this step says of the queue. */
static uint32_t wait_of(const struct shed *self)
{
	const uint32_t wait = self->seen ? self->least : 0;

	return self->lost && wait < WAIT_FULL ? WAIT_FULL : wait;
}

static double factor(uint32_t wait, uint32_t before)
{
	const double f = 1 - ((double)wait - SHED_TARGET) / far - ((double)wait - before) / quick;

	if (wait < SHED_TARGET / 4)
		return fastest; /* there was room */
	return f < slowest ? slowest : f > fastest ? fastest : f;
}

/* Down: let in fewer, then read fewer; up: the other way round. */
static void change(struct shed *self, double f)
{
	double *share = (f < 1 ? self->in <= least_in : self->read < 1) ? &self->read : &self->in;

	*share = *share * f > 1 ? 1 : *share * f;
	if (self->in < least_in)
		self->in = least_in;
	if (self->read < least_in)
		self->read = least_in;
	self->on = self->in < 1;
}

static void step(struct shed *self)
{
	const uint32_t wait = wait_of(self);

	self->silent = self->seen || self->lost ? 0 : self->silent + 1;
	if (self->silent && self->silent < SILENT)
		return;
	self->stood = wait > SHED_TARGET ? self->stood + 1 : 0;
	if (!self->on && (self->stood >= SHED_ONSET || self->lost)) {
		self->on = true;
		self->in = self->read = 1;
	}
	if (self->on)
		change(self, factor(wait, self->before));
	self->before = wait;
	self->seen = false;
	self->lost = 0;
}

/* The steps that are over; those in which nothing came forget. */
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

static uint32_t missing(const struct shed *self, double share)
{
	return self->on ? SHED_WHOLE - (uint32_t)(share * SHED_WHOLE) : 0;
}

uint32_t shed_share(struct shed *self, rt_ms now)
{
	catch_up(self, now);
	return missing(self, self->in);
}

bool shed_drops(struct shed *self, rt_ms now, uint64_t chance)
{
	catch_up(self, now);
	return chance % SHED_WHOLE < missing(self, self->read);
}

bool shed_refuses(struct shed *self, rt_ms now, uint32_t waited, uint64_t chance)
{
	const uint32_t share = shed_share(self, now);

	return self->on && (waited >= SHED_LATE || chance % SHED_WHOLE < share);
}
