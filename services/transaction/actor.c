/* SPDX-License-Identifier: MIT */
/*
 * actor: the transaction tier.
 *
 *   takes   ARRIVED (transport, or another transaction worker), ANSWER (proxy, registrar), FORK and GIVE_UP (proxy), UNSENT (transport),
 *           ECHO (anyone)
 *   sends   OFFER and ABANDON (to the user of a server transaction), RESULT (to the user of a client transaction),
 *           DEPART (transport), ARRIVED (a transaction worker that may know it: elsewhere.c)
 */
#include <stdlib.h>

#include "txn.h"

static void read_times(struct txn *self)
{
	const struct svc_config *config = svc_config(self->svc);

	self->times = (struct txn_times){
		.t1 = (uint32_t)config->transaction_t1,
		.t2 = (uint32_t)config->transaction_t2,
		.t4 = (uint32_t)config->transaction_t4,
	};
}

static void open_counters(struct txn *self)
{
	struct svc *svc = self->svc;

	self->count = (struct txn_counters){
		.clients = svc_counter(svc, "txn_client_live", "client transactions in memory"),
		.servers = svc_counter(svc, "txn_server_live", "server transactions in memory"),
		.retransmits = svc_counter(svc, "txn_retransmit_total", "messages sent again"),
		.timeouts = svc_counter(svc, "txn_timeout_total", "transactions that ended without the answer or ACK they waited for"),
		.refused = svc_counter(svc, "txn_refused_total", "requests answered 503 because nobody could take them"),
		.strays = svc_counter(svc, "txn_stray_total", "responses that no transaction waited for"),
	};
}

static void txn_close(void **self_p)
{
	struct txn *self = *self_p;

	if (self) {
		svc_timer_stop(self->svc, &self->watch);
		svc_timer_stop(self->svc, &self->keep.timer);
		for (uint32_t i = 0; self->slots && i < txn_slots_made(self->slots); i++) {
			struct txn_slot *s = txn_slots_at(self->slots, i);
			struct txn_call *call = s ? txn_calls_of(self->calls, txn_slot_handle(s)) : 0;

			if (s)
				svc_timer_stop(self->svc, &s->timer);
			if (call)
				svc_timer_stop(self->svc, &call->timer);
		}
		txn_adopt_close(self);
		txn_slots_destroy(&self->slots);
		txn_calls_destroy(&self->calls);
		rt_blocks_clear(&self->blocks);
	}
	free(self);
	*self_p = 0;
}

static int txn_open(void **self_p, struct svc *svc)
{
	struct txn *self = calloc(1, sizeof(*self));

	if (self) {
		self->svc = svc;
		self->opened = self->lapse.awake = svc_now(svc);
		self->slots = txn_slots_new(TXN_SLOTS_MAX);
		self->calls = txn_calls_new(TXN_SLOTS_MAX);
	}
	if (!self || !self->slots || !self->calls) {
		rt_log(RT_LOG_E, "txn.unopened", 0, "why=\"out of memory\" do=\"give this process more memory\"");
		if (self) {
			txn_slots_destroy(&self->slots);
			txn_calls_destroy(&self->calls);
		}
		free(self);
		return RT_DOWN;
	}
	self->match_key = svc_secret(svc, "txn-match");
	self->tag_key = svc_secret(svc, "tag");
	self->pick_key = svc_secret(svc, "txn-pick");
	self->service_key = svc_secret(svc, "branch");
	read_times(self);
	open_counters(self);
	txn_sweep_start(self);
	*self_p = self;
	return 0;
}

static int txn_reload(void *self)
{
	read_times(self);
	return 0;
}

/* ---- Parcels ---- */

static void arrived(struct txn *self, const struct wire_parcel *in)
{
	if (!in->msg.index)
		rt_log(RT_LOG_W, "txn.unread", in->head->trail, "verb=ARRIVED from=%u why=no-index", in->head->from);
	else if (sip_msg_is_request(&in->msg))
		txn_server_request(self, in);
	else
		txn_client_response(self, in);
}

/* `context` is the CANCEL's own handle when a CANCEL went under its INVITE's branch (txn_client_send). */
static void unsent(struct txn *self, const struct wire_parcel *in)
{
	const struct wire_head *h = in->head;
	const struct txn_hand hand = { .reason = h->reason };
	struct txn_slot *s;

	if (h->branch)
		s = txn_slots_client(self->slots, h->context ? h->context : h->branch);
	else
		s = txn_slots_server(self->slots, h->txn);
	if (s)
		txn_step(self, s, TXN_EV_UNSENT, &hand);
}

/* Liveness: the same again, marked as the answer. */
static void echo(struct txn *self, const struct wire_parcel *in)
{
	struct wire_head head = *in->head;

	if (head.flags & WIRE_BACK)
		return;
	head.flags |= WIRE_BACK;
	head.to = in->head->from;
	if (svc_post(self->svc, &head, 0) < 0)
		rt_log(RT_LOG_D, "txn.unheard", head.trail, "verb=ECHO to=%u", head.to);
}

static void txn_parcel(void *actor, const struct wire_parcel *in)
{
	static void (*const verb[WIRE_VERBS])(struct txn *, const struct wire_parcel *) = {
		[WIRE_ARRIVED] = arrived,
		[WIRE_ANSWER] = txn_server_answer,
		[WIRE_FORK] = txn_client_fork,
		[WIRE_GIVE_UP] = txn_client_give_up,
		[WIRE_UNSENT] = unsent,
		[WIRE_ECHO] = echo,
	};
	const uint8_t v = in->head->verb;

	txn_lapse_look(actor);
	if (v < WIRE_VERBS && verb[v])
		verb[v](actor, in);
	else
		rt_log(RT_LOG_W, "txn.unread", in->head->trail, "verb=%u from=%u why=not-for-this-tier", v, in->head->from);
}

static void txn_timer(void *actor, struct rt_timer *t)
{
	static const struct txn_hand nothing;
	struct txn *self = actor;
	struct txn_slot *s;

	txn_lapse_look(self);
	if (t == &self->watch) {
		txn_sweep_tick(self);
		return;
	}
	if (t == &self->keep.timer) {
		txn_keep_timer(self);
		return;
	}
	if (t->name == TXN_TIMER_C) {
		txn_heir_timer(self, t->owner);
		return;
	}
	s = txn_slots_any(self->slots, t->owner);
	if (s)
		txn_step(self, s, (enum txn_event)t->name, &nothing);
}

static void txn_flush(void *actor)
{
	struct txn *self = actor;

	if (self->keep.urgent)
		txn_keep_flush(self);
}

static uint32_t txn_load(const void *actor)
{
	const struct txn *self = actor;

	return self->waiting + (self->keep.ndue || self->keep.ngone); /* who leaves leaves nothing behind that is over */
}

const struct svc_actor transaction_actor = {
	.tier = WIRE_TRANSACTION,
	.open = txn_open,
	.parcel = txn_parcel,
	.timer = txn_timer,
	.flush = txn_flush,
	.reload = txn_reload,
	.load = txn_load,
	.close = txn_close,
};
