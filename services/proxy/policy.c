/* SPDX-License-Identifier: MIT */
/* policy: the domain's choice, key by key, unless the user has one. */
#include "policy.h"

struct proxy_policy proxy_policy(const struct svc_domain *domain, const struct loc_policy *own)
{
	struct proxy_policy p = { .mode = domain->mode, .fork = domain->fork, .recurse = domain->recurse,
		                  .ring = (uint32_t)domain->ring, .queue = (uint32_t)domain->queue,
		                  .wake = (uint32_t)domain->wake, .waking = (uint16_t)domain->waking };

	if (own && own->mode >= 0)
		p.mode = (enum svc_mode)own->mode;
	if (own && own->fork >= 0)
		p.fork = (enum svc_fork)own->fork;
	if (own && own->recurse >= 0)
		p.recurse = own->recurse > 0;
	if (own && own->queue >= 0)
		p.queue = (uint32_t)own->queue;
	if (own && own->wake >= 0)
		p.wake = (uint32_t)own->wake;
	return p;
}
