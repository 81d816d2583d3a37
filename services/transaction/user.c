/* SPDX-License-Identifier: MIT */
/* user: who decides a request, and what is known of that before: the agent it was sent to, a registrar for REGISTER of our domains, a proxy for all else. */
#include "sip/addr.h"
#include "sip/route.h"
#include "svc/own.h"
#include "txn.h"

static bool is_own(struct txn *self, const struct sip_uri *uri)
{
	return svc_own(svc_config(self->svc), svc_members(self->svc), uri);
}

/* A REGISTER with a Route that leads elsewhere is on its way through, 16.4 and 16.12. */
static bool passes_through(struct txn *self, const struct sip_msg *m)
{
	struct sip_addr addr;
	struct sip_uri uri;

	for (int f = sip_msg_first(m, SIP_HDR_ROUTE); f >= 0; f = sip_msg_next(m, f))
		if (sip_addr_uri(sip_msg_value(m, f), &addr, &uri) < 0 || !is_own(self, &uri))
			return true;
	return false;
}

/* SUBSCRIBE with Event: reg */
static bool watches(const struct sip_msg *m)
{
	struct slice event = sip_msg_get(m, SIP_HDR_EVENT);
	const int params = slice_find(event, ';');

	if (params >= 0)
		event = slice_head(event, (uint32_t)params);
	return m->index->method == SIP_SUBSCRIBE && slice_eq_nocase(slice_trim(event), SLICE("reg"));
}

static bool is_for_registrar(struct txn *self, const struct sip_msg *m)
{
	struct sip_uri uri;

	return (m->index->method == SIP_REGISTER || watches(m)) && sip_uri_parse(&uri, sip_msg_target(m)) == 0 && is_own(self, &uri) &&
	       !passes_through(self, m);
}

/* All REGISTERs of one address of record meet in one registrar, so that they keep their order. */
static uint64_t aor_key(struct txn *self, const struct sip_msg *m)
{
	struct sip_addr addr;
	struct sip_uri uri;
	struct slice aor;

	if (sip_addr_uri(sip_msg_get(m, SIP_HDR_TO), &addr, &uri) < 0 ||
	    sip_uri_aor(&uri, svc_arena(self->svc), &aor) < 0)
		return 0;
	return rt_hash_nocase(self->pick_key, aor);
}

/* A request inside an early dialog of a proxy's own names it, RFC 3262 3; 0: it names none that lives. */
static uint32_t named_proxy(struct txn *self, const struct sip_msg *request)
{
	const struct wire_member *member;
	struct sip_service s;
	struct sip_uri uri;

	if ((request->index->method != SIP_PRACK && request->index->method != SIP_BYE) || sip_uri_parse(&uri, sip_msg_target(request)) ||
	    sip_service_parse(&s, uri.user, self->service_key))
		return 0;
	member = wire_members_get(svc_members(self->svc), s.agent);
	return member && member->tier == WIRE_PROXY ? s.agent : 0;
}

uint32_t txn_user(struct txn *self, const struct wire_parcel *in)
{
	const struct sip_msg *request = &in->msg;
	const struct slice call = sip_msg_get(request, SIP_HDR_CALL_ID);
	uint32_t proxy;

	if (in->head->flags & WIRE_HOME)
		return in->head->edge;
	if (is_for_registrar(self, request))
		return svc_pick_near(self->svc, WIRE_REGISTRAR, aor_key(self, request));
	proxy = named_proxy(self, request);
	if (proxy)
		return proxy;
	return svc_pick_near(self->svc, WIRE_PROXY, rt_hash(self->pick_key, call.p, call.n));
}

/* What came over a connection gets a transaction all the same: its answer must take that connection (18.2.2), and who else would know. */
bool txn_is_stateless(struct txn *self, const struct wire_parcel *in)
{
	const struct sip_msg *request = &in->msg;
	const struct sip_facts *f = &request->index->facts;
	const struct svc_domain *domain = svc_config_domain(svc_config(self->svc), sip_msg_span(request, f->uri_host));
	struct sip_uri uri;

	return domain && domain->stateless && !in->head->flow && !is_for_registrar(self, request) &&
	       sip_uri_parse(&uri, sip_msg_target(request)) == 0 && is_own(self, &uri);
}

bool txn_is_stranger(struct txn *self, const struct wire_parcel *in)
{
	const struct svc_domain *domain;
	struct sip_addr addr;
	struct sip_uri uri;

	if (in->head->flags & (WIRE_PEER | WIRE_HOME) || sip_msg_has(&in->msg, SIP_HDR_PROXY_AUTHORIZATION) ||
	    sip_addr_uri(sip_msg_get(&in->msg, SIP_HDR_FROM), &addr, &uri) < 0)
		return false;
	domain = svc_config_domain(svc_config(self->svc), uri.host);
	return domain && domain->auth_calls;
}
