/* SPDX-License-Identifier: MIT */
/*
 * job: one request from its OFFER until nothing about it can happen any more.
 *
 *   job.c      its life: results, timers and CANCEL go to the context, and what that plans is done
 *   decide.c   16.3 to 16.5: check, ask for a password, find the targets
 *   gate.c     16.5 once more: numbers and domains that go to a group of gateways
 *   branch.c   16.6 for each target: next hop, DNS, FORK; the next hop after a failure
 *   reply.c    16.7 step 3 on: what goes upstream
 *   wait.h     the caller of a busy or sleeping user waits, RFC 3262 3
 *
 * A question asked of somebody else carries the job's handle; an answer that comes after the job's end does not resolve.
 */
#ifndef PROXY_JOB_H
#define PROXY_JOB_H

#include "auth/sources.h"
#include "context.h"
#include "dns/resolver.h"
#include "forward.h"
#include "keep.h"
#include "loc/users.h"
#include "policy.h"
#include "request.h"
#include "sip/draft.h"
#include "sip/netlist.h"
#include "svc/actor.h"
#include "target.h"
#include "wire/seen.h"

struct gatelist;
struct probes;
struct proxy_wait;
struct proxy_waits;

struct proxy_counters {
	uint64_t *requests, *branches, *refused, *unauthorized, *cancelled, *stateless, *stale, *stale_auth, *stray;
};

struct proxy { /* the actor */
	struct svc *svc;
	struct proxy_element e;     /* made fresh for each event */
	struct rt_pool *jobs;       /* struct proxy_job */
	struct rt_blocks blocks;    /* what jobs keep */
	struct rt_pool *searches;   /* struct proxy_search */
	struct rt_table *by_txn;    /* hash of transaction worker and handle -> job, for ABANDON */
	struct loc_users *users;
	struct dns_resolver *dns;
	struct gatelist *gates;
	struct netlist peers;       /* proxy.peers */
	struct probes *probes;
	struct wire_aliases *aliases;
	struct proxy_waits *waits;
	struct rt_timer dns_tick;
	struct rt_timer watch;      /* orphans.c */
	uint32_t generation;        /* of the membership, when orphans.c last looked */
	struct auth_sources sources; /* of wrong passwords */
	struct wire_seen seen;
	uint32_t late;              /* jobs whose challenge waits */
	struct proxy_counters count;
};

struct proxy_aim { /* one branch: its target, the hops it may be reached by, what it answered */
	struct proxy_target target;
	struct proxy_next next;
	const struct sip_hop *hop; /* in the order to try, RFC 3263 4.3 */
	struct sip_msg reply;      /* kept for 16.7 step 6 and 7; index NULL: none */
	uint8_t nhop, at;
	struct proxy_way alias;    /* the connection its peer keeps with us, RFC 5923 */
	bool by_way;               /* the hop is the way its binding told: no other will do */
	bool by_alias;             /* by_way, and that way is `alias` */
	bool flow_gone;            /* its connection is, and only then was he looked for where his Contact says */
	bool widened;              /* TCP was put before UDP for its size, 18.1.1 */
};

struct proxy_gate { /* one of the gateways a request may go to */
	struct slice hop; /* where it is sent: the URI of the gateway */
	struct slice uri; /* its Request-URI there */
};

struct proxy_job {
	rt_handle self;
	rt_handle txn;             /* server transaction; 0: none, whatever is sent is stateless */
	uint64_t trail, born;
	rt_ms began;
	struct rt_timer timer;     /* the context's next deadline */
	struct proxy_keep keep;
	struct proxy_request req;  /* in keep */
	struct proxy_context ctx;
	struct proxy_aim *aim[PROXY_BRANCHES_MAX]; /* in keep; by branch */
	struct proxy_gate *gate;   /* in keep; in the order to try. NULL: it goes to none */
	struct proxy_wait *wait;   /* in keep; he may wait for the user to change. NULL: he may not */
	uint8_t ngate, gate_at;
	rt_ms late_due;            /* its password was wrong, and he hears it then; 0: not waiting */
	rt_ms silent_due;          /* a gateway that said nothing until then gives way to the next; 0: not waiting */
	struct slice reason;       /* header lines for a CANCEL that was carried on, RFC 3326 */
	uint32_t owner;            /* who offered it: the transaction worker; txn 0: perhaps a transport */
	uint16_t status;           /* of the final response, 0 until then */
	uint16_t attempts;         /* client transactions opened */
	uint8_t busy;              /* steps on the stack; nothing is freed under them */
	bool stateless;            /* 16.11 */
	bool stranger;             /* he is asked who he is: nothing is kept of that, 8.2.7 */
	bool recurse;              /* follow 3xx */
	bool over;
};

struct proxy_search { /* a DNS search under way */
	rt_handle job;
	uint8_t branch;
};

