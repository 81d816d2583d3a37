/* SPDX-License-Identifier: MIT */
/* client: FORK opens a client transaction, responses drive it, GIVE_UP cancels it. RFC 3261 17.1, 9.1. */
#include "ack.h"
#include "txn.h"

static void update_count(struct txn *self)
{
	*self->count.clients = txn_slots_clients(self->slots);
}

/* A RESULT without a message, to someone who has no slot here (any more). */
static void refuse(struct txn *self, const struct wire_head *asked, int reason)
{
	const struct wire_head head = {
		.verb = WIRE_RESULT,
		.to = asked->from,
		.trail = asked->trail,
		.txn = asked->txn,
		.branch = asked->branch,
		.context = asked->context,
		.slot = asked->slot,
		.reason = (int16_t)reason,
	};

	if (svc_post(self->svc, &head, 0) < 0)
		rt_log(RT_LOG_W, "txn.unheard", asked->trail, "result=%s user=%u", rt_err_name(reason), asked->from);
}

static struct txn_slot *open_client(struct txn *self, enum txn_kind kind, const struct wire_head *from)
{
	struct txn_slot *s = txn_slot_open_client(self->slots, kind);

	if (!s)
		return 0;
	s->since = svc_now(self->svc);
	s->trail = from->trail;
	s->flow = from->flow;
	s->remote = from->remote;
	s->edge = from->edge;
	s->listener = from->listener;
	s->client.loop = from->loop;
	s->client.name_n = from->name_n;
	update_count(self);
	return s;
}

/* A call that went from hop to hop for long forgets the branches that ended, to make room for the next. */
static void forget_ended(struct txn *self, struct txn_call *call)
{
	uint8_t n = 0;

	for (int i = 0; i < call->n; i++) {
		const struct txn_slot *s = txn_slots_client(self->slots, call->client[i]);

		if (s && (txn_state_waits(s->state) || s->state == TXN_ACCEPTED))
			call->client[n++] = call->client[i];
	}
	call->n = n;
}

/* The request has the caller's Via on top: what finds his transaction is to be seen in it. False: no room, and then nobody could cancel it. */
static bool note_branch(struct txn *self, const struct txn_slot *s, const struct sip_msg *request)
{
	struct txn_call *call;

	if (s->kind != TXN_INVITE_CLIENT || !txn_slots_server(self->slots, s->client.served))
		return true;
	call = txn_calls_of(self->calls, s->client.served);
	if (call && call->n == PROXY_BRANCHES_MAX)
		forget_ended(self, call);
	call = txn_calls_add(self->calls, s->client.served, txn_slot_handle(s));
	if (!call)
		return false;
	if (!call->key && request->index->facts.via_flags & SIP_VIA_COOKIE)
		call->key = wire_request_key(request);
	txn_keep(self, call);
	return true;
}

/* There is no room for it. */
static void refuse_fork(struct txn *self, const struct wire_head *head)
{
	rt_log(RT_LOG_W, "txn.full", head->trail, "side=client live=%u", txn_slots_clients(self->slots));
	++*self->count.refused;
	refuse(self, head, RT_NOMEM);
}

void txn_client_fork(struct txn *self, const struct wire_parcel *in)
{
	const struct wire_head *head = in->head;
	const struct txn_hand hand = { .head = head, .msg = in->msg };
	struct txn_slot *s;

	if (!in->msg.index || !sip_msg_is_request(&in->msg) || in->msg.index->method == SIP_ACK) {
		rt_log(RT_LOG_W, "txn.unforked", head->trail, "why=no-request from=%u", head->from);
		refuse(self, head, RT_BAD);
		return;
	}
	s = open_client(self, in->msg.index->method == SIP_INVITE ? TXN_INVITE_CLIENT : TXN_PLAIN_CLIENT, head);
	if (!s) {
		refuse_fork(self, head);
		return;
	}
	s->user = head->from;
	s->client.context = head->context;
	s->client.served = head->txn;
	s->client.slot = head->slot;
	s->client.method = txn_method_of(&in->msg, self->match_key);
	if (note_branch(self, s, &in->msg)) {
		txn_step(self, s, TXN_EV_START, &hand);
		return;
	}
	txn_end(self, s);
	refuse_fork(self, head);
}

/* ---- Responses ---- */

/* The transaction a response belongs to: the branch names it, unless the method of CSeq says that its CANCEL is meant, 17.1.3. */
static struct txn_slot *answered(const struct txn *self, const struct wire_parcel *in)
{
	const uint32_t method = txn_method_of(&in->msg, self->match_key), owner = (uint32_t)in->head->context;
	struct txn_slot *s = owner ? txn_slots_inherited(self->slots, owner, in->head->branch) :
				     txn_slots_client(self->slots, in->head->branch);

	if (s && s->kind == TXN_INVITE_CLIENT && method == SIP_CANCEL)
		s = txn_slots_client(self->slots, s->client.other);
	return s && s->client.method == method ? s : 0;
}

