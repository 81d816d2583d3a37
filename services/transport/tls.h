/* SPDX-License-Identifier: MIT */
/*
 * tls: OpenSSL for connections. Everything here is one thread's and never waits: a step that cannot go on says RT_MORE.
 * certs.c makes the contexts; a reload makes new ones, and connections keep those they began with.
 */
#ifndef TLS_H
#define TLS_H

#include <sys/types.h>

#include "conn.h"

/* Certificates, keys and authorities of the configuration, when an address of transport.listen needs them. 0, or RT_CONFIG
 * after logging which file is wrong and how. Called again it replaces the old ones, or keeps them on failure. */
RT_MUSTUSE
int tls_load(struct edge *edge);
void tls_unload(struct edge *edge);

/* Put TLS on a connected socket. `name`: whom we want to meet, for connections we opened. 0, RT_NOMEM, RT_CONFIG (no contexts) */
RT_MUSTUSE
int tls_begin(struct conn *conn);
int tls_step(struct conn *conn);                       /* of the handshake: 0 done, RT_MORE, RT_DENIED after logging why */
ssize_t tls_read(struct conn *conn, char *p, uint32_t n);  /* > 0, 0 at the end, RT_MORE, RT_DOWN */
ssize_t tls_write(struct conn *conn, const char *p, uint32_t n); /* > 0, RT_MORE, RT_DOWN */
bool tls_pending(const struct conn *conn);             /* read but not given out yet: no event will tell */
bool tls_wants_out(const struct conn *conn);
void tls_bye(struct conn *conn);                       /* close_notify, once */
void tls_end(struct conn *conn);

/* Has the far end shown a certificate that we trust and that speaks for this name? */
bool tls_named(const struct conn *conn, struct slice name);

#endif
