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
