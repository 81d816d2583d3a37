/* SPDX-License-Identifier: MIT */
#include "listen.h"

#include <errno.h>
#include <net/if.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "advertise.h"

enum { BACKLOG = 1024 };

static void set(int fd, int level, int name, int value)
{
	(void)setsockopt(fd, level, name, &value, sizeof(value));
}

/* Ask for a receive buffer and say when the kernel gives less: full buffers lose calls long before a CPU is busy. */
static void ask_buffer(int fd, const struct sip_hop *hop, int64_t wanted)
{
	int got = 0;
	socklen_t size = sizeof(got);

	set(fd, SOL_SOCKET, SO_RCVBUF, (int)wanted);
	set(fd, SOL_SOCKET, SO_RCVBUFFORCE, (int)wanted); /* works for root only */
	(void)getsockopt(fd, SOL_SOCKET, SO_RCVBUF, &got, &size);
	if (got / 2 < wanted) /* the kernel counts double, for its own bookkeeping */
		rt_log(RT_LOG_W, "listen.buffer", 0, "address=%s wanted=%lld got=%d hint=\"sysctl -w net.core.rmem_max=%lld\"",
		       edge_text(hop).s, (long long)wanted, got / 2, (long long)wanted);
}

static int join_on(int fd, const struct sip_hop *group, unsigned interface)
{
	if (group->family == 4) {
		struct ip_mreqn mreq = { .imr_ifindex = (int)interface };

		memcpy(&mreq.imr_multiaddr, group->ip, 4);
		return setsockopt(fd, IPPROTO_IP, IP_ADD_MEMBERSHIP, &mreq, sizeof(mreq));
	} else {
		struct ipv6_mreq mreq = { .ipv6mr_interface = interface };

		memcpy(&mreq.ipv6mr_multiaddr, group->ip, 16);
		return setsockopt(fd, IPPROTO_IPV6, IPV6_ADD_MEMBERSHIP, &mreq, sizeof(mreq));
	}
}

/* A group is heard on every interface that can: 10.2.6 wants phones to find us without knowing where we are. */
static int join(int fd, const struct sip_hop *group)
{
	struct if_nameindex *all = if_nameindex();
	int joined = 0;

	for (struct if_nameindex *i = all; i && i->if_index; i++)
		joined += join_on(fd, group, i->if_index) == 0;
	if_freenameindex(all);
	return joined ? 0 : -1;
}

static void prepare_datagrams(int fd, const struct edge_listener *l, int64_t buffer)
{
	const bool six = l->known.local.family == 6;

	ask_buffer(fd, &l->known.local, buffer);
	set(fd, SOL_SOCKET, SO_RXQ_OVFL, 1);
	if (six)
		set(fd, IPPROTO_IPV6, IPV6_RECVERR, 1);
	else
		set(fd, IPPROTO_IP, IP_RECVERR, 1);
	if (l->wildcard && six)
		set(fd, IPPROTO_IPV6, IPV6_RECVPKTINFO, 1);
	else if (l->wildcard)
		set(fd, IPPROTO_IP, IP_PKTINFO, 1);
}

