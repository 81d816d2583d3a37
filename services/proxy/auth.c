/* SPDX-License-Identifier: MIT */
/* auth: the 407 door of the proxy. */
#include "auth.h"

#include "sip/addr.h"
#include "uas.h"

static struct slice realm_of(const struct svc_domain *d)
{
	return d->realm.n ? d->realm : d->name;
}

static const struct svc_domain *domain_of_realm(const struct proxy_element *e, struct slice realm)
{
	for (uint32_t i = 0; i < e->config->ndomain; i++)
		if (slice_eq(realm_of(&e->config->domain[i]), realm))
			return &e->config->domain[i];
	return 0;
}

static const struct svc_domain *domain_of_from(const struct proxy_element *e, const struct proxy_request *r, struct sip_uri *uri)
{
	struct sip_addr addr;

	if (sip_addr_uri(sip_msg_get(&r->msg, SIP_HDR_FROM), &addr, uri))
		return 0;
	return svc_config_domain(e->config, uri->host);
}

static const struct svc_domain *domain_of_credentials(const struct proxy_element *e, const struct proxy_request *r)
{
	for (int f = sip_msg_first(&r->msg, SIP_HDR_PROXY_AUTHORIZATION); f >= 0; f = sip_msg_next(&r->msg, f)) {
		struct sip_cred cred;
		const struct svc_domain *d;

		if (!sip_cred_parse(&cred, sip_msg_value(&r->msg, f)) && (d = domain_of_realm(e, cred.realm)))
			return d;
	}
	return 0;
}

/* Which algorithms this caller is offered: the domain's, or MD5 alone to a phone known to fail on others. */
static uint8_t algorithms(const struct svc_domain *d, const struct sip_msg *m)
{
	const struct slice agent = sip_msg_get(m, SIP_HDR_USER_AGENT);
	enum auth_algorithm a;
	uint8_t mask = 0;

	for (uint32_t i = 0; i < d->md5_agents.n; i++)
		if (slice_starts_nocase(agent, d->md5_agents.word[i]))
			return 1 << AUTH_MD5;
	for (uint32_t i = 0; i < d->algorithms.n; i++)
		if (!auth_algorithm_find(d->algorithms.word[i], &a))
			mask |= (uint8_t)(1 << a);
	return mask;
}

static struct auth_door guard_of(const struct proxy_element *e, const struct proxy_request *r, const struct proxy_door *door)
{
	return (struct auth_door){ .credentials = SIP_HDR_PROXY_AUTHORIZATION, .realm = realm_of(door->domain),
		                   .secret = e->nonce, .now = e->now, .lifetime = e->config->registrar_nonce_lifetime,
		                   .algorithms = algorithms(door->domain, &r->msg) };
}

/* "alice" of realm example.com, or "alice@example.com" as some phones send it. */
static struct slice user_record(const struct proxy_element *e, struct slice username, const struct svc_domain *d)
{
	const int at = slice_find(username, '@');

	if (at >= 0 && slice_eq_nocase(slice_from(username, (uint32_t)at + 1), d->name))
		username = slice_head(username, (uint32_t)at);
	return rt_arena_printf(e->arena, SLICE_FMT "@" SLICE_FMT, SLICE_ARG(username), SLICE_ARG(d->name));
}

/*
 * In a dialog that began at this door our Record-Route's signature tells as much as a password did then, and asks nobody. Its Request-URI
 * is the Contact of the other end: what is addressed to a user of ours is another matter.
 */
static bool is_inside(const struct proxy_element *e, const struct proxy_request *r)
{
	return r->msg.index->facts.to_tag.n && r->signed_route && !r->flow_only && !proxy_element_domain(e, &r->uri);
}

int proxy_auth_door(const struct proxy_element *e, const struct proxy_request *r, struct proxy_door *out)
{
	struct sip_cred cred;
	struct sip_uri from;
	int err;

	*out = (struct proxy_door){ .domain = 0 };
	if (r->peer || proxy_request_is(r, SIP_ACK) || proxy_request_is(r, SIP_CANCEL) || is_inside(e, r))
		return 0;
	out->domain = domain_of_from(e, r, &from);
	out->needed = out->domain && out->domain->auth_calls;
	if (!out->needed && !(out->domain = domain_of_credentials(e, r)))
		return 0;
	const struct auth_door guard = guard_of(e, r, out);

	err = auth_guard_find(&guard, &r->msg, &cred);
	if (err)
		return err;
	out->user = user_record(e, cred.username, out->domain);
	return slice_present(out->user) ? 0 : RT_NOMEM;
}

bool proxy_auth_stranger(const struct proxy_element *e, const struct proxy_request *r, struct proxy_door *out)
{
	const struct slice name = sip_msg_get_other(&r->msg, SLICE("P-Preferred-Identity"));
	const struct svc_domain *const called = proxy_element_domain(e, &r->uri);
	struct sip_addr addr;
	struct sip_uri uri;

	*out = (struct proxy_door){ .needed = true };
	if (e->config->proxy_relay != SVC_RELAY_USERS || proxy_request_is(r, SIP_ACK) || proxy_request_is(r, SIP_CANCEL) || r->allowed)
		return false;
	if (called && called->auth_calls)
		out->domain = called;
	else if (slice_present(name) && !sip_addr_uri(name, &addr, &uri))
		out->domain = svc_config_domain(e->config, uri.host);
	return out->domain && out->domain->auth_calls;
}

enum auth_verdict proxy_auth_judge(const struct proxy_element *e, const struct proxy_request *r, const struct proxy_door *door,
                                   const struct loc_user *user)
{
	const struct auth_door guard = guard_of(e, r, door);
	const char *ha1[AUTH_ALGORITHMS] = { 0 };
	struct sip_cred cred;

	if (auth_guard_find(&guard, &r->msg, &cred))
		return AUTH_ASK;
	if (user && !user->disabled) {
		ha1[AUTH_MD5] = user->ha1_md5;
		ha1[AUTH_SHA256] = user->ha1_sha256;
		ha1[AUTH_SHA512_256] = user->ha1_sha512;
	}
	return auth_guard_judge(&guard, &cred, &r->msg, ha1);
}

int proxy_auth_nonce(const struct proxy_element *e, const struct proxy_request *r, const struct proxy_door *door,
                     struct slice *nonce, uint32_t *count)
{
	const struct auth_door guard = guard_of(e, r, door);
	struct sip_cred cred;

	if (auth_guard_find(&guard, &r->msg, &cred))
		return RT_ABSENT;
	*nonce = cred.nonce;
	*count = auth_guard_count(&cred);
	return 0;
}

bool proxy_auth_is_caller(const struct proxy_element *e, const struct proxy_request *r, const struct proxy_door *door)
{
	struct sip_uri from;
	struct slice aor;

	if (!domain_of_from(e, r, &from))
		return true;
	return !sip_uri_aor(&from, e->arena, &aor) && slice_eq(aor, door->user);
}

struct sip_draft *proxy_auth_challenge(const struct proxy_element *e, const struct proxy_request *r,
                                       const struct proxy_door *door, bool stale)
{
	const struct auth_door guard = guard_of(e, r, door);
	struct sip_draft *const d = proxy_uas_reply(e, &r->msg, 407);

	if (d)
		auth_guard_challenge(&guard, d, e->arena, stale);
	return d;
}

bool proxy_auth_is_ours(const struct proxy_element *e, struct slice credentials)
{
	struct sip_cred cred;

	return !sip_cred_parse(&cred, credentials) && domain_of_realm(e, cred.realm);
}
