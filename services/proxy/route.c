/* SPDX-License-Identifier: MIT */
/* route: what stood in Request-URI and Route for us is taken out. Each function is one paragraph of 16.4. */
#include "route.h"

#include "sip/addr.h"
#include "sip/hop.h"

static void first_and_last_route(struct proxy_request *r)
{
	r->route = r->last = sip_msg_first(&r->msg, SIP_HDR_ROUTE);
	for (int f = r->route; f >= 0; f = sip_msg_next(&r->msg, f))
		r->last = f;
}

static int previous_route(const struct proxy_request *r, int field)
{
	int before = -1;

	for (int f = r->route; f >= 0 && f != field; f = sip_msg_next(&r->msg, f))
		before = f;
	return before;
}

static bool came_by(const struct proxy_request *r, const struct proxy_way *flow)
{
	return r->from.edge == flow->edge && r->from.flow == flow->flow && sip_hop_same(&r->from.remote, &flow->remote);
}

/*
 * What our own Route value tells. A Record-Route's signature is good inside its dialog only: a new request with an old Route
 * set proves nothing. A flow token leads to its phone, unless the phone itself sends it (RFC 5626 5.3.1); RT_DENIED: somebody
 * changed one, or made it up (5.3).
 */
static int read_token(const struct proxy_element *e, struct proxy_request *r, const struct sip_uri *ours)
{
	struct proxy_way onward;

	if (r->msg.index->facts.to_tag.n && proxy_token_fits(ours->user, e->dialog, &r->msg, &onward))
		r->flow_only = false;
	else if (!proxy_token_is_flow(ours->user, e->dialog, &onward))
		return proxy_token_claims_flow(ours->user) || (ours->user.n && slice_present(sip_uri_param(ours, SLICE("ob")))) ? RT_DENIED : 0;
	else if (came_by(r, &onward))
		return 0;
	else
		r->flow_only = true;
	r->signed_route = true;
	r->onward = onward;
	return 0;
}

/* "If the Request-URI contains a value this proxy previously placed into a Record-Route header field" */
static bool is_our_record_route(const struct proxy_element *e, const struct sip_uri *uri)
{
	if (slice_present(uri->user) ? !proxy_token_looks(uri->user) : !slice_present(sip_uri_param(uri, SLICE("lr"))))
		return false;
	return proxy_element_is(e, uri);
}

static int undo_strict_routing(const struct proxy_element *e, struct proxy_request *r)
{
	struct sip_addr last;
	int err;

	if (r->route < 0 || !is_our_record_route(e, &r->uri))
		return 0;
	if ((err = read_token(e, r, &r->uri)))
		return err;
	if (sip_addr_uri(sip_msg_value(&r->msg, r->last), &last, &r->uri))
		return RT_BAD;
	r->target = last.uri;
	r->repaired = true;
	if (r->route == r->last)
		r->route = r->last = -1;
	else
		r->last = previous_route(r, r->last);
	return 0;
}

/* maddr goes before the host, 19.1.1. */
static bool leads_to_us(const struct proxy_element *e, const struct sip_uri *uri)
{
	const struct slice maddr = sip_uri_param(uri, SLICE("maddr"));
	struct sip_uri there = *uri;

	if (maddr.n)
		there.host = maddr;
	return proxy_element_is(e, &there);
}

/*
 * "If the Request-URI has a maddr parameter with a value the proxy is responsible for". One that came by another transport or port
 * of ours than the URI says would have to be sent to ourselves by that (16.5) to lose the maddr there: the way is spared.
 */
static int strip_our_maddr(const struct proxy_element *e, struct proxy_request *r)
{
	struct rt_cursor c;
	struct sip_param p;
	char *text;

	if (!sip_uri_param(&r->uri, SLICE("maddr")).n || !leads_to_us(e, &r->uri))
		return 0;
	text = rt_arena_raw(e->arena, r->target.n);
	if (!text)
		return RT_NOMEM;
	c = rt_cursor_on(text, r->target.n);
	rt_cursor_put(&c, slice_of(r->target.p, (uint32_t)(r->uri.host.p + r->uri.host.n - r->target.p)));
	if (r->uri.host_kind == SIP_HOST_IPV6)
		rt_cursor_char(&c, ']');
	for (struct slice rest = r->uri.params; sip_param_next(&rest, &p) == 1;) {
		if (slice_eq_nocase(p.name, SLICE("maddr")) || slice_eq_nocase(p.name, SLICE("transport")))
			continue;
		rt_cursor_char(&c, ';');
		rt_cursor_put(&c, p.name);
		if (slice_present(p.value)) {
			rt_cursor_char(&c, '=');
			rt_cursor_put(&c, p.value);
		}
	}
	r->target = rt_cursor_text(&c);
	return sip_uri_parse(&r->uri, r->target);
}

/* "If the first value in the Route header field indicates this proxy": all of ours in a row, for we may have put two. */
static int remove_our_routes(const struct proxy_element *e, struct proxy_request *r)
{
	while (r->route >= 0) {
		struct sip_addr addr;
		struct sip_uri uri;
		int err;

		if (sip_addr_uri(sip_msg_value(&r->msg, r->route), &addr, &uri))
			return RT_BAD;
		if (!leads_to_us(e, &uri))
			return 0;
		if ((err = read_token(e, r, &uri)))
			return err;
		r->route = r->route == r->last ? -1 : sip_msg_next(&r->msg, r->route);
	}
	r->last = -1;
	return 0;
}

/*
 * The loop part of our branches, RFC 3261 16.6 step 8 as mended by RFC 5393 4.2: everything of the received request that
 * decides where it goes. The topmost Via is left out, for it is another one each time round. Of a request without a
 * transaction the CANCEL and the ACK come by here, too, and must be given the same branch (16.11): what they need not repeat
 * is left out as well.
 */
static uint64_t loop_part(const struct proxy_element *e, const struct proxy_request *r)
{
	static const enum sip_hdr deciding[] = { SIP_HDR_ROUTE, SIP_HDR_CALL_ID, SIP_HDR_PROXY_REQUIRE, SIP_HDR_PROXY_AUTHORIZATION };
	const struct sip_msg *const m = &r->msg;
	const struct sip_facts *const facts = &m->index->facts;
	const struct slice part[] = { sip_msg_target(m), sip_msg_span(m, facts->from_tag), sip_msg_span(m, facts->to_tag) };
	const size_t parts = r->stateless ? 2 : 3, headers = r->stateless ? 2 : 4;
	uint64_t sum = facts->cseq;

	for (size_t i = 0; i < parts; i++)
		sum = rt_mix(sum, rt_hash(e->branch, part[i].p, part[i].n));
	for (size_t i = 0; i < headers; i++)
		for (int f = sip_msg_first(m, deciding[i]); f >= 0; f = sip_msg_next(m, f)) {
			const struct slice value = sip_msg_value(m, f);

			sum = rt_mix(sum, rt_hash(e->branch, value.p, value.n));
		}
	return sum;
}

int proxy_route(const struct proxy_element *e, struct proxy_request *r)
{
	int err;

	r->target = sip_msg_target(&r->msg);
	r->loop = loop_part(e, r);
	first_and_last_route(r);
	if (sip_uri_parse(&r->uri, r->target))
		return RT_BAD;
	if ((err = undo_strict_routing(e, r)) || (err = strip_our_maddr(e, r)))
		return err;
	return remove_our_routes(e, r);
}
