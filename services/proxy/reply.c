/* SPDX-License-Identifier: MIT */
/* reply: what goes upstream: RFC 3261 16.7 steps 3 and 7 to 9, and 16.11 for responses nobody waits for. */
#include "job.h"

#include "identity.h"
#include "sip/via.h"
#include "uas.h"
#include "wait.h"
#include "way.h"

/* local: the address that was asked; the answer comes from there. */
static bool answer(struct proxy *p, uint32_t owner, rt_handle txn, uint64_t trail, const struct proxy_way *from, const struct sip_hop *local,
                   uint8_t flags, const struct sip_msg *m)
{
	const struct wire_head head = { .verb = WIRE_ANSWER, .flags = flags, .to = owner, .txn = txn, .trail = trail, .flow = from->flow,
		                        .edge = from->edge, .listener = from->listener, .remote = from->remote, .local = *local };
	const int err = svc_post(p->svc, &head, m);

	if (err)
		rt_log(RT_LOG_W, "proxy.unanswered", trail, "status=%u why=%s", m->index->status, rt_err_name(err));
	return !err;
}

static void send_up(struct proxy *p, struct proxy_job *j, const struct sip_draft *d)
{
	struct sip_msg m;

	if (!d || sip_draft_render(d, p->e.arena, &m)) {
		rt_log(RT_LOG_E, "proxy.unanswered", j->trail, "why=NOMEM");
		return;
	}
	if (sip_status_final(m.index->status)) {
		j->status = m.index->status;
		if (j->wait)
			proxy_say_final(p, j);
	}
	if (!proxy_request_is(&j->req, SIP_ACK)) /* 17: nothing answers an ACK */
		answer(p, j->owner, j->txn, j->trail, &j->req.from, &j->req.local, j->stranger ? WIRE_FORGET : 0, &m);
}

void proxy_reply_draft(struct proxy *p, struct proxy_job *j, const struct sip_draft *d)
{
	j->over |= !j->ctx.open;
	send_up(p, j, d);
}

void proxy_reply_status(struct proxy *p, struct proxy_job *j, int status)
{
	proxy_reply_draft(p, j, proxy_uas_reply(&p->e, &j->req.msg, status));
}

void proxy_reply_provisional(struct proxy *p, struct proxy_job *j, const struct sip_draft *d)
{
	send_up(p, j, d);
}

void proxy_reply_overload(struct proxy *p, const struct wire_parcel *in)
{
	const struct wire_head *const h = in->head;
	const struct proxy_way from = { .remote = h->remote, .flow = h->flow, .edge = h->edge, .listener = h->listener };
	const struct proxy_refusal busy = { .status = 503, .header = SIP_HDR_RETRY_AFTER, .value = SLICE("5") };
	const struct sip_draft *const d = h->txn ? proxy_uas_refuse(&p->e, &in->msg, &busy) : 0;
	struct sip_msg m;

	if (d && !sip_draft_render(d, p->e.arena, &m))
		answer(p, h->from, h->txn, h->trail, &from, &h->local, 0, &m);
}

/* Is whom branch i went to a peer? */
static bool is_of_peer(const struct proxy *p, const struct proxy_aim *aim)
{
	return aim->at < aim->nhop && proxy_job_peer(p, &aim->hop[aim->at]);
}

/* 16.7 step 7: the challenges of all branches, in their order, so that the caller can answer them at once. */
static void gather_challenges(struct sip_draft *d, const struct proxy_job *j, int chosen)
{
	static const enum sip_hdr challenge[] = { SIP_HDR_WWW_AUTHENTICATE, SIP_HDR_PROXY_AUTHENTICATE };

	for (int i = 0; i < j->ctx.n; i++) {
		const struct sip_msg *const m = &j->aim[i]->reply;

		if (i == chosen || !m->index || (m->index->status != 401 && m->index->status != 407))
			continue;
		for (int h = 0; h < 2; h++)
			for (int f = sip_msg_first(m, challenge[h]); f >= 0; f = sip_msg_next(m, f))
				sip_draft_append(d, challenge[h], sip_msg_value(m, f));
	}
}

static struct sip_draft *upward(struct proxy *p, const struct proxy_job *j, int i, const struct sip_msg *response, int status)
{
	struct sip_draft *const d = sip_draft_from(p->e.arena, response);

