/* SPDX-License-Identifier: MIT */
/*
 * cluster: which node of a Redis Cluster has which slot, and a lane to each that has one.
 *
 *   CLUSTER SLOTS  of one node after the other, whenever a lane is lost, a deadline passes or a node sends us on
 *   MOVED          the slot is that node's from now on         ASK   this one command belongs there
 */
#ifndef CLUSTER_H
#define CLUSTER_H

#include "lane.h"

enum { CLUSTER_HOPS_AT_ONCE = 3, CLUSTER_HOPS_MAX = 8 }; /* redirects of one command: without a pause, and in all */

struct cluster;

struct cluster *cluster_new(struct loc_redis *redis); /* NULL: no memory */
void cluster_destroy(struct cluster **self_p);        /* after the lanes */

/* The lane of a slot; slot -1: that of the command before, so that what follows a write follows it there. NULL: no node is known. */
struct lane *cluster_lane(struct cluster *self, int slot);

struct cluster_hint {
	struct lane *lane; /* NULL: nobody can serve it now */
	bool ask;
	bool down;         /* the whole cluster, says this node */
};
/* Is this error of `from` about the cluster? Then where the command belongs. */
bool cluster_take_hint(struct cluster *self, const struct lane *from, const char *text, struct cluster_hint *out);

/*
 * Was it not executed, and may it soon be? Then it is kept and sent again in a moment: a node that hears of its neighbours' planned change
 * of roles in the wrong order says CLUSTERDOWN for as long. false: it was tried often enough, or no command is served at all.
 */
bool cluster_keep(struct cluster *self, const struct cluster_hint *hint, const struct pending *p);

/* Does a command for the same key wait like that? Then this one, never sent yet, now waits behind it. */
bool cluster_queues(struct cluster *self, const struct pending *p);

void cluster_doubt(struct cluster *self); /* the map may be old: ask for it soon */
void cluster_any(const struct cluster *self, struct loc_url *out); /* some node, another one each time as far as there are */

/* The descriptor that is readable when one of the lanes is; what is watched follows the lanes at cluster_watch. */
int cluster_fd(const struct cluster *self);
void cluster_ready(struct cluster *self);
void cluster_watch(struct cluster *self);
rt_ms cluster_tick(struct cluster *self);

bool cluster_up(const struct cluster *self); /* every slot has a node, and we a connection to it */
uint32_t cluster_missing(const struct cluster *self); /* masters without a connection, and one more when a slot has no node */
bool cluster_some(const struct cluster *self);        /* a master is connected, and the cluster answers for what it has */
const char *cluster_trouble(const struct cluster *self);

#endif
