/* SPDX-License-Identifier: MIT */
/* depart: a DEPART parcel becomes bytes on the right socket. */
#ifndef DEPART_H
#define DEPART_H

#include "conn.h"

void depart(struct edge *edge, const struct wire_parcel *in);

/* Our own stateless answer, back to where its request came from. 0 | RT_BAD | RT_NOMEM | RT_DOWN */
int depart_answer(struct edge *edge, const struct sip_msg *answer, const struct edge_origin *origin);

/* What waited for a connection that was refused: a request that took TCP only for its size goes by UDP, 18.1.1; an answer to where
 * its sent-by is found, 18.2.2. 0, or there is no other way. */
RT_MUSTUSE
int depart_otherwise(struct edge *edge, const struct conn *conn, const struct chunk *chunk);

/* An answer whose connection broke, by a new one, 18.2.2. 0, or there is no other way. */
RT_MUSTUSE
int depart_again(struct edge *edge, const struct conn *conn, const struct chunk *chunk);

/* A response to this place, whatever its Via says. 0, or why not */
RT_MUSTUSE
int depart_answer_to(struct edge *edge, struct slice response, const struct sip_hop *to, uint16_t listener,
		     const struct edge_owed *owed);

#endif
