/* SPDX-License-Identifier: MIT */
/* netlist: addresses and networks an operator named, asked for every source: "192.0.2.7", "2001:db8::/32". Pure. */
#ifndef NETLIST_H
#define NETLIST_H

#include "sip/hop.h"

enum { NETLIST_MAX = 64 };

struct netlist {
	struct net {
		struct sip_hop base;
		uint8_t bits;
	} net[NETLIST_MAX];
	uint32_t n;
};

/* Add one word. 0, RT_BAD (not an address or network), RT_BIG (more than NETLIST_MAX) */
RT_MUSTUSE
int netlist_add(struct netlist *self, struct slice word);
bool netlist_has(const struct netlist *self, const struct sip_hop *hop); /* port and protocol do not count */

#endif
