/* SPDX-License-Identifier: MIT */
/* message: what storm needs of a received message, in one pass. Its own reader: a server is not judged by its own parser. */
#ifndef STORM_MESSAGE_H
#define STORM_MESSAGE_H

#include "rt/slice.h"

enum { MESSAGE_ROUTES_MAX = 8 };

struct message {
	struct slice text;
	int status;                 /* 0: a request */
	struct slice method, uri;   /* of a request */
	struct slice via, last_via; /* topmost and bottommost value */
	int nvia;
	struct slice from, to, call_id, contact, challenge;
	bool proxy_challenge;       /* Proxy-Authenticate */
	uint32_t cseq;
	struct slice cseq_method;
	int ncontact;               /* values */
	int max_forwards;           /* -1: absent */
	struct slice record_route[MESSAGE_ROUTES_MAX];
	int nrecord_route, nroute;
	struct slice body;
};

bool message_read(struct message *m, struct slice text); /* false: not SIP */

/* One header line after another: false at the blank line. */
struct message_line {
	struct slice name, value, whole; /* whole: without its line end */
};
bool message_next(struct slice *rest, struct message_line *line);

/* Length of the first message in a stream, leading CRLFs included; 0: not complete. */
uint32_t message_cut(struct slice stream);

struct slice message_tag(struct slice from_or_to);                /* without ";tag="; absent when there is none */
struct slice message_param(struct slice value, struct slice name); /* ";name=value" of a Via */

#endif
