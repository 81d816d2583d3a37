/* SPDX-License-Identifier: MIT */
/* process: what all loops of one worker have in common. Written before they start; afterwards read, but for the atomics. */
#ifndef PROCESS_H
#define PROCESS_H

#include "board.h"
#include "loop.h"
#include "notify.h"
#include "reload.h"

enum {
	PROCESS_LOOPS_MAX = 64,
	PROCESS_HUNG = 5000, /* ms: a loop turns once a second when nothing happens */
};
#define PROCESS_SCHEMA "1" /* the layout of the keys in Redis that common/loc describes */

struct svc_process {
	const char *name;
	const struct svc_actor *actor[LOOP_ACTORS_MAX]; /* the tiers hosted */
	uint32_t nactor;
	const char *config_file;     /* NULL: none */
	char **environment;
	_Atomic(struct svc_config *) config; /* the newest; a loop keeps its own pointer until it has been told */
	char host[WIRE_HOST_MAX];
	char state[4096];            /* absolute */
	uint8_t secret[32];
	uint8_t bus_key[32];         /* of tcp, for CURVE */
	char bus_mark[17];           /* what Redis must hold of it; "" when there is no tcp */
	uint32_t first_id;           /* ids of this process: first_id + loop * nactor + actor */
	struct board board;
	int nloop;
	struct svc_loop *loop[PROCESS_LOOPS_MAX];
	zactor_t *thread[PROCESS_LOOPS_MAX];
	struct reload reload;
	struct notify notify;
	struct health *health;
	int signals;                 /* signalfd */
	_Atomic bool joined, draining;
};

int process_loop_of(const struct svc_process *self, uint32_t id); /* -1: not one of ours */

/* From here on a signal waits until process_run reads it: the first thing a program does, before any thread is made. */
void process_hold_signals(void);

int process_hung(const struct svc_process *self, rt_ms *since); /* a loop that has not turned for so long; -1: all turn */
void process_tell_all(struct svc_process *self, const char *command); /* main thread: to each loop, by its pipe */

/* Run it from configuration to exit code. */
int process_run(struct svc_process *self);

#endif
