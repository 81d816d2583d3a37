/* SPDX-License-Identifier: MIT */
/*
 * reuse: aliases, and what proxies are told of them.
 *
 * A connection belongs to one worker, but its peer is called by requests that came to any of them: so every proxy knows who is
 * connected where, and gives the request to that worker. The whole list is told whenever it changes, whenever a proxy comes, and now
 * and then, so that nothing has to be confirmed.
 */
#include "reuse.h"

#include <stdlib.h>

#include "conns.h"
#include "tls.h"
#include "wire/aliases.h"

enum {
	TELL_MS = 100,           /* between two lists, however often connections come and go */
	LOOK_MS = 1000,          /* is there a proxy that was not told? */
	REPEAT_MS = 5000,
	LIST_BYTES = WIRE_ALIASES_MAX * 384,
};

struct reuse {
	struct edge *edge;
	struct rt_timer timer;
	rt_ms told;              /* when */
	uint32_t generation;     /* of the members that were told */
	bool changed, full;
	uint32_t n;
	uint64_t flow[WIRE_ALIASES_MAX];
};

struct reuse *reuse_new(struct edge *edge)
{
	struct reuse *self = calloc(1, sizeof(*self));

	if (self)
		self->edge = edge;
	return self;
}

void reuse_destroy(struct reuse **self_p)
{
	if (*self_p)
		svc_timer_stop((*self_p)->edge->svc, &(*self_p)->timer);
	free(*self_p);
	*self_p = 0;
}

/* ---- Telling ---- */

static void render(const struct reuse *self, struct rt_cursor *c)
{
	for (uint32_t i = 0; i < self->n; i++) {
		const struct conn *conn = conns_get(self->edge->conns, self->flow[i]);
		const struct wire_alias alias = { .hop = conn ? conn->alias : (struct sip_hop){ 0 }, .flow = self->flow[i],
						  .listener = conn ? conn->listener : 0,
						  .host = conn ? slice_str(conn->alias_host) : SLICE_NONE };

		if (conn)
			wire_alias_render(c, &alias);
	}
}

static void tell(struct reuse *self)
{
	struct svc *svc = self->edge->svc;
	const struct wire_members *members = svc_members(svc);
	char *room = malloc(LIST_BYTES);
	struct rt_cursor c = rt_cursor_on(room, room ? LIST_BYTES : 0);
	struct wire_head head = { .verb = WIRE_ALIASES };
	const struct wire_member *m;

	render(self, &c);
	for (uint32_t i = 0; room && (m = wire_members_each(members, &i));) {
		const struct sip_msg list = { .text = rt_cursor_text(&c) };

		head.to = m->id;
		if (m->tier == WIRE_PROXY && svc_post(svc, &head, &list) < 0)
			rt_log(RT_LOG_D, "alias.untold", 0, "proxy=%u", m->id); /* repeated in REPEAT_MS */
	}
	free(room);
	self->changed = false;
	self->told = svc_now(svc);
	self->generation = wire_members_generation(members);
}

static void arm(struct reuse *self, uint32_t ms)
{
	svc_timer_start(self->edge->svc, &self->timer, 0, EDGE_TIMER_REUSE, ms);
}

void reuse_flush(struct reuse *self)
{
	const rt_ms now = svc_now(self->edge->svc);

	if (!self->changed)
		return;
	if (now - self->told >= TELL_MS)
		tell(self);
	if (self->changed || !rt_timer_running(&self->timer))
		arm(self, self->changed ? (uint32_t)(self->told + TELL_MS - now) : LOOK_MS);
}

void reuse_expired(struct reuse *self)
{
	const rt_ms now = svc_now(self->edge->svc);
	const bool news = self->changed || self->generation != wire_members_generation(svc_members(self->edge->svc));

	if (news || now - self->told >= REPEAT_MS)
		tell(self);
	if (self->n)
		arm(self, LOOK_MS);
}

/* ---- Claims ---- */

static bool believed(const struct edge *edge, const struct conn *conn, struct slice host)
{
	if (conn->remote.proto == SIP_TLS)
		return tls_named(conn, host);
	return conn->remote.proto == SIP_TCP && netlist_has(&edge->aliases, &conn->remote);
}

static struct slice without_brackets(struct slice host)
{
	return host.n >= 2 && host.p[0] == '[' ? slice_of(host.p + 1, host.n - 2) : host;
}

static void ignore(struct conn *conn, const struct sip_hop *alias, struct slice host)
{
	const enum rt_log_level level = conn->disbelieved ? RT_LOG_D : RT_LOG_W;

	conn->disbelieved = true;
	rt_log(level, "alias.ignored", 0, "peer=%s claim=%s host=%s reason=\"%s\"", edge_text(&conn->remote).s, edge_text(alias).s,
	       rt_log_safe(host), alias->proto == SIP_TLS ? "its certificate does not speak for the sent-by" : "not in transport.alias_peers");
}

static void add(struct reuse *self, struct conn *conn, struct slice host)
{
	char *copy = malloc(host.n + 1);

	if (copy)
		slice_cstr(host, copy, host.n + 1);
	free(conn->alias_host);
	conn->alias_host = copy;
	self->changed = true;
	for (uint32_t i = 0; i < self->n; i++)
		if (self->flow[i] == conn->self)
			return;
	if (copy && self->n < WIRE_ALIASES_MAX) {
		self->flow[self->n++] = conn->self;
	} else if (!self->full) {
		self->full = true;
		rt_log(RT_LOG_W, "alias.full", 0, "most=%d hint=\"other workers open connections of their own to the peers beyond\"", WIRE_ALIASES_MAX);
	}
}

void reuse_claim(struct edge *edge, const struct sip_msg *request, struct conn *conn)
{
	const struct sip_facts *f = &request->index->facts;
	const struct slice host = without_brackets(sip_msg_span(request, f->via_host));
	struct sip_hop alias = conn->remote;

	if (!(f->via_flags & SIP_VIA_ALIAS) || conn->outgoing)
		return;
	alias.port = f->via_port ? f->via_port : sip_transport_port(alias.proto);
	if (sip_hop_same(&alias, &conn->alias) && slice_eq_nocase(slice_str(conn->alias_host), host))
		return;
	if (host.n >= CONN_NAME_MAX || !believed(edge, conn, host)) {
		ignore(conn, &alias, host);
		return;
	}
	if (conns_alias(edge->conns, conn, &alias) < 0)
		return;
	add(edge->reuse, conn, host);
	rt_log(RT_LOG_D, "alias.made", 0, "peer=%s as=%s host=%s", edge_text(&conn->remote).s, edge_text(&alias).s, rt_log_safe(host));
}

void reuse_ended(struct reuse *self, const struct conn *conn)
{
	for (uint32_t i = 0; i < self->n; i++)
		if (self->flow[i] == conn->self) {
			self->flow[i] = self->flow[--self->n];
			self->changed = true;
			return;
		}
}
