/* SPDX-License-Identifier: MIT */
/* element: is that us? */
#include "element.h"

#include "svc/own.h"

bool proxy_element_is(const struct proxy_element *e, const struct sip_uri *uri)
{
	return svc_own(e->config, e->members, uri);
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
