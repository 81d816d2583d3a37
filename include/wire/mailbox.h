/* SPDX-License-Identifier: MIT */
/*
 * mailbox: how parcels leave and reach one loop: PULL sockets it binds, one PUSH for each place its peers live.
 *
 *   post -> open pack of the peer -> flush -> PUSH ~~~~ inproc, ipc or tcp ~~~~> PULL -> receive -> walk
 *
 * Actors behind one endpoint share its connection and its pack. Nothing here waits: a pack that a peer does not take is
 * kept, grows, and is offered again; at WIRE_KEPT_PARCELS or WIRE_KEPT_BYTES posts are refused. (WIRE_HWM counts packs, and at
 * light load a pack is one parcel: a peer that loses its core for a moment must not cost calls.)
 * One thread uses a mailbox at a time.
 */
#ifndef WIRE_MAILBOX_H
#define WIRE_MAILBOX_H

#include "wire/pack.h"

enum {
	WIRE_PATIENCE = 1000, /* ms a pack waits for a peer that was never reached, before it is dropped and posts fail */
	WIRE_LOST_PATIENCE = 300, /* the same for one whose connection broke: a living one is back in two WIRE_RETRY */
	WIRE_KEPT_PARCELS = 1024,
	WIRE_KEPT_BYTES = 1 << 20,
	WIRE_RETRY = 10,      /* ms between two offers of a kept pack, and between two attempts to connect */
};

struct wire_mailbox;

struct wire_mailbox *wire_mailbox_new(void);           /* NULL: out of memory or sockets */
void wire_mailbox_destroy(struct wire_mailbox **self_p); /* kept packs are lost */

/*
 * Encrypt and authenticate tcp with CURVE, by a key pair that the whole cluster derives from one secret.
 * Call after ipc and before tcp addresses are bound, and before any is joined. 0 | RT_CONFIG (this libzmq has no CURVE)
 */
RT_MUSTUSE
int wire_mailbox_secure(struct wire_mailbox *self, const uint8_t secret[32]);

/*
 * Listen at "inproc://name", "ipc:///path" or "tcp://address:*" as well.
 *   bound   the address as peers connect to it, the port filled in
 * returns 0, RT_CONFIG (see errno: zmq_strerror)
 */
RT_MUSTUSE
int wire_mailbox_bind(struct wire_mailbox *self, const char *address, char bound[108]);

/*
 * Descriptors to poll: readable when something arrives from this process, and from others; -1: nothing is bound there. They are
 * ZeroMQ's: they tell of a change only, so receive until 0 before polling again.
 */
int wire_mailbox_inner(const struct wire_mailbox *self);
int wire_mailbox_outer(const struct wire_mailbox *self);

/* Which of them was readable: the other is passed over by receive, until it returns 0, unless something was left there. Optional. */
void wire_mailbox_told(struct wire_mailbox *self, bool inner, bool outer);

/*
 * Take one pack that has arrived.
 *   walk      valid until the next call
 *   trusted   it came from this process: wire_walk_next may skip the index check
 * returns 1, 0 when nothing waits, RT_BAD (a pack that is none was dropped; there may be more)
 */
int wire_mailbox_receive(struct wire_mailbox *self, struct wire_walk *walk, bool *trusted);

/*
 * Actor `id` is reached at `endpoint` (changes it when it moved).
 *   version   of the parcels it is written, by wire_member_speaks; one for all actors of an endpoint
 * returns 0, RT_NOMEM, RT_CONFIG
 */
RT_MUSTUSE
int wire_mailbox_join(struct wire_mailbox *self, uint32_t id, const char *endpoint, uint8_t version);
void wire_mailbox_leave(struct wire_mailbox *self, uint32_t id);

/* Begin its connection anew, for it is known to live and yet not reached. What was kept for it is lost. 0 | RT_ABSENT | RT_NOMEM | RT_CONFIG */
RT_MUSTUSE
int wire_mailbox_reconnect(struct wire_mailbox *self, uint32_t id);

/* Add a parcel to the pack for head->to. 0, RT_ABSENT (never joined, or given up), RT_NOMEM (mailbox full) */
RT_MUSTUSE
int wire_mailbox_post(struct wire_mailbox *self, const struct wire_head *head, const struct sip_msg *msg, rt_ms now);

/* Offer every open pack to its peer. Returns when to call again for those kept; UINT64_MAX when none is. */
rt_ms wire_mailbox_flush(struct wire_mailbox *self, rt_ms now);

uint32_t wire_mailbox_waiting(const struct wire_mailbox *self); /* parcels in open packs */

bool wire_mailbox_knows(struct wire_mailbox *self, uint32_t id); /* joined and not left */

/* Is the actor's place connected, or at least not given up? */
bool wire_mailbox_reaches(struct wire_mailbox *self, uint32_t id, rt_ms now);

/* A descriptor that is readable when a connection came or went: call wire_mailbox_look. */
int wire_mailbox_news(const struct wire_mailbox *self);

/* Take notice. Returns when the next missed peer is given up, if it is not back by then: look again, and ask wire_mailbox_reaches. */
rt_ms wire_mailbox_look(struct wire_mailbox *self, rt_ms now);

struct wire_tally { /* since the beginning */
	uint64_t packs_out, parcels_out, packs_in, bad_in;
	uint64_t refused; /* posts answered RT_NOMEM */
	uint64_t lost;    /* parcels dropped with a pack nobody took */
};
const struct wire_tally *wire_mailbox_tally(const struct wire_mailbox *self);

#endif
