/* SPDX-License-Identifier: MIT */
/* digest: a challenge read and answered (RFC 7616), by OpenSSL and not by the server's own code. */
#ifndef STORM_DIGEST_H
#define STORM_DIGEST_H

#include "message.h"
#include "op.h"

/* Remember the nonce of a 401 or 407 for this subscriber; false: nothing that can be answered. */
bool digest_take(struct op *op, const struct message *m);

/* Can this request carry credentials, and should it? */
bool digest_wanted(const struct op *op);

/* Authorization or Proxy-Authorization, the whole line. */
void digest_put(struct rt_cursor *c, struct op *op, struct slice method, struct slice uri);

#endif
