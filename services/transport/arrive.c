/* SPDX-License-Identifier: MIT */
#include "arrive.h"

#include "conns.h"
#include "inquiry.h"
#include "listen.h"
#include "overload.h"
#include "refuse.h"
#include "relief.h"
#include "reuse.h"
#include "sip/route.h"
#include "sip/stamp.h"
#include "via.h"

enum { KEEP_STREAM = 120 }; /* RFC 5626 4.4.1 */

/* RFC 6223 4.3: a phone offers to keep its way to us open when it registers or begins a dialog. */
static bool wants_keep(const struct sip_msg *request)
{
	const uint8_t method = request->index->method;

	return (request->index->facts.via_flags & SIP_VIA_KEEP) &&
	       (method == SIP_REGISTER || method == SIP_INVITE || method == SIP_SUBSCRIBE);
}

/* How often: on a stream at least twice before it counts as idle. */
static uint32_t keep_seconds(const struct edge *edge, const struct sip_hop *remote)
{
	const struct svc_config *config = svc_config(edge->svc);
	const int64_t half = config->transport_idle_timeout / 2;

	if (!sip_transport_reliable(remote->proto) || !config->transport_keep)
		return (uint32_t)config->transport_keep;
	return (uint32_t)(half < KEEP_STREAM ? half : KEEP_STREAM);
}

int arrive_stamp(struct edge *edge, const struct sip_msg *request, const struct edge_origin *origin, struct sip_msg *out)
{
	char text[64];
	struct rt_cursor ip = rt_cursor_on(text, sizeof(text));
	struct sip_stamp stamp = { .port = origin->remote.port };

	sip_hop_render_ip(&ip, &origin->remote);
	if (via_wants_stamp(request, &origin->remote))
		stamp.ip = rt_cursor_text(&ip);
	if (wants_keep(request))
		stamp.keep = keep_seconds(edge, &origin->remote);
	return sip_msg_stamp(out, edge->arena, request, &stamp);
}

static struct wire_head head_of(struct edge *edge, const struct edge_origin *origin)
{
	return (struct wire_head){
		.verb = WIRE_ARRIVED,
		.flags = netlist_has(&edge->trusted, &origin->remote) ? WIRE_PEER : 0,
		.edge = svc_id(edge->svc),
		.flow = origin->flow,
		.listener = origin->listener,
		.remote = origin->remote,
		.local = origin->local,
		.born = svc_wall_ms(edge->svc),
		.trail = svc_trail(edge->svc),
	};
}

/*
 * The transaction actor of a request. When all of them are about to leave, the one it would have been: what it began it must
 * still be told of, and what is new it refuses itself.
 */
static uint32_t transaction_of(struct edge *edge, const struct sip_msg *request)
{
	const uint64_t key = wire_request_key(request);
	const uint32_t live = svc_pick(edge->svc, WIRE_TRANSACTION, key);
	const struct wire_member *m;
	uint64_t best = 0;
	uint32_t leaving = 0, iter = 0;

	while (!live && (m = wire_members_each(svc_members(edge->svc), &iter)))
		if (m->tier == WIRE_TRANSACTION && rt_mix(key, m->id) >= best) {
			best = rt_mix(key, m->id);
			leaving = m->id;
		}
	return live ? live : leaving;
}

/* RFC 7118 5: a WebSocket message holds one SIP message and nothing behind it. */
static bool too_much(struct slice text, const struct sip_msg *msg, const struct edge_origin *origin)
{
	const bool alone = origin->remote.proto == SIP_WS || origin->remote.proto == SIP_WSS;

	return alone && msg->text.p + msg->text.n < text.p + text.n;
}

/* What a connection must know of the requests on it. */
static void note_flow(struct edge *edge, const struct sip_msg *request, const struct edge_origin *origin)
{
	struct conn *conn = conns_get(edge->conns, origin->flow);

	if (!conn)
		return;
	conn->asked += request->index->method != SIP_ACK;
	reuse_claim(edge, request, conn);
}

static bool is_letter(char c)
{
	return (c | 0x20) >= 'a' && (c | 0x20) <= 'z';
}

/* Is there a word in `text` that begins so? */
static bool holds(struct slice text, struct slice word)
{
	for (uint32_t i = 0; i + word.n <= text.n; i++)
		if ((i == 0 || !is_letter(text.p[i - 1])) && slice_starts_nocase(slice_from(text, i), word))
			return true;
	return false;
}

bool arrive_is_scanner(const struct edge *edge, struct slice agent)
{
	const struct svc_words *words = &svc_config(edge->svc)->transport_scanners;

	for (uint32_t i = 0; i < words->n; i++)
		if (holds(agent, words->word[i]))
			return true;
	return false;
}

/* Programs that look for ways in hear nothing: any answer tells them that somebody is here. */
static bool is_scanner(struct edge *edge, const struct sip_msg *request, const struct edge_origin *origin)
{
	const struct slice agent = sip_msg_has(request, SIP_HDR_USER_AGENT) ? sip_msg_get(request, SIP_HDR_USER_AGENT) : SLICE("");
	struct conn *conn;

	if (!arrive_is_scanner(edge, agent))
		return false;
	++*edge->count.scanners;
	rt_log(RT_LOG_I, "sip.scanner", 0, "source=%s agent=%s", edge_text(&origin->remote).s, rt_log_safe(agent));
	conn = conns_get(edge->conns, origin->flow);
	if (conn)
		conn_finish(conn, "a scanner");
	return true;
}

