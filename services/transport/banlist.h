/* SPDX-License-Identifier: MIT */
/*
 * banlist: keeps the actor's bans equal to those in Redis, which `peal ban` writes:
 *
 *   bans          ZSET     "192.0.2.7", "2001:db8::/32"; score: second it ends, +inf never
 *   bans:why      HASH     network to why, for people
 *   bans:version  counter  goes up with every change; said on channel `bans`, and asked for every few seconds
 *
 * While Redis is away what is known stays in force.
 */
#ifndef BANLIST_H
#define BANLIST_H

#include "edge.h"

struct banlist;

struct banlist *banlist_new(struct edge *edge); /* NULL: out of memory */
void banlist_destroy(struct banlist **self_p);
void banlist_expired(struct banlist *self);     /* its timer */

/* Is this source banned? No more than a look into a table. Counts when so. */
bool banlist_stops(struct banlist *self, const struct sip_hop *source);

#endif
