/* SPDX-License-Identifier: MIT */
/* rel: what the table of RFC 3262 3 says is done: numbers on responses, copies, PRACKs answered, the 2xx in its time. */
#include "agent.h"

enum { WITH_SDP = 1 << 15 }; /* beside a status in the queue */

struct doing { /* one event */
	struct agent *a;
	struct agent_call *c;
	enum ua_uas_event ev;
	int status;                     /* of the response in hand */
	const struct wire_parcel *prack;
};

static void take(struct doing *d);

static void start(struct agent *a, struct agent_call *c, struct rt_timer *t, enum agent_timer name, uint32_t ms)
{
	svc_timer_start(a->svc, t, c->self, (uint8_t)name, ms);
}

/* ---- Responses to the INVITE ---- */

static struct sip_draft *reply_to_invite(struct agent *a, struct agent_call *c, int status)
{
	const struct sip_msg invite = agent_kept_msg(c->asked);
	struct sip_draft *const d = sip_draft_reply(svc_arena(a->svc), &invite, status, SLICE_NONE, c->dialog.local_tag);

	if (!d || status >= 300)
		return d;
	sip_draft_set(d, SIP_HDR_CONTACT, agent_contact(a, c));
	sip_draft_set(d, SIP_HDR_ALLOW, SLICE(AGENT_ALLOW));
	sip_draft_set(d, SIP_HDR_SUPPORTED, SLICE(AGENT_SUPPORTED));
	return d;
}

static void put_sdp(struct agent *a, struct agent_call *c, enum ua_carrier in, struct sip_draft *d)
{
	const struct sip_msg invite = agent_kept_msg(c->asked);
	const struct slice sdp = agent_say_sdp(a, c, in, &invite);

	if (d && slice_present(sdp))
		sip_draft_body(d, SLICE("application/sdp"), sdp);
}

static void send_unreliably(struct agent *a, struct agent_call *c, int status)
{
	struct sip_msg m;

	(void)!agent_answer(a, c->invite, c->trail, reply_to_invite(a, c, status), &m);
}

int agent_put_final(struct agent *a, struct agent_call *c, int status)
{
	struct sip_draft *const d = c->asked ? reply_to_invite(a, c, status) : 0;
	struct sip_msg m;
	int err;

	if (!d)
		return RT_NOMEM;
	if (sip_status_success(status))
		put_sdp(a, c, UA_IN_2XX, d);
	if (status == 480)
		sip_draft_set(d, SIP_HDR_RETRY_AFTER, SLICE("60"));
	err = agent_answer(a, c->invite, c->trail, d, &m);
	if (err || !sip_status_success(status))
		return err;
	agent_keep_swap(&c->sent, agent_keep(&m)); /* 13.3.1.4: it is ours to send again until the ACK */
	c->waits_for_ack = true;
	c->fired = 0;
	c->dialog.state = UA_CONFIRMED;
	start(a, c, &c->again, AGENT_AGAIN, a->set.t1);
	start(a, c, &c->limit, AGENT_LIMIT, 64 * a->set.t1);
	return 0;
}

/* ---- Acts, in the order of their bits ---- */

static void act_stop(struct doing *d)
{
	svc_timer_stop(d->a->svc, &d->c->again);
	svc_timer_stop(d->a->svc, &d->c->limit);
}

static void act_send(struct doing *d)
{
	struct agent *const a = d->a;
	struct agent_call *const c = d->c;
	struct sip_draft *const r = reply_to_invite(a, c, d->status);
	struct sip_msg m;

	if (r) {
		sip_draft_set(r, SIP_HDR_REQUIRE, SLICE("100rel"));
		sip_draft_set(r, SIP_HDR_RSEQ, rt_arena_printf(svc_arena(a->svc), "%u", ua_rel_uas_number(&c->rel)));
	}
	if (d->ev == UA_UAS_EV_SDP)
		put_sdp(a, c, UA_IN_REL, r);
	++*a->count.reliable;
	if (agent_answer(a, c->invite, c->trail, r, &m) == 0)
		agent_keep_swap(&c->sent, agent_keep(&m));
}

static void act_queue(struct doing *d)
{
	struct agent_call *const c = d->c;

	if (c->queued < AGENT_QUEUE)
		c->queue[c->queued++] = (uint16_t)(d->status | (d->ev == UA_UAS_EV_SDP ? WITH_SDP : 0));
}

static void act_resend(struct doing *d)
{
	const struct wire_head head = { .verb = WIRE_ANSWER, .to = d->c->invite.owner, .txn = d->c->invite.txn, .trail = d->c->trail };
	const struct sip_msg m = d->c->sent ? agent_kept_msg(d->c->sent) : (struct sip_msg){ .index = 0 };

	if (m.index && svc_post(d->a->svc, &head, &m) < 0)
		rt_log(RT_LOG_D, "agent.unanswered", d->c->trail, "status=%u", m.index->status);
}

