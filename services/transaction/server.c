/* SPDX-License-Identifier: MIT */
/* server: requests off the network find or open a server transaction; answers drive it. RFC 3261 17.2, 9.2, 8.2.2.2. */
#include "sip/draft.h"
#include "txn.h"

/* ---- What this layer answers by itself ---- */

/* Seconds until somebody who was refused tries again: not all at once. */
static unsigned soon(struct txn *self, const struct sip_msg *request)
{
	const struct slice call = sip_msg_get(request, SIP_HDR_CALL_ID);

	return 2 + (unsigned)(rt_hash(self->match_key, call.p, call.n) % 8);
}

int txn_reply(struct txn *self, const struct sip_msg *request, int status, struct slice tag, struct sip_msg *out)
{
	struct rt_arena *a = svc_arena(self->svc);
	struct sip_draft *d = sip_draft_reply(a, request, status, SLICE_NONE, tag);

	if (!d)
		return RT_NOMEM;
	if (status == 503)
		sip_draft_set(d, SIP_HDR_RETRY_AFTER, rt_arena_printf(a, "%u", soon(self, request)));
	return sip_draft_render(d, a, out);
}

struct slice txn_own_tag(struct txn *self, const struct sip_msg *request)
{
	struct txn_match m;

	txn_match_request(&m, request, self->match_key);
	return rt_arena_hex(svc_arena(self->svc), rt_mix(m.check, m.key));
}

/* The head of a parcel about the request that came in `in`. */
static struct wire_head about(const struct wire_head *in, uint8_t verb, uint32_t to)
{
	return (struct wire_head){
		.verb = verb,
		.to = to,
		.trail = in->trail,
		.flags = in->flags & WIRE_PEER,
		.flow = in->flow,
		.edge = in->edge,
		.listener = in->listener,
		.born = in->born,
		.remote = in->remote,
		.local = in->local,
	};
}

/* 503 without a transaction. */
static void refuse(struct txn *self, const struct wire_parcel *in)
{
	const struct wire_head head = about(in->head, WIRE_DEPART, in->head->edge);
	struct sip_msg out;

	++*self->count.refused;
	if (txn_reply(self, &in->msg, 503, txn_own_tag(self, &in->msg), &out) == 0 && svc_post(self->svc, &head, &out) < 0)
		rt_log(RT_LOG_D, "txn.unsent", in->head->trail, "status=503 edge=%u", in->head->edge);
}

/* ---- New transactions ---- */

static struct txn_slot *open_server(struct txn *self, const struct wire_parcel *in, const struct txn_match *m)
{
	const enum txn_kind kind = m->method == SIP_INVITE ? TXN_INVITE_SERVER : TXN_PLAIN_SERVER;
	struct txn_slot *s = txn_slot_open_server(self->slots, kind, m);

	if (!s) {
		rt_log(RT_LOG_W, "txn.full", in->head->trail, "side=server live=%u answer=503", txn_slots_servers(self->slots));
		refuse(self, in);
		return 0;
	}
	s->since = svc_now(self->svc);
	s->trail = in->head->trail;
	s->flow = in->head->flow;
	s->remote = in->head->remote;
	s->server.local = in->head->local;
	s->edge = in->head->edge;
	s->listener = in->head->listener;
	*self->count.servers = txn_slots_servers(self->slots);
	return s;
}

static void answer_here(struct txn *self, struct txn_slot *s, const struct sip_msg *request, int status, struct slice tag)
{
	struct txn_hand hand = { 0 };

	if (txn_reply(self, request, status, tag, &hand.msg) < 0) {
		txn_end(self, s);
		return;
	}
	s->status = (uint16_t)status;
	txn_step(self, s, txn_event_of_status(status), &hand);
}

