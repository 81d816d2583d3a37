/* SPDX-License-Identifier: MIT */
/* txn: the actor's own state and the steps its files share. */
#ifndef TXN_TXN_H
#define TXN_TXN_H

#include "svc/actor.h"

#include "calls.h"
#include "slots.h"

enum { TXN_TIMER_C = 0x80 }; /* of a call; the names below are events of a transaction */

struct txn_counters {
	uint64_t *clients, *servers, *retransmits, *timeouts, *refused, *strays;
};

enum { TXN_HELD_MAX = 256, TXN_LOST_MAX = 16, TXN_KEEP_DUE = 1024 };

struct txn_keeper {             /* keep.c */
	rt_handle due[TXN_KEEP_DUE]; /* calls to be written soon */
	uint64_t gone[TXN_KEEP_DUE]; /* keys to be removed */
	struct rt_timer timer;
	uint32_t ndue, ngone;
	bool on, urgent;
	uint32_t at; /* slots from here on hold calls from before it was on */
	rt_ms stay_at;
};

struct txn_lost { /* a worker that is gone; its calls are read, or were */
	uint32_t id, calls;
	bool reading;
};

struct txn_lapse {      /* lapse.c */
	rt_ms awake, again; /* when it last ran; when it asks once more, 0: it need not */
	uint64_t since;     /* when it woke, wall clock ms */
	uint32_t ms;        /* how long it did not run */
	uint32_t asked, round;
	uint32_t forgotten; /* svc_forgotten, before */
	bool asking;
};

struct txn_held { /* a parcel about a call that may be read at the moment */
	struct wire_head head;
	struct txn_kept *kept;
	rt_ms since;
};

struct txn {
	struct svc *svc;
	struct rt_blocks blocks; /* of what transactions keep */
	struct txn_slots *slots;
	struct txn_calls *calls;
	struct txn_times times;
	struct rt_key match_key, pick_key, service_key, tag_key;
	uint32_t waiting;       /* slots in Calling, Trying, Proceeding: what a drain waits for */
	uint32_t generation;    /* of the membership, when the sweep last looked */
	uint32_t sweep_at;      /* next slot to look at */
	bool sweeping;
	rt_ms opened;
	struct rt_timer watch;  /* owner 0: see sweep.c */
	struct txn_counters count;
	struct txn_keeper keep;
	uint32_t peer[WIRE_MEMBERS_MAX], npeer, peers_seen; /* adopt.c: the other workers of this tier, when it last looked */
	struct txn_lost lost[TXN_LOST_MAX];
	struct txn_held held[TXN_HELD_MAX];
	uint32_t lost_at, nheld;
	bool replaying;
	struct txn_lapse lapse;
};

/* ---- step.c: the one way a transaction moves ---- */

struct txn_hand { /* what came with an event; any of it may be absent */
	const struct wire_head *head;
	struct sip_msg msg;  /* text.p NULL when there is none */
	int reason;          /* enum rt_err, with UNSENT */
};

/* Tell a transaction that something happened; it may be gone when this returns. */
void txn_step(struct txn *self, struct txn_slot *s, enum txn_event ev, const struct txn_hand *hand);

/* One that began elsewhere is in this state now. */
void txn_appear(struct txn *self, struct txn_slot *s, enum txn_state state);

/* End one without a word to anybody, as its machine would at Terminated. */
void txn_end(struct txn *self, struct txn_slot *s);

static inline enum txn_event txn_event_of_status(int status)
{
	return sip_status_provisional(status) ? TXN_EV_1XX : sip_status_success(status) ? TXN_EV_2XX : TXN_EV_FAIL;
}

/* ---- client.c ---- */
void txn_client_fork(struct txn *self, const struct wire_parcel *in);
void txn_client_response(struct txn *self, const struct wire_parcel *in);
void txn_client_give_up(struct txn *self, const struct wire_parcel *in);
void txn_client_lost(struct txn *self, rt_handle server); /* its call was answered: whoever still rings has lost, 16.7 step 10 */
int txn_client_send(struct txn *self, const struct txn_slot *s, const struct sip_msg *m);
int txn_client_send_ack(struct txn *self, struct txn_slot *s, const struct txn_hand *hand);
int txn_client_send_cancel(struct txn *self, struct txn_slot *s, const struct txn_hand *hand);
void txn_client_up(struct txn *self, const struct txn_slot *s, const struct txn_hand *hand, int reason);

