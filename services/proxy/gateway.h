/* SPDX-License-Identifier: MIT */
/*
 * gateway: groups of next hops, what is routed to them, and which of them are down. A snapshot: built once, asked often; a change
 * builds another. Pure; O(log n) for a route, a source, and a mark by URI.
 */
#ifndef PROXY_GATEWAY_H
#define PROXY_GATEWAY_H

#include "limits.h"
#include "rt/arena.h"
#include "sip/hop.h"
#include "svc/gateway.h"

struct gateway_hop {
	struct slice uri;
	struct sip_hop address; /* port 0: not written; family 0: a name, DNS knows */
	int64_t down_until;     /* second since 1970; 0: it is up */
	uint32_t group, priority, weight, options;
	bool trust;
	bool probed;            /* an OPTIONS went there since it is known */
	bool twin;              /* this URI stands in a group before it: probed and marked there, marked here too */
};

struct gateways;

struct gateways *gateways_new(void); /* NULL: no memory */
void gateways_destroy(struct gateways **self_p);

/* Building. The later of two equal hops of a group, and of two equal routes, counts. 0 | RT_BIG */
RT_MUSTUSE
int gateways_add_hop(struct gateways *self, const struct svc_hop *hop);
RT_MUSTUSE
int gateways_add_route(struct gateways *self, const struct svc_route *route);
void gateways_seal(struct gateways *self); /* all are added: from now on it can be asked */

/* The group of the longest route that fits; -1: none. An address has a route of its own or none: * is not for it. */
int gateways_of_number(const struct gateways *self, struct slice number);
int gateways_of_domain(const struct gateways *self, struct slice host);

/*
 * The hops of a group in the order to try: up before down, then by priority, then by weight as `seed` throws.
 * `not_to`: left out, for nobody is sent back what he sent. How many.
 */
int gateways_order(const struct gateways *self, int group, uint64_t seed, int64_t now, const struct sip_hop *not_to,
                   const struct gateway_hop *out[GATEWAY_TRIES]);

bool gateways_trust(const struct gateways *self, const struct sip_hop *source);

/* Mark a hop down until then, or up (0). False: nothing is known of this URI, or it was so marked before. */
bool gateways_mark(struct gateways *self, struct slice uri, int64_t down_until, int64_t now);
void gateways_probed(struct gateways *self, uint32_t i);
void gateways_inherit(struct gateways *self, const struct gateways *before); /* its marks */
const struct gateway_hop *gateways_find(const struct gateways *self, struct slice uri); /* NULL: unknown */

/* Walking: NULL at the end. */
const struct gateway_hop *gateways_at(const struct gateways *self, uint32_t i);
struct slice gateways_group(const struct gateways *self, int group);

#endif
