/* SPDX-License-Identifier: MIT */
/* branch: RFC 3261 16.6 steps 7, 10 and 11 for one target: find its hops, try them in order, each try a FORK. */
#include "job.h"

#include "rt/table.h"
#include "sip/via.h"
#include "way.h"

enum { FAILED_HOP_SECONDS = 32 }; /* a hop that did not answer comes last for as long as a transaction lives */

/* ---- The end of a branch ---- */

static void ended(struct proxy *p, struct proxy_job *j, int i, int status)
{
	proxy_job_carry_out(p, j, proxy_context_failed(&j->ctx, i, status), i, 0);
}

/* What a failure counts as: 16.6 step 7, 16.9, RFC 5626 5.3, 21.5.5. */
static int status_of(int err)
{
	switch (err) {
	case RT_TIMEOUT:
		return 408;
	case RT_ABSENT:
		return 430;
	default:
		return 503;
	}
}

/* ---- One attempt ---- */

static struct wire_head head_of(const struct proxy_job *j, const struct proxy_way *way)
{
	return (struct wire_head){ .trail = j->trail, .born = j->born, .txn = j->txn, .context = j->self, .loop = j->req.loop,
		                   .flow = way->flow, .edge = way->edge, .listener = way->listener, .remote = way->remote };
}

/* 16.11: equal for every retransmission, and for the CANCEL and ACK of an INVITE; different for different requests. */
static uint64_t stateless_branch(const struct proxy *p, const struct proxy_job *j)
{
	const struct sip_msg *const m = &j->req.msg;
	const struct slice via = sip_msg_get(m, SIP_HDR_VIA), target = j->req.target;
	const struct slice branch = sip_msg_span(m, m->index->facts.via_branch);
	const struct slice stable = m->index->facts.via_flags & SIP_VIA_COOKIE ? branch : via;

	return rt_mix(rt_hash(p->e.branch, stable.p, stable.n), rt_hash(p->e.branch, target.p, target.n));
}

static int depart(struct proxy *p, struct proxy_job *j, const struct proxy_way *way, uint8_t name_n, const struct sip_msg *copy)
{
	struct wire_head head = head_of(j, way);

	head.verb = WIRE_DEPART;
	head.flags = WIRE_STATELESS;
	head.name_n = name_n;
	head.to = way->edge;
	head.txn = 0;
	head.branch = stateless_branch(p, j);
	++*p->count.stateless;
	return svc_post(p->svc, &head, copy);
}

static int fork_branch(struct proxy *p, struct proxy_job *j, int i, const struct proxy_way *way, uint8_t name_n,
                       const struct sip_msg *copy)
{
	struct wire_head head = head_of(j, way);

	head.verb = WIRE_FORK;
	head.to = j->owner;
	head.name_n = name_n;
	head.slot = proxy_branch_slot(&j->ctx, i);
	++*p->count.branches;
	return svc_post(p->svc, &head, copy);
}

/* Step 10, and 11 in the context: hand the copy to a client transaction. */
static int send_copy(struct proxy *p, struct proxy_job *j, int i, const struct proxy_way *way, struct sip_msg *copy)
{
	const uint8_t name_n = proxy_way_name(&p->e, way, j->aim[i]->next.uri.host, copy);
	int err;

	if (j->stateless) {
		err = depart(p, j, way, name_n, copy);
		j->over |= !err;
		return err;
	}
	err = fork_branch(p, j, i, way, name_n, copy);
	if (err)
		return err;
	j->attempts++;
	if (j->gate_at + 1 < j->ngate || j->aim[i]->at + 1 < j->aim[i]->nhop)
		j->silent_due = j->ngate ? svc_now(p->svc) + (rt_ms)p->e.config->proxy_gateway_timeout : 0;
	proxy_context_begun(&j->ctx, i, svc_now(p->svc));
	return 0;
}

