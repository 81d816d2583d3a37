/* SPDX-License-Identifier: MIT */
/* job: from an OFFER to its end: what comes is told to the context, and what the context wants is done. RFC 3261 16.7 to 16.10. */
#include "job.h"

#include "gatelist.h"
#include "rt/table.h"
#include "wait.h"

bool proxy_job_peer(const struct proxy *p, const struct sip_hop *hop)
{
	return netlist_has(&p->peers, hop) || gateways_trust(gatelist_now(p->gates), hop);
}

/* ---- The life of a job ---- */

static uint64_t txn_key(uint32_t owner, rt_handle txn)
{
	return rt_mix(owner, txn);
}

static struct proxy_job *job_new(struct proxy *p, const struct wire_parcel *in)
{
	const struct wire_head *const h = in->head;
	rt_handle self;
	struct proxy_job *const j = rt_pool_take(p->jobs, &self);

	if (!j)
		return 0;
	j->self = self;
	j->keep.blocks = &p->blocks;
	j->txn = h->txn;
	j->owner = h->from;
	j->trail = h->trail;
	j->born = h->born;
	j->began = svc_now(p->svc);
	j->busy = 1;
	j->ctx.best = -1;
	j->req.from = (struct proxy_way){ .remote = h->remote, .flow = h->flow, .edge = h->edge, .listener = h->listener };
	j->req.local = h->local;
	j->req.peer = h->flags & WIRE_PEER || gateways_trust(gatelist_now(p->gates), &h->remote);
	j->req.merged = h->flags & WIRE_MERGED;
	j->req.stateless = !h->txn;
	if (proxy_keep_msg(&j->keep, &in->msg, &j->req.msg) ||
	    (j->txn && rt_table_put(p->by_txn, txn_key(j->owner, j->txn), self))) {
		proxy_keep_drop(&j->keep);
		rt_pool_give(p->jobs, self);
		return 0;
	}
	return j;
}

static void job_end(struct proxy *p, struct proxy_job *j)
{
	if (j->status)
		rt_log(RT_LOG_I, "proxy.final", j->trail, "method=%s status=%u branches=%u ms=%llu",
		       rt_log_safe(sip_msg_method(&j->req.msg)), j->status, j->attempts,
		       (unsigned long long)(svc_now(p->svc) - j->began));
	proxy_waits_ended(p->waits, j);
	if (j->wait)
		proxy_wait_end(p, j);
	if (j->txn)
		rt_table_drop(p->by_txn, txn_key(j->owner, j->txn), j->self);
	svc_timer_stop(p->svc, &j->timer);
	p->late -= j->late_due != 0;
	proxy_keep_drop(&j->keep);
	rt_pool_give(p->jobs, j->self);
}

struct proxy_job *proxy_job_enter(struct proxy *p, rt_handle job)
{
	struct proxy_job *const j = rt_pool_get(p->jobs, job);

	proxy_look_around(p);
	if (j)
		j->busy++;
	return j;
}

void proxy_job_leave(struct proxy *p, struct proxy_job *j)
{
	const rt_ms now = svc_now(p->svc), waits = j->wait ? proxy_wait_due(j) : 0;
	const rt_ms due = proxy_sooner(proxy_sooner(waits, proxy_context_due(&j->ctx)), proxy_sooner(j->late_due, j->silent_due));

	if (--j->busy)
		return;
	if (j->over) {
		job_end(p, j);
		return;
	}
	if (due && (!rt_timer_running(&j->timer) || j->timer.due > due))
		svc_timer_start(p->svc, &j->timer, j->self, 'C', due > now ? (uint32_t)(due - now) : 0);
}

void proxy_job_offer(struct proxy *p, const struct wire_parcel *in)
{
	struct proxy_job *const j = job_new(p, in);

	++*p->count.requests;
	if (!j) {
		rt_log(RT_LOG_E, "proxy.full", in->head->trail, "jobs=%u answer=503", rt_pool_live(p->jobs));
		proxy_reply_overload(p, in);
		return;
	}
	proxy_decide(p, j);
	proxy_job_leave(p, j);
}

