/* SPDX-License-Identifier: MIT */
/* policy: how calls to one user are treated, as Redis holds it. */
#ifndef POLICY_H
#define POLICY_H

#include "loc/users.h"

/* The answer to HMGET policy:<aor> mode fork recurse queue wake. A word we do not know counts as not set. 0 | RT_BAD */
RT_MUSTUSE
int policy_read(struct loc_policy *out, const redisReply *reply);

#endif
