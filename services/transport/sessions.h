/* SPDX-License-Identifier: MIT */
/*
 * sessions: TLS sessions with servers we connected to, so that the next connection needs no certificates. Of fixed size; what
 * meets in one place takes it over. A resumed session has the certificate and verdict of the handshake it came from.
 */
#ifndef SESSIONS_H
#define SESSIONS_H

#include <openssl/ssl.h>

#include "rt/slice.h"
#include "sip/hop.h"

struct sessions;

struct sessions *sessions_new(void); /* NULL: out of memory */
void sessions_destroy(struct sessions **self_p);
void sessions_clear(struct sessions *self); /* what was trusted may be so no more */

/* Keep `session`, and take it over, for the next time we want to meet `name` there. */
void sessions_put(struct sessions *self, const struct sip_hop *there, struct slice name, SSL_SESSION *session);
SSL_SESSION *sessions_get(const struct sessions *self, const struct sip_hop *there, struct slice name); /* borrowed; NULL: none */

#endif
