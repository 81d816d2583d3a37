/* SPDX-License-Identifier: MIT */
/* hop: a transport address: protocol, family, IP, port. What DNS ends in and sockets begin with. */
#ifndef SIP_HOP_H
#define SIP_HOP_H

#include <stdbool.h>
#include <stdint.h>
#include "rt/cursor.h"
#include "rt/err.h"
#include "rt/slice.h"
#include "sip/names.h"

struct sip_hop {
	uint8_t ip[16];   /* network order; IPv4 in the first four bytes, the rest zero */
	uint16_t port;    /* host order */
	uint8_t proto;    /* enum sip_transport */
	uint8_t family;   /* 4, 6, or 0: no address */
};
_Static_assert(sizeof(struct sip_hop) == 20, "twenty bytes in a parcel head");

/* An IP literal, IPv6 with or without brackets; proto and port come from the caller. 0 | RT_BAD */
RT_MUSTUSE
int sip_hop_ip(struct sip_hop *out, struct slice host, enum sip_transport proto, uint16_t port);

/* "udp:192.0.2.1:5060", "tcp:[::1]:5060", "wss:0.0.0.0:443" both ways. 0 | RT_BAD */
RT_MUSTUSE
int sip_hop_parse(struct sip_hop *out, struct slice text);
void sip_hop_render(struct rt_cursor *c, const struct sip_hop *hop);
void sip_hop_render_ip(struct rt_cursor *c, const struct sip_hop *hop);     /* "192.0.2.1", "2001:db8::1" */
void sip_hop_render_host(struct rt_cursor *c, const struct sip_hop *hop);   /* IPv6 with brackets */

bool sip_hop_same(const struct sip_hop *a, const struct sip_hop *b);     /* proto, IP and port */
bool sip_hop_same_ip(const struct sip_hop *a, const struct sip_hop *b);
bool sip_hop_is_any(const struct sip_hop *hop);        /* 0.0.0.0 or [::] */
bool sip_hop_is_loopback(const struct sip_hop *hop);
bool sip_hop_is_broadcast(const struct sip_hop *hop);  /* 255.255.255.255 */
bool sip_hop_is_multicast(const struct sip_hop *hop);
uint64_t sip_hop_hash(const struct sip_hop *hop);      /* for tables and rendezvous; not keyed */

/* Default port of a transport: 5060, 5061 (TLS), 80 (WS), 443 (WSS). */
uint16_t sip_transport_port(enum sip_transport t);

struct sockaddr_storage;
uint32_t sip_hop_to_sockaddr(const struct sip_hop *hop, struct sockaddr_storage *out); /* length */
void sip_hop_from_sockaddr(struct sip_hop *out, const struct sockaddr_storage *in, enum sip_transport proto);

#endif
