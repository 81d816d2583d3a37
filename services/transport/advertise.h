/* SPDX-License-Identifier: MIT */
/*
 * advertise: the host and port that others are told to reach a listener by. Pure; local.h looks at the machine.
 *
 * What was configured wins; then a specific bound address; then, for a wildcard, the address the default route leaves by,
 * the first global one, or loopback when there is nothing else. Never 0.0.0.0, and never a container's own address.
 */
#ifndef ADVERTISE_H
#define ADVERTISE_H

#include "svc/config.h"
#include "wire/members.h"

struct local_address {          /* what the machine offers, one of each family: [0] IPv4, [1] IPv6; family 0: none */
	struct sip_hop route[2];  /* source address towards the default route */
	struct sip_hop global[2]; /* first address that is neither loopback nor link-local */
	bool container;           /* its addresses mean nothing outside */
};

/* Look at the interfaces and routes of this machine. */
void local_address_find(struct local_address *out);

/*
 * Fill host and port of a listener whose bound address stands in l->local.
 *   error   on RT_CONFIG: what is wrong and what to set, for a person
 */
RT_MUSTUSE
int advertise_find(struct wire_listener *l, const struct svc_words *words, const struct local_address *here, char error[256]);

/* Every word must say something sensible, and those with "listen=" must name a listener. 0 | RT_CONFIG */
RT_MUSTUSE
int advertise_check(const struct svc_words *words, const struct wire_listener *listeners, int n, char error[256]);

#endif
