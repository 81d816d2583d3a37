/* SPDX-License-Identifier: MIT */
/* early: provisional responses of our own, and whose dialog a request is in. */
#include "early.h"

#include "sip/route.h"
#include "uas.h"

/* Who waits should know for how long: 21.1.4 leaves that to the reason phrase. */
static struct slice phrase(const struct proxy_element *e, const struct proxy_said *said)
{
	if (said->status != 182)
		return sip_status_phrase(said->status);
	if (!said->ahead)
		return SLICE("Queued, you are next");
	return rt_arena_printf(e->arena, "Queued, %u ahead of you", said->ahead);
}

/* Where the request came in: the caller reaches that, 12.1.1. */
static struct slice contact(const struct proxy_element *e, const struct proxy_request *r, uint32_t worker, rt_handle job)
{
	enum { ROOM = 320 };
	const struct wire_listener *const l = proxy_element_listener(e, r->from.edge, r->from.listener);
	const struct sip_service me = { .name = SLICE("queue"), .agent = worker, .dialog = job };
	char *const text = l ? rt_arena_raw(e->arena, ROOM) : 0;
	struct rt_cursor c = rt_cursor_on(text, text ? ROOM : 0);

	if (!text)
		return SLICE_NONE;
	rt_cursor_put(&c, r->uri.scheme == SIP_SCHEME_SIPS ? SLICE("<sips:") : SLICE("<sip:"));
	sip_service_render(&c, &me, e->branch);
	rt_cursor_printf(&c, "@%s:%u", l->host, l->port);
	if (l->local.proto != SIP_UDP) {
		rt_cursor_lit(&c, ";transport=");
		rt_cursor_put(&c, sip_transport_param((enum sip_transport)l->local.proto));
	}
	rt_cursor_char(&c, '>');
	return c.err ? SLICE_NONE : rt_cursor_text(&c);
}

struct sip_draft *proxy_early_draft(const struct proxy_element *e, const struct proxy_request *r, const struct proxy_said *said,
                                    uint32_t worker, rt_handle job)
{
	struct sip_draft *const d = sip_draft_reply(e->arena, &r->msg, said->status, phrase(e, said), proxy_uas_tag(e, &r->msg));
	const struct slice here = contact(e, r, worker, job);

	if (!d)
		return 0;
	if (slice_present(here))
		sip_draft_set(d, SIP_HDR_CONTACT, here);
	if (said->rseq) {
		sip_draft_set(d, SIP_HDR_REQUIRE, SLICE("100rel"));
		sip_draft_set(d, SIP_HDR_RSEQ, rt_arena_printf(e->arena, "%u", said->rseq));
	}
	return d;
}

bool proxy_early_names(const struct proxy_element *e, const struct proxy_request *r, uint32_t *worker, rt_handle *job)
{
	struct sip_service s;

	if (sip_service_parse(&s, r->uri.user, e->branch) || !slice_eq(s.name, SLICE("queue")))
		return false;
	*worker = s.agent;
	*job = s.dialog;
	return true;
}

bool proxy_early_fits(const struct proxy_element *e, const struct sip_msg *invite, const struct sip_msg *inside)
{
	const struct sip_facts *const f = &invite->index->facts, *const g = &inside->index->facts;

	return slice_eq(sip_msg_get(invite, SIP_HDR_CALL_ID), sip_msg_get(inside, SIP_HDR_CALL_ID)) &&
	       slice_eq(sip_msg_span(invite, f->from_tag), sip_msg_span(inside, g->from_tag)) &&
	       slice_eq(proxy_uas_tag(e, invite), sip_msg_span(inside, g->to_tag));
}
