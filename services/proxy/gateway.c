/* SPDX-License-Identifier: MIT */
/*
 * gateway: sorted arrays over one arena.
 *
 *   route    "" (that is *), "+", "+49", "+4930", ".example.org", "example.org"      by text: the longest is found by asking for less and less
 *   by_uri   hops by URI, twins side by side                                          marks
 *   source   addresses of trusted hops                                                trunks
 */
#include "gateway.h"

#include <ctype.h>
#include <stdlib.h>

#include "rt/hash.h"
#include "sip/uri.h"

enum { ARENA = 6 << 20 };

struct route {
	struct slice what;
	int group;
	uint32_t nth;
};

struct gateways {
	struct rt_arena *arena;
	struct slice group[GATEWAY_GROUPS];
	struct gateway_hop hop[GATEWAY_HOPS];
	uint16_t by_uri[GATEWAY_HOPS];
	struct sip_hop source[GATEWAY_HOPS];
	uint32_t ngroup, nhop, nroute, nsource;
	struct route route[GATEWAY_ROUTES];
};

struct gateways *gateways_new(void)
{
	struct rt_arena *arena = rt_arena_new(ARENA);
	struct gateways *const self = arena ? rt_arena_raw(arena, sizeof(*self)) : 0;

	if (!self) {
		rt_arena_destroy(&arena);
		return 0;
	}
	self->arena = arena;
	self->ngroup = self->nhop = self->nroute = self->nsource = 0; /* the arrays are touched as they fill */
	return self;
}

void gateways_destroy(struct gateways **self_p)
{
	struct rt_arena *arena = *self_p ? (*self_p)->arena : 0;

	rt_arena_destroy(&arena);
	*self_p = 0;
}

/* ---- Building ---- */

static int group_named(struct gateways *self, struct slice name)
{
	uint32_t i = 0;

	while (i < self->ngroup && !slice_eq(self->group[i], name))
		i++;
	if (i < self->ngroup)
		return (int)i;
	if (i == GATEWAY_GROUPS || !slice_present(self->group[i] = rt_arena_copy(self->arena, name)))
		return RT_BIG;
	self->ngroup++;
	return (int)i;
}

static struct gateway_hop *same_hop(struct gateways *self, int group, struct slice uri)
{
	for (uint32_t i = 0; i < self->nhop; i++)
		if (self->hop[i].group == (uint32_t)group && slice_eq(self->hop[i].uri, uri))
			return &self->hop[i];
	return 0;
}

int gateways_add_hop(struct gateways *self, const struct svc_hop *hop)
{
	const int group = group_named(self, hop->group);
	struct gateway_hop *const known = group < 0 ? 0 : same_hop(self, group, hop->uri), *const h = known ? known : &self->hop[self->nhop];
	struct slice uri = known ? known->uri : SLICE_NONE;
	struct sip_uri parsed;

	if (group < 0 || (!known && self->nhop == GATEWAY_HOPS))
		return RT_BIG;
	if (!known)
		uri = rt_arena_copy(self->arena, hop->uri);
	if (!slice_present(uri))
		return RT_BIG;
	*h = (struct gateway_hop){ .uri = uri, .group = (uint32_t)group, .priority = hop->priority, .weight = hop->weight,
		                   .options = hop->options, .trust = hop->trust };
	if (sip_uri_parse(&parsed, uri) || sip_hop_ip(&h->address, parsed.host, SIP_UDP, parsed.port))
		h->address = (struct sip_hop){ .family = 0 };
	self->nhop += !known;
	return 0;
}

int gateways_add_route(struct gateways *self, const struct svc_route *route)
{
	const int group = group_named(self, route->group);
	const struct slice what = slice_eq(route->what, SLICE("*")) ? SLICE("") : route->what;
	struct route *const r = &self->route[self->nroute];

	if (group < 0 || self->nroute == GATEWAY_ROUTES)
		return RT_BIG;
	*r = (struct route){ .what = rt_arena_copy(self->arena, what), .group = group, .nth = self->nroute };
	if (!slice_present(r->what))
		return RT_BIG;
	self->nroute++;
	return 0;
}

