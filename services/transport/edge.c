/* SPDX-License-Identifier: MIT */
#include "edge.h"

#include <errno.h>
#include <sys/epoll.h>

struct edge_text edge_text(const struct sip_hop *hop)
{
	struct edge_text t = { "" };
	struct rt_cursor c = rt_cursor_on(t.s, sizeof(t.s) - 1);

	sip_hop_render(&c, hop);
	t.s[c.n] = 0;
	return t;
}

void edge_unsent(struct edge *edge, const struct edge_owed *owed, enum rt_err reason)
{
	const struct wire_head head = {
		.verb = WIRE_UNSENT, .to = owed->to, .trail = owed->trail, .reason = (int16_t)reason, .edge = svc_id(edge->svc),
		.txn = owed->txn, .branch = owed->branch, .context = owed->context, .slot = owed->slot, .loop = owed->loop,
	};

	++*edge->count.unsent;
	if (owed->to && svc_post(edge->svc, &head, 0) < 0)
		rt_log(RT_LOG_D, "unsent.lost", owed->trail, "to=%u reason=%s", owed->to, rt_err_name(reason));
}

int edge_poll_add(struct edge *edge, int fd, uint32_t events, uint64_t mark)
{
	struct epoll_event e = { .events = events, .data.u64 = mark };

	if (epoll_ctl(edge->poll, EPOLL_CTL_ADD, fd, &e) == 0)
		return 0;
	rt_log(RT_LOG_E, "poll.failed", 0, "error=\"%s\"", strerror(errno));
	return RT_DOWN;
}

void edge_poll_change(struct edge *edge, int fd, uint32_t events, uint64_t mark)
{
	struct epoll_event e = { .events = events, .data.u64 = mark };

	(void)epoll_ctl(edge->poll, EPOLL_CTL_MOD, fd, &e);
}