/* ---- 16.6 and 16.7: branches ---- */

/* Flows of one device share a number, RFC 5626; 0: not told which device. */
static uint8_t device_of(const struct proxy_job *j, struct slice instance)
{
	if (!instance.n)
		return 0;
	for (int i = 0; i < j->ctx.n; i++)
		if (slice_eq(j->aim[i]->target.instance, instance))
			return j->ctx.branch[i].device;
	return (uint8_t)(j->ctx.n + 1);
}

int proxy_job_add_targets(struct proxy_job *j, const struct proxy_target *t, int n)
{
	for (int added = 0; added < n; added++) {
		struct proxy_aim *const aim = proxy_keep_take(&j->keep, sizeof(*aim));
		const int i = aim ? proxy_context_add(&j->ctx, t[added].q, device_of(j, t[added].instance)) : RT_NOMEM;

		if (i < 0)
			return added;
		aim->target = t[added];
		aim->target.contact = aim->target.params = SLICE_NONE; /* of the answer in hand, and not needed any more */
		aim->target.uri = proxy_keep_text(&j->keep, t[added].uri);
		aim->target.path = proxy_keep_text(&j->keep, t[added].path);
		aim->target.hop = proxy_keep_text(&j->keep, t[added].hop);
		aim->target.instance = proxy_keep_text(&j->keep, t[added].instance);
		j->aim[i] = aim;
	}
	return n;
}

static uint16_t max_breadth(const struct proxy_request *r)
{
	uint32_t n;

	if (!slice_u32(sip_msg_get(&r->msg, SIP_HDR_MAX_BREADTH), &n) || n > PROXY_BREADTH_MAX)
		return PROXY_BREADTH_MAX;
	return (uint16_t)n;
}

void proxy_job_begin(struct proxy *p, struct proxy_job *j, const struct proxy_target *t, int n, const struct proxy_policy *policy)
{
	const struct svc_config *const config = p->e.config;
	const uint16_t breadth = max_breadth(&j->req);

	if (!breadth) { /* RFC 5393 5.3.3.2 */
		proxy_reply_status(p, j, 440);
		return;
	}
	const uint16_t era = j->ctx.era;

	j->recurse = policy->recurse;
	j->stateless = !j->txn;
	proxy_context_open(&j->ctx, proxy_request_is(&j->req, SIP_INVITE), (enum proxy_fork)policy->fork, breadth,
	                   (rt_ms)config->proxy_timer_c * 1000, 64 * (rt_ms)config->transaction_t1 + 1000);
	j->ctx.era = era;
	j->ctx.reserve = proxy_wait_reserve(j, breadth);
	j->ctx.edge = t->fixed;
	j->ctx.ring = (rt_ms)policy->ring * 1000;
	proxy_job_add_targets(j, t, j->stateless ? 1 : n); /* 16.11: one target only */
	proxy_job_carry_out(p, j, proxy_context_start(&j->ctx), -1, 0);
}

static bool is_tried(const struct proxy_job *j, const struct proxy_target *t)
{
	for (int i = 0; i < j->ctx.n; i++)
		if (slice_eq(j->aim[i]->target.uri, t->uri))
			return true;
	return false;
}

void proxy_job_join(struct proxy *p, struct proxy_job *j, const struct proxy_target *t, int n)
{
	for (int i = 0; i < n; i++)
		if (!is_tried(j, &t[i]) && !proxy_job_add_targets(j, &t[i], 1))
			break;
	proxy_job_carry_out(p, j, proxy_context_join(&j->ctx), -1, 0);
}

static void say(struct proxy *p, struct proxy_job *j, const struct proxy_plan *plan, int i, const struct sip_msg *in_hand)
{
	if (plan->say == PROXY_THIS)
		proxy_reply_forward(p, j, i, in_hand, plan->status);
	else if (plan->say == PROXY_KEPT && j->aim[plan->from]->reply.index)
		proxy_reply_forward(p, j, plan->from, &j->aim[plan->from]->reply, plan->status);
	else if (plan->say == PROXY_OWN || plan->say == PROXY_KEPT) /* kept in vain: there was no memory for it */
		proxy_reply_status(p, j, plan->status);
	else if (plan->say == PROXY_NEVER)
		j->status = 408;
}

