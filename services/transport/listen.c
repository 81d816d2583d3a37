/* SPDX-License-Identifier: MIT */
/*
 * listen: transport.listen as numbered listeners. Bindings, connections and other tiers know a listener by its number, so one that a
 * reload takes away leaves its number free (closed), and one that comes takes a free number or the next.
 */
#include "listen.h"

#include "advertise.h"
#include "bind.h"
#include "conns.h"
#include "udp.h"

struct plan {                                       /* what a configuration wants of us */
	struct edge_listener wanted[WIRE_LISTENERS_MAX];
	int nwanted;
	bool kept[WIRE_LISTENERS_MAX];              /* by number: open, and wanted still */
	int fresh[WIRE_LISTENERS_MAX], nfresh;      /* numbers that are opened for it */
};

/* ---- What is wanted ---- */

static int refuse_word(struct slice word, const char *hint)
{
	rt_log(RT_LOG_E, "listen.config", 0, "listen=%s hint=\"%s\"", rt_log_safe(word), hint);
	return RT_CONFIG;
}

/* The words of transport.listen, multicast groups behind the others. */
static int read_words(const struct edge *edge, struct plan *plan)
{
	const struct svc_words *words = &svc_config(edge->svc)->transport_listen;

	for (int group = 0; group <= 1; group++)
		for (uint32_t i = 0; i < words->n; i++) {
			struct edge_listener l = { .nfd = 0 };

			if (sip_hop_parse(&l.asked, words->word[i]) < 0 || l.asked.proto >= SIP_SCTP)
				return refuse_word(words->word[i], "udp|tcp|tls|ws|wss:address:port");
			l.known.local = l.asked;
			l.wildcard = sip_hop_is_any(&l.asked);
			l.multicast = sip_hop_is_multicast(&l.asked);
			if (l.multicast != group)
				continue;
			if (plan->nwanted == WIRE_LISTENERS_MAX)
				return refuse_word(words->word[i], "transport.listen holds at most 16 addresses");
			plan->wanted[plan->nwanted++] = l;
		}
	return 0;
}
_Static_assert(WIRE_LISTENERS_MAX == 16, "as the hint says");

static int number_of(const struct edge *edge, const struct plan *plan, const struct sip_hop *asked)
{
	for (int i = 0; i < edge->nlistener; i++)
		if (!edge->listener[i].closed && !plan->kept[i] && sip_hop_same(&edge->listener[i].asked, asked))
			return i;
	return -1;
}

static int free_number(struct edge *edge)
{
	for (int i = 0; i < edge->nlistener; i++)
		if (edge->listener[i].closed)
			return i;
	return edge->nlistener < WIRE_LISTENERS_MAX ? edge->nlistener++ : -1;
}

/* ---- Coming to be ---- */

static int open_fresh(struct edge *edge, struct plan *plan, const struct edge_listener *l)
{
	const int number = free_number(edge);

	if (number < 0)
		return refuse_word(SLICE("..."), "more than 16 addresses while old ones close: reload in two steps, or start again");
	edge->listener[number] = *l;
	plan->fresh[plan->nfresh++] = number;
	plan->kept[number] = true;
	return bind_listener(edge, number);
}

static int open_wanted(struct edge *edge, struct plan *plan)
{
	int err = 0;

	for (int i = 0; i < plan->nwanted && err == 0; i++) {
		const int number = number_of(edge, plan, &plan->wanted[i].asked);

		if (number >= 0)
			plan->kept[number] = true;
		else
			err = open_fresh(edge, plan, &plan->wanted[i]);
	}
	return err;
}

static void undo(struct edge *edge, const struct plan *plan)
{
	for (int i = 0; i < plan->nfresh; i++) {
		bind_close(&edge->listener[plan->fresh[i]]);
		edge->listener[plan->fresh[i]].closed = true;
	}
}

/* What each that stays tells others; nothing is changed unless all is well. */
static int advertise_all(struct edge *edge, const struct plan *plan)
{
	const struct svc_words *words = &svc_config(edge->svc)->transport_advertise;
	struct wire_listener known[WIRE_LISTENERS_MAX];
	struct local_address here;
	char error[256];
	int err = 0, n = 0;

	local_address_find(&here);
	for (int i = 0; i < edge->nlistener && err == 0; i++) {
		if (!plan->kept[i])
			continue;
		known[n] = edge->listener[i].known;
		err = advertise_find(&known[n++], words, &here, error);
	}
	if (err == 0)
		err = advertise_check(words, known, n, error);
	if (err < 0) {
		rt_log(RT_LOG_E, "listen.advertise", 0, "error=\"%s\"", error);
		return err;
	}
	n = 0;
	for (int i = 0; i < edge->nlistener; i++)
		if (plan->kept[i])
			edge->listener[i].known = known[n++];
	return 0;
}

/* ---- Going ---- */

