/* SPDX-License-Identifier: MIT */
/*
 * probe: once a second it is looked which hops are due: each has its own second within its interval, so that they do not come together.
 *
 *   due --> DNS --> OPTIONS to the first address --503, silence--> the next address --> ... --> down
 *                        +--any other response--> up
 */
#include "probe.h"

#include <stdlib.h>

#include "gatelist.h"
#include "way.h"

enum {
	TICK_MS = 1000,
	ADDRESSES = 4,       /* of one hop */
	PATIENCE_MS = 8000,  /* for one address: five copies over UDP */
	FRESH_AT_ONCE = 32,  /* hops just learned of that are asked in one tick */
	URI_MAX = 512,
};

struct probe {
	rt_handle self;
	uint64_t trail;
	rt_ms deadline;       /* of the address being asked; 0: DNS is */
	struct sip_hop hop[ADDRESSES];
	uint8_t nhop, at;
	uint16_t uri_n;
	char uri[URI_MAX];
};

struct probes {
	struct proxy *p;
	struct rt_pool *pool;
	struct rt_timer timer;
	int64_t last;         /* wall clock of the last tick, ms */
};

static struct slice uri_of(const struct probe *b)
{
	return slice_of(b->uri, b->uri_n);
}

/* Its OPTIONS may still be on the way: the transaction ends it, and whatever comes then does not find us. */
static void end(struct probes *self, struct probe *b)
{
	rt_pool_give(self->pool, b->self);
}

static void verdict(struct probes *self, struct probe *b, const char *down)
{
	if (down)
		gatelist_failed(self->p->gates, uri_of(b), down);
	else
		gatelist_worked(self->p->gates, uri_of(b));
	end(self, b);
}

/* ---- OPTIONS, RFC 3261 11.1 ---- */

static int options(struct probes *self, const struct probe *b, const struct proxy_way *way, struct sip_msg *out)
{
	const struct proxy_element *const e = &self->p->e;
	const struct wire_listener *const l = proxy_element_listener(e, way->edge, way->listener);
	struct sip_draft *const d = l ? sip_draft_request(e->arena, SLICE("OPTIONS"), uri_of(b)) : 0;
	const unsigned long long once = b->trail;

	if (!d)
		return RT_NOMEM;
	sip_draft_set(d, SIP_HDR_MAX_FORWARDS, SLICE("70"));
	sip_draft_set(d, SIP_HDR_FROM, rt_arena_printf(e->arena, "<sip:%s:%u>;tag=%llx", l->host, l->port, once));
	sip_draft_set(d, SIP_HDR_TO, rt_arena_printf(e->arena, "<" SLICE_FMT ">", SLICE_ARG(uri_of(b))));
	sip_draft_set(d, SIP_HDR_CALL_ID, rt_arena_printf(e->arena, "probe-%llx@%s", once, l->host));
	sip_draft_set(d, SIP_HDR_CSEQ, SLICE("1 OPTIONS"));
	sip_draft_set(d, SIP_HDR_CONTACT, rt_arena_printf(e->arena, "<sip:%s:%u>", l->host, l->port));
	sip_draft_set(d, SIP_HDR_ACCEPT, SLICE("application/sdp"));
	return sip_draft_render(d, e->arena, out);
}

static int send(struct probes *self, struct probe *b)
{
	struct svc *const svc = self->p->svc;
	const struct proxy_way nowhere = { .edge = 0 };
	struct wire_head head = { .verb = WIRE_FORK, .trail = b->trail, .context = b->self, .slot = b->at };
	struct proxy_way way;
	struct sip_uri uri;
	struct sip_msg m;
	int err = proxy_way_to(&self->p->e, &nowhere, &b->hop[b->at], &way);

	if (!err)
		err = options(self, b, &way, &m);
	if (!err)
		err = sip_uri_parse(&uri, uri_of(b));
	if (err)
		return err;
	head.name_n = proxy_way_name(&self->p->e, &way, uri.host, &m);
	head.to = svc_pick_near(svc, WIRE_TRANSACTION, b->trail);
	head.edge = way.edge;
	head.listener = way.listener;
	head.remote = way.remote;
	b->deadline = svc_now(svc) + PATIENCE_MS;
	return head.to ? svc_post(svc, &head, &m) : RT_DOWN;
}

/* From the address being asked on. What fails here already is no fault of the gateway's. */
static void try(struct probes *self, struct probe *b)
{
	const int err = send(self, b);

	if (!err)
		return;
	rt_log(RT_LOG_W, "probe.unsent", b->trail, "uri=%s why=%s", rt_log_safe(uri_of(b)), rt_err_name(err));
	end(self, b);
}

static void next(struct probes *self, struct probe *b, const char *why)
{
	if (b->at + 1 >= b->nhop) {
		verdict(self, b, why);
		return;
	}
	b->at++;
	try(self, b);
}