static int by_text(struct slice a, struct slice b)
{
	const uint32_t n = a.n < b.n ? a.n : b.n;
	const int order = n ? memcmp(a.p, b.p, n) : 0;

	return order ? order : (a.n > b.n) - (a.n < b.n);
}

/* Equal ones as they came. */
static int compare_routes(const void *a, const void *b)
{
	const struct route *const x = a, *const y = b;
	const int order = by_text(x->what, y->what);

	return order ? order : (x->nth > y->nth) - (x->nth < y->nth);
}

static void sort_routes(struct gateways *self)
{
	uint32_t n = 0;

	qsort(self->route, self->nroute, sizeof(self->route[0]), compare_routes);
	for (uint32_t i = 0; i < self->nroute; i++)
		if (i + 1 == self->nroute || !slice_eq(self->route[i].what, self->route[i + 1].what))
			self->route[n++] = self->route[i];
	self->nroute = n;
}

static void sort_hops(struct gateways *self)
{
	for (uint32_t i = 0; i < self->nhop; i++) {
		uint32_t at = i;

		for (; at > 0 && by_text(self->hop[self->by_uri[at - 1]].uri, self->hop[i].uri) > 0; at--)
			self->by_uri[at] = self->by_uri[at - 1];
		self->by_uri[at] = (uint16_t)i;
	}
	for (uint32_t i = 1; i < self->nhop; i++)
		self->hop[self->by_uri[i]].twin = slice_eq(self->hop[self->by_uri[i]].uri, self->hop[self->by_uri[i - 1]].uri);
}

static int compare_ip(const void *a, const void *b)
{
	const struct sip_hop *const x = a, *const y = b;
	const int order = memcmp(x->ip, y->ip, sizeof(x->ip));

	return order ? order : x->family - y->family;
}

void gateways_seal(struct gateways *self)
{
	sort_routes(self);
	sort_hops(self);
	for (uint32_t i = 0; i < self->nhop; i++)
		if (self->hop[i].trust && self->hop[i].address.family)
			self->source[self->nsource++] = self->hop[i].address;
	qsort(self->source, self->nsource, sizeof(self->source[0]), compare_ip);
}

/* ---- Routes ---- */

static int route_of(const struct gateways *self, struct slice what)
{
	uint32_t low = 0, high = self->nroute;

	while (low < high) {
		const uint32_t at = low + (high - low) / 2;
		const int order = by_text(self->route[at].what, what);

		if (!order)
			return self->route[at].group;
		if (order < 0)
			low = at + 1;
		else
			high = at;
	}
	return -1;
}

int gateways_of_number(const struct gateways *self, struct slice number)
{
	int group = -1;

	for (uint32_t n = number.n; group < 0 && n > 0; n--)
		group = route_of(self, slice_head(number, n));
	return group < 0 ? route_of(self, SLICE("")) : group;
}

int gateways_of_domain(const struct gateways *self, struct slice host)
{
	char room[256];
	struct slice name;
	struct sip_hop address;
	int group;

	if (host.n > sizeof(room))
		return -1;
	for (uint32_t i = 0; i < host.n; i++)
		room[i] = (char)tolower((unsigned char)host.p[i]);
	name = slice_of(room, host.n);
	if (!sip_hop_ip(&address, host, SIP_UDP, 0))
		return route_of(self, name);
	if (name.n && room[name.n - 1] == '.') /* written with its root */
		name.n--;
	group = route_of(self, name);
	for (int dot; group < 0 && (dot = slice_find(slice_from(name, 1), '.')) >= 0;) {
		name = slice_from(name, (uint32_t)dot + 1);
		group = route_of(self, name);
	}
	return group < 0 ? route_of(self, SLICE("")) : group;
}

/* ---- Which hop ---- */

static bool is_down(const struct gateway_hop *h, int64_t now)
{
	return h->down_until > now;
}

static bool same_rank(const struct gateway_hop *a, const struct gateway_hop *b, int64_t now)
{
	return is_down(a, now) == is_down(b, now) && a->priority == b->priority;
}

