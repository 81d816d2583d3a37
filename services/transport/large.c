/* SPDX-License-Identifier: MIT */
#include "large.h"

bool large_is_repeat(struct large *self, uint64_t request, rt_handle flow)
{
	const uint32_t at = (uint32_t)(request % LARGE_PLACES);

	if (self->sent[at].request == request && self->sent[at].flow == flow)
		return true;
	self->sent[at].request = request;
	self->sent[at].flow = flow;
	return false;
}

void large_refuse(struct large *self, const struct sip_hop *to, rt_ms now)
{
	const uint64_t place = sip_hop_hash(to);

	self->refused[place % LARGE_PLACES].place = place;
	self->refused[place % LARGE_PLACES].until = now + LARGE_FORGET_MS;
}

bool large_is_refused(const struct large *self, const struct sip_hop *to, rt_ms now)
{
	const uint64_t place = sip_hop_hash(to);

	return self->refused[place % LARGE_PLACES].place == place && now < self->refused[place % LARGE_PLACES].until;
}