void proxy_job_carry_out(struct proxy *p, struct proxy_job *j, struct proxy_plan plan, int i, const struct sip_msg *in_hand)
{
	for (int b = 0; b < j->ctx.n; b++) {
		if (plan.cancel >> b & 1)
			proxy_branch_give_up(p, j, b, false);
		if (plan.forget >> b & 1)
			proxy_branch_give_up(p, j, b, true);
	}
	if (plan.keep && in_hand && proxy_keep_msg(&j->keep, in_hand, &j->aim[i]->reply))
		j->aim[i]->reply.index = 0;
	if (proxy_wait_final(p, j, &plan, in_hand))
		return;
	say(p, j, &plan, i, in_hand);
	j->over |= plan.over;
	for (int b = 0; b < j->ctx.n; b++)
		if (plan.launch >> b & 1)
			proxy_branch_launch(p, j, b);
}

static int known_targets(const struct proxy_job *j, const struct proxy_target *out[PROXY_BRANCHES_MAX])
{
	for (int k = 0; k < j->ctx.n; k++)
		out[k] = &j->aim[k]->target;
	return j->ctx.n;
}

/* 305 names a proxy to ask, and the way of a 380 is in its body: neither has targets. */
static bool has_targets(int status)
{
	return status >= 300 && status <= 302;
}

/* 16.7 step 4: a 3xx whose contacts are tried is a response to choose from only for the contacts that are left. */
static bool recurse(struct proxy *p, struct proxy_job *j, int i, const struct sip_msg *response)
{
	struct proxy_target fresh[PROXY_TARGETS_MAX];
	const struct proxy_target *known[PROXY_BRANCHES_MAX];
	const int status = response->index->status;
	struct sip_msg rest;
	int n;

	if (!j->recurse || j->aim[i]->target.fixed || !has_targets(status) || j->ctx.closed)
		return false;
	n = proxy_target_contacts(&p->e, &j->req, response, known, known_targets(j, known), fresh);
	if (!n || !proxy_job_add_targets(j, fresh, n))
		return false;
	if (proxy_target_rest(&p->e, &j->req, response, known, known_targets(j, known), &rest))
		proxy_job_carry_out(p, j, proxy_context_response(&j->ctx, i, status, svc_now(p->svc)), i, &rest);
	else
		proxy_job_carry_out(p, j, proxy_context_recursed(&j->ctx, i), i, 0);
	return true;
}

static void response(struct proxy *p, struct proxy_job *j, int i, const struct sip_msg *m)
{
	const struct proxy_branch *const b = &j->ctx.branch[i];
	const int status = m->index->status;

	proxy_gate_spoke(p, j, status);
	if (status == 503 && b->phase != PROXY_DONE && !b->cancelled && proxy_branch_next_hop(p, j, i, "503"))
		return; /* RFC 3263 4.3 */
	if (b->phase != PROXY_DONE && recurse(p, j, i, m))
		return;
	proxy_job_carry_out(p, j, proxy_context_response(&j->ctx, i, status, svc_now(p->svc)), i, m);
}

/* 16.7 step 3: with our Via gone there must be one left, that of whoever asked us. */
static bool leads_back(const struct sip_msg *m)
{
	return !m->index || sip_msg_count(m, SIP_HDR_VIA) > 1;
}

