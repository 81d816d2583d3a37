/* SPDX-License-Identifier: MIT */
/* target: from a Request-URI to the set of URIs to try. */
#include "target.h"

#include "sip/addr.h"
#include "sip/draft.h"
#include "sip/hop.h"
#include "sip/route.h"

/* The number of a tel URI without its visual separators, at the first domain: RFC 3966 5.1.1, RFC 3261 19.1.6. */
static struct slice number_at(struct rt_arena *a, const struct sip_uri *uri, struct slice domain)
{
	const uint32_t room = uri->user.n + 1 + domain.n;
	char *const text = rt_arena_raw(a, room);
	struct rt_cursor c = rt_cursor_on(text, text ? room : 0);

	for (uint32_t i = 0; i < uri->user.n; i++)
		if (!strchr("-.()", uri->user.p[i]))
			rt_cursor_char(&c, uri->user.p[i]);
	rt_cursor_char(&c, '@');
	rt_cursor_put(&c, domain);
	return c.err ? SLICE_NONE : rt_cursor_text(&c);
}

/* RFC 5627 3.3: a GRUU is an address of record, and one device of it. RT_ABSENT: it names none of ours. */
static int one_device(const struct proxy_element *e, struct sip_uri *uri, struct proxy_address *out)
{
	const int err = auth_gruu_read(uri, e->gruu, e->arena, &out->gruu);

	if (err == RT_ABSENT)
		return 0;
	out->device = true;
	if (!err)
		uri->user = out->gruu.user;
	return err == RT_BAD ? RT_ABSENT : err;
}

int proxy_target_place(const struct proxy_element *e, const struct proxy_request *r, struct proxy_address *out)
{
	struct sip_uri at_home = r->uri;
	int err;

	*out = (struct proxy_address){ .place = PROXY_AWAY };
	if (slice_present(sip_uri_param(&r->uri, SLICE("maddr"))))
		return 0; /* 16.5: a maddr left by 16.4 is somebody else's */
	out->domain = proxy_element_domain(e, &r->uri);
	if (r->uri.scheme == SIP_SCHEME_TEL && out->domain) {
		out->place = PROXY_USER;
		out->aor = number_at(e->arena, &r->uri, out->domain->name);
		return slice_present(out->aor) ? 0 : RT_NOMEM;
	}
	if (!slice_present(r->uri.user)) {
		out->place = proxy_element_is(e, &r->uri) ? PROXY_HERE : PROXY_AWAY;
		return 0;
	}
	if (!out->domain)
		return 0;
	out->place = PROXY_USER;
	at_home.host = out->domain->name;
	err = one_device(e, &at_home, out);
	return err ? err : sip_uri_aor(&at_home, e->arena, &out->aor);
}

void proxy_target_away(const struct proxy_request *r, struct proxy_target *out)
{
	*out = (struct proxy_target){ .uri = r->target, .q = 1000, .fixed = true };
	if (r->route < 0) {
		out->way = r->onward;
		out->outbound = r->flow_only;
	}
}

/* The agent a Contact of its own names, else one by Call-ID for a service's name; 0: neither. */
static uint32_t agent_of(const struct proxy_element *e, const struct proxy_request *r)
{
	const struct svc_words *const services = &e->config->agent_services;
	const struct slice call_id = sip_msg_get(&r->msg, SIP_HDR_CALL_ID);
	struct sip_service s;

	if (sip_service_parse(&s, r->uri.user, e->branch) == 0) {
		const struct wire_member *const m = wire_members_get(e->members, s.agent);

		return m && m->tier == WIRE_AGENT ? m->id : 0;
	}
	for (uint32_t i = 0; i < services->n; i++)
		if (slice_eq(services->word[i], r->uri.user))
			return wire_members_pick(e->members, WIRE_AGENT, rt_hash(e->branch, call_id.p, call_id.n));
	return 0;
}

bool proxy_target_service(const struct proxy_element *e, const struct proxy_request *r, const struct proxy_address *to,
                          struct proxy_target *out)
{
	const uint32_t agent = to->place == PROXY_USER && slice_present(r->uri.user) ? agent_of(e, r) : 0;

	*out = (struct proxy_target){ .uri = r->target, .q = 1000, .fixed = true,
		                      .way = { .edge = agent, .remote = { .proto = SIP_TCP, .family = 4, .port = 5060 } } };
	return agent != 0;
}

static bool is_sip(const struct sip_uri *u)
{
	return u->scheme == SIP_SCHEME_SIP || u->scheme == SIP_SCHEME_SIPS;
}

