/* SPDX-License-Identifier: MIT */
/* reuse: requests sent back over a connection its peer opened, RFC 5923. */
#ifndef REUSE_H
#define REUSE_H

#include "conn.h"

struct reuse;

struct reuse *reuse_new(struct edge *edge); /* NULL: out of memory */
void reuse_destroy(struct reuse **self_p);

/*
 * A request with `alias` in its Via came over a connection: from now on requests to its source address and the port of its
 * sent-by, or to its sent-by, go over this connection, if the claim is good. Over TLS the certificate must speak for the sent-by's
 * host; over TCP, where anyone can write anything, the source must be one of transport.alias_peers. A bad claim is logged and has
 * no effect.
 */
void reuse_claim(struct edge *edge, const struct sip_msg *request, struct conn *conn);
void reuse_ended(struct reuse *self, const struct conn *conn); /* a connection with an alias is gone, or about to go */

/* Proxies are told at the end of the burst, TELL_MS after the last time at the earliest. */
void reuse_flush(struct reuse *self);
void reuse_expired(struct reuse *self); /* its timer */

#endif