/* A request that gets no transaction: ACK for a 2xx, CANCEL that matches nothing, whatever is for a domain without state. */
static void pass(struct txn *self, const struct wire_parcel *in)
{
	const uint32_t user = txn_user(self, in);
	const struct wire_head head = about(in->head, WIRE_OFFER, user);
	const bool answerable = in->msg.index->method != SIP_ACK && in->msg.index->method != SIP_CANCEL;

	if (user && svc_post(self->svc, &head, &in->msg) == 0)
		return;
	rt_log(RT_LOG_W, "txn.nobody", in->head->trail, "method=" SLICE_FMT " answer=%d", SLICE_ARG(sip_msg_method(&in->msg)),
	       answerable ? 503 : 0);
	if (answerable)
		refuse(self, in);
}

/* Its user gives no sign of life, nor has it a colleague: what begins something is better refused than left to wait. */
static bool hangs(struct txn *self, uint32_t user, const struct sip_msg *request)
{
	return !request->index->facts.to_tag.n && svc_wait(self->svc, user) >= WIRE_STALLED;
}

static void new_request(struct txn *self, const struct wire_parcel *in, const struct txn_match *m)
{
	const enum txn_event arrival = m->method == SIP_INVITE && txn_is_stranger(self, in) ? TXN_EV_STRANGER : TXN_EV_START;
	const bool merged = txn_slots_merged(self->slots, m);
	struct wire_head head = *in->head;
	const struct txn_hand hand = { .head = &head, .msg = in->msg };
	struct txn_slot *s = open_server(self, in, m);

	if (!s)
		return;
	head.flags = (uint8_t)((head.flags & ~WIRE_MERGED) | (merged ? WIRE_MERGED : 0));
	s->user = txn_user(self, in);
	if (s->user && !hangs(self, s->user, &in->msg)) {
		txn_step(self, s, arrival, &hand);
		return;
	}
	++*self->count.refused;
	rt_log(RT_LOG_W, "txn.nobody", s->trail, "method=" SLICE_FMT " answer=503", SLICE_ARG(sip_msg_method(&in->msg)));
	answer_here(self, s, &in->msg, 503, txn_own_tag(self, &in->msg));
}

/* ---- ACK and CANCEL ---- */

/* It matches nothing here. Another worker may know it; else the proxy knows what it is. */
static void lost(struct txn *self, const struct wire_parcel *in)
{
	if (!txn_elsewhere(self, in))
		pass(self, in);
}

static void ack(struct txn *self, const struct wire_parcel *in, const struct txn_match *m)
{
	const struct txn_hand hand = { .head = in->head, .msg = in->msg };
	struct txn_slot *s = txn_slots_find(self->slots, m, txn_match_ack);

	if (s)
		txn_step(self, s, TXN_EV_ACK, &hand);
	else if (!slice_eq(sip_msg_span(&in->msg, in->msg.index->facts.to_tag), txn_own_tag(self, &in->msg)))
		lost(self, in); /* else it is for a 503 that has no transaction */
}

/* To tag of a CANCEL's 200: that of the INVITE's responses when there is one, 9.2; else the one the proxy gives when it ends the INVITE itself. */
static struct slice tag_of(struct txn *self, const struct txn_slot *s, const struct sip_msg *cancel)
{
	const struct sip_span tag = s->server.tag;
	struct sip_msg kept;

	if (!s->kept || !tag.n)
		return sip_reply_tag(svc_arena(self->svc), cancel, self->tag_key);
	kept = txn_kept_msg(s->kept);
	return rt_arena_copy(svc_arena(self->svc), sip_msg_span(&kept, tag));
}

static void cancel(struct txn *self, const struct wire_parcel *in, const struct txn_match *m)
{
	const struct txn_hand hand = { .head = in->head, .msg = in->msg };
	struct txn_slot *s = txn_slots_find(self->slots, m, txn_match_cancel), *own;

	if (!s) {
		if (!txn_adopt_holds_request(self, in))
			lost(self, in);
		return;
	}
	own = open_server(self, in, m);
	if (own)
		answer_here(self, own, &in->msg, 200, tag_of(self, s, &in->msg));
	txn_step(self, s, TXN_EV_CANCEL, &hand);
}

