/* SPDX-License-Identifier: MIT */
/* overload: what comes in is more than can be done: part of what is new is answered 503 here, before it costs anybody else anything. */
#ifndef OVERLOAD_H
#define OVERLOAD_H

#include "edge.h"

/* A datagram that begins something, by a look at its first line and its To: is it one of those that are not read? */
bool overload_drops(struct edge *edge, struct slice text);

/* A request that goes to head->to. True: it was refused, and there is nothing more to do with it. */
bool overload_refuses(struct edge *edge, const struct sip_msg *request, const struct edge_origin *origin, const struct wire_head *head);

#endif
