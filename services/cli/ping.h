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

/* Ask `to` (UDP) about `domain` within `timeout_ms`, sending again as RFC 3261 17.1.2.2 does. */
struct ping ping_options(const struct sip_hop *to, struct slice domain, int timeout_ms);

/* A name the server must take for its own: its first domain when the configuration tells, else the address asked. */
struct slice ping_domain(struct cli *cli, const struct sip_hop *to);

/* Where to reach a listener from this host: a wildcard address becomes loopback. */
struct sip_hop ping_target(const struct sip_hop *listener);

/* The first UDP listener a live transport announces; false when there is none. */
bool ping_find(struct cli *cli, struct sip_hop *out);

#endif
