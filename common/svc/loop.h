/* SPDX-License-Identifier: MIT */
/*
 * loop: one thread, its actors, and everything they share: mailbox, timers, descriptors, scratch memory, Redis.
 *
 * One turn of it, a burst:
 *
 *   poll -> mail -> descriptors -> Redis -> timers -> flush -> poll ...
 *             |          |           |        |
 *             +--- after each event: reset the arena, then hand over what was posted on this loop until none is left
 */
#ifndef LOOP_H
#define LOOP_H

#include <czmq.h>
#include <stdatomic.h>

#include "board.h"
#include "counter.h"
#include "pulse.h"
#include "queue.h"
#include "svc/actor.h"
#include "watch.h"
#include "wire/mailbox.h"

struct svc_process;
struct membership;

enum {
	LOOP_ACTORS_MAX = WIRE_TIERS,
	LOOP_ARENA = 1 << 20,
	LOOP_SETTLE = 500,     /* ms at most until the first picture of everybody, before the actors open */
	LOOP_POLL_MAX = 1000,  /* ms: a loop turns at least this often, so a hung one shows */
	LOOP_MAIL = 1024,      /* parcels handled in one turn because of mail: their answers must leave too */
	LOOP_HELD = 3,         /* turns that packs wait for more while datagrams come */
	LOOP_FEW = 4,          /* parcels: fewer than these never wait */
	LOOP_FAIRNESS = 4096,  /* parcels or timers handled before the other sources have their turn */
};

struct svc { /* an actor's window on its loop */
	struct svc_loop *loop;
	const struct svc_actor *what;
	void *self;
	uint16_t at;
	struct wire_member record; /* as announced */
};

struct svc_loop {
	struct svc_process *process;
	int number;
	uint32_t nactor;
	struct svc actor[LOOP_ACTORS_MAX];

	struct rt_wheel *wheel;
	struct rt_arena *arena;
	rt_ms now;
	int64_t wall_ms;
	uint32_t forgotten;        /* how often others took our record out, or Redis lost it */
	uint64_t trail;            /* seed and count of trail ids */

	struct queue queue;
	struct wire_mailbox *mailbox;
	bool mail_waits;           /* it was not emptied: its descriptor need not become readable again */
	int held;                  /* turns that the open packs have waited for more */
	rt_ms mail_due;            /* when kept packs are offered again */
	rt_ms peer_due;            /* when a peer that is missed is given up */
	struct wire_members *members;
	uint32_t board_seen;
	struct membership *membership;
	rt_ms membership_due;
	struct pulse pulse;
	rt_ms pulse_due;
	struct watches watches;
	struct loc_redis *redis;
	rt_ms redis_due;

	const struct svc_config *config;
	void *pipe;                /* commands of the process; a raw socket */
	int pipe_fd;
	bool stop;
	uint64_t *turns, *delivered, *strays, *bad; /* counters */
	uint64_t *packs_out, *parcels_out, *packs_in, *refused, *lost, *load_now, *redis_now, *redis_missing;

	struct counters counters;
	/* read by other threads */
	_Atomic bool failed;       /* its actors did not open */
	_Atomic bool ended;        /* the thread touches nothing any more */
	_Atomic bool parted;       /* everybody knows that it drains, and what they sent before is here */
	_Atomic bool kept_old;     /* a tier could not change all that the newest snapshot wants */
	_Atomic(const struct svc_config *) taken; /* the snapshot it uses; no older one is read any more */
	_Atomic rt_ms beat;        /* when the last turn began */
	_Atomic uint32_t load;     /* of all its actors */
	_Atomic uint32_t sees;     /* bit t: at least one live member of tier t */
};

/* Made by the process before any thread runs, so that every mailbox is bound before somebody connects. NULL: said why. */
struct svc_loop *loop_new(struct svc_process *process, int number);
void loop_destroy(struct svc_loop **self_p);

/* The thread: opens the actors, signals the pipe, turns until told to stop, closes them. A zactor function. */
void loop_run(zsock_t *pipe, void *loop);

/* An actor's record changed: tell the other loops and everybody. */
void loop_announce(struct svc *svc);
void loop_obey(struct svc_loop *self); /* the commands that wait in the pipe */
void loop_read_clock(struct svc_loop *self);

#endif
