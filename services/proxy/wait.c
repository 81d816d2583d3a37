/* SPDX-License-Identifier: MIT */
/* wait: what patience.h decides is done: the queue is asked, phones are woken, the request is forwarded once more. */
#include "wait.h"

#include "sip/addr.h"
#include "uas.h"

static enum proxy_patience state(const struct proxy_job *j)
{
	return (enum proxy_patience)j->wait->state;
}

static struct loc_waiter self(const struct proxy *p, const struct proxy_job *j)
{
	return (struct loc_waiter){ .worker = svc_id(p->svc), .job = j->self };
}

/* ---- Who may wait ---- */

static struct slice caller_of(const struct sip_msg *m)
{
	struct sip_addr addr;
	struct sip_uri uri;

	return sip_addr_uri(sip_msg_get(m, SIP_HDR_FROM), &addr, &uri) ? SLICE("") : addr.uri;
}

static void keep_sleepers(struct proxy *p, struct proxy_job *j, const struct loc_binding *b, int n)
{
	struct proxy_wait *const w = j->wait;
	struct loc_sleeper s;

	for (int i = 0; i < n && w->nsleeper < PROXY_SLEEPERS; i++) {
		struct loc_binding kept = b[i];

		kept.contact = proxy_keep_text(&j->keep, b[i].contact);
		if (slice_present(kept.contact) && proxy_push_sleeps(&kept, p->e.now, &s))
			w->sleeper[w->nsleeper++] = s;
	}
}

void proxy_wait_prepare(struct proxy *p, struct proxy_job *j, struct slice aor, const struct proxy_policy *policy,
                        const struct loc_binding *b, int n)
{
	struct proxy_wait *w;

	if (j->wait || !j->txn || !proxy_request_is(&j->req, SIP_INVITE) || j->req.msg.index->facts.to_tag.n || (!policy->queue && !policy->wake))
		return;
	w = proxy_keep_take(&j->keep, sizeof(*w));
	if (!w)
		return;
	*w = (struct proxy_wait){ .state = PROXY_PATIENCE_IDLE, .aor = proxy_keep_text(&j->keep, aor), .queue = (rt_ms)policy->queue * 1000,
		                  .wake = (rt_ms)policy->wake * 1000, .waking = (uint16_t)policy->waking };
	w->caller = caller_of(&j->req.msg);
	if (!slice_present(w->aor))
		return;
	j->wait = w;
	if (w->wake)
		keep_sleepers(p, j, b, n);
	proxy_say_open(p, j);
}

/* ---- What is done, in the order of the bits ---- */

static void on_place(void *arg, uint64_t token, int err, const struct loc_place *place)
{
	struct proxy *const p = arg;
	struct proxy_job *const j = proxy_job_enter(p, token);
	struct proxy_wait *w;

	if (!j)
		return;
	w = j->wait;
	if (!j->over && err && state(j) != PROXY_PATIENCE_STANDING && state(j) != PROXY_PATIENCE_TRYING) {
		rt_log(RT_LOG_W, "proxy.queue", j->trail, "aor=%s why=%s", rt_log_safe(w->aor), rt_err_name(err));
		proxy_wait_take(p, j, PROXY_PATIENCE_EV_REFUSED);
	} else if (!j->over && !err) {
		const bool news = state(j) != PROXY_PATIENCE_STANDING || place->ahead != w->ahead || w->early.said.status != 182;

		w->since = place->since;
		w->ahead = place->ahead;
		if (place->turn)
			proxy_wait_take(p, j, PROXY_PATIENCE_EV_TURN);
		else if (news)
			proxy_wait_take(p, j, PROXY_PATIENCE_EV_PLACE);
	}
	proxy_job_leave(p, j);
}

void proxy_wait_renew(struct proxy *p, struct proxy_job *j)
{
	struct proxy_wait *const w = j->wait;
	const struct loc_stand stand = { .aor = w->aor, .who = self(p, j), .caller = w->caller, .since = w->since,
		                         .fresh = state(j) == PROXY_PATIENCE_BEHIND };

	w->renew_due = svc_now(p->svc) + LOC_QUEUE_LEASE / 3;
	if (loc_queue_stand(svc_redis(p->svc), &stand, on_place, p, j->self))
		proxy_wait_take(p, j, PROXY_PATIENCE_EV_REFUSED); /* means nothing to who stands already: he tries again */
}

