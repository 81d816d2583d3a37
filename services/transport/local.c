/* SPDX-License-Identifier: MIT */
/* local: what this machine's interfaces, routes and cgroups say about its addresses. */
#include "advertise.h"

#include <fcntl.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <netinet/in.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

/* Connecting a datagram socket sends nothing, but asks the routing table for our address towards that place. */
static void ask_route(struct sip_hop *out, const char *far_away)
{
	struct sockaddr_storage address;
	struct sip_hop hop;
	socklen_t size;
	int fd;

	if (sip_hop_ip(&hop, slice_str(far_away), SIP_UDP, 9) < 0)
		return;
	fd = socket(hop.family == 4 ? AF_INET : AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return;
	size = sip_hop_to_sockaddr(&hop, &address);
	if (connect(fd, (struct sockaddr *)&address, size) == 0) {
		size = sizeof(address);
		if (getsockname(fd, (struct sockaddr *)&address, &size) == 0)
			sip_hop_from_sockaddr(out, &address, SIP_UDP);
	}
	close(fd);
	if (sip_hop_is_loopback(out))
		*out = (struct sip_hop){ 0 };
}

static bool link_local(const struct sip_hop *hop)
{
	if (hop->family == 4)
		return hop->ip[0] == 169 && hop->ip[1] == 254;
	return hop->ip[0] == 0xfe && (hop->ip[1] & 0xc0) == 0x80;
}

static void first_global(struct sip_hop out[2])
{
	struct ifaddrs *list, *i;

	if (getifaddrs(&list) < 0)
		return;
	for (i = list; i; i = i->ifa_next) {
		struct sockaddr_storage address = { 0 };
		struct sip_hop hop;
		const int family = i->ifa_addr ? i->ifa_addr->sa_family : AF_UNSPEC;

		if (!(i->ifa_flags & IFF_UP) || (family != AF_INET && family != AF_INET6))
			continue;
		memcpy(&address, i->ifa_addr, family == AF_INET ? sizeof(struct sockaddr_in) : sizeof(struct sockaddr_in6));
		sip_hop_from_sockaddr(&hop, &address, SIP_UDP);
		if (!sip_hop_is_loopback(&hop) && !link_local(&hop) && !out[family == AF_INET6].family)
			out[family == AF_INET6] = hop;
	}
	freeifaddrs(list);
}

static bool file_says(const char *path, const char *const words[])
{
	char text[4096];
	const int fd = open(path, O_RDONLY | O_CLOEXEC);
	const ssize_t n = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);

	if (fd >= 0)
		close(fd);
	if (n <= 0)
		return false;
	text[n] = 0;
	for (; *words; words++)
		if (strstr(text, *words))
			return true;
	return false;
}

static bool in_container(void)
{
	static const char *const signs[] = { "docker", "kubepods", "containerd", "libpod", "lxc", 0 };

	return access("/.dockerenv", F_OK) == 0 || access("/run/.containerenv", F_OK) == 0 ||
	       file_says("/proc/1/cgroup", signs);
}

void local_address_find(struct local_address *out)
{
	*out = (struct local_address){ .container = in_container() };
	ask_route(&out->route[0], "192.0.2.1");
	ask_route(&out->route[1], "2001:db8::1");
	first_global(out->global);
}