/* The transport may have sent a large request over a connection instead, 18.1.1: ACK and CANCEL are to go the same way, 17.1.1.3. */
static void follow_connection(struct txn_slot *s, const struct wire_head *head)
{
	if (sip_transport_reliable(s->remote.proto) || !sip_transport_reliable(head->remote.proto))
		return;
	s->remote = head->remote;
	s->flow = head->flow;
	s->edge = head->edge;
	s->listener = head->listener;
}

/* Its proxy may die before it has read that. */
static void note_failure(struct txn *self, const struct txn_slot *s, int status)
{
	struct txn_call *call = s->kind == TXN_INVITE_CLIENT && status >= 300 ? txn_calls_of(self->calls, s->client.served) : 0;

	if (call && !call->heir)
		txn_call_failed(&self->blocks, call, status, 0);
}

/* A 2xx of a call that nobody knows any more goes where the Via below ours says, 16.7 and RFC 6026 8.1: a proxy does that. */
static void pass_on(struct txn *self, const struct wire_parcel *in)
{
	struct wire_head head = *in->head;

	head.to = svc_pick_near(self->svc, WIRE_PROXY, in->head->branch);
	rt_log(RT_LOG_I, "txn.passed_on", head.trail, "status=%u owner=%u", in->msg.index->status, (uint32_t)head.context);
	if (!head.to || svc_post(self->svc, &head, &in->msg) < 0)
		++*self->count.strays;
}

/* ---- Who lost: 16.7 step 10 ---- */

/* Reason: RFC 3326. Before a provisional there is no CANCEL, 9.1. */
static void cancel_lost(struct txn *self, struct txn_slot *s)
{
	const struct txn_hand hand = { .msg = { .text = SLICE("Reason: SIP;cause=200;text=\"Call completed elsewhere\"\r\n") } };

	if (s->state == TXN_PROCEEDING && !s->client.other)
		txn_step(self, s, TXN_EV_GIVE_UP, &hand);
}

void txn_client_lost(struct txn *self, rt_handle server)
{
	const struct txn_call *call = txn_calls_of(self->calls, server);

	for (int i = 0; call && i < call->n; i++) {
		struct txn_slot *s = txn_slots_client(self->slots, call->client[i]);

		if (!s || !txn_state_waits(s->state))
			continue;
		s->client.lost = true;
		cancel_lost(self, s);
	}
}

void txn_client_response(struct txn *self, const struct wire_parcel *in)
{
	const struct txn_hand hand = { .head = in->head, .msg = in->msg };
	const int status = in->msg.index->status;
	struct txn_slot *s = answered(self, in);

	if ((!s || txn_lapse_asks(self)) && txn_adopt_holds_response(self, in))
		return;
	if (!s && txn_elsewhere_response(self, in))
		return;
	if (!s && in->head->context && in->msg.index->method == SIP_INVITE && sip_status_success(status)) {
		pass_on(self, in);
		return;
	}
	if (!s) { /* RFC 6026 7.3: a stray response is not forwarded */
		++*self->count.strays;
		rt_log(RT_LOG_D, "txn.stray", in->head->trail, "status=%d method=" SLICE_FMT " branch=%llx", status,
		       SLICE_ARG(sip_msg_method(&in->msg)), (unsigned long long)in->head->branch);
		return;
	}
	follow_connection(s, in->head);
	if (txn_state_waits(s->state)) {
		s->status = (uint16_t)status;
		note_failure(self, s, status);
	}
	txn_step(self, s, txn_event_of_status(status), &hand);
	if (sip_status_provisional(status) && s->kind == TXN_INVITE_CLIENT && s->client.lost)
		cancel_lost(self, s); /* a provisional ends nothing: it is still there */
}

/* Its proxy is gone. True: the call is finished here. */
static bool inherit(struct txn *self, const struct txn_slot *s)
{
	struct txn_call *call = s->kind == TXN_INVITE_CLIENT ? txn_calls_of(self->calls, s->client.served) : 0;

	if (call)
		txn_heir_take(self, call);
	return call;
}

void txn_client_up(struct txn *self, const struct txn_slot *s, const struct txn_hand *hand, int reason)
{
	struct wire_head head = { 0 };
	int err;

	if (s->client.lost && !(hand->msg.index && sip_status_success(hand->msg.index->status)))
		return;
	if (!s->user) {
		if (s->client.served) /* else a CANCEL: its INVITE tells */
			txn_heir_result(self, s, hand, reason);
		return;
	}
	if (hand->head) {
		head = (struct wire_head){
			.flags = hand->head->flags,
			.edge = hand->head->edge,
			.flow = hand->head->flow,
			.listener = hand->head->listener,
			.remote = hand->head->remote,
			.local = hand->head->local,
			.born = hand->head->born,
		};
	}
	head.verb = WIRE_RESULT;
	head.to = s->user;
	head.trail = s->trail;
	head.txn = s->client.served;
	head.branch = txn_slot_handle(s);
	head.context = s->client.context;
	head.slot = s->client.slot;
	head.reason = (int16_t)reason;
	err = svc_post(self->svc, &head, hand->msg.text.n ? &hand->msg : 0);
	if (err == RT_ABSENT && inherit(self, s))
		txn_heir_result(self, s, hand, reason);
	else if (err < 0)
		rt_log(RT_LOG_W, "txn.unheard", s->trail, "result=%s status=%u user=%u err=%s", rt_err_name(reason), s->status,
		       s->user, rt_err_name(err));
}

