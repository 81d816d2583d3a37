/* SPDX-License-Identifier: MIT */
/* call: from an INVITE to its end. */
#include "agent.h"

#include <sys/epoll.h>

enum { MINUTE_MS = 60000 };

/* ---- Finding ---- */

struct agent_call *agent_call_of(struct agent *a, const struct sip_msg *m)
{
	const struct slice tag = sip_msg_span(m, m->index->facts.to_tag);
	struct agent_call *c;
	uint64_t handle;

	if (tag.n < 16 || !slice_hex_u64(slice_head(tag, 16), &handle))
		return 0;
	c = rt_pool_get(a->calls, handle);
	return c && ua_dialog_has(&c->dialog, m) ? c : 0;
}

/* 8.2.2.2: the same request by another way carries the same three. */
static uint64_t caller_key(const struct agent *a, const struct sip_msg *m)
{
	const struct slice call_id = sip_msg_get(m, SIP_HDR_CALL_ID), tag = sip_msg_span(m, m->index->facts.from_tag);

	return rt_mix(rt_mix(rt_hash(a->tag_key, call_id.p, call_id.n), rt_hash(a->tag_key, tag.p, tag.n)), m->index->facts.cseq);
}

static bool is_merged(struct agent *a, const struct sip_msg *m)
{
	uint64_t call;

	for (uint32_t it = 0; rt_table_each(a->by_caller, caller_key(a, m), &it, &call);)
		if (rt_pool_get(a->calls, call))
			return true;
	return false;
}

/* ---- Ending ---- */

static void forget_txn(struct agent *a, struct agent_call *c)
{
	if (c->invite.txn)
		rt_table_drop(a->by_txn, agent_txn_key(c->invite), c->self);
	c->invite.txn = 0;
}

static void close_media(struct agent *a, struct agent_call *c)
{
	if (c->echo.fd < 0)
		return;
	*a->count.packets += c->echo.out;
	*a->count.dropped += c->echo.in - c->echo.out;
	rt_table_drop(a->by_fd, (uint64_t)c->echo.fd, c->self);
	svc_unwatch(a->svc, c->echo.fd);
	agent_echo_close(&c->echo);
}

static void stop_timers(struct agent *a, struct agent_call *c)
{
	struct rt_timer *const timer[] = { &c->again, &c->limit, &c->life, &c->minute };

	for (size_t i = 0; i < sizeof(timer) / sizeof(timer[0]); i++)
		svc_timer_stop(a->svc, timer[i]);
}

void agent_call_close(struct agent *a, struct agent_call *c)
{
	rt_log(RT_LOG_I, "agent.end", c->trail, "service=" SLICE_FMT " ms=%llu rtp_in=%llu rtp_out=%llu", SLICE_ARG(c->service->name),
	       (unsigned long long)(svc_now(a->svc) - c->began), (unsigned long long)c->echo.in, (unsigned long long)c->echo.out);
	stop_timers(a, c);
	forget_txn(a, c);
	close_media(a, c);
	rt_table_drop(a->by_caller, c->caller_key, c->self);
	agent_keep_swap(&c->asked, 0);
	agent_keep_swap(&c->sent, 0);
	rt_pool_give(a->calls, c->self);
	*a->count.live = rt_pool_live(a->calls);
}

void agent_call_settle(struct agent *a, struct agent_call *c)
{
	if (!c->over || c->dialog.state == UA_ENDED)
		return;
	if (!c->rel.out) {
		agent_call_close(a, c);
		return;
	}
	stop_timers(a, c);
	close_media(a, c);
	c->dialog.state = UA_ENDED;
	svc_timer_start(a->svc, &c->life, c->self, AGENT_LINGER, 64 * a->set.t1);
}

static void say_bye(struct agent *a, struct agent_call *c)
{
	struct sip_draft *const d = ua_dialog_request(&c->dialog, svc_arena(a->svc), SLICE("BYE"), 0);
	const int err = agent_edge_send(a, c, d);

	if (err)
		rt_log(RT_LOG_W, "agent.unsent", c->trail, "method=BYE err=%s", rt_err_name(err));
	c->over = true;
}

void agent_call_hang_up(struct agent *a, struct agent_call *c, const char *why)
{
	rt_log(RT_LOG_D, "agent.hang_up", c->trail, "why=%s", why);
	if (c->dialog.state != UA_CONFIRMED)
		agent_rel_final(a, c, c->service->give_up ? c->service->give_up : 480);
	else if (c->waits_for_ack)
		c->leaving = true; /* 15: not before the ACK, or before it is sure that none will come */
	else
		say_bye(a, c);
}

/* ---- An INVITE ---- */