static bool before(const struct gateway_hop *a, const struct gateway_hop *b, int64_t now)
{
	if (is_down(a, now) != is_down(b, now))
		return !is_down(a, now);
	return a->priority < b->priority;
}

/* One of those of the best rank left, each as likely as its weight says. */
static uint32_t draw(const struct gateway_hop *const left[], uint32_t n, uint64_t dice, int64_t now)
{
	uint32_t best = 0;
	uint64_t sum = 0, throw;

	for (uint32_t i = 1; i < n; i++)
		if (before(left[i], left[best], now))
			best = i;
	for (uint32_t i = 0; i < n; i++)
		if (same_rank(left[i], left[best], now))
			sum += left[i]->weight;
	throw = sum ? dice % sum : 0;
	for (uint32_t i = 0; sum && i < n; i++) {
		if (!same_rank(left[i], left[best], now))
			continue;
		if (throw < left[i]->weight)
			return i;
		throw -= left[i]->weight;
	}
	return best;
}

static bool is_sender(const struct gateway_hop *h, const struct sip_hop *sender)
{
	const uint16_t port = h->address.port ? h->address.port : sip_transport_port(SIP_UDP);

	return sender && h->address.family && sip_hop_same_ip(&h->address, sender) && port == sender->port;
}

int gateways_order(const struct gateways *self, int group, uint64_t seed, int64_t now, const struct sip_hop *not_to,
                   const struct gateway_hop *out[GATEWAY_TRIES])
{
	const struct gateway_hop *left[GATEWAY_HOPS];
	uint32_t n = 0;
	int count = 0;

	for (uint32_t i = 0; i < self->nhop; i++)
		if (self->hop[i].group == (uint32_t)group && !is_sender(&self->hop[i], not_to))
			left[n++] = &self->hop[i];
	for (; n && count < GATEWAY_TRIES; n--) {
		const uint32_t at = draw(left, n, rt_mix(seed, (uint64_t)count), now);

		out[count++] = left[at];
		left[at] = left[n - 1];
	}
	return count;
}

bool gateways_trust(const struct gateways *self, const struct sip_hop *source)
{
	return self->nsource && bsearch(source, self->source, self->nsource, sizeof(self->source[0]), compare_ip);
}

/* ---- Marks ---- */

/* The first place of a URI in by_uri, or where it would be. */
static uint32_t place_of(const struct gateways *self, struct slice uri)
{
	uint32_t low = 0, high = self->nhop;

	while (low < high) {
		const uint32_t at = low + (high - low) / 2;

		if (by_text(self->hop[self->by_uri[at]].uri, uri) < 0)
			low = at + 1;
		else
			high = at;
	}
	return low;
}

bool gateways_mark(struct gateways *self, struct slice uri, int64_t down_until, int64_t now)
{
	bool changed = false;

	for (uint32_t at = place_of(self, uri); at < self->nhop; at++) {
		struct gateway_hop *const h = &self->hop[self->by_uri[at]];

		if (!slice_eq(h->uri, uri))
			break;
		changed |= is_down(h, now) != (down_until > now);
		h->down_until = down_until;
	}
	return changed;
}

void gateways_inherit(struct gateways *self, const struct gateways *before_it)
{
	for (uint32_t i = 0; i < self->nhop; i++) {
		struct gateway_hop *const h = &self->hop[i];
		const struct gateway_hop *const old = gateways_find(before_it, h->uri);

		if (!old)
			continue;
		h->down_until = old->down_until;
		h->probed = old->probed;
	}
}

const struct gateway_hop *gateways_find(const struct gateways *self, struct slice uri)
{
	const uint32_t at = place_of(self, uri);
	const struct gateway_hop *const h = at < self->nhop ? &self->hop[self->by_uri[at]] : 0;

	return h && slice_eq(h->uri, uri) ? h : 0;
}

void gateways_probed(struct gateways *self, uint32_t i)
{
	self->hop[i].probed = true;
}

/* ---- Walking ---- */

const struct gateway_hop *gateways_at(const struct gateways *self, uint32_t i)
{
	return i < self->nhop ? &self->hop[i] : 0;
}

struct slice gateways_group(const struct gateways *self, int group)
{
	return self->group[group];
}