/* Still waiting for a proxy or registrar that died: the request has come again, so another one can be asked. */
static bool ask_another(struct txn *self, struct txn_slot *s, const struct txn_hand *again, const struct wire_parcel *in)
{
	if (s->kind != TXN_PLAIN_SERVER || s->state != TXN_TRYING || !s->user || wire_members_get(svc_members(self->svc), s->user))
		return false;
	s->user = txn_user(self, in);
	rt_log(RT_LOG_I, "txn.another", s->trail, "user=%u", s->user);
	return s->user && txn_server_up(self, s, TXN_EV_START, again) == 0;
}

void txn_server_request(struct txn *self, const struct wire_parcel *in)
{
	const struct txn_hand hand = { .head = in->head, .msg = in->msg };
	struct txn_match m;
	struct txn_slot *s;

	if (txn_lapse_drops(self, in))
		return;
	txn_match_request(&m, &in->msg, self->match_key);
	if (m.method == SIP_ACK) {
		ack(self, in, &m);
		return;
	}
	s = txn_slots_find(self->slots, &m, txn_match_again);
	if (s && ask_another(self, s, &hand, in))
		return;
	if (s)
		txn_step(self, s, TXN_EV_AGAIN, &hand);
	else if (m.method == SIP_CANCEL)
		cancel(self, in, &m);
	else if (txn_is_stateless(self, in))
		pass(self, in);
	else if (!txn_elsewhere_again(self, in) && !(m.method == SIP_INVITE && txn_adopt_holds_request(self, in)) && !txn_lapse_is_shy(self, in))
		new_request(self, in, &m);
}

/* ---- What the user says ---- */

/* A response to a request that never had a transaction. */
static void pass_answer(struct txn *self, const struct wire_parcel *in)
{
	const struct wire_head head = about(in->head, WIRE_DEPART, in->head->edge);

	if (svc_post(self->svc, &head, &in->msg) < 0)
		rt_log(RT_LOG_D, "txn.unsent", in->head->trail, "edge=%u", in->head->edge);
}

/* What the caller heard first is what he hears again. Written when the burst ends, when the response is in its place. */
static void note_ringing(struct txn *self, const struct txn_slot *s, int status)
{
	struct txn_call *call = self->keep.on && status > 100 && status < 200 ? txn_calls_of(self->calls, txn_slot_handle(s)) : 0;

	if (!call || call->rang)
		return;
	call->rang = true;
	txn_keep_now(self, call);
}

void txn_server_answer(struct txn *self, const struct wire_parcel *in)
{
	const struct txn_hand hand = { .head = in->head, .msg = in->msg };
	const int status = in->msg.index ? in->msg.index->status : 0;
	struct txn_slot *s = txn_slots_server(self->slots, in->head->txn);

	if (in->head->txn == 0) {
		pass_answer(self, in);
		return;
	}
	if (!s || !status) {
		rt_log(RT_LOG_D, "txn.late", in->head->trail, "status=%d from=%u", status, in->head->from);
		return;
	}
	if (s->kind == TXN_PLAIN_SERVER && status == 408) { /* RFC 4320 4.2: it would only come too late; Timer Z ends it */
		rt_log(RT_LOG_D, "txn.unanswered", s->trail, "status=408 from=%u", in->head->from);
		return;
	}
	if (txn_state_waits(s->state))
		s->status = (uint16_t)status;
	note_ringing(self, s, status);
	if (s->kind == TXN_INVITE_SERVER && sip_status_success(status) && txn_state_waits(s->state))
		txn_client_lost(self, in->head->txn);
	if (in->head->flags & WIRE_FORGET && s->state == TXN_TRYING && sip_status_final(status))
		txn_step(self, s, TXN_EV_FORGET, &hand);
	else
		txn_step(self, s, txn_event_of_status(status), &hand);
}

/* ---- Acts ---- */

bool txn_other_edge(struct txn *self, const struct sip_hop *remote, uint32_t *edge, uint16_t *listener)
{
	const uint32_t id = svc_pick_near(self->svc, WIRE_TRANSPORT, sip_hop_hash(remote));
	const struct wire_member *other = id && id != *edge ? wire_members_get(svc_members(self->svc), id) : 0;
	const int found = other ? wire_member_listener(other, (enum sip_transport)remote->proto, remote->family, *listener) : -1;

	if (found < 0)
		return false;
	*edge = id;
	*listener = (uint16_t)found;
	return true;
}

