/* SPDX-License-Identifier: MIT */
/*
 * rel_uas: reliable provisional responses as the one who sends them, RFC 3262 3, as data.
 *
 *   rule = ua_rel_uas_step(state, event)      { next state, what to do }
 *
 * One of these stands beside each INVITE server transaction that may answer 101 to 199 reliably. Pure: no clock, no socket, no
 * memory. Who owns it keeps a queue of the responses that must wait, in order, and does what the rule says.
 */
#ifndef UA_REL_UAS_H
#define UA_REL_UAS_H

#include <stdbool.h>
#include <stdint.h>
#include "rt/err.h"
#include "rt/slice.h"
#include "sip/msg.h"

/* clang-format off */
#define UA_UAS_STATE_MAP(X)                                                                                         \
	X(SAME)                  /* in a rule: stay */                                                               \
	X(CLEAR)                 /* nothing is unacknowledged */                                                     \
	X(WAIT)                  /* one is, and neither it nor one behind it carries SDP */                          \
	X(WAIT_SDP)              /* one is, and SDP is in it or behind it: a 2xx has to wait */                      \
	X(HELD)                  /* as before, and the 2xx waits */                                                  \
	X(DONE)                  /* the final response is sent; a PRACK may still come */

#define UA_UAS_EVENT_MAP(X)                                                                                         \
	X(1XX,   "1xx")          /* the user sends a provisional reliably, without SDP */                            \
	X(SDP,   "1xx-sdp")      /* with SDP */                                                                      \
	X(2XX,   "2xx")          /* the user accepts */                                                              \
	X(FAIL,  "fail")         /* 300 to 699; also the 487 after a CANCEL */                                       \
	X(PRACK, "prack")        /* its RAck names what is unacknowledged */                                         \
	X(STRAY, "stray")        /* its RAck names nothing that is */                                                \
	X(R,     "R")            /* T1, doubling without end: time to send it again */                               \
	X(P,     "P")            /* 64*T1 since it was sent first */
/* clang-format on */

enum ua_uas_state {
#define X(name) UA_UAS_##name,
	UA_UAS_STATE_MAP(X)
#undef X
	UA_UAS_STATES,
};

enum ua_uas_event {
#define X(name, text) UA_UAS_EV_##name,
	UA_UAS_EVENT_MAP(X)
#undef X
	UA_UAS_EVENTS,
};

/* What to do, lowest bit first. "In hand" is the response the user gave. */
enum ua_uas_act {
	UA_UAS_STOP = 1 << 0,    /* R and P */
	UA_UAS_SEND = 1 << 1,    /* number the one in hand (ua_rel_uas_number), keep and send it */
	UA_UAS_QUEUE = 1 << 2,   /* the one in hand waits behind the others */
	UA_UAS_RESEND = 1 << 3,  /* the unacknowledged one, the same bytes */
	UA_UAS_OK = 1 << 4,      /* the PRACK is answered 200 */
	UA_UAS_REFUSE = 1 << 5,  /* the PRACK is answered 481 */
	UA_UAS_FLUSH = 1 << 6,   /* what waits will never be sent: nothing new after a final response */
	UA_UAS_FINAL = 1 << 7,   /* the final response in hand, to the transaction */
	UA_UAS_LOST = 1 << 8,    /* nobody acknowledged: the INVITE is answered 5xx */
	UA_UAS_NEXT = 1 << 9,    /* take out all that waits and give it to the machine again, in order */
	UA_UAS_START_R = 1 << 10,
	UA_UAS_START_P = 1 << 11,
};

struct ua_uas_rule { /* {0, 0}: the event means nothing here */
	uint8_t next;
	uint16_t acts;
};

struct ua_uas_rule ua_rel_uas_step(enum ua_uas_state now, enum ua_uas_event ev);

/* RAck of 7.2: which response of which request. */
struct ua_rack {
	uint32_t rseq, cseq;
	struct slice method;
};

RT_MUSTUSE
int ua_rack_parse(struct ua_rack *out, struct slice value); /* 0 | RT_BAD */

struct ua_rel_uas { /* what the owner keeps; zero it, then ua_rel_uas_open */
	uint8_t state;      /* enum ua_uas_state */
	uint8_t fired;      /* how often R did for the one that is out */
	bool out;           /* one is unacknowledged */
	uint32_t rseq;      /* the last number given; one of an unsent response when none was */
	uint32_t cseq;      /* of the INVITE */
};

/* `random`: any number; the first RSeq lies between 1 and 2^31 - 1, 3. */
void ua_rel_uas_open(struct ua_rel_uas *u, uint32_t cseq, uint32_t random);

uint32_t ua_rel_uas_number(struct ua_rel_uas *u);                               /* RSeq of the response about to go out */
enum ua_uas_event ua_rel_uas_heard(const struct ua_rel_uas *u, const struct ua_rack *rack); /* PRACK or STRAY */

/* The one door: state, numbers and counters after an event. The rule says what to do. */
struct ua_uas_rule ua_rel_uas_take(struct ua_rel_uas *u, enum ua_uas_event ev);

/* ms until R (by how often it fired) or P fires. */
uint32_t ua_rel_uas_delay(enum ua_uas_event timer, uint32_t fired, uint32_t t1);

/* May, and must, provisionals to this INVITE be reliable? 3 */
enum ua_reliable { UA_REL_NEVER, UA_REL_MAY, UA_REL_MUST };
enum ua_reliable ua_rel_uas_wanted(const struct sip_msg *invite);

const char *ua_uas_state_name(enum ua_uas_state s); /* "WAIT_SDP" */
const char *ua_uas_event_name(enum ua_uas_event ev); /* "1xx-sdp", "R" */

#endif
