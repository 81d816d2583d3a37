/* SPDX-License-Identifier: MIT */
/* depart: a DEPART parcel becomes bytes on the right socket. */
#ifndef DEPART_H
#define DEPART_H

#include "conn.h"

void depart(struct edge *edge, const struct wire_parcel *in);

/* Our own stateless answer, back to where its request came from. 0 | RT_BAD | RT_NOMEM | RT_DOWN */
int depart_answer(struct edge *edge, const struct sip_msg *answer, const struct edge_origin *origin);

/* A request that took a new TCP connection only for its size goes by UDP after all, 18.1.1. 0, or as udp_send. */
RT_MUSTUSE
int depart_by_udp(struct edge *edge, const struct conn *conn, const struct chunk *chunk);

#endif
