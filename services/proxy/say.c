/* SPDX-License-Identifier: MIT */
/* say: the caller who waits is told, by the rules of RFC 3262 3 when he can 100rel. The machine is ua/rel_uas.h. */
#include "wait.h"

#include "uas.h"

static bool post(struct proxy *p, struct proxy_job *j, const struct proxy_said *said)
{
	struct sip_draft *const d = proxy_early_draft(&p->e, &j->req, said, svc_id(p->svc), j->self);

	proxy_reply_provisional(p, j, d);
	return d != 0;
}

void proxy_say_open(struct proxy *p, struct proxy_job *j)
{
	struct proxy_early *const e = &j->wait->early;

	e->wanted = (uint8_t)ua_rel_uas_wanted(&j->req.msg);
	ua_rel_uas_open(&e->rel, j->req.msg.index->facts.cseq, (uint32_t)svc_trail(p->svc));
}

/* ---- What the machine says is done, in the order of its bits ---- */

static void lost(struct proxy *p, struct proxy_job *j)
{
	rt_log(RT_LOG_W, "proxy.unacknowledged", j->trail, "rseq=%u answer=504", j->wait->early.rel.rseq);
	proxy_reply_status(p, j, 504);
	if (j->ctx.n)
		proxy_job_carry_out(p, j, proxy_context_lost(&j->ctx, svc_now(p->svc)), -1, 0);
	else
		j->over = true;
}

static void take(struct proxy *p, struct proxy_job *j, enum ua_uas_event ev)
{
	struct proxy_early *const e = &j->wait->early;
	const struct ua_uas_rule rule = ua_rel_uas_take(&e->rel, ev);
	const rt_ms now = svc_now(p->svc);
	const uint32_t t1 = (uint32_t)p->e.config->transaction_t1;
	struct proxy_said waited;

	if (rule.acts & UA_UAS_STOP)
		e->resend_due = e->lost_due = 0;
	if (rule.acts & UA_UAS_SEND) {
		e->said = e->next;
		e->said.rseq = ua_rel_uas_number(&e->rel);
		e->next.status = 0;
		post(p, j, &e->said);
	}
	if (rule.acts & UA_UAS_RESEND)
		post(p, j, &e->said);
	if (rule.acts & UA_UAS_FLUSH)
		e->next.status = 0;
	if (rule.acts & UA_UAS_START_R)
		e->resend_due = now + ua_rel_uas_delay(UA_UAS_EV_R, e->rel.fired, t1);
	if (rule.acts & UA_UAS_START_P)
		e->lost_due = now + ua_rel_uas_delay(UA_UAS_EV_P, 0, t1);
	if (rule.acts & UA_UAS_LOST)
		lost(p, j);
	waited = e->next;
	if (rule.acts & UA_UAS_NEXT && waited.status)
		take(p, j, UA_UAS_EV_1XX); /* the newest alone: places that are past interest nobody */
}

void proxy_say(struct proxy *p, struct proxy_job *j, int status, uint32_t ahead)
{
	struct proxy_early *const e = &j->wait->early;

	e->repeat_due = svc_now(p->svc) + PROXY_EARLY_REPEAT;
	e->next = (struct proxy_said){ .status = (uint16_t)status, .ahead = ahead };
	rt_log(RT_LOG_I, "proxy.waits", j->trail, "status=%d ahead=%u reliable=%d", status, ahead, e->wanted != UA_REL_NEVER);
	if (e->wanted != UA_REL_NEVER) {
		take(p, j, UA_UAS_EV_1XX);
		return;
	}
	e->said = e->next;
	e->next.status = 0;
	post(p, j, &e->said);
}

void proxy_say_final(struct proxy *p, struct proxy_job *j)
{
	j->wait->early.repeat_due = 0;
	take(p, j, UA_UAS_EV_FAIL); /* no SDP of ours waits for a PRACK, so it is the same for a 2xx */
}

void proxy_say_timer(struct proxy *p, struct proxy_job *j)
{
	struct proxy_early *const e = &j->wait->early;
	const rt_ms now = svc_now(p->svc);

	if (e->lost_due && e->lost_due <= now)
		take(p, j, UA_UAS_EV_P);
	else if (e->resend_due && e->resend_due <= now)
		take(p, j, UA_UAS_EV_R);
	if (!j->over && e->repeat_due && e->repeat_due <= now && proxy_patience_waiting((enum proxy_patience)j->wait->state))
		proxy_say(p, j, e->said.status, j->wait->ahead);
}

rt_ms proxy_say_due(const struct proxy_job *j)
{
	const struct proxy_early *const e = &j->wait->early;
	rt_ms due = proxy_patience_waiting((enum proxy_patience)j->wait->state) ? e->repeat_due : 0;

	due = proxy_sooner(due, e->resend_due);
	return proxy_sooner(due, e->lost_due);
}

/* ---- Requests inside the dialog ---- */

static void on_prack(struct proxy *p, struct proxy_job *inside, struct proxy_job *j)
{
	struct ua_rack rack;
	enum ua_uas_event ev;

	if (ua_rack_parse(&rack, sip_msg_get(&inside->req.msg, SIP_HDR_RACK))) {
		proxy_reply_status(p, inside, 400);
		return;
	}
	ev = ua_rel_uas_heard(&j->wait->early.rel, &rack);
	proxy_reply_status(p, inside, ev == UA_UAS_EV_PRACK ? 200 : 481);
	take(p, j, ev);
}

bool proxy_say_inside(struct proxy *p, struct proxy_job *inside)
{
	const struct proxy_refusal not_here = { .status = 405, .header = SIP_HDR_ALLOW, .value = SLICE("PRACK, BYE") };
	struct proxy_job *j;
	uint32_t worker;
	rt_handle job;

	if (!proxy_early_names(&p->e, &inside->req, &worker, &job))
		return false;
	j = worker == svc_id(p->svc) ? proxy_job_enter(p, job) : 0;
	if (!j || !j->wait || !proxy_early_fits(&p->e, &j->req.msg, &inside->req.msg)) {
		proxy_reply_status(p, inside, 481);
	} else if (proxy_request_is(&inside->req, SIP_PRACK)) {
		on_prack(p, inside, j);
	} else if (proxy_request_is(&inside->req, SIP_BYE)) { /* 15.1.2: and the INVITE is answered 487 */
		proxy_reply_status(p, inside, 200);
		proxy_job_hang_up(p, j);
	} else {
		proxy_reply_draft(p, inside, proxy_uas_refuse(&p->e, &inside->req.msg, &not_here));
	}
	if (j)
		proxy_job_leave(p, j);
	return true;
}
