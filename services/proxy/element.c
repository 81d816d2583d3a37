/* SPDX-License-Identifier: MIT */
/* element: is that us? */
#include "element.h"

static bool listens_on(const struct proxy_element *e, uint16_t port)
{
	const struct wire_member *m;

	for (uint32_t i = 0; (m = wire_members_each(e->members, &i));)
		for (int k = 0; k < m->nlistener; k++)
			if (m->listener[k].port == port || m->listener[k].local.port == port)
				return true;
	return false;
}

/* A domain or another name of ours; a port that was written must be one we listen on. */
static bool is_name(const struct proxy_element *e, const struct sip_uri *uri)
{
	const struct svc_words *const names = &e->config->server_names;
	bool known = svc_config_domain(e->config, uri->host) != 0;

	for (uint32_t i = 0; !known && i < names->n; i++)
		known = slice_eq_nocase(names->word[i], uri->host);
	return known && (!uri->port || listens_on(e, uri->port));
}

static bool is_listener(const struct proxy_element *e, const struct sip_uri *uri)
{
	const enum sip_transport proto = sip_uri_transport(uri);
	const uint16_t port = uri->port ? uri->port : sip_transport_port(proto ? proto : SIP_UDP);

	return wire_members_own(e->members, uri->host, port, proto);
}

static bool has_host(const struct sip_uri *uri)
{
	return uri->scheme == SIP_SCHEME_SIP || uri->scheme == SIP_SCHEME_SIPS;
}

bool proxy_element_is(const struct proxy_element *e, const struct sip_uri *uri)
{
	return has_host(uri) && (is_name(e, uri) || is_listener(e, uri));
}

const struct svc_domain *proxy_element_domain(const struct proxy_element *e, const struct sip_uri *uri)
{
	const struct svc_domain *domain;

	if (uri->scheme != SIP_SCHEME_TEL && !proxy_element_is(e, uri))
		return 0;
	domain = svc_config_domain(e->config, uri->host);
	return domain || !e->config->ndomain ? domain : &e->config->domain[0];
}

const struct wire_listener *proxy_element_listener(const struct proxy_element *e, uint32_t edge, uint16_t listener)
{
	const struct wire_member *const m = wire_members_get(e->members, edge);

	return m && listener < m->nlistener && m->listener[listener].local.family ? &m->listener[listener] : 0;
}
