/* SPDX-License-Identifier: MIT */
#include "pulse.h"

static struct pulse_peer *place(struct pulse *self, uint32_t id)
{
	return &self->peer[id % PULSE_PEERS];
}

static const struct pulse_peer *find(const struct pulse *self, uint32_t id)
{
	const struct pulse_peer *p = &self->peer[id % PULSE_PEERS];

	return p->id == id ? p : 0;
}

void pulse_posted(struct pulse *self, uint32_t id)
{
	struct pulse_peer *p = place(self, id);

	if (p->id != id)
		*p = (struct pulse_peer){ .id = id };
	p->posted = self->busy = true;
}

rt_ms pulse_due(const struct pulse *self)
{
	return self->busy ? self->next : UINT64_MAX;
}

static bool is_due(const struct pulse_peer *p, rt_ms now)
{
	return p->id && (p->asked ? now - p->sent >= PULSE_AGAIN : p->posted);
}

static bool is_fresh(const struct pulse_peer *p, rt_ms now)
{
	return p->heard && now - p->heard <= PULSE_FRESH;
}

uint32_t pulse_ask(struct pulse *self, rt_ms now, uint32_t *at)
{
	if (*at == 0)
		self->busy = self->quick = false;
	while (*at < PULSE_PEERS) {
		struct pulse_peer *p = &self->peer[(*at)++];
		const bool due = is_due(p, now);

		self->busy = self->busy || due || (p->id && p->asked);
		self->quick = self->quick || (is_fresh(p, now) && p->wait + p->behind >= PULSE_LONG);
		if (!due)
			continue;
		p->asked = p->asked ? p->asked : now;
		p->sent = now;
		p->posted = false;
		return p->id;
	}
	self->next = now + (self->quick ? PULSE_QUICK : PULSE_STEP);
	return 0;
}

void pulse_heard(struct pulse *self, uint32_t id, rt_ms asked, uint32_t behind, rt_ms now)
{
	struct pulse_peer *p = place(self, id);

	if (p->id != id || asked > now)
		return;
	p->wait = now - asked < UINT32_MAX ? (uint32_t)(now - asked) : UINT32_MAX;
	p->behind = behind;
	p->heard = now;
	p->asked = 0;
}

void pulse_gone(struct pulse *self, uint32_t id)
{
	if (place(self, id)->id == id)
		*place(self, id) = (struct pulse_peer){ 0 };
}

uint32_t pulse_wait(const struct pulse *self, uint32_t id, rt_ms now)
{
	const struct pulse_peer *p = find(self, id);
	const uint32_t open = p && p->asked && now > p->asked ? (uint32_t)(now - p->asked) : 0;
	const uint32_t told = p && is_fresh(p, now) ? p->wait : 0;

	return open > told ? open : told;
}

uint32_t pulse_wait_all(const struct pulse *self, uint32_t id, rt_ms now)
{
	const struct pulse_peer *p = find(self, id);

	return pulse_wait(self, id, now) + (p && is_fresh(p, now) ? p->behind : 0);
}
