/* SPDX-License-Identifier: MIT */
/*
 * conns: every connection of an actor: opened, found by flow or by address, written and buried at the end of a burst.
 * Those that others open come from accept.h.
 */
#ifndef CONNS_H
#define CONNS_H

#include "conn.h"

struct conns;

struct conns *conns_new(struct edge *edge); /* NULL: out of memory */
void conns_destroy(struct conns **self_p);

struct conn *conns_get(const struct conns *self, uint64_t flow);             /* one that can be sent on; NULL: gone */
struct conn *conns_asker(const struct conns *self, uint64_t flow);           /* one that can still be answered; NULL: gone */
struct conn *conns_any(const struct conns *self, uint64_t flow);             /* also one that is closing */

/*
 * One whose far end is there, or is known as it. Over TLS it must also have proved that it is `name`, or be about to.
 * Of several, open ones go first, and among them `key` decides, the same as long as they stand.
 *   more  one more may be opened beside it: there are fewer than transport.peer_connections and none is being opened
 */
struct conn *conns_find(const struct conns *self, const struct sip_hop *to, struct slice name, uint64_t key, bool *more);

/* Begin to connect from a listener's address to `name`. 0 and *out, or RT_NOMEM (connections, or too many being opened), RT_DOWN */
RT_MUSTUSE
int conns_open(struct conns *self, const struct sip_hop *to, struct slice name, uint16_t listener, struct conn **out);

void conns_settled(struct conns *self, struct conn *conn); /* it is open, or never will be */

int conns_alias(struct conns *self, struct conn *conn, const struct sip_hop *alias); /* 0 | RT_NOMEM; RFC 5923 */
void conns_asked(struct conns *self, uint64_t flow);    /* a request came on it that will be answered */
void conns_end_banned(struct conns *self);              /* those that were accepted from a source that is banned now */
void conns_end_listener(struct conns *self, uint16_t number); /* whatever came or went by this listener, in good order */
void conns_flush(struct conns *self);                   /* write what the burst queued, free what it closed */
uint32_t conns_busy(const struct conns *self);          /* messages waiting to be written */

/* For accept.c. A slot for an open descriptor, watched and timed. NULL: a limit was reached or memory ran out; the descriptor is closed */
struct conn *conns_adopt(struct conns *self, int fd, const struct sip_hop *remote, uint16_t listener, enum conn_state state);
int conns_move(struct conns *self, struct conn *conn, const struct sip_hop *remote); /* its far end is another. 0 | RT_NOMEM */

/* For conn.c: shared scratch, and the lists worked off at the end of the burst. */
char *conns_scratch(struct conns *self, uint32_t *size);
void conns_dirty(struct conns *self, struct conn *conn);
void conns_bury(struct conns *self, struct conn *conn);
void conns_waiting(struct conns *self, int more);       /* that many more messages wait, or fewer */

#endif
