/* SPDX-License-Identifier: MIT */
/*
 * forward: RFC 3261 16.6, one function a step.
 *
 * Steps 1 to 9 are here, and proxy_forward is their order. Step 7 comes in two halves: proxy_forward_next says which URI is
 * to be found (RFC 3263 finds it, branch.c tries what was found), and a->way says where this attempt goes. Step 8 gives
 * the loop part, r->loop; the transaction that sends the copy puts the Via on it. Steps 10 and 11 are branch.c's FORK.
 */
#include "forward.h"

#include "auth.h"
#include "identity.h"
#include "sip/addr.h"
#include "sip/draft.h"

enum {
	DATAGRAM_MAX = 1300, /* bytes, 18.1.1: path MTU unknown */
	VIA_MAX = 140,       /* bytes our Via may add: host name, port, branch */
	URI_MAX = 64 + PROXY_TOKEN_BYTES + WIRE_HOST_MAX,
};

/* ---- 1. Copy request: sip_draft_from ---- */

/* ---- 2. Request-URI ---- */

static void set_request_uri(struct sip_draft *copy, const struct proxy_request *r, const struct proxy_target *t)
{
	if (t->uri.p != sip_msg_target(&r->msg).p)
		sip_draft_target(copy, t->uri);
}

/* ---- 3. Max-Forwards ---- */

static void count_down_max_forwards(struct sip_draft *copy, const struct proxy_element *e, const struct proxy_request *r)
{
	const int hops = r->msg.index->facts.max_forwards;

	sip_draft_set(copy, SIP_HDR_MAX_FORWARDS,
	              rt_arena_u64(e->arena, (uint64_t)(hops < 0 ? SIP_MAX_FORWARDS : hops ? hops - 1 : 0)));
}

/* ---- 4. Record-Route ---- */

/*
 * Requests that may make a dialog, RFC 3261 12.1 and RFC 3515. Inside a dialog whose way we are on it is for an end that failed and
 * makes the dialog anew; a NOTIFY always makes one of its subscriber's (RFC 6665 4.3, 4.4.1), whoever answered his SUBSCRIBE.
 */
static bool may_make_dialog(const struct proxy_request *r)
{
	const bool method = proxy_request_is(r, SIP_INVITE) || proxy_request_is(r, SIP_SUBSCRIBE) || proxy_request_is(r, SIP_REFER);

	return proxy_request_is(r, SIP_NOTIFY) || (method && (!r->msg.index->facts.to_tag.n || r->signed_route));
}

/*
 * The way the caller came is the way back to him when he keeps a connection, or when a NAT changed his address: his Via then
 * says another one than his datagram. Without a NAT his Contact is reached as it is written, on whatever host it is.
 */
static struct proxy_way way_to_caller(const struct proxy_request *r)
{
	const struct sip_facts *const f = &r->msg.index->facts;
	struct sip_hop said;

	if (sip_msg_count(&r->msg, SIP_HDR_VIA) != 1) /* another proxy is nearer to him: its Record-Route knows */
		return (struct proxy_way){ .edge = 0 };
	if (r->from.remote.proto == SIP_UDP &&
	    !sip_hop_ip(&said, sip_msg_span(&r->msg, f->via_host), SIP_UDP, f->via_port ? f->via_port : sip_transport_port(SIP_UDP)) &&
	    sip_hop_same(&said, &r->from.remote))
		return (struct proxy_way){ .edge = 0 };
	return r->from;
}

/* <sip:token@us;lr> as others reach us by a listener; `more`: further parameters, with their ';'. */
static struct slice our_route(const struct proxy_element *e, const struct wire_listener *l, struct slice token, bool secure,
                              struct slice more)
{
	char *const text = rt_arena_raw(e->arena, URI_MAX);
	struct rt_cursor c = rt_cursor_on(text, text ? URI_MAX : 0);

