/* SPDX-License-Identifier: MIT */
/*
 * lapse: this worker did not run for seconds (stopped, swapped out, its machine paused), and the others took it for dead. Nobody may have
 * two owners, so what it finds when it wakes decides:
 *
 *   its field of tx: is gone    another worker has adopted the call: given up here, without a word to anybody
 *   still there                 it is ours; when its proxy missed us, it has forgotten the call, and heir.c finishes it
 *   old requests by UDP         were sent again since, perhaps to another worker: not taken. They come again
 *   new ones by UDP             not taken, either, until it has asked twice: a proxy elsewhere cannot answer whom it does not see again yet, and who
 *                               repeats a BYE or REGISTER would hear 100 until he gives up
 *
 *   RUNS --LAPSE_MS without a turn--> ASKS --fields--> SURE --AGAIN_MS--> asks once more: who adopts may have been about to --> RUNS
 *
 * Responses wait until the first answer. What comes later for calls given up is handed to who has them (elsewhere.c).
 */
#include <stdlib.h>

#include "loc/calls.h"
#include "rt/table.h"
#include "txn.h"

enum {
	LAPSE_MS = 2000,   /* others may miss us from here on: a beat of a second, a silence of three */
	AGAIN_MS = 1000,
	REPEATED_MS = 500, /* T1: whoever asked longer ago has asked again */
};

static rt_ms now_of(const struct txn *self)
{
	return svc_now(self->svc);
}

/* ---- Calls ---- */

/* Both its sides, and the record: it is another worker's. */
static void give_up(struct txn *self, struct txn_call *call)
{
	const struct txn_call parted = *call;
	struct txn_slot *s;

	call->kept = false; /* its field, if it has one again, is not ours */
	for (int i = 0; i < parted.n; i++) {
		s = txn_slots_client(self->slots, parted.client[i]);
		if (s)
			txn_end(self, s);
	}
	s = txn_slots_server(self->slots, parted.server);
	if (s)
		txn_end(self, s);
}

static bool is_there(const struct rt_table *fields, uint64_t key)
{
	uint32_t iter = 0;
	uint64_t one;

	return rt_table_each(fields, key, &iter, &one);
}

/* A proxy of another process, which has dropped what we asked it when it missed us. */
static bool has_dropped(const struct txn *self, uint32_t user)
{
	const struct wire_members *members = svc_members(self->svc);
	const struct wire_member *me = wire_members_get(members, svc_id(self->svc)), *other = wire_members_get(members, user);

	return !me || !other || me->pid != other->pid || strcmp(me->host, other->host) != 0;
}

/* fields NULL: we do not know what others have taken. Returns how many were given up. */
static uint32_t sort_out(struct txn *self, const struct rt_table *fields, bool missed)
{
	uint32_t given = 0;

	for (uint32_t i = 0; i < txn_slots_made(self->slots); i++) {
		struct txn_slot *s = txn_slots_at(self->slots, i);
		struct txn_call *call = s && s->kind == TXN_INVITE_SERVER ? txn_calls_of(self->calls, txn_slot_handle(s)) : 0;

		if (call && fields && call->kept && !call->due && !is_there(fields, call->key)) {
			give_up(self, call);
			given++;
		} else if (call && missed && has_dropped(self, s->user)) {
			txn_heir_take(self, call);
		}
	}
	return given;
}

/* ---- What Redis has ---- */

static struct rt_table *fields_of(const redisReply *reply)
{
	struct rt_table *out = rt_table_new((uint32_t)reply->elements + 1);
	uint64_t key;

	for (size_t i = 0; out && i < reply->elements; i++)
		if (slice_hex_u64(slice_of(reply->element[i]->str, (uint32_t)reply->element[i]->len), &key) && rt_table_put(out, key, 0))
			rt_table_destroy(&out);
	return out;
}

static void settle(struct txn *self, struct rt_table *fields)
{
	const bool missed = self->lapse.asked > 1 && svc_forgotten(self->svc) != self->lapse.forgotten;
	const uint32_t given = sort_out(self, fields, missed);

	self->lapse.asking = false;
	rt_log(RT_LOG_W, "txn.lapsed", 0, "ms=%u given_up=%u missed=%d left=%u", self->lapse.ms, given, missed, self->waiting);
	txn_adopt_replay(self);
}

static void on_fields(void *arg, uint64_t round, int err, const redisReply *reply)
{
	struct txn *self = arg;
	struct rt_table *fields = 0;

	if (round != self->lapse.round)
		return;
	if (!err && reply->type == REDIS_REPLY_ARRAY)
		fields = fields_of(reply);
	settle(self, fields);
	rt_table_destroy(&fields);
}

static void ask(struct txn *self)
{
	struct loc_redis *redis = svc_redis(self->svc);

	self->lapse.round++;
	self->lapse.asked++;
	self->lapse.asking = true;
	if (!self->keep.on || !redis || loc_calls_fields(redis, svc_id(self->svc), on_fields, self, self->lapse.round))
		settle(self, 0);
}

/* ---- Time ---- */

void txn_lapse_look(struct txn *self)
{
	const rt_ms now = now_of(self), was = self->lapse.awake;

	self->lapse.awake = now;
	if (now - was < LAPSE_MS)
		return;
	self->lapse.ms = (uint32_t)(now - was);
	self->lapse.asked = 0;
	self->lapse.again = now + AGAIN_MS;
	self->lapse.since = svc_wall_ms(self->svc);
	self->opened = now; /* a share of the requests was with others, as when one is new */
	ask(self);
}

void txn_lapse_tick(struct txn *self)
{
	if (!self->lapse.again)
		self->lapse.forgotten = svc_forgotten(self->svc);
	if (!self->lapse.again || now_of(self) < self->lapse.again)
		return;
	self->lapse.again = 0;
	ask(self);
}

bool txn_lapse_asks(const struct txn *self)
{
	return self->lapse.asking;
}

bool txn_lapse_is_shy(struct txn *self, const struct wire_parcel *in)
{
	return self->lapse.again && in->head->remote.proto == SIP_UDP && has_dropped(self, txn_user(self, in));
}

/* Another clock may have stamped it, but the same one that stamps its repetition. */
bool txn_lapse_drops(const struct txn *self, const struct wire_parcel *in)
{
	return self->lapse.again && in->head->remote.proto == SIP_UDP && in->msg.index->method != SIP_ACK &&
	       in->head->born + REPEATED_MS < self->lapse.since;
}
