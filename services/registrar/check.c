/* SPDX-License-Identifier: MIT */
/* check: the tests in the order of the RFC, each a line of a table. */
#include "check.h"

#include "rt/cursor.h"
#include "sip/addr.h"
#include "sip/body.h"
#include "sip/uri.h"
#include "svc/own.h"

struct check {
	const struct sip_msg *request;
	const struct svc_config *config;
	const struct wire_members *members;
	struct rt_arena *arena;
	struct reg_subject *out;
	struct reg_refusal *why;
	bool merged;
};

static int refuse(struct check *c, int status, struct slice reason)
{
	*c->why = (struct reg_refusal){ .status = status, .reason = reason };
	return RT_DENIED;
}

static int refuse_with(struct check *c, int status, enum sip_hdr header, struct slice value)
{
	*c->why = (struct reg_refusal){ .status = status, .header = header, .value = value };
	return RT_DENIED;
}

/* 8.2.1 */
static int check_method(struct check *c)
{
	const uint8_t method = c->request->index->method;

	return method == SIP_REGISTER || method == SIP_SUBSCRIBE ? 0 : refuse_with(c, 405, SIP_HDR_ALLOW, SLICE("REGISTER, SUBSCRIBE"));
}

/* 8.2.2.2 */
static int check_merged(struct check *c)
{
	return c->merged ? refuse(c, 482, SLICE_NONE) : 0;
}

/* 10.3 step 1: the Request-URI names the domain; or this very server, then To alone says whom. */
static int check_target(struct check *c)
{
	const struct sip_facts *facts = &c->request->index->facts;
	const struct slice host = sip_msg_span(c->request, facts->uri_host);
	struct sip_uri uri;

	if (facts->uri_scheme != SIP_SCHEME_SIP && facts->uri_scheme != SIP_SCHEME_SIPS)
		return refuse(c, 416, SLICE_NONE);
	c->out->domain = svc_config_domain(c->config, host);
	if (sip_uri_parse(&uri, sip_msg_target(c->request)) == 0 && svc_own(c->config, c->members, &uri))
		return 0;
	return refuse(c, 404, SLICE("Domain Not Served Here"));
}

/* 10.3 step 2, 8.2.2.3 */
static int check_require(struct check *c)
{
	static const struct slice known[] = { { "path", 4 }, { "outbound", 8 }, { "gruu", 4 } };
	struct slice wanted, token;
	char *room = 0;
	struct rt_cursor list = { 0 };

	for (int f = sip_msg_first(c->request, SIP_HDR_REQUIRE); f >= 0; f = sip_msg_next(c->request, f)) {
		wanted = sip_msg_value(c->request, f);
		while (slice_word(&wanted, &token)) {
			bool ours = false;

			for (size_t i = 0; i < sizeof(known) / sizeof(*known); i++)
				ours = ours || slice_eq_nocase(token, known[i]);
			if (ours)
				continue;
			if (!room) { /* for all that could be unknown: half a list would be none */
				room = rt_arena_raw(c->arena, c->request->index->head_n);
				if (!room)
					return RT_NOMEM;
				list = rt_cursor_on(room, c->request->index->head_n);
			}
			if (list.n)
				rt_cursor_lit(&list, ", ");
			rt_cursor_put(&list, token);
		}
	}
	return list.n ? refuse_with(c, 420, SIP_HDR_UNSUPPORTED, rt_cursor_text(&list)) : 0;
}

/* 8.2.3: nothing in a body concerns a registrar; it is refused unless it need not be understood. */
static int check_body(struct check *c)
{
	struct slice value;
	enum sip_hdr header;

	return sip_body_refused(c->request, &header, &value) ? refuse_with(c, 415, header, value) : 0;
}

/* 10.3 step 5: the address of record, canonical; it must lie in the domain of the Request-URI. */
static int check_to(struct check *c)
{
	struct sip_addr addr;
	struct sip_uri uri;
	const struct svc_domain *domain;

	if (sip_addr_uri(sip_msg_get(c->request, SIP_HDR_TO), &addr, &uri))
		return refuse(c, 400, SLICE("Malformed To"));
	if (uri.scheme != SIP_SCHEME_SIP && uri.scheme != SIP_SCHEME_SIPS)
		return refuse(c, 400, SLICE("To Needs A SIP URI")); /* RFC 4475 3.3.4 */
	domain = svc_config_domain(c->config, uri.host);
	if (!domain || (c->out->domain && c->out->domain != domain))
		return refuse(c, 404, SLICE("Address Not In This Domain"));
	if (uri.user.n == 0)
		return refuse(c, 404, SLICE("No User In To"));
	if (sip_uri_aor(&uri, c->arena, &c->out->aor))
		return RT_NOMEM;
	c->out->domain = domain;
	c->out->user = slice_head(c->out->aor, (uint32_t)slice_find(c->out->aor, '@')); /* a user part holds none: it is escaped */
	return 0;
}

int reg_check(const struct sip_msg *request, const struct svc_config *config, const struct wire_members *members, bool merged,
              struct rt_arena *a, struct reg_subject *out, struct reg_refusal *why)
{
	static int (*const checks[])(struct check *) = { check_method, check_merged, check_target, check_require, check_body, check_to };
	struct check c = { request, config, members, a, out, why, merged };

	for (size_t i = 0; i < sizeof(checks) / sizeof(*checks); i++) {
		const int err = checks[i](&c);

		if (err)
			return err;
	}
	return 0;
}

bool reg_check_credentials(const struct sip_msg *request, const struct svc_config *config, const struct wire_members *members,
                           const struct svc_domain *domain, struct slice uri)
{
	const struct svc_domain *theirs;
	struct sip_uri parsed;

	if (sip_uri_parse(&parsed, uri))
		return false;
	theirs = svc_config_domain(config, parsed.host);
	if (theirs)
		return theirs == domain;
	if (parsed.host_kind != SIP_HOST_NAME || sip_msg_count(request, SIP_HDR_VIA) > 1)
		return true;
	return slice_eq_nocase(parsed.host, sip_msg_span(request, request->index->facts.uri_host)) || svc_own(config, members, &parsed);
}