	rt_cursor_put(&c, secure ? SLICE("<sips:") : SLICE("<sip:"));
	rt_cursor_put(&c, token);
	rt_cursor_char(&c, '@');
	rt_cursor_put(&c, slice_str(l->host));
	rt_cursor_char(&c, ':');
	rt_cursor_u64(&c, l->port);
	if (l->local.proto != SIP_UDP && !(secure && l->local.proto == SIP_TLS)) {
		rt_cursor_lit(&c, ";transport=");
		rt_cursor_put(&c, sip_transport_param((enum sip_transport)l->local.proto));
	}
	rt_cursor_lit(&c, ";lr");
	rt_cursor_put(&c, more);
	rt_cursor_char(&c, '>');
	return rt_cursor_text(&c);
}

static bool same_door(const struct wire_listener *a, const struct wire_listener *b)
{
	return a->local.proto == b->local.proto && a->local.family == b->local.family && a->port == b->port &&
	       !strcmp(a->host, b->host);
}

/* One value when the copy leaves as the request came; two when transport, family or address change, each for its own side. */
static void record_route(struct sip_draft *copy, const struct proxy_element *e, const struct proxy_request *r,
                         const struct proxy_attempt *a)
{
	const struct wire_listener *const in = proxy_element_listener(e, r->from.edge, r->from.listener);
	const struct wire_listener *const leaves = proxy_element_listener(e, a->way.edge, a->way.listener);
	const struct wire_listener *const out = leaves ? leaves : in; /* an agent has no door of its own */
	const bool secure = slice_starts_nocase(a->target->uri, SLICE("sips:"));
	const struct proxy_way caller = way_to_caller(r);
	char *const text = rt_arena_raw(e->arena, PROXY_TOKEN_BYTES);
	struct rt_cursor token = rt_cursor_on(text, text ? PROXY_TOKEN_BYTES : 0);

	if (!e->config->proxy_record_route || !may_make_dialog(r) || !out)
		return;
	proxy_token_render(&token, e->dialog, &r->msg, &caller, &a->target->way);
	if (in && !same_door(in, out))
		sip_draft_push(copy, SIP_HDR_RECORD_ROUTE, our_route(e, in, rt_cursor_text(&token), secure, SLICE("")));
	sip_draft_push(copy, SIP_HDR_RECORD_ROUTE, our_route(e, out, rt_cursor_text(&token), secure, SLICE("")));
}

/* ---- 5. Additional header fields ---- */

/* RFC 5393 5.3.3: how far the copy may fork. A request inside a dialog has one receiver. */
static void lend_breadth(struct sip_draft *copy, const struct proxy_element *e, const struct proxy_request *r, uint16_t breadth)
{
	if (!r->msg.index->facts.to_tag.n || sip_msg_has(&r->msg, SIP_HDR_MAX_BREADTH))
		sip_draft_set(copy, SIP_HDR_MAX_BREADTH, rt_arena_u64(e->arena, breadth));
}

/*
 * A phone that registers elsewhere through us is reached through us, if it knows of Path (RFC 3327 5.1). When we are the first it
 * meets, the value names its flow, and `ob` says that we keep it (RFC 5626 5.1).
 */
static void add_path(struct sip_draft *copy, const struct proxy_element *e, const struct proxy_request *r)
{
	const struct wire_listener *const in = proxy_element_listener(e, r->from.edge, r->from.listener);
	const bool first = sip_msg_count(&r->msg, SIP_HDR_VIA) == 1;
	char *const text = rt_arena_raw(e->arena, PROXY_TOKEN_BYTES);
	struct rt_cursor token = rt_cursor_on(text, text ? PROXY_TOKEN_BYTES : 0);

	if (!proxy_request_is(r, SIP_REGISTER) || !in || !sip_msg_lists(&r->msg, SIP_HDR_SUPPORTED, SLICE("path")))
		return;
	if (first)
		proxy_token_render_flow(&token, e->dialog, &r->from);
	else
		rt_cursor_lit(&token, "path");
	sip_draft_push(copy, SIP_HDR_PATH, our_route(e, in, rt_cursor_text(&token), false, first ? SLICE(";ob") : SLICE("")));
}