/* 18.1.1: a large request leaves by TCP where we can, and by UDP only when that is refused. */
static bool widen(struct proxy *p, struct proxy_job *j, int i, const struct sip_msg *copy)
{
	struct proxy_aim *const aim = j->aim[i];
	struct sip_hop *const hops = proxy_keep_take(&j->keep, sizeof(*hops) * (size_t)(aim->nhop - aim->at + 1));
	struct sip_hop tcp = aim->hop[aim->at];
	struct proxy_way way;

	tcp.proto = SIP_TCP;
	aim->widened = true;
	if (!hops || !proxy_forward_is_large(copy) || proxy_way_to(&p->e, &j->req.from, &tcp, &way))
		return false;
	hops[0] = tcp;
	memcpy(hops + 1, aim->hop + aim->at, sizeof(*hops) * (size_t)(aim->nhop - aim->at));
	aim->nhop = (uint8_t)(aim->nhop - aim->at + 1);
	aim->at = 0;
	aim->hop = hops;
	return true;
}

static int way_of(struct proxy *p, struct proxy_job *j, const struct proxy_aim *aim, struct proxy_way *way)
{
	if (!aim->by_way)
		return proxy_way_to(&p->e, &j->req.from, &aim->hop[aim->at], way);
	if (aim->by_alias) {
		*way = aim->alias;
		return 0;
	}
	*way = aim->target.way;
	return proxy_way_back(&p->e, way);
}

/* 0, or why this hop cannot even be tried. */
static int attempt(struct proxy *p, struct proxy_job *j, int i)
{
	struct proxy_aim *const aim = j->aim[i];
	struct proxy_attempt a = { .target = &aim->target, .next = aim->next, .breadth = j->ctx.branch[i].breadth };
	struct sip_msg copy;
	int err = way_of(p, j, aim, &a.way);

	if (!err)
		a.to_peer = proxy_job_peer(p, &a.way.remote);
	if (!err)
		err = proxy_forward(&p->e, &j->req, &a, &copy);
	if (!err && a.way.remote.proto == SIP_UDP && !aim->by_way && !aim->widened && widen(p, j, i, &copy))
		return attempt(p, j, i); /* Via and Record-Route say TCP now */
	return err ? err : send_copy(p, j, i, &a.way, &copy);
}

static void find(struct proxy *p, struct proxy_job *j, int i);

/* Its target leads nowhere, or no further: the next gateway, when it is one of a group; else the branch has failed. */
static void exhausted(struct proxy *p, struct proxy_job *j, int i, int status, const char *why)
{
	if (proxy_gate_next(p, j, why)) {
		j->ctx.branch[i].attempt++;
		find(p, j, i);
		return;
	}
	j->over |= j->stateless; /* nobody to tell but the log */
	ended(p, j, i, status);
}

/* Try hops from the current one on, until one is under way; then the branch fails. */
static void try_hops(struct proxy *p, struct proxy_job *j, int i, int err)
{
	struct proxy_aim *const aim = j->aim[i];

	for (; aim->at < aim->nhop; aim->at++) {
		err = attempt(p, j, i);
		if (!err)
			return;
		if (aim->by_way)
			break;
	}
	exhausted(p, j, i, aim->by_way ? status_of(err) : 503, rt_err_name(err));
}

/* ---- Step 7: where to ---- */

static void by_address(struct proxy *p, struct proxy_job *j, int i);

