/* SPDX-License-Identifier: MIT */
/* control: what goes along with a datagram to sendmsg. */
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>

#include "udp.h"

void udp_add_control(struct msghdr *m, int level, int type, const void *value, size_t n)
{
	struct cmsghdr *c = (void *)((char *)m->msg_control + m->msg_controllen);

	c->cmsg_level = level;
	c->cmsg_type = type;
	c->cmsg_len = CMSG_LEN(n);
	memcpy(CMSG_DATA(c), value, n);
	m->msg_controllen += CMSG_SPACE(n);
}

void udp_write_control(const struct edge *edge, struct msghdr *m, const struct edge_way *way)
{
	const bool chosen = edge->listener[way->listener].wildcard && way->from.family &&
			    !sip_hop_is_any(&way->from) && !sip_hop_is_multicast(&way->from);
	const int ttl = way->ttl;

	if (chosen && way->from.family == 4) {
		struct in_pktinfo info = { 0 };

		memcpy(&info.ipi_spec_dst, way->from.ip, 4);
		udp_add_control(m, IPPROTO_IP, IP_PKTINFO, &info, sizeof(info));
	} else if (chosen) {
		struct in6_pktinfo info = { 0 };

		memcpy(&info.ipi6_addr, way->from.ip, 16);
		udp_add_control(m, IPPROTO_IPV6, IPV6_PKTINFO, &info, sizeof(info));
	}
	if (ttl)
		udp_add_control(m, way->to.family == 4 ? IPPROTO_IP : IPPROTO_IPV6, way->to.family == 4 ? IP_TTL : IPV6_HOPLIMIT,
			    &ttl, sizeof(ttl));
}
