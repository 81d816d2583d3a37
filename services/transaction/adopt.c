/* SPDX-License-Identifier: MIT */
/*
 * adopt: a worker of this tier is gone; its calls that ring are read from Redis and finished here (heir.c).
 *
 *   UNKNOWN --left the members, or named by a branch--> READING --last page--> DONE
 *                                                          |  what cannot be told apart yet waits here, at most HELD_MS
 *
 * Each of the workers that are left takes the calls whose requests are now its own by rendezvous.
 */
#include <stdlib.h>

#include "loc/calls.h"
#include "txn.h"

enum { HELD_MS = 2000 };

/* ---- One call ---- */

static struct slice next_line(struct slice *text)
{
	const int end = slice_find(*text, '\n');
	const struct slice line = end < 0 ? *text : slice_head(*text, (uint32_t)end);

	*text = slice_from(*text, line.n + 1);
	return line;
}

/* The transport may have died with the worker. */
static void settle_edge(struct txn *self, struct txn_slot *s)
{
	if (!wire_members_get(svc_members(self->svc), s->edge) && txn_other_edge(self, &s->remote, &s->edge, &s->listener))
		s->flow = 0;
}

static struct txn_slot *take_server(struct txn *self, const struct loc_call *call)
{
	const struct txn_match m = { .key = call->key, .check = call->check, .merge = call->merge, .method = SIP_INVITE,
				     .to_tag = call->to_tag, .cookie = true };
	struct sip_msg reply = { .text = call->reply };
	struct sip_index room;
	struct txn_slot *s;

	if (sip_msg_parse(&reply, &room, call->reply, 0) < 0 || txn_slots_find(self->slots, &m, txn_match_again))
		return 0;
	s = txn_slot_open_server(self->slots, TXN_INVITE_SERVER, &m);
	if (!s)
		return 0;
	txn_slot_keep(s, txn_kept_new(&self->blocks, &reply, TXN_KEEP_TEXT, 0));
	s->server.tag = room.facts.to_tag;
	s->server.born.sent_tag = txn_tag_hash(sip_msg_span(&reply, room.facts.to_tag), self->match_key);
	s->since = svc_now(self->svc);
	s->trail = call->trail;
	s->flow = call->flow;
	s->remote = call->remote;
	s->server.local = call->local;
	s->edge = call->edge;
	s->listener = (uint16_t)call->listener;
	settle_edge(self, s);
	s->status = reply.index->status;
	txn_appear(self, s, TXN_PROCEEDING);
	return s;
}

/* The INVITE, with the name TLS must meet behind it. */
static struct txn_kept *keep_request(struct txn *self, const struct loc_call_branch *b)
{
	char *text = rt_arena_raw(svc_arena(self->svc), b->request.n + b->name.n + 1);
	struct sip_index room;
	struct sip_msg m;

	if (!text || b->name.n > UINT8_MAX)
		return 0;
	memcpy(text, b->request.p, b->request.n);
	memcpy(text + b->request.n, b->name.p, b->name.n);
	m = (struct sip_msg){ .text = slice_of(text, b->request.n) };
	if (sip_msg_parse(&m, &room, m.text, 0) < 0)
		return 0;
	return txn_kept_new(&self->blocks, &m, TXN_KEEP_WHOLE, (uint8_t)b->name.n);
}

/* As one that rings: whether it was heard of before the death or not, a CANCEL may go to it now. */
static struct txn_slot *take_branch(struct txn *self, const struct loc_call_branch *b, const struct txn_slot *server)
{
	struct txn_kept *kept = keep_request(self, b);
	struct txn_slot *s = kept ? txn_slot_open_client(self->slots, TXN_INVITE_CLIENT) : 0;

	if (!s || txn_slots_inherit(self->slots, s, b->owner, b->branch) < 0) {
		txn_kept_free(kept);
		if (s)
			txn_slot_close(self->slots, s);
		return 0;
	}
	txn_slot_keep(s, kept);
	s->since = svc_now(self->svc);
	s->trail = server->trail;
	s->flow = b->flow;
	s->remote = b->remote;
	s->edge = b->edge;
	s->listener = (uint16_t)b->listener;
	settle_edge(self, s);
	s->client.served = txn_slot_handle(server);
	s->client.loop = b->loop;
	s->client.method = SIP_INVITE;
	s->client.name_n = (uint8_t)b->name.n;
	txn_appear(self, s, TXN_PROCEEDING);
	return s;
}