static void on_hops(void *self, uint64_t token, int err, const struct sip_hop *hops, int n)
{
	struct proxy *const p = self;
	const struct proxy_search *const found = rt_pool_get(p->searches, token);
	const struct proxy_search search = found ? *found : (struct proxy_search){ .job = 0 };
	struct proxy_job *const j = found ? proxy_job_enter(p, search.job) : 0;
	struct proxy_aim *aim;
	struct sip_hop *kept;

	rt_pool_give(p->searches, token);
	if (!j)
		return;
	aim = j->aim[search.branch];
	if (j->ctx.branch[search.branch].phase != PROXY_SEEKING)
		goto out;
	kept = err ? 0 : proxy_keep_take(&j->keep, sizeof(*kept) * (size_t)n);
	if (!kept) {
		rt_log(RT_LOG_I, "proxy.nowhere", j->trail, "host=%s why=%s", rt_log_safe(aim->next.uri.host), rt_err_name(err));
		exhausted(p, j, search.branch, err == RT_ABSENT ? 404 : err == RT_TIMEOUT ? 504 : 503, "DNS");
		goto out;
	}
	memcpy(kept, hops, sizeof(*kept) * (size_t)n);
	aim->hop = kept;
	aim->nhop = (uint8_t)n;
	aim->at = 0;
	try_hops(p, j, search.branch, RT_DOWN);
out:
	proxy_job_leave(p, j);
}

static void search(struct proxy *p, struct proxy_job *j, int i)
{
	rt_handle token;
	struct proxy_search *const s = rt_pool_take(p->searches, &token);

	if (!s) {
		ended(p, j, i, 503);
		return;
	}
	*s = (struct proxy_search){ .job = j->self, .branch = (uint8_t)i };
	if (dns_resolve(p->dns, &j->aim[i]->next.uri, svc_now(p->svc), on_hops, p, token)) {
		rt_pool_give(p->searches, token);
		ended(p, j, i, 503);
	}
}

static void by_address(struct proxy *p, struct proxy_job *j, int i)
{
	struct proxy_aim *const aim = j->aim[i];
	struct sip_hop hop, *kept;

	j->ctx.branch[i].phase = PROXY_SEEKING;
	aim->by_way = aim->by_alias = false;
	if (proxy_forward_numeric(&aim->next, &hop) && proxy_forward_own(&p->e, &j->req, &aim->next, &hop)) {
		search(p, j, i);
		return;
	}
	kept = proxy_keep_take(&j->keep, sizeof(*kept));
	if (!kept) {
		ended(p, j, i, 503);
		return;
	}
	*kept = hop;
	aim->hop = kept;
	aim->nhop = 1;
	aim->at = 0;
	try_hops(p, j, i, RT_DOWN);
}

static void find(struct proxy *p, struct proxy_job *j, int i)
{
	struct proxy_aim *const aim = j->aim[i];
	struct proxy_way way = aim->target.way;

	aim->nhop = aim->at = 0;
	aim->widened = false;

	if (proxy_forward_next(&p->e, &j->req, &aim->target, &aim->next)) {
		j->over |= j->stateless;
		ended(p, j, i, 416);
		return;
	}
	aim->by_alias = false;
	aim->by_way = (way.edge || way.remote.family) && !proxy_way_back(&p->e, &way); /* no edge: a binding that was imported */
	if (aim->by_way) {
		aim->hop = &aim->target.way.remote;
		aim->nhop = 1;
		aim->at = 0;
		try_hops(p, j, i, RT_ABSENT);
	} else if (aim->target.outbound) {
		ended(p, j, i, 430);
	} else if (!proxy_way_alias(&p->e, &j->req.from, &aim->next.uri, j->trail, &aim->alias)) {
		aim->by_way = aim->by_alias = true;
		aim->hop = &aim->alias.remote;
		aim->nhop = 1;
		try_hops(p, j, i, RT_ABSENT);
	} else {
		by_address(p, j, i);
	}
}

void proxy_branch_launch(struct proxy *p, struct proxy_job *j, int i)
{
	find(p, j, i);
}

/* ---- What became of an attempt ---- */

