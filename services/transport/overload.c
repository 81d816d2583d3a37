/* SPDX-License-Identifier: MIT */
/* overload: the wait of a request is its time in the kernel and the time to come at its transaction worker and behind; shed.c decides. */
#include "overload.h"

#include "refuse.h"

/* When it begins and when it is over: one line each. */
static void tell(struct edge *edge, uint32_t share, uint32_t wait)
{
	if (!*edge->count.shed_share != !share)
		rt_log(RT_LOG_W, share ? "overload.begun" : "overload.over", 0, "wait=%ums refused=%u/1000 lost=%llu", wait, share,
		       (unsigned long long)*edge->count.kernel_drops);
	*edge->count.shed_share = share;
}

bool overload_refuses(struct edge *edge, const struct sip_msg *request, const struct edge_origin *origin, const struct wire_head *head)
{
	const rt_ms now = svc_now(edge->svc);
	const uint32_t there = svc_wait(edge->svc, head->to), wait = origin->waited + there;
	bool chosen;

	shed_waited(&edge->shed, now, wait);
	*edge->count.waited = wait;
	tell(edge, shed_share(&edge->shed, now), wait);
	if (!refuse_is_new(request))
		return false;
	chosen = there >= WIRE_STALLED || shed_refuses(&edge->shed, now, rt_mix(head->trail, head->born));
	if (chosen) {
		++*edge->count.shed;
		refuse_overload(edge, request, origin, head->trail);
	}
	return chosen;
}
