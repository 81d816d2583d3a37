/* SPDX-License-Identifier: MIT */
/*
 * rel_uac: reliable provisional responses as the one who hears them, RFC 3262 4, as data: which of them are acknowledged.
 *
 * One of these stands in each early dialog of an INVITE client transaction, for every one of them counts by itself: a forked
 * INVITE makes as many as there are To tags. Pure.
 */
#ifndef UA_REL_UAC_H
#define UA_REL_UAC_H

#include <stdbool.h>
#include <stdint.h>
#include "sip/msg.h"

/* clang-format off */
#define UA_UAC_STATE_MAP(X)                                                                                         \
	X(SAME)                  /* in a rule: stay */                                                               \
	X(FRESH)                 /* no reliable response of this dialog yet */                                       \
	X(COUNTING)              /* the last RSeq is known */                                                        \
	X(CONFIRMED)             /* a 2xx made it a dialog to stay */                                                \
	X(GONE)                  /* the INVITE failed, or another was answered long ago */

#define UA_UAC_EVENT_MAP(X)                                                                                         \
	X(PLAIN, "1xx")          /* a provisional that is not reliable */                                            \
	X(NEXT,  "next")         /* the first reliable one, or the one after the last */                             \
	X(AGAIN, "again")        /* the last one, sent again */                                                      \
	X(GAP,   "gap")          /* one that came before its turn, or long after it */                               \
	X(2XX,   "2xx")                                                                                              \
	X(FAIL,  "fail")                                                                                             \
	X(W,     "W")            /* 64*T1 after the first 2xx, from whatever dialog: RFC 3261 13.2.2.4 */
/* clang-format on */

enum ua_uac_state {
#define X(name) UA_UAC_##name,
	UA_UAC_STATE_MAP(X)
#undef X
	UA_UAC_STATES,
};

enum ua_uac_event {
#define X(name, text) UA_UAC_EV_##name,
	UA_UAC_EVENT_MAP(X)
#undef X
	UA_UAC_EVENTS,
};

enum ua_uac_act { /* lowest bit first */
	UA_UAC_LEARN = 1 << 0, /* its RSeq is the last one now */
	UA_UAC_PRACK = 1 << 1, /* acknowledge it inside this dialog */
	UA_UAC_ACK = 1 << 2,   /* acknowledge the 2xx, each time it comes */
	UA_UAC_UP = 1 << 3,    /* the user hears it */
	UA_UAC_END = 1 << 4,   /* the early dialog is over */
};

struct ua_uac_rule { /* {0, 0}: the event means nothing here */
	uint8_t next;
	uint8_t acts;
};

struct ua_uac_rule ua_rel_uac_step(enum ua_uac_state now, enum ua_uac_event ev);

struct ua_rel_uac { /* zero: fresh */
	uint8_t state;  /* enum ua_uac_state; SAME counts as FRESH */
	uint32_t rseq;  /* of the last one in order */
};

/* What a response to the INVITE is to this dialog. Reliable: 101 to 199 with Require: 100rel and an RSeq that reads. */
enum ua_uac_event ua_rel_uac_heard(const struct ua_rel_uac *u, const struct sip_msg *response, uint32_t *rseq);

/* The one door: what to do, with state and RSeq already moved on. */
struct ua_uac_rule ua_rel_uac_take(struct ua_rel_uac *u, enum ua_uac_event ev, uint32_t rseq);

const char *ua_uac_state_name(enum ua_uac_state s);
const char *ua_uac_event_name(enum ua_uac_event ev);

#endif
