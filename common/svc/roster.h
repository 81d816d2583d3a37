/* SPDX-License-Identifier: MIT */
/*
 * roster: a row for each member this loop has heard of; the rows that are shown are what actors find in the members table.
 *
 *   unseen --fresh record--> SHOWN --unchanged for FORGET, silent, unreachable--> HIDDEN --sign of life--> SHOWN
 *     |                        |                                                    |
 *     +--old record--> HIDDEN  +---------------- gone from Redis: no row -----------+
 *
 * A sign of life is a record that has changed (roster_take) or an answer to our ECHO (roster_answered). Who is shown and was
 * a stranger to the mailbox is greeted first (greeting.h).
 *
 * Clocks of hosts differ: a record is alive while its `seen` changes between two looks, whatever it says. Only at the
 * first sight of one is it compared with our own clock.
 *
 * What is asked of Redis, and when, is membership's; the roster only hears what came of it. A look at all records is
 *
 *   roster_call     nobody is present
 *   roster_take     once for each record: present
 *   roster_sweep    who was not present has left; who has been silent for too long is dead
 */
#ifndef ROSTER_H
#define ROSTER_H

#include "loop.h"

struct greeting;
struct roster;

/* With the members of this process, from its board; `greeting` is borrowed for life. NULL: out of memory */
struct roster *roster_new(struct svc_loop *loop, const struct greeting *greeting);
void roster_destroy(struct roster **self_p);

void roster_call(struct roster *self);
void roster_take(struct roster *self, const struct wire_member *m); /* tell the tiers by roster_changed when all are taken */

/* Who is not present and gave no sign of life since then has left; whoever sees one dead first buries it in Redis, too. */
void roster_sweep(struct roster *self, rt_ms since);

bool roster_answered(struct roster *self, uint32_t id, bool parted); /* our ECHO; parted: the one that said we leave. false: no row */
void roster_forgive(struct roster *self);             /* all are alive now, whatever they did not say before */
void roster_judge(struct roster *self);               /* hide whom the mailbox has given up, or who was silent for too long */
void roster_changed(struct roster *self);             /* the members table may have: count for /readyz which tiers have somebody */

void roster_greet(struct roster *self, rt_ms silence); /* whoever was not heard of for so long. Resets the arena */
bool roster_parted(const struct roster *self);        /* has everybody who is shown answered that he knows we leave? */
uint32_t roster_last_id(const struct roster *self);   /* the highest; 0: nobody */

#endif