/* ---- server.c ---- */
void txn_server_request(struct txn *self, const struct wire_parcel *in);
void txn_server_answer(struct txn *self, const struct wire_parcel *in);
int txn_server_send(struct txn *self, const struct txn_slot *s, const struct sip_msg *m);
int txn_server_send_100(struct txn *self, struct txn_slot *s, const struct txn_hand *hand);
int txn_server_up(struct txn *self, struct txn_slot *s, enum txn_event ev, const struct txn_hand *hand);
/* Another transport than *edge that can reach `remote`; false: there is none. */
bool txn_other_edge(struct txn *self, const struct sip_hop *remote, uint32_t *edge, uint16_t *listener);

/* To the transport of the head; when that is gone, to another that speaks the same. As svc_post. */
int txn_depart(struct txn *self, const struct wire_head *head, const struct sip_msg *m);
void txn_server_up_error(struct txn *self, const struct txn_slot *s, int reason);

/* A response of this layer's own to a request: 100, 200 to a CANCEL, 503 with Retry-After. tag absent: no To tag. 0 | RT_NOMEM .. */
RT_MUSTUSE
int txn_reply(struct txn *self, const struct sip_msg *request, int status, struct slice tag, struct sip_msg *out);

/* The To tag of this layer's own responses to a request, the same each time: an ACK that carries it is for one of them. */
struct slice txn_own_tag(struct txn *self, const struct sip_msg *request);

/* ---- user.c ---- */
uint32_t txn_user(struct txn *self, const struct wire_parcel *in); /* who decides this request; 0: nobody is there */

/* Is it for a domain where nothing is kept, 16.11, or a question that is answered the same each time, 8.2.7? */
bool txn_is_stateless(struct txn *self, const struct wire_parcel *in);

/* Will the proxy ask for a password at once (RFC 3261 17.2.1: "unless it knows ..")? It may be wrong: then a 100 goes a little late. */
bool txn_is_stranger(struct txn *self, const struct wire_parcel *in);

/* ---- elsewhere.c: requests of transactions that another worker of this tier has ---- */

/* An ACK or CANCEL that matches nothing here: hand it to the worker that had its share before. False: nobody else may know it. */
bool txn_elsewhere(struct txn *self, const struct wire_parcel *in);

/* Was a request that is unknown here handed to the draining worker that may know it, or, if we are that one, back as new? */
bool txn_elsewhere_again(struct txn *self, const struct wire_parcel *in);

/* A response to a branch of ours that is unknown here: handed to the worker that may have adopted it? */
bool txn_elsewhere_response(struct txn *self, const struct wire_parcel *in);

/* ---- heir.c: calls whose proxy is gone ---- */
void txn_heir_take(struct txn *self, struct txn_call *call);                     /* from now on it is finished here */
void txn_heir_result(struct txn *self, const struct txn_slot *client, const struct txn_hand *hand, int reason);
void txn_heir_cancel(struct txn *self, const struct txn_slot *server);           /* its caller cancelled */
void txn_heir_timer(struct txn *self, rt_handle call);

/* ---- keep.c: calls that ring, for a successor ---- */
void txn_keep(struct txn *self, struct txn_call *call);           /* it changed: write it soon */
void txn_keep_end(struct txn *self, const struct txn_call *call); /* it ends: remove it likewise */
void txn_keep_now(struct txn *self, struct txn_call *call);       /* at the end of this burst */
void txn_keep_flush(struct txn *self);                            /* what changed, now; resets the arena */
void txn_keep_timer(struct txn *self);                            /* likewise, and what ended */
void txn_keep_look(struct txn *self);                             /* is there a successor? */

/* ---- adopt.c: calls of a worker that is gone ---- */
void txn_adopt_look(struct txn *self);   /* has one gone? Then its calls are read */
void txn_adopt_replay(struct txn *self); /* what was held and need not wait any longer */
void txn_adopt_close(struct txn *self);

/* May it belong to a call that is being read? Then it waits: true. */
bool txn_adopt_holds_request(struct txn *self, const struct wire_parcel *in);
bool txn_adopt_holds_response(struct txn *self, const struct wire_parcel *in); /* to a branch whose owner is gone */

/* ---- lapse.c: this worker itself did not run, and the others took it for dead ---- */
void txn_lapse_look(struct txn *self); /* before each event: is it the first after a lapse? */
void txn_lapse_tick(struct txn *self);
bool txn_lapse_asks(const struct txn *self); /* it does not know yet which calls are another's now */
bool txn_lapse_is_shy(struct txn *self, const struct wire_parcel *in); /* a new one, which its proxy might never answer */
bool txn_lapse_drops(const struct txn *self, const struct wire_parcel *in); /* a request from before it woke, which comes again */

/* ---- sweep.c: transactions whose user died ---- */
void txn_last_words(struct txn *self, struct txn_slot *s, int status); /* an INVITE server transaction ends with this, made from its last response */
void txn_sweep_start(struct txn *self);
void txn_sweep_tick(struct txn *self);

#endif