void proxy_job_result(struct proxy *p, const struct wire_parcel *in)
{
	struct proxy_job *const j = proxy_job_enter(p, in->head->context);
	const int i = in->head->slot % PROXY_BRANCHES_MAX;

	if (!j) {
		proxy_reply_stray(p, in);
		return;
	}
	if (!leads_back(&in->msg)) {
		rt_log(RT_LOG_I, "proxy.astray", j->trail, "status=%u vias=1", in->msg.index->status);
	} else if (i < j->ctx.n && in->head->slot == proxy_branch_slot(&j->ctx, i)) {
		j->ctx.branch[i].client = in->head->branch;
		if (in->msg.index)
			response(p, j, i, &in->msg);
		else
			proxy_branch_failed(p, j, i, in->head->reason);
	} else if (in->msg.index && sip_status_provisional(in->msg.index->status)) {
		proxy_branch_unwanted(p, in->head); /* an earlier attempt, given up for its silence */
	} else if (i < j->ctx.n && in->msg.index && sip_status_success(in->msg.index->status) && j->ctx.invite) {
		proxy_job_carry_out(p, j, proxy_context_response(&j->ctx, i, in->msg.index->status, svc_now(p->svc)), i,
		                    &in->msg); /* an earlier attempt was answered after all */
	}
	proxy_job_leave(p, j);
}

/* ---- 16.8, 16.9, 16.10 ---- */

void proxy_job_timer(struct proxy *p, rt_handle job)
{
	struct proxy_job *const j = proxy_job_enter(p, job);
	const rt_ms now = svc_now(p->svc);

	if (!j)
		return;
	if (!j->over && j->wait)
		proxy_wait_timer(p, j);
	if (!j->over && j->late_due && j->late_due <= now)
		proxy_decide_late(p, j);
	if (!j->over && j->silent_due && j->silent_due <= now)
		proxy_branch_silent(p, j);
	while (!j->over && proxy_context_due(&j->ctx) && proxy_context_due(&j->ctx) <= now)
		proxy_job_carry_out(p, j, proxy_context_timer(&j->ctx, now), -1, 0);
	proxy_job_leave(p, j);
}

/* The Reason of a CANCEL goes with it, RFC 3326 2. */
static struct slice reason_lines(struct proxy *p, struct proxy_job *j, const struct sip_msg *cancel)
{
	struct slice lines = SLICE("");

	for (int f = sip_msg_first(cancel, SIP_HDR_REASON); f >= 0; f = sip_msg_next(cancel, f))
		lines = rt_arena_printf(p->e.arena, SLICE_FMT "Reason: " SLICE_FMT "\r\n", SLICE_ARG(lines),
		                        SLICE_ARG(sip_msg_value(cancel, f)));
	return lines.n ? proxy_keep_text(&j->keep, lines) : SLICE_NONE;
}

/* Before any target was tried there is no context to cancel, and the answer is ours. */
static void cancelled_early(struct proxy *p, struct proxy_job *j)
{
	if (proxy_request_is(&j->req, SIP_INVITE))
		proxy_reply_status(p, j, 487);
	j->over = true;
}

void proxy_job_hang_up(struct proxy *p, struct proxy_job *j)
{
	if (!j->ctx.n)
		cancelled_early(p, j);
	else
		proxy_job_carry_out(p, j, proxy_context_cancel(&j->ctx, svc_now(p->svc)), -1, 0);
}

static void abandon(struct proxy *p, struct proxy_job *j, const struct wire_parcel *in)
{
	if (j->over)
		return;
	if (in->msg.index) {
		++*p->count.cancelled;
		j->reason = reason_lines(p, j, &in->msg);
	}
	if (j->ctx.n && in->head->reason)
		proxy_job_carry_out(p, j, proxy_context_lost(&j->ctx, svc_now(p->svc)), -1, 0);
	else
		proxy_job_hang_up(p, j);
}

void proxy_job_abandon(struct proxy *p, const struct wire_parcel *in)
{
	uint64_t job;

	for (uint32_t it = 0; rt_table_each(p->by_txn, txn_key(in->head->from, in->head->txn), &it, &job);) {
		struct proxy_job *const j = proxy_job_enter(p, job);

		if (!j)
			continue;
		if (j->owner == in->head->from && j->txn == in->head->txn) {
			abandon(p, j, in);
			proxy_job_leave(p, j);
			return; /* the table may have changed */
		}
		proxy_job_leave(p, j);
	}
}
