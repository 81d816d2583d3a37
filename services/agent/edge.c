/* SPDX-License-Identifier: MIT */
/*
 * edge: the agent as a transport of its own, whose network is this very actor.
 *
 *   proxy -> FORK -> transaction -> DEPART request  --> our Via --> ARRIVED, WIRE_HOME -> transaction -> OFFER to us
 *   we -> ANSWER -> transaction -> DEPART response  --> by the branch of its top Via -> ARRIVED -> transaction -> RESULT to the proxy
 *   we -> ARRIVED request (a BYE) -> transaction -> OFFER to a proxy -> ... -> DEPART response, branch owner: us
 */
#include "sip/route.h"

#include "agent.h"

static void unsent(struct agent *a, const struct wire_head *h, int reason)
{
	const struct wire_head head = {
		.verb = WIRE_UNSENT, .to = h->from, .trail = h->trail, .reason = (int16_t)reason, .edge = svc_id(a->svc),
		.txn = h->txn, .branch = h->branch, .context = h->context, .slot = h->slot, .loop = h->loop,
	};

	if (svc_post(a->svc, &head, 0) < 0)
		rt_log(RT_LOG_D, "unsent.lost", h->trail, "to=%u", h->from);
}

static struct slice via_value(struct agent *a, const struct sip_branch *b)
{
	enum { ROOM = 160 };
	char *const text = rt_arena_raw(svc_arena(a->svc), ROOM);
	struct rt_cursor c = rt_cursor_on(text, text ? ROOM : 0);

	rt_cursor_printf(&c, "SIP/2.0/TCP agent-%u.invalid;branch=", svc_id(a->svc));
	sip_branch_render(&c, b, a->branch_key);
	return c.err ? SLICE_NONE : rt_cursor_text(&c);
}

/* The message with our Via on top, to the transaction actor its key names. */
static int arrive(struct agent *a, struct sip_draft *d, const struct sip_branch *b, uint8_t flags, uint64_t trail)
{
	const struct slice via = via_value(a, b);
	struct sip_msg m;
	struct wire_head head = {
		.verb = WIRE_ARRIVED, .flags = flags, .edge = svc_id(a->svc), .trail = trail, .born = svc_wall_ms(a->svc),
		.remote = { .proto = SIP_TCP, .family = 4, .port = 5060 },
	};
	int err;

	if (!d || !slice_present(via))
		return RT_NOMEM;
	sip_draft_push(d, SIP_HDR_VIA, via);
	err = sip_draft_render(d, svc_arena(a->svc), &m);
	if (err)
		return err;
	head.local = head.remote;
	head.to = svc_pick(a->svc, WIRE_TRANSACTION, wire_request_key(&m));
	return head.to ? svc_post(a->svc, &head, &m) : RT_ABSENT;
}

static void request(struct agent *a, const struct wire_parcel *in, const struct sip_msg *m)
{
	const struct wire_head *const h = in->head;
	const struct sip_branch b = { h->flags & WIRE_STATELESS ? 0 : h->from, h->branch, h->loop };
	const int err = arrive(a, sip_draft_from(svc_arena(a->svc), m), &b, WIRE_HOME, h->trail);

	if (err)
		unsent(a, h, err == RT_NOMEM || err == RT_BIG ? RT_NOMEM : RT_DOWN);
}

/* A response finds who sent its request by our own branch; one of ours is to a BYE, and nothing hangs on that. */
static void response(struct agent *a, const struct wire_parcel *in, const struct sip_msg *m)
{
	struct wire_head head = {
		.verb = WIRE_ARRIVED, .edge = svc_id(a->svc), .trail = in->head->trail, .born = svc_wall_ms(a->svc),
		.remote = in->head->remote, .local = in->head->remote,
	};
	struct sip_branch b;

	if (sip_branch_parse(&b, sip_msg_span(m, m->index->facts.via_branch), a->branch_key) < 0)
		return;
	if (b.owner == svc_id(a->svc)) {
		rt_log(RT_LOG_D, "agent.answered", in->head->trail, "status=%u call=%llx", m->index->status,
		       (unsigned long long)b.handle);
		return;
	}
	head.to = b.owner ? b.owner : svc_pick(a->svc, WIRE_PROXY, b.handle);
	head.branch = b.handle;
	head.loop = b.loop;
	if (head.to == 0 || svc_post(a->svc, &head, m) < 0)
		unsent(a, in->head, RT_DOWN);
}

void agent_edge_depart(struct agent *a, const struct wire_parcel *in)
{
	struct sip_index room;
	struct sip_msg m = in->msg;

	if (!m.index && sip_msg_parse(&m, &room, in->msg.text, 0) < 0) {
		unsent(a, in->head, RT_DOWN);
		return;
	}
	if (sip_msg_is_request(&m))
		request(a, in, &m);
	else
		response(a, in, &m);
}

int agent_edge_send(struct agent *a, struct agent_call *c, struct sip_draft *d)
{
	const struct sip_branch b = { svc_id(a->svc), c->self, c->dialog.local_cseq };

	return arrive(a, d, &b, WIRE_PEER, c->trail);
}
