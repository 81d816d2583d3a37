/* SPDX-License-Identifier: MIT */
/* own: names, then listeners. */
#include "svc/own.h"

static bool listens_on(const struct wire_members *members, uint16_t port)
{
	const struct wire_member *m;

	for (uint32_t i = 0; (m = wire_members_each(members, &i));)
		for (int k = 0; k < m->nlistener; k++)
			if (m->listener[k].port == port || m->listener[k].local.port == port)
				return true;
	return false;
}

static bool is_name(const struct svc_config *config, const struct wire_members *members, const struct sip_uri *uri)
{
	const struct svc_words *const names = &config->server_names;
	bool known = svc_config_domain(config, uri->host) != 0;

	for (uint32_t i = 0; !known && i < names->n; i++)
		known = slice_eq_nocase(names->word[i], uri->host);
	return known && (!uri->port || listens_on(members, uri->port));
}

static bool is_listener(const struct wire_members *members, const struct sip_uri *uri)
{
	const enum sip_transport proto = sip_uri_transport(uri);
	const uint16_t port = uri->port ? uri->port : sip_transport_port(proto ? proto : SIP_UDP);

	return wire_members_own(members, uri->host, port, proto);
}

bool svc_own(const struct svc_config *config, const struct wire_members *members, const struct sip_uri *uri)
{
	if (uri->scheme != SIP_SCHEME_SIP && uri->scheme != SIP_SCHEME_SIPS)
		return false;
	return is_name(config, members, uri) || is_listener(members, uri);
}
