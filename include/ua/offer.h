/* SPDX-License-Identifier: MIT */
/*
 * offer: what a session description in a message means: RFC 3264 with RFC 3261 13.2.1, RFC 3262 5 and RFC 3311 5, as data.
 *
 *   offer in     answered in          |   no offer stands while another waits for its answer.
 *   INVITE       reliable 1xx or 2xx  |   the same SDP seen again before or after its true place is a copy.
 *   reliable 1xx PRACK                |
 *   2xx          ACK                  |   Pure: told of each message in the order it is sent or heard.
 *   PRACK        2xx of PRACK         |
 *   UPDATE       2xx of UPDATE        |
 */
#ifndef UA_OFFER_H
#define UA_OFFER_H

#include <stdbool.h>
#include <stdint.h>

enum ua_side { UA_MINE, UA_THEIRS };

enum ua_carrier { /* messages that may carry SDP; 1XX: an unreliable provisional, REL: a reliable one */
	UA_IN_INVITE, UA_IN_1XX, UA_IN_REL, UA_IN_2XX, UA_IN_ACK, UA_IN_PRACK, UA_IN_PRACK_2XX, UA_IN_UPDATE, UA_IN_UPDATE_2XX,
	UA_CARRIERS,
};

enum ua_meaning {
	UA_NOTHING,   /* no SDP, and none was due */
	UA_OFFER,     /* an offer: an answer is due */
	UA_ANSWER,    /* the answer: the session is agreed */
	UA_COPY,      /* a preview or a repetition of an answer: it changes nothing */
	UA_GLARE,     /* an offer while mine waits for an answer: 491 */
	UA_TOO_EARLY, /* an offer while theirs waits for mine, or before there was any session: 500 with Retry-After */
	UA_MISSING,   /* an offer or an answer was due here at last, and is not there */
	UA_MISPLACED, /* SDP where none may be */
};

struct ua_offer { /* zero: no session, nothing offered */
	bool pending;  /* an offer waits for its answer */
	uint8_t side;  /* whose, enum ua_side */
	uint8_t by;    /* in what, enum ua_carrier */
	bool open;     /* an INVITE came without SDP: who is called makes the offer */
	bool agreed;   /* there is a session */
};

/* One message. The state moves on unless the meaning is an objection (GLARE and below). */
enum ua_meaning ua_offer_take(struct ua_offer *o, enum ua_side side, enum ua_carrier in, bool sdp);

/* A request failed: what it offered was never said. `in`: INVITE, PRACK or UPDATE. */
void ua_offer_failed(struct ua_offer *o, enum ua_carrier in);

static inline bool ua_offer_owed(const struct ua_offer *o, enum ua_carrier in) /* do I owe the answer to what came in that? */
{
	return o->pending && o->side == UA_THEIRS && o->by == in;
}

#endif