static void take_call(struct txn *self, uint64_t key, struct slice text)
{
	struct rt_arena *a = svc_arena(self->svc);
	struct txn_call *call = 0;
	struct loc_call_branch b;
	struct loc_call record;
	struct txn_slot *server, *client;

	if (loc_call_parse(&record, next_line(&text), a) < 0)
		return;
	server = take_server(self, &record);
	while (server && text.n) {
		if (loc_call_branch_parse(&b, next_line(&text), a) < 0)
			continue;
		client = take_branch(self, &b, server);
		if (client)
			call = txn_calls_add(self->calls, txn_slot_handle(server), txn_slot_handle(client));
	}
	if (!server)
		return;
	if (!call) {
		txn_end(self, server);
		return;
	}
	call->key = key;
	call->cancelled = record.cancelled;
	txn_heir_take(self, call);
	txn_keep(self, call);
}

/* ---- All calls of one worker ---- */

static struct txn_lost *lost_of(struct txn *self, uint32_t id)
{
	for (uint32_t i = 0; i < TXN_LOST_MAX; i++)
		if (self->lost[i].id == id)
			return &self->lost[i];
	return 0;
}

static void on_page(void *arg, uint64_t id, int err, const redisReply *reply);

static void read_page(struct txn *self, struct txn_lost *l, struct slice cursor)
{
	struct loc_redis *redis = svc_redis(self->svc);

	l->reading = redis && loc_calls_read(redis, l->id, cursor, on_page, self) == 0;
}

static void take_page(struct txn *self, struct txn_lost *l, const redisReply *fields)
{
	uint64_t taken[LOC_CALLS_BURST], key;
	int n = 0;

	for (size_t i = 0; i + 1 < fields->elements; i += 2) {
		const redisReply *name = fields->element[i], *value = fields->element[i + 1];

		if (!slice_hex_u64(slice_of(name->str, (uint32_t)name->len), &key) ||
		    svc_pick(self->svc, WIRE_TRANSACTION, key) != svc_id(self->svc))
			continue;
		take_call(self, key, slice_of(value->str, (uint32_t)value->len));
		rt_arena_reset(svc_arena(self->svc));
		l->calls++;
		taken[n++] = key;
		if (n == LOC_CALLS_BURST || i + 3 >= fields->elements) {
			txn_keep_flush(self); /* ours first: it is always somebody's */
			loc_calls_remove(svc_redis(self->svc), l->id, n, taken);
			n = 0;
		}
	}
	txn_keep_flush(self);
	if (n)
		loc_calls_remove(svc_redis(self->svc), l->id, n, taken);
}

static void on_page(void *arg, uint64_t id, int err, const redisReply *reply)
{
	struct txn *self = arg;
	struct txn_lost *l = lost_of(self, (uint32_t)id);
	const redisReply *cursor;

	if (!l)
		return;
	l->reading = false;
	if (err == 0 && reply->type == REDIS_REPLY_ARRAY && reply->elements == 2) {
		cursor = reply->element[0];
		take_page(self, l, reply->element[1]);
		if (cursor->len != 1 || cursor->str[0] != '0') {
			read_page(self, l, slice_of(cursor->str, (uint32_t)cursor->len));
			return;
		}
	}
	rt_log(RT_LOG_W, "txn.adopted", 0, "from=%u calls=%u%s%s", l->id, l->calls, err ? " why=" : "", err ? rt_err_name(err) : "");
	txn_adopt_replay(self);
}

static void begin(struct txn *self, uint32_t id)
{
	struct txn_lost *l = &self->lost[self->lost_at++ % TXN_LOST_MAX];

	for (uint32_t i = 0; i < TXN_LOST_MAX; i++) /* two at once: what the other would have taken is ours now */
		if (self->lost[i].id && !self->lost[i].reading)
			read_page(self, &self->lost[i], SLICE("0"));
	*l = (struct txn_lost){ .id = id };
	read_page(self, l, SLICE("0"));
}

