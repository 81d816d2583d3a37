/* SPDX-License-Identifier: MIT */
/*
 * byname: answers whose connection is gone and whose sender does not listen where his request came from: the sent-by of
 * their top Via is looked up, RFC 3261 18.2.2 and RFC 3263 5. The resolver is made when it is first needed; most servers
 * never do.
 */
#ifndef BYNAME_H
#define BYNAME_H

#include "edge.h"

struct byname;

struct byname *byname_new(struct edge *edge); /* NULL: out of memory */
void byname_destroy(struct byname **self_p);

/*
 * Look for the sender of this response, copied, and send it there.
 *   failed   where it could not be sent; not tried again
 *   returns  0: it is sent, or its owner hears UNSENT; RT_DOWN (no name in its Via, no resolver), RT_NOMEM
 */
RT_MUSTUSE
int byname_send(struct byname *self, struct slice response, const struct sip_hop *failed, uint16_t listener,
		const struct edge_owed *owed);
void byname_expired(struct byname *self); /* its timer */
void byname_reload(struct byname *self);  /* other name servers, perhaps */

#endif
