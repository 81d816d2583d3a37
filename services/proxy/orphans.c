/* SPDX-License-Identifier: MIT */
/*
 * orphans: jobs whose transaction worker is gone. Nothing they say would be heard.
 *
 *   forwarded already   another transaction worker finishes it from Redis: the job ends without a word
 *   not yet             the request is given to the worker that has its share now, as if it arrived once more
 */
#include "job.h"

enum { LOOK_MS = 250 };

void proxy_orphans_start(struct proxy *p)
{
	p->generation = wire_members_generation(svc_members(p->svc));
	svc_timer_start(p->svc, &p->watch, 0, 'O', LOOK_MS);
}

static void begin_again(struct proxy *p, const struct proxy_job *j)
{
	const struct proxy_way *const from = &j->req.from;
	const struct wire_head head = {
		.verb = WIRE_ARRIVED,
		.flags = j->req.peer ? WIRE_PEER : 0,
		.to = svc_pick(p->svc, WIRE_TRANSACTION, wire_request_key(&j->req.msg)),
		.trail = j->trail,
		.flow = from->flow,
		.edge = from->edge,
		.listener = from->listener,
		.born = j->born,
		.remote = from->remote,
		.local = j->req.local,
	};

	if (!head.to || svc_post(p->svc, &head, &j->req.msg))
		rt_log(RT_LOG_W, "proxy.lost", j->trail, "owner=%u why=\"no transaction worker\"", j->owner);
}

static void end(struct proxy *p, rt_handle h)
{
	struct proxy_job *const j = proxy_job_enter(p, h);

	rt_log(RT_LOG_I, "proxy.orphan", j->trail, "owner=%u branches=%u", j->owner, j->attempts);
	if (!j->attempts && !j->status && !j->ctx.abandoned)
		begin_again(p, j);
	j->over = true;
	proxy_job_leave(p, j);
}

/* O(jobs), once for each change of the membership: some 10 ns each. */
void proxy_orphans_look(struct proxy *p)
{
	const struct wire_members *const members = svc_members(p->svc);
	const uint32_t n = rt_pool_slots(p->jobs);
	rt_handle h;

	svc_timer_start(p->svc, &p->watch, 0, 'O', LOOK_MS);
	if (p->generation == wire_members_generation(members))
		return;
	p->generation = wire_members_generation(members);
	for (uint32_t i = 0; i < n; i++) {
		const struct proxy_job *const j = rt_pool_at(p->jobs, i, &h);

		if (j && j->txn && !wire_members_get(members, j->owner)) {
			end(p, h);
			rt_arena_reset(p->e.arena);
		}
	}
}

void proxy_orphans_stop(struct proxy *p)
{
	rt_handle h;

	svc_timer_stop(p->svc, &p->watch);
	for (uint32_t i = 0; p->jobs && i < rt_pool_slots(p->jobs); i++) {
		struct proxy_job *const j = rt_pool_at(p->jobs, i, &h);

		if (j) {
			svc_timer_stop(p->svc, &j->timer);
			proxy_keep_drop(&j->keep);
		}
	}
}
