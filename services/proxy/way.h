/* SPDX-License-Identifier: MIT */
/* way: by which edge, listener and connection a message leaves for its next hop. */
#ifndef PROXY_WAY_H
#define PROXY_WAY_H

#include "request.h"

/*
 * The way to a hop: an edge the peer there has connected itself with (RFC 5923), else the edge the request came by when that speaks
 * the hop's transport and family, else another edge that does, the same one for the same hop. 0 | RT_ABSENT (nobody here speaks that)
 */
RT_MUSTUSE
int proxy_way_to(const struct proxy_element *e, const struct proxy_way *from, const struct sip_hop *hop, struct proxy_way *out);

/*
 * RFC 5922 7.3: over a new connection of TLS the far end must prove to be `name`, the domain that was looked up. The name is put behind
 * the message's text; returns its bytes, 0: nothing is to be proved.
 */
uint8_t proxy_way_name(const struct proxy_element *e, const struct proxy_way *way, struct slice name, struct sip_msg *copy);

/* Is a way told by a binding or a Route still there? A datagram may leave by another edge when its own is gone. 0 | RT_ABSENT */
RT_MUSTUSE
int proxy_way_back(const struct proxy_element *e, struct proxy_way *w);

/* Does the peer this URI names keep a connection with us? Then nobody need be asked where it is. 0 | RT_ABSENT */
RT_MUSTUSE
int proxy_way_alias(const struct proxy_element *e, const struct proxy_way *from, const struct sip_uri *uri, uint64_t key, struct proxy_way *out);

#endif