/* 22.3: credentials for us end here, those for others go on. */
static void drop_our_credentials(struct sip_draft *copy, const struct proxy_element *e, const struct proxy_request *r)
{
	for (int f = sip_msg_first(&r->msg, SIP_HDR_PROXY_AUTHORIZATION); f >= 0; f = sip_msg_next(&r->msg, f))
		if (proxy_auth_is_ours(e, sip_msg_value(&r->msg, f)))
			sip_draft_drop(copy, f);
}

/* ---- 6. Postprocess routing information ---- */

/* The next value of "a, b": a comma counts outside <> and quotes only. */
static bool next_value(struct slice *rest, struct slice *value)
{
	bool quoted = false, bracket = false;
	uint32_t i = 0;

	for (; i < rest->n && (quoted || bracket || rest->p[i] != ','); i++) {
		if (rest->p[i] == '"')
			quoted = !quoted;
		else if (!quoted && (rest->p[i] == '<' || rest->p[i] == '>'))
			bracket = rest->p[i] == '<';
	}
	*value = slice_trim(slice_head(*rest, i));
	*rest = slice_from(*rest, i + 1);
	return value->n > 0;
}

static void push_path(struct sip_draft *copy, struct slice path)
{
	struct slice value[SIP_FIELDS_MAX];
	int n = 0;

	while (n < SIP_FIELDS_MAX && next_value(&path, &value[n]))
		n++;
	while (n-- > 0)
		sip_draft_push(copy, SIP_HDR_ROUTE, value[n]);
}

/* 16.4 took our own values off the top, and the last one when a strict router had put it there. */
static void take_out_routes(struct sip_draft *copy, const struct proxy_request *r)
{
	int last = -1;

	for (int f = sip_msg_first(&r->msg, SIP_HDR_ROUTE); f >= 0; f = sip_msg_next(&r->msg, f))
		last = f;
	for (int f = sip_msg_first(&r->msg, SIP_HDR_ROUTE); f >= 0 && f != r->route; f = sip_msg_next(&r->msg, f))
		if (!(r->repaired && f == last))
			sip_draft_drop(copy, f);
	if (r->repaired)
		sip_draft_drop(copy, last);
}

static struct slice first_route(const struct proxy_request *r, const struct proxy_target *t)
{
	struct slice path = t->path, value;

	if (next_value(&path, &value))
		return value;
	return r->route < 0 ? SLICE_NONE : sip_msg_value(&r->msg, r->route);
}

/* "place the Request-URI into the Route header field as the last value ... the first value into the Request-URI" */
static void turn_round(struct sip_draft *copy, const struct proxy_element *e, const struct proxy_request *r,
                       const struct proxy_target *t)
{
	struct sip_addr first;

	if (sip_addr_parse(&first, first_route(r, t)))
		return;
	sip_draft_append(copy, SIP_HDR_ROUTE, rt_arena_printf(e->arena, "<" SLICE_FMT ">", SLICE_ARG(t->uri)));
	sip_draft_target(copy, first.uri);
	if (!t->path.n)
		sip_draft_drop(copy, r->route);
}

static void put_routes(struct sip_draft *copy, const struct proxy_element *e, const struct proxy_request *r,
                       const struct proxy_attempt *a)
{
	struct slice path = a->target->path, value;

	take_out_routes(copy, r);
	if (a->next.strict) {
		turn_round(copy, e, r, a->target);
		next_value(&path, &value); /* it is the Request-URI now */
	}
	if (path.n)
		push_path(copy, path);
}

/* ---- 7. Determine next-hop address, port and transport ---- */

/* proxy.routes: "domain=sip:host": a target in that domain is sent there, its Request-URI unchanged. */
static struct slice static_route(const struct proxy_element *e, struct slice host)
{
	const struct svc_words *const routes = &e->config->proxy_routes;

	for (uint32_t i = 0; i < routes->n; i++) {
		const int eq = slice_find(routes->word[i], '=');

		if (eq > 0 && slice_eq_nocase(slice_head(routes->word[i], (uint32_t)eq), host))
			return slice_from(routes->word[i], (uint32_t)eq + 1);
	}
	return SLICE_NONE;
}