static bool is_reading(const struct txn *self)
{
	for (uint32_t i = 0; i < TXN_LOST_MAX; i++)
		if (self->lost[i].reading)
			return true;
	return false;
}

/* ---- Who is gone ---- */

/* It only did not run for a while; when it dies one day, its calls are read again. */
static void is_back(struct txn *self, uint32_t id)
{
	struct txn_lost *l = lost_of(self, id);

	if (l && !l->reading)
		*l = (struct txn_lost){ 0 };
}

void txn_adopt_look(struct txn *self)
{
	const struct wire_members *members = svc_members(self->svc);
	const struct wire_member *m;
	uint32_t iter = 0, kept = 0;

	if (self->peers_seen == wire_members_generation(members))
		return;
	self->peers_seen = wire_members_generation(members);
	for (uint32_t i = 0; i < self->npeer; i++)
		if (!wire_members_get(members, self->peer[i]) && svc_config(self->svc)->transaction_keep != SVC_KEEP_OFF &&
		    !lost_of(self, self->peer[i]))
			begin(self, self->peer[i]);
	while ((m = wire_members_each(members, &iter)))
		if (m->tier == WIRE_TRANSACTION && m->id != svc_id(self->svc)) {
			self->peer[kept++] = m->id;
			is_back(self, m->id);
		}
	self->npeer = kept;
}

/* ---- What waits ---- */

static bool hold(struct txn *self, const struct wire_parcel *in)
{
	struct txn_held *h = self->nheld < TXN_HELD_MAX ? &self->held[self->nheld] : 0;

	if (!h || self->replaying)
		return false;
	*h = (struct txn_held){ .head = *in->head, .kept = txn_kept_new(&self->blocks, &in->msg, TXN_KEEP_WHOLE, 0), .since = svc_now(self->svc) };
	self->nheld += h->kept != 0;
	return h->kept;
}

bool txn_adopt_holds_request(struct txn *self, const struct wire_parcel *in)
{
	txn_adopt_look(self);
	return (is_reading(self) || txn_lapse_asks(self)) && hold(self, in);
}

bool txn_adopt_holds_response(struct txn *self, const struct wire_parcel *in)
{
	const uint32_t owner = (uint32_t)in->head->context;
	const struct txn_lost *l;

	if (txn_lapse_asks(self))
		return hold(self, in);
	if (!owner || svc_config(self->svc)->transaction_keep == SVC_KEEP_OFF)
		return false;
	txn_adopt_look(self);
	l = lost_of(self, owner);
	if (!l && !wire_members_get(svc_members(self->svc), owner)) {
		begin(self, owner);
		l = lost_of(self, owner);
	}
	return (l ? l->reading : in->head->from != owner) && hold(self, in);
}

static void replay_one(struct txn *self, const struct txn_held *h)
{
	const struct wire_parcel in = { .head = &h->head, .msg = txn_kept_msg(h->kept) };

	if (sip_msg_is_request(&in.msg))
		txn_server_request(self, &in);
	else
		txn_client_response(self, &in);
}

void txn_adopt_replay(struct txn *self)
{
	const rt_ms now = svc_now(self->svc);
	const bool reading = is_reading(self) || txn_lapse_asks(self);
	uint32_t kept = 0;

	if (self->replaying)
		return;
	self->replaying = true;
	for (uint32_t i = 0; i < self->nheld; i++) {
		const struct txn_held h = self->held[i];
		const bool awaited = h.head.context && !lost_of(self, (uint32_t)h.head.context); /* we do not miss its owner yet */

		if (now - h.since < HELD_MS && (reading || awaited)) {
			self->held[kept++] = h;
			continue;
		}
		replay_one(self, &h);
		rt_arena_reset(svc_arena(self->svc));
		txn_kept_free(h.kept);
	}
	self->nheld = kept;
	self->replaying = false;
}

void txn_adopt_close(struct txn *self)
{
	while (self->nheld)
		txn_kept_free(self->held[--self->nheld].kept);
}
