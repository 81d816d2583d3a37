/* SPDX-License-Identifier: MIT */
/*
 * register: one REGISTER, step by step, in the order of RFC 3261 10.3.
 *
 *   OFFER --> check --> [user record] --> authenticate --> [target's record] --> [nonce] --> plan --> [apply] --> ANSWER
 *               |           |                 |                  |                 |          |          |
 *               +-----------+-----------------+------------------+-----------------+----------+----------+--> ANSWER (refusal)
 *
 *   [..] asks Redis. The request is copied once it has to wait; each answer finds it by its handle.
 */
#include "answer.h"
#include "call.h"
#include "rt/cursor.h"
#include "watch.h"

/* ---- Steps 6 to 8: the bindings ---- */

/* RFC 3608: the way out for this phone: what the configuration says, or the listener it came in by. */
static struct slice service_route(struct registrar *self, const struct reg_call *call)
{
	const struct slice configured = svc_config(self->svc)->registrar_service_route;
	const struct wire_member *edge = wire_members_get(svc_members(self->svc), call->head.edge);
	const struct wire_listener *l;

	if (!slice_eq_nocase(configured, SLICE("own")))
		return configured;
	if (!edge || call->head.listener >= edge->nlistener || !edge->listener[call->head.listener].local.family)
		return SLICE("");
	l = &edge->listener[call->head.listener];
	return rt_arena_printf(svc_arena(self->svc), "<sip:%s:%u;transport=" SLICE_FMT ";lr>", l->host, l->port,
	                       SLICE_ARG(sip_transport_param((enum sip_transport)l->local.proto)));
}

/* RFC 5626 5.4: said by whoever ends the phone's flow, which is us when no proxy is between. */
static uint32_t flow_timer(struct registrar *self, const struct reg_call *call)
{
	const struct svc_config *config = svc_config(self->svc);
	const bool datagrams = call->head.remote.proto == SIP_UDP;

	if (sip_msg_count(&call->msg, SIP_HDR_VIA) > 1)
		return 0;
	return (uint32_t)(datagrams && config->transport_keep ? config->transport_keep : config->registrar_flow_timer);
}

static void grant(struct registrar *self, struct reg_call *call, const struct loc_binding *b, int n)
{
	const struct call_question q = call_asked(call);
	const struct reg_grant what = { .now = svc_wall(self->svc), .outbound = call->outbound, .flow_timer = flow_timer(self, call),
		                        .service_route = service_route(self, call), .aor = call->aor, .gruu_key = self->gruu_key };

	++*self->count.granted;
	rt_log(RT_LOG_I, "register.granted", call->head.trail, "aor=%s contacts=%d", rt_log_safe(call->aor), n);
	call_post(self, &q, reg_answer_bindings(svc_arena(self->svc), &call->msg, call_tag(self, &call->msg), &what, b, n));
	call_forget(self, call);
}

static void applied(void *arg, uint64_t token, int err, const struct loc_binding *b, int n)
{
	struct registrar *self = arg;
	struct reg_call *call = rt_pool_get(self->calls, token);
	const struct svc_domain *domain = call ? call_domain(self, call) : 0;

	if (!call)
		return;
	if (err == 0) {
		grant(self, call, b, n);
	} else if (err == RT_STALE) { /* 10.3: the update is aborted and the request fails */
		call_end(self, call, 500, SLICE("CSeq Out Of Order"));
	} else if (err == RT_BIG) {
		call_end(self, call, 403, SLICE("Too Many Contacts"));
	} else if (err == RT_DENIED && domain) { /* this nonce count was used: a new nonce, no new password */
		call_end_with_challenge(self, call, domain, true);
	} else if (err == RT_BAD) {
		rt_log(RT_LOG_E, "store.refused", call->head.trail, "aor=%s; look at reg:<aor> with redis-cli hgetall",
		       rt_log_safe(call->aor));
		call_end(self, call, 500, SLICE("Location Store Refused"));
	} else {
		call_end_unstored(self, call, err);
	}
}

/* What passed, for whoever uses it up. */
static void keep_nonce(struct reg_call *call, const struct sip_cred *cred)
{
	const struct slice name = slice_head(cred->nonce, REG_NONCE_NAME);

	memcpy(call->nonce, name.p, name.n);
	call->nonce_n = (uint8_t)name.n;
	call->nonce_count = auth_guard_count(cred);
}

