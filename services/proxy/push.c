/* SPDX-License-Identifier: MIT */
/* push: pn-provider, pn-prid and pn-param of a Contact, RFC 8599 4.1. */
#include "push.h"

#include "sip/uri.h"

static struct slice param(const struct sip_uri *uri, struct slice name)
{
	const struct slice value = sip_uri_param(uri, name);

	return slice_present(value) ? value : SLICE("");
}

bool proxy_push_sleeps(const struct loc_binding *b, int64_t now, struct loc_sleeper *out)
{
	struct sip_uri uri;

	if (b->updated_at + PROXY_AWAKE > now || sip_uri_parse(&uri, b->contact))
		return false;
	*out = (struct loc_sleeper){ .contact = b->contact, .provider = param(&uri, SLICE("pn-provider")),
		                     .prid = param(&uri, SLICE("pn-prid")), .param = param(&uri, SLICE("pn-param")) };
	return out->provider.n && out->prid.n;
}

int proxy_push_awake(const struct loc_binding *b, int n, int64_t now, struct loc_binding out[LOC_BINDINGS_MAX])
{
	struct loc_sleeper who;
	int awake = 0;

	for (int i = 0; i < n && awake < LOC_BINDINGS_MAX; i++)
		if (!proxy_push_sleeps(&b[i], now, &who))
			out[awake++] = b[i];
	return awake;
}
