/* SPDX-License-Identifier: MIT */
/*
 * members: a small table of actors, and for each tier the ids of its live ones, which is all that a choice reads.
 *
 *   member[0..n)        records, in the order they came
 *   id[0..n)            their ids once more, so that a search reads a kilobyte at most
 *   live[tier][0..k)    ids; made anew at every change that matters
 */
#include "wire/members.h"

#include <stdlib.h>

#include "rt/hash.h"

struct wire_members {
	uint32_t n, generation;
	uint32_t nlive[WIRE_TIERS];
	uint32_t live[WIRE_TIERS][WIRE_MEMBERS_MAX];
	uint32_t id[WIRE_MEMBERS_MAX];
	struct wire_member member[WIRE_MEMBERS_MAX];
};

struct wire_members *wire_members_new(void)
{
	return calloc(1, sizeof(struct wire_members));
}

void wire_members_destroy(struct wire_members **self_p)
{
	free(*self_p);
	*self_p = 0;
}

static struct wire_member *find(const struct wire_members *self, uint32_t id)
{
	for (uint32_t i = 0; i < self->n; i++)
		if (self->id[i] == id)
			return (struct wire_member *)(uintptr_t)&self->member[i];
	return 0;
}

static void changed(struct wire_members *self)
{
	memset(self->nlive, 0, sizeof(self->nlive));
	for (uint32_t i = 0; i < self->n; i++) {
		const struct wire_member *m = &self->member[i];

		if (m->state == WIRE_LIVE)
			self->live[m->tier][self->nlive[m->tier]++] = m->id;
	}
	self->generation++;
}

static bool same_listeners(const struct wire_member *a, const struct wire_member *b)
{
	if (a->nlistener != b->nlistener)
		return false;
	for (int i = 0; i < a->nlistener; i++) {
		const struct wire_listener *x = &a->listener[i], *y = &b->listener[i];

		if (!sip_hop_same(&x->local, &y->local) || x->port != y->port || strcmp(x->host, y->host) != 0)
			return false;
	}
	return true;
}

/* Load and time of sight change every second and matter to nobody's choice. */
static bool same(const struct wire_member *a, const struct wire_member *b)
{
	return a->tier == b->tier && a->state == b->state && a->version == b->version &&
	       strcmp(a->ipc, b->ipc) == 0 && strcmp(a->tcp, b->tcp) == 0 && strcmp(a->host, b->host) == 0 &&
	       same_listeners(a, b);
}

int wire_members_put(struct wire_members *self, const struct wire_member *m)
{
	struct wire_member *old = find(self, m->id);

	if (old) {
		const bool news = !same(old, m);

		*old = *m;
		if (news)
			changed(self);
		return 0;
	}
	if (self->n == WIRE_MEMBERS_MAX || m->id == 0 || m->tier >= WIRE_TIERS)
		return RT_NOMEM;
	self->id[self->n] = m->id;
	self->member[self->n++] = *m;
	changed(self);
	return 0;
}

static void remove_at(struct wire_members *self, uint32_t i)
{
	self->n--;
	memmove(&self->id[i], &self->id[i + 1], (self->n - i) * sizeof(self->id[0]));
	memmove(&self->member[i], &self->member[i + 1], (self->n - i) * sizeof(self->member[0]));
}

void wire_members_drop(struct wire_members *self, uint32_t id)
{
	const struct wire_member *m = find(self, id);

	if (m) {
		remove_at(self, (uint32_t)(m - self->member));
		changed(self);
	}
}

uint32_t wire_members_expire(struct wire_members *self, uint64_t seen_before)
{
	const uint32_t had = self->n;

	for (uint32_t i = 0; i < self->n;) {
		if (self->member[i].seen < seen_before)
			remove_at(self, i);
		else
			i++;
	}
	if (self->n != had)
		changed(self);
	return had - self->n;
}

const struct wire_member *wire_members_get(const struct wire_members *self, uint32_t id)
{
	return find(self, id);
}

const struct wire_member *wire_members_each(const struct wire_members *self, uint32_t *iter)
{
	return *iter < self->n ? &self->member[(*iter)++] : 0;
}

uint32_t wire_members_generation(const struct wire_members *self)
{
	return self->generation;
}

struct best { /* of the candidates so far: the highest weight, and of equal ones the highest id */
	uint64_t weight;
	uint32_t id;
};

static void weigh(struct best *best, uint64_t key, uint32_t candidate)
{
	const uint64_t weight = rt_mix(key, candidate);

	if (!best->id || weight > best->weight || (weight == best->weight && candidate > best->id))
		*best = (struct best){ weight, candidate };
}

uint32_t wire_members_pick(const struct wire_members *self, enum wire_tier tier, uint64_t key)
{
	struct best best = { 0 };

	if (tier >= WIRE_TIERS)
		return 0;
	for (uint32_t i = 0; i < self->nlive[tier]; i++)
		weigh(&best, key, self->live[tier][i]);
	return best.id;
}

uint32_t wire_members_pick_other(const struct wire_members *self, enum wire_tier tier, uint64_t key, uint32_t not_id)
{
	struct best best = { 0 };

	for (uint32_t i = 0; i < self->n; i++)
		if (self->member[i].tier == tier && self->member[i].id != not_id)
			weigh(&best, key, self->member[i].id);
	return best.id;
}

static bool fits(const struct wire_listener *l, enum sip_transport proto, uint8_t family)
{
	return l->local.proto == proto && (family == 0 || l->local.family == family);
}

int wire_member_listener(const struct wire_member *edge, enum sip_transport proto, uint8_t family, int like)
{
	if (like >= 0 && like < edge->nlistener && fits(&edge->listener[like], proto, family))
		return like;
	for (int i = 0; i < edge->nlistener; i++)
		if (fits(&edge->listener[i], proto, family))
			return i;
	return -1;
}

static struct slice without_brackets(struct slice host)
{
	if (host.n >= 2 && host.p[0] == '[' && host.p[host.n - 1] == ']')
		return slice_of(host.p + 1, host.n - 2);
	return host;
}

static bool names_listener(const struct wire_listener *l, struct slice host, const struct sip_hop *ip, uint16_t port)
{
	struct sip_hop advertised;

	if (ip->family && sip_hop_same_ip(ip, &l->local) && (!port || port == l->local.port))
		return true;
	if (port && port != l->port)
		return false;
	if (slice_eq_nocase(without_brackets(slice_str(l->host)), host))
		return true;
	return ip->family && sip_hop_ip(&advertised, slice_str(l->host), SIP_UDP, 0) == 0 &&
	       sip_hop_same_ip(ip, &advertised);
}

/* A URI says ws for WSS as well, RFC 7118 5.2.2. */
static bool speaks(const struct wire_listener *l, enum sip_transport proto)
{
	return !proto || l->local.proto == proto || (proto == SIP_WS && l->local.proto == SIP_WSS);
}

bool wire_members_own(const struct wire_members *self, struct slice host, uint16_t port, enum sip_transport proto)
{
	struct sip_hop ip = { .family = 0 };

	host = without_brackets(host);
	if (sip_hop_ip(&ip, host, proto, port))
		ip.family = 0;
	for (uint32_t i = 0; i < self->n; i++) {
		const struct wire_member *m = &self->member[i];

		for (int k = 0; k < m->nlistener; k++) {
			const struct wire_listener *l = &m->listener[k];

			if (!speaks(l, proto))
				continue;
			if (names_listener(l, host, &ip, port))
				return true;
		}
	}
	return false;
}
