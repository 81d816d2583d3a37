/* SPDX-License-Identifier: MIT */
/*
 * keep: what a successor needs of a call that rings, written to Redis at the end of the burst that changed it (loc/calls.h).
 *
 *   FORK, first 180, CANCEL  --> due[] --flush--> one HSET for all      no answer is waited for: with Redis away
 *   final answer             --> gone[] --flush--> one HDEL for all     nothing is kept, and nothing else changes
 */
#include "loc/calls.h"
#include "txn.h"

enum { STAY_MS = 10000, LINE_MAX_BYTES = 16384, CATCH_UP = 4096 /* slots, 4 times a second */ };
_Static_assert((int)TXN_KEEP_BURST == (int)LOC_CALLS_BURST, "one command for all of a burst");

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
		if (self->keep.ndue == LOC_CALLS_BURST) {
			txn_keep_flush(self);
			rt_arena_reset(svc_arena(self->svc));
		}
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

static void put_branch(struct txn *self, struct rt_cursor *c, const struct txn_slot *s)
{
	const struct sip_msg invite = txn_kept_msg(s->kept);
	const struct loc_call_branch branch = {
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

	if (slice_present(branch.request))
		loc_call_branch_render(c, &branch);
}

/* SLICE_NONE: the arena is full, or nothing of it waits any more */
static struct slice record(struct txn *self, const struct txn_call *call)
{
	const struct txn_slot *s = txn_slots_server(self->slots, call->server);
	struct rt_arena *a = svc_arena(self->svc);
	struct rt_cursor c = rt_cursor_on(rt_arena_raw(a, 2 * LINE_MAX_BYTES), 2 * LINE_MAX_BYTES);
	struct loc_call out;

	if (!s || !s->kept || !c.p)
		return SLICE_NONE;
	out = (struct loc_call){
		.call_id = SLICE(""), .trail = s->trail, .flow = s->flow, .key = s->server.born.key, .check = s->server.born.check,
		.merge = s->server.born.merge, .remote = s->remote, .edge = s->edge, .listener = s->listener,
		.to_tag = s->server.born.to_tag, .proxy = s->user, .cancelled = call->cancelled, .reply = txn_kept_msg(s->kept).text,
	};
	for (int i = 0; i < call->n; i++) {
		const struct txn_slot *b = txn_slots_client(self->slots, call->client[i]);

		if (!b || !b->kept || !txn_state_waits(b->state))
			continue;
		if (c.n == 0) {
			const struct sip_msg invite = txn_kept_msg(b->kept);

			out.call_id = sip_msg_get(&invite, SIP_HDR_CALL_ID);
			loc_call_render(&c, &out);
		}
		put_branch(self, &c, b);
	}
	return c.n && !c.err ? rt_cursor_text(&c) : SLICE_NONE;
}

/* ---- When ---- */

void txn_keep(struct txn *self, struct txn_call *call)
{
	if (!self->keep.on || !call->key || call->due)
		return;
	if (self->keep.ndue == LOC_CALLS_BURST)
		txn_keep_flush(self);
	call->due = true;
	self->keep.due[self->keep.ndue++] = txn_call_handle(call);
}

void txn_keep_end(struct txn *self, const struct txn_call *call)
{
	if (!call->kept)
		return;
	if (self->keep.ngone == LOC_CALLS_BURST)
		txn_keep_flush(self);
	self->keep.gone[self->keep.ngone++] = call->key;
}

void txn_keep_flush(struct txn *self)
{
	struct loc_redis *redis = svc_redis(self->svc); /* NULL at the very end */
	struct txn_keeper *k = &self->keep;
	uint64_t key[LOC_CALLS_BURST];
	struct slice text[LOC_CALLS_BURST];
	int n = 0;

	for (uint32_t i = 0; i < k->ndue; i++) {
		struct txn_call *call = txn_calls_get(self->calls, k->due[i]);

		if (!call)
			continue;
		call->due = false;
		text[n] = record(self, call);
		if (!slice_present(text[n]))
			continue;
		call->kept = true;
		key[n++] = call->key;
	}
	if (n && redis && loc_calls_write(redis, svc_id(self->svc), n, key, text))
		rt_log(RT_LOG_D, "txn.unkept", 0, "calls=%d why=\"Redis is away\"", n);
	if (k->ngone && redis)
		loc_calls_remove(redis, svc_id(self->svc), (int)k->ngone, k->gone);
	k->ndue = k->ngone = 0;
}
