/* SPDX-License-Identifier: MIT */
/*
 * keep: what a successor needs of a call that rings, written to Redis before its caller hears that it rings (loc/calls.h).
 *
 *   FORK                     --> due[]  --20 ms-->  one HSET for 16      no answer is waited for: with Redis away
 *   first 180, CANCEL        --> due[]  --burst-->  likewise             nothing is kept, and nothing else changes
 *   final answer             --> gone[] --20 ms-->  one HDEL for 16
 *
 * What is over in 20 ms is never written, and a phone that rings so soon is written once.
 */
#include "loc/calls.h"
#include "txn.h"

enum { SOON_MS = 20, STAY_MS = 10000, LINE_MAX_BYTES = 16384, CATCH_UP = 4096 /* slots, 4 times a second */ };

static bool has_successor(const struct txn *self)
{
	const struct wire_members *members = svc_members(self->svc);
	const struct wire_member *m;
	uint32_t iter = 0;

	while ((m = wire_members_each(members, &iter)))
		if (m->tier == WIRE_TRANSACTION && m->id != svc_id(self->svc))
			return true;
	return false;
}

/* Calls that rang before there was a successor are his, too. */
static void catch_up(struct txn *self)
{
	const uint32_t made = txn_slots_made(self->slots);

	for (int left = CATCH_UP; left > 0 && self->keep.at < made; left--) {
		const struct txn_slot *s = txn_slots_at(self->slots, self->keep.at++);
		struct txn_call *call = s && s->kind == TXN_INVITE_SERVER ? txn_calls_of(self->calls, txn_slot_handle(s)) : 0;

		if (!call || call->kept)
			continue;
		txn_keep(self, call);
		if (self->keep.ndue == LOC_CALLS_BURST)
			txn_keep_flush(self);
	}
}

void txn_keep_look(struct txn *self)
{
	const enum svc_keep keep = svc_config(self->svc)->transaction_keep;
	const bool was = self->keep.on;

	self->keep.on = svc_redis(self->svc) && (keep == SVC_KEEP_ON || (keep == SVC_KEEP_AUTO && has_successor(self)));
	if (self->keep.on != was) {
		rt_log(RT_LOG_I, "txn.keep", 0, "on=%d", self->keep.on);
		self->keep.at = 0;
	}
	if (self->keep.on)
		catch_up(self);
	if (self->keep.on && svc_now(self->svc) >= self->keep.stay_at) {
		self->keep.stay_at = svc_now(self->svc) + STAY_MS;
		loc_calls_stay(svc_redis(self->svc), svc_id(self->svc));
	}
}

/* ---- The record ---- */

/* Of the INVITE, what its ACK and CANCEL take over. Its Vias are the caller's, and only make it a message that reads. */
static struct slice likeness(struct rt_arena *a, const struct sip_msg *m)
{
	struct rt_cursor c = rt_cursor_on(rt_arena_raw(a, LINE_MAX_BYTES), LINE_MAX_BYTES);

	if (!c.p)
		return SLICE_NONE;
	rt_cursor_printf(&c, SLICE_FMT " " SLICE_FMT " SIP/2.0\r\nVia: " SLICE_FMT "\r\n", SLICE_ARG(sip_msg_method(m)), SLICE_ARG(sip_msg_target(m)),
			 SLICE_ARG(sip_msg_get(m, SIP_HDR_VIA)));
	for (int f = sip_msg_first(m, SIP_HDR_ROUTE); f >= 0; f = sip_msg_next(m, f))
		rt_cursor_printf(&c, "Route: " SLICE_FMT "\r\n", SLICE_ARG(sip_msg_value(m, f)));
	rt_cursor_printf(&c, "Max-Forwards: 70\r\nFrom: " SLICE_FMT "\r\nTo: " SLICE_FMT "\r\nCall-ID: " SLICE_FMT "\r\nCSeq: " SLICE_FMT "\r\n\r\n",
			 SLICE_ARG(sip_msg_get(m, SIP_HDR_FROM)), SLICE_ARG(sip_msg_get(m, SIP_HDR_TO)),
			 SLICE_ARG(sip_msg_get(m, SIP_HDR_CALL_ID)), SLICE_ARG(sip_msg_get(m, SIP_HDR_CSEQ)));
	rt_arena_shrink(a, c.p, c.n);
	return c.err ? SLICE_NONE : rt_cursor_text(&c);
}

static struct loc_call_branch branch_of(struct txn *self, const struct txn_slot *s)
{
	const struct sip_msg invite = txn_kept_msg(s->kept);

	return (struct loc_call_branch){
		.owner = s->client.owner ? s->client.owner : svc_id(self->svc),
		.branch = s->client.owner ? s->client.context : txn_slot_handle(s),
		.loop = s->client.loop,
		.flow = s->flow,
		.remote = s->remote,
		.edge = s->edge,
		.listener = s->listener,
		.name = slice_of(invite.text.p + invite.text.n, s->client.name_n),
		.request = likeness(svc_arena(self->svc), &invite),
	};
}