static void act_stand(struct proxy *p, struct proxy_job *j)
{
	j->wait->queue_until = svc_now(p->svc) + j->wait->queue;
	proxy_wait_renew(p, j);
}

static void act_back(struct proxy *p, struct proxy_job *j)
{
	loc_queue_back(svc_redis(p->svc), j->wait->aor, self(p, j));
}

static void act_wake(struct proxy *p, struct proxy_job *j)
{
	struct proxy_wait *const w = j->wait;

	if (w->woken)
		return;
	w->woken = true;
	w->wake_until = svc_now(p->svc) + w->wake;
	if (!w->nsleeper) /* somebody may know another way */
		w->sleeper[w->nsleeper++] = (struct loc_sleeper){ .contact = SLICE(""), .provider = SLICE(""), .prid = SLICE(""), .param = SLICE("") };
	for (int i = 0; i < w->nsleeper; i++) {
		struct loc_sleeper *const s = &w->sleeper[i];

		s->aor = w->aor;
		s->caller = w->caller;
		s->call_id = sip_msg_get(&j->req.msg, SIP_HDR_CALL_ID);
		loc_wake(svc_redis(p->svc), s);
	}
}

static void act_say(struct proxy *p, struct proxy_job *j)
{
	struct proxy_wait *const w = j->wait;

	if (state(j) == PROXY_PATIENCE_STANDING)
		proxy_say(p, j, 182, w->ahead);
	else if (w->early.said.status != w->waking) /* once is enough, until the next minute */
		proxy_say(p, j, w->waking, 0);
}

static void act_try(struct proxy *p, struct proxy_job *j)
{
	proxy_context_reopen(&j->ctx);
	proxy_decide_again(p, j);
}

static void act_join(struct proxy *p, struct proxy_job *j)
{
	if (j->wait->woken && j->ctx.open)
		proxy_decide_again(p, j);
}

static void act_final(struct proxy *p, struct proxy_job *j)
{
	const struct proxy_wait *const w = j->wait;

	if (w->wake_until && !w->queue_until)
		proxy_reply_status(p, j, 480);
	else if (w->busy.index)
		proxy_reply_forward(p, j, 0, &w->busy, 486);
	else
		proxy_reply_status(p, j, 486);
	j->over = true;
}

void proxy_wait_take(struct proxy *p, struct proxy_job *j, enum proxy_patience_event ev)
{
	static const struct {
		enum proxy_patience_act act;
		void (*fn)(struct proxy *, struct proxy_job *);
	} acts[] = {
		{ PROXY_PATIENCE_STAND, act_stand }, { PROXY_PATIENCE_BACK, act_back }, { PROXY_PATIENCE_WAKE, act_wake },
		{ PROXY_PATIENCE_SAY, act_say },     { PROXY_PATIENCE_TRY, act_try },   { PROXY_PATIENCE_JOIN, act_join },
		{ PROXY_PATIENCE_FINAL, act_final },
	};
	const struct proxy_patience_rule rule = proxy_patience_step(state(j), ev);

	if (j->over || (!rule.next && !rule.acts))
		return;
	rt_log(RT_LOG_D, "proxy.patience", j->trail, "state=%s event=%s", proxy_patience_name(state(j)), proxy_patience_event_name(ev));
	if (rule.next)
		j->wait->state = rule.next;
	for (size_t i = 0; i < sizeof(acts) / sizeof(acts[0]) && !j->over; i++)
		if (rule.acts & acts[i].act)
			acts[i].fn(p, j);
}

/* ---- Where waiting begins ---- */

/* Does this event make him wait? Then he is on the list of those who hear news. */
static bool begins(struct proxy *p, struct proxy_job *j, enum proxy_patience_event ev)
{
	struct proxy_wait *const w = j->wait;
	const struct proxy_patience_rule rule = proxy_patience_step(state(j), ev);

	if ((!rule.next && !rule.acts) || j->over)
		return false;
	if (!w->listed && proxy_waits_add(p->waits, j))
		return false;
	w->listed = true;
	return true;
}

bool proxy_wait_behind(struct proxy *p, struct proxy_job *j)
{
	if (!j->wait || !j->wait->queue || j->wait->queue_until || !proxy_waits_awaited(p->waits, j->wait->aor) ||
	    !begins(p, j, PROXY_PATIENCE_EV_BEHIND))
		return false;
	proxy_wait_take(p, j, PROXY_PATIENCE_EV_BEHIND);
	return true;
}

