/* SPDX-License-Identifier: MIT */
/*
 * agent: the server's own user agent.
 *
 * Takes   OFFER    a request for a service, or inside a dialog of one; ABANDON its CANCEL
 *         DEPART   what the transactions on both sides of it send; ECHO
 * Sends   ANSWER   responses
 *         ARRIVED  what DEPART brought, and requests of its own, to transaction actors
 *         UNSENT   a DEPART that came to nothing; ECHO the answer to one
 */
#include "agent.h"

#include <stdlib.h>

enum {
	CALLS_MAX = 11000, /* agent.max_calls, and those that linger */
	DRAIN_STEP = 16,   /* calls ended at once */
	DRAIN_MS = 10,
};

/* ---- Requests ---- */

static const struct agent_service *service_of(const struct sip_msg *m)
{
	return agent_service_find(sip_msg_span(m, m->index->facts.uri_user));
}

/* 11: what the service can do. */
static void options(struct agent *a, const struct wire_parcel *in)
{
	struct sip_draft *const d = sip_draft_reply(svc_arena(a->svc), &in->msg, 200, SLICE_NONE, agent_tag(a, 0, &in->msg));
	struct sip_msg m;

	if (d) {
		sip_draft_set(d, SIP_HDR_ALLOW, SLICE(AGENT_ALLOW));
		sip_draft_set(d, SIP_HDR_ACCEPT, SLICE("application/sdp"));
		sip_draft_set(d, SIP_HDR_SUPPORTED, SLICE(AGENT_SUPPORTED));
	}
	(void)!agent_answer(a, agent_txn_of(in), in->head->trail, d, &m);
}

static void outside(struct agent *a, const struct wire_parcel *in)
{
	const struct agent_service *const service = service_of(&in->msg);
	const uint8_t method = in->msg.index->method;

	if (method == SIP_ACK)
		return;
	if (in->msg.index->facts.to_tag.n || method == SIP_CANCEL || method == SIP_PRACK || method == SIP_BYE)
		agent_refuse(a, in, 481, SIP_HDR_OTHER, SLICE_NONE);
	else if (!service)
		agent_refuse(a, in, 404, SIP_HDR_OTHER, SLICE_NONE);
	else if (method == SIP_INVITE)
		agent_call_invite(a, in, service);
	else if (method == SIP_OPTIONS)
		options(a, in);
	else
		agent_refuse(a, in, 405, SIP_HDR_ALLOW, SLICE(AGENT_ALLOW));
}

static void offer(struct agent *a, const struct wire_parcel *in)
{
	struct agent_call *const c = in->msg.index ? agent_call_of(a, &in->msg) : 0;

	if (!in->msg.index || !sip_msg_is_request(&in->msg))
		rt_log(RT_LOG_W, "agent.unread", in->head->trail, "verb=OFFER from=%u why=no-request", in->head->from);
	else if (c)
		agent_inside(a, c, in);
	else
		outside(a, in);
}

static void echo(struct agent *a, const struct wire_parcel *in)
{
	struct wire_head back = *in->head;

	if (in->head->flags & WIRE_BACK)
		return;
	back.to = in->head->from;
	back.flags |= WIRE_BACK;
	(void)!svc_post(a->svc, &back, 0);
}

static void parcel(void *self, const struct wire_parcel *in)
{
	static void (*const verb[WIRE_VERBS])(struct agent *, const struct wire_parcel *) = {
		[WIRE_OFFER] = offer,
		[WIRE_ABANDON] = agent_call_abandon,
		[WIRE_DEPART] = agent_edge_depart,
		[WIRE_ECHO] = echo,
	};
	const uint8_t v = in->head->verb;

	if (v < WIRE_VERBS && verb[v])
		verb[v](self, in);
	else
		rt_log(RT_LOG_W, "agent.unread", in->head->trail, "verb=%u from=%u why=not-for-this-tier", v, in->head->from);
}


/* ---- Life ---- */

