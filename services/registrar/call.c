/* SPDX-License-Identifier: MIT */
/* call: how a REGISTER is answered, and how it is kept while it waits. */
#include "call.h"

#include <stdlib.h>

#include "answer.h"

/* ---- Answers ---- */

struct slice call_tag(struct registrar *self, const struct sip_msg *request)
{
	const struct sip_facts *facts = &request->index->facts;
	const struct slice call_id = sip_msg_get(request, SIP_HDR_CALL_ID), from = sip_msg_span(request, facts->from_tag);
	const uint64_t hash = rt_mix(rt_hash(self->tag_key, call_id.p, call_id.n), rt_hash(self->tag_key, from.p, from.n));

	return rt_arena_printf(svc_arena(self->svc), "%016llx", (unsigned long long)rt_mix(hash, facts->cseq));
}

static void post(struct registrar *self, const struct call_question *q, const struct sip_draft *d, uint8_t flags)
{
	const struct wire_head *in = q->head;
	const struct wire_head head = { .verb = WIRE_ANSWER, .flags = flags, .to = in->from, .trail = in->trail, .txn = in->txn, .flow = in->flow,
	                                .edge = in->edge, .listener = in->listener, .born = in->born, .remote = in->remote,
	                                .local = in->local };
	struct rt_arena *a = svc_arena(self->svc);
	struct sip_msg out;
	int err = d ? sip_draft_render(d, a, &out) : RT_NOMEM;

	if (err) { /* e.g. more bindings than a message holds */
		rt_log(RT_LOG_E, "register.unanswered", in->trail, "why=\"%s\"; answering 500", rt_err_text(err));
		d = sip_draft_reply(a, q->msg, 500, SLICE_NONE, call_tag(self, q->msg));
		if (!d || sip_draft_render(d, a, &out))
			return;
	}
	if (svc_post(self->svc, &head, &out))
		rt_log(RT_LOG_W, "register.unposted", in->trail, "to=%u; the transaction will time out", in->from);
}

void call_post(struct registrar *self, const struct call_question *q, const struct sip_draft *d)
{
	post(self, q, d, 0);
}

void call_refuse(struct registrar *self, const struct call_question *q, const struct reg_refusal *why)
{
	++*self->count.refused;
	rt_log(RT_LOG_I, "register.refused", q->head->trail, "status=%d reason=\"" SLICE_FMT "\" to=\"%s\"", why->status,
	       SLICE_ARG(slice_present(why->reason) ? why->reason : sip_status_phrase(why->status)),
	       rt_log_safe(sip_msg_get(q->msg, SIP_HDR_TO)));
	call_post(self, q, reg_answer_refusal(svc_arena(self->svc), q->msg, call_tag(self, q->msg), why));
}

void call_refuse_plainly(struct registrar *self, const struct call_question *q, int status, struct slice reason)
{
	call_refuse(self, q, &(struct reg_refusal){ .status = status, .reason = reason });
}

void call_refuse_unstored(struct registrar *self, const struct call_question *q, int err)
{
	const uint64_t spread = rt_mix(q->head->trail, q->head->born) % 10;

	++*self->count.unstored;
	rt_log(RT_LOG_W, "register.unstored", q->head->trail, "why=\"%s\"", rt_err_text(err));
	call_refuse(self, q, &(struct reg_refusal){ .status = 503, .header = SIP_HDR_RETRY_AFTER,
	                                       .value = rt_arena_printf(svc_arena(self->svc), "%u", 5 + (unsigned)spread) });
}

/* ---- The door ---- */

static bool begins_like_one_of(struct slice text, const struct svc_words *words)
{
	for (uint32_t i = 0; i < words->n; i++)
		if (slice_starts_nocase(text, words->word[i]))
			return true;
	return false;
}

