/* SPDX-License-Identifier: MIT */
/*
 * byname: answers that only DNS can tell the way of: those whose connection is gone and whose sender does not listen where his
 * request came from, by the sent-by of their top Via, and those with a name in its maddr; RFC 3261 18.2.2, RFC 3263 5. The resolver is made when it is first needed; most servers
 * never do.
 */
#ifndef BYNAME_H
#define BYNAME_H

#include "edge.h"

struct byname;

struct byname *byname_new(struct edge *edge); /* NULL: out of memory */
void byname_destroy(struct byname **self_p);

/*
 * Look for this host, and send this response, copied, there.
 *   port     0: none is written, and SRV may tell one
 *   failed   its transport, and where it could not be sent, if anywhere: not tried again
 *   owed     may be NULL
 *   returns  0: it is sent, or its owner hears UNSENT; RT_DOWN (no name, no resolver), RT_NOMEM
 */
RT_MUSTUSE
int byname_send(struct byname *self, struct slice response, struct slice host, uint16_t port, const struct sip_hop *failed,
		uint16_t listener, const struct edge_owed *owed);
void byname_expired(struct byname *self); /* its timer */
void byname_reload(struct byname *self);  /* other name servers, perhaps */

#endif
