/* SPDX-License-Identifier: MIT */
/*
 * agent: the actor's state, a call, and the steps its files share.
 *
 *   call   INVITE -> service -> provisionals (ua/rel_uas) -> final -> ACK -> BYE          one slot of a pool, found by its own To tag
 *
 * Everything that is decided by a table is in common/ua; here the tables are told what happens and what they say is done.
 */
#ifndef AGENT_H
#define AGENT_H

#include "echo.h"
#include "keep.h"
#include "rt/pool.h"
#include "rt/table.h"
#include "service.h"
#include "settings.h"
#include "svc/actor.h"
#include "ua/dialog.h"
#include "ua/offer.h"
#include "ua/rel_uas.h"
#include "ua/sdp.h"

enum {
	AGENT_QUEUE = 8,        /* responses of one call waiting for a PRACK */
	AGENT_SDP_MAX = 4096,   /* bytes of a description we write */
};

struct agent_counters {
	uint64_t *calls, *answered, *refused, *reliable, *unacknowledged, *packets, *dropped, *live;
};

struct agent { /* the actor */
	struct svc *svc;
	struct agent_settings set;
	struct rt_pool *calls;      /* struct agent_call */
	struct rt_table *by_txn;    /* transaction worker and handle -> call, for ABANDON */
	struct rt_table *by_caller; /* Call-ID, From tag, CSeq -> call, for 8.2.2.2 */
	struct rt_table *by_fd;     /* media socket -> call */
	struct rt_key branch_key, tag_key;
	uint16_t next_port;         /* where the search for a free media port begins */
	struct rt_timer sweep;      /* draining goes on */
	uint32_t drained;           /* slots looked at */
	bool draining;
	struct agent_counters count;
};

enum agent_timer { /* names */
	AGENT_AGAIN = 'R',  /* the unacknowledged provisional, or the 2xx, once more */
	AGENT_LIMIT = 'P',  /* 64*T1 without PRACK or ACK */
	AGENT_LIFE = 'L',   /* agent.duration */
	AGENT_MINUTE = 'M', /* a ringing call says so once a minute, RFC 3261 13.3.1.1 */
	AGENT_LINGER = 'Z', /* ended, but a PRACK may still come, RFC 3262 3 */
};

struct agent_txn { /* a server transaction we owe an answer */
	rt_handle txn;
	uint32_t owner;
};

struct agent_call {
	rt_handle self;
	const struct agent_service *service;
	struct ua_dialog dialog;
	struct ua_rel_uas rel;
	struct ua_offer offer;
	struct ua_sdp_local me;      /* addr.port 0: no media */
	struct agent_echo echo;
	struct agent_txn invite;     /* of the INVITE not finally answered, or whose 2xx is not acknowledged */
	struct agent_kept *asked;    /* that INVITE */
	struct agent_kept *sent;     /* the reliable provisional, or the 2xx, that is sent again */
	uint32_t invite_cseq;
	uint64_t caller_key, trail;
	rt_ms began;
	struct rt_timer again, limit, life, minute;
	enum ua_reliable wanted;
	uint16_t queue[AGENT_QUEUE]; /* statuses; SDP as the service says */
	uint8_t queued, fired;
	bool waits_for_ack; /* the 2xx is out */
	bool leaving;       /* BYE as soon as the ACK is there, 15 */
	bool over;          /* ends when this event is dealt with */
};

/* ---- edge.c: the agent as its own little transport ---- */
void agent_edge_depart(struct agent *a, const struct wire_parcel *in);
int agent_edge_send(struct agent *a, struct agent_call *c, struct sip_draft *request); /* a request of ours, to a proxy */

/* ---- reply.c ---- */
struct slice agent_contact(struct agent *a, const struct agent_call *c); /* "<sip:echo-...@192.0.2.1:5060>" */
struct slice agent_tag(struct agent *a, rt_handle call, const struct sip_msg *request);
int agent_answer(struct agent *a, struct agent_txn to, uint64_t trail, struct sip_draft *d, struct sip_msg *out); /* renders and posts */
void agent_refuse(struct agent *a, const struct wire_parcel *in, int status, enum sip_hdr header, struct slice value);

/* ---- call.c ---- */
void agent_call_invite(struct agent *a, const struct wire_parcel *in, const struct agent_service *service); /* outside any dialog */
void agent_call_abandon(struct agent *a, const struct wire_parcel *in);
void agent_call_timer(struct agent *a, struct rt_timer *t);
void agent_call_await(struct agent *a, struct agent_call *c, const struct wire_parcel *in); /* this INVITE is to be answered */
void agent_call_hang_up(struct agent *a, struct agent_call *c, const char *why); /* BYE, or a failure while it rings */
void agent_call_settle(struct agent *a, struct agent_call *c);                   /* after each event: frees what is over */
void agent_call_close(struct agent *a, struct agent_call *c);                    /* frees it without a word */
struct agent_call *agent_call_of(struct agent *a, const struct sip_msg *m);      /* the dialog a request is in; NULL: none */
struct slice agent_unsupported(struct agent *a, const struct sip_msg *m);        /* what Require asks and we lack; absent: nothing */

/* ---- rel.c: what ua/rel_uas says is done ---- */
void agent_rel_provisional(struct agent *a, struct agent_call *c, int status, bool sdp);
void agent_rel_final(struct agent *a, struct agent_call *c, int status);
void agent_rel_prack(struct agent *a, struct agent_call *c, const struct wire_parcel *in);
void agent_rel_timer(struct agent *a, struct agent_call *c, enum ua_uas_event timer);
int agent_put_final(struct agent *a, struct agent_call *c, int status); /* past the machine: a re-INVITE has no provisionals */

/* ---- inside.c: requests inside a dialog ---- */
void agent_inside(struct agent *a, struct agent_call *c, const struct wire_parcel *in);

/* ---- talk.c: offer and answer of a call ---- */

/* SDP heard: 0, or the status the request that carried it deserves: 400, 415, 488, 491, 500. */
int agent_hear_sdp(struct agent_call *c, enum ua_carrier in, const struct sip_msg *m);

/* SDP to say: the answer to the offer in `offer` when one is owed, an offer when it is our turn; else absent. */
struct slice agent_say_sdp(struct agent *a, struct agent_call *c, enum ua_carrier in, const struct sip_msg *offer);

static inline struct agent_txn agent_txn_of(const struct wire_parcel *in)
{
	return (struct agent_txn){ .txn = in->head->txn, .owner = in->head->from };
}

static inline uint64_t agent_txn_key(struct agent_txn t)
{
	return rt_mix(t.owner, t.txn);
}

#define AGENT_ALLOW     "INVITE, ACK, CANCEL, BYE, PRACK, UPDATE, OPTIONS"
#define AGENT_SUPPORTED "100rel"

#endif
