/* SPDX-License-Identifier: MIT */
/* arrive: a message off the network becomes a parcel: parsed once, stamped, and given to the actor it belongs to. */
#ifndef ARRIVE_H
#define ARRIVE_H

#include "edge.h"

/* One whole message, from a datagram, a stream's frame or a WebSocket message. Whatever it holds, it is dealt with. */
void arrive(struct edge *edge, struct slice text, const struct edge_origin *origin);

/* The head of a message that cannot be cut off its stream: answered with `status`, unless it is itself faulty in a way that
 * says more. */
void arrive_unframed(struct edge *edge, struct slice head, const struct edge_origin *origin, int status);

/* Is this User-Agent one of transport.scanners? */
bool arrive_is_scanner(const struct edge *edge, struct slice agent);

/* The request with received and rport, and keep where it is offered, in its top Via, in the edge's arena. 0, or as sip_draft_render. */
RT_MUSTUSE
int arrive_stamp(struct edge *edge, const struct sip_msg *request, const struct edge_origin *origin, struct sip_msg *out);

#endif
