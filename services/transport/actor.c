/* SPDX-License-Identifier: MIT */
/*
 * transport: the actor that owns sockets.
 *
 * Takes   DEPART    a message to put on a network; ANSWER, to what it OFFERed; ECHO
 * Sends   ARRIVED   a message off a network, to the transaction actor it belongs to (or a proxy, stateless responses)
 *         OFFER     a request of which nothing need be kept, to a proxy
 *         UNSENT    a DEPART that came to nothing, to who sent it
 *         ALIASES   which peers are connected here, to every proxy
 *         EASE      a peer wants fewer requests, to every other transport, which takes it
 *         ECHO      the answer to one
 *
 * One epoll holds every socket; its descriptor is the only one the shell watches.
 */
#include "edge.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "accept.h"
#include "banlist.h"
#include "byname.h"
#include "conns.h"
#include "depart.h"
#include "keeps.h"
#include "listen.h"
#include "refrain.h"
#include "relief.h"
#include "reuse.h"
#include "sip/uri.h"
#include "tls.h"
#include "udp.h"
#include "volley.h"
#include "wire/seen.h"

enum {
	ARENA = 8 << 20, /* a stamped copy of the largest message, and its index */
};

static void count_open(struct edge *self)
{
	struct edge_counters *c = &self->count;
	struct svc *svc = self->svc;

	c->received = svc_counter(svc, "sip_received_total", "SIP messages received");
	c->sent = svc_counter(svc, "sip_sent_total", "SIP messages sent");
	c->refused = svc_counter(svc, "sip_refused_total", "requests answered at the door: malformed, too large or no worker free");
	c->ignored = svc_counter(svc, "sip_ignored_total", "messages dropped: no sense in them, or responses that are not ours");
	c->unsent = svc_counter(svc, "sip_unsent_total", "messages that could not be sent");
	c->throttled = svc_counter(svc, "sip_throttled_total", "requests over transport.source_rate");
	c->flooded = svc_counter(svc, "sip_flooded_total", "messages dropped unread: ten times over transport.source_rate");
	c->kept = svc_counter(svc, "nat_contacts", "phones behind NAT that are sent keep-alives on UDP");
	c->keepalives = svc_counter(svc, "nat_keepalives_total", "keep-alives sent to them");
	c->banned = svc_counter(svc, "sip_banned_total", "datagrams and connections of banned sources");
	c->scanners = svc_counter(svc, "sip_scanners_total", "requests of transport.scanners, dropped");
	c->kernel_drops = svc_counter(svc, "udp_dropped_total", "datagrams the kernel dropped because our receive buffer was full");
	c->shed = svc_counter(svc, "sip_shed_total", "new requests refused because of overload");
	c->dropped = svc_counter(svc, "sip_dropped_total", "new requests dropped unread because of overload");
	c->shed_share = svc_counter(svc, "sip_shed_permille", "the share of new requests that is refused now, of a thousand");
	c->waited = svc_counter(svc, "sip_wait_ms", "how long the last request waited before it was taken, and will at its transaction worker");
	c->withheld = svc_counter(svc, "sip_withheld_total", "new requests not sent because their peer asked for fewer, RFC 7339");
	c->stun = svc_counter(svc, "stun_requests_total", "STUN keep-alives on UDP");
	c->refrains = svc_counter(svc, "sip_refrains_total", "OPTIONS to the server answered with what a proxy said a moment before");
	c->opened = svc_counter(svc, "connections_opened_total", "connections accepted and opened");
	c->closed = svc_counter(svc, "connections_closed_total", "connections that ended");
	c->connections = svc_counter(svc, "connections", "connections now");
}

static void read_networks(struct netlist *list, const struct svc_words *words, const char *key)
{
	list->n = 0;
	for (uint32_t i = 0; i < words->n; i++)
		if (netlist_add(list, words->word[i]) < 0)
			rt_log(RT_LOG_W, "transport.config", 0, "key=%s value=%s error=\"not an address or network; left out\"", key,
			       rt_log_safe(words->word[i]));
}

/* Gateways that are names are found by others, and are strangers here. */
static void read_neighbours(struct edge *self, const struct svc_config *config)
{
	struct sip_uri uri;

	self->neighbours = self->trusted;
	for (uint32_t i = 0; i < config->nhop; i++)
		if (sip_uri_parse(&uri, config->hop[i].uri) == 0)
			(void)!netlist_add(&self->neighbours, uri.host);
}

static void read_rate(struct edge *self, int64_t rate)
{
	if (rate == self->request_rate)
		return;
	bucket_destroy(&self->requests);
	bucket_destroy(&self->messages);
	self->messages = rate ? bucket_new((uint32_t)rate * TRANSPORT_FLOOD, (uint32_t)rate * TRANSPORT_FLOOD) : 0;
	self->requests = rate ? bucket_new((uint32_t)rate, (uint32_t)rate) : 0; /* a second's worth at once */
	self->request_rate = rate;
}

static int read_settings(struct edge *self)
{
	const struct svc_config *config = svc_config(self->svc);

	*self->refrain = (struct refrain){ 0 };
	read_networks(&self->trusted, &config->proxy_peers, "proxy.peers");
	read_neighbours(self, config);
	read_networks(&self->aliases, &config->transport_alias_peers, "transport.alias_peers");
	read_networks(&self->balancers, &config->transport_balancers, "transport.balancers");
	read_rate(self, config->transport_source_rate);
	byname_reload(self->byname);
	return tls_load(self);
}

/* Whatever of it can be had is had. */
static int transport_reload(void *arg)
{
	struct edge *self = arg;
	const int listening = listen_apply(self), settings = read_settings(self);

	return listening < 0 ? listening : settings;
}

