/* SPDX-License-Identifier: MIT */
/*
 * membership: who else is there. Each loop keeps its own picture, from three sources:
 *
 *   the board        actors of this process: always there
 *   nodes in Redis   everybody; written by each for itself every second, forgotten when unchanged for three
 *   ECHO             asked while Redis is away or full, when the last known picture is kept
 *
 * roster.h holds the picture, nodes.h speaks to Redis, greeting.h to a peer; here is when.
 */
#ifndef MEMBERSHIP_H
#define MEMBERSHIP_H

#include "rt/wheel.h"
#include "wire/parcel.h"

struct membership;
struct svc;
struct svc_loop;

enum {
	MEMBERSHIP_BEAT = 1000,   /* ms between announcements, and between looks at all records */
	MEMBERSHIP_EARLY = 100,   /* ms, in the first second: others may be starting too */
	MEMBERSHIP_FORGET = 3000, /* ms without a sign of life */
};

struct membership *membership_new(struct svc_loop *loop); /* NULL: out of memory */
void membership_destroy(struct membership **self_p);

rt_ms membership_tick(struct membership *self, rt_ms now); /* returns when to call again */
void membership_judge(struct membership *self);            /* hide whom the mailbox has given up, or who was silent for too long */
bool membership_look(struct membership *self);             /* has Redis told us once who is there? Asks it when it can be asked */
void membership_greet(struct membership *self);            /* our actors are open: tell everybody who we are, from now on each new one */
void membership_announce(struct membership *self);         /* this loop's records, and that they changed, now */
void membership_part(struct membership *self);             /* we drain: tell everybody; loop->parted once all have said that they know */
void membership_leave(struct membership *self);            /* take them out of Redis and say so */

/* An ECHO that the shell answers, or whose answer the shell waits for: true. An actor's own: false. */
bool membership_echo(struct svc_loop *loop, struct svc *svc, const struct wire_parcel *in);

#endif
