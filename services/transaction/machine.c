/* SPDX-License-Identifier: MIT */
/* machine: RFC 3261 figures 5 to 8 as RFC 6026 redrew them, and table 4. A cell left out: the event means nothing there. */
#include "machine.h"

enum { STRANGER_MS = 100 };

typedef struct txn_rule machine[TXN_STATES][TXN_EVENTS];

/* clang-format off */

/* INVITE client: RFC 3261 17.1.1 and figure 5; RFC 6026 7.2 and 8.4. */
static const machine invite_client = {
[TXN_BORN] = {
	[TXN_EV_START]   = { TXN_CALLING,    TXN_KEEP | TXN_SEND | TXN_START(A) | TXN_START(B) },
},
[TXN_CALLING] = {
	[TXN_EV_A]       = { TXN_SAME,       TXN_RESEND | TXN_START(A) },
	[TXN_EV_B]       = { TXN_TERMINATED, TXN_STOP | TXN_UP_TIMEOUT },
	[TXN_EV_1XX]     = { TXN_PROCEEDING, TXN_STOP | TXN_UP },
	[TXN_EV_2XX]     = { TXN_ACCEPTED,   TXN_STOP | TXN_UP | TXN_DROP | TXN_START(M) },
	[TXN_EV_FAIL]    = { TXN_COMPLETED,  TXN_STOP | TXN_SEND_ACK | TXN_UP | TXN_START(D) },
	[TXN_EV_UNSENT]  = { TXN_TERMINATED, TXN_STOP | TXN_UP_ERROR },
	[TXN_EV_FORGET]  = { TXN_TERMINATED, TXN_STOP },
},
[TXN_PROCEEDING] = {
	[TXN_EV_1XX]     = { TXN_SAME,       TXN_UP },
	[TXN_EV_2XX]     = { TXN_ACCEPTED,   TXN_STOP | TXN_UP | TXN_DROP | TXN_START(M) },
	[TXN_EV_FAIL]    = { TXN_COMPLETED,  TXN_STOP | TXN_SEND_ACK | TXN_UP | TXN_START(D) },
	[TXN_EV_GIVE_UP] = { TXN_SAME,       TXN_STOP | TXN_SEND_CANCEL | TXN_START(X) },
	[TXN_EV_X]       = { TXN_TERMINATED, TXN_UP_TIMEOUT },
	[TXN_EV_FORGET]  = { TXN_TERMINATED, TXN_STOP },
},
[TXN_ACCEPTED] = {                            /* every 2xx goes up, for 64*T1; other responses do not */
	[TXN_EV_2XX]     = { TXN_SAME,       TXN_UP },
	[TXN_EV_M]       = { TXN_TERMINATED, 0 },
},
[TXN_COMPLETED] = {
	[TXN_EV_FAIL]    = { TXN_SAME,       TXN_RESEND },            /* the ACK */
	[TXN_EV_UNSENT]  = { TXN_TERMINATED, TXN_STOP | TXN_UP_ERROR },
	[TXN_EV_D]       = { TXN_TERMINATED, 0 },
},
};

/* Non-INVITE client: RFC 3261 17.1.2 and figure 6. */
static const machine plain_client = {
[TXN_BORN] = {
	[TXN_EV_START]   = { TXN_TRYING,     TXN_KEEP | TXN_SEND | TXN_START(E) | TXN_START(F) },
},
[TXN_TRYING] = {
	[TXN_EV_E]       = { TXN_SAME,       TXN_RESEND | TXN_START(E) },
	[TXN_EV_F]       = { TXN_TERMINATED, TXN_STOP | TXN_UP_TIMEOUT },
	[TXN_EV_1XX]     = { TXN_PROCEEDING, TXN_UP },
	[TXN_EV_2XX]     = { TXN_COMPLETED,  TXN_STOP | TXN_UP | TXN_DROP | TXN_START(K) },
	[TXN_EV_FAIL]    = { TXN_COMPLETED,  TXN_STOP | TXN_UP | TXN_DROP | TXN_START(K) },
	[TXN_EV_UNSENT]  = { TXN_TERMINATED, TXN_STOP | TXN_UP_ERROR },
	[TXN_EV_FORGET]  = { TXN_TERMINATED, TXN_STOP },
},
[TXN_PROCEEDING] = {
	[TXN_EV_E]       = { TXN_SAME,       TXN_RESEND | TXN_START(E) },
	[TXN_EV_F]       = { TXN_TERMINATED, TXN_STOP | TXN_UP_TIMEOUT },
	[TXN_EV_1XX]     = { TXN_SAME,       TXN_UP },
	[TXN_EV_2XX]     = { TXN_COMPLETED,  TXN_STOP | TXN_UP | TXN_DROP | TXN_START(K) },
	[TXN_EV_FAIL]    = { TXN_COMPLETED,  TXN_STOP | TXN_UP | TXN_DROP | TXN_START(K) },
	[TXN_EV_UNSENT]  = { TXN_TERMINATED, TXN_STOP | TXN_UP_ERROR },
	[TXN_EV_FORGET]  = { TXN_TERMINATED, TXN_STOP },
},
[TXN_COMPLETED] = {
	[TXN_EV_K]       = { TXN_TERMINATED, 0 },
},
};

