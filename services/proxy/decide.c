/* SPDX-License-Identifier: MIT */
/*
 * decide: RFC 3261 16.3, 16.4 and 16.5 for one request, read from the bottom up: proxy_decide is the order of the sections.
 * Each question asked of Redis ends a step; its answer begins the next one.
 *
 *   proxy_decide --> ask_password --[user]--> judge --[nonce]--> find_targets --[bindings]--> proxy_job_begin
 *        |                |                     |                    |             |
 *        +----------------+---------------------+--------------------+-------------+------> an answer of our own
 */
#include "auth.h"
#include "check.h"
#include "identity.h"
#include "job.h"
#include "policy.h"
#include "prefs.h"
#include "redirect.h"
#include "route.h"
#include "uas.h"
#include "wait.h"

/* ---- 16.5: targets ---- */

static void refuse(struct proxy *p, struct proxy_job *j, const struct proxy_refusal *why)
{
	++*p->count.refused;
	proxy_reply_draft(p, j, proxy_uas_refuse(&p->e, &j->req.msg, why));
}

static void challenge(struct proxy *p, struct proxy_job *j, const struct proxy_door *door, bool stale)
{
	j->stranger = true;
	++*p->count.unauthorized;
	proxy_reply_draft(p, j, proxy_auth_challenge(&p->e, &j->req, door, stale));
}

/* Redis is away: whoever asks next will hear the same, so this is the one case for a 503 of ours (16.7 step 6). */
static void store_is_down(struct proxy *p, struct proxy_job *j)
{
	const struct proxy_refusal busy = { .status = 503, .header = SIP_HDR_RETRY_AFTER, .value = SLICE("5") };

	refuse(p, j, &busy);
}

/* Nobody of ours, but perhaps a number that a gateway knows. */
static void unknown(struct proxy *p, struct proxy_job *j, int status)
{
	struct proxy_address to;

	if (status == 480 && proxy_wait_absent(p, j))
		return;
	if (status == 404 && !proxy_target_place(&p->e, &j->req, &to) && proxy_gate(p, j, &to))
		return;
	proxy_reply_status(p, j, status);
}

static void on_owner(void *self, uint64_t token, int err, const struct loc_user *user)
{
	struct proxy *const p = self;
	struct proxy_job *const j = proxy_job_enter(p, token);

	(void)user;
	if (!j)
		return;
	if (err && err != RT_ABSENT && err != RT_STALE)
		store_is_down(p, j);
	else
		unknown(p, j, err == RT_ABSENT ? 404 : 480);
	proxy_job_leave(p, j);
}

/* No binding: 404 when nobody has this name, 480 when he is only not there. */
static void nobody_there(struct proxy *p, struct proxy_job *j, const struct proxy_address *to)
{
	if (to->domain->users == SVC_USERS_ANY) {
		if (!proxy_gate(p, j, to))
			unknown(p, j, 480);
	}
	else if (loc_users_fetch(p->users, to->aor, svc_now(p->svc), on_owner, p, j->self))
		store_is_down(p, j);
}

static void redirect(struct proxy *p, struct proxy_job *j, const struct proxy_target *t, int n)
{
	int left;
	struct sip_draft *const d = proxy_redirect(&p->e, &j->req, t, n, &left);

	if (!left)
		proxy_reply_status(p, j, 480);
	else
		proxy_reply_draft(p, j, d);
}

static void on_bindings(void *self, uint64_t token, int err, const struct loc_binding *b, int n, const struct loc_policy *own)
{
	struct proxy *const p = self;
	struct proxy_job *const j = proxy_job_enter(p, token);
	const struct proxy_refusal insecure = { .status = 480, .warning = 380, .text = "SIPS Not Allowed" }; /* RFC 5630 5.3 */
	struct proxy_target target[PROXY_TARGETS_MAX];
	struct loc_binding up[LOC_BINDINGS_MAX];
	struct proxy_address to;
	struct proxy_policy policy;
	int fit, count;

	if (!j)
		return;
	if (err == RT_STALE) {
		++*p->count.stale;
		rt_log(RT_LOG_W, "proxy.stale", j->trail, "bindings=%d why=\"Redis is away; these are from before\"", n);
		err = 0;
	}
	if (err && j->ctx.open) /* those who are called may still answer */
		goto out;
	if (err || proxy_target_place(&p->e, &j->req, &to) || to.place != PROXY_USER) {
		store_is_down(p, j);
		goto out;
	}
	policy = proxy_prefs_dispose(&j->req.msg, proxy_policy(to.domain, own), own && own->mode >= 0);
	proxy_wait_prepare(p, j, to.aor, &policy, b, n);
	if (j->wait && policy.wake) {
		const int awake = proxy_push_awake(b, n, p->e.now, up);

		if (n && !awake && proxy_wait_absent(p, j))
			goto out;
		proxy_wait_partly(p, j);
		b = up;
		n = awake;
	}
	fit = proxy_target_bindings(&p->e, &j->req, &to, b, n, target);
	count = proxy_prefs_choose(&j->req.msg, target, fit);
	if (policy.single && count > 1)
		count = 1;
	if (j->ctx.open)
		proxy_job_join(p, j, target, count);
	else if (!fit && n && j->req.uri.scheme == SIP_SCHEME_SIPS)
		refuse(p, j, &insecure);
	else if (!fit)
		nobody_there(p, j, &to);
	else if (!count) /* phones there are, but none the caller wants */
		proxy_reply_status(p, j, 480);
	else if (policy.mode == SVC_REDIRECT && !proxy_request_is(&j->req, SIP_ACK))
		redirect(p, j, target, count);
	else if (!proxy_wait_behind(p, j))
		proxy_job_begin(p, j, target, count, &policy);
out:
	proxy_job_leave(p, j);
}

