/* SPDX-License-Identifier: MIT */
/* context: RFC 3261 16.7 to 16.10 as decisions over a small array of branches. */
#include "context.h"

#include "best.h"
#include "rt/err.h"
#include "sip/names.h"
#include "turns.h"

enum { NON_INVITE_PATIENCE = 40000 }; /* ms: beyond Timer F, so that a lost transaction worker cannot leave us waiting */

static const struct proxy_plan nothing = { .say = PROXY_SILENT, .from = -1 };

void proxy_context_open(struct proxy_context *c, bool invite, enum proxy_fork fork, uint16_t breadth, rt_ms timer_c,
                        rt_ms patience)
{
	*c = (struct proxy_context){
		.timer_c = timer_c, .patience = patience, .breadth = breadth, .best = -1, .fork = (uint8_t)fork, .invite = invite,
	};
}

void proxy_context_reopen(struct proxy_context *c)
{
	uint16_t era = c->era;

	for (int i = 0; i < c->n; i++)
		if (c->branch[i].attempt >= era)
			era = (uint16_t)(c->branch[i].attempt + 1); /* what still comes of them finds nothing */
	*c = (struct proxy_context){ .best = -1, .era = era, .invite = c->invite };
}

bool proxy_context_all(const struct proxy_context *c, int status)
{
	int said = 0, others = 0;

	for (int i = 0; i < c->n; i++)
		if (c->branch[i].status == status)
			said++;
		else if (c->branch[i].status && !c->branch[i].own)
			others++;
	return said && !others && !c->abandoned;
}

int proxy_context_add(struct proxy_context *c, uint16_t q, uint8_t device)
{
	struct proxy_branch *const b = &c->branch[c->n];

	if (c->n == PROXY_BRANCHES_MAX)
		return RT_BIG;
	*b = (struct proxy_branch){ .q = q, .device = device, .attempt = c->era, .phase = PROXY_WAITING };
	for (int i = 0; device && i < c->n; i++)
		b->spare |= c->branch[i].device == device;
	return c->n++;
}

/* ---- How a branch ends ---- */

static void end(struct proxy_context *c, int i, int status, bool own)
{
	struct proxy_branch *const b = &c->branch[i];

	if (proxy_branch_is_open(b)) {
		c->open--;
		c->breadth = (uint16_t)(c->breadth + b->breadth);
	}
	b->phase = PROXY_DONE;
	b->status = (uint16_t)status;
	b->own = own;
	b->deadline = 0;
	b->wish = false;
}

static void close_waiting(struct proxy_context *c)
{
	c->closed = true;
	for (int i = 0; i < c->n; i++)
		if (c->branch[i].phase == PROXY_WAITING)
			end(c, i, 0, true);
}

/* The other flows of a device: the next one when this flow failed, none when the device itself answered. RFC 5626 7 */
static uint32_t other_flows(struct proxy_context *c, int failed)
{
	const struct proxy_branch *const b = &c->branch[failed];
	const bool flow_failed = b->status == 430 || b->own;

	for (int i = 0; b->device && !c->closed && i < c->n; i++) {
		if (c->branch[i].phase != PROXY_WAITING || c->branch[i].device != b->device)
			continue;
		if (flow_failed)
			return proxy_turns_launch(c, proxy_bit(i), 1);
		end(c, i, 0, true);
	}
	return 0;
}

/* Cancel what is still open: now where a provisional came, else as soon as one comes (9.1). */
static uint32_t cancel_open(struct proxy_context *c, int why, rt_ms now)
{
	uint32_t cancel = 0;

	c->why = (uint16_t)why;
	for (int i = 0; i < c->n; i++) {
		struct proxy_branch *const b = &c->branch[i];

		if (b->phase == PROXY_SEEKING)
			end(c, i, 0, true);
		else if (b->phase == PROXY_CALLING && c->invite)
			b->wish = true;
		else if (b->phase == PROXY_RINGING && c->invite && !b->cancelled) {
			b->cancelled = true;
			b->deadline = now + c->patience;
			cancel |= proxy_bit(i);
		}
	}
	return cancel;
}

