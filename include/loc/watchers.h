/* SPDX-License-Identifier: MIT */
/*
 * watchers: who is told when the registrations of an address change (RFC 3680), sub:<aor>, and the stream that says so.
 *
 * A subscription is a dialog that any registrar can go on with: everything a NOTIFY needs is in its record, and its number is counted
 * by Redis.
 */
#ifndef LOC_WATCHERS_H
#define LOC_WATCHERS_H

#include "limits.h"
#include "loc/redis.h"

struct loc_watcher {
	struct slice id;            /* field name: Call-ID and the subscriber's tag */
	struct slice call_id;
	struct slice local, remote; /* From and To of a NOTIFY, with tags */
	struct slice target;        /* its Request-URI */
	struct slice route;         /* "a, b"; "" none */
	struct slice event;         /* id parameter of Event, "" none */
	struct slice contact;       /* our own URI in the dialog */
	struct slice received;      /* where the SUBSCRIBE came from, sip_hop text; NOTIFY goes there */
	uint64_t flow;
	uint32_t edge;
	uint16_t listener;
	uint32_t cseq;              /* of the last SUBSCRIBE */
	uint32_t number;            /* of this NOTIFY: CSeq, from 1 */
	int64_t expires_at;         /* past: it has ended, and this is its last NOTIFY */
};

/* err: 0; RT_ABSENT (a refresh of what is not there: 481), RT_STALE (CSeq), RT_BIG (LOC_WATCHERS_MAX are there), RT_DOWN, RT_TIMEOUT, RT_BAD.
 * w: those to be told now, numbers counted. Valid during the call. */
typedef void loc_watchers_fn(void *self, uint64_t token, int err, const struct loc_watcher *w, int n);

/* Begin, refresh (`refresh`: its dialog exists) or end (expires_at <= now) a subscription; `done` gets it alone. 0 | RT_DOWN | RT_NOMEM */
RT_MUSTUSE
int loc_watchers_put(struct loc_redis *redis, struct slice aor, const struct loc_watcher *w, bool refresh, int64_t now, loc_watchers_fn *done,
                     void *arg, uint64_t token);

/* All who watch this address, or with `ended` only those whose time is over: they are removed. 0 | RT_DOWN | RT_NOMEM */
RT_MUSTUSE
int loc_watchers_take(struct loc_redis *redis, struct slice aor, bool ended, int64_t now, loc_watchers_fn *done, void *arg, uint64_t token);

/* This one does not answer any more. */
void loc_watchers_drop(struct loc_redis *redis, struct slice aor, struct slice id);

struct loc_event { /* of events:reg */
	struct slice kind, aor, id, contact;
};

/* events: each given to one registrar of all; those a registrar died with come again to another. `more`: ask again at once.
 * err RT_ABSENT: nobody watches anybody, ask seldom. */
typedef void loc_events_fn(void *self, int err, const struct loc_event *events, int n, bool more);

/* Somebody watches now (after loc_watchers_put): events are kept for the registrars. What happens after `fn` was called comes by
 * loc_events_next; what stands is to be looked at from there on, so that nothing falls between. 0 | RT_DOWN */
typedef void loc_ready_fn(void *self, int err);
RT_MUSTUSE
int loc_events_begin(struct loc_redis *redis, loc_ready_fn *fn, void *arg);

/* What happened since. `me` names this registrar. 0 | RT_DOWN */
RT_MUSTUSE
int loc_events_next(struct loc_redis *redis, uint32_t me, loc_events_fn *fn, void *arg);

/* The turn of one registrar of all, every few seconds: `due` for each address with a subscription that ended; events of registrars that
 * died come to `events`; with nobody left who watches, the stream is not read any more. */
typedef void loc_due_fn(void *self, struct slice aor);
void loc_watchers_sweep(struct loc_redis *redis, uint32_t me, int64_t now, loc_due_fn *due, loc_events_fn *events, void *arg);

#endif
