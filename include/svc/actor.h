/* SPDX-License-Identifier: MIT */
/*
 * actor: what a tier is (a table of what to do when something happens) and what it can ask of the shell.
 *
 * An actor lives on one loop (one thread) and shares nothing. The shell gives it parcels, timers and ready sockets;
 * everything it posts while one burst is handled leaves together when the burst ends.
 */
#ifndef SVC_ACTOR_H
#define SVC_ACTOR_H

#include "rt/arena.h"
#include "rt/hash.h"
#include "rt/log.h"
#include "rt/wheel.h"
#include "svc/config.h"
#include "wire/members.h"
#include "wire/parcel.h"

struct svc;       /* one actor's window on its loop */
struct loc_redis;

struct svc_actor {
	enum wire_tier tier;
	int (*open)(void **self_p, struct svc *svc);                        /* 0, or RT_CONFIG, RT_DOWN after logging why */
	void (*parcel)(void *self, const struct wire_parcel *in);
	void (*timer)(void *self, struct rt_timer *t);                      /* it is not running any more */
	void (*flush)(void *self);                                          /* end of a burst; may be NULL */
	int (*reload)(void *self);                                          /* svc_config changed; may be NULL. The shell has checked it */
	void (*drain)(void *self);                                          /* take no new work; may be NULL */
	uint32_t (*load)(const void *self);                                 /* transactions, contexts, connections in hand; drained when 0 */
	void (*close)(void **self_p);
};

/* The tiers, each in its own folder of services/. */
extern const struct svc_actor transport_actor, transaction_actor, proxy_actor, registrar_actor, agent_actor;

/* ---- Parcels ---- */

/*
 * Post a parcel. head->to names the receiver; `from` is filled in. Copies msg, and the head->name_n bytes behind its text.
 *   returns 0, RT_ABSENT (no such actor, or it went), RT_NOMEM (its mailbox is full: shed, answer 503, or try elsewhere)
 * Never blocks. Same loop: handed over after this callback returns, in the same burst.
 */
RT_MUSTUSE
int svc_post(struct svc *svc, const struct wire_head *head, const struct sip_msg *msg);

/* A live actor of a tier: rendezvous by key, the same everywhere. 0 when none is known. */
uint32_t svc_pick(struct svc *svc, enum wire_tier tier, uint64_t key);

/* As svc_pick, but an actor of that tier on this very loop is taken first: for work that any of them may do. */
uint32_t svc_pick_near(struct svc *svc, enum wire_tier tier, uint64_t key);

/*
 * Ms that a parcel waits at that actor and at those it works with, as last measured; 0 on this loop, or when nothing is known. From
 * WIRE_STALLED on it does not answer at all: svc_pick passes over such a proxy or registrar while there is another.
 */
uint32_t svc_wait(const struct svc *svc, uint32_t id);

uint32_t svc_id(const struct svc *svc);                               /* this actor */
const struct wire_members *svc_members(const struct svc *svc);

/* A transport tells where it listens; announced with the membership. Call in open, and again when it changes. */
void svc_announce(struct svc *svc, const struct wire_listener *listeners, int n);

/* How often the others forgot this worker, taking it for dead, or Redis did. They have begun anew without it. */
uint32_t svc_forgotten(const struct svc *svc);

/* ---- Time and memory ---- */

rt_ms svc_now(const struct svc *svc);        /* monotonic ms when this event began */
int64_t svc_wall(const struct svc *svc);     /* seconds since 1970 */
uint64_t svc_wall_ms(const struct svc *svc);
struct rt_arena *svc_arena(struct svc *svc); /* reset after every callback; 1 MB */
void svc_timer_start(struct svc *svc, struct rt_timer *t, uint64_t owner, uint8_t name, uint32_t delay_ms);
void svc_timer_stop(struct svc *svc, struct rt_timer *t);
uint64_t svc_trail(struct svc *svc);         /* a fresh trail id */

/* ---- The world ---- */

const struct svc_config *svc_config(const struct svc *svc);
struct rt_key svc_secret(const struct svc *svc, const char *use); /* per-purpose key ("branch", "nonce", "flow"), equal in the whole cluster */
struct loc_redis *svc_redis(struct svc *svc);                     /* one connection a loop; flushed when the burst ends. NULL without a server: svc/solo.h */

/* Watch a file descriptor (level triggered). events and ready are EPOLLIN, EPOLLOUT bits. One watch a descriptor. */
typedef void svc_ready_fn(void *self, int fd, uint32_t ready);
int svc_watch(struct svc *svc, int fd, uint32_t events, svc_ready_fn *fn); /* also changes the events of a watched one */
void svc_unwatch(struct svc *svc, int fd);

/* A counter shown by the health endpoint (/metrics); owned by this loop, plain stores. `name` is a literal like "sip_requests_total". */
uint64_t *svc_counter(struct svc *svc, const char *name, const char *help);

#endif