static void find_user(struct proxy *p, struct proxy_job *j, struct slice aor)
{
	if (loc_lookup(svc_redis(p->svc), aor, p->e.now, on_bindings, p, j->self))
		store_is_down(p, j);
}

void proxy_decide_again(struct proxy *p, struct proxy_job *j)
{
	loc_lookup_forget(svc_redis(p->svc), j->wait->aor); /* something about him has changed */
	find_user(p, j, j->wait->aor);
}

static void answer_here(struct proxy *p, struct proxy_job *j)
{
	if (!j->txn)
		j->req.merged |= wire_seen_merged(&p->seen, &j->req.msg, p->e.tag, svc_now(p->svc), 64 * (rt_ms)p->e.config->transaction_t1);
	proxy_reply_draft(p, j, proxy_uas_answer(&p->e, &j->req));
}

void proxy_decide_no_relay(struct proxy *p, struct proxy_job *j)
{
	const struct proxy_refusal forbidden = { .status = 403 };
	struct proxy_door door;

	if (proxy_auth_stranger(&p->e, &j->req, &door))
		challenge(p, j, &door, false);
	else
		refuse(p, j, &forbidden);
}

static void find_targets(struct proxy *p, struct proxy_job *j)
{
	static const struct proxy_policy as_it_is = { .fork = SVC_PARALLEL };
	struct proxy_target only;
	struct proxy_address to;
	const int err = proxy_target_place(&p->e, &j->req, &to);
	const struct proxy_refusal lacking = proxy_check_extensions(&p->e, &j->req, err ? 0 : to.domain);

	if (err) {
		proxy_reply_status(p, j, err == RT_BAD ? 400 : err == RT_ABSENT ? 404 : 500);
	} else if (lacking.status) {
		refuse(p, j, &lacking);
	} else if (j->req.route >= 0 && !proxy_check_relay(&p->e, &j->req)) {
		proxy_decide_no_relay(p, j);
	} else if ((to.place == PROXY_HERE && j->req.route < 0) || j->req.msg.index->facts.max_forwards == 0) {
		answer_here(p, j);
	} else if (proxy_target_service(&p->e, &j->req, &to, &only)) {
		proxy_job_begin(p, j, &only, 1, &as_it_is);
	} else if (to.place == PROXY_USER) {
		find_user(p, j, to.aor);
	} else if (proxy_gate(p, j, &to)) {
		return;
	} else if (proxy_check_relay(&p->e, &j->req)) {
		proxy_target_away(&j->req, &only);
		proxy_job_begin(p, j, &only, 1, &as_it_is);
	} else {
		proxy_decide_no_relay(p, j);
	}
}

/* ---- 16.3 ---- */

static void on_nonce(void *self, uint64_t token, int err)
{
	struct proxy *const p = self;
	struct proxy_job *const j = proxy_job_enter(p, token);
	struct proxy_door door;

	if (!j)
		return;
	if (!err || err == RT_STALE) /* stale: new at least here; Redis, which knows what was used elsewhere, is away */
		find_targets(p, j);
	else if (err == RT_DENIED && proxy_auth_door(&p->e, &j->req, &door) == 0 && door.domain)
		challenge(p, j, &door, true); /* replayed, or a phone that does not count: a fresh nonce cures it */
	else
		store_is_down(p, j);
	proxy_job_leave(p, j);
}

/* He knew the password. May he be who he says, and is this the first time these very credentials come? */
static void admit(struct proxy *p, struct proxy_job *j, const struct proxy_door *door)
{
	struct slice nonce;
	uint32_t times;

	if (!proxy_auth_is_caller(&p->e, &j->req, door)) {
		proxy_reply_status(p, j, 403);
		return;
	}
	j->req.allowed = true;
	if (proxy_identity_due(&p->e, &j->req))
		j->req.user = proxy_keep_text(&j->keep, door->user);
	if (!j->txn) /* 16.11: a copy looks like the first one, so nothing can be used up */
		find_targets(p, j);
	else if (proxy_auth_nonce(&p->e, &j->req, door, &nonce, &times) ||
	    loc_nonce_use(svc_redis(p->svc), nonce, times, p->e.config->registrar_nonce_lifetime, on_nonce, p, j->self))
		store_is_down(p, j);
}

