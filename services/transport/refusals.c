/* SPDX-License-Identifier: MIT */
#include "refusals.h"

void refusals_note(struct refusals *self, const struct sip_hop *to, rt_ms until)
{
	const uint64_t place = sip_hop_hash(to);

	self->at[place % REFUSALS_PLACES].place = place;
	self->at[place % REFUSALS_PLACES].until = until;
}

bool refusals_has(const struct refusals *self, const struct sip_hop *to, rt_ms now)
{
	const uint64_t place = sip_hop_hash(to);

	return self->at[place % REFUSALS_PLACES].place == place && now < self->at[place % REFUSALS_PLACES].until;
}
