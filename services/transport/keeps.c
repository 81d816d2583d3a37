/* SPDX-License-Identifier: MIT */
/* keeps: a slot with a timer for each phone, found by its address. Full, it takes no more; nothing else suffers. */
#include "keeps.h"

#include <stdlib.h>

#include "rt/table.h"
#include "sip/addr.h"
#include "sip/param.h"
#include "udp.h"
#include "via.h"

struct keep {
	struct rt_timer timer; /* owner: its handle */
	struct edge_way way;
	rt_ms until;
};

struct keeps {
	struct edge *edge;
	struct rt_pool *pool;
	struct rt_table *by_hop;
};

struct keeps *keeps_new(struct edge *edge)
{
	struct keeps *self = calloc(1, sizeof(*self));

	if (!self)
		return 0;
	self->edge = edge;
	self->pool = rt_pool_new(sizeof(struct keep), TRANSPORT_KEEPS);
	self->by_hop = rt_table_new(64);
	if (!self->pool || !self->by_hop)
		keeps_destroy(&self);
	return self;
}

void keeps_destroy(struct keeps **self_p)
{
	struct keeps *self = *self_p;
	rt_handle handle;

	if (!self)
		return;
	for (uint32_t i = 0; self->pool && i < rt_pool_slots(self->pool); i++) {
		struct keep *keep = rt_pool_at(self->pool, i, &handle);

		if (keep)
			svc_timer_stop(self->edge->svc, &keep->timer);
	}
	rt_table_destroy(&self->by_hop);
	rt_pool_destroy(&self->pool);
	free(self);
	*self_p = 0;
}

static struct keep *find(const struct keeps *self, const struct sip_hop *to)
{
	rt_handle handle;

	for (uint32_t i = 0; rt_table_each(self->by_hop, sip_hop_hash(to), &i, &handle);) {
		struct keep *keep = rt_pool_get(self->pool, handle);

		if (keep && sip_hop_same(&keep->way.to, to))
			return keep;
	}
	return 0;
}

static struct keep *add(struct keeps *self, const struct edge_way *way)
{
	rt_handle handle;
	struct keep *keep = rt_pool_take(self->pool, &handle);

	if (!keep)
		return 0;
	if (rt_table_put(self->by_hop, sip_hop_hash(&way->to), handle) < 0) {
		rt_pool_give(self->pool, handle);
		return 0;
	}
	keep->timer.owner = handle;
	keep->way.to = way->to;
	return keep;
}

static void drop(struct keeps *self, struct keep *keep)
{
	svc_timer_stop(self->edge->svc, &keep->timer);
	rt_table_drop(self->by_hop, sip_hop_hash(&keep->way.to), keep->timer.owner);
	rt_pool_give(self->pool, keep->timer.owner);
	*self->edge->count.kept = rt_pool_live(self->pool);
}

/* Phones that registered in one storm are spread over the time that follows. */
static void arm(const struct keeps *self, struct keep *keep)
{
	const uint32_t ms = (uint32_t)svc_config(self->edge->svc)->transport_keep * 1000;
	const uint32_t less = ms ? (uint32_t)(rt_mix(keep->timer.owner, svc_now(self->edge->svc)) % (ms / 5)) : 0;

	svc_timer_start(self->edge->svc, &keep->timer, keep->timer.owner, EDGE_TIMER_KEEP, ms ? ms - less : 1000);
}

/* The longest life among the contacts that stand, in seconds: the phone's own is one of them. 0: none stands */
static uint32_t lifetime(const struct keeps *self, const struct sip_msg *m)
{
	uint32_t all = (uint32_t)svc_config(self->edge->svc)->registrar_default_expires, longest = 0;

	if (sip_msg_has(m, SIP_HDR_EXPIRES))
		(void)sip_seconds_parse(sip_msg_get(m, SIP_HDR_EXPIRES), &all);
	for (int f = sip_msg_first(m, SIP_HDR_CONTACT); f >= 0; f = sip_msg_next(m, f)) {
		struct sip_addr addr;
		uint32_t seconds = all;

		if (sip_addr_parse(&addr, sip_msg_value(m, f)) == 0)
			(void)sip_seconds_parse(sip_param_get(addr.params, SLICE("expires")), &seconds);
		longest = seconds > longest ? seconds : longest;
	}
	return longest;
}

void keeps_note(struct keeps *self, const struct edge_way *way, const struct sip_msg *response)
{
	const bool wanted = svc_config(self->edge->svc)->transport_keep && via_behind_nat(response);
	const uint32_t seconds = wanted ? lifetime(self, response) : 0;
	struct keep *keep = find(self, &way->to);

	if (!seconds) {
		if (keep)
			drop(self, keep);
		return;
	}
	if (!keep)
		keep = add(self, way);
	if (!keep) {
		rt_log(RT_LOG_W, "keep.full", 0, "most=%d hint=\"more transport workers share the phones\"", TRANSPORT_KEEPS);
		return;
	}
	keep->way = *way;
	keep->until = svc_now(self->edge->svc) + (rt_ms)seconds * 1000;
	*self->edge->count.kept = rt_pool_live(self->pool);
	if (!rt_timer_running(&keep->timer))
		arm(self, keep);
}

void keeps_expired(struct keeps *self, rt_handle one)
{
	struct keep *keep = rt_pool_get(self->pool, one);

	if (!keep)
		return;
	if (keep->until <= svc_now(self->edge->svc) || !svc_config(self->edge->svc)->transport_keep) {
		drop(self, keep);
		return;
	}
	++*self->edge->count.keepalives;
	(void)!udp_send(self->edge->udp, &keep->way, (struct slice[3]){ SLICE("\r\n\r\n") }, 0);
	arm(self, keep);
}
