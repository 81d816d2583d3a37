/* SPDX-License-Identifier: MIT */
#include "refuse.h"

#include "arrive.h"
#include "conns.h"
#include "depart.h"
#include "sip/draft.h"
#include "via.h"

enum { RETRY_AFTER_MAX = 5 };

/*
 * A branch with the cookie is nobody else's, 8.1.1.7, and all that counts: there are clients whose ACK repeats the Via of the answer, with
 * what was written into it. Without the cookie the whole Via and the Call-ID tell.
 */
uint64_t refuse_mark(const struct edge *edge, struct slice via, struct slice call_id)
{
	const char *branch = memmem(via.p, via.n, "z9hG4bK", 7);
	uint32_t n = 7;

	if (!branch)
		return rt_mix(rt_hash(edge->tag_key, via.p, via.n), slice_present(call_id) ? rt_hash(edge->tag_key, call_id.p, call_id.n) : 0);
	while (branch + n < via.p + via.n && !strchr(";, \t\r\n", branch[n]))
		n++;
	return rt_hash(edge->tag_key, branch, n);
}

static uint64_t mark_of(const struct edge *edge, const struct sip_msg *request)
{
	return refuse_mark(edge, sip_msg_get(request, SIP_HDR_VIA), sip_msg_get(request, SIP_HDR_CALL_ID));
}

static struct slice to_tag(struct edge *edge, const struct sip_msg *request)
{
	return rt_arena_hex(edge->arena, mark_of(edge, request));
}

/* 18.2.1 holds for requests we answer ourselves, too. One that cannot be stamped is answered as it is. */
static struct sip_msg stamped(struct edge *edge, const struct sip_msg *request, const struct edge_origin *origin)
{
	struct sip_msg out;

	if (sip_msg_has(request, SIP_HDR_VIA) && via_wants_stamp(request, &origin->remote) &&
	    arrive_stamp(edge, request, origin, &out) == 0)
		return out;
	return *request;
}

int refuse(struct edge *edge, const struct sip_msg *request, const struct edge_origin *origin, const struct refusal *why)
{
	struct sip_msg base, answer;
	struct sip_draft *d;
	int err;

	if (!request->index || request->index->status || request->index->method == SIP_ACK)
		return RT_BAD;
	base = stamped(edge, request, origin);
	d = sip_draft_reply(edge->arena, &base, why->status, why->reason, to_tag(edge, request));
	if (!d)
		return RT_NOMEM;
	if (why->retry_after)
		sip_draft_append(d, SIP_HDR_RETRY_AFTER, rt_arena_printf(edge->arena, "%u", why->retry_after));
	err = sip_draft_render(d, edge->arena, &answer);
	if (err < 0)
		return err;
	++*edge->count.refused;
	return depart_answer(edge, &answer, origin);
}

static uint64_t source_of(const struct sip_hop *remote)
{
	struct sip_hop ip = *remote;

	ip.port = 0;
	return sip_hop_hash(&ip);
}

void refuse_fault(struct edge *edge, const struct sip_msg *request, const struct edge_origin *origin,
		  const struct sip_fault *fault)
{
	const bool plain = fault->status == 400 && fault->rule;
	const struct refusal why = {
		.status = fault->status,
		.reason = plain ? rt_arena_printf(edge->arena, "Bad %s", fault->rule) : SLICE_NONE,
	};

	/* Loopback cannot be made to send what others must suffer from, so it is not counted. */
	if (fault->status == 0 ||
	    (!sip_hop_is_loopback(&origin->remote) && !bucket_take(edge->answers, source_of(&origin->remote), svc_now(edge->svc)))) {
		++*edge->count.ignored;
		return;
	}
	rt_log(RT_LOG_W, "sip.refused", 0, "source=%s at=%u rule=%s answer=%u", edge_text(&origin->remote).s, fault->at,
	       fault->rule ? fault->rule : "none", fault->status);
	if (refuse(edge, request, origin, &why) < 0)
		++*edge->count.ignored;
	else if (origin->flow)
		conns_asked(edge->conns, origin->flow);
}

bool refuse_unread(struct edge *edge, const struct edge_origin *origin)
{
	if (!edge->messages || netlist_has(&edge->trusted, &origin->remote) ||
	    bucket_take(edge->messages, source_of(&origin->remote), svc_now(edge->svc)))
		return false;
	++*edge->count.flooded;
	return true;
}

/* ACK, CANCEL, PRACK, BYE and whatever has a To tag finish what was let in. */
bool refuse_is_new(const struct sip_msg *request)
{
	const uint8_t method = request->index->method;

	return method != SIP_ACK && method != SIP_CANCEL && method != SIP_PRACK && method != SIP_BYE && !request->index->facts.to_tag.n;
}

/* The ACK for a refusal has the tag that we gave it. */
bool refuse_acked(struct edge *edge, const struct sip_msg *request)
{
	return request->index->method == SIP_ACK && request->index->facts.to_tag.n &&
	       slice_eq(sip_msg_span(request, request->index->facts.to_tag), to_tag(edge, request));
}

/* Only what begins something is counted. */
bool refuse_flood(struct edge *edge, const struct sip_msg *request, const struct edge_origin *origin)
{
	const struct refusal why = { .status = 503, .retry_after = RETRY_AFTER_MAX };
	const uint64_t source = source_of(&origin->remote);
	const rt_ms now = svc_now(edge->svc);

	if (!edge->requests || !refuse_is_new(request) || netlist_has(&edge->trusted, &origin->remote) ||
	    bucket_take(edge->requests, source, now))
		return false;
	++*edge->count.throttled;
	rt_log(RT_LOG_W, "sip.flood", 0, "source=%s limit=%lld", edge_text(&origin->remote).s, (long long)edge->request_rate);
	if (bucket_take(edge->answers, source, now))
		(void)refuse(edge, request, origin, &why);
	return true;
}

uint32_t refuse_retry_after(const struct edge *edge, uint64_t chance)
{
	return 1 + (uint32_t)(rt_mix(chance, svc_now(edge->svc)) % RETRY_AFTER_MAX);
}

void refuse_overload(struct edge *edge, const struct sip_msg *request, const struct edge_origin *origin, uint64_t trail)
{
	const struct refusal why = { .status = 503, .retry_after = refuse_retry_after(edge, trail) };

	rt_log(RT_LOG_D, "sip.shed", trail, "source=%s method=" SLICE_FMT, edge_text(&origin->remote).s,
	       SLICE_ARG(sip_method_name(request->index->method)));
	(void)refuse(edge, request, origin, &why);
}