/* Those it waits for still. */
static int branches_of(struct txn *self, const struct txn_call *call, struct loc_call_branch out[PROXY_BRANCHES_MAX], struct slice *call_id)
{
	int n = 0;

	for (int i = 0; i < call->n; i++) {
		const struct txn_slot *s = txn_slots_client(self->slots, call->client[i]);
		struct sip_msg invite;

		if (!s || !s->kept || !txn_state_waits(s->state))
			continue;
		out[n] = branch_of(self, s);
		n += slice_present(out[n].request);
		invite = txn_kept_msg(s->kept);
		*call_id = sip_msg_get(&invite, SIP_HDR_CALL_ID);
	}
	return n;
}

/* SLICE_NONE: the arena is full, or nothing of it waits any more */
static struct slice record(struct txn *self, const struct txn_call *call)
{
	const struct txn_slot *s = txn_slots_server(self->slots, call->server);
	struct loc_call_branch branch[PROXY_BRANCHES_MAX];
	struct slice call_id = SLICE("");
	const int n = s && s->kept ? branches_of(self, call, branch, &call_id) : 0;
	struct rt_arena *a = svc_arena(self->svc);
	struct rt_cursor c = rt_cursor_on(n ? rt_arena_raw(a, 2 * LINE_MAX_BYTES) : 0, 2 * LINE_MAX_BYTES);
	struct loc_call out;

	if (!n || !c.p)
		return SLICE_NONE;
	out = (struct loc_call){
		.call_id = call_id, .trail = s->trail, .flow = s->flow, .key = s->server.born.key, .check = s->server.born.check,
		.merge = s->server.born.merge, .remote = s->remote, .local = s->server.local, .edge = s->edge, .listener = s->listener,
		.to_tag = s->server.born.to_tag, .proxy = s->user, .cancelled = call->cancelled, .reply = txn_kept_msg(s->kept).text,
	};
	loc_call_render(&c, &out);
	for (int i = 0; i < n; i++)
		loc_call_branch_render(&c, &branch[i]);
	rt_arena_shrink(a, c.p, c.n);
	return c.err ? SLICE_NONE : rt_cursor_text(&c);
}

/* ---- When ---- */

static void soon(struct txn *self)
{
	if (!self->keep.ndue && !self->keep.ngone)
		svc_timer_start(self->svc, &self->keep.timer, 0, 0, SOON_MS);
}

void txn_keep(struct txn *self, struct txn_call *call)
{
	if (!self->keep.on || !call->key || call->due || self->keep.ndue == TXN_KEEP_DUE)
		return; /* so many in 20 ms: what is left out is written when it changes again */
	soon(self);
	call->due = true;
	self->keep.due[self->keep.ndue++] = txn_call_handle(call);
}

void txn_keep_end(struct txn *self, const struct txn_call *call)
{
	struct loc_redis *redis = svc_redis(self->svc);

	if (!call->kept || !redis)
		return;
	if (self->keep.ngone == TXN_KEEP_DUE) {
		loc_calls_remove(redis, svc_id(self->svc), 1, &call->key);
		return;
	}
	soon(self);
	self->keep.gone[self->keep.ngone++] = call->key;
}

static void write_some(struct txn *self, struct loc_redis *redis, const rt_handle *due, uint32_t ndue)
{
	uint64_t key[LOC_CALLS_BURST];
	struct slice text[LOC_CALLS_BURST];
	int n = 0;

	for (uint32_t i = 0; i < ndue; i++) {
		struct txn_call *call = txn_calls_get(self->calls, due[i]);

		if (!call)
			continue;
		call->due = false;
		text[n] = record(self, call);
		if (!slice_present(text[n]))
			continue;
		call->kept = true;
		key[n++] = call->key;
	}
	if (n && loc_calls_write(redis, svc_id(self->svc), n, key, text))
		rt_log(RT_LOG_D, "txn.unkept", 0, "calls=%d why=\"Redis is away\"", n);
	rt_arena_reset(svc_arena(self->svc));
}

static uint32_t up_to_burst(uint32_t n)
{
	return n < LOC_CALLS_BURST ? n : LOC_CALLS_BURST;
}

void txn_keep_now(struct txn *self, struct txn_call *call)
{
	txn_keep(self, call);
	self->keep.urgent |= call->due;
}

void txn_keep_flush(struct txn *self)
{
	struct loc_redis *redis = svc_redis(self->svc); /* NULL at the very end */
	struct txn_keeper *k = &self->keep;

	for (uint32_t i = 0; redis && i < k->ndue; i += LOC_CALLS_BURST)
		write_some(self, redis, k->due + i, up_to_burst(k->ndue - i));
	k->ndue = 0;
	k->urgent = false;
}

void txn_keep_timer(struct txn *self)
{
	struct loc_redis *redis = svc_redis(self->svc);
	struct txn_keeper *k = &self->keep;

	txn_keep_flush(self);
	for (uint32_t i = 0; redis && i < k->ngone; i += LOC_CALLS_BURST)
		loc_calls_remove(redis, svc_id(self->svc), (int)up_to_burst(k->ngone - i), k->gone + i);
	k->ngone = 0;
}
