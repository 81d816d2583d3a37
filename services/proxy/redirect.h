/* SPDX-License-Identifier: MIT */
/* redirect: the redirect server, RFC 3261 8.3. */
#ifndef PROXY_REDIRECT_H
#define PROXY_REDIRECT_H

#include "request.h"
#include "sip/draft.h"
#include "target.h"

/* A 302 with every target as Contact, q and expires told, the Request-URI itself left out. NULL: memory ran out, or no target is
 * left (*left is then 0). */
struct sip_draft *proxy_redirect(const struct proxy_element *e, const struct proxy_request *r, const struct proxy_target *t,
                                 int n, int *left);

#endif