void probes_result(struct probes *self, const struct wire_parcel *in)
{
	struct probe *const b = rt_pool_get(self->pool, in->head->context);
	const int status = in->msg.index ? in->msg.index->status : 0;

	if (!b || in->head->slot != b->at || (status && sip_status_provisional(status)))
		return;
	if (!status && (in->head->reason == RT_NOMEM || in->head->reason == RT_BAD))
		end(self, b); /* our own trouble */
	else if (!status)
		next(self, b, rt_err_name(in->head->reason));
	else if (status == 503)
		next(self, b, "503");
	else
		verdict(self, b, 0);
}

/* ---- Beginning ---- */

static void on_hops(void *arg, uint64_t token, int err, const struct sip_hop *hops, int n)
{
	struct probes *const self = ((struct proxy *)arg)->probes;
	struct probe *const b = self ? rt_pool_get(self->pool, token) : 0;

	if (!b)
		return;
	proxy_look_around(self->p);
	if (err == RT_DOWN) { /* the name server is, or will be another one */
		end(self, b);
		return;
	}
	if (err) {
		verdict(self, b, err == RT_ABSENT ? "NAME" : "DNS");
		return;
	}
	b->nhop = (uint8_t)(n < ADDRESSES ? n : ADDRESSES);
	memcpy(b->hop, hops, b->nhop * sizeof(*hops));
	try(self, b);
}

static void begin(struct probes *self, struct slice uri)
{
	rt_handle handle;
	struct probe *const b = uri.n <= URI_MAX ? rt_pool_take(self->pool, &handle) : 0;
	struct sip_uri parsed;

	if (!b)
		return;
	b->self = handle;
	b->trail = svc_trail(self->p->svc);
	b->uri_n = (uint16_t)uri.n;
	memcpy(b->uri, uri.p, uri.n);
	if (sip_uri_parse(&parsed, uri_of(b)) || dns_resolve(self->p->dns, &parsed, svc_now(self->p->svc), on_hops, self->p, handle))
		end(self, b);
}

/* Every interval has one moment for each hop; was it since the last look? */
static bool is_due(const struct probes *self, const struct gateway_hop *h, uint64_t key, int64_t now)
{
	const int64_t interval = (int64_t)h->options * 1000, phase = (int64_t)(key % (uint64_t)interval);

	return (now + phase) / interval != (self->last + phase) / interval;
}

static void look(struct probes *self, int64_t now)
{
	static const struct rt_key same_everywhere = { 1, 2 };
	struct proxy *const p = self->p;
	const struct gateway_hop *h;
	int fresh = 0;

	for (uint32_t i = 0; (h = gateways_at(gatelist_now(p->gates), i)); i++) {
		const uint64_t key = rt_hash(same_everywhere, h->uri.p, h->uri.n);

		if (!h->options || h->twin || wire_members_pick(p->e.members, WIRE_PROXY, key) != svc_id(p->svc))
			continue;
		if (!is_due(self, h, key, now) && (h->probed || fresh++ >= FRESH_AT_ONCE))
			continue;
		gateways_probed(gatelist_now(p->gates), i);
		begin(self, h->uri);
	}
}

static void give_up_silent_ones(struct probes *self)
{
	const rt_ms now = svc_now(self->p->svc);

	for (uint32_t i = 0; i < rt_pool_slots(self->pool); i++) {
		rt_handle handle;
		struct probe *const b = rt_pool_at(self->pool, i, &handle);

		if (b && b->deadline && b->deadline <= now)
			next(self, b, "TIMEOUT");
	}
}

bool probes_timer(struct probes *self, const struct rt_timer *t)
{
	const int64_t now = (int64_t)svc_wall_ms(self->p->svc);

	if (t != &self->timer)
		return false;
	give_up_silent_ones(self);
	look(self, now);
	self->last = now;
	svc_timer_start(self->p->svc, &self->timer, 0, 'P', TICK_MS);
	return true;
}

struct probes *probes_new(struct proxy *p)
{
	struct probes *const self = calloc(1, sizeof(*self));

	if (!self)
		return 0;
	self->p = p;
	self->pool = rt_pool_new(sizeof(struct probe), GATEWAY_HOPS);
	if (!self->pool) {
		free(self);
		return 0;
	}
	self->last = (int64_t)svc_wall_ms(p->svc);
	svc_timer_start(p->svc, &self->timer, 0, 'P', TICK_MS);
	return self;
}

void probes_destroy(struct probes **self_p)
{
	struct probes *const self = *self_p;

	if (!self)
		return;
	svc_timer_stop(self->p->svc, &self->timer);
	rt_pool_destroy(&self->pool);
	free(self);
	*self_p = 0;
}
