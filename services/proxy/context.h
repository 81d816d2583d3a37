/* SPDX-License-Identifier: MIT */
/*
 * context: the response context of one forwarded request, RFC 3261 16.7 to 16.10.
 *
 * Pure: told what happened to a branch, says what to do. The caller owns the messages, the clock and the wire.
 *
 *   WAITING --launch--> SEEKING --begun--> CALLING --1xx--> RINGING --final, timeout--> DONE
 *      a target not          its next hop      forwarded,       a provisional
 *      tried yet             is looked for     nothing heard    came: may be cancelled
 */
#ifndef PROXY_CONTEXT_H
#define PROXY_CONTEXT_H

#include <stdbool.h>
#include <stdint.h>
#include "limits.h"
#include "rt/pool.h"
#include "rt/wheel.h"

enum proxy_phase { PROXY_WAITING, PROXY_SEEKING, PROXY_CALLING, PROXY_RINGING, PROXY_DONE };

/* Which targets are tried together; the values of enum svc_fork. */
enum proxy_fork { PROXY_BY_Q, PROXY_ONE_BY_ONE, PROXY_ALL };

struct proxy_branch {
	rt_handle client;  /* its client transaction, 0 until that has spoken */
	rt_ms rings_until; /* then the next target's turn comes; 0: not begun, or it may ring as long as Timer C allows */
	rt_ms deadline;    /* Timer C, or the end of patience after a CANCEL; 0: none */
	uint16_t status;   /* final, 0 until there is one */
	uint16_t q;        /* 0..1000 */
	uint16_t breadth;  /* Max-Breadth lent to it, RFC 5393 5.3.3 */
	uint16_t attempt;  /* which hop of its target is being tried */
	uint8_t phase;     /* enum proxy_phase */
	bool own;          /* the status was made here: no message came with it */
	bool wish;         /* to be cancelled as soon as that is allowed, 9.1 */
	bool cancelled;    /* a CANCEL went out */
	bool aside;        /* it rang long enough: its turn is over, whatever it still says but yes */
	uint8_t device;    /* branches of one device share a number; 0: unknown */
	bool spare;        /* another flow to a device before it: only when that one failed, RFC 5626 7 */
};

struct proxy_context {
	struct proxy_branch branch[PROXY_BRANCHES_MAX];
	rt_ms timer_c;     /* ms */
	rt_ms ring;        /* ms a target may ring while others wait for their turn; 0: no limit */
	rt_ms patience;    /* ms a cancelled branch has to end: 64*T1, 9.1 */
	uint16_t breadth;  /* Max-Breadth not lent to any branch */
	uint16_t reserve;  /* of that, kept for targets that may join */
	uint16_t era;      /* number of the first attempt of each branch: higher each time the context is opened anew */
	uint16_t why;      /* what made us cancel: 200, a 6xx, 487 (the caller), 408 (Timer C); 0: nothing */
	uint8_t n, open;   /* branches; those SEEKING, CALLING or RINGING */
	int8_t best;       /* branch whose failure leads; -1: none */
	uint8_t fork;      /* enum proxy_fork */
	bool invite;
	bool answered;     /* a final response went upstream, or nobody waits for one any more */
	bool closed;       /* no branch may be begun any more */
	bool abandoned;    /* the caller cancelled */
	bool edge;         /* the target was given to us: who gave it wants to know that its flow is gone, RFC 5626 5.3 */
};

enum proxy_say {
	PROXY_SILENT, /* nothing goes upstream now */
	PROXY_THIS,   /* the response in hand, with `status` */
	PROXY_KEPT,   /* the one kept of branch `from`, with `status` */
	PROXY_OWN,    /* one made here with `status` */
	PROXY_NEVER,  /* no response will ever be sent: RFC 4320 4.2 */
};

struct proxy_plan { /* bit i is branch i */
	uint32_t launch;  /* begin them; each ends in proxy_context_begun or _failed */
	uint32_t cancel;  /* CANCEL them now */
	uint32_t forget;  /* end them without a CANCEL */
	uint16_t status;
	uint8_t say;      /* enum proxy_say */
	int8_t from;
	bool keep;        /* the response in hand may be the best in the end: keep a copy */
	bool over;        /* nothing can happen any more */
};

static inline uint32_t proxy_bit(int i)
{
	return UINT32_C(1) << i;
}

/* Tried, and no final response yet? */
static inline bool proxy_branch_is_open(const struct proxy_branch *b)
{
	return b->phase == PROXY_SEEKING || b->phase == PROXY_CALLING || b->phase == PROXY_RINGING;
}

void proxy_context_open(struct proxy_context *c, bool invite, enum proxy_fork fork, uint16_t breadth, rt_ms timer_c,
                        rt_ms patience);

/* What was tried is over, and no answer went upstream: empty, for other targets. */
void proxy_context_reopen(struct proxy_context *c);

/* More targets were added while others are tried: begin those whose turn is not over, with what was reserved. */
struct proxy_plan proxy_context_join(struct proxy_context *c);

/* Did every branch that got an answer get this one, and was there any? */
bool proxy_context_all(const struct proxy_context *c, int status);

/* A target, waiting; add them in the order of preference. Its branch number, or RT_BIG. */
int proxy_context_add(struct proxy_context *c, uint16_t q, uint8_t device);

/* All targets of the moment are added: what to begin. `over` at once when there is nothing to try. */
struct proxy_plan proxy_context_start(struct proxy_context *c);

/* Branch i was handed to a client transaction: first, or once more on its next hop. 16.6 steps 10 and 11 */
void proxy_context_begun(struct proxy_context *c, int i, rt_ms now);

struct proxy_plan proxy_context_response(struct proxy_context *c, int i, int status, rt_ms now); /* 16.7 */
struct proxy_plan proxy_context_failed(struct proxy_context *c, int i, int status);  /* 16.9: as if this status had come */
struct proxy_plan proxy_context_recursed(struct proxy_context *c, int i);            /* its 3xx became targets, 16.7 step 4 */
struct proxy_plan proxy_context_cancel(struct proxy_context *c, rt_ms now);          /* 16.10: the caller's CANCEL */
struct proxy_plan proxy_context_lost(struct proxy_context *c, rt_ms now);            /* the server transaction died */
struct proxy_plan proxy_context_timer(struct proxy_context *c, rt_ms now);           /* 16.8: one branch whose time came, or the next turn */
rt_ms proxy_context_due(const struct proxy_context *c);                              /* 0: nothing is due ever */

#endif