/* INVITE server: RFC 3261 17.2.1 and figure 7; RFC 6026 7.1 and 8.7. */
static const machine invite_server = {
[TXN_BORN] = {
	[TXN_EV_START]   = { TXN_PROCEEDING, TXN_SEND_100 | TXN_UP },
	[TXN_EV_STRANGER] = { TXN_TRYING,    TXN_KEEP | TXN_UP | TXN_START(T) },
	[TXN_EV_FAIL]    = { TXN_COMPLETED,  TXN_KEEP | TXN_SEND | TXN_START(G) | TXN_START(H) }, /* 503: nobody to ask */
},
[TXN_TRYING] = {                              /* nothing sent yet: it can still be answered without state, for no 100 stopped the caller's Timer A */
	[TXN_EV_AGAIN]   = { TXN_PROCEEDING, TXN_STOP | TXN_SEND_100 },
	[TXN_EV_T]       = { TXN_PROCEEDING, TXN_SEND_100 },
	[TXN_EV_FORGET]  = { TXN_TERMINATED, TXN_STOP | TXN_SEND },
	[TXN_EV_1XX]     = { TXN_PROCEEDING, TXN_STOP | TXN_KEEP | TXN_SEND },
	[TXN_EV_2XX]     = { TXN_ACCEPTED,   TXN_STOP | TXN_SEND | TXN_DROP | TXN_START(L) },
	[TXN_EV_FAIL]    = { TXN_COMPLETED,  TXN_STOP | TXN_KEEP | TXN_SEND | TXN_START(G) | TXN_START(H) },
	[TXN_EV_CANCEL]  = { TXN_SAME,       TXN_UP },
	[TXN_EV_UNSENT]  = { TXN_SAME,       TXN_UP_ERROR },
},
[TXN_PROCEEDING] = {
	[TXN_EV_AGAIN]   = { TXN_SAME,       TXN_RESEND },
	[TXN_EV_1XX]     = { TXN_SAME,       TXN_KEEP | TXN_SEND },
	[TXN_EV_2XX]     = { TXN_ACCEPTED,   TXN_SEND | TXN_DROP | TXN_START(L) },
	[TXN_EV_FAIL]    = { TXN_COMPLETED,  TXN_KEEP | TXN_SEND | TXN_START(G) | TXN_START(H) },
	[TXN_EV_CANCEL]  = { TXN_SAME,       TXN_UP },
	[TXN_EV_UNSENT]  = { TXN_SAME,       TXN_UP_ERROR },
},
[TXN_ACCEPTED] = {                            /* the user's own 2xx retransmissions pass, the caller's INVITEs do not */
	[TXN_EV_2XX]     = { TXN_SAME,       TXN_SEND },
	[TXN_EV_ACK]     = { TXN_SAME,       TXN_UP },
	[TXN_EV_UNSENT]  = { TXN_SAME,       TXN_UP_ERROR },
	[TXN_EV_L]       = { TXN_TERMINATED, 0 },
},
[TXN_COMPLETED] = {
	[TXN_EV_AGAIN]   = { TXN_SAME,       TXN_RESEND },
	[TXN_EV_G]       = { TXN_SAME,       TXN_RESEND | TXN_START(G) },
	[TXN_EV_ACK]     = { TXN_CONFIRMED,  TXN_STOP | TXN_DROP | TXN_START(I) },
	[TXN_EV_H]       = { TXN_TERMINATED, TXN_STOP | TXN_UP_TIMEOUT },
	[TXN_EV_UNSENT]  = { TXN_SAME,       TXN_UP_ERROR },
},
[TXN_CONFIRMED] = {
	[TXN_EV_I]       = { TXN_TERMINATED, 0 },
},
};