int proxy_forward_next(const struct proxy_element *e, const struct proxy_request *r, const struct proxy_target *t,
                       struct proxy_next *out)
{
	const struct slice route = first_route(r, t);
	const bool secure = slice_starts_nocase(t->uri, SLICE("sips:"));
	struct sip_addr addr;
	struct slice detour = t->hop;

	out->strict = false;
	if (slice_present(route)) {
		if (sip_addr_uri(route, &addr, &out->uri))
			return RT_BAD;
		out->strict = !slice_present(sip_uri_param(&out->uri, SLICE("lr")));
	} else {
		if (sip_uri_parse(&out->uri, t->uri))
			return RT_BAD;
		if (t->fixed && !slice_present(detour))
			detour = static_route(e, out->uri.host);
		if (slice_present(detour) && sip_uri_parse(&out->uri, detour))
			return RT_BAD;
	}
	if (secure) /* "if the Request-URI specifies a SIPS resource ... as if the input URI were a SIPS URI" */
		out->uri.scheme = SIP_SCHEME_SIPS;
	return out->uri.scheme == SIP_SCHEME_SIP || out->uri.scheme == SIP_SCHEME_SIPS ? 0 : RT_BAD;
}

int proxy_forward_numeric(const struct proxy_next *next, struct sip_hop *out)
{
	const struct slice maddr = sip_uri_param(&next->uri, SLICE("maddr"));
	enum sip_transport proto = sip_uri_transport(&next->uri);
	uint16_t port = next->uri.port;

	if (!proto)
		proto = SIP_UDP;
	if (next->uri.scheme == SIP_SCHEME_SIPS && proto != SIP_WSS)
		proto = proto == SIP_WS ? SIP_WSS : SIP_TLS;
	if (!port)
		port = sip_transport_port(proto);
	return sip_hop_ip(out, maddr.n ? maddr : next->uri.host, proto, port) ? RT_ABSENT : 0;
}

int proxy_forward_own(const struct proxy_element *e, const struct proxy_request *r, const struct proxy_next *next, struct sip_hop *out)
{
	const struct wire_member *const m = wire_members_get(e->members, r->from.edge);
	const enum sip_transport asked = sip_uri_transport(&next->uri), proto = asked ? asked : SIP_UDP;
	int at = -1;

	if (next->uri.scheme != SIP_SCHEME_SIP || sip_uri_param(&next->uri, SLICE("maddr")).n || !m || !proxy_element_is(e, &next->uri) ||
	    (proto != SIP_UDP && proto != SIP_TCP))
		return RT_ABSENT;
	for (int pass = 0; at < 0 && pass < 2; pass++) /* 0: by the family the request came by */
		at = wire_member_listener(m, proto, pass ? 4 : r->from.remote.family, r->from.listener);
	if (at < 0)
		return RT_ABSENT;
	*out = m->listener[at].local;
	return sip_hop_is_any(out) ? sip_hop_ip(out, slice_str(m->listener[at].host), proto, m->listener[at].port) : 0;
}

/* ---- 8. Via: r->loop; 9. Content-Length: sip_draft_render ---- */

int proxy_forward(const struct proxy_element *e, const struct proxy_request *r, const struct proxy_attempt *a,
                  struct sip_msg *out)
{
	struct sip_draft *const copy = sip_draft_from(e->arena, &r->msg); /* 1 */

	if (!copy)
		return RT_NOMEM;
	set_request_uri(copy, r, a->target);   /* 2 */
	count_down_max_forwards(copy, e, r);   /* 3 */
	record_route(copy, e, r, a);           /* 4 */
	lend_breadth(copy, e, r, a->breadth);  /* 5 */
	add_path(copy, e, r);
	drop_our_credentials(copy, e, r);
	proxy_identity_request(copy, e, r, a->to_peer);
	put_routes(copy, e, r, a);             /* 6 */
	return sip_draft_render(copy, e->arena, out);
}

bool proxy_forward_is_large(const struct sip_msg *copy)
{
	return copy->text.n + VIA_MAX > DATAGRAM_MAX;
}
