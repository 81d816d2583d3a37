/* SPDX-License-Identifier: MIT */
/*
 * machine: the four transaction machines of RFC 3261 17, with RFC 6026 and RFC 4320, as data.
 *
 *   rule = machine[kind][state][event]        { next state, what to do }
 *
 * Pure: no clock, no socket, no memory. The actor says what happened, the table says what it means, the actor does it.
 */
#ifndef TXN_MACHINE_H
#define TXN_MACHINE_H

#include <stdbool.h>
#include <stdint.h>

enum txn_kind { TXN_INVITE_CLIENT, TXN_PLAIN_CLIENT, TXN_INVITE_SERVER, TXN_PLAIN_SERVER, TXN_KINDS };

/* clang-format off */
#define TXN_STATE_MAP(X) /* SAME: in a rule, stay; never the state of a transaction */              \
	X(SAME) X(BORN) X(CALLING) X(TRYING) X(PROCEEDING) X(ACCEPTED) X(COMPLETED) X(CONFIRMED) X(TERMINATED)

/* What happens. Letters are the timers of RFC 3261 table 4 and RFC 6026; N, T, X and Z are explained at txn_timer_delay. */
#define TXN_EVENT_MAP(X)                                                                            \
	X(START,   "start")    /* client: a request to send; server: one arrived */                 \
	X(1XX,     "1xx")      /* client: received; server: the user's answer */                    \
	X(2XX,     "2xx")                                                                           \
	X(FAIL,    "fail")     /* 300 to 699 */                                                     \
	X(STRANGER, "stranger") /* server: one arrived that will be asked for a password at once */ \
	X(AGAIN,   "again")    /* server: the request, retransmitted */                             \
	X(ACK,     "ack")      /* server */                                                         \
	X(CANCEL,  "cancel")   /* server: a CANCEL that matches */                                  \
	X(GIVE_UP, "give-up")  /* client: the user wants it cancelled, 9.1 */                       \
	X(FORGET,  "forget")   /* client: the user wants no more of it; server: an answer that needs no state, 8.2.7 */ \
	X(UNSENT,  "unsent")   /* the transport could not */                                        \
	X(A, "A") X(B, "B") X(D, "D") X(E, "E") X(F, "F") X(G, "G") X(H, "H") X(I, "I") X(J, "J")   \
	X(K, "K") X(L, "L") X(M, "M") X(N, "N") X(T, "T") X(X, "X") X(Z, "Z")
/* clang-format on */

enum txn_state {
#define X(name) TXN_##name,
	TXN_STATE_MAP(X)
#undef X
	TXN_STATES,
};

enum txn_event {
#define X(name, text) TXN_EV_##name,
	TXN_EVENT_MAP(X)
#undef X
	TXN_EVENTS,
	TXN_EV_FIRST_TIMER = TXN_EV_A,
};

/* What to do, lowest bit first. "In hand" is the message that came with the event, "kept" the one the slot holds. */
enum txn_act {
	TXN_STOP = 1 << 0,        /* every timer of this transaction */
	TXN_KEEP = 1 << 1,        /* the message in hand takes the place of the kept one */
	TXN_SEND = 1 << 2,        /* the message in hand, to the transport */
	TXN_RESEND = 1 << 3,      /* the kept one, to the transport */
	TXN_SEND_ACK = 1 << 4,    /* ACK from the kept request and the response in hand, 17.1.1.3; it is kept and sent */
	TXN_SEND_100 = 1 << 5,    /* 100 Trying to the request in hand, or to the kept one; it is kept and sent */
	TXN_SEND_CANCEL = 1 << 6, /* as a client transaction of its own, 9.1 */
	TXN_UP = 1 << 7,          /* the message in hand, to the user */
	TXN_UP_TIMEOUT = 1 << 8,  /* the user hears that it timed out */
	TXN_UP_ERROR = 1 << 9,    /* the user hears that the transport failed */
	TXN_DROP = 1 << 10,       /* nothing needs the kept message any more */
	TXN_TIMER_SHIFT = 11,
#define TXN_START(letter) (1 << (TXN_TIMER_SHIFT + TXN_EV_##letter - TXN_EV_FIRST_TIMER))
};

struct txn_rule { /* {0, 0}: the event means nothing here */
	uint8_t next;   /* enum txn_state */
	uint32_t acts;  /* enum txn_act and TXN_START(letter) */
};

struct txn_rule txn_machine_step(enum txn_kind kind, enum txn_state now, enum txn_event ev);

static inline bool txn_rule_starts(struct txn_rule rule, enum txn_event timer)
{
	return rule.acts >> (TXN_TIMER_SHIFT + timer - TXN_EV_FIRST_TIMER) & 1;
}

struct txn_times { /* ms, RFC 3261 17.1.1.1 and table 4 */
	uint32_t t1, t2, t4;
};

enum { TXN_NEVER = -1 };

/*
 * How long until a timer fires.
 *   timer   TXN_EV_A .. TXN_EV_Z
 *   in      the state it is started in: E slows down to T2 once PROCEEDING, 17.1.2.2
 *   fired   how often A, E or G fired before
 * returns ms; 0: at once; TXN_NEVER: this transport does not start it
 *
 * Not in the RFC's table, where its text asks for them:
 *   N   a non-INVITE request is answered 100 when nothing else was by the time Timer E reaches T2, RFC 4320 4.1
 *   T   100 ms after its arrival a stranger's INVITE is answered 100 after all: well within the 200 ms of 17.2.1
 *   X   64*T1 after the CANCEL an unanswered INVITE counts as cancelled, 9.1
 *   Z   64*T1 after its arrival a non-INVITE request cannot be answered any more, RFC 4320 4.2
 */
int32_t txn_timer_delay(enum txn_event timer, enum txn_state in, bool reliable, uint32_t fired,
			const struct txn_times *times);

static inline bool txn_kind_is_client(enum txn_kind kind)
{
	return kind <= TXN_PLAIN_CLIENT;
}

/* Does someone still wait for something? False while it only lingers to absorb what comes late. */
static inline bool txn_state_waits(enum txn_state s)
{
	return s == TXN_CALLING || s == TXN_TRYING || s == TXN_PROCEEDING;
}

const char *txn_kind_name(enum txn_kind kind);  /* "invite-client" */
const char *txn_state_name(enum txn_state s);   /* "CALLING" */
const char *txn_event_name(enum txn_event ev);  /* "1xx", "A" */

#endif
