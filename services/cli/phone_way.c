/* SPDX-License-Identifier: MIT */
/*
 * phone_way: where requests go: the hops of RFC 3263 one after another, and on to the Contacts of a 3xx (RFC 3261 8.1.3.4).
 *
 *   a URI --> phone_dns --> hop, hop, hop      the next one when nobody answers, or 503 (RFC 3263 4.3)
 *     ^                        |
 *     +--- Contact, Contact ---+ 3xx           best q first, each once, at most PHONE_WAYS
 */
#include "phone.h"

#include <stdio.h>

#include "sip/addr.h"
#include "sip/param.h"

static const struct wire_member *edge(const struct phone *p)
{
	return wire_members_get(svc_members(p->svc), p->edge);
}

static int listener_for(const struct phone *p, const struct sip_hop *hop)
{
	return edge(p) ? wire_member_listener(edge(p), hop->proto, hop->family, -1) : -1;
}

/* ---- One request ---- */

/* Where its topmost Route or its Request-URI points when that is an address; else by the server, as by any outbound proxy. */
static struct sip_hop next_hop(const struct phone *p, const struct sip_msg *m)
{
	struct sip_hop hop;
	struct sip_addr addr;
	struct sip_uri uri;
	enum sip_transport proto;
	int err;

	if (!m->index->facts.to_tag.n)
		return p->server;
	if (sip_msg_has(m, SIP_HDR_ROUTE))
		err = sip_addr_uri(sip_msg_get(m, SIP_HDR_ROUTE), &addr, &uri);
	else
		err = sip_uri_parse(&uri, sip_msg_target(m));
	if (err)
		return p->server;
	proto = sip_uri_transport(&uri) ? sip_uri_transport(&uri) : SIP_UDP;
	if (sip_hop_ip(&hop, uri.host, proto, uri.port ? uri.port : sip_transport_port(proto)) || hop.family != p->local.family)
		return p->server;
	return hop;
}

struct wire_head phone_way(const struct phone *p, const struct sip_msg *m)
{
	struct wire_head head = { .edge = p->edge, .remote = next_hop(p, m), .listener = p->listener, .name_n = (uint8_t)p->name.n };
	const int listener = listener_for(p, &head.remote);

	if (listener < 0)
		head.remote = p->server;
	else
		head.listener = (uint16_t)listener;
	return head;
}

/* ---- The hops of one URI ---- */

/* The next hop there is a socket for; false: none is left. */
static bool take_hop(struct phone *p)
{
	while (p->hop_at < p->nhop) {
		const struct sip_hop *const hop = &p->hop[p->hop_at++];
		const int listener = listener_for(p, hop);

		if (listener < 0)
			continue;
		p->server = *hop;
		p->listener = (uint16_t)listener;
		p->local = edge(p)->listener[listener].local;
		return true;
	}
	return false;
}

bool phone_way_begin(struct phone *p)
{
	const struct phone_errand *const e = p->errand;

	p->edge = svc_pick(p->svc, WIRE_TRANSPORT, 0);
	p->uri = e->uri;
	p->name = e->name;
	p->nhop = e->nhop;
	memcpy(p->hop, e->hop, sizeof(p->hop));
	if (take_hop(p))
		return true;
	fprintf(stderr, "peal: no socket for %s here\n", sip_transport_name((enum sip_transport)e->hop[0].proto).p);
	return false;
}

/* ---- Contacts of a 3xx ---- */

static bool known(const struct phone *p, const struct sip_uri *uri)
{
	struct sip_uri other;

	for (int i = 0; i < p->nway; i++)
		if (!sip_uri_parse(&other, p->way[i].uri) && sip_uri_same(uri, &other))
			return true;
	return !sip_uri_parse(&other, p->errand->uri) && sip_uri_same(uri, &other);
}

static void remember(struct phone *p, const struct sip_msg *m)
{
	for (int f = sip_msg_first(m, SIP_HDR_CONTACT); f >= 0 && p->nway < PHONE_WAYS; f = sip_msg_next(m, f)) {
		struct sip_addr addr;
		struct sip_uri uri;
		int q;

		if (sip_addr_uri(sip_msg_value(m, f), &addr, &uri) || uri.scheme == SIP_SCHEME_OTHER || uri.scheme == SIP_SCHEME_TEL || known(p, &uri))
			continue;
		q = sip_q_parse(sip_param_get(addr.params, SLICE("q")));
		p->way[p->nway] = (struct phone_contact_way){ .uri = rt_arena_copy(p->arena, addr.uri), .q = (uint16_t)(q < 0 ? 1000 : q) };
		if (slice_present(p->way[p->nway].uri))
			p->nway++;
	}
}

static struct phone_contact_way *best(struct phone *p)
{
	struct phone_contact_way *found = 0;

	for (int i = 0; i < p->nway; i++)
		if (!p->way[i].tried && (!found || p->way[i].q > found->q))
			found = &p->way[i];
	return found;
}

/* At the host that was called its server is known already; elsewhere DNS says where. */
static bool aim(struct phone *p, struct slice text)
{
	struct sip_uri uri, first;
	int n;

	if (sip_uri_parse(&uri, text) || sip_uri_as_target(&uri, p->arena, &p->uri) || sip_uri_parse(&first, p->errand->uri))
		return false;
	p->hop_at = 0;
	if (slice_eq_nocase(uri.host, first.host) && uri.port == first.port) {
		p->nhop = p->errand->nhop;
		memcpy(p->hop, p->errand->hop, sizeof(p->hop));
	} else {
		n = phone_dns(&uri, &p->errand->name_servers, p->hop, PHONE_HOPS);
		p->nhop = n > 0 ? n : 0;
		p->name = slice_head(uri.host, UINT8_MAX);
	}
	return take_hop(p);
}

static bool next_contact(struct phone *p)
{
	struct phone_contact_way *w;

	while ((w = best(p))) {
		w->tried = true;
		if (aim(p, w->uri)) {
			phone_ladder_note(p, "redirected: " SLICE_FMT, SLICE_ARG(slice_head(w->uri, 120)));
			return true;
		}
		phone_ladder_note(p, "no way to " SLICE_FMT, SLICE_ARG(slice_head(w->uri, 120)));
	}
	return false;
}

bool phone_way_next(struct phone *p, const struct sip_msg *answer)
{
	if (p->cancelled || p->result >= 0)
		return false;
	if (answer && sip_status_redirect(answer->index->status)) {
		remember(p, answer);
		return next_contact(p);
	}
	if (take_hop(p)) {
		phone_ladder_note(p, "the next server");
		return true;
	}
	return next_contact(p);
}