/* RFC 3263 4.3: a new branch to the next hop of the list. */
bool proxy_branch_next_hop(struct proxy *p, struct proxy_job *j, int i, const char *why)
{
	struct proxy_aim *const aim = j->aim[i];
	struct proxy_branch *const b = &j->ctx.branch[i];

	if (!aim->nhop || b->phase == PROXY_DONE || b->wish || b->cancelled)
		return false;
	if (!aim->by_way && strcmp(why, "NOMEM")) /* no room for this one says nothing of the next */
		dns_hop_failed(p->dns, &aim->hop[aim->at], svc_now(p->svc), FAILED_HOP_SECONDS);
	if (aim->by_way || aim->at + 1 >= aim->nhop) {
		if (!proxy_gate_next(p, j, why))
			return false;
		b->attempt++;
		find(p, j, i);
		return true;
	}
	aim->at++;
	b->attempt++;
	try_hops(p, j, i, RT_DOWN);
	return true;
}

void proxy_branch_silent(struct proxy *p, struct proxy_job *j)
{
	j->silent_due = 0;
	if (j->ctx.n == 1 && j->ctx.branch[0].phase == PROXY_CALLING)
		proxy_branch_next_hop(p, j, 0, "SILENT");
}

void proxy_branch_unwanted(struct proxy *p, const struct wire_head *result)
{
	const struct sip_msg lines = { .text = SLICE("Reason: SIP;cause=408;text=\"Request Timeout\"\r\n") };
	const struct wire_head head = { .verb = WIRE_GIVE_UP, .to = result->from, .trail = result->trail, .txn = result->txn,
		                        .branch = result->branch };

	if (svc_post(p->svc, &head, &lines))
		rt_log(RT_LOG_W, "proxy.uncancelled", result->trail, "unwanted=1");
}

/* A connection that is gone, of a phone that never promised to keep it (RFC 5626), or of a peer: he may still be reached where he says. */
static bool leave_the_way(struct proxy *p, struct proxy_job *j, int i, int err)
{
	struct proxy_aim *const aim = j->aim[i];
	struct proxy_branch *const b = &j->ctx.branch[i];
	const bool of_peer = aim->by_alias && (err == RT_ABSENT || err == RT_DOWN);
	const bool of_phone = aim->by_way && !aim->by_alias && aim->target.way.flow && !aim->target.outbound && err == RT_ABSENT;

	if (!(of_peer || of_phone) || b->phase == PROXY_DONE || b->wish)
		return false;
	b->attempt++;
	aim->flow_gone |= of_phone;
	by_address(p, j, i);
	return true;
}

void proxy_branch_failed(struct proxy *p, struct proxy_job *j, int i, int err)
{
	if (j->ctx.branch[i].phase == PROXY_DONE || leave_the_way(p, j, i, err) || proxy_branch_next_hop(p, j, i, rt_err_name(err)))
		return;
	ended(p, j, i, j->aim[i]->flow_gone && err == RT_DOWN ? 430 : status_of(err));
}

/* ---- CANCEL ---- */

/* RFC 3326: why a branch is cancelled; the caller's own reason goes on as he gave it. */
static struct slice reason(const struct proxy *p, const struct proxy_job *j)
{
	const int why = j->ctx.why;

	if (why == 487)
		return j->reason;
	return rt_arena_printf(p->e.arena, "Reason: SIP;cause=%d\r\n", why ? why : 408);
}

void proxy_branch_give_up(struct proxy *p, struct proxy_job *j, int i, bool forget)
{
	const struct sip_msg lines = { .text = forget ? SLICE_NONE : reason(p, j) };
	const struct wire_head head = { .verb = WIRE_GIVE_UP, .to = j->owner, .trail = j->trail, .txn = j->txn, .context = j->self,
		                        .flags = forget ? WIRE_FORGET : 0, .branch = j->ctx.branch[i].client,
		                        .slot = proxy_branch_slot(&j->ctx, i) };

	if (head.branch && svc_post(p->svc, &head, lines.text.n ? &lines : 0))
		rt_log(RT_LOG_W, "proxy.uncancelled", j->trail, "branch=%d", i);
}
