/* SPDX-License-Identifier: MIT */
/* reply: the response to a request, RFC 3261 8.2.6, and the stamp on its topmost Via, 18.2.1 and RFC 3581 4. */
#include "change.h"
#include "chars.h"
#include "sip/addr.h"
#include "sip/via.h"

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

struct stamp { /* what the topmost Via is told */
	struct slice ip;  /* absent: received stays as it is */
	uint16_t port;
	uint32_t keep;
};

static void put_value(struct rt_cursor *c, const struct sip_param *param, uint32_t value)
{
	rt_cursor_put(c, param->name);
	if (value) {
		rt_cursor_char(c, '=');
		rt_cursor_u64(c, value);
	}
}

/* One parameter of the stamped Via: received is dropped here and written last, rport and keep get their values. */
static void stamp_param(struct rt_cursor *c, const struct sip_param *param, const struct stamp *stamp)
{
	const struct slice last = slice_present(param->value) ? param->value : param->name;
	const bool rport = !stamp->keep && slice_eq_nocase(param->name, SLICE("rport"));
	const bool keep = stamp->keep && !slice_present(param->value) && slice_eq_nocase(param->name, SLICE("keep"));

	if (!stamp->keep && slice_eq_nocase(param->name, SLICE("received")))
		return;
	rt_cursor_char(c, ';');
	if (rport || keep)
		put_value(c, param, rport ? stamp->port : stamp->keep);
	else
		rt_cursor_put(c, char_between(param->name.p, last.p + last.n));
}

static void stamp_via(struct sip_draft *d, const struct stamp *stamp)
{
	const struct slice top = draft_top(d, SIP_HDR_VIA);
	const uint32_t room = top.n + stamp->ip.n + 36;
	struct sip_via via;
	struct sip_param param;

	if (!slice_present(top) || sip_via_parse(&via, top) < 0) {
		d->err = d->err ? d->err : RT_BAD;
		return;
	}

	struct rt_cursor c = rt_cursor_on(rt_arena_raw(d->arena, room), room);

	if (c.p == 0) {
		d->err = d->err ? d->err : RT_NOMEM;
		return;
	}
	rt_cursor_put(&c, via.params.p ? char_between(top.p, via.params.p - 1) : top);
	while (sip_param_next(&via.params, &param) == 1)
		stamp_param(&c, &param, stamp);
	if (slice_present(stamp->ip)) {
		rt_cursor_lit(&c, ";received=");
		rt_cursor_put(&c, stamp->ip);
	}
	rt_arena_shrink(d->arena, c.p, c.n);
	sip_draft_set(d, SIP_HDR_VIA, rt_cursor_text(&c));
}

void sip_draft_stamp(struct sip_draft *d, struct slice ip, uint16_t port)
{
	stamp_via(d, &(struct stamp){ .ip = ip, .port = port });
}

void sip_draft_keep(struct sip_draft *d, uint32_t seconds)
{
	if (seconds)
		stamp_via(d, &(struct stamp){ .keep = seconds });
}
