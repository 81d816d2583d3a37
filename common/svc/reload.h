/* SPDX-License-Identifier: MIT */
/*
 * reload: a new configuration for a process that runs: SIGHUP for this one alone, `peal config apply` for all, all of them or none.
 *
 *   peal   PUBLISH config:apply "check TOKEN"  --> loop 0 --SIGUSR1--> main thread: reads and checks, keeps it as the candidate
 *          HGETALL config:apply:TOKEN          <-- loop 0 <--REPLY---  field: our first id; value: good, or what is wrong and where
 *          PUBLISH config:apply "take TOKEN"   --> the same way        the candidate is taken: "taken", or what a tier could not change
 */
#ifndef RELOAD_H
#define RELOAD_H

#include <pthread.h>

#include "svc/config.h"

struct svc_process;
struct svc_loop;

enum { RELOAD_LATE = 8 };

struct reload {
	pthread_mutex_t lock;         /* of asked, answer and answer_to */
	char asked[80];               /* "check TOKEN"; "": nothing */
	char answer[540], answer_to[80]; /* and its token */
	struct svc_config *candidate; /* of the main thread: checked, not yet taken */
	char token[80];               /* whose it is */
	struct svc_config *late[RELOAD_LATE]; /* given up, but perhaps still read by a loop that is slow */
	int nlate;
};

void reload_open(struct reload *self);
void reload_close(struct reload *self);

/* Main thread. */
void reload_now(struct svc_process *process);      /* SIGHUP */
void reload_asked(struct svc_process *process);    /* SIGUSR1: loop 0 has heard something */
void reload_set_log_level(const struct svc_config *config);

/* Loop 0. */
void reload_listen(struct svc_loop *loop);         /* to config:apply */
void reload_reply(struct svc_loop *loop);          /* the main thread has an answer */

#endif
