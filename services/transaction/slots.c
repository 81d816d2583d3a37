/* SPDX-License-Identifier: MIT */
/* slots: one pool for both sides, since a handle names one thing only; a count and a limit for each. */
#include "slots.h"

#include <stdlib.h>

#include "rt/table.h"

struct txn_slots {
	struct rt_pool *pool;
	struct rt_table *by_key, *by_merge, *by_branch; /* by_branch: inherited ones */
	uint32_t max_each, clients, servers;
};

enum { POOL_MAX = (1 << 24) - 1, TABLE_ROOM = 1024 };

struct txn_slots *txn_slots_new(uint32_t max_each)
{
	struct txn_slots *self = calloc(1, sizeof(*self));

	if (!self)
		return 0;
	self->max_each = max_each;
	self->pool = rt_pool_new(sizeof(struct txn_slot), max_each > POOL_MAX / 2 ? POOL_MAX : 2 * max_each);
	self->by_key = rt_table_new(TABLE_ROOM);
	self->by_merge = rt_table_new(TABLE_ROOM);
	self->by_branch = rt_table_new(TABLE_ROOM);
	if (!self->pool || !self->by_key || !self->by_merge || !self->by_branch)
		txn_slots_destroy(&self);
	return self;
}

void txn_slots_destroy(struct txn_slots **self_p)
{
	struct txn_slots *self = *self_p;
	rt_handle h;

	if (!self)
		return;
	for (uint32_t i = 0; self->pool && i < rt_pool_slots(self->pool); i++) {
		struct txn_slot *s = rt_pool_at(self->pool, i, &h);

		if (s)
			txn_kept_free(s->kept);
	}
	rt_pool_destroy(&self->pool);
	rt_table_destroy(&self->by_key);
	rt_table_destroy(&self->by_merge);
	rt_table_destroy(&self->by_branch);
	free(self);
	*self_p = 0;
}

static struct txn_slot *open_slot(struct txn_slots *self, enum txn_kind kind)
{
	rt_handle h;
	struct txn_slot *s = rt_pool_take(self->pool, &h);

	if (!s)
		return 0;
	s->timer.owner = h;
	s->kind = (uint8_t)kind;
	s->state = TXN_BORN;
	return s;
}

struct txn_slot *txn_slot_open_client(struct txn_slots *self, enum txn_kind kind)
{
	struct txn_slot *s = self->clients < self->max_each ? open_slot(self, kind) : 0;

	if (s)
		self->clients++;
	return s;
}

struct txn_slot *txn_slot_open_server(struct txn_slots *self, enum txn_kind kind, const struct txn_match *m)
{
	struct txn_slot *s = self->servers < self->max_each ? open_slot(self, kind) : 0;

	if (!s)
		return 0;
	s->server.born = (struct txn_born_from){
		.key = m->key,
		.check = m->check,
		.merge = m->merge,
		.method = m->method,
		.to_tag = m->to_tag,
		.cookie = m->cookie,
	};
	if (rt_table_put(self->by_key, m->key, txn_slot_handle(s)) < 0) {
		rt_pool_give(self->pool, txn_slot_handle(s));
		return 0;
	}
	if (m->merge && rt_table_put(self->by_merge, m->merge, txn_slot_handle(s)) < 0)
		s->server.born.merge = 0; /* it will not be found as a merged one: a SHOULD, 8.2.2.2 */
	self->servers++;
	return s;
}

void txn_slot_close(struct txn_slots *self, struct txn_slot *s)
{
	const rt_handle h = txn_slot_handle(s);

	txn_slot_keep(s, 0);
	if (txn_kind_is_client(s->kind)) {
		self->clients--;
		if (s->client.owner)
			rt_table_drop(self->by_branch, rt_mix(s->client.owner, s->client.context), h);
	} else {
		self->servers--;
		rt_table_drop(self->by_key, s->server.born.key, h);
		if (s->server.born.merge)
			rt_table_drop(self->by_merge, s->server.born.merge, h);
	}
	rt_pool_give(self->pool, h);
}

void txn_slot_keep(struct txn_slot *s, struct txn_kept *k)
{
	txn_kept_free(s->kept);
	s->kept = k;
	if (!txn_kind_is_client(s->kind))
		s->server.tag = (struct sip_span){ 0, 0 };
}