static void one_event(struct edge *self, const struct epoll_event *e)
{
	const uint32_t number = (uint32_t)e->data.u64 & 0xffff;
	struct conn *conn;

	if (e->data.u64 >> 16 == EDGE_UDP) {
		udp_ready(self->udp, number, e->events);
	} else if (e->data.u64 >> 16 == EDGE_ACCEPT) {
		accept_ready(self->accept, number);
	} else {
		conn = conns_any(self->conns, e->data.u64);
		if (conn)
			conn_ready(conn, e->events);
	}
}

static void poll_ready(void *arg, int fd, uint32_t ready)
{
	struct edge *self = arg;
	struct epoll_event events[WIRE_BURST];
	const int n = epoll_wait(fd, events, WIRE_BURST, 0);

	(void)ready;
	for (int i = 0; i < n; i++)
		one_event(self, &events[i]);
}

static void transport_close(void **self_p)
{
	struct edge *self = *self_p;

	if (!self)
		return;
	keeps_destroy(&self->keeps);
	conns_destroy(&self->conns);
	accept_destroy(&self->accept);
	reuse_destroy(&self->reuse);
	byname_destroy(&self->byname);
	tls_unload(self);
	listen_close(self);
	volley_destroy(&self->volley);
	udp_destroy(&self->udp);
	bucket_destroy(&self->answers);
	bucket_destroy(&self->requests);
	bucket_destroy(&self->messages);
	banlist_destroy(&self->bans);
	free(self->refrain);
	free(self->seen);
	rt_arena_destroy(&self->arena);
	if (self->poll >= 0) {
		svc_unwatch(self->svc, self->poll);
		close(self->poll);
	}
	free(self);
	*self_p = 0;
}

static int transport_open(void **self_p, struct svc *svc)
{
	struct edge *self = calloc(1, sizeof(*self));
	int err = RT_DOWN;

	if (!self)
		return RT_NOMEM;
	self->svc = svc;
	self->branch_key = svc_secret(svc, "branch");
	self->tag_key = svc_secret(svc, "tag");
	count_open(self);
	self->poll = epoll_create1(EPOLL_CLOEXEC);
	self->arena = rt_arena_new(ARENA);
	self->answers = bucket_new(TRANSPORT_ANSWERS, TRANSPORT_ANSWERS_BURST);
	self->udp = udp_new(self);
	self->volley = volley_new(self);
	self->reuse = reuse_new(self);
	self->accept = accept_new(self);
	self->conns = conns_new(self);
	self->keeps = keeps_new(self);
	self->byname = byname_new(self);
	self->refrain = calloc(1, sizeof(*self->refrain));
	self->seen = calloc(1, sizeof(*self->seen));
	if (self->poll < 0 || !self->arena || !self->answers || !self->udp || !self->volley || !self->accept || !self->conns || !self->reuse ||
	    !self->keeps || !self->byname || !self->refrain || !self->seen)
		rt_log(RT_LOG_E, "transport.failed", 0, "error=\"%s\"", strerror(errno));
	else
		err = read_settings(self);
	if (err == 0)
		err = listen_apply(self); /* certificates take long to read: what came meanwhile to a socket of ours would wait */
	if (err == 0)
		err = svc_watch(svc, self->poll, EPOLLIN, poll_ready);
	if (err == 0) {
		self->bans = banlist_new(self); /* last: Redis may answer it from now on */
		err = self->bans ? 0 : RT_NOMEM;
	}
	*self_p = self;
	if (err < 0)
		transport_close(self_p);
	return err;
}

static void transport_parcel(void *arg, const struct wire_parcel *in)
{
	struct edge *self = arg;

	if (in->head->verb == WIRE_ANSWER)
		refrain_heard(self->refrain, &in->msg, in->head->from, in->head->trail, svc_now(self->svc));
	if (in->head->verb == WIRE_DEPART || in->head->verb == WIRE_ANSWER) {
		depart(self, in);
	} else if (in->head->verb == WIRE_EASE) {
		relief_told(self, in);
	} else if (in->head->verb == WIRE_ECHO && !(in->head->flags & WIRE_BACK)) {
		struct wire_head back = *in->head;

		back.to = in->head->from;
		back.flags |= WIRE_BACK;
		(void)!svc_post(self->svc, &back, 0);
	}
}

static void transport_timer(void *arg, struct rt_timer *t)
{
	struct edge *self = arg;
	struct conn *conn;

	if (t->name == EDGE_TIMER_BANS) {
		banlist_expired(self->bans);
		return;
	}
	if (t->name == EDGE_TIMER_DNS) {
		byname_expired(self->byname);
		return;
	}
	if (t->name == EDGE_TIMER_REUSE) {
		reuse_expired(self->reuse);
		return;
	}
	if (t->name == EDGE_TIMER_KEEP) {
		keeps_expired(self->keeps, t->owner);
		return;
	}
	conn = conns_any(self->conns, t->owner);
	if (conn)
		conn_expired(conn);
}

static void transport_flush(void *arg)
{
	struct edge *self = arg;

	conns_flush(self->conns);
	volley_flush(self->volley);
	udp_flush(self->udp);
	reuse_flush(self->reuse);
}

/* New connections go to whoever else listens; what is open stays until its messages are through. */
static void transport_drain(void *arg)
{
	struct edge *self = arg;

	listen_stop_accepting(self);
}

static uint32_t transport_load(const void *arg)
{
	const struct edge *self = arg;

	return udp_waiting(self->udp) + conns_busy(self->conns);
}

const struct svc_actor transport_actor = {
	.tier = WIRE_TRANSPORT,
	.open = transport_open,
	.parcel = transport_parcel,
	.timer = transport_timer,
	.flush = transport_flush,
	.reload = transport_reload,
	.drain = transport_drain,
	.load = transport_load,
	.close = transport_close,
};
