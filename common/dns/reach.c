/* SPDX-License-Identifier: MIT */
/* reach: the kernel is asked by connecting a datagram socket, which sends nothing. */
#include "reach.h"

#include <sys/socket.h>
#include <unistd.h>

#include "dns/resolver.h"

static bool is_unroutable(const struct sip_hop *hop)
{
	struct sockaddr_storage to;
	uint32_t n;
	int fd, err;

	if (hop->family != 6)
		return false;
	fd = socket(AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return true;
	n = sip_hop_to_sockaddr(hop, &to);
	err = connect(fd, (struct sockaddr *)&to, n);
	close(fd);
	return err < 0;
}

void dns_unroutable_last(struct sip_hop *hops, int n)
{
	struct sip_hop bad[DNS_HOPS_MAX];
	int good = 0, nbad = 0;

	for (int i = 0; i < n; i++) {
		if (nbad < DNS_HOPS_MAX && is_unroutable(&hops[i]))
			bad[nbad++] = hops[i];
		else
			hops[good++] = hops[i];
	}
	for (int i = 0; i < nbad; i++)
		hops[good + i] = bad[i];
}
