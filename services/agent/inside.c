/* SPDX-License-Identifier: MIT */
/* inside: requests inside a dialog, RFC 3261 12.2.2, one function a method. */
#include "agent.h"

static struct sip_draft *reply(struct agent *a, const struct wire_parcel *in, int status)
{
	return sip_draft_reply(svc_arena(a->svc), &in->msg, status, SLICE_NONE, SLICE_NONE);
}

static void answer(struct agent *a, const struct wire_parcel *in, struct sip_draft *d)
{
	struct sip_msg m;

	(void)!agent_answer(a, agent_txn_of(in), in->head->trail, d, &m);
}

static void say_who_we_are(struct agent *a, struct agent_call *c, struct sip_draft *d)
{
	if (!d)
		return;
	sip_draft_set(d, SIP_HDR_CONTACT, agent_contact(a, c));
	sip_draft_set(d, SIP_HDR_ALLOW, SLICE(AGENT_ALLOW));
	sip_draft_set(d, SIP_HDR_SUPPORTED, SLICE(AGENT_SUPPORTED));
}

/* 491, 500 with Retry-After, 488, 415 ... to an offer that cannot be had now or at all. */
static void refuse_offer(struct agent *a, const struct wire_parcel *in, int status)
{
	if (status == 500)
		agent_refuse(a, in, status, SIP_HDR_RETRY_AFTER, SLICE("3"));
	else if (status == 415)
		agent_refuse(a, in, status, SIP_HDR_ACCEPT, SLICE("application/sdp"));
	else
		agent_refuse(a, in, status, SIP_HDR_OTHER, SLICE_NONE);
}

/* A BYE for a call that still rings ends that too, 15.1.2. */
static void on_bye(struct agent *a, struct agent_call *c, const struct wire_parcel *in)
{
	answer(a, in, reply(a, in, 200));
	if (c->dialog.state == UA_EARLY)
		agent_rel_final(a, c, 487);
	c->over = true;
}

static void on_prack(struct agent *a, struct agent_call *c, const struct wire_parcel *in)
{
	agent_rel_prack(a, c, in);
}

static void accept_offer(struct agent_call *c, const struct sip_msg *m)
{
	c->echo.source.family = 0; /* he may speak from somewhere else now */
	if (ua_dialog_retarget(&c->dialog, m) < 0)
		rt_log(RT_LOG_D, "agent.target_kept", c->trail, "cseq=%u", m->index->facts.cseq);
}

/* RFC 3311 5.2 */
static void on_update(struct agent *a, struct agent_call *c, const struct wire_parcel *in)
{
	const int status = agent_hear_sdp(c, UA_IN_UPDATE, &in->msg);
	struct sip_draft *d;
	struct slice sdp;

	if (status) {
		refuse_offer(a, in, status);
		return;
	}
	d = reply(a, in, 200);
	say_who_we_are(a, c, d);
	accept_offer(c, &in->msg);
	sdp = agent_say_sdp(a, c, UA_IN_UPDATE_2XX, &in->msg);
	if (d && slice_present(sdp))
		sip_draft_body(d, SLICE("application/sdp"), sdp);
	answer(a, in, d);
}

/* 14.2 */
static void on_invite(struct agent *a, struct agent_call *c, const struct wire_parcel *in)
{
	int status;

	if (c->dialog.state != UA_CONFIRMED || c->waits_for_ack) {
		refuse_offer(a, in, 500);
		return;
	}
	status = agent_hear_sdp(c, UA_IN_INVITE, &in->msg);
	if (status) {
		refuse_offer(a, in, status);
		return;
	}
	agent_call_await(a, c, in);
	accept_offer(c, &in->msg);
	if (!c->asked || agent_put_final(a, c, 200))
		agent_refuse(a, in, 500, SIP_HDR_OTHER, SLICE_NONE);
}

static void on_ack(struct agent *a, struct agent_call *c, const struct wire_parcel *in)
{
	const bool wrong = in->msg.index->facts.cseq != c->invite_cseq;

	if (!c->waits_for_ack || wrong)
		return;
	svc_timer_stop(a->svc, &c->again);
	svc_timer_stop(a->svc, &c->limit);
	c->waits_for_ack = false;
	agent_keep_swap(&c->sent, 0);
	if (agent_hear_sdp(c, UA_IN_ACK, &in->msg))
		agent_call_hang_up(a, c, "no-answer-in-ack");
	else if (c->leaving)
		agent_call_hang_up(a, c, "leaving");
}

static void on_options(struct agent *a, struct agent_call *c, const struct wire_parcel *in)
{
	struct sip_draft *const d = reply(a, in, 200);

	say_who_we_are(a, c, d);
	if (d)
		sip_draft_set(d, SIP_HDR_ACCEPT, SLICE("application/sdp"));
	answer(a, in, d);
}

void agent_inside(struct agent *a, struct agent_call *c, const struct wire_parcel *in)
{
	static void (*const on[SIP_METHOD_COUNT])(struct agent *, struct agent_call *, const struct wire_parcel *) = {
		[SIP_BYE] = on_bye,       [SIP_PRACK] = on_prack, [SIP_UPDATE] = on_update,
		[SIP_INVITE] = on_invite, [SIP_ACK] = on_ack,     [SIP_OPTIONS] = on_options,
	};
	const uint8_t method = in->msg.index->method;
	const struct slice lacking = method == SIP_ACK ? SLICE_NONE : agent_unsupported(a, &in->msg);

	if (c->dialog.state == UA_ENDED && method != SIP_PRACK) {
		if (method != SIP_ACK)
			agent_refuse(a, in, 481, SIP_HDR_OTHER, SLICE_NONE);
		return;
	}
	if (ua_dialog_take(&c->dialog, &in->msg) < 0)
		agent_refuse(a, in, 500, SIP_HDR_OTHER, SLICE_NONE);
	else if (slice_present(lacking))
		agent_refuse(a, in, 420, SIP_HDR_UNSUPPORTED, lacking);
	else if (on[method])
		on[method](a, c, in);
	else
		agent_refuse(a, in, 405, SIP_HDR_ALLOW, SLICE(AGENT_ALLOW));
	agent_call_settle(a, c);
}
