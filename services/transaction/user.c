/* SPDX-License-Identifier: MIT */
/* user: who decides a request, and what is known of that before: the agent it was sent to, a registrar for REGISTER of our domains, a proxy for all else. */
#include "sip/addr.h"
#include "txn.h"

static bool is_own(struct txn *self, struct slice host, uint16_t port)
{
	const struct svc_config *config = svc_config(self->svc);

	if (svc_config_domain(config, host))
		return true;
	for (uint32_t i = 0; i < config->server_names.n; i++)
		if (slice_eq_nocase(host, config->server_names.word[i]))
			return true;
	return wire_members_own(svc_members(self->svc), host, port, 0);
}

/* A REGISTER with a Route that leads elsewhere is on its way through, 16.4 and 16.12. */
static bool passes_through(struct txn *self, const struct sip_msg *m)
{
	struct sip_addr addr;
	struct sip_uri uri;

	for (int f = sip_msg_first(m, SIP_HDR_ROUTE); f >= 0; f = sip_msg_next(m, f))
		if (sip_addr_uri(sip_msg_value(m, f), &addr, &uri) < 0 || !is_own(self, uri.host, uri.port))
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
	const struct sip_facts *f = &m->index->facts;

	return (m->index->method == SIP_REGISTER || watches(m)) && is_own(self, sip_msg_span(m, f->uri_host), f->uri_port) &&
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

uint32_t txn_user(struct txn *self, const struct wire_parcel *in)
{
	const struct sip_msg *request = &in->msg;
	const struct slice call = sip_msg_get(request, SIP_HDR_CALL_ID);

	if (in->head->flags & WIRE_HOME)
		return in->head->edge;
	if (is_for_registrar(self, request))
		return svc_pick_near(self->svc, WIRE_REGISTRAR, aor_key(self, request));
	return svc_pick_near(self->svc, WIRE_PROXY, rt_hash(self->pick_key, call.p, call.n));
}

bool txn_is_stateless(struct txn *self, const struct sip_msg *request)
{
	const struct sip_facts *f = &request->index->facts;
	const struct svc_domain *domain = svc_config_domain(svc_config(self->svc), sip_msg_span(request, f->uri_host));

	return domain && domain->stateless && request->index->method != SIP_REGISTER &&
	       is_own(self, domain->name, f->uri_port);
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
