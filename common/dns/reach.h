/* SPDX-License-Identifier: MIT */
/* reach: which addresses this host has a route to. */
#ifndef DNS_REACH_H
#define DNS_REACH_H

#include "sip/hop.h"

/* Move IPv6 hops that no route leads to behind the others, RFC 6724 5 rule 1; both keep their order. */
void dns_unroutable_last(struct sip_hop *hops, int n);

#endif