/* Non-INVITE server: RFC 3261 17.2.2 and figure 8; RFC 4320 4: the user's provisionals are not sent, a 100 goes when it is time. */
static const machine plain_server = {
[TXN_BORN] = {
	[TXN_EV_START]   = { TXN_TRYING,     TXN_KEEP | TXN_UP | TXN_START(N) | TXN_START(Z) },
	[TXN_EV_2XX]     = { TXN_COMPLETED,  TXN_KEEP | TXN_SEND | TXN_START(J) },     /* of a CANCEL */
	[TXN_EV_FAIL]    = { TXN_COMPLETED,  TXN_KEEP | TXN_SEND | TXN_START(J) },     /* 503: nobody to ask */
},
[TXN_TRYING] = {
	[TXN_EV_2XX]     = { TXN_COMPLETED,  TXN_STOP | TXN_KEEP | TXN_SEND | TXN_START(J) },
	[TXN_EV_FAIL]    = { TXN_COMPLETED,  TXN_STOP | TXN_KEEP | TXN_SEND | TXN_START(J) },
	[TXN_EV_FORGET]  = { TXN_TERMINATED, TXN_STOP | TXN_SEND },
	[TXN_EV_N]       = { TXN_PROCEEDING, TXN_SEND_100 },
	[TXN_EV_Z]       = { TXN_TERMINATED, TXN_STOP | TXN_UP_TIMEOUT },
},
[TXN_PROCEEDING] = {
	[TXN_EV_AGAIN]   = { TXN_SAME,       TXN_RESEND },
	[TXN_EV_2XX]     = { TXN_COMPLETED,  TXN_STOP | TXN_KEEP | TXN_SEND | TXN_START(J) },
	[TXN_EV_FAIL]    = { TXN_COMPLETED,  TXN_STOP | TXN_KEEP | TXN_SEND | TXN_START(J) },
	[TXN_EV_UNSENT]  = { TXN_TERMINATED, TXN_STOP | TXN_UP_ERROR },
	[TXN_EV_Z]       = { TXN_TERMINATED, TXN_STOP | TXN_UP_TIMEOUT },
},
[TXN_COMPLETED] = {
	[TXN_EV_AGAIN]   = { TXN_SAME,       TXN_RESEND },
	[TXN_EV_UNSENT]  = { TXN_TERMINATED, TXN_STOP | TXN_UP_ERROR },
	[TXN_EV_J]       = { TXN_TERMINATED, 0 },
},
};
/* clang-format on */

struct txn_rule txn_machine_step(enum txn_kind kind, enum txn_state now, enum txn_event ev)
{
	static const machine *const by_kind[TXN_KINDS] = {
		[TXN_INVITE_CLIENT] = &invite_client,
		[TXN_PLAIN_CLIENT] = &plain_client,
		[TXN_INVITE_SERVER] = &invite_server,
		[TXN_PLAIN_SERVER] = &plain_server,
	};

	return (*by_kind[kind])[now][ev];
}

/* When Timer E is set to T2 for the first time: 3.5 s by default. */
static uint32_t until_t2(const struct txn_times *times)
{
	uint32_t at = 0;

	for (uint32_t d = times->t1; d < times->t2; d *= 2)
		at += d;
	return at;
}

int32_t txn_timer_delay(enum txn_event timer, enum txn_state in, bool reliable, uint32_t fired,
			const struct txn_times *times)
{
	const uint32_t all = 64 * times->t1;
	const uint32_t doubled = times->t1 << (fired < 7 ? fired : 7);
	const uint32_t capped = in == TXN_PROCEEDING || doubled > times->t2 ? times->t2 : doubled;
	int32_t ms;

	switch (timer) {
	case TXN_EV_A:
		return reliable ? TXN_NEVER : (int32_t)doubled;
	case TXN_EV_E:
	case TXN_EV_G:
		return reliable ? TXN_NEVER : (int32_t)capped;
	case TXN_EV_B:
	case TXN_EV_F:
	case TXN_EV_H:
	case TXN_EV_L:
	case TXN_EV_M:
	case TXN_EV_X:
	case TXN_EV_Z:
		return (int32_t)all;
	case TXN_EV_D: /* the peer's T1 is unknown: never below 32 s, 17.1.1.2 */
		ms = all > 32000 ? (int32_t)all : 32000;
		return reliable ? 0 : ms;
	case TXN_EV_I:
	case TXN_EV_K:
		return reliable ? 0 : (int32_t)times->t4;
	case TXN_EV_J:
		return reliable ? 0 : (int32_t)all;
	case TXN_EV_T:
		return STRANGER_MS;
	case TXN_EV_N:
		return (int32_t)until_t2(times);
	default:
		return TXN_NEVER;
	}
}

const char *txn_kind_name(enum txn_kind kind)
{
	static const char *const name[TXN_KINDS] = { "invite-client", "plain-client", "invite-server",
						     "plain-server" };

	return name[kind];
}

const char *txn_state_name(enum txn_state s)
{
	static const char *const name[TXN_STATES] = {
#define X(state) #state,
		TXN_STATE_MAP(X)
#undef X
	};

	return name[s];
}

const char *txn_event_name(enum txn_event ev)
{
	static const char *const name[TXN_EVENTS] = {
#define X(event, text) text,
		TXN_EVENT_MAP(X)
#undef X
	};

	return name[ev];
}
