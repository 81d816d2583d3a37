/* SPDX-License-Identifier: MIT */
/* netlist: addresses and networks an operator named, asked for every source: "192.0.2.7", "2001:db8::/32". Pure. */
#ifndef SIP_NETLIST_H
#define SIP_NETLIST_H

#include "sip/hop.h"

enum { NETLIST_MAX = 64 };

struct net {
	struct sip_hop base;
	uint8_t bits;
};

struct netlist {
	struct net net[NETLIST_MAX];
	uint32_t n;
};

/* One word as a network; an address is one of all its bits. 0 | RT_BAD */
RT_MUSTUSE
int net_read(struct net *out, struct slice word);

/* Add one word. 0, RT_BAD (not an address or network), RT_BIG (more than NETLIST_MAX) */
RT_MUSTUSE
int netlist_add(struct netlist *self, struct slice word);
bool netlist_has(const struct netlist *self, const struct sip_hop *hop); /* port and protocol do not count */

#endif
