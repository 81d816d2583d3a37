/* SPDX-License-Identifier: MIT */
/* failed: hops that did not answer lately, in a table of fixed size: 256 rows of 4. */
#ifndef DNS_FAILED_H
#define DNS_FAILED_H

#include "rt/wheel.h"
#include "sip/hop.h"

enum { DNS_FAILED_ROWS = 256, DNS_FAILED_WAYS = 4 };

struct dns_failed {
	struct {
		struct sip_hop hop;
		rt_ms until; /* 0: free */
	} row[DNS_FAILED_ROWS][DNS_FAILED_WAYS];
};

void dns_failed_add(struct dns_failed *self, const struct sip_hop *hop, rt_ms until); /* may push out the one that ends first */
void dns_failed_drop(struct dns_failed *self, const struct sip_hop *hop);
bool dns_failed_has(const struct dns_failed *self, const struct sip_hop *hop, rt_ms now);

/* Move the failed ones behind the others; both keep their order. */
void dns_failed_last(const struct dns_failed *self, struct sip_hop *hops, int n, rt_ms now);

#endif