struct slice agent_unsupported(struct agent *a, const struct sip_msg *m)
{
	struct slice list = SLICE_NONE;

	for (int f = sip_msg_first(m, SIP_HDR_REQUIRE); f >= 0; f = sip_msg_next(m, f)) {
		const struct slice option = sip_msg_value(m, f);

		if (slice_eq_nocase(option, SLICE("100rel")))
			continue;
		list = slice_present(list) ? rt_arena_printf(svc_arena(a->svc), SLICE_FMT ", " SLICE_FMT, SLICE_ARG(list), SLICE_ARG(option))
					   : option;
	}
	return list;
}

void agent_call_await(struct agent *a, struct agent_call *c, const struct wire_parcel *in)
{
	forget_txn(a, c);
	c->invite = agent_txn_of(in);
	c->invite_cseq = in->msg.index->facts.cseq;
	agent_keep_swap(&c->asked, agent_keep(&in->msg));
	agent_keep_swap(&c->sent, 0);
	(void)!rt_table_put(a->by_txn, agent_txn_key(c->invite), c->self); /* without it a CANCEL is not heard, and no more */
}

static void media_ready(void *self, int fd, uint32_t ready)
{
	struct agent *const a = self;
	uint64_t handle;

	(void)ready;
	for (uint32_t it = 0; rt_table_each(a->by_fd, (uint64_t)fd, &it, &handle);) {
		struct agent_call *const c = rt_pool_get(a->calls, handle);

		if (c && c->echo.fd == fd)
			agent_echo_ready(&c->echo, svc_now(a->svc), c->offer.agreed);
	}
}

static int open_media(struct agent *a, struct agent_call *c)
{
	const struct agent_settings *const set = &a->set;
	const uint32_t mask = (uint32_t)rt_hash(a->tag_key, &c->self, sizeof(c->self)) | 1;
	const int port = agent_echo_open(&c->echo, &set->rtp, set->low, set->high, &a->next_port, mask);

	if (port < 0)
		return port;
	c->me.addr = agent_settings_told(set, svc_members(a->svc));
	c->me.addr.port = (uint16_t)port;
	c->me.id = (c->self ^ svc_wall_ms(a->svc)) >> 1;
	c->me.version = 1;
	if (c->me.addr.family && rt_table_put(a->by_fd, (uint64_t)c->echo.fd, c->self) == 0 &&
	    svc_watch(a->svc, c->echo.fd, EPOLLIN, media_ready) == 0)
		return 0;
	return RT_DOWN;
}

static struct agent_call *open_call(struct agent *a, const struct wire_parcel *in, const struct agent_service *service, int *err)
{
	rt_handle self;
	struct agent_call *const c = rt_pool_take(a->calls, &self);
	const uint64_t chance[] = { self, in->head->trail, svc_wall_ms(a->svc) };

	*err = RT_NOMEM;
	if (!c)
		return 0;
	c->self = self;
	c->service = service;
	c->trail = in->head->trail;
	c->began = svc_now(a->svc);
	c->echo.fd = -1;
	c->wanted = ua_rel_uas_wanted(&in->msg);
	c->caller_key = caller_key(a, &in->msg);
	ua_rel_uas_open(&c->rel, in->msg.index->facts.cseq, (uint32_t)rt_hash(a->tag_key, chance, sizeof(chance)));
	agent_call_await(a, c, in);
	*err = ua_dialog_answer(&c->dialog, &in->msg, agent_tag(a, self, &in->msg));
	if (*err == 0 && service->media)
		*err = open_media(a, c);
	if (*err == 0 && c->asked && rt_table_put(a->by_caller, c->caller_key, self) == 0)
		return c;
	agent_call_close(a, c);
	return 0;
}

static void ring(struct agent *a, struct agent_call *c)
{
	agent_rel_provisional(a, c, c->service->early, false);
	svc_timer_start(a->svc, &c->minute, c->self, AGENT_MINUTE, MINUTE_MS);
}

/* What the service does: its early response, then its final one or nothing. SDP goes early only where it is sure to arrive. */
static void serve(struct agent *a, struct agent_call *c)
{
	const struct agent_service *const s = c->service;

	svc_timer_start(a->svc, &c->life, c->self, AGENT_LIFE, a->set.duration_ms);
	if (s->early && !s->final)
		ring(a, c);
	else if (s->early && c->wanted != UA_REL_NEVER)
		agent_rel_provisional(a, c, s->early, s->media);
	if (s->final)
		agent_rel_final(a, c, s->final);
}

static int status_of(int err)
{
	return err == RT_BAD ? 400 : err == RT_BIG ? 513 : 480;
}