static struct slice nonce_name(const struct reg_call *call)
{
	return slice_of(call->nonce, call->nonce_n);
}

static void fill_nonce(struct registrar *self, const struct reg_call *call, const struct svc_domain *domain,
                       struct loc_change *change)
{
	if (!call->nonce_n || domain->third_party)
		return;
	change->nonce = nonce_name(call);
	change->nonce_count = call->nonce_count;
	change->nonce_until = svc_wall(self->svc) + svc_config(self->svc)->registrar_nonce_lifetime;
}

static int plan(struct registrar *self, struct reg_call *call, struct reg_refusal *why)
{
	const struct svc_config *config = svc_config(self->svc);
	const struct reg_limits limits = { (uint32_t)config->registrar_min_expires, (uint32_t)config->registrar_max_expires,
	                                   (uint32_t)config->registrar_default_expires };
	char text[64];
	struct rt_cursor c = rt_cursor_on(text, sizeof(text));
	struct reg_source source = { .flow = call->head.flow, .edge = call->head.edge, .listener = call->head.listener };

	if (reg_way_leads_back(&call->msg, &call->head.remote))
		sip_hop_render(&c, &call->head.remote);
	source.received = rt_arena_copy(svc_arena(self->svc), rt_cursor_text(&c));
	return reg_plan(&call->msg, &limits, &source, slice_from(call->aor, call->user.n + 1), svc_wall(self->svc),
	                svc_arena(self->svc), &self->plan, why);
}

static void apply(struct registrar *self, struct reg_call *call, const struct svc_domain *domain)
{
	const struct call_question q = call_asked(call);
	struct reg_refusal why;
	struct loc_change change;
	int err = plan(self, call, &why);

	if (err) {
		if (err == RT_DENIED)
			call_refuse(self, &q, &why);
		else
			call_refuse_plainly(self, &q, 500, SLICE_NONE);
		call_forget(self, call);
		return;
	}
	change = (struct loc_change){
		.aor = call->aor,
		.b = self->plan.b,
		.n = self->plan.n,
		.remove_all = self->plan.remove_all,
		.call_id = sip_msg_get(&call->msg, SIP_HDR_CALL_ID),
		.cseq = call->msg.index->facts.cseq,
		.max_contacts = call->max_contacts ? (int)call->max_contacts : (int)domain->max_contacts,
		.replace_oldest = domain->overflow == SVC_REPLACE,
		.now = svc_wall(self->svc),
		.domain = domain->name,
	};
	if (change.max_contacts > LOC_BINDINGS_MAX)
		change.max_contacts = LOC_BINDINGS_MAX;
	call->outbound = self->plan.outbound;
	call->step = REG_APPLY;
	fill_nonce(self, call, domain, &change);
	err = loc_store_apply(self->redis, &change, applied, self, call->handle);
	if (err)
		call_end_unstored(self, call, err);
}

/* ---- Steps 3 to 5: who is it, may he, and does the target exist ---- */

static void met(void *arg, uint64_t token, int err, const struct loc_user *user);

static void meet(struct registrar *self, struct reg_call *call, enum reg_step step, struct slice who)
{
	int err;

	call->step = step;
	err = slice_present(who) ? loc_users_fetch(self->users, who, svc_now(self->svc), met, self, call->handle) : RT_NOMEM;
	if (err)
		call_end_unstored(self, call, err);
}

/* All that is asked of whoever comes has been asked. */
static void go_on(struct registrar *self, struct reg_call *call, const struct svc_domain *domain)
{
	if (call->msg.index->method == SIP_SUBSCRIBE)
		watch_subscribe(self, call);
	else
		apply(self, call, domain);
}

static void nonce_used(void *arg, uint64_t token, int err)
{
	struct registrar *self = arg;
	struct reg_call *call = rt_pool_get(self->calls, token);
	const struct svc_domain *domain = call ? call_domain(self, call) : 0;

	if (!call)
		return;
	if (!domain)
		call_end(self, call, 404, SLICE("Domain Not Served Here"));
	else if (err == RT_DENIED)
		call_end_with_challenge(self, call, domain, true);
	else if (err)
		call_end_unstored(self, call, err);
	else
		go_on(self, call, domain);
}