bool proxy_wait_absent(struct proxy *p, struct proxy_job *j)
{
	if (!j->wait || !j->wait->wake || !begins(p, j, PROXY_PATIENCE_EV_ABSENT))
		return false;
	proxy_context_reopen(&j->ctx);
	proxy_wait_take(p, j, PROXY_PATIENCE_EV_ABSENT);
	return true;
}

void proxy_wait_partly(struct proxy *p, struct proxy_job *j)
{
	if (j->wait->nsleeper && begins(p, j, PROXY_PATIENCE_EV_PARTLY))
		proxy_wait_take(p, j, PROXY_PATIENCE_EV_PARTLY);
}

uint16_t proxy_wait_reserve(const struct proxy_job *j, uint16_t breadth)
{
	const uint16_t sleepers = j->wait && j->wait->woken ? j->wait->nsleeper : 0;

	return sleepers < breadth ? sleepers : (uint16_t)(breadth - 1);
}

static bool busy(struct proxy *p, struct proxy_job *j, const struct proxy_plan *plan, const struct sip_msg *in_hand)
{
	struct proxy_wait *const w = j->wait;

	if (!w->queue || !begins(p, j, PROXY_PATIENCE_EV_BUSY))
		return false;
	if (plan->say == PROXY_KEPT)
		w->busy = j->aim[plan->from]->reply;
	else if (in_hand && !w->busy.index && proxy_keep_msg(&j->keep, in_hand, &w->busy))
		w->busy.index = 0;
	proxy_context_reopen(&j->ctx);
	proxy_wait_take(p, j, PROXY_PATIENCE_EV_BUSY);
	return true;
}

bool proxy_wait_final(struct proxy *p, struct proxy_job *j, const struct proxy_plan *plan, const struct sip_msg *in_hand)
{
	if (!j->wait || !plan->over || j->status)
		return false;
	j->wait->several = j->ctx.n > 1;
	if (proxy_context_all(&j->ctx, 486))
		return busy(p, j, plan, in_hand);
	return proxy_context_all(&j->ctx, 430) && proxy_wait_absent(p, j);
}

/* ---- Time ---- */

rt_ms proxy_wait_due(const struct proxy_job *j)
{
	const struct proxy_wait *const w = j->wait;
	rt_ms due = proxy_say_due(j);

	if (proxy_patience_queued(state(j)))
		due = proxy_sooner(due, w->renew_due);
	if (proxy_patience_waiting(state(j)))
		due = proxy_sooner(due, state(j) == PROXY_PATIENCE_SLEEPING ? w->wake_until : w->queue_until);
	return due;
}

void proxy_wait_timer(struct proxy *p, struct proxy_job *j)
{
	const struct proxy_wait *const w = j->wait;
	const rt_ms now = svc_now(p->svc);
	const rt_ms until = state(j) == PROXY_PATIENCE_SLEEPING ? w->wake_until : w->queue_until;

	if (proxy_patience_waiting(state(j)) && until && until <= now)
		proxy_wait_take(p, j, PROXY_PATIENCE_EV_LATE);
	if (!j->over)
		proxy_say_timer(p, j);
	if (!j->over && proxy_patience_queued(state(j)) && w->renew_due <= now)
		proxy_wait_renew(p, j);
}

/* ---- The end ---- */

/* His turn is the next one's when he leaves a phone behind that is free: he was refused, or there were several. */
void proxy_wait_end(struct proxy *p, struct proxy_job *j)
{
	const struct proxy_wait *const w = j->wait;

	if (w->listed)
		proxy_waits_drop(p->waits, j);
	if (w->queue_until)
		loc_queue_leave(svc_redis(p->svc), w->aor, self(p, j), !sip_status_success(j->status) || w->several);
}

void proxy_wait_drain(struct proxy *p)
{
	for (uint32_t i = 0; i < rt_pool_slots(p->jobs); i++) {
		rt_handle handle;
		const struct proxy_job *const waits = rt_pool_at(p->jobs, i, &handle);
		struct proxy_job *const j = waits && waits->wait ? proxy_job_enter(p, handle) : 0;

		if (!j)
			continue;
		if (proxy_patience_waiting(state(j)))
			proxy_wait_take(p, j, PROXY_PATIENCE_EV_LATE);
		proxy_job_leave(p, j);
	}
}
