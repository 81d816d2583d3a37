/* SPDX-License-Identifier: MIT */
#include "byname.h"

#include <stdlib.h>
#include <sys/epoll.h>

#include "depart.h"
#include "dns/resolver.h"

enum { WAITING_MAX = 1024 };

struct waiting {
	char *text; /* owned */
	uint32_t n;
	uint16_t listener;
	struct sip_hop failed;
	struct edge_owed owed;
};

struct byname {
	struct edge *edge;
	struct rt_pool *waiting;
	struct dns_resolver *dns; /* NULL: not needed yet */
	struct rt_timer timer;
};

/* ---- The resolver in our loop ---- */

static void wind(struct byname *self)
{
	const rt_ms now = svc_now(self->edge->svc), due = self->dns ? dns_resolver_tick(self->dns, now) : UINT64_MAX;

	if (due != UINT64_MAX && (!rt_timer_running(&self->timer) || self->timer.due > due))
		svc_timer_start(self->edge->svc, &self->timer, 0, EDGE_TIMER_DNS, due > now ? (uint32_t)(due - now) : 10);
}

static void on_ready(void *arg, int fd, uint32_t ready)
{
	struct edge *edge = arg;

	if (edge->byname->dns)
		dns_resolver_ready(edge->byname->dns, fd, ready & (EPOLLIN | EPOLLERR | EPOLLHUP), ready & EPOLLOUT, svc_now(edge->svc));
	wind(edge->byname);
}

static void watch(void *arg, int fd, bool read, bool write)
{
	struct byname *self = arg;

	if (svc_watch(self->edge->svc, fd, (read ? EPOLLIN : 0u) | (write ? EPOLLOUT : 0u), on_ready) < 0)
		rt_log(RT_LOG_E, "byname.watch", 0, "fd=%d", fd);
}

static void unwatch(void *arg, int fd)
{
	struct byname *self = arg;

	svc_unwatch(self->edge->svc, fd);
}

static int need_resolver(struct byname *self)
{
	const struct svc_config *config = svc_config(self->edge->svc);
	const struct dns_hooks hooks = { self, watch, unwatch };
	struct dns_options options = {
		.timeout_ms = (uint32_t)config->proxy_dns_timeout, .families = 3, .seed = (uint32_t)svc_trail(self->edge->svc),
		.transports = 1 << SIP_UDP | 1 << SIP_TCP | 1 << SIP_TLS,
	};

	if (self->dns)
		return 0;
	for (uint32_t i = 0; i < config->proxy_dns_servers.n && i < sizeof(options.servers) / sizeof(options.servers[0]); i++)
		options.servers[options.nserver++] = config->proxy_dns_servers.word[i];
	self->dns = dns_resolver_new(&options, &hooks, svc_now(self->edge->svc));
	return self->dns ? 0 : RT_DOWN;
}

/* ---- Answers ---- */

static void done(void *arg, uint64_t token, int err, const struct sip_hop *hops, int n)
{
	struct byname *self = arg;
	struct waiting *w = rt_pool_get(self->waiting, token);
	int sent = RT_DOWN;

	if (!w)
		return;
	for (int i = 0; err == 0 && i < n && sent < 0; i++)
		if (!sip_hop_same(&hops[i], &w->failed))
			sent = depart_answer_to(self->edge, slice_of(w->text, w->n), &hops[i], w->listener, &w->owed);
	if (sent < 0 && w->failed.family && !sip_transport_reliable(w->failed.proto)) /* a datagram may be lucky the second time */
		sent = depart_answer_to(self->edge, slice_of(w->text, w->n), &w->failed, w->listener, &w->owed);
	if (sent < 0)
		edge_unsent(self->edge, &w->owed, err == RT_TIMEOUT ? RT_TIMEOUT : RT_DOWN);
	free(w->text);
	rt_pool_give(self->waiting, token);
}

int byname_send(struct byname *self, struct slice response, struct slice host, uint16_t port, const struct sip_hop *failed,
		uint16_t listener, const struct edge_owed *owed)
{
	struct waiting *w;
	rt_handle token;

	if (host.n == 0 || need_resolver(self) < 0)
		return RT_DOWN;
	w = rt_pool_take(self->waiting, &token);
	if (!w)
		return RT_NOMEM;
	*w = (struct waiting){ .text = malloc(response.n), .n = response.n, .listener = listener, .failed = *failed };
	if (owed)
		w->owed = *owed;
	if (w->text)
		memcpy(w->text, response.p, response.n);
	if (!w->text || dns_resolve_response(self->dns, host, port, failed->proto, svc_now(self->edge->svc), done, self, token) < 0) {
		free(w->text);
		rt_pool_give(self->waiting, token);
		return RT_NOMEM;
	}
	wind(self);
	return 0;
}

/* ---- Life ---- */

struct byname *byname_new(struct edge *edge)
{
	struct byname *self = calloc(1, sizeof(*self));

	if (!self)
		return 0;
	self->edge = edge;
	self->waiting = rt_pool_new(sizeof(struct waiting), WAITING_MAX);
	if (!self->waiting)
		byname_destroy(&self);
	return self;
}

void byname_reload(struct byname *self)
{
	svc_timer_stop(self->edge->svc, &self->timer);
	if (self->dns)
		dns_resolver_destroy(&self->dns); /* who waits hears RT_DOWN */
}

void byname_destroy(struct byname **self_p)
{
	struct byname *self = *self_p;

	if (!self)
		return;
	byname_reload(self);
	rt_pool_destroy(&self->waiting);
	free(self);
	*self_p = 0;
}

void byname_expired(struct byname *self)
{
	wind(self);
}
