/* SPDX-License-Identifier: MIT */
/*
 * sweep: when a proxy or registrar is gone, the transactions that waited for it are finished or ended, or they would wait for ever.
 *
 * Likewise when a transport is gone: what it was given last may have been lost with it.
 *
 * Four times a second the membership's generation is compared; only when it changed are the slots looked at, a few thousand every 10 ms.
 *
 *   an INVITE that was forked       is finished here: heir.c
 *   INVITE client of no call        CANCEL: nobody is left to take it
 *   INVITE server not forked yet    500, made from the last response sent
 *   client without any answer       of a transport that is gone: it did not leave, 17.1.4. The next hop or flow is tried at once
 *   the others                      their own timers B, F and Z end them
 */
#include "sip/draft.h"
#include "txn.h"

enum {
	LOOK_MS = 250,
	STEP_MS = 10,
	STEP_COST = 4096, /* of one step, in slots looked at */
	END_COST = 256,   /* of one transaction ended: its messages share the arena of the step */
};

static void again(struct txn *self, uint32_t ms)
{
	svc_timer_start(self->svc, &self->watch, 0, 0, ms);
}

void txn_sweep_start(struct txn *self)
{
	self->generation = wire_members_generation(svc_members(self->svc));
	txn_keep_look(self);
	txn_adopt_look(self);
	again(self, LOOK_MS);
}

static bool is_orphan(struct txn *self, const struct txn_slot *s)
{
	return s->state == TXN_PROCEEDING && s->user &&
	       (s->kind == TXN_INVITE_CLIENT || s->kind == TXN_INVITE_SERVER) &&
	       !wire_members_get(svc_members(self->svc), s->user);
}

/* An answer may come yet, over another connection; but if the request was lost, nobody waits for Timer B or F to find out. */
static bool is_cut_off(struct txn *self, const struct txn_slot *s)
{
	const bool unanswered = s->state == TXN_CALLING || s->state == TXN_TRYING;

	return unanswered && txn_kind_is_client(s->kind) && !wire_members_get(svc_members(self->svc), s->edge);
}

static void end_cut_off(struct txn *self, struct txn_slot *s)
{
	const struct txn_hand hand = { .reason = s->flow ? RT_ABSENT : RT_DOWN };

	rt_log(RT_LOG_I, "txn.cut_off", s->trail, "kind=%s edge=%u", txn_kind_name(s->kind), s->edge);
	txn_step(self, s, TXN_EV_UNSENT, &hand);
}

/* The last response (a 100 or a 18x) turned into a final one: the request itself is not kept. */
static int last_words(struct txn *self, const struct txn_slot *s, int status, struct sip_msg *out)
{
	static const enum sip_hdr gone[] = { SIP_HDR_CONTACT, SIP_HDR_RECORD_ROUTE, SIP_HDR_REQUIRE, SIP_HDR_RSEQ,
					     SIP_HDR_CONTENT_TYPE, SIP_HDR_CONTENT_DISPOSITION };
	struct rt_arena *a = svc_arena(self->svc);
	struct sip_index *room = rt_arena_raw(a, sizeof(*room));
	struct sip_msg last = txn_kept_msg(s->kept);
	struct sip_draft *d;
	struct slice to;

	if (!room || sip_msg_parse(&last, room, last.text, 0) < 0)
		return RT_BAD;
	d = sip_draft_from(a, &last);
	if (!d)
		return RT_NOMEM;
	sip_draft_status(d, status, SLICE_NONE);
	for (size_t i = 0; i < sizeof(gone) / sizeof(gone[0]); i++)
		sip_draft_remove(d, gone[i]);
	sip_draft_body(d, SLICE_NONE, SLICE(""));
	to = sip_msg_get(&last, SIP_HDR_TO);
	if (!last.index->facts.to_tag.n)
		sip_draft_set(d, SIP_HDR_TO,
			      rt_arena_printf(a, SLICE_FMT ";tag=%016llx", SLICE_ARG(to),
					      (unsigned long long)rt_mix(s->server.born.check, s->server.born.key)));
	return sip_draft_render(d, a, out);
}

void txn_last_words(struct txn *self, struct txn_slot *s, int status)
{
	struct txn_hand hand = { 0 };

	if (!s->kept || last_words(self, s, status, &hand.msg) < 0) {
		txn_end(self, s);
		return;
	}
	s->status = (uint16_t)status;
	txn_step(self, s, TXN_EV_FAIL, &hand);
}

static void end_orphan(struct txn *self, struct txn_slot *s)
{
	struct txn_call *call = txn_calls_of(self->calls, s->kind == TXN_INVITE_CLIENT ? s->client.served : txn_slot_handle(s));
	const struct txn_hand hand = { 0 };

	if (call) {
		txn_heir_take(self, call);
		return;
	}
	rt_log(RT_LOG_W, "txn.orphan", s->trail, "kind=%s user=%u", txn_kind_name(s->kind), s->user);
	s->user = 0;
	if (s->kind == TXN_INVITE_CLIENT) {
		if (!s->client.other)
			txn_step(self, s, TXN_EV_GIVE_UP, &hand);
	} else {
		txn_last_words(self, s, 500);
	}
}

void txn_sweep_tick(struct txn *self)
{
	const uint32_t generation = wire_members_generation(svc_members(self->svc));
	const uint32_t made = txn_slots_made(self->slots);
	int32_t left = STEP_COST;

	txn_keep_look(self);
	txn_adopt_look(self);
	txn_lapse_tick(self);
	if (self->nheld)
		txn_adopt_replay(self);
	if (generation != self->generation) {
		self->generation = generation;
		self->sweeping = true;
		self->sweep_at = 0;
	}
	while (self->sweeping && left > 0 && self->sweep_at < made) {
		struct txn_slot *s = txn_slots_at(self->slots, self->sweep_at++);
		const bool orphan = s && is_orphan(self, s), cut_off = s && !orphan && is_cut_off(self, s);

		if (orphan)
			end_orphan(self, s);
		if (cut_off)
			end_cut_off(self, s);
		left -= orphan || cut_off ? END_COST : 1;
	}
	self->sweeping = self->sweeping && self->sweep_at < made;
	again(self, self->sweeping ? STEP_MS : LOOK_MS);
}
