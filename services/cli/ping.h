/* SPDX-License-Identifier: MIT */
/* ping: one OPTIONS over UDP, and how it was answered. */
#ifndef PING_H
#define PING_H

#include "cli.h"
#include "sip/hop.h"

struct ping {
	int status;         /* of the answer; 0: none came */
	int ms;             /* until it came */
	char server[64];    /* its Server header, "" when absent */
	const char *reason; /* why none came, "" when one did */
};

/* Ask `to` (UDP) within `timeout_ms`, sending again as RFC 3261 17.1.2.2 does. */
struct ping ping_options(const struct sip_hop *to, int timeout_ms);

/* Where to reach a listener from this host: a wildcard address becomes loopback. */
struct sip_hop ping_target(const struct sip_hop *listener);

/* The first UDP listener a live transport announces; false when there is none. */
bool ping_find(struct cli *cli, struct sip_hop *out);

#endif