int txn_depart(struct txn *self, const struct wire_head *head, const struct sip_msg *m)
{
	const int err = svc_post(self->svc, head, m);
	struct wire_head again = *head;

	if (err != RT_ABSENT || !txn_other_edge(self, &head->remote, &again.edge, &again.listener))
		return err;
	again.to = again.edge;
	again.flow = 0;
	return svc_post(self->svc, &again, m);
}

int txn_server_send(struct txn *self, const struct txn_slot *s, const struct sip_msg *m)
{
	const struct wire_head head = {
		.verb = WIRE_DEPART,
		.to = s->edge,
		.trail = s->trail,
		.txn = txn_slot_handle(s),
		.flow = s->flow,
		.edge = s->edge,
		.listener = s->listener,
		.remote = s->remote,
		.local = s->server.local,
	};

	return txn_depart(self, &head, m);
}

/* 8.2.6.1: the caller's Timestamp, and how long we took when that is more than nothing. */
static int trying(struct txn *self, const struct txn_slot *s, const struct sip_msg *request, struct sip_msg *out)
{
	const rt_ms took = svc_now(self->svc) - s->since;
	const struct slice stamp = sip_msg_get(request, SIP_HDR_TIMESTAMP);
	struct rt_arena *const a = svc_arena(self->svc);
	struct sip_draft *const d = sip_draft_reply(a, request, 100, SLICE_NONE, SLICE_NONE);

	if (!d)
		return RT_NOMEM;
	if (took && slice_present(stamp) && slice_find(stamp, ' ') < 0)
		sip_draft_set(d, SIP_HDR_TIMESTAMP, rt_arena_printf(a, SLICE_FMT " %u.%03u", SLICE_ARG(stamp), (unsigned)(took / 1000),
								    (unsigned)(took % 1000)));
	return sip_draft_render(d, a, out);
}

int txn_server_send_100(struct txn *self, struct txn_slot *s, const struct txn_hand *hand)
{
	struct sip_msg request = hand->msg, out;

	if (!request.index && s->kept)
		request = txn_kept_msg(s->kept);
	if (!request.index || trying(self, s, &request, &out) < 0)
		return 0; /* the caller goes on retransmitting; nothing is lost */
	txn_slot_keep(s, txn_kept_new(&self->blocks, &out, TXN_KEEP_TEXT, 0));
	return txn_server_send(self, s, &out);
}

int txn_server_up(struct txn *self, struct txn_slot *s, enum txn_event ev, const struct txn_hand *hand)
{
	const bool cancelled = ev == TXN_EV_CANCEL;
	struct wire_head head;

	if (cancelled)
		txn_heir_cancel(self, s);
	if (!s->user || !hand->head)
		return 0;
	head = about(hand->head, cancelled ? WIRE_ABANDON : WIRE_OFFER, s->user);
	head.flags |= hand->head->flags & WIRE_MERGED;
	if (ev != TXN_EV_ACK) /* the ACK for a 2xx is not of this transaction: 17, RFC 6026 */
		head.txn = txn_slot_handle(s);
	return svc_post(self->svc, &head, &hand->msg);
}

void txn_server_up_error(struct txn *self, const struct txn_slot *s, int reason)
{
	const struct wire_head head = {
		.verb = WIRE_ABANDON,
		.to = s->user,
		.trail = s->trail,
		.txn = txn_slot_handle(s),
		.reason = (int16_t)reason,
		.edge = s->edge,
		.flow = s->flow,
		.listener = s->listener,
		.remote = s->remote,
	};

	if (s->user && svc_post(self->svc, &head, 0) < 0)
		rt_log(RT_LOG_D, "txn.unheard", s->trail, "reason=%s user=%u", rt_err_name(reason), s->user);
}
