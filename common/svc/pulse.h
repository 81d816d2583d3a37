/* SPDX-License-Identifier: MIT */
/*
 * pulse: how long a parcel waits at each actor we give work to. While there is work an ECHO goes along every 100 ms, every 20 ms once the
 * wait is long; it takes its turn in the mailbox as any parcel does, so its way there and back is the wait. No clock but ours is read. Pure:
 * time is an argument.
 *
 *   posted -> asked -> heard (wait = now - asked)       asked and not heard: the wait is at least as long as since then
 */
#ifndef PULSE_H
#define PULSE_H

#include <stdbool.h>
#include "rt/pool.h"
#include "rt/wheel.h"

enum {
	PULSE_PEERS = 512,    /* places, by id; two ids that share one take it from each other, and are not known then */
	PULSE_STEP = 100,     /* ms between two questions */
	PULSE_LONG = 10,      /* ms: who waits so long is asked every PULSE_QUICK ms */
	PULSE_QUICK = 20,
	PULSE_AGAIN = 500,    /* ms until a question that was not answered is put again: it may be lost */
	PULSE_FRESH = 300,    /* ms an answer is true */
};

struct pulse_peer {
	uint32_t id;          /* 0: none */
	uint32_t wait, behind; /* ms, as last heard: there, and behind it as it says */
	rt_ms asked, sent, heard; /* first question without an answer, last question, last answer; 0: none */
	bool posted;          /* it has work since it was asked */
};

struct pulse {
	rt_ms next;           /* when to ask again; read while `busy` */
	bool quick;           /* somebody waits long */
	bool busy;            /* somebody is to be asked, or has not answered */
	struct pulse_peer peer[PULSE_PEERS];
};

/* A parcel was posted to this actor. */
void pulse_posted(struct pulse *self, uint32_t id);

/* When to call pulse_ask again; UINT64_MAX: when something is posted. */
rt_ms pulse_due(const struct pulse *self);

/* Who is to be asked now, one after another: *at begins at 0; 0 when all were told. */
uint32_t pulse_ask(struct pulse *self, rt_ms now, uint32_t *at);

void pulse_heard(struct pulse *self, uint32_t id, rt_ms asked, uint32_t behind, rt_ms now);
void pulse_gone(struct pulse *self, uint32_t id);

/* Ms: at this actor, and with what lies behind it; 0 when nothing is known. */
uint32_t pulse_wait(const struct pulse *self, uint32_t id, rt_ms now);
uint32_t pulse_wait_all(const struct pulse *self, uint32_t id, rt_ms now);

#endif
