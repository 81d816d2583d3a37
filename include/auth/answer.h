/* SPDX-License-Identifier: MIT */
/* answer: the other side of a digest challenge: what a client says, RFC 3261 22, RFC 7616 3.4, RFC 8760. */
#ifndef AUTH_ANSWER_H
#define AUTH_ANSWER_H

#include "auth/digest.h"

struct auth_client {
	struct slice user, password;
	struct slice method, uri;   /* of the request to be sent */
	struct slice cnonce;        /* any token, fresh */
};

/*
 * Credentials for a challenge: a value for Authorization or Proxy-Authorization. qop auth when it is offered; each answer begins to
 * count its nonce (nc=00000001).
 *   returns 0, RT_ABSENT (an algorithm or a qop nobody here knows: try the next challenge), RT_NOMEM (no room in c)
 */
RT_MUSTUSE
int auth_answer(struct rt_cursor *c, const struct sip_cred *challenge, const struct auth_client *me);

#endif