/* The PRACK is good; what it says about media may not be. */
static void act_ok(struct doing *d)
{
	struct agent *const a = d->a;
	struct agent_call *const c = d->c;
	const bool owed = c->offer.pending && c->offer.side == UA_MINE && c->offer.by == UA_IN_REL;
	const int wrong = agent_hear_sdp(c, UA_IN_PRACK, &d->prack->msg);
	struct sip_draft *const r = sip_draft_reply(svc_arena(a->svc), &d->prack->msg, wrong && !owed ? wrong : 200, SLICE_NONE,
						    SLICE_NONE);
	const struct slice sdp = wrong ? SLICE_NONE : agent_say_sdp(a, c, UA_IN_PRACK_2XX, &d->prack->msg);
	struct sip_msg m;

	if (r && slice_present(sdp))
		sip_draft_body(r, SLICE("application/sdp"), sdp);
	(void)!agent_answer(a, agent_txn_of(d->prack), d->prack->head->trail, r, &m);
	if (wrong && owed) { /* our offer was never answered, 5: there is no session to go on with */
		c->queued = 0;
		c->queue[c->queued++] = 488;
	}
}

static void act_refuse(struct doing *d)
{
	agent_refuse(d->a, d->prack, 481, SIP_HDR_OTHER, SLICE_NONE);
}

static void act_flush(struct doing *d)
{
	d->c->queued = 0;
}

static void act_final(struct doing *d)
{
	struct agent_call *const c = d->c;

	if (agent_put_final(d->a, c, d->status) == 0 && sip_status_success(d->status)) {
		++*d->a->count.answered;
		return;
	}
	c->over = true;
}

static void act_lost(struct doing *d)
{
	++*d->a->count.unacknowledged;
	rt_log(RT_LOG_W, "agent.unacknowledged", d->c->trail, "rseq=%u answer=504", d->c->rel.rseq);
	(void)!agent_put_final(d->a, d->c, 504);
	d->c->over = true;
}

static enum ua_uas_event event_of(int status, bool sdp)
{
	if (sip_status_provisional(status))
		return sdp ? UA_UAS_EV_SDP : UA_UAS_EV_1XX;
	return sip_status_success(status) ? UA_UAS_EV_2XX : UA_UAS_EV_FAIL;
}

static void act_next(struct doing *d)
{
	struct agent_call *const c = d->c;
	uint16_t waited[AGENT_QUEUE];
	const uint8_t n = c->queued;

	memcpy(waited, c->queue, sizeof(waited));
	c->queued = 0;
	for (uint8_t i = 0; i < n && !c->over; i++) {
		const int status = waited[i] & ~WITH_SDP;
		struct doing again = { .a = d->a, .c = c, .ev = event_of(status, waited[i] & WITH_SDP), .status = status };

		take(&again);
	}
}

static void act_start_r(struct doing *d)
{
	start(d->a, d->c, &d->c->again, AGENT_AGAIN, ua_rel_uas_delay(UA_UAS_EV_R, d->c->rel.fired, d->a->set.t1));
}

static void act_start_p(struct doing *d)
{
	start(d->a, d->c, &d->c->limit, AGENT_LIMIT, ua_rel_uas_delay(UA_UAS_EV_P, 0, d->a->set.t1));
}

/* The timers come before what is next: a response sent then starts them anew. */
static void take(struct doing *d)
{
	static const struct {
		enum ua_uas_act act;
		void (*fn)(struct doing *);
	} acts[] = {
		{ UA_UAS_STOP, act_stop },       { UA_UAS_SEND, act_send },   { UA_UAS_QUEUE, act_queue },
		{ UA_UAS_RESEND, act_resend },   { UA_UAS_OK, act_ok },       { UA_UAS_REFUSE, act_refuse },
		{ UA_UAS_FLUSH, act_flush },     { UA_UAS_FINAL, act_final }, { UA_UAS_LOST, act_lost },
		{ UA_UAS_START_R, act_start_r }, { UA_UAS_START_P, act_start_p }, { UA_UAS_NEXT, act_next },
	};
	const struct ua_uas_rule rule = ua_rel_uas_take(&d->c->rel, d->ev);

	for (size_t i = 0; i < sizeof(acts) / sizeof(acts[0]); i++)
		if (rule.acts & acts[i].act)
			acts[i].fn(d);
}

/* ---- What others ask ---- */

/* 3: always when required; else as the policy says, for a caller who can. */
static bool goes_reliably(const struct agent *a, const struct agent_call *c, bool sdp)
{
	const bool wish = sdp || c->service->reliable || a->set.reliable != AGENT_REL_SDP;

	return c->wanted == UA_REL_MUST || (c->wanted == UA_REL_MAY && wish);
}

void agent_rel_provisional(struct agent *a, struct agent_call *c, int status, bool sdp)
{
	struct doing d = { .a = a, .c = c, .ev = event_of(status, sdp), .status = status };

	if (goes_reliably(a, c, sdp))
		take(&d);
	else
		send_unreliably(a, c, status);
}

void agent_rel_final(struct agent *a, struct agent_call *c, int status)
{
	struct doing d = { .a = a, .c = c, .ev = event_of(status, false), .status = status };

	take(&d);
}

void agent_rel_prack(struct agent *a, struct agent_call *c, const struct wire_parcel *in)
{
	struct doing d = { .a = a, .c = c, .ev = UA_UAS_EV_STRAY, .prack = in };
	struct ua_rack rack;

	if (ua_rack_parse(&rack, sip_msg_get(&in->msg, SIP_HDR_RACK)) < 0) {
		agent_refuse(a, in, 400, SIP_HDR_OTHER, SLICE_NONE);
		return;
	}
	d.ev = ua_rel_uas_heard(&c->rel, &rack);
	take(&d);
}

void agent_rel_timer(struct agent *a, struct agent_call *c, enum ua_uas_event timer)
{
	struct doing d = { .a = a, .c = c, .ev = timer };

	take(&d);
}
