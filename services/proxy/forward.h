/* SPDX-License-Identifier: MIT */
/* forward: Request Forwarding, RFC 3261 16.6. */
#ifndef PROXY_FORWARD_H
#define PROXY_FORWARD_H

#include "request.h"
#include "target.h"

struct proxy_next {     /* whom the copy goes to next: the topmost Route, or the Request-URI */
	struct sip_uri uri; /* what RFC 3263 is asked about, step 7 */
	bool strict;        /* it is a Route value without lr: step 6 turns the copy round */
};

/* Steps 6 and 7: the URI the next hop is found by. 0 | RT_BAD (that Route or URI breaks the grammar) */
RT_MUSTUSE
int proxy_forward_next(const struct proxy_element *e, const struct proxy_request *r, const struct proxy_target *t,
                       struct proxy_next *out);

/* Where a URI with a numeric host leads without asking DNS, RFC 3263 4. 0 | RT_ABSENT (a name) */
RT_MUSTUSE
int proxy_forward_numeric(const struct proxy_next *next, struct sip_hop *out);

/*
 * A name of ours: the spiral of 16.3 step 4 comes back to the door it came by, whether or not DNS knows the name. 0 | RT_ABSENT: not
 * ours, or no door of that transport with an address to connect to; TLS must meet the name, so it asks for it.
 */
RT_MUSTUSE
int proxy_forward_own(const struct proxy_element *e, const struct proxy_request *r, const struct proxy_next *next, struct sip_hop *out);

struct proxy_attempt { /* one target on one of its hops: one client transaction, one branch */
	const struct proxy_target *target;
	struct proxy_next next;
	struct proxy_way way;
	uint16_t breadth; /* Max-Breadth it may use, RFC 5393 */
	bool to_peer;     /* that way leads to a trusted peer */
};

/* All steps up to 9: the copy to send, without our Via, which is the transaction's. 0 | RT_NOMEM | RT_BIG | RT_BAD */
RT_MUSTUSE
int proxy_forward(const struct proxy_element *e, const struct proxy_request *r, const struct proxy_attempt *a,
                  struct sip_msg *out);

/* Is the copy too large for a datagram, 18.1.1? */
bool proxy_forward_is_large(const struct sip_msg *copy);

#endif
