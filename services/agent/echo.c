/* SPDX-License-Identifier: MIT */
#include "echo.h"

#include <errno.h>
#include <sys/socket.h>
#include <unistd.h>

enum { AT_ONCE = 32, RTP_HEAD = 12, SSRC_AT = 8 };

static int bind_one(const struct sip_hop *at, uint16_t port)
{
	struct sip_hop hop = *at;
	struct sockaddr_storage where;
	uint32_t n;
	int fd;

	hop.port = port;
	n = sip_hop_to_sockaddr(&hop, &where);
	fd = socket(where.ss_family, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return -1;
	if (bind(fd, (struct sockaddr *)&where, n) == 0)
		return fd;
	close(fd);
	return -1;
}

int agent_echo_open(struct agent_echo *e, const struct sip_hop *at, uint16_t low, uint16_t high, uint16_t *next, uint32_t mask)
{
	const uint32_t first = (low + 1u) & ~1u; /* RTP is even, RFC 3550 11 */
	uint32_t port = *next >= first && *next <= high ? *next : first;

	e->fd = -1;
	for (uint32_t tried = 0; first <= high && tried <= high - first; tried += 2) {
		const int fd = bind_one(at, (uint16_t)port);
		const uint16_t taken = (uint16_t)port;

		port = port + 2 <= high ? port + 2 : first;
		if (fd < 0)
			continue;
		*e = (struct agent_echo){ .fd = fd, .mask = mask, .tokens = ECHO_BURST };
		*next = (uint16_t)port;
		return taken;
	}
	return RT_NOMEM;
}

void agent_echo_close(struct agent_echo *e)
{
	if (e->fd >= 0)
		close(e->fd);
	e->fd = -1;
}

static void refill(struct agent_echo *e, rt_ms now)
{
	const rt_ms gone = now - e->filled;
	const uint64_t fresh = gone < 1000 ? gone * ECHO_RATE / 1000 : ECHO_RATE;

	if (fresh == 0 && e->filled)
		return;
	e->tokens = e->tokens + fresh < ECHO_BURST ? e->tokens + (uint32_t)fresh : ECHO_BURST;
	e->filled = now;
}

bool agent_echo_admits(struct agent_echo *e, const struct sip_hop *from, rt_ms now)
{
	const bool known = e->source.family && sip_hop_same(&e->source, from);

	e->in++;
	if (!known && e->source.family && now - e->heard < ECHO_SILENCE)
		return false;
	e->source = *from;
	e->heard = now;
	refill(e, now);
	if (e->tokens == 0)
		return false;
	e->tokens--;
	return true;
}

static void send_back(struct agent_echo *e, char *packet, size_t n, struct sockaddr_storage *from, socklen_t from_n)
{
	uint32_t ssrc;

	memcpy(&ssrc, packet + SSRC_AT, sizeof(ssrc));
	ssrc ^= e->mask;
	memcpy(packet + SSRC_AT, &ssrc, sizeof(ssrc));
	if (sendto(e->fd, packet, n, MSG_DONTWAIT, (struct sockaddr *)from, from_n) == (ssize_t)n)
		e->out++;
}

void agent_echo_ready(struct agent_echo *e, rt_ms now, bool send)
{
	for (int i = 0; i < AT_ONCE; i++) {
		char packet[ECHO_PACKET_MAX + 1];
		struct sockaddr_storage from;
		socklen_t from_n = sizeof(from);
		struct sip_hop hop;
		const ssize_t n = recvfrom(e->fd, packet, sizeof(packet), MSG_DONTWAIT, (struct sockaddr *)&from, &from_n);

		if (n < 0 && errno != EAGAIN && errno != EWOULDBLOCK)
			continue; /* an ICMP error of a packet that went before */
		if (n < 0)
			return;
		sip_hop_from_sockaddr(&hop, &from, SIP_UDP);
		if (send && n >= RTP_HEAD && n <= ECHO_PACKET_MAX && (packet[0] & 0xc0) == 0x80 && agent_echo_admits(e, &hop, now))
			send_back(e, packet, (size_t)n, &from, from_n);
	}
}
