/* SPDX-License-Identifier: MIT */
/*
 * op: one operation: a call, a registration, an OPTIONS or a MESSAGE. Both sides of it live in one slot, so no message needs a
 * search: the handle travels in our Via branch and in the Call-ID.
 *
 *   branch    z9hG4bK <run 8 hex> <handle 16 hex> <kind 1> <attempt 1>
 *   Call-ID   <run 8 hex> <handle 16 hex> @storm        (REGISTER: one for each address)
 */
#ifndef STORM_OP_H
#define STORM_OP_H

#include <netinet/in.h>
#include <stdbool.h>

#include "counts.h"
#include "options.h"
#include "rt/cursor.h"
#include "rt/pool.h"
#include "rt/wheel.h"
#include "sock.h"

enum op_state { OP_WAITING, OP_HOLDING, OP_ENDING }; /* for the answer; ACK sent; BYE sent */
enum leg_state { LEG_NONE, LEG_RINGING, LEG_ANSWERED, LEG_CANCELLED, LEG_OVER };
enum { OP_T1 = 500, OP_T2 = 4000, OP_TAG_MAX = 48, OP_URI_MAX = 160, OP_ROUTE_MAX = 900 };

/* Kinds of our own requests, as the branch writes them. */
enum { KIND_REGISTER = 'r', KIND_OPTIONS = 'o', KIND_MESSAGE = 'm', KIND_INVITE = 'i', KIND_ACK = 'a', KIND_BYE = 'b' };

struct leg { /* the called side of one contact */
	enum leg_state state;
	struct sock *sock;
	struct sockaddr_in peer;
	char *final;          /* 200 or 487, kept to be sent again; freed with the operation */
	uint32_t final_n, interval;
	struct rt_timer again;
};

struct op {
	rt_handle handle;
	enum op_state state;
	uint8_t attempt, nleg;
	bool bye_answered, bye_seen;
	uint32_t aor, cseq, tag;
	struct sock *sock;
	uint64_t scheduled, sent, bye_sent; /* ns */
	uint32_t interval;                  /* ms to the next repeat */
	struct rt_timer again, deadline;
	struct sockaddr_in next_hop;        /* of ACK and BYE */
	struct slice to_tag, target, route; /* the dialog, in text[] */
	char text[OP_TAG_MAX + OP_URI_MAX + OP_ROUTE_MAX];
	struct leg leg[CONTACTS_MAX];
};

void op_open(uint32_t run); /* pool and timers */
uint32_t op_run(void);      /* the number of this run of storm, in every branch and Call-ID */
uint32_t op_active(void);

/* A fresh one for the next address of the mode; NULL when the pool is empty (counted). */
struct op *op_new(uint64_t scheduled);

/* From the 24 hex digits of a branch or Call-ID; NULL when it is over (*ours) or never was. */
struct op *op_find(struct slice text, bool *ours);
struct op *op_of(rt_handle handle);

void op_done(struct op *op);                    /* it went well; the slot is gone */
void op_fail(struct op *op, enum fault why, const char *what, struct slice text); /* likewise; says so */

/* Timers: the operation's repeat, its deadline, a leg's repeat. */
void op_repeat_in(struct op *op, uint32_t ms);
void op_repeat_stop(struct op *op);
void op_deadline_in(struct op *op, uint32_t ms);
void op_leg_repeat_in(struct op *op, int leg, uint32_t ms);
void op_leg_repeat_stop(struct op *op, int leg);
typedef void op_timer_fn(struct op *op, int leg); /* leg -1: the operation */
void op_run_timers(op_timer_fn *repeat);
void op_clock(uint64_t now);                    /* ns, once a turn of the loop */

/*
 * The user of an address of record: a letter and seven digits, "a0000012". Each transport and each number of contacts has a letter
 * of its own: their registrations must not add up in one server.
 */
enum { OP_USER_BYTES = 8 };
void op_user(uint32_t aor, char out[OP_USER_BYTES]);

/* What an address of record remembers between operations. */
struct subscriber {
	uint32_t cseq;
	bool busy;                 /* one REGISTER at a time, or CSeq order is lost */
	uint32_t nonce_count;
	char nonce[100];           /* "" before the first challenge */
};
struct subscriber *op_subscriber(const struct op *op);

#endif
