/* SPDX-License-Identifier: MIT */
/* check: RFC 3261 16.3 as a table of its steps. */
#include "check.h"

#include "identity.h"
#include "sip/route.h"
#include "sip/via.h"

typedef struct proxy_refusal check_fn(const struct proxy_element *e, const struct proxy_request *r);

static const struct proxy_refusal pass = { .status = 0 };

static struct proxy_refusal uri_scheme(const struct proxy_element *e, const struct proxy_request *r)
{
	(void)e;
	return r->uri.scheme == SIP_SCHEME_OTHER ? (struct proxy_refusal){ .status = 416 } : pass;
}

/* A request that ends here needs no hops: one to this server itself, or OPTIONS, which then traces the route (11). */
static struct proxy_refusal max_forwards(const struct proxy_element *e, const struct proxy_request *r)
{
	if (r->msg.index->facts.max_forwards != 0 || proxy_request_is(r, SIP_OPTIONS))
		return pass;
	if (!slice_present(r->uri.user) && r->route < 0 && proxy_element_is(e, &r->uri))
		return pass;
	return (struct proxy_refusal){ .status = 483 };
}

/* That of the topmost Via was read at the door. */
static struct slice branch_of(const struct sip_msg *m, int field)
{
	struct sip_via via;

	if (field == sip_msg_first(m, SIP_HDR_VIA))
		return sip_msg_span(m, m->index->facts.via_branch);
	return sip_via_parse(&via, sip_msg_value(m, field)) ? SLICE_NONE : via.branch;
}

/* Step 4 with RFC 5393: a Via of ours that made the same decision means a loop; another decision means a spiral. */
static struct proxy_refusal loop(const struct proxy_element *e, const struct proxy_request *r)
{
	for (int f = sip_msg_first(&r->msg, SIP_HDR_VIA); f >= 0; f = sip_msg_next(&r->msg, f)) {
		struct sip_branch branch;

		if (sip_branch_parse(&branch, branch_of(&r->msg, f), e->branch) == 0 && branch.loop == r->loop)
			return (struct proxy_refusal){ .status = 482 };
	}
	return pass;
}

/* We understand no option a proxy would have to but privacy, as far as RFC 3325 goes. An ACK cannot be refused, so it goes on (8.2.2.3). */
static struct proxy_refusal proxy_require(const struct proxy_element *e, const struct proxy_request *r)
{
	struct slice tags;

	if (!sip_msg_has(&r->msg, SIP_HDR_PROXY_REQUIRE) || proxy_request_is(r, SIP_ACK))
		return pass;
	tags = proxy_check_tags(e->arena, &r->msg, SIP_HDR_PROXY_REQUIRE, proxy_identity_serves(&r->msg) ? SLICE("privacy") : SLICE(""));
	if (!tags.n)
		return pass;
	return (struct proxy_refusal){ .status = 420, .header = SIP_HDR_UNSUPPORTED, .value = tags };
}

static check_fn *const steps[] = { uri_scheme, max_forwards, loop, proxy_require };

struct proxy_refusal proxy_check(const struct proxy_element *e, const struct proxy_request *r)
{
	for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
		const struct proxy_refusal no = steps[i](e, r);

		if (no.status)
			return no;
	}
	return pass;
}

bool proxy_check_relay(const struct proxy_element *e, const struct proxy_request *r)
{
	switch (e->config->proxy_relay) {
	case SVC_RELAY_ANY:
		return true;
	case SVC_RELAY_USERS:
		return r->signed_route || r->peer || r->allowed;
	case SVC_RELAY_NONE:
		return r->signed_route;
	}
	return false;
}

struct proxy_refusal proxy_check_extensions(const struct proxy_element *e, const struct proxy_request *r, const struct svc_domain *domain)
{
	struct slice missing = SLICE("");

	if (!domain || !proxy_request_is(r, SIP_INVITE) || r->msg.index->facts.to_tag.n)
		return pass;
	for (uint32_t i = 0; i < domain->require.n; i++) {
		const struct slice tag = domain->require.word[i];

		if (!sip_msg_lists(&r->msg, SIP_HDR_SUPPORTED, tag) && !sip_msg_lists(&r->msg, SIP_HDR_REQUIRE, tag))
			missing = rt_arena_printf(e->arena, SLICE_FMT "%s" SLICE_FMT, SLICE_ARG(missing), missing.n ? ", " : "", SLICE_ARG(tag));
	}
	return missing.n ? (struct proxy_refusal){ .status = 421, .header = SIP_HDR_REQUIRE, .value = missing } : pass;
}

static bool among(struct slice words, struct slice tag)
{
	for (struct slice word; slice_word(&words, &word);)
		if (slice_eq_nocase(word, tag))
			return true;
	return false;
}

struct slice proxy_check_tags(struct rt_arena *a, const struct sip_msg *m, enum sip_hdr list, struct slice known)
{
	const uint32_t room = m->index->head_n;
	char *const text = rt_arena_raw(a, room);
	struct rt_cursor c = rt_cursor_on(text, text ? room : 0);

	for (int f = sip_msg_first(m, list); text && f >= 0; f = sip_msg_next(m, f)) {
		if (among(known, sip_msg_value(m, f)))
			continue;
		if (c.n)
			rt_cursor_lit(&c, ", ");
		rt_cursor_put(&c, sip_msg_value(m, f));
	}
	if (text)
		rt_arena_shrink(a, text, c.n);
	return text ? rt_cursor_text(&c) : SLICE("");
}