static void invite(struct agent *a, const struct wire_parcel *in, const struct agent_service *service)
{
	struct agent_call *c;
	int err, status;

	c = open_call(a, in, service, &err);
	if (!c) {
		agent_refuse(a, in, status_of(err), err == RT_NOMEM || err == RT_DOWN ? SIP_HDR_RETRY_AFTER : SIP_HDR_OTHER, SLICE("60"));
		return;
	}
	++*a->count.calls;
	*a->count.live = rt_pool_live(a->calls);
	status = agent_hear_sdp(c, UA_IN_INVITE, &in->msg);
	if (status) {
		agent_refuse(a, in, status, status == 415 ? SIP_HDR_ACCEPT : SIP_HDR_OTHER, SLICE("application/sdp"));
		agent_call_close(a, c);
		return;
	}
	rt_log(RT_LOG_I, "agent.call", c->trail, "service=" SLICE_FMT " reliable=%d", SLICE_ARG(service->name), c->wanted);
	serve(a, c);
	agent_call_settle(a, c);
}

void agent_call_invite(struct agent *a, const struct wire_parcel *in, const struct agent_service *service)
{
	const struct slice lacking = agent_unsupported(a, &in->msg);

	if (is_merged(a, &in->msg))
		agent_refuse(a, in, 482, SIP_HDR_OTHER, SLICE_NONE);
	else if (slice_present(lacking))
		agent_refuse(a, in, 420, SIP_HDR_UNSUPPORTED, lacking);
	else if (a->set.reliable == AGENT_REL_REQUIRED && ua_rel_uas_wanted(&in->msg) == UA_REL_NEVER)
		agent_refuse(a, in, 421, SIP_HDR_REQUIRE, SLICE("100rel"));
	else if (a->draining || rt_pool_live(a->calls) >= a->set.max_calls)
		agent_refuse(a, in, 480, SIP_HDR_RETRY_AFTER, SLICE("60"));
	else if (!service->early && service->final)
		agent_refuse(a, in, service->final, SIP_HDR_OTHER, SLICE_NONE);
	else
		invite(a, in, service);
}

/* ---- What else happens to it ---- */

/* A CANCEL (its 200 is sent), or the end of the INVITE's transaction. */
void agent_call_abandon(struct agent *a, const struct wire_parcel *in)
{
	const struct agent_txn txn = agent_txn_of(in);
	uint64_t handle;

	for (uint32_t it = 0; rt_table_each(a->by_txn, agent_txn_key(txn), &it, &handle);) {
		struct agent_call *const c = rt_pool_get(a->calls, handle);

		if (!c || c->invite.txn != txn.txn || c->invite.owner != txn.owner)
			continue;
		if (c->dialog.state == UA_EARLY)
			agent_rel_final(a, c, 487);
		agent_call_settle(a, c);
		return;
	}
}

/* 13.3.1.4: the 2xx goes out again until its ACK comes. */
static void say_2xx_again(struct agent *a, struct agent_call *c)
{
	const struct wire_head head = { .verb = WIRE_ANSWER, .to = c->invite.owner, .txn = c->invite.txn, .trail = c->trail };
	const struct sip_msg m = c->sent ? agent_kept_msg(c->sent) : (struct sip_msg){ .index = 0 };
	const uint32_t doubled = a->set.t1 << (c->fired < 7 ? ++c->fired : 7);

	if (m.index)
		(void)!svc_post(a->svc, &head, &m);
	svc_timer_start(a->svc, &c->again, c->self, AGENT_AGAIN, doubled < a->set.t2 ? doubled : a->set.t2);
}

static void limit_reached(struct agent *a, struct agent_call *c)
{
	if (!c->waits_for_ack) {
		agent_rel_timer(a, c, UA_UAS_EV_P);
		return;
	}
	svc_timer_stop(a->svc, &c->again);
	c->waits_for_ack = false;
	say_bye(a, c);
}

void agent_call_timer(struct agent *a, struct rt_timer *t)
{
	struct agent_call *const c = rt_pool_get(a->calls, t->owner);

	if (!c)
		return;
	switch ((enum agent_timer)t->name) {
	case AGENT_AGAIN:
		if (c->waits_for_ack)
			say_2xx_again(a, c);
		else
			agent_rel_timer(a, c, UA_UAS_EV_R);
		break;
	case AGENT_LIMIT:
		limit_reached(a, c);
		break;
	case AGENT_LIFE:
		agent_call_hang_up(a, c, "duration");
		break;
	case AGENT_MINUTE:
		ring(a, c);
		break;
	case AGENT_LINGER:
		agent_call_close(a, c);
		return;
	}
	agent_call_settle(a, c);
}