/* Where users register others, or watch, a nonce count is not bound to one address of record, and is counted apart. */
static void use_nonce(struct registrar *self, struct reg_call *call, const struct svc_domain *domain)
{
	const bool apart = domain->third_party || call->msg.index->method == SIP_SUBSCRIBE;
	int err;

	if (!call->nonce_n || !apart) {
		go_on(self, call, domain);
		return;
	}
	call->step = REG_USE_NONCE;
	err = loc_nonce_use(self->redis, nonce_name(call), call->nonce_count, svc_config(self->svc)->registrar_nonce_lifetime, nonce_used, self,
	                    call->handle);
	if (err)
		call_end_unstored(self, call, err);
}

/* The target's record came: 10.3 step 5. */
static void know_target(struct registrar *self, struct reg_call *call, const struct svc_domain *domain, const struct loc_user *user)
{
	if (!user) {
		call_end(self, call, 404, SLICE("No Such User"));
		return;
	}
	if (user->disabled) {
		call_end(self, call, 403, SLICE("User Is Disabled"));
		return;
	}
	call->max_contacts = user->max_contacts;
	use_nonce(self, call, domain);
}

/* A wrong password: the more often from one address, the later the answer. */
static void deny(struct registrar *self, struct reg_call *call, const struct svc_domain *domain)
{
	const uint32_t delay = auth_sources_fail(&self->sources, &call->head.remote, svc_now(self->svc));
	char from[64];
	struct rt_cursor c = rt_cursor_on(from, sizeof(from));

	++*self->count.wrong;
	sip_hop_render(&c, &call->head.remote);
	rt_log(RT_LOG_W, "register.denied", call->head.trail, "aor=%s from=" SLICE_FMT " delay=%u", rt_log_safe(call->aor),
	       SLICE_ARG(rt_cursor_text(&c)), delay);
	if (delay == 0) {
		call_end_with_challenge(self, call, domain, false);
		return;
	}
	if (self->late == AUTH_LATE_MAX) { /* tells a guesser nothing, and takes no room */
		call_end(self, call, 503, SLICE("Too Many Failures"));
		return;
	}
	self->late++;
	call->step = REG_ANSWER_LATE;
	svc_timer_start(self->svc, &call->timer, call->handle, 'L', delay);
}

void reg_answer_late(struct registrar *self, uint64_t owner)
{
	struct reg_call *call = rt_pool_get(self->calls, owner);
	const struct svc_domain *domain = call ? call_domain(self, call) : 0;

	if (call && domain)
		call_end_with_challenge(self, call, domain, false);
	else if (call)
		call_end(self, call, 404, SLICE("Domain Not Served Here"));
}

/* A username with our domain is as good as one without; with another it is nobody's. */
static struct slice record_of(struct registrar *self, const struct sip_cred *cred, const struct svc_domain *domain)
{
	const int at = slice_find(cred->username, '@');

	if (at >= 0 && slice_eq_nocase(slice_from(cred->username, (uint32_t)at + 1), domain->name))
		return rt_arena_printf(svc_arena(self->svc), SLICE_FMT "@" SLICE_FMT,
		                       SLICE_ARG(slice_head(cred->username, (uint32_t)at)), SLICE_ARG(domain->name));
	return rt_arena_printf(svc_arena(self->svc), SLICE_FMT "@" SLICE_FMT, SLICE_ARG(cred->username), SLICE_ARG(domain->name));
}

/* Somebody else's registrations: only who was named for that (RFC 3680 4.4). */
static void watch_as(struct registrar *self, struct reg_call *call, const struct svc_domain *domain, struct slice who)
{
	if (watch_is_allowed(self, call, who))
		use_nonce(self, call, domain);
	else
		call_end(self, call, 403, SLICE("Not Yours To Watch"));
}

/* He is who he says; 10.3 step 4: may he register this address? */
static void authorize(struct registrar *self, struct reg_call *call, const struct svc_domain *domain, const struct sip_cred *cred,
                      const struct loc_user *user)
{
	const bool himself = slice_eq(cred->username, call->user) || slice_eq(cred->username, call->aor);

	if (user->disabled)
		call_end(self, call, 403, SLICE("User Is Disabled"));
	else if (himself)
		know_target(self, call, domain, user);
	else if (call->msg.index->method == SIP_SUBSCRIBE)
		watch_as(self, call, domain, record_of(self, cred, domain));
	else if (!domain->third_party)
		call_end(self, call, 403, SLICE("Not Your Address Of Record"));
	else if (domain->users == SVC_USERS_KNOWN)
		meet(self, call, REG_KNOW_TARGET, call->aor);
	else
		use_nonce(self, call, domain);
}

