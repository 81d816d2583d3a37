/* SPDX-License-Identifier: MIT */
/*
 * accept: connections that others open to us, from the listening socket to a connection that may speak.
 *
 *   listening socket readable --accept_ready--> banned source? --> closed
 *                                                   |
 *                     +-----------------------------+------------------------------+
 *                     | a client                                                   | a balancer (transport.balancers)
 *          one more of its source?                                     INTRODUCING: its PROXY line tells who the client is
 *                     |                                                            |
 *                     |                                         accept_introduced: banned? one more of his source?
 *                     v                                                            v
 *          conn_begin: TLS, WebSocket, SIP <---------------------------------------+
 *
 * Limits: transport.source_connections of one source, which a balancer is not; transport.connections of all. A limit
 * that is reached is a line in the log. When no descriptor is left the spare one takes the waiting connection and ends it, or the
 * listener would stay readable for ever.
 *
 * A connection that was counted to its source is given back when it ends (accept_ended), under the far end it then has.
 */
#ifndef ACCEPT_H
#define ACCEPT_H

#include "conn.h"

struct accept;

struct accept *accept_new(struct edge *edge); /* NULL: out of memory */
void accept_destroy(struct accept **self_p);  /* after the connections */

void accept_ready(struct accept *self, uint32_t number); /* number as edge_mark has it */
int accept_introduced(struct accept *self, struct conn *conn, const struct sip_hop *client); /* its true far end. 0 | RT_DENIED | RT_NOMEM */
void accept_ended(struct accept *self, const struct conn *conn); /* any connection */

#endif