/* A binding's way back, where the registrar saw that it needs one: a connection, or a NAT in between. A Path needs none. */
static struct proxy_way way_back(const struct loc_binding *b)
{
	struct proxy_way w = { .flow = b->flow, .edge = b->edge, .listener = b->listener };

	if (b->path.n || !b->received.n || sip_hop_parse(&w.remote, b->received))
		return (struct proxy_way){ .edge = 0 };
	return w;
}

static bool already(const struct sip_uri *u, const struct sip_uri *known, int n)
{
	for (int i = 0; i < n; i++)
		if (sip_uri_same(u, &known[i]))
			return true;
	return false;
}

/* RFC 5630 5.3 and RFC 3261 26.2.2: what was asked for securely goes on securely. */
static bool secure_enough(const struct proxy_request *r, const struct sip_uri *contact)
{
	return r->uri.scheme != SIP_SCHEME_SIPS || contact->scheme == SIP_SCHEME_SIPS;
}

int proxy_target_bindings(const struct proxy_element *e, const struct proxy_request *r, const struct proxy_address *to,
                          const struct loc_binding *b, int n, struct proxy_target out[PROXY_TARGETS_MAX])
{
	struct sip_uri known[PROXY_TARGETS_MAX];
	int count = 0;

	for (int i = 0; i < n && count < PROXY_TARGETS_MAX; i++) {
		struct sip_uri *const uri = &known[count];
		struct proxy_target *const t = &out[count];

		if (b[i].expires_at <= e->now || sip_uri_parse(uri, b[i].contact) || !is_sip(uri))
			continue;
		if (to->device && !auth_gruu_names(&to->gruu, b[i].instance, b[i].call_id))
			continue;
		if (!secure_enough(r, uri) || (!b[i].reg_id && already(uri, known, count)))
			continue;
		*t = (struct proxy_target){ .contact = b[i].contact, .params = b[i].params, .path = b[i].path, .instance = b[i].instance,
			                    .way = way_back(&b[i]), .expires_at = b[i].expires_at, .q = b[i].q };
		t->outbound = t->way.edge && b[i].reg_id;
		if (!sip_uri_as_target(uri, e->arena, &t->uri))
			count++;
	}
	return count;
}

static bool known_target(const struct sip_uri *u, const struct proxy_target *const known[], int n)
{
	struct sip_uri other;

	for (int i = 0; i < n; i++)
		if (!sip_uri_parse(&other, known[i]->uri) && sip_uri_same(u, &other))
			return true;
	return false;
}

/* A Contact of a 3xx as a target; false: not one a request can be sent to. */
static bool contact_target(const struct proxy_element *e, const struct proxy_request *r, struct slice value, struct proxy_target *out,
                           struct sip_uri *uri)
{
	struct sip_addr addr;
	int q;

	if (sip_addr_uri(value, &addr, uri) || !is_sip(uri) || !secure_enough(r, uri))
		return false;
	q = sip_q_parse(sip_param_get(addr.params, SLICE("q")));
	*out = (struct proxy_target){ .contact = addr.uri, .q = (uint16_t)(q < 0 ? 1000 : q) };
	return !sip_uri_as_target(uri, e->arena, &out->uri) && !sip_uri_parse(uri, out->uri);
}

int proxy_target_contacts(const struct proxy_element *e, const struct proxy_request *r, const struct sip_msg *response,
                          const struct proxy_target *const known[], int nknown,
                          struct proxy_target out[PROXY_TARGETS_MAX])
{
	struct sip_uri fresh[PROXY_TARGETS_MAX];
	int count = 0;

	for (int f = sip_msg_first(response, SIP_HDR_CONTACT); f >= 0 && count < PROXY_TARGETS_MAX;
	     f = sip_msg_next(response, f)) {
		struct sip_uri *const uri = &fresh[count];

		if (contact_target(e, r, sip_msg_value(response, f), &out[count], uri) && !already(uri, fresh, count) &&
		    !known_target(uri, known, nknown))
			count++;
	}
	return count;
}

int proxy_target_rest(const struct proxy_element *e, const struct proxy_request *r, const struct sip_msg *response,
                      const struct proxy_target *const known[], int nknown, struct sip_msg *out)
{
	struct sip_draft *const d = sip_draft_from(e->arena, response);
	int left = 0;

	for (int f = sip_msg_first(response, SIP_HDR_CONTACT); d && f >= 0; f = sip_msg_next(response, f)) {
		struct proxy_target t;
		struct sip_uri uri;

		if (contact_target(e, r, sip_msg_value(response, f), &t, &uri) && known_target(&uri, known, nknown))
			sip_draft_drop(d, f);
		else
			left++;
	}
	return left && !sip_draft_render(d, e->arena, out) ? left : 0;
}
