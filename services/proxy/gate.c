/* SPDX-License-Identifier: MIT */
/*
 * gate: 16.5 for what lies behind gateways: numbers without a user of ours, and domains with a route. They are tried one after another, as
 * RFC 3263 4.3 has it for the servers of a name: after 503, a timeout, a transport error, but not because somebody is busy.
 */
#include "check.h"
#include "gatelist.h"
#include "job.h"
#include "uas.h"

enum { NUMBER_MAX = 64 };

/* The group this request goes to; `number` absent: by its domain. */
static int group_of(struct proxy *p, const struct proxy_job *j, const struct proxy_address *to, char *room, struct slice *number)
{
	const struct gateways *const gates = gatelist_now(p->gates);
	const struct sip_uri *const uri = &j->req.uri;

	*number = SLICE_NONE;
	if (j->req.route >= 0 || to->device || slice_present(sip_uri_param(uri, SLICE("maddr"))))
		return -1; /* it knows its way */
	if (to->place == PROXY_USER || uri->scheme == SIP_SCHEME_TEL)
		return svc_number_read(uri->user, room, NUMBER_MAX, number) ? gateways_of_number(gates, *number) : -1;
	return to->place == PROXY_AWAY ? gateways_of_domain(gates, uri->host) : -1;
}

/* A number becomes a user of the gateway (19.1.6); a domain that is not ours we may not rewrite (16.6 step 2). */
static struct slice uri_at(struct proxy *p, const struct proxy_job *j, struct slice hop, struct slice number)
{
	char *const text = rt_arena_raw(p->e.arena, SIP_URI_MAX);
	struct rt_cursor c = rt_cursor_on(text, text ? SIP_URI_MAX : 0);
	struct sip_uri uri;

	if (!slice_present(number))
		return j->req.target;
	if (sip_uri_parse(&uri, hop))
		return SLICE_NONE;
	rt_cursor_put(&c, j->req.uri.scheme == SIP_SCHEME_SIPS ? SLICE("sips:") : SLICE("sip:"));
	for (uint32_t i = 0; i < number.n; i++)
		rt_cursor_put(&c, number.p[i] == '#' ? SLICE("%23") : slice_of(number.p + i, 1));
	rt_cursor_printf(&c, uri.host_kind == SIP_HOST_IPV6 ? "@[" SLICE_FMT "]" : "@" SLICE_FMT, SLICE_ARG(uri.host));
	if (uri.port)
		rt_cursor_printf(&c, ":%u", uri.port);
	rt_cursor_lit(&c, ";user=phone");
	if (text)
		rt_arena_shrink(p->e.arena, text, c.n);
	return c.err ? SLICE_NONE : rt_cursor_text(&c);
}

static int keep_gates(struct proxy *p, struct proxy_job *j, int group, struct slice number)
{
	const struct gateway_hop *hop[GATEWAY_TRIES];
	const struct slice call_id = sip_msg_get(&j->req.msg, SIP_HDR_CALL_ID); /* all of a call by the same way */
	const int n = gateways_order(gatelist_now(p->gates), group, rt_hash(p->e.branch, call_id.p, call_id.n), p->e.now,
	                             j->req.peer ? &j->req.from.remote : 0, hop);

	j->gate = n ? proxy_keep_take(&j->keep, sizeof(*j->gate) * (size_t)n) : 0;
	for (int i = 0; j->gate && i < n; i++) {
		j->gate[i].hop = proxy_keep_text(&j->keep, hop[i]->uri);
		j->gate[i].uri = proxy_keep_text(&j->keep, uri_at(p, j, hop[i]->uri, number));
		if (!slice_present(j->gate[i].hop) || !slice_present(j->gate[i].uri))
			return RT_NOMEM;
		j->ngate++;
	}
	return n && !j->gate ? RT_NOMEM : 0;
}

bool proxy_gate(struct proxy *p, struct proxy_job *j, const struct proxy_address *to)
{
	static const struct proxy_policy one = { .fork = SVC_PARALLEL };
	char room[NUMBER_MAX];
	struct slice number;
	const int group = group_of(p, j, to, room, &number);

	if (group < 0)
		return false;
	if (!proxy_check_relay(&p->e, &j->req)) {
		proxy_decide_no_relay(p, j);
	} else if (keep_gates(p, j, group, number)) {
		proxy_reply_status(p, j, 500);
	} else if (!j->ngate) {
		rt_log(RT_LOG_W, "gateway.none", j->trail, "group=" SLICE_FMT " answer=404",
		       SLICE_ARG(gateways_group(gatelist_now(p->gates), group)));
		proxy_reply_status(p, j, 404);
	} else {
		const struct proxy_target first = { .uri = j->gate[0].uri, .hop = j->gate[0].hop, .q = 1000, .fixed = true };

		proxy_job_begin(p, j, &first, 1, &one);
	}
	return true;
}

bool proxy_gate_next(struct proxy *p, struct proxy_job *j, const char *why)
{
	if (!j->ngate)
		return false;
	if (strcmp(why, "NOMEM") && strcmp(why, "BIG") && strcmp(why, "ABSENT")) /* no room here, no transport of its kind here */
		gatelist_failed(p->gates, j->gate[j->gate_at].hop, why);
	j->silent_due = 0;
	if (j->gate_at + 1 == j->ngate)
		return false;
	j->gate_at++;
	j->aim[0]->target.hop = j->gate[j->gate_at].hop;
	j->aim[0]->target.uri = j->gate[j->gate_at].uri;
	rt_log(RT_LOG_I, "gateway.next", j->trail, "uri=%s why=%s", rt_log_safe(j->gate[j->gate_at].hop), why);
	return true;
}

void proxy_gate_spoke(struct proxy *p, struct proxy_job *j, int status)
{
	if (!j->ngate)
		return;
	j->silent_due = 0;
	if (status != 503)
		gatelist_worked(p->gates, j->gate[j->gate_at].hop);
}