/* A 2xx to an INVITE ends the others: the transaction that sends it on cancels them, and passes on a 2xx of theirs (step 5). */
static void end_others(struct proxy_context *c)
{
	c->why = 200;
	for (int i = 0; i < c->n; i++)
		if (proxy_branch_is_open(&c->branch[i]))
			end(c, i, 0, true);
}

/* ---- 16.7 step 6: the best response, when all have ended ---- */

/* What the best status becomes on its way upstream. */
static int final_status(const struct proxy_context *c)
{
	const struct proxy_branch *const b = c->best < 0 ? 0 : &c->branch[c->best];

	if (c->abandoned && (!b || b->status == 408 || b->own))
		return 487; /* 16.10: the caller asked for it */
	if (!b)
		return 408;
	if (b->status == 503)
		return 500; /* 16.7 step 6: a 503 would mean us */
	if (b->status == 430 && !c->edge)
		return 480; /* RFC 5626: the flow is our business */
	if (b->status == 487 && c->why == 408)
		return 408; /* Timer C ended it, not the caller */
	return b->status;
}

static void say_best(struct proxy_context *c, struct proxy_plan *plan, int in_hand)
{
	c->answered = true;
	plan->status = (uint16_t)final_status(c);
	if (!c->invite && plan->status == 408)
		plan->say = PROXY_NEVER; /* RFC 4320 4.2: no 408 to a non-INVITE request, not even a received one */
	else if (c->best < 0 || c->branch[c->best].own ||
	         (plan->status != c->branch[c->best].status && plan->status != 500))
		plan->say = PROXY_OWN;
	else
		plan->say = c->best == in_hand ? PROXY_THIS : PROXY_KEPT;
	plan->from = plan->say == PROXY_KEPT || plan->say == PROXY_THIS ? c->best : -1;
}

/* Something ended: begin the next group, or answer, or be over. */
static struct proxy_plan settle(struct proxy_context *c, struct proxy_plan plan, int in_hand)
{
	if (c->open)
		return plan;
	if (!c->closed && (plan.launch = proxy_turns_group(c)))
		return plan;
	close_waiting(c);
	if (!c->answered)
		say_best(c, &plan, in_hand);
	plan.keep &= plan.say == PROXY_KEPT; /* its challenges go with the chosen one, step 7 */
	plan.over = true;
	return plan;
}

struct proxy_plan proxy_context_start(struct proxy_context *c)
{
	return settle(c, nothing, -1);
}

struct proxy_plan proxy_context_join(struct proxy_context *c)
{
	struct proxy_plan plan = nothing;

	plan.launch = proxy_turns_join(c);
	return plan;
}

void proxy_context_begun(struct proxy_context *c, int i, rt_ms now)
{
	struct proxy_branch *const b = &c->branch[i];

	b->phase = PROXY_CALLING;
	b->client = 0;
	if (c->invite && c->ring && !b->rings_until)
		b->rings_until = now + c->ring;
	b->deadline = now + (c->invite ? c->timer_c : NON_INVITE_PATIENCE);
}

/* ---- 16.7: what came back ---- */

static struct proxy_plan provisional(struct proxy_context *c, int i, int status, rt_ms now)
{
	struct proxy_branch *const b = &c->branch[i];
	struct proxy_plan plan = nothing;

	if (b->phase == PROXY_DONE)
		return plan;
	b->phase = PROXY_RINGING;
	if (c->invite && status > 100 && !b->cancelled)
		b->deadline = now + c->timer_c; /* step 2 */
	if (b->wish) {
		b->wish = false;
		b->cancelled = true;
		b->deadline = now + c->patience;
		plan.cancel = proxy_bit(i);
	}
	if (c->invite && status > 100 && !c->answered && !b->aside) { /* step 5; RFC 4320 4.1: only 100 answers a non-INVITE, hop by hop */
		plan.say = PROXY_THIS;
		plan.status = (uint16_t)status;
		plan.from = (int8_t)i;
	}
	return plan;
}

static struct proxy_plan success(struct proxy_context *c, int i, int status)
{
	struct proxy_plan plan = nothing;

