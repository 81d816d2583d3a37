/* SPDX-License-Identifier: MIT */
/* policy: how requests to a user are treated: by his own record when he has one, else by his domain. */
#ifndef PROXY_POLICY_H
#define PROXY_POLICY_H

#include "loc/users.h"
#include "svc/config.h"

struct proxy_policy {
	enum svc_mode mode;
	enum svc_fork fork;
	bool recurse;
	uint32_t ring;  /* seconds; 0: no limit */
	uint32_t queue; /* seconds a caller waits for a busy user; 0: he does not */
	uint32_t wake;  /* seconds he waits for one whose phones sleep */
	uint16_t waking; /* status he is told meanwhile */
	bool single; /* the caller wants one target tried, not several (RFC 3841) */
};

struct proxy_policy proxy_policy(const struct svc_domain *domain, const struct loc_policy *own); /* own NULL: none */

#endif
