/* SPDX-License-Identifier: MIT */
/* relief: configured peers and we tell each other how much is too much, RFC 7339: oc.c decides, this acts. Nobody else is told, and
 * nobody else is believed (11). */
#ifndef RELIEF_H
#define RELIEF_H

#include "edge.h"

/* Is it one of proxy.peers, or a gateway that the configuration names by its address? */
bool relief_concerns(const struct edge *edge, const struct sip_hop *hop);

/* A request by somebody who sends less when he is told: 7.2 has it that it is not refused as well. */
bool relief_is_promised(const struct edge *edge, const struct sip_msg *request, const struct edge_origin *origin);

/* A response to such a request: the same with our load in its top Via, or as it was. Lives in the arena. */
struct sip_msg relief_answer(struct edge *edge, const struct sip_msg *response, const struct sip_hop *to);

/* A response to a request of ours: what its sender can take. */
void relief_heard(struct edge *edge, const struct sip_msg *response, const struct edge_origin *origin);

/* The same, heard by another worker. */
void relief_told(struct edge *edge, const struct wire_parcel *in);

/* Is this one of those that the peer does not want now? `mark`: the same each time it is sent. Once sent it may be sent again. */
bool relief_withholds(struct edge *edge, const struct sip_hop *to, const struct sip_msg *request, uint64_t mark);

#endif
