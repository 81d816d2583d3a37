/* SPDX-License-Identifier: MIT */
/* reply: responses on their way, and who we say we are in them. */
#include "sip/route.h"

#include "agent.h"

/* By which of our listeners others reach us: a secure one for a sips request, else the first for datagrams. */
static const struct wire_listener *door(struct agent *a, bool secure)
{
	const struct wire_listener *first = 0, *best = 0;
	const struct wire_member *m;

	for (uint32_t i = 0; (m = wire_members_each(svc_members(a->svc), &i));)
		for (int k = 0; m->tier == WIRE_TRANSPORT && k < m->nlistener; k++) {
			const struct wire_listener *const l = &m->listener[k];

			if (!l->local.family)
				continue;
			first = first ? first : l;
			if (!best && l->local.proto == (secure ? SIP_TLS : SIP_UDP))
				best = l;
		}
	return best ? best : first;
}

/* Asked by a sips URI, answered with one: 8.1.1.8, 12.1.1. */
static bool is_secure(const struct agent_call *c)
{
	const struct sip_msg asked = c->asked ? agent_kept_msg(c->asked) : (struct sip_msg){ .index = 0 };

	return asked.index && slice_starts_nocase(sip_msg_target(&asked), SLICE("sips:"));
}

struct slice agent_contact(struct agent *a, const struct agent_call *c)
{
	enum { ROOM = 256 };
	const bool secure = is_secure(c);
	const struct wire_listener *const l = door(a, secure);
	const struct sip_service me = { .name = c->service->name, .agent = svc_id(a->svc), .dialog = c->self };
	char *const text = rt_arena_raw(svc_arena(a->svc), ROOM);
	struct rt_cursor out = rt_cursor_on(text, text ? ROOM : 0);

	if (!l)
		return SLICE_NONE;
	rt_cursor_put(&out, secure ? SLICE("<sips:") : SLICE("<sip:"));
	sip_service_render(&out, &me, a->branch_key);
	rt_cursor_printf(&out, "@%s:%u", l->host, l->port);
	if (l->local.proto != SIP_UDP && (!secure || l->local.proto == SIP_WSS)) {
		rt_cursor_lit(&out, ";transport=");
		rt_cursor_put(&out, sip_transport_param((enum sip_transport)l->local.proto));
	}
	rt_cursor_char(&out, '>');
	return out.err ? SLICE_NONE : rt_cursor_text(&out);
}

/* "<call 16 hex><hash 8 hex>": a request inside the dialog brings it back. Without a call: the hash alone, the same each time. */
struct slice agent_tag(struct agent *a, rt_handle call, const struct sip_msg *request)
{
	const struct slice id = sip_msg_get(request, SIP_HDR_CALL_ID), from = sip_msg_span(request, request->index->facts.from_tag);
	const uint64_t part[] = { call, rt_hash(a->tag_key, id.p, id.n), rt_hash(a->tag_key, from.p, from.n) };
	const uint64_t sum = rt_hash(a->tag_key, part, sizeof(part));

	if (!call)
		return rt_arena_printf(svc_arena(a->svc), "%016llx", (unsigned long long)sum);
	return rt_arena_printf(svc_arena(a->svc), "%016llx%08x", (unsigned long long)call, (uint32_t)sum);
}

static int post(struct agent *a, struct agent_txn to, uint64_t trail, const struct sip_msg *m)
{
	const struct wire_head head = { .verb = WIRE_ANSWER, .to = to.owner, .txn = to.txn, .trail = trail };
	const int err = svc_post(a->svc, &head, m);

	if (err < 0)
		rt_log(RT_LOG_W, "agent.unanswered", trail, "status=%u err=%s", m->index->status, rt_err_name(err));
	return err;
}

int agent_answer(struct agent *a, struct agent_txn to, uint64_t trail, struct sip_draft *d, struct sip_msg *out)
{
	const int err = d ? sip_draft_render(d, svc_arena(a->svc), out) : RT_NOMEM;

	if (err) {
		rt_log(RT_LOG_W, "agent.unanswered", trail, "err=%s", rt_err_name(err));
		return err;
	}
	return post(a, to, trail, out);
}

void agent_refuse(struct agent *a, const struct wire_parcel *in, int status, enum sip_hdr header, struct slice value)
{
	struct sip_draft *const d = sip_draft_reply(svc_arena(a->svc), &in->msg, status, SLICE_NONE, agent_tag(a, 0, &in->msg));
	struct sip_msg m;

	++*a->count.refused;
	if (d && header != SIP_HDR_OTHER)
		sip_draft_set(d, header, value);
	rt_log(RT_LOG_I, "agent.refused", in->head->trail, "method=" SLICE_FMT " status=%d", SLICE_ARG(sip_msg_method(&in->msg)),
	       status);
	(void)!agent_answer(a, agent_txn_of(in), in->head->trail, d, &m);
}