	if (c->branch[i].phase != PROXY_DONE || c->branch[i].status == 0)
		end(c, i, status, false);
	if (c->invite || !c->answered) { /* step 5: every 2xx to INVITE, the first one to others */
		plan.say = PROXY_THIS;
		plan.status = (uint16_t)status;
		plan.from = (int8_t)i;
	}
	c->answered = true;
	close_waiting(c);
	if (c->invite)
		end_others(c); /* step 10 */
	return settle(c, plan, i);
}

static struct proxy_plan failure(struct proxy_context *c, int i, int status, bool own, rt_ms now)
{
	struct proxy_plan plan = nothing;

	if (c->branch[i].phase == PROXY_DONE)
		return plan;
	if (c->branch[i].aside && status == 487) { /* we wanted it to: he did not answer in time */
		status = 408;
		own = true;
	}
	end(c, i, status, own);
	if (!c->answered && (c->best < 0 || proxy_best_rank(status) < proxy_best_rank(c->branch[c->best].status))) {
		c->best = (int8_t)i;
		plan.keep = !own;
	}
	if (!c->answered && !own && (status == 401 || status == 407))
		plan.keep = true; /* step 7 wants every challenge */
	if (sip_status_global(status)) { /* steps 5 and 10: nobody else is asked, but all are waited for */
		close_waiting(c);
		plan.cancel = cancel_open(c, status, now);
	}
	plan.launch = other_flows(c, i);
	return settle(c, plan, own ? -1 : i);
}

struct proxy_plan proxy_context_response(struct proxy_context *c, int i, int status, rt_ms now)
{
	if (sip_status_provisional(status))
		return provisional(c, i, status, now);
	if (sip_status_success(status))
		return success(c, i, status);
	return failure(c, i, status, false, now);
}

struct proxy_plan proxy_context_failed(struct proxy_context *c, int i, int status)
{
	return failure(c, i, status, true, 0);
}

struct proxy_plan proxy_context_recursed(struct proxy_context *c, int i)
{
	if (c->branch[i].phase == PROXY_DONE)
		return nothing;
	end(c, i, 0, true);
	return settle(c, nothing, -1);
}

struct proxy_plan proxy_context_cancel(struct proxy_context *c, rt_ms now)
{
	struct proxy_plan plan = nothing;

	if (c->answered || c->abandoned || !c->invite)
		return plan;
	c->abandoned = true;
	close_waiting(c);
	plan.cancel = cancel_open(c, 487, now);
	return settle(c, plan, -1);
}

struct proxy_plan proxy_context_lost(struct proxy_context *c, rt_ms now)
{
	struct proxy_plan plan = nothing;

	c->answered = true;
	close_waiting(c);
	plan.cancel = cancel_open(c, c->why ? c->why : 487, now);
	return settle(c, plan, -1);
}

struct proxy_plan proxy_context_timer(struct proxy_context *c, rt_ms now)
{
	const rt_ms turn = proxy_turns_due(c);

	if (turn && turn <= now)
		return proxy_turns_next(c, now);
	for (int i = 0; i < c->n; i++) {
		struct proxy_branch *const b = &c->branch[i];
		struct proxy_plan plan;

		if (!proxy_branch_is_open(b) || !b->deadline || b->deadline > now)
			continue;
		if (c->invite && b->phase == PROXY_RINGING && !b->cancelled) { /* 16.8: CANCEL, and wait for its 487 */
			if (!c->why)
				c->why = 408;
			b->cancelled = true;
			b->deadline = now + c->patience;
			plan = nothing;
			plan.cancel = proxy_bit(i);
			return plan;
		}
		plan = failure(c, i, 408, true, now);
		plan.forget |= proxy_bit(i);
		return plan;
	}
	return nothing;
}

rt_ms proxy_context_due(const struct proxy_context *c)
{
	rt_ms due = proxy_turns_due(c);

	for (int i = 0; i < c->n; i++)
		if (proxy_branch_is_open(&c->branch[i]) && c->branch[i].deadline && (!due || c->branch[i].deadline < due))
			due = c->branch[i].deadline;
	return due;
}
