/* SPDX-License-Identifier: MIT */
/*
 * solo: actors on one loop of this thread, alone: no Redis, no peers, no signals. For a program that speaks SIP for a moment and ends:
 *
 *   svc_solo(config, (const struct svc_actor *[]){ &transport_actor, &transaction_actor, &phone_actor, 0 });
 */
#ifndef SVC_SOLO_H
#define SVC_SOLO_H

#include "svc/actor.h"

/*
 * Open the actors in this order, turn until one of them calls svc_stop, close them in the other order.
 *   config  borrowed; svc_redis is NULL
 * returns 0, RT_NOMEM, or what an actor's open returned
 */
RT_MUSTUSE
int svc_solo(struct svc_config *config, const struct svc_actor *const actors[]);

/* The turn under way is the last one. */
void svc_stop(struct svc *svc);

#endif
