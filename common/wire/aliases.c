/* SPDX-License-Identifier: MIT */
/*
 * aliases: a list for each edge, and one table over all of them, made anew when a list changes.
 *
 *   list[k]   { edge, text as it was told, alias[0..n) }
 *   at        hash of the address, and hash of host, port and transport  ->  k << 32 | number in the list
 */
#include "wire/aliases.h"

#include <stdlib.h>

#include "rt/hash.h"
#include "rt/table.h"

struct list {
	uint32_t edge, n;
	char *text;               /* owned; hosts lie in it */
	uint32_t text_n;
	struct wire_alias *alias; /* owned */
};

struct wire_aliases {
	struct rt_table *at;
	uint32_t nlist, total;
	struct list list[WIRE_MEMBERS_MAX];
};

/* ---- One line ---- */

void wire_alias_render(struct rt_cursor *c, const struct wire_alias *alias)
{
	sip_hop_render(c, &alias->hop);
	rt_cursor_printf(c, " %u %llx " SLICE_FMT "\n", alias->listener, (unsigned long long)alias->flow, SLICE_ARG(alias->host));
}

static int read_line(struct wire_alias *out, struct slice line)
{
	struct slice hop, listener, flow;
	uint32_t number;

	if (!slice_word(&line, &hop) || !slice_word(&line, &listener) || !slice_word(&line, &flow) || !slice_word(&line, &out->host))
		return RT_BAD;
	if (sip_hop_parse(&out->hop, hop) < 0 || !slice_u32(listener, &number) || number >= WIRE_LISTENERS_MAX ||
	    !slice_hex_u64(flow, &out->flow))
		return RT_BAD;
	out->listener = (uint16_t)number;
	return 0;
}

/* ---- Lists ---- */

static void forget(struct wire_aliases *self, uint32_t k)
{
	self->total -= self->list[k].n;
	free(self->list[k].text);
	free(self->list[k].alias);
	self->list[k] = self->list[--self->nlist];
}

static struct list *list_of(struct wire_aliases *self, uint32_t edge)
{
	for (uint32_t k = 0; k < self->nlist; k++)
		if (self->list[k].edge == edge)
			return &self->list[k];
	return 0;
}

static int read_list(struct list *list, struct slice text)
{
	list->text = malloc(text.n + 1);
	list->alias = calloc(WIRE_ALIASES_MAX, sizeof(*list->alias));
	if (!list->text || !list->alias)
		return RT_NOMEM;
	memcpy(list->text, text.p, text.n);
	list->text_n = text.n;
	text.p = list->text;
	while (text.n) {
		const int end = slice_find(text, '\n');

		if (end < 0 || list->n == WIRE_ALIASES_MAX || read_line(&list->alias[list->n], slice_head(text, (uint32_t)end)) < 0)
			return RT_BAD;
		list->alias[list->n++].edge = list->edge;
		text = slice_from(text, (uint32_t)end + 1);
	}
	return 0;
}

static uint64_t name_key(struct slice host, uint16_t port, enum sip_transport proto)
{
	uint64_t key = rt_mix(port, (uint64_t)proto + 1);

	for (uint32_t i = 0; i < host.n; i++) {
		const char c = host.p[i];

		key = rt_mix(key, (uint64_t)(unsigned char)(c >= 'A' && c <= 'Z' ? c | 0x20 : c));
	}
	return key;
}

static int make_table(struct wire_aliases *self)
{
	struct rt_table *fresh = rt_table_new(64);

	for (uint32_t k = 0; fresh && k < self->nlist; k++)
		for (uint32_t i = 0; i < self->list[k].n; i++) {
			const struct wire_alias *a = &self->list[k].alias[i];
			const uint64_t value = (uint64_t)k << 32 | i;

			if (rt_table_put(fresh, sip_hop_hash(&a->hop), value) < 0 ||
			    rt_table_put(fresh, name_key(a->host, a->hop.port, a->hop.proto), value) < 0) {
				rt_table_destroy(&fresh);
				break;
			}
		}
	if (!fresh)
		return RT_NOMEM;
	rt_table_destroy(&self->at);
	self->at = fresh;
	return 0;
}

static void forget_all(struct wire_aliases *self)
{
	while (self->nlist)
		forget(self, 0);
	rt_table_destroy(&self->at);
}

int wire_aliases_take(struct wire_aliases *self, const struct wire_members *members, uint32_t edge, struct slice text)
{
	struct list *old = list_of(self, edge), fresh = { .edge = edge };
	int err;

	if (old ? slice_eq(slice_of(old->text, old->text_n), text) : text.n == 0)
		return 0;
	err = read_list(&fresh, text);
	if (err < 0) {
		free(fresh.text);
		free(fresh.alias);
		return err;
	}
	if (old)
		forget(self, (uint32_t)(old - self->list));
	for (uint32_t k = 0; k < self->nlist;)
		if (wire_members_get(members, self->list[k].edge))
			k++;
		else
			forget(self, k);
	if (self->nlist < WIRE_MEMBERS_MAX && text.n) {
		self->list[self->nlist++] = fresh;
		self->total += fresh.n;
	} else {
		free(fresh.text);
		free(fresh.alias);
	}
	err = make_table(self);
	if (err < 0)
		forget_all(self);
	return err < 0 ? err : 1;
}

/* ---- Life ---- */

struct wire_aliases *wire_aliases_new(void)
{
	return calloc(1, sizeof(struct wire_aliases));
}

void wire_aliases_destroy(struct wire_aliases **self_p)
{
	if (*self_p)
		forget_all(*self_p);
	free(*self_p);
	*self_p = 0;
}

uint32_t wire_aliases_count(const struct wire_aliases *self)
{
	return self->total;
}

/* ---- Finding ---- */

static bool is_live(const struct wire_members *members, uint32_t edge)
{
	const struct wire_member *m = wire_members_get(members, edge);

	return m && m->tier == WIRE_TRANSPORT && m->state == WIRE_LIVE;
}

static const struct wire_alias *alias_at(const struct wire_aliases *self, uint64_t value)
{
	return &self->list[value >> 32].alias[(uint32_t)value];
}

uint32_t wire_aliases_edge(const struct wire_aliases *self, const struct wire_members *members, const struct sip_hop *hop, uint32_t like)
{
	uint32_t found = 0;
	uint64_t value;

	if (!self->total)
		return 0;
	for (uint32_t i = 0; rt_table_each(self->at, sip_hop_hash(hop), &i, &value);) {
		const struct wire_alias *a = alias_at(self, value);

		if (!sip_hop_same(&a->hop, hop) || !is_live(members, a->edge))
			continue;
		if (a->edge == like)
			return like;
		found = a->edge > found ? a->edge : found;
	}
	return found;
}

const struct wire_alias *wire_aliases_named(const struct wire_aliases *self, const struct wire_members *members, struct slice host,
					    uint16_t port, enum sip_transport proto, uint32_t like, uint64_t key)
{
	const struct wire_alias *best = 0;
	uint64_t value, highest = 0;

	if (!self->total)
		return 0;
	for (uint32_t i = 0; rt_table_each(self->at, name_key(host, port, proto), &i, &value);) {
		const struct wire_alias *a = alias_at(self, value);
		const uint64_t weight = rt_mix(key, a->flow) >> 1 | (uint64_t)(a->edge == like) << 63;

		if (a->hop.port != port || a->hop.proto != proto || !slice_eq_nocase(a->host, host) || !is_live(members, a->edge))
			continue;
		if (!best || weight > highest) {
			best = a;
			highest = weight;
		}
	}
	return best;
}
