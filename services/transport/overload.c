/* SPDX-License-Identifier: MIT */
/* overload: the wait of a request is its time in the kernel and the time to come at its transaction worker and behind; shed.c decides. */
#include "overload.h"

#include "arrive.h"
#include "glance.h"
#include "refuse.h"
#include "relief.h"
#include "sip/via.h"
#include "volley.h"

enum { ANSWER_MAX = 2048 };

/* When it begins and when it is over: one line each. */
static void tell(struct edge *edge, uint32_t share, uint32_t wait)
{
	if (!*edge->count.shed_share != !share)
		rt_log(RT_LOG_W, share ? "overload.begun" : "overload.over", 0, "wait=%ums refused=%u/1000 lost=%llu", wait, share,
		       (unsigned long long)*edge->count.kernel_drops);
	*edge->count.shed_share = share;
}

/* ---- At a glance ---- */

/*
 * Where the answer to a datagram goes, when that is plain: its source, or the port of sent-by there (18.2.2); and what must be written into
 * its Via. False: the long way must be gone.
 */
static bool plain_way(struct edge *edge, const struct glance *g, const struct edge_origin *origin, struct edge_way *way, struct glance_reply *r)
{
	struct sip_via via;
	struct sip_hop written;

	*way = (struct edge_way){ .to = origin->remote, .from = origin->local, .listener = origin->listener };
	r->rport = origin->remote.port;
	if (glance_wants_rport(g))
		return !refusals_has(&edge->bounced, &way->to, svc_now(edge->svc));
	if (sip_via_parse(&via, g->via[0]) < 0 || via.transport != SIP_UDP || slice_present(via.maddr) || slice_present(via.received) ||
	    slice_present(via.rport) || (via.flags & SIP_VIA_KEEP))
		return false;
	r->rport = 0;
	way->to.port = via.port ? via.port : sip_transport_port(SIP_UDP);
	if (sip_hop_ip(&written, via.host, SIP_UDP, 0) == 0 && sip_hop_same_ip(&written, &origin->remote))
		r->received = SLICE_NONE;
	return !refusals_has(&edge->bounced, &way->to, svc_now(edge->svc));
}

static bool refuse_at_a_glance(struct edge *edge, const struct glance *g, const struct edge_origin *origin, uint64_t mark)
{
	char text[64], bytes[ANSWER_MAX];
	struct rt_cursor ip = rt_cursor_on(text, sizeof(text)), c = rt_cursor_on(bytes, sizeof(bytes));
	struct glance_reply r = { .tag = mark, .retry_after = refuse_retry_after(edge, mark) };
	struct edge_way way;

	sip_hop_render_ip(&ip, &origin->remote);
	r.received = rt_cursor_text(&ip);
	if (!plain_way(edge, g, origin, &way, &r))
		return false;
	glance_refuse(&c, g, &r);
	if (c.err || volley_add(edge->volley, &way, rt_cursor_text(&c)) < 0)
		return false;
	++*edge->count.refused;
	++*edge->count.shed;
	return true;
}

/* The ACK for a refusal has the tag that we gave it. */
static bool is_our_ack(const struct edge *edge, const struct glance *g)
{
	uint64_t mark;

	return slice_eq(g->method, SLICE("ACK")) && slice_hex_u64(glance_to_tag(g), &mark) && mark == refuse_mark(edge, g->via[0], g->call_id);
}

bool overload_settles(struct edge *edge, struct slice text, const struct edge_origin *origin)
{
	const rt_ms now = svc_now(edge->svc);
	struct glance g;
	uint64_t mark;

	if (!edge->shed.on || origin->remote.proto != SIP_UDP || relief_concerns(edge, &origin->remote) || glance(&g, text) < 0)
		return false;
	if (!glance_is_new(&g))
		return is_our_ack(edge, &g);
	if (slice_present(g.agent) && arrive_is_scanner(edge, g.agent))
		return false;
	mark = refuse_mark(edge, g.via[0], g.call_id);
	if (shed_drops(&edge->shed, now, rt_mix(mark, now))) {
		++*edge->count.dropped;
		return true;
	}
	if (!shed_refuses(&edge->shed, now, origin->waited, mark) || !refuse_at_a_glance(edge, &g, origin, mark))
		return false;
	shed_waited(&edge->shed, now, origin->waited + svc_wait(edge->svc, edge->worker));
	return true;
}

/* ---- When it was read ---- */

static bool is_shed(struct edge *edge, const struct sip_msg *request, const struct edge_origin *origin, rt_ms now)
{
	return edge->shed.on && shed_refuses(&edge->shed, now, origin->waited,
					     refuse_mark(edge, sip_msg_get(request, SIP_HDR_VIA), sip_msg_get(request, SIP_HDR_CALL_ID)));
}

bool overload_refuses(struct edge *edge, const struct sip_msg *request, const struct edge_origin *origin, const struct wire_head *head)
{
	const rt_ms now = svc_now(edge->svc);
	const uint32_t there = svc_wait(edge->svc, head->to), wait = origin->waited + there;
	bool chosen;

	edge->worker = head->to;
	shed_waited(&edge->shed, now, wait);
	*edge->count.waited = wait;
	tell(edge, shed_share(&edge->shed, now), wait);
	if (!refuse_is_new(request))
		return false;
	chosen = there >= WIRE_STALLED || (is_shed(edge, request, origin, now) &&
					  !(shed_share(&edge->shed, now) < SHED_MOST && relief_is_promised(edge, request, origin)));
	if (chosen) {
		++*edge->count.shed;
		refuse_overload(edge, request, origin, head->trail);
	}
	return chosen;
}