static void close_unwanted(struct edge *edge, const struct plan *plan)
{
	for (int i = 0; i < edge->nlistener; i++) {
		struct edge_listener *l = &edge->listener[i];

		if (plan->kept[i] || l->closed)
			continue;
		udp_flush(edge->udp);
		bind_close(l);
		l->closed = true;
		conns_end_listener(edge->conns, (uint16_t)i);
		rt_log(RT_LOG_I, "listen.close", 0, "address=%s", edge_text(&l->known.local).s);
	}
}

/* 18.2.1: where there is UDP there must be TCP, for requests too large for a datagram. */
static void warn_lopsided(const struct edge *edge)
{
	for (int i = 0; i < edge->nlistener; i++) {
		struct sip_hop twin = edge->listener[i].known.local;
		bool met = twin.proto != SIP_UDP || edge->listener[i].multicast || edge->listener[i].closed;

		twin.proto = SIP_TCP;
		for (int k = 0; k < edge->nlistener && !met; k++)
			met = !edge->listener[k].closed && sip_hop_same(&edge->listener[k].known.local, &twin);
		if (!met)
			rt_log(RT_LOG_W, "listen.lopsided", 0, "missing=%s hint=\"requests over 1300 bytes come by TCP (RFC 3261 18.2.1)\"",
			       edge_text(&twin).s);
	}
}

/* Others see no groups, which only receive, and nothing under a number that is free. */
static void announce(struct edge *edge, const struct plan *plan)
{
	struct wire_listener all[WIRE_LISTENERS_MAX] = { 0 };
	int n = 0;

	for (int i = 0; i < edge->nlistener; i++) {
		if (edge->listener[i].closed || edge->listener[i].multicast)
			continue;
		all[i] = edge->listener[i].known;
		n = i + 1;
	}
	for (int k = 0; k < plan->nfresh; k++) {
		const struct edge_listener *l = &edge->listener[plan->fresh[k]];

		if (!l->multicast)
			rt_log(RT_LOG_I, "listen.open", 0, "address=%s advertised=%s:%u sockets=%d", edge_text(&l->known.local).s,
			       l->known.host, l->known.port, l->nfd);
	}
	svc_announce(edge->svc, all, n);
}

int listen_apply(struct edge *edge)
{
	struct plan plan = { .nwanted = 0 };
	int err = read_words(edge, &plan);

	if (err == 0)
		err = open_wanted(edge, &plan);
	if (err == 0)
		err = advertise_all(edge, &plan);
	if (err < 0) {
		undo(edge, &plan);
		return err;
	}
	close_unwanted(edge, &plan);
	if (plan.nfresh)
		warn_lopsided(edge);
	announce(edge, &plan);
	return 0;
}

void listen_close(struct edge *edge)
{
	for (int i = 0; i < edge->nlistener; i++)
		bind_close(&edge->listener[i]);
	edge->nlistener = 0;
}

void listen_stop_accepting(struct edge *edge)
{
	for (int i = 0; i < edge->nlistener; i++)
		if (sip_transport_reliable(edge->listener[i].known.local.proto))
			bind_close(&edge->listener[i]);
}

/* ---- Choosing ---- */

static bool speaks(const struct edge_listener *l, const struct sip_hop *to)
{
	return !l->multicast && !l->closed && l->known.local.proto == to->proto && l->known.local.family == to->family;
}

int listen_for(const struct edge *edge, const struct sip_hop *to, int like)
{
	int found = -1;

	if (like >= 0 && like < edge->nlistener && speaks(&edge->listener[like], to))
		return like;
	for (int i = 0; i < edge->nlistener; i++) {
		const struct edge_listener *l = &edge->listener[i];

		if (!speaks(l, to))
			continue;
		if (l->wildcard || sip_hop_is_loopback(&l->known.local) == sip_hop_is_loopback(to))
			return i;
		found = found < 0 ? i : found;
	}
	return found;
}

/* An advertised or bound host against a sent-by; addresses by value, so that any spelling of IPv6 is the same. */
static bool same_host(const struct edge_listener *l, struct slice host)
{
	struct slice ours = slice_str(l->known.host);
	struct sip_hop a, b;

	if (slice_eq_nocase(ours, host))
		return true;
	if (sip_hop_ip(&a, host, SIP_UDP, 0) < 0)
		return false;
	if (sip_hop_same_ip(&a, &l->known.local))
		return true;
	return sip_hop_ip(&b, ours, SIP_UDP, 0) == 0 && sip_hop_same_ip(&a, &b);
}

bool listen_owns(const struct edge *edge, struct slice host, uint16_t port, enum sip_transport proto)
{
	if (port == 0)
		port = sip_transport_port(proto);
	for (int i = 0; i < edge->nlistener; i++) {
		const struct edge_listener *l = &edge->listener[i];

		if (l->known.local.proto == proto && (l->known.port == port || l->known.local.port == port) &&
		    same_host(l, host))
			return true;
	}
	return false;
}
