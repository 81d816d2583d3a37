/* SPDX-License-Identifier: MIT */
/* phone_dns: one search of RFC 3263 and its own small loop: a command may wait, and has nothing else to do. */
#include "phone.h"

#include <netdb.h>
#include <poll.h>
#include <sys/socket.h>

#include "dns/resolver.h"
#include "rt/clock.h"

enum { FDS = 16, SEARCH_MS = 4000 };

struct search {
	struct pollfd fd[FDS];
	int nfd;
	struct sip_hop *out;
	int room, n; /* n: hops found, or negative; 0: not answered yet */
};

static void unwatch(void *arg, int fd)
{
	struct search *const s = arg;

	for (int i = 0; i < s->nfd; i++)
		if (s->fd[i].fd == fd)
			s->fd[i--] = s->fd[--s->nfd];
}

static void watch(void *arg, int fd, bool read, bool write)
{
	struct search *const s = arg;

	unwatch(s, fd);
	if (s->nfd < FDS)
		s->fd[s->nfd++] = (struct pollfd){ .fd = fd, .events = (short)((read ? POLLIN : 0) | (write ? POLLOUT : 0)) };
}

static void found(void *arg, uint64_t token, int err, const struct sip_hop *hops, int n)
{
	struct search *const s = arg;

	(void)token;
	s->n = err ? err : n < s->room ? n : s->room;
	for (int i = 0; i < s->n; i++)
		s->out[i] = hops[i];
}

static void turn(struct search *s, struct dns_resolver *dns)
{
	const rt_ms now = rt_clock_ms(), due = dns_resolver_tick(dns, now);
	struct pollfd ready[FDS];
	const int n = s->nfd;

	memcpy(ready, s->fd, sizeof(ready));
	if (poll(ready, (nfds_t)n, due > now + SEARCH_MS ? SEARCH_MS : due > now ? (int)(due - now) : 0) <= 0)
		return;
	for (int i = 0; i < n; i++)
		if (ready[i].revents)
			dns_resolver_ready(dns, ready[i].fd, ready[i].revents & (POLLIN | POLLERR | POLLHUP), ready[i].revents & POLLOUT,
					   rt_clock_ms());
}

/* What this host knows by other ways than DNS, as /etc/hosts does. */
static int by_host(const struct sip_uri *uri, struct sip_hop *out)
{
	const struct addrinfo want = { .ai_socktype = SOCK_DGRAM };
	const enum sip_transport proto = sip_uri_transport(uri) ? sip_uri_transport(uri) : SIP_UDP;
	struct sockaddr_storage address = { 0 };
	struct addrinfo *list;
	char host[256];

	if (!slice_cstr(uri->host, host, sizeof(host)) || getaddrinfo(host, NULL, &want, &list))
		return RT_ABSENT;
	memcpy(&address, list->ai_addr, list->ai_addrlen);
	freeaddrinfo(list);
	sip_hop_from_sockaddr(out, &address, proto);
	out->port = uri->port ? uri->port : sip_transport_port(proto);
	return 1;
}

int phone_dns(const struct sip_uri *uri, const struct svc_words *servers, struct sip_hop *out, int room)
{
	struct search s = { .out = out, .room = room };
	const struct dns_hooks hooks = { &s, watch, unwatch };
	struct dns_options options = { .timeout_ms = SEARCH_MS, .families = 3, .transports = 1 << SIP_UDP | 1 << SIP_TCP | 1 << SIP_TLS };
	struct dns_resolver *dns;
	rt_ms end;

	for (uint32_t i = 0; servers && i < servers->n && options.nserver < 8; i++)
		options.servers[options.nserver++] = servers->word[i];
	rt_random(&options.seed, sizeof(options.seed));
	dns = dns_resolver_new(&options, &hooks, rt_clock_ms());
	end = rt_clock_ms() + SEARCH_MS;
	if (!dns || dns_resolve(dns, uri, rt_clock_ms(), found, &s, 0))
		s.n = RT_DOWN;
	while (!s.n && rt_clock_ms() < end)
		turn(&s, dns);
	if (dns)
		dns_resolver_destroy(&dns);
	return s.n > 0 ? s.n : by_host(uri, out);
}
