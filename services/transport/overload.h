/* SPDX-License-Identifier: MIT */
/* overload: what comes in is more than can be done: part of what is new is answered 503 here, before it costs anybody else anything. */
#ifndef OVERLOAD_H
#define OVERLOAD_H

#include "edge.h"

/*
 * A datagram, before it is parsed: while there is too much, what begins something may be refused or dropped at a glance. So is the ACK
 * to such a refusal. True: there is nothing more to do with it.
 */
bool overload_settles(struct edge *edge, struct slice text, const struct edge_origin *origin);

/* A request that goes to head->to. True: it was refused, and there is nothing more to do with it. */
bool overload_refuses(struct edge *edge, const struct sip_msg *request, const struct edge_origin *origin, const struct wire_head *head);

#endif
