/* SPDX-License-Identifier: MIT */
/* reply: the response to a request, RFC 3261 8.2.6. */
#include "change.h"
#include "rt/cursor.h"
#include "sip/addr.h"

/* Is this value of the request copied into a response of this status? One of each kind but Via and Record-Route. */
static bool is_copied(const struct sip_index *x, int field, int status)
{
	const enum sip_hdr id = x->field[field].id;

	switch (id) {
	case SIP_HDR_VIA:
		return true;
	case SIP_HDR_RECORD_ROUTE: /* 12.1.1: what may create a dialog */
		return status > 100 && status < 300;
	case SIP_HDR_TIMESTAMP: /* 8.2.6.1 */
		return status == 100 && x->first[id] == field;
	case SIP_HDR_FROM:
	case SIP_HDR_TO:
	case SIP_HDR_CALL_ID:
	case SIP_HDR_CSEQ:
		return x->first[id] == field;
	default:
		return false;
	}
}

/* The facts of a broken request may lack a tag that is there. */
static bool has_tag(const struct sip_msg *req, struct slice to)
{
	struct sip_addr addr;

	return req->index->facts.to_tag.n ||
	       (sip_addr_parse(&addr, to) == 0 && sip_param_has(addr.params, SLICE("tag")));
}

static void tag_to(struct sip_draft *d, struct slice to_tag)
{
	const int field = sip_msg_first(&d->base, SIP_HDR_TO);

	if (field < 0 || !slice_present(to_tag))
		return;

	const struct slice to = draft_base_value(d, field);

	if (has_tag(&d->base, to))
		return;

	const uint32_t room = to.n + 5 + to_tag.n;
	struct rt_cursor c = rt_cursor_on(rt_arena_raw(d->arena, room), room);

	if (c.p == 0) {
		d->err = RT_NOMEM;
		return;
	}
	rt_cursor_put(&c, to);
	rt_cursor_lit(&c, ";tag=");
	rt_cursor_put(&c, to_tag);
	sip_draft_replace(d, field, rt_cursor_text(&c));
}

struct sip_draft *sip_draft_reply(struct rt_arena *a, const struct sip_msg *req, int status, struct slice reason,
                                  struct slice to_tag)
{
	struct sip_draft *const d = sip_draft_from(a, req);

	if (d == 0)
		return 0;
	d->reply = true;
	d->status = (uint16_t)status;
	d->target = slice_present(reason) ? reason : sip_status_phrase(status);
	d->body = slice_of("", 0);
	if (status < 100 || status > 699)
		d->err = RT_BAD;
	for (int f = 0; f < req->index->nfield; f++)
		d->state[f] = is_copied(req->index, f, status) ? DRAFT_KEPT : DRAFT_DROPPED;
	tag_to(d, to_tag);
	return d;
}

struct slice sip_reply_tag(struct rt_arena *a, const struct sip_msg *req, struct rt_key key)
{
	const struct slice call_id = sip_msg_get(req, SIP_HDR_CALL_ID), from = sip_msg_span(req, req->index->facts.from_tag),
	                   branch = sip_msg_span(req, req->index->facts.via_branch);
	const uint64_t part[] = { rt_hash(key, call_id.p, call_id.n), rt_hash(key, from.p, from.n), rt_hash(key, branch.p, branch.n) };

	return rt_arena_hex(a, rt_hash(key, part, sizeof(part)));
}
