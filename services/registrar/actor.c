/* SPDX-License-Identifier: MIT */
/*
 * actor: the registrar.
 *
 *   takes   OFFER (a REGISTER for one of our domains, a SUBSCRIBE to who is registered there), RESULT (of a NOTIFY)
 *   sends   ANSWER, FORK (a NOTIFY)
 *   timers  S: every five seconds, one registrar of all removes bindings that ran out
 *           L: a late answer to a wrong password
 *           E: look for events somebody watches for
 *
 * Everything it knows is in Redis: any registrar may take any REGISTER.
 */
#include <stdlib.h>

#include "call.h"
#include "loc/sweep.h"
#include "watch.h"

enum { CALLS_MAX = 1 << 16, USERS_ROOM = 32768, SWEEP_MS = 5000 };

static void count_from_start(struct registrar *self)
{
	self->count.granted = svc_counter(self->svc, "peal_registrar_granted_total", "REGISTER requests answered 200.");
	self->count.refused = svc_counter(self->svc, "peal_registrar_refused_total", "REGISTER requests answered 4xx or 5xx, challenges apart.");
	self->count.challenged = svc_counter(self->svc, "peal_registrar_challenged_total", "REGISTER requests answered 401.");
	self->count.wrong = svc_counter(self->svc, "peal_registrar_wrong_total", "Wrong passwords and unknown users.");
	self->count.notified = svc_counter(self->svc, "peal_registrar_notified_total", "NOTIFY requests sent to who watches registrations.");
	self->count.unstored = svc_counter(self->svc, "peal_registrar_unstored_total", "REGISTER requests that Redis could not serve.");
}

static void close_actor(void **self_p)
{
	struct registrar *self = *self_p;
	rt_handle handle;

	*self_p = 0;
	if (!self)
		return;
	for (uint32_t i = 0; self->calls && i < rt_pool_slots(self->calls); i++) {
		struct reg_call *call = rt_pool_at(self->calls, i, &handle);

		if (call)
			call_forget(self, call);
	}
	svc_timer_stop(self->svc, &self->sweep);
	watch_close(self);
	loc_users_destroy(&self->users);
	rt_pool_destroy(&self->calls);
	auth_thread_stop();
	free(self);
}

static int open_actor(void **self_p, struct svc *svc)
{
	struct registrar *self = calloc(1, sizeof(*self));

	if (!self)
		return RT_NOMEM;
	self->svc = svc;
	self->redis = svc_redis(svc);
	self->users = loc_users_new(self->redis, USERS_ROOM);
	self->calls = rt_pool_new(sizeof(struct reg_call), CALLS_MAX);
	self->nonce_key = svc_secret(svc, "nonce");
	self->tag_key = svc_secret(svc, "tag");
	self->gruu_key = svc_secret(svc, "gruu");
	count_from_start(self);
	*self_p = self;
	if (!self->users || !self->calls || watch_open(self)) {
		close_actor(self_p);
		return RT_NOMEM;
	}
	svc_timer_start(svc, &self->sweep, 0, 'S', 1000 + svc_id(svc) % 1000); /* not all at one moment */
	return 0;
}

static void take_parcel(void *arg, const struct wire_parcel *in)
{
	struct registrar *self = arg;

	if (in->head->verb == WIRE_OFFER && in->msg.index && sip_msg_is_request(&in->msg))
		reg_offer(self, in);
	else if (in->head->verb == WIRE_RESULT)
		watch_result(self, in);
}

/* ---- Sweeping ---- */

static void sweep_begun(void *arg, bool mine)
{
	struct registrar *self = arg;
	const struct svc_config *config = svc_config(self->svc);
	const struct wire_member *m;
	uint32_t iter = 0;

	if (!mine)
		return;
	for (uint32_t i = 0; i < config->ndomain; i++)
		loc_trim_domain(self->redis, config->domain[i].name, svc_wall(self->svc));
	while ((m = wire_members_each(svc_members(self->svc), &iter)))
		if (m->tier == WIRE_TRANSPORT)
			loc_trim_edge(self->redis, m->id, svc_wall(self->svc));
	watch_sweep(self);
}

static void take_timer(void *arg, struct rt_timer *t)
{
	struct registrar *self = arg;

	if (t->name == 'L') {
		reg_answer_late(self, t->owner);
		return;
	}
	if (t->name == 'E') {
		watch_look(self);
		return;
	}
	(void)!loc_sweep(self->redis, svc_id(self->svc), SWEEP_MS, svc_wall(self->svc), sweep_begun, self); /* Redis away: next time */
	svc_timer_start(self->svc, &self->sweep, 0, 'S', SWEEP_MS);
}

static uint32_t load(const void *arg)
{
	const struct registrar *self = arg;

	return rt_pool_live(self->calls);
}

const struct svc_actor registrar_actor = {
	.tier = WIRE_REGISTRAR,
	.open = open_actor,
	.parcel = take_parcel,
	.timer = take_timer,
	.load = load,
	.close = close_actor,
};
