/* SPDX-License-Identifier: MIT */
/*
 * dial: from where Redis lives to a socket that is being connected. A name is looked up by the C library's own asynchronous lookup: a
 * slow name server must not stop the loop.
 */
#ifndef DIAL_H
#define DIAL_H

#include "loc/url.h"
#include "rt/err.h"

struct gaicb;

struct dial {
	struct gaicb *lookup; /* of the C library, while one goes on */
	int fd;               /* ours until somebody takes it */
	bool there;           /* connected already, as a unix socket is */
	const char *why;      /* what went wrong, for a person */
};

/*
 * attempt: how many failed before; each takes another address of a name, so that one dead one does not keep us away.
 * 0 (fd, there), RT_MORE (look again in a moment), RT_DOWN (why)
 */
int dial_begin(struct dial *self, const struct loc_url *url, uint32_t attempt);
int dial_look(struct dial *self, const struct loc_url *url, uint32_t attempt);

/* Whatever is under way ends. */
void dial_end(struct dial *self);

#endif
