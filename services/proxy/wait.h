/* SPDX-License-Identifier: MIT */
/*
 * wait: a job whose caller waits for a user to change.
 *
 *   wait.c    what patience.h says is done: places asked for, phones woken, forwarded once more
 *   say.c     the caller is told, reliably when he can: what ua/rel_uas.h says is done
 *   waits.c   all of them on this worker, and the news they wait for
 */
#ifndef PROXY_WAIT_H
#define PROXY_WAIT_H

#include "early.h"
#include "job.h"
#include "patience.h"
#include "push.h"

enum { PROXY_SLEEPERS = 8 }; /* phones woken for one call */

struct proxy_wait { /* in the job's keep */
	struct slice aor;        /* whom he waits for */
	struct slice caller;
	struct proxy_early early;
	struct sip_msg busy;     /* what he hears in the end; index NULL: 486 of our own */
	struct loc_sleeper sleeper[PROXY_SLEEPERS];
	uint64_t since;          /* in the queue */
	rt_ms queue, wake;       /* ms he may wait */
	rt_ms queue_until, wake_until; /* 0: not begun */
	rt_ms renew_due;
	uint32_t ahead;
	uint16_t waking;         /* status said meanwhile */
	uint8_t state;           /* enum proxy_patience */
	uint8_t nsleeper;
	bool listed;             /* in waits.c */
	bool woken;              /* it was asked for once */
	bool several;            /* phones were tried in his turn */
};

struct proxy_waits;

/* ---- wait.c ---- */

/* The user's policy lets this caller wait; b: his bindings. Before anything is forwarded. */
void proxy_wait_prepare(struct proxy *p, struct proxy_job *j, struct slice aor, const struct proxy_policy *policy,
                        const struct loc_binding *b, int n);

/* true: he waits, and nothing is to be done now. */
bool proxy_wait_behind(struct proxy *p, struct proxy_job *j);
bool proxy_wait_absent(struct proxy *p, struct proxy_job *j);
uint16_t proxy_wait_reserve(const struct proxy_job *j, uint16_t breadth); /* of Max-Breadth, for phones that are being woken */
void proxy_wait_partly(struct proxy *p, struct proxy_job *j); /* the others are called now; those who wake join them */
bool proxy_wait_final(struct proxy *p, struct proxy_job *j, const struct proxy_plan *plan, const struct sip_msg *in_hand);

void proxy_wait_take(struct proxy *p, struct proxy_job *j, enum proxy_patience_event ev);
void proxy_wait_renew(struct proxy *p, struct proxy_job *j); /* his place may be another now */
void proxy_wait_timer(struct proxy *p, struct proxy_job *j);
rt_ms proxy_wait_due(const struct proxy_job *j); /* 0: nothing */
void proxy_wait_end(struct proxy *p, struct proxy_job *j);
void proxy_wait_drain(struct proxy *p); /* nobody waits any longer */

/* ---- say.c ---- */
void proxy_say_open(struct proxy *p, struct proxy_job *j);
void proxy_say(struct proxy *p, struct proxy_job *j, int status, uint32_t ahead);
void proxy_say_final(struct proxy *p, struct proxy_job *j); /* a final response goes out: nothing is said or repeated any more */
void proxy_say_timer(struct proxy *p, struct proxy_job *j);
rt_ms proxy_say_due(const struct proxy_job *j);
bool proxy_say_inside(struct proxy *p, struct proxy_job *inside); /* a PRACK or BYE of a dialog of ours: answered */

/* ---- waits.c ---- */
struct proxy_waits *proxy_waits_new(struct proxy *p); /* NULL: no memory */
void proxy_waits_destroy(struct proxy_waits **self_p);
bool proxy_waits_timer(struct proxy_waits *self, struct rt_timer *t); /* false: not its own */
int proxy_waits_add(struct proxy_waits *self, struct proxy_job *j);   /* 0 | RT_NOMEM */
void proxy_waits_drop(struct proxy_waits *self, struct proxy_job *j);
bool proxy_waits_awaited(struct proxy_waits *self, struct slice aor); /* somebody waits for him, here or elsewhere */
void proxy_waits_ended(struct proxy_waits *self, const struct proxy_job *j); /* perhaps somebody is free now */

#endif