/* Which algorithms this phone is offered. */
static uint8_t offered(const struct svc_domain *domain, const struct sip_msg *request)
{
	uint8_t bits = 0;
	enum auth_algorithm a;

	if (begins_like_one_of(sip_msg_get(request, SIP_HDR_USER_AGENT), &domain->md5_agents))
		return 1 << AUTH_MD5;
	for (uint32_t i = 0; i < domain->algorithms.n; i++)
		if (auth_algorithm_find(domain->algorithms.word[i], &a) == 0)
			bits |= (uint8_t)(1 << a);
	return bits;
}

struct auth_door call_door(struct registrar *self, const struct svc_domain *domain, const struct sip_msg *request)
{
	return (struct auth_door){
		.credentials = SIP_HDR_AUTHORIZATION,
		.realm = domain->realm.n ? domain->realm : domain->name,
		.secret = self->nonce_key,
		.now = svc_wall(self->svc),
		.lifetime = svc_config(self->svc)->registrar_nonce_lifetime,
		.algorithms = offered(domain, request),
	};
}

void call_challenge(struct registrar *self, const struct call_question *q, const struct auth_door *door, bool stale)
{
	struct rt_arena *a = svc_arena(self->svc);
	struct sip_draft *d = sip_draft_reply(a, q->msg, 401, SLICE_NONE, call_tag(self, q->msg));

	++*self->count.challenged;
	if (d)
		auth_guard_challenge(door, d, a, stale);
	post(self, q, d, WIRE_FORGET); /* nothing is kept of a stranger, 8.2.7 */
}

/* ---- Waiting ---- */

void call_forget(struct registrar *self, struct reg_call *call)
{
	svc_timer_stop(self->svc, &call->timer);
	self->late -= call->step == REG_ANSWER_LATE;
	free(call->frame);
	rt_pool_give(self->calls, call->handle);
}

/* index | text | aor */
static bool copy_request(struct reg_call *call, const struct wire_parcel *in, struct slice aor, uint32_t user_n)
{
	const size_t index_n = SIP_INDEX_BYTES(in->msg.index->nfield);
	char *p = malloc(index_n + in->msg.text.n + aor.n);

	if (!p)
		return false;
	memcpy(p, in->msg.index, index_n);
	memcpy(p + index_n, in->msg.text.p, in->msg.text.n);
	memcpy(p + index_n + in->msg.text.n, aor.p, aor.n);
	call->frame = p;
	call->head = *in->head;
	call->msg.index = (const struct sip_index *)(const void *)p;
	call->msg.text = slice_of(p + index_n, in->msg.text.n);
	call->aor = slice_of(p + index_n + in->msg.text.n, aor.n);
	call->user = slice_head(call->aor, user_n);
	return true;
}

struct reg_call *call_hold(struct registrar *self, const struct wire_parcel *in, const struct reg_subject *subject)
{
	rt_handle handle;
	struct reg_call *call = rt_pool_take(self->calls, &handle);

	if (!call)
		return 0;
	call->handle = handle;
	if (copy_request(call, in, subject->aor, subject->user.n))
		return call;
	rt_pool_give(self->calls, handle);
	return 0;
}

struct call_question call_asked(const struct reg_call *call)
{
	return (struct call_question){ &call->head, &call->msg };
}

const struct svc_domain *call_domain(struct registrar *self, const struct reg_call *call)
{
	return svc_config_domain(svc_config(self->svc), slice_from(call->aor, call->user.n + 1));
}

void call_end(struct registrar *self, struct reg_call *call, int status, struct slice reason)
{
	const struct call_question q = call_asked(call);

	call_refuse_plainly(self, &q, status, reason);
	call_forget(self, call);
}

void call_end_unstored(struct registrar *self, struct reg_call *call, int err)
{
	const struct call_question q = call_asked(call);

	call_refuse_unstored(self, &q, err);
	call_forget(self, call);
}

void call_end_with_challenge(struct registrar *self, struct reg_call *call, const struct svc_domain *domain, bool stale)
{
	const struct call_question q = call_asked(call);
	const struct auth_door door = call_door(self, domain, &call->msg);

	call_challenge(self, &q, &door, stale);
	call_forget(self, call);
}