/* One bound socket of a listener; port 0 becomes the port the kernel chose. -1 with errno set. */
static int bind_one(struct edge_listener *l, int64_t buffer)
{
	struct sip_hop *hop = &l->known.local;
	const bool stream = sip_transport_reliable(hop->proto);
	struct sockaddr_storage address;
	socklen_t size = sip_hop_to_sockaddr(hop, &address);
	const int fd = socket(hop->family == 4 ? AF_INET : AF_INET6,
			      (stream ? SOCK_STREAM : SOCK_DGRAM) | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return -1;
	set(fd, SOL_SOCKET, SO_REUSEADDR, 1);
	set(fd, SOL_SOCKET, SO_REUSEPORT, 1);
	if (hop->family == 6)
		set(fd, IPPROTO_IPV6, IPV6_V6ONLY, 1);
	if (!stream)
		prepare_datagrams(fd, l, buffer);
	if (bind(fd, (struct sockaddr *)&address, size) < 0 || (l->multicast && join(fd, hop) < 0) ||
	    (stream && listen(fd, BACKLOG) < 0)) {
		const int why = errno;

		close(fd);
		errno = why;
		return -1;
	}
	if (hop->port == 0 && getsockname(fd, (struct sockaddr *)&address, &size) == 0)
		sip_hop_from_sockaddr(hop, &address, hop->proto);
	return fd;
}

static int open_one(struct edge *edge, int number)
{
	struct edge_listener *l = &edge->listener[number];
	const struct svc_config *config = svc_config(edge->svc);
	const bool stream = sip_transport_reliable(l->known.local.proto);
	const int64_t sockets = stream ? 1 : config->transport_udp_sockets;

	while (l->nfd < sockets) {
		const int fd = bind_one(l, config->transport_buffer);

		if (fd < 0) {
			rt_log(RT_LOG_E, "listen.failed", 0, "address=%s error=\"%s\" hint=\"%s\"", edge_text(&l->known.local).s,
			       strerror(errno), errno == EADDRINUSE ? "another program has this address; see ss -lnp" :
			       errno == EACCES ? "ports below 1024 need CAP_NET_BIND_SERVICE" :
			       errno == EADDRNOTAVAIL ? "no interface of this machine has it" : "see transport.listen");
			return RT_DOWN;
		}
		l->fd[l->nfd++] = fd;
		if (edge_poll_add(edge, fd, EPOLLIN, edge_mark(stream ? EDGE_ACCEPT : EDGE_UDP,
							       (uint32_t)(number * EDGE_SOCKETS_MAX + l->nfd - 1))) < 0)
			return RT_DOWN;
	}
	return 0;
}

/* The words of transport.listen as listeners, multicast groups behind the others. */
static int read_words(struct edge *edge)
{
	const struct svc_words *words = &svc_config(edge->svc)->transport_listen;

	for (int group = 0; group <= 1; group++)
		for (uint32_t i = 0; i < words->n; i++) {
			struct edge_listener l = { 0 };

			if (sip_hop_parse(&l.known.local, words->word[i]) < 0 || l.known.local.proto >= SIP_SCTP) {
				rt_log(RT_LOG_E, "listen.config", 0, "listen=%s hint=\"udp|tcp|tls|ws|wss:address:port\"",
				       rt_log_safe(words->word[i]));
				return RT_CONFIG;
			}
			l.wildcard = sip_hop_is_any(&l.known.local);
			l.multicast = sip_hop_is_multicast(&l.known.local);
			if (l.multicast != group)
				continue;
			if (edge->nlistener == WIRE_LISTENERS_MAX) {
				rt_log(RT_LOG_E, "listen.config", 0, "hint=\"transport.listen holds at most %d addresses\"",
				       WIRE_LISTENERS_MAX);
				return RT_CONFIG;
			}
			edge->listener[edge->nlistener++] = l;
		}
	return 0;
}

static int find_advertised(struct edge *edge, struct wire_listener out[WIRE_LISTENERS_MAX])
{
	const struct svc_words *words = &svc_config(edge->svc)->transport_advertise;
	struct local_address here;
	char error[256];
	int err = 0;

	local_address_find(&here);
	for (int i = 0; i < edge->nlistener && err == 0; i++) {
		err = advertise_find(&edge->listener[i].known, words, &here, error);
		out[i] = edge->listener[i].known;
	}
	if (err == 0)
		err = advertise_check(words, out, edge->nlistener, error);
	if (err < 0)
		rt_log(RT_LOG_E, "listen.advertise", 0, "error=\"%s\"", error);
	return err;
}

/* 18.2.1: where there is UDP there must be TCP, for requests too large for a datagram. */
static void warn_lopsided(const struct edge *edge)
{
	for (int i = 0; i < edge->nlistener; i++) {
		struct sip_hop twin = edge->listener[i].known.local;
		bool met = twin.proto != SIP_UDP || edge->listener[i].multicast;

		twin.proto = SIP_TCP;
		for (int k = 0; k < edge->nlistener && !met; k++)
			met = sip_hop_same(&edge->listener[k].known.local, &twin);
		if (!met)
			rt_log(RT_LOG_W, "listen.lopsided", 0, "missing=%s hint=\"requests over 1300 bytes come by TCP (RFC 3261 18.2.1)\"",
			       edge_text(&twin).s);
	}
}

static void announce(struct edge *edge, const struct wire_listener all[])
{
	int n = 0;

	for (; n < edge->nlistener && !edge->listener[n].multicast; n++)
		rt_log(RT_LOG_I, "listen.open", 0, "address=%s advertised=%s:%u sockets=%d", edge_text(&all[n].local).s, all[n].host,
		       all[n].port, edge->listener[n].nfd);
	svc_announce(edge->svc, all, n);
}

int listen_open(struct edge *edge)
{
	struct wire_listener all[WIRE_LISTENERS_MAX];
	int err = read_words(edge);

	for (int i = 0; i < edge->nlistener && err == 0; i++)
		err = open_one(edge, i);
	if (err == 0)
		err = find_advertised(edge, all);
	if (err == 0)
		warn_lopsided(edge);
	if (err == 0)
		announce(edge, all);
	return err;
}

static void close_listener(struct edge_listener *l)
{
	while (l->nfd)
		close(l->fd[--l->nfd]);
}

void listen_close(struct edge *edge)
{
	for (int i = 0; i < edge->nlistener; i++)
		close_listener(&edge->listener[i]);
	edge->nlistener = 0;
}

void listen_stop_accepting(struct edge *edge)
{
	for (int i = 0; i < edge->nlistener; i++)
		if (sip_transport_reliable(edge->listener[i].known.local.proto))
			close_listener(&edge->listener[i]);
}

static bool speaks(const struct edge_listener *l, const struct sip_hop *to)
{
	return !l->multicast && l->known.local.proto == to->proto && l->known.local.family == to->family;
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