/* The record of who the credentials name came. */
static void authenticate(struct registrar *self, struct reg_call *call, const struct svc_domain *domain, const struct loc_user *user)
{
	const struct auth_door door = call_door(self, domain, &call->msg);
	const char *const ha1[AUTH_ALGORITHMS] = { user ? user->ha1_md5 : 0, user ? user->ha1_sha256 : 0, user ? user->ha1_sha512 : 0 };
	struct sip_cred cred;

	if (auth_guard_find(&door, &call->msg, &cred)) { /* a reload changed the realm */
		call_end_with_challenge(self, call, domain, false);
		return;
	}
	switch (auth_guard_judge(&door, &cred, &call->msg, ha1)) {
	case AUTH_PASS:
		keep_nonce(call, &cred);
		authorize(self, call, domain, &cred, user);
		return;
	case AUTH_ASK:
		call_end_with_challenge(self, call, domain, false);
		return;
	case AUTH_ASK_STALE:
		call_end_with_challenge(self, call, domain, true);
		return;
	case AUTH_MALFORMED:
		call_end(self, call, 400, SLICE("Malformed Credentials"));
		return;
	case AUTH_WRONG:
		deny(self, call, domain);
	}
}

static void met(void *arg, uint64_t token, int err, const struct loc_user *user)
{
	struct registrar *self = arg;
	struct reg_call *call = rt_pool_get(self->calls, token);
	const struct svc_domain *domain = call ? call_domain(self, call) : 0;

	if (!call)
		return;
	if (!domain)
		call_end(self, call, 404, SLICE("Domain Not Served Here"));
	else if (err && err != RT_ABSENT)
		call_end_unstored(self, call, err);
	else if (call->step == REG_AUTHENTICATE)
		authenticate(self, call, domain, user);
	else
		know_target(self, call, domain, user);
}

/* ---- The beginning ---- */

/* Whose record the credentials ask for; SLICE_NONE: none yet, and the answer has been sent. */
static bool has_credentials(struct registrar *self, const struct call_question *q, const struct svc_domain *domain, struct sip_cred *out)
{
	const struct auth_door door = call_door(self, domain, q->msg);
	const int err = auth_guard_find(&door, q->msg, out);

	if (err == 0 && reg_check_credentials(q->msg, svc_config(self->svc), svc_members(self->svc), domain, out->uri))
		return true;
	if (err == RT_ABSENT)
		call_challenge(self, q, &door, false);
	else
		call_refuse_plainly(self, q, 400, err ? SLICE("Malformed Credentials") : SLICE("Credentials For Another URI"));
	if (!err)
		rt_log(RT_LOG_W, "register.elsewhere", q->head->trail, "uri=%s answer=400 hint=\"does a border controller change it? server.names may hold its name\"",
		       rt_log_safe(out->uri));
	return false;
}

static void begin(struct registrar *self, const struct wire_parcel *in, const struct reg_subject *subject)
{
	const struct call_question q = { in->head, &in->msg };
	const struct svc_domain *domain = subject->domain;
	struct sip_cred cred;
	struct reg_call *call;

	if (domain->auth && !has_credentials(self, &q, domain, &cred))
		return;
	call = call_hold(self, in, subject);
	if (!call)
		call_refuse_unstored(self, &q, RT_NOMEM);
	else if (domain->auth)
		meet(self, call, REG_AUTHENTICATE, record_of(self, &cred, domain));
	else if (in->msg.index->method == SIP_SUBSCRIBE)
		watch_as(self, call, domain, watch_caller(self, call));
	else if (domain->users == SVC_USERS_KNOWN)
		meet(self, call, REG_KNOW_TARGET, call->aor);
	else
		use_nonce(self, call, domain);
}

void reg_offer(struct registrar *self, const struct wire_parcel *in)
{
	const struct call_question q = { in->head, &in->msg };
	struct reg_subject subject = { 0 };
	struct reg_refusal why;
	const int err = reg_check(&in->msg, svc_config(self->svc), svc_members(self->svc), in->head->flags & WIRE_MERGED,
	                          svc_arena(self->svc), &subject, &why);

	if (err == 0)
		begin(self, in, &subject);
	else if (err == RT_DENIED)
		call_refuse(self, &q, &why);
	else
		call_refuse_plainly(self, &q, 500, SLICE_NONE);
}