static inline rt_ms proxy_sooner(rt_ms a, rt_ms b) /* 0: never */
{
	return a && (!b || a < b) ? a : b;
}

/* ---- actor.c ---- */
void proxy_look_around(struct proxy *p); /* p->e as the world is now; every event from outside begins with it */

/* ---- job.c ---- */
void proxy_job_offer(struct proxy *p, const struct wire_parcel *in);
void proxy_job_abandon(struct proxy *p, const struct wire_parcel *in);
void proxy_job_result(struct proxy *p, const struct wire_parcel *in);
void proxy_job_timer(struct proxy *p, rt_handle job);
bool proxy_job_peer(const struct proxy *p, const struct sip_hop *hop); /* one we trust, by its address */
struct proxy_job *proxy_job_enter(struct proxy *p, rt_handle job); /* NULL: it is over */
void proxy_job_leave(struct proxy *p, struct proxy_job *j);

/* The caller ended it: CANCEL, or BYE in an early dialog. */
void proxy_job_hang_up(struct proxy *p, struct proxy_job *j);

/* Do what a plan of the context says. `in_hand`: the response of branch i the plan speaks of; NULL: none. */
void proxy_job_carry_out(struct proxy *p, struct proxy_job *j, struct proxy_plan plan, int i, const struct sip_msg *in_hand);

/* 16.6: forward to these targets; answers 440 when Max-Breadth forbids it. */
void proxy_job_begin(struct proxy *p, struct proxy_job *j, const struct proxy_target *t, int n, const struct proxy_policy *policy);

/* Of these, those that are not tried yet are tried beside the others. */
void proxy_job_join(struct proxy *p, struct proxy_job *j, const struct proxy_target *t, int n);

/* Targets become branches, after those that are there. How many were added. */
int proxy_job_add_targets(struct proxy_job *j, const struct proxy_target *t, int n);

/* ---- orphans.c ---- */
void proxy_orphans_start(struct proxy *p);
void proxy_orphans_look(struct proxy *p);
void proxy_orphans_stop(struct proxy *p); /* and frees what the jobs of an undrained worker keep */

/* ---- decide.c ---- */
void proxy_decide(struct proxy *p, struct proxy_job *j); /* forwards it, answers it, or waits for Redis */
void proxy_decide_again(struct proxy *p, struct proxy_job *j); /* where is the user now? */
void proxy_decide_no_relay(struct proxy *p, struct proxy_job *j); /* 403, or 407 to who may yet prove that he is a user */
void proxy_decide_late(struct proxy *p, struct proxy_job *j); /* late_due has come */

/* ---- branch.c ---- */
void proxy_branch_launch(struct proxy *p, struct proxy_job *j, int i);
void proxy_branch_failed(struct proxy *p, struct proxy_job *j, int i, int err); /* of its client transaction: next hop, or the end */
bool proxy_branch_next_hop(struct proxy *p, struct proxy_job *j, int i, const char *why); /* true: another hop is being tried */
void proxy_branch_silent(struct proxy *p, struct proxy_job *j);                 /* its gateway is; the next one, please */
void proxy_branch_unwanted(struct proxy *p, const struct wire_head *result);    /* somebody rings whom nobody waits for: CANCEL */
void proxy_branch_give_up(struct proxy *p, struct proxy_job *j, int i, bool forget);

/* slot of a FORK: which attempt of which branch. */
static inline uint16_t proxy_branch_slot(const struct proxy_context *c, int i)
{
	return (uint16_t)(c->branch[i].attempt * PROXY_BRANCHES_MAX + i);
}

/* ---- gate.c ---- */
bool proxy_gate(struct proxy *p, struct proxy_job *j, const struct proxy_address *to); /* true: a gateway has it, or it is answered */
bool proxy_gate_next(struct proxy *p, struct proxy_job *j, const char *why);          /* this one failed; true: aim at another */
void proxy_gate_spoke(struct proxy *p, struct proxy_job *j, int status);              /* it answers, so it is up */

/* ---- reply.c ---- */
void proxy_reply_draft(struct proxy *p, struct proxy_job *j, const struct sip_draft *d); /* a final of our own */
void proxy_reply_status(struct proxy *p, struct proxy_job *j, int status);
void proxy_reply_provisional(struct proxy *p, struct proxy_job *j, const struct sip_draft *d); /* one of our own; d NULL: no memory */
void proxy_reply_forward(struct proxy *p, struct proxy_job *j, int i, const struct sip_msg *response, int status);
void proxy_reply_overload(struct proxy *p, const struct wire_parcel *in);  /* an OFFER there is no room for: 503 */
void proxy_reply_stray(struct proxy *p, const struct wire_parcel *in);     /* a late 2xx whose job is gone */
void proxy_reply_stateless(struct proxy *p, const struct wire_parcel *in); /* 16.11, 16.7 step 1 */

#endif
