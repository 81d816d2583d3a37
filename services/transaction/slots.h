/* SPDX-License-Identifier: MIT */
/*
 * slots: where transactions live, and the two tables that find server transactions.
 *
 *   handle --> pool of txn_slot         client: the handle is in the branch of our Via
 *   key    --> handles                  server: a request, its CANCEL and its own transaction share a key (match.h)
 *   merge  --> handles                  server: requests that are one request in disguise (8.2.2.2)
 *
 * A slot is 184 bytes, for a million of them may linger; the one message it keeps is a block of its own.
 */
#ifndef TXN_SLOTS_H
#define TXN_SLOTS_H

#include "rt/blocks.h"
#include "rt/pool.h"
#include "rt/wheel.h"
#include "sip/hop.h"
#include "sip/msg.h"

#include "machine.h"
#include "match.h"

struct txn_kept { /* a copy of a message: its index (or none), then its text, then the name behind it */
	struct rt_blocks *home;
	uint32_t text_n;
	uint16_t index_n;
	uint8_t name_n;
	_Alignas(8) char bytes[];
};

enum txn_keep { TXN_KEEP_TEXT, TXN_KEEP_HEAD, TXN_KEEP_WHOLE }; /* text alone; index and head without body; all */

/* name_n bytes lie behind its text. NULL: out of memory */
struct txn_kept *txn_kept_new(struct rt_blocks *home, const struct sip_msg *m, enum txn_keep what, uint8_t name_n);
void txn_kept_free(struct txn_kept *k);                                     /* k may be NULL */
struct sip_msg txn_kept_msg(const struct txn_kept *k);                      /* index NULL when text alone was kept */

struct txn_client {
	rt_handle context; /* the user's, echoed; inherited: the handle in its branch */
	rt_handle served;  /* the server transaction it was forked for, echoed: a 2xx finds its way when its user has forgotten all */
	uint64_t loop;     /* in our branch */
	rt_handle other;   /* of an INVITE: its CANCEL; of a CANCEL: its INVITE, whose branch it carries (9.1) */
	uint32_t method;   /* txn_method_of, 17.1.3 */
	uint32_t owner;    /* inherited: the worker its branch names; 0: us */
	uint16_t slot;     /* the user's, echoed */
	uint8_t name_n;    /* bytes behind the text of whatever it sends: whom TLS must meet */
	bool lost;         /* somebody else answered: a CANCEL goes as soon as it may, and only a 2xx is told */
};

struct txn_server {
	struct txn_born_from born;
	struct sip_hop local; /* the address that was asked: answers come from there */
	struct sip_span tag;  /* To tag within the kept response */
};

struct txn_slot {
	struct rt_timer timer;  /* the next one to fire; owner is this slot's handle */
	rt_ms deadline;         /* when `last` fires; 0: it does not run */
	rt_ms since;            /* birth */
	uint64_t trail;
	uint64_t flow;
	struct txn_kept *kept;  /* client: the request, then the ACK. server: the last response (non-INVITE, before any: the request) */
	struct sip_hop remote;
	uint32_t edge;          /* transport */
	uint32_t user;          /* proxy or registrar; 0: this layer itself (CANCEL) */
	uint16_t listener;
	uint16_t status;        /* last response */
	uint8_t kind, state;    /* enum txn_kind, txn_state */
	uint8_t last;           /* the long timer that runs beside A, E, G or N: B, F, H or Z */
	uint8_t fired;          /* how often A, E or G did */
	union {
		struct txn_client client;
		struct txn_server server;
	};
};
_Static_assert(sizeof(struct txn_slot) <= 184, "a million lingering transactions are not to cost more");

static inline rt_handle txn_slot_handle(const struct txn_slot *s)
{
	return s->timer.owner;
}

struct txn_slots;

struct txn_slots *txn_slots_new(uint32_t max_each); /* client, server; NULL: out of memory */
void txn_slots_destroy(struct txn_slots **self_p);

struct txn_slot *txn_slot_open_client(struct txn_slots *self, enum txn_kind kind); /* NULL: full */
struct txn_slot *txn_slot_open_server(struct txn_slots *self, enum txn_kind kind, const struct txn_match *m);
void txn_slot_close(struct txn_slots *self, struct txn_slot *s); /* its timer stopped before */
void txn_slot_keep(struct txn_slot *s, struct txn_kept *k);      /* frees what was kept; takes k, NULL for nothing */

struct txn_slot *txn_slots_client(const struct txn_slots *self, rt_handle h); /* NULL: stale */
/* A client transaction of another worker: its branch goes on to name that one. 0 | RT_NOMEM */
int txn_slots_inherit(struct txn_slots *self, struct txn_slot *s, uint32_t owner, rt_handle branch);
struct txn_slot *txn_slots_inherited(const struct txn_slots *self, uint32_t owner, rt_handle branch); /* NULL: none */

struct txn_slot *txn_slots_server(const struct txn_slots *self, rt_handle h);
struct txn_slot *txn_slots_any(const struct txn_slots *self, rt_handle h);

typedef bool txn_same_fn(const struct txn_born_from *born, const struct txn_match *m);
struct txn_slot *txn_slots_find(const struct txn_slots *self, const struct txn_match *m, txn_same_fn *same);

/* Another transaction in progress with this From tag, Call-ID and CSeq? 8.2.2.2 */
bool txn_slots_merged(const struct txn_slots *self, const struct txn_match *m);

uint32_t txn_slots_clients(const struct txn_slots *self);
uint32_t txn_slots_servers(const struct txn_slots *self);
struct txn_slot *txn_slots_at(const struct txn_slots *self, uint32_t n); /* for walking: NULL when free */
uint32_t txn_slots_made(const struct txn_slots *self);                   /* n goes up to here */

#endif
