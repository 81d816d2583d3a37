/* SPDX-License-Identifier: MIT */
/* listen: the addresses of transport.listen as sockets, and which of them sends what. */
#ifndef LISTEN_H
#define LISTEN_H

#include "edge.h"

/*
 * Be what transport.listen and transport.advertise say: open addresses that are new, close those that are gone and end the connections
 * there, find what each advertises, and announce all. Multicast groups only receive and are not announced.
 * returns 0, or RT_CONFIG, RT_DOWN after logging why: then everything is as it was
 */
RT_MUSTUSE
int listen_apply(struct edge *edge);
void listen_close(struct edge *edge);
void listen_stop_accepting(struct edge *edge);

/* The listener to send to `to` from: `like` when it fits, else the first of the same protocol and family, one that is not
 * bound to loopback when `to` is elsewhere. Number, or -1. */
int listen_for(const struct edge *edge, const struct sip_hop *to, int like);

/* Is this sent-by one that we write (advertised) or are bound to? port 0: the protocol's default. 18.1.2 */
bool listen_owns(const struct edge *edge, struct slice host, uint16_t port, enum sip_transport proto);

#endif
