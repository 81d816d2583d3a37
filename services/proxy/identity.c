/* SPDX-License-Identifier: MIT */
/* identity: RFC 3325 5 to 7. None of its headers is known to the table, so they are found by name. */
#include "identity.h"

#define ASSERTED SLICE("P-Asserted-Identity")
#define PREFERRED SLICE("P-Preferred-Identity")
#define PRIVACY SLICE("Privacy")

static bool is_named(const struct sip_msg *m, int field, struct slice name)
{
	return slice_eq_nocase(sip_msg_span(m, m->index->field[field].name), name);
}

static void remove_named(struct sip_draft *copy, const struct sip_msg *m, struct slice name)
{
	for (int f = sip_msg_first(m, SIP_HDR_OTHER); f >= 0; f = sip_msg_next(m, f))
		if (is_named(m, f, name))
			sip_draft_drop(copy, f);
}

enum { ID = 1, HARMLESS = 2, BEYOND_US = 4 };

static int kind_of(struct slice word)
{
	if (slice_eq_nocase(word, SLICE("id")))
		return ID;
	return slice_eq_nocase(word, SLICE("none")) || slice_eq_nocase(word, SLICE("critical")) ? HARMLESS : BEYOND_US;
}

/* RFC 3323 4.2: what kinds of privacy are asked for; values are parted by ';', and by ',' as lists are elsewhere. */
static int privacy(const struct sip_msg *m)
{
	int kinds = 0;

	for (int f = sip_msg_first(m, SIP_HDR_OTHER); f >= 0; f = sip_msg_next(m, f)) {
		struct slice rest = is_named(m, f, PRIVACY) ? sip_msg_value(m, f) : SLICE("");

		while (rest.n) {
			const int end = slice_find(rest, ';');
			struct slice part = end < 0 ? rest : slice_head(rest, (uint32_t)end), word;

			rest = end < 0 ? SLICE("") : slice_from(rest, (uint32_t)end + 1);
			while (slice_word(&part, &word))
				kinds |= kind_of(word);
		}
	}
	return kinds;
}

/* 7, 9.3: not to be told outside the trust domain. */
static bool is_private(const struct sip_msg *m)
{
	return privacy(m) & ID;
}

bool proxy_identity_serves(const struct sip_msg *m)
{
	const int kinds = privacy(m);

	return kinds && !(kinds & BEYOND_US);
}

/* 6: whatever name he would like, he has but one here. */
static bool asks(const struct sip_msg *m)
{
	return slice_present(sip_msg_get_other(m, ASSERTED)) || slice_present(sip_msg_get_other(m, PREFERRED));
}

bool proxy_identity_due(const struct proxy_element *e, const struct proxy_request *r)
{
	if (r->peer || proxy_request_is(r, SIP_ACK) || proxy_request_is(r, SIP_CANCEL) || proxy_request_is(r, SIP_REGISTER))
		return false;
	return e->config->proxy_assert || asks(&r->msg);
}

/* A peer hears it from us in any case, another one only when the caller himself said a name and keeps it from nobody. */
static void tell(struct sip_draft *copy, const struct proxy_element *e, const struct proxy_request *r, bool to_peer)
{
	const struct slice uri = rt_arena_printf(e->arena, "sip:" SLICE_FMT, SLICE_ARG(r->user));
	struct sip_uri parsed;

	if ((to_peer || (asks(&r->msg) && !is_private(&r->msg))) && !sip_uri_parse(&parsed, uri))
		sip_draft_append_named(copy, ASSERTED, rt_arena_printf(e->arena, "<" SLICE_FMT ">", SLICE_ARG(uri)));
}

void proxy_identity_request(struct sip_draft *copy, const struct proxy_element *e, const struct proxy_request *r, bool to_peer)
{
	if (!r->peer) {
		remove_named(copy, &r->msg, ASSERTED);
		remove_named(copy, &r->msg, PREFERRED);
		if (slice_present(r->user))
			tell(copy, e, r, to_peer);
	} else if (!to_peer && is_private(&r->msg)) {
		remove_named(copy, &r->msg, ASSERTED);
	}
}

void proxy_identity_response(struct sip_draft *copy, const struct sip_msg *response, bool from_peer, bool to_peer)
{
	if (!from_peer || (!to_peer && is_private(response)))
		remove_named(copy, response, ASSERTED);
	if (!from_peer)
		remove_named(copy, response, PREFERRED);
}
