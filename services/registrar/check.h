/* SPDX-License-Identifier: MIT */
/* check: is this REGISTER for us, and whom does it register? RFC 3261 10.3 steps 1, 2 and 5, and 8.2. Pure. */
#ifndef CHECK_H
#define CHECK_H

#include "refusal.h"
#include "rt/arena.h"
#include "sip/msg.h"
#include "svc/config.h"
#include "wire/members.h"

struct reg_subject { /* whom it registers */
	const struct svc_domain *domain;
	struct slice aor;  /* location key, "alice@example.com" */
	struct slice user; /* its first part */
};

/*
 * Everything that can be said without asking Redis.
 *   merged  8.2.2.2: another transaction brought this request already
 * returns 0, RT_DENIED (`why` says what to answer), RT_NOMEM
 */
RT_MUSTUSE
int reg_check(const struct sip_msg *request, const struct svc_config *config, const struct wire_members *members, bool merged,
              struct rt_arena *a, struct reg_subject *out, struct reg_refusal *why);

/*
 * RFC 7616 3.4.6: credentials are for one resource, the domain this request is for, or this server by another name. A port or a user that
 * the phone wrote otherwise does no harm, nor does an address, or any name once a proxy has forwarded the request: it is what the phone
 * asked, and not what became of that on the way (RFC 3261 22.4 item 7).
 *   uri  as the credentials have it
 */
bool reg_check_credentials(const struct sip_msg *request, const struct svc_config *config, const struct wire_members *members,
                           const struct svc_domain *domain, struct slice uri);

#endif