static void close_actor(void **self_p)
{
	struct agent *const a = *self_p;
	rt_handle handle;

	if (!a)
		return;
	for (uint32_t i = 0; a->calls && i < rt_pool_slots(a->calls); i++) {
		struct agent_call *const c = rt_pool_at(a->calls, i, &handle);

		if (c)
			agent_call_close(a, c);
	}
	svc_timer_stop(a->svc, &a->sweep);
	rt_table_destroy(&a->by_fd);
	rt_table_destroy(&a->by_caller);
	rt_table_destroy(&a->by_txn);
	rt_pool_destroy(&a->calls);
	free(a);
	*self_p = 0;
}

static void count(struct agent *a)
{
	struct agent_counters *const n = &a->count;

	n->calls = svc_counter(a->svc, "agent_calls_total", "calls to the agent's services");
	n->answered = svc_counter(a->svc, "agent_answered_total", "of them, answered");
	n->refused = svc_counter(a->svc, "agent_refused_total", "requests the agent refused");
	n->reliable = svc_counter(a->svc, "agent_reliable_total", "provisional responses sent reliably");
	n->unacknowledged = svc_counter(a->svc, "agent_unacknowledged_total", "reliable provisional responses no PRACK came for");
	n->packets = svc_counter(a->svc, "agent_rtp_packets_total", "RTP packets sent back, of calls that ended");
	n->dropped = svc_counter(a->svc, "agent_rtp_dropped_total", "RTP packets not sent back: too many, or from somebody else");
	n->live = svc_counter(a->svc, "agent_calls", "calls now");
}

static int open_actor(void **self_p, struct svc *svc)
{
	struct agent *const a = calloc(1, sizeof(*a));

	*self_p = a;
	if (!a)
		return RT_NOMEM;
	a->svc = svc;
	a->calls = rt_pool_new(sizeof(struct agent_call), CALLS_MAX);
	a->by_txn = rt_table_new(64);
	a->by_caller = rt_table_new(64);
	a->by_fd = rt_table_new(64);
	a->branch_key = svc_secret(svc, "branch");
	a->tag_key = svc_secret(svc, "agent-tag");
	count(a);
	agent_settings_read(&a->set, svc_config(svc));
	a->next_port = a->set.low;
	if (a->calls && a->by_txn && a->by_caller && a->by_fd)
		return 0;
	rt_log(RT_LOG_E, "agent.unopened", 0, "why=\"out of memory\" do=\"give this process more memory\"");
	close_actor(self_p);
	return RT_NOMEM;
}

static int reload(void *self)
{
	struct agent *const a = self;

	agent_settings_read(&a->set, svc_config(a->svc));
	return 0;
}

/* A test call is not worth waiting for. A few at a time: what they say shares the arena of one event. */
static void end_some(struct agent *a)
{
	rt_handle handle;
	int n = 0;

	for (; a->drained < rt_pool_slots(a->calls) && n < DRAIN_STEP; a->drained++) {
		struct agent_call *const c = rt_pool_at(a->calls, a->drained, &handle);

		if (!c)
			continue;
		n++;
		if (c->dialog.state == UA_ENDED) {
			agent_call_close(a, c);
			continue;
		}
		agent_call_hang_up(a, c, "drain");
		agent_call_settle(a, c);
	}
	if (a->drained < rt_pool_slots(a->calls))
		svc_timer_start(a->svc, &a->sweep, 0, 0, DRAIN_MS);
}

static void drain(void *self)
{
	struct agent *const a = self;

	a->draining = true;
	end_some(a);
}

static void timer(void *self, struct rt_timer *t)
{
	struct agent *const a = self;

	if (t == &a->sweep)
		end_some(a);
	else
		agent_call_timer(a, t);
}

static uint32_t load(const void *self)
{
	const struct agent *const a = self;

	return rt_pool_live(a->calls);
}

const struct svc_actor agent_actor = {
	.tier = WIRE_AGENT,
	.open = open_actor,
	.parcel = parcel,
	.timer = timer,
	.reload = reload,
	.drain = drain,
	.load = load,
	.close = close_actor,
};
