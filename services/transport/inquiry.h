/* SPDX-License-Identifier: MIT */
/* inquiry: an OPTIONS to the server itself: to a proxy without a transaction, or answered here with what a proxy said before. */
#ifndef INQUIRY_H
#define INQUIRY_H

#include "edge.h"

/*
 * A request that was let in, its Via stamped, and the head of its ARRIVED.
 * returns true when it is answered; else `head` says what is to be posted: the same, or an OFFER to a proxy
 */
bool inquiry(struct edge *edge, const struct sip_msg *request, const struct edge_origin *origin, struct wire_head *head);

#endif