static void ignore(struct edge *edge, const struct edge_origin *origin, const char *why)
{
	++*edge->count.ignored;
	rt_log(RT_LOG_D, "sip.ignored", 0, "source=%s reason=\"%s\"", edge_text(&origin->remote).s, why);
}

/* Who takes it: the owner of the branch; when he is gone, the transaction worker that has his share of the callers now. */
static void address(struct edge *edge, const struct sip_branch *branch, const struct sip_msg *response, struct wire_head *head)
{
	head->branch = branch->handle;
	head->loop = branch->loop;
	head->to = branch->owner ? branch->owner : svc_pick(edge->svc, WIRE_PROXY, branch->handle);
	if (!branch->owner || wire_members_get(svc_members(edge->svc), branch->owner))
		return;
	head->context = branch->owner;
	head->to = svc_pick(edge->svc, WIRE_TRANSACTION, wire_response_key(response));
}

static void take_request(struct edge *edge, const struct sip_msg *request, const struct edge_origin *origin)
{
	struct wire_head head;
	struct sip_msg msg = *request;

	if (is_scanner(edge, request, origin) || refuse_flood(edge, request, origin) || refuse_acked(edge, request))
		return;
	head = head_of(edge, origin);
	if ((via_wants_stamp(request, &origin->remote) || wants_keep(request)) && arrive_stamp(edge, request, origin, &msg) < 0) {
		/* no room for a few bytes more: the head is at its limit */
		(void)refuse(edge, request, origin, &(struct refusal){ .status = 513 });
		return;
	}
	if (origin->flow)
		note_flow(edge, request, origin);
	head.to = transaction_of(edge, &msg);
	if (overload_refuses(edge, request, origin, &head))
		return;
	if (msg.index->method == SIP_OPTIONS && inquiry(edge, &msg, origin, &head))
		return;
	rt_log(RT_LOG_T, "sip.request", head.trail, "source=%s method=" SLICE_FMT " bytes=%u to=%u", edge_text(&origin->remote).s,
	       SLICE_ARG(sip_method_name(msg.index->method)), msg.text.n, head.to);
	if (head.to && svc_post(edge->svc, &head, &msg) == 0)
		return;
	if (refuse_is_new(request) || sip_transport_reliable(origin->remote.proto))
		refuse_overload(edge, request, origin, head.trail);
	else
		ignore(edge, origin, "nobody takes it now; it comes again");
}

/* 18.1.2: only what answers something we sent goes further, and it goes to who sent it. */
static void take_response(struct edge *edge, const struct sip_msg *response, const struct edge_origin *origin)
{
	const struct sip_facts *f = &response->index->facts;
	struct wire_head head = head_of(edge, origin);
	struct sip_branch branch;

	if (!listen_owns(edge, sip_msg_span(response, f->via_host), f->via_port, f->via_transport)) {
		ignore(edge, origin, "the response's top Via is not ours");
		return;
	}
	if (sip_branch_parse(&branch, sip_msg_span(response, f->via_branch), edge->branch_key) < 0) {
		ignore(edge, origin, "the response's branch is not ours");
		return;
	}
	relief_heard(edge, response, origin);
	address(edge, &branch, response, &head);
	rt_log(RT_LOG_T, "sip.response", head.trail, "source=%s status=%u to=%u", edge_text(&origin->remote).s,
	       response->index->status, head.to);
	if (head.to == 0 || svc_post(edge->svc, &head, response) < 0)
		ignore(edge, origin, "the response's owner is gone");
}

void arrive(struct edge *edge, struct slice text, const struct edge_origin *origin)
{
	struct sip_index room;
	struct sip_fault fault = { 0 };
	struct sip_msg msg = { .text = text };

	rt_arena_reset(edge->arena);
	++*edge->count.received;
	if (refuse_unread(edge, origin) || overload_settles(edge, text, origin))
		return;
	if (sip_msg_parse(&msg, &room, text, &fault) < 0)
		refuse_fault(edge, &msg, origin, &fault);
	else if (too_much(text, &msg, origin))
		refuse_fault(edge, &msg, origin, &(struct sip_fault){ .at = msg.text.n, .status = 400, .rule = "Content-Length" });
	else if (sip_msg_is_request(&msg))
		take_request(edge, &msg, origin);
	else
		take_response(edge, &msg, origin);
}

void arrive_unframed(struct edge *edge, struct slice head, const struct edge_origin *origin, int status)
{
	struct sip_index room;
	struct sip_fault fault = { 0 };
	struct sip_msg msg = { .text = head };

	rt_arena_reset(edge->arena);
	++*edge->count.received;
	if (sip_msg_parse(&msg, &room, head, &fault) == 0 && !sip_msg_is_request(&msg))
		return;
	if (fault.status == 0 && !msg.index)
		return; /* nothing in it can be answered */
	if (fault.status == 0 || status != 400)
		fault = (struct sip_fault){ .status = (uint16_t)status, .rule = "Content-Length" };
	refuse_fault(edge, &msg, origin, &fault);
}
