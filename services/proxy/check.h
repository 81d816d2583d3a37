/* SPDX-License-Identifier: MIT */
/* check: Request Validation, RFC 3261 16.3, except the password (auth.h). */
#ifndef PROXY_CHECK_H
#define PROXY_CHECK_H

#include "request.h"

/* Steps 2 to 5 of 16.3 in order, for a request that passed 16.4; step 1 was done at the door. Status 0: it may go on. */
struct proxy_refusal proxy_check(const struct proxy_element *e, const struct proxy_request *r);

/* May this request go to a server that is not ours, proxy.relay? For targets outside our domains, and for Routes to elsewhere. */
bool proxy_check_relay(const struct proxy_element *e, const struct proxy_request *r);

/* 421 with Require for an INVITE whose sender lacks an extension that the policy of this domain wants, 21.4.16. Status 0: it may go on. */
struct proxy_refusal proxy_check_extensions(const struct proxy_element *e, const struct proxy_request *r, const struct svc_domain *domain);

/* The option tags of a header that are not among `known` (words), as one text for Unsupported; "" when all are. */
struct slice proxy_check_tags(struct rt_arena *a, const struct sip_msg *m, enum sip_hdr list, struct slice known);

#endif