/* A wrong password: the more often from one address, the later the answer; as at the registrar's door. */
static void deny(struct proxy *p, struct proxy_job *j, const struct proxy_door *door)
{
	const rt_ms now = svc_now(p->svc);
	const uint32_t delay = auth_sources_fail(&p->sources, &j->req.from.remote, now);
	const struct proxy_refusal busy = { .status = 503, .header = SIP_HDR_RETRY_AFTER, .value = SLICE("5") };

	rt_log(RT_LOG_W, "proxy.password", j->trail, "user=%s wrong=1 delay=%u", rt_log_safe(door->user), delay);
	if (!delay) {
		challenge(p, j, door, false);
	} else if (p->late == AUTH_LATE_MAX || !j->txn) { /* tells a guesser nothing, and takes no room */
		refuse(p, j, &busy);
	} else {
		p->late++;
		j->late_due = now + delay;
	}
}

void proxy_decide_late(struct proxy *p, struct proxy_job *j)
{
	struct proxy_door door;

	p->late--;
	j->late_due = 0;
	if (proxy_auth_door(&p->e, &j->req, &door) || !door.domain)
		proxy_reply_status(p, j, 403);
	else
		challenge(p, j, &door, false);
}

static void judge(struct proxy *p, struct proxy_job *j, const struct proxy_door *door, const struct loc_user *user)
{
	const enum auth_verdict verdict = proxy_auth_judge(&p->e, &j->req, door, user);

	switch (verdict) {
	case AUTH_PASS:
		admit(p, j, door);
		return;
	case AUTH_MALFORMED:
		proxy_reply_status(p, j, 400);
		return;
	case AUTH_WRONG:
		deny(p, j, door);
		return;
	case AUTH_ASK:
	case AUTH_ASK_STALE:
		challenge(p, j, door, verdict == AUTH_ASK_STALE);
		return;
	}
}

static void on_user(void *self, uint64_t token, int err, const struct loc_user *user)
{
	struct proxy *const p = self;
	struct proxy_job *const j = proxy_job_enter(p, token);
	struct proxy_door door;

	if (!j)
		return;
	if (err == RT_STALE) {
		++*p->count.stale_auth;
		rt_log(RT_LOG_W, "proxy.stale_auth", j->trail, "why=\"Redis is away; his password is from before, replays elsewhere are not seen\"");
		err = 0;
	}
	if (err && err != RT_ABSENT)
		store_is_down(p, j);
	else if (proxy_auth_door(&p->e, &j->req, &door) || !door.domain)
		proxy_reply_status(p, j, 500);
	else
		judge(p, j, &door, err ? 0 : user);
	proxy_job_leave(p, j);
}

/* 16.3 step 6 */
static void ask_password(struct proxy *p, struct proxy_job *j)
{
	struct proxy_door door;

	switch (proxy_auth_door(&p->e, &j->req, &door)) {
	case 0:
		if (!door.domain)
			find_targets(p, j);
		else if (loc_users_fetch(p->users, door.user, svc_now(p->svc), on_user, p, j->self))
			store_is_down(p, j);
		return;
	case RT_ABSENT:
		challenge(p, j, &door, false);
		return;
	case RT_BAD:
		proxy_reply_status(p, j, 400);
		return;
	default:
		proxy_reply_status(p, j, 500);
	}
}

/* What 16.4 wrote anew is in the arena of this event; the job needs it longer. */
static int keep_target(struct proxy_job *j)
{
	const struct slice text = j->req.msg.text;

	if (j->req.target.p >= text.p && j->req.target.p < text.p + text.n)
		return 0;
	j->req.target = proxy_keep_text(&j->keep, j->req.target);
	return slice_present(j->req.target) ? sip_uri_parse(&j->req.uri, j->req.target) : RT_NOMEM;
}

/* 16.10: a CANCEL that matches no transaction goes on only where its INVITE may have gone without one. */
static bool follows_its_invite(struct proxy *p, struct proxy_job *j)
{
	const struct svc_domain *const domain = proxy_element_domain(&p->e, &j->req.uri);

	return domain && domain->stateless;
}

/* 8.2.7: the ACK for a response of ours of which nothing was kept. */
static bool acknowledges_us(const struct proxy *p, const struct proxy_job *j)
{
	const struct sip_msg *const m = &j->req.msg;

	return proxy_request_is(&j->req, SIP_ACK) && slice_eq(sip_msg_span(m, m->index->facts.to_tag), proxy_uas_tag(&p->e, m));
}

void proxy_decide(struct proxy *p, struct proxy_job *j)
{
	const int err = proxy_route(&p->e, &j->req);
	struct proxy_refusal no;

	if (acknowledges_us(p, j)) {
		j->over = true;
		return;
	}
	if (err == RT_BAD || err == RT_DENIED) {
		proxy_reply_status(p, j, err == RT_BAD ? 400 : 403);
		return;
	}
	if (err || keep_target(j)) {
		proxy_reply_status(p, j, 500);
		return;
	}
	no = proxy_check(&p->e, &j->req);
	if (no.status)
		refuse(p, j, &no);
	else if (proxy_request_is(&j->req, SIP_CANCEL) && !follows_its_invite(p, j))
		proxy_reply_status(p, j, 481);
	else if (!proxy_say_inside(p, j)) /* its Request-URI proves what a password would */
		ask_password(p, j);
}
