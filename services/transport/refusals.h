/* SPDX-License-Identifier: MIT */
/* refusals: places that were found closed a while ago. Pure, of fixed size; what is forgotten too early costs an attempt, nothing else. */
#ifndef REFUSALS_H
#define REFUSALS_H

#include "rt/wheel.h"
#include "sip/hop.h"

enum { REFUSALS_PLACES = 1024 };

struct refusals {
	struct { uint64_t place; rt_ms until; } at[REFUSALS_PLACES];
};

void refusals_note(struct refusals *self, const struct sip_hop *to, rt_ms until);
bool refusals_has(const struct refusals *self, const struct sip_hop *to, rt_ms now);

#endif
