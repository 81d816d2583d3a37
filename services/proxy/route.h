/* SPDX-License-Identifier: MIT */
/* route: Route Information Preprocessing, RFC 3261 16.4. */
#ifndef PROXY_ROUTE_H
#define PROXY_ROUTE_H

#include "request.h"

/*
 * Read the Request-URI and the Route values of r->msg and fill the rest of r: a strict router's change undone, our maddr and our
 * own topmost Route values gone, our signature found.
 * returns 0, RT_BAD (the Request-URI or a Route we had to read breaks the grammar: 400), RT_DENIED (a flow token of ours that
 *         somebody changed: 403), RT_NOMEM
 */
RT_MUSTUSE
int proxy_route(const struct proxy_element *e, struct proxy_request *r);

#endif
