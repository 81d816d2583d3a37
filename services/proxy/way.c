/* SPDX-License-Identifier: MIT */
/* way: edges compared, and connections that peers keep with them. */
#include "way.h"

static const struct wire_member *edge_for(const struct proxy_element *e, const struct sip_hop *hop)
{
	const struct wire_member *best = 0, *m;
	uint64_t highest = 0;

	for (uint32_t i = 0; (m = wire_members_each(e->members, &i));) {
		const uint64_t weight = rt_mix(m->id, sip_hop_hash(hop));

		if (m->tier != WIRE_TRANSPORT || m->state != WIRE_LIVE)
			continue;
		if (wire_member_listener(m, hop->proto, hop->family, -1) < 0)
			continue;
		if (!best || weight > highest) {
			best = m;
			highest = weight;
		}
	}
	return best;
}

int proxy_way_to(const struct proxy_element *e, const struct proxy_way *from, const struct sip_hop *hop, struct proxy_way *out)
{
	const uint32_t connected = wire_aliases_edge(e->aliases, e->members, hop, from->edge);
	const struct wire_member *came = from->edge ? wire_members_get(e->members, from->edge) : 0;
	const struct wire_member *edge = connected                                ? wire_members_get(e->members, connected) :
					 came && came->state == WIRE_LIVE ? came : /* one that drains would be gone before the answer */
									    0;
	int listener = edge ? wire_member_listener(edge, hop->proto, hop->family, from->listener) : -1;

	if (listener < 0) {
		edge = edge_for(e, hop);
		if (!edge)
			return RT_ABSENT;
		listener = wire_member_listener(edge, hop->proto, hop->family, -1);
	}
	*out = (struct proxy_way){ .remote = *hop, .edge = edge->id, .listener = (uint16_t)listener };
	return 0;
}

/* An agent is an edge without listeners: its parcels are its network. */
static bool is_agent(const struct proxy_element *e, uint32_t edge)
{
	const struct wire_member *const m = wire_members_get(e->members, edge);

	return m && m->tier == WIRE_AGENT;
}

int proxy_way_back(const struct proxy_element *e, struct proxy_way *w)
{
	if (is_agent(e, w->edge) || proxy_element_listener(e, w->edge, w->listener))
		return 0;
	return w->flow ? RT_ABSENT : proxy_way_to(e, w, &w->remote, w);
}

/* Without a transport in it, a URI leaves the choice to DNS, RFC 3263 4.1. */
int proxy_way_alias(const struct proxy_element *e, const struct proxy_way *from, const struct sip_uri *uri, uint64_t key, struct proxy_way *out)
{
	const enum sip_transport proto = sip_uri_transport(uri);
	const struct wire_alias *a;

	if ((proto != SIP_TCP && proto != SIP_TLS) || slice_present(sip_uri_param(uri, SLICE("maddr"))))
		return RT_ABSENT;
	a = wire_aliases_named(e->aliases, e->members, uri->host, uri->port ? uri->port : sip_transport_port(proto), proto, from->edge, key);
	if (!a)
		return RT_ABSENT;
	*out = (struct proxy_way){ .remote = a->hop, .flow = a->flow, .edge = a->edge, .listener = a->listener };
	return 0;
}

uint8_t proxy_way_name(const struct proxy_element *e, const struct proxy_way *way, struct slice name, struct sip_msg *copy)
{
	char *text;

	if (way->remote.proto != SIP_TLS || way->flow || name.n > UINT8_MAX)
		return 0;
	text = rt_arena_raw(e->arena, copy->text.n + name.n);
	if (!text)
		return 0; /* then it proves nothing, and the next hop is tried */
	memcpy(text, copy->text.p, copy->text.n);
	memcpy(text + copy->text.n, name.p, name.n);
	copy->text.p = text;
	return (uint8_t)name.n;
}
