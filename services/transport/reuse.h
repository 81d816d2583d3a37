/* SPDX-License-Identifier: MIT */
/* reuse: requests sent back over a connection its peer opened, RFC 5923. */
#ifndef REUSE_H
#define REUSE_H

#include "conn.h"

/*
 * A request with `alias` in its Via came over a connection: from now on requests to its source address and the port of its
 * sent-by go over this connection, if the claim is good. Over TLS the certificate must speak for the sent-by's host; over TCP,
 * where anyone can write anything, the source must be one of transport.alias_peers. A bad claim is logged and has no effect.
 */
void reuse_claim(struct edge *edge, const struct sip_msg *request, struct conn *conn);

#endif