/* ---- Requests out ---- */

int txn_client_send(struct txn *self, const struct txn_slot *s, const struct sip_msg *m)
{
	struct wire_head head = {
		.verb = WIRE_DEPART,
		.to = s->edge,
		.trail = s->trail,
		.branch = txn_slot_handle(s),
		.loop = s->client.loop,
		.flow = s->flow,
		.edge = s->edge,
		.listener = s->listener,
		.remote = s->remote,
		.name_n = s->client.name_n,
	};

	if (s->client.method == SIP_CANCEL) { /* the Via of its INVITE; `context` tells the two apart in UNSENT */
		head.branch = s->client.other;
		head.context = txn_slot_handle(s);
		s = txn_slots_client(self->slots, s->client.other);
	}
	if (s && s->client.owner) {
		head.as = s->client.owner;
		head.branch = s->client.context;
		head.context = head.context ? head.context : txn_slot_handle(s);
	}
	return txn_depart(self, &head, m);
}

/* What is made from a request goes to whom it went: his name is put behind it, too. */
static int take_name(struct txn *self, const struct txn_kept *from, struct sip_msg *m)
{
	const struct sip_msg original = txn_kept_msg(from);
	char *text = from->name_n ? rt_arena_raw(svc_arena(self->svc), m->text.n + from->name_n) : 0;

	if (!from->name_n)
		return 0;
	if (!text)
		return RT_NOMEM;
	memcpy(text, m->text.p, m->text.n);
	memcpy(text + m->text.n, original.text.p + original.text.n, from->name_n);
	m->text.p = text;
	return 0;
}

int txn_client_send_ack(struct txn *self, struct txn_slot *s, const struct txn_hand *hand)
{
	struct sip_msg invite, ack;
	int err;

	if (!s->kept)
		return 0;
	invite = txn_kept_msg(s->kept);
	err = txn_ack(svc_arena(self->svc), &invite, &hand->msg, &ack);
	if (err == 0)
		err = take_name(self, s->kept, &ack);
	if (err < 0) {
		rt_log(RT_LOG_W, "txn.no_ack", s->trail, "err=%s", rt_err_name(err));
		return 0;
	}
	err = txn_client_send(self, s, &ack);
	txn_slot_keep(s, sip_transport_reliable(s->remote.proto) ? 0 : txn_kept_new(&self->blocks, &ack, TXN_KEEP_WHOLE, s->client.name_n));
	return err;
}

/* 9.1: same destination, same branch, a transaction of its own. */
int txn_client_send_cancel(struct txn *self, struct txn_slot *s, const struct txn_hand *hand)
{
	const struct wire_head like = {
		.name_n = s->client.name_n,
		.trail = s->trail,
		.flow = s->flow,
		.remote = s->remote,
		.edge = s->edge,
		.listener = s->listener,
		.loop = s->client.loop,
	};
	struct txn_hand cancel = { 0 };
	struct txn_slot *c;
	struct sip_msg invite;

	if (!s->kept)
		return 0;
	invite = txn_kept_msg(s->kept);
	if (txn_cancel(svc_arena(self->svc), &invite, hand->msg.text, &cancel.msg) < 0 || take_name(self, s->kept, &cancel.msg) < 0)
		return 0;
	c = open_client(self, TXN_PLAIN_CLIENT, &like);
	if (!c) {
		rt_log(RT_LOG_W, "txn.full", s->trail, "side=client live=%u", txn_slots_clients(self->slots));
		return 0; /* Timer X ends the INVITE all the same */
	}
	c->client.method = SIP_CANCEL;
	c->client.other = txn_slot_handle(s);
	s->client.other = txn_slot_handle(c);
	txn_step(self, c, TXN_EV_START, &cancel);
	return 0;
}

void txn_client_give_up(struct txn *self, const struct wire_parcel *in)
{
	const struct txn_hand hand = { .head = in->head, .msg = { .text = in->msg.text } };
	struct txn_slot *s = txn_slots_client(self->slots, in->head->branch);
	const bool forget = in->head->flags & WIRE_FORGET;

	if (!s) { /* it ended before this came; its user may still be waiting to hear so */
		if (!forget && in->head->context)
			refuse(self, in->head, RT_TIMEOUT);
		return;
	}
	if (!forget && s->client.other)
		return; /* cancelled already */
	txn_step(self, s, forget ? TXN_EV_FORGET : TXN_EV_GIVE_UP, &hand);
}