int txn_slots_inherit(struct txn_slots *self, struct txn_slot *s, uint32_t owner, rt_handle branch)
{
	const int err = rt_table_put(self->by_branch, rt_mix(owner, branch), txn_slot_handle(s));

	if (err == 0) {
		s->client.owner = owner;
		s->client.context = branch;
	}
	return err;
}

struct txn_slot *txn_slots_inherited(const struct txn_slots *self, uint32_t owner, rt_handle branch)
{
	uint64_t h;

	for (uint32_t i = 0; rt_table_each(self->by_branch, rt_mix(owner, branch), &i, &h);) {
		struct txn_slot *s = txn_slots_client(self, h);

		if (s && s->client.owner == owner && s->client.context == branch)
			return s;
	}
	return 0;
}

struct txn_slot *txn_slots_any(const struct txn_slots *self, rt_handle h)
{
	return rt_pool_get(self->pool, h);
}

struct txn_slot *txn_slots_client(const struct txn_slots *self, rt_handle h)
{
	struct txn_slot *s = rt_pool_get(self->pool, h);

	return s && txn_kind_is_client(s->kind) ? s : 0;
}

struct txn_slot *txn_slots_server(const struct txn_slots *self, rt_handle h)
{
	struct txn_slot *s = rt_pool_get(self->pool, h);

	return s && !txn_kind_is_client(s->kind) ? s : 0;
}

struct txn_slot *txn_slots_find(const struct txn_slots *self, const struct txn_match *m, txn_same_fn *same)
{
	uint64_t h;

	for (uint32_t i = 0; rt_table_each(self->by_key, m->key, &i, &h);) {
		struct txn_slot *s = txn_slots_server(self, h);

		if (s && same(&s->server.born, m))
			return s;
	}
	return 0;
}

bool txn_slots_merged(const struct txn_slots *self, const struct txn_match *m)
{
	uint64_t h;
	uint32_t i = 0;

	return m->merge && rt_table_each(self->by_merge, m->merge, &i, &h);
}

uint32_t txn_slots_clients(const struct txn_slots *self)
{
	return self->clients;
}

uint32_t txn_slots_servers(const struct txn_slots *self)
{
	return self->servers;
}

struct txn_slot *txn_slots_at(const struct txn_slots *self, uint32_t n)
{
	rt_handle h;

	return rt_pool_at(self->pool, n, &h);
}

uint32_t txn_slots_made(const struct txn_slots *self)
{
	return rt_pool_slots(self->pool);
}

static size_t kept_bytes(const struct txn_kept *k)
{
	return offsetof(struct txn_kept, bytes) + k->index_n + k->text_n + k->name_n;
}

struct txn_kept *txn_kept_new(struct rt_blocks *home, const struct sip_msg *m, enum txn_keep what, uint8_t name_n)
{
	const uint16_t index_n = what == TXN_KEEP_TEXT || !m->index ? 0 : (uint16_t)SIP_INDEX_BYTES(m->index->nfield);
	const uint32_t text_n = what == TXN_KEEP_HEAD ? m->index->head_n : m->text.n;
	const struct txn_kept like = { .home = home, .text_n = text_n, .index_n = index_n, .name_n = name_n };
	struct txn_kept *k = rt_blocks_take(home, kept_bytes(&like));
	struct sip_index *index;

	if (!k)
		return 0;
	memcpy(k, &like, offsetof(struct txn_kept, bytes));
	if (index_n)
		memcpy(k->bytes, m->index, index_n);
	memcpy(k->bytes + index_n, m->text.p, text_n);
	if (name_n)
		memcpy(k->bytes + index_n + text_n, m->text.p + m->text.n, name_n);
	if (index_n && what == TXN_KEEP_HEAD) {
		index = (struct sip_index *)(void *)k->bytes;
		index->body_n = 0;
	}
	return k;
}

void txn_kept_free(struct txn_kept *k)
{
	if (k)
		rt_blocks_give(k->home, k, kept_bytes(k));
}

struct sip_msg txn_kept_msg(const struct txn_kept *k)
{
	return (struct sip_msg){
		.text = slice_of(k->bytes + k->index_n, k->text_n),
		.index = k->index_n ? (const struct sip_index *)(const void *)k->bytes : 0,
	};
}
