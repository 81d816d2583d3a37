/* SPDX-License-Identifier: MIT */
/*
 * patience: a caller who waits for a user to change: for a busy phone to become free, for a sleeping one to wake. As data.
 *
 *   rule = proxy_patience_step(state, event)      { next state, what to do }
 *
 *   IDLE --busy--> JOINING --place--> STANDING --turn--> TRYING --busy--> STANDING        the queue
 *   IDLE --behind--> BEHIND ----------^                                                    others wait already
 *   IDLE --absent--> SLEEPING --awake--> IDLE                                              a phone is being woken
 *
 * A final response of a phone ends the request, and with it all of this; the caller's CANCEL too. Pure.
 */
#ifndef PROXY_PATIENCE_H
#define PROXY_PATIENCE_H

#include <stdbool.h>
#include <stdint.h>

/* clang-format off */
#define PROXY_PATIENCE_STATE_MAP(X)                                                                                  \
	X(SAME)       /* in a rule: stay */                                                                           \
	X(IDLE)       /* forwarded, or about to be: nothing is waited for */                                          \
	X(BEHIND)     /* not tried yet, for others were there first; asked for a place */                             \
	X(JOINING)    /* all phones are busy; asked for a place */                                                    \
	X(STANDING)   /* in the queue */                                                                              \
	X(TRYING)     /* in the queue, and forwarded once more: it is his turn */                                     \
	X(SLEEPING)   /* no phone is there; one is being woken */                                                     \
	X(DONE)       /* waited enough: what comes now is final */

#define PROXY_PATIENCE_EVENT_MAP(X)                                                                                  \
	X(BUSY,    "busy")     /* every phone that answered said 486 */                                               \
	X(ABSENT,  "absent")   /* there is no phone, or all sleep */                                             \
	X(PARTLY,  "partly")   /* some sleep, the others are called */                                                  \
	X(BEHIND,  "behind")   /* not forwarded yet, and somebody waits for this user already */                      \
	X(PLACE,   "place")    /* so many are ahead of him */                                                         \
	X(TURN,    "turn")     /* something became free, and he is next */                                            \
	X(REFUSED, "refused")  /* no room in the queue, or nobody to ask */                                           \
	X(AWAKE,   "awake")    /* a phone of the user registered */                                                   \
	X(LATE,    "late")     /* he waited as long as he may */
/* clang-format on */

enum proxy_patience {
#define X(name) PROXY_PATIENCE_##name,
	PROXY_PATIENCE_STATE_MAP(X)
#undef X
	PROXY_PATIENCES,
};

enum proxy_patience_event {
#define X(name, text) PROXY_PATIENCE_EV_##name,
	PROXY_PATIENCE_EVENT_MAP(X)
#undef X
	PROXY_PATIENCE_EVENTS,
};

/* What to do, lowest bit first. */
enum proxy_patience_act {
	PROXY_PATIENCE_STAND = 1 << 0, /* ask for a place in the queue */
	PROXY_PATIENCE_BACK = 1 << 1,  /* tell the queue that the turn was in vain */
	PROXY_PATIENCE_WAKE = 1 << 2,  /* tell those who can wake phones */
	PROXY_PATIENCE_SAY = 1 << 3,   /* tell the caller: 182 and his place, or that a phone is being woken */
	PROXY_PATIENCE_TRY = 1 << 4,   /* look where the user is, and forward there */
	PROXY_PATIENCE_JOIN = 1 << 5,  /* look, and forward to those who came, beside the others */
	PROXY_PATIENCE_FINAL = 1 << 6, /* answer the caller with what he would have been told at once */
};

struct proxy_patience_rule { /* {0, 0}: the event means nothing here */
	uint8_t next;
	uint8_t acts;
};

struct proxy_patience_rule proxy_patience_step(enum proxy_patience now, enum proxy_patience_event ev);

bool proxy_patience_queued(enum proxy_patience s);  /* he has a place, or asked for one: it must be renewed, and given back */
bool proxy_patience_waiting(enum proxy_patience s); /* nothing is forwarded meanwhile, and time may run out */

const char *proxy_patience_name(enum proxy_patience s);
const char *proxy_patience_event_name(enum proxy_patience_event ev);

#endif