	if (!d)
		return 0;
	sip_draft_pop(d, SIP_HDR_VIA); /* step 3 */
	if (status != response->index->status)
		sip_draft_status(d, status, sip_status_phrase(status));
	proxy_identity_response(d, response, is_of_peer(p, j->aim[i]), j->req.peer);
	return d;
}

void proxy_reply_forward(struct proxy *p, struct proxy_job *j, int i, const struct sip_msg *response, int status)
{
	struct sip_draft *d = upward(p, j, i, response, status);
	struct sip_msg whole;

	if (d && (status == 401 || status == 407)) {
		gather_challenges(d, j, i);
		if (sip_draft_render(d, p->e.arena, &whole)) /* more than a message holds: the chosen one's are better than no answer */
			d = upward(p, j, i, response, status);
	}
	if (d)
		send_up(p, j, d);
}

/* 16.7 step 5 and RFC 6026 8.1: a 2xx to an INVITE goes up whenever it comes, its transaction still knows where to. */
void proxy_reply_stray(struct proxy *p, const struct wire_parcel *in)
{
	const struct proxy_way nowhere = { .edge = 0 };
	struct sip_draft *d;
	struct sip_msg m;

	++*p->count.stray;
	if (in->msg.index && in->msg.index->method == SIP_INVITE && sip_status_provisional(in->msg.index->status)) {
		proxy_branch_unwanted(p, in->head);
		return;
	}
	if (!in->msg.index || !in->head->txn || in->msg.index->method != SIP_INVITE || !sip_status_success(in->msg.index->status))
		return;
	d = sip_draft_from(p->e.arena, &in->msg);
	if (!d)
		return;
	sip_draft_pop(d, SIP_HDR_VIA);
	proxy_identity_response(d, &in->msg, false, false); /* from whom, nobody knows any more */
	if (!sip_draft_render(d, p->e.arena, &m))
		answer(p, in->head->from, in->head->txn, in->head->trail, &nowhere, &nowhere.remote, 0, &m);
}

/* 18.2.2 for a response that had no transaction: where the Via under ours says. Names were given a received by our own door. */
static int hop_of_via(const struct sip_via *via, struct sip_hop *out)
{
	const bool received = via->received.n > 0;
	uint32_t rport = 0;
	uint16_t port = via->port;

	if (via->rport.n && slice_u32(via->rport, &rport) && rport <= UINT16_MAX)
		port = (uint16_t)rport;
	if (!port)
		port = sip_transport_port((enum sip_transport)via->transport);
	return sip_hop_ip(out, received ? via->received : via->host, (enum sip_transport)via->transport, port);
}

void proxy_reply_stateless(struct proxy *p, const struct wire_parcel *in)
{
	const struct proxy_way came = { .edge = in->head->edge, .listener = in->head->listener };
	const int ours = sip_msg_first(&in->msg, SIP_HDR_VIA);
	const int next = ours < 0 ? -1 : sip_msg_next(&in->msg, ours);
	struct wire_head head = { .verb = WIRE_DEPART, .flags = WIRE_STATELESS, .trail = in->head->trail };
	struct proxy_way way;
	struct sip_hop hop;
	struct sip_via via;
	struct sip_draft *d;
	struct sip_msg m;

	if (next < 0) /* 16.7 step 3: nobody else's */
		return;
	if (sip_via_parse(&via, sip_msg_value(&in->msg, next)) || hop_of_via(&via, &hop) || proxy_way_to(&p->e, &came, &hop, &way))
		return;
	d = sip_draft_from(p->e.arena, &in->msg);
	if (!d)
		return;
	sip_draft_pop(d, SIP_HDR_VIA);
	proxy_identity_response(d, &in->msg, proxy_job_peer(p, &in->head->remote), proxy_job_peer(p, &hop));
	if (sip_draft_render(d, p->e.arena, &m))
		return;
	head.to = head.edge = way.edge;
	head.listener = way.listener;
	head.remote = hop;
	++*p->count.stateless;
	if (svc_post(p->svc, &head, &m))
		rt_log(RT_LOG_W, "proxy.unanswered", in->head->trail, "status=%u", m.index->status);
}
