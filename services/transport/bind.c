/* SPDX-License-Identifier: MIT */
#include "bind.h"

#include <errno.h>
#include <net/if.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

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
	set(fd, SOL_SOCKET, SO_TIMESTAMPNS, 1);
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

int bind_listener(struct edge *edge, int number)
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
			return RT_CONFIG;
		}
		l->fd[l->nfd++] = fd;
		if (edge_poll_add(edge, fd, EPOLLIN, edge_mark(stream ? EDGE_ACCEPT : EDGE_UDP,
							       (uint32_t)(number * EDGE_SOCKETS_MAX + l->nfd - 1))) < 0)
			return RT_DOWN;
	}
	return 0;
}

void bind_close(struct edge_listener *l)
{
	while (l->nfd)
		close(l->fd[--l->nfd]);
}
