/* SPDX-License-Identifier: MIT */
#include "inquiry.h"

#include "listen.h"
#include "refrain.h"
#include "relief.h"
#include "sip/draft.h"
#include "svc/own.h"
#include "udp.h"
#include "via.h"
#include "wire/seen.h"

/* A plain OPTIONS to the server itself is answered the same each time, so nothing need be kept to answer it again, 8.2.7. */
static bool asks_what_we_can(struct edge *edge, const struct sip_msg *request)
{
	struct sip_uri uri;

	return !request->index->facts.uri_user.n && !sip_msg_has(request, SIP_HDR_ROUTE) && !sip_msg_has(request, SIP_HDR_PROXY_AUTHORIZATION) &&
	       sip_uri_parse(&uri, sip_msg_target(request)) == 0 && svc_own(svc_config(edge->svc), svc_members(edge->svc), &uri);
}

/* 18.2.2, when it is plain: back to the source, from where it was asked. */
static bool way_back(struct edge *edge, const struct sip_msg *request, const struct edge_origin *origin, struct edge_way *way)
{
	struct slice name;

	*way = (struct edge_way){ .from = origin->local, .listener = origin->listener };
	return !relief_concerns(edge, &origin->remote) && via_reply_to(&way->to, &way->ttl, &name, request, &origin->remote) == 0 &&
	       !slice_present(name) && !refusals_has(&edge->bounced, &way->to, svc_now(edge->svc)) &&
	       listen_for(edge, &way->to, way->listener) == way->listener;
}

static bool say_again(struct edge *edge, const struct sip_msg *request, const struct edge_origin *origin, uint64_t question,
		      const struct wire_head *head, uint32_t proxy)
{
	const uint32_t room = request->text.n + REFRAIN_BYTES + 64;
	char *const p = rt_arena_raw(edge->arena, room);
	struct rt_cursor c = rt_cursor_on(p, p ? room : 0);
	const struct slice tag = sip_reply_tag(edge->arena, request, edge->tag_key);
	struct slice part[3] = { SLICE("") };
	struct edge_way way;

	if (!slice_present(tag) || !way_back(edge, request, origin, &way) ||
	    refrain_say(edge->refrain, &c, question, request, proxy, tag, svc_now(edge->svc)) < 0)
		return false;
	part[0] = rt_cursor_text(&c);
	if (udp_send(edge->udp, &way, part, 0) < 0)
		return false;
	++*edge->count.refrains;
	rt_log(RT_LOG_I, "sip.refrain", head->trail, "source=%s method=OPTIONS status=200", edge_text(&origin->remote).s);
	return true;
}

/* Such a request needs no transaction worker. There must be one all the same: whoever asks wants to know whether calls go. */
bool inquiry(struct edge *edge, const struct sip_msg *request, const struct edge_origin *origin, struct wire_head *head)
{
	const struct slice call = sip_msg_get(request, SIP_HDR_CALL_ID);
	const rt_ms now = svc_now(edge->svc), life = 64 * (rt_ms)svc_config(edge->svc)->transaction_t1;
	const uint64_t question = refrain_question(request, &origin->remote, edge->tag_key);
	const uint32_t proxy = svc_pick_near(edge->svc, WIRE_PROXY, rt_hash(edge->tag_key, call.p, call.n));
	bool merged;

	if (!head->to || !proxy)
		return false;
	merged = question && wire_seen_merged(edge->seen, request, edge->tag_key, now, life);
	if (question && !merged && say_again(edge, request, origin, question, head, proxy))
		return true;
	if (!asks_what_we_can(edge, request))
		return false;
	head->verb = WIRE_OFFER;
	head->to = proxy;
	head->flags |= merged ? WIRE_MERGED : 0;
	if (question && !merged)
		refrain_asked(edge->refrain, question, head->trail, now);
	return false;
}
