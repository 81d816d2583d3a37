/* SPDX-License-Identifier: MIT */
/* hop: transport addresses between text, bytes and the kernel's form. */
#include "sip/hop.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include "rt/hash.h"

static const uint16_t default_port[] = {
	[SIP_UDP] = 5060,
	[SIP_TCP] = 5060,
	[SIP_TLS] = 5061,
	[SIP_WS] = 80,
	[SIP_WSS] = 443,
	[SIP_SCTP] = 5060,
	[SIP_TRANSPORT_OTHER] = 5060,
};

uint16_t sip_transport_port(enum sip_transport t)
{
	return t >= SIP_UDP && t <= SIP_TRANSPORT_OTHER ? default_port[t] : 5060;
}

static struct slice without_brackets(struct slice host, bool *bracketed)
{
	*bracketed = host.n >= 2 && host.p[0] == '[' && host.p[host.n - 1] == ']';
	return *bracketed ? slice_of(host.p + 1, host.n - 2) : host;
}

/* Four numbers to 255 without leading zeros, as inet_pton has them. */
static bool read_quad(uint8_t ip[4], struct slice host)
{
	uint32_t at = 0;

	for (int i = 0; i < 4; i++) {
		const uint32_t from = at;
		unsigned v = 0;

		while (at < host.n && at - from < 3 && (unsigned)(host.p[at] - '0') <= 9)
			v = v * 10 + (unsigned)(host.p[at++] - '0');
		if (at == from || v > 255 || (host.p[from] == '0' && at - from > 1))
			return false;
		ip[i] = (uint8_t)v;
		if (i < 3 && (at == host.n || host.p[at++] != '.'))
			return false;
	}
	return at == host.n;
}

int sip_hop_ip(struct sip_hop *out, struct slice host, enum sip_transport proto, uint16_t port)
{
	struct sip_hop hop = { .port = port, .proto = (uint8_t)proto };
	char text[INET6_ADDRSTRLEN];
	uint8_t quad[4];
	bool bracketed;

	if (read_quad(quad, host)) {
		memcpy(hop.ip, quad, sizeof(quad));
		hop.family = 4;
		*out = hop;
		return 0;
	}
	host = without_brackets(host, &bracketed);
	if (host.n == 0 || memchr(host.p, 0, host.n) || !slice_cstr(host, text, sizeof(text)))
		return RT_BAD;
	if (inet_pton(AF_INET6, text, hop.ip) != 1)
		return RT_BAD;
	hop.family = 6;
	*out = hop;
	return 0;
}

/* Split "192.0.2.1:5060", "[::1]:5060" or a host alone. An IPv6 address with a port must be in brackets. */
static bool split_port(struct slice text, struct slice *host, struct slice *port)
{
	uint32_t end = 0;

	if (text.n && text.p[0] == '[') {
		const int close = slice_find(text, ']');

		if (close < 0)
			return false;
		end = (uint32_t)close + 1;
	} else {
		while (end < text.n && text.p[end] != ':')
			end++;
	}
	*host = slice_head(text, end);
	*port = SLICE_NONE;
	if (end == text.n)
		return true;
	*port = slice_from(text, end + 1);
	return text.p[end] == ':';
}

int sip_hop_parse(struct sip_hop *out, struct slice text)
{
	const int colon = slice_find(text, ':');
	enum sip_transport proto;
	struct slice host, port_text;
	uint32_t port;

	if (colon < 0)
		return RT_BAD;
	proto = sip_transport_find(slice_head(text, (uint32_t)colon));
	if (proto == SIP_TRANSPORT_OTHER)
		return RT_BAD;
	if (!split_port(slice_from(text, (uint32_t)colon + 1), &host, &port_text))
		return RT_BAD;
	port = sip_transport_port(proto);
	if (slice_present(port_text) && (!slice_u32(port_text, &port) || port > 65535))
		return RT_BAD;
	return sip_hop_ip(out, host, proto, (uint16_t)port);
}

void sip_hop_render_ip(struct rt_cursor *c, const struct sip_hop *hop)
{
	char text[INET6_ADDRSTRLEN];

	if (hop->family == 0) {
		rt_cursor_char(c, '-');
		return;
	}
	if (hop->family == 4) { /* a printf, which inet_ntop is, costs as much as the rest of a stamp */
		for (int i = 0; i < 4; i++) {
			if (i)
				rt_cursor_char(c, '.');
			rt_cursor_u64(c, hop->ip[i]);
		}
		return;
	}
	inet_ntop(AF_INET6, hop->ip, text, sizeof(text));
	rt_cursor_put(c, slice_str(text));
}

void sip_hop_render_host(struct rt_cursor *c, const struct sip_hop *hop)
{
	if (hop->family == 6)
		rt_cursor_char(c, '[');
	sip_hop_render_ip(c, hop);
	if (hop->family == 6)
		rt_cursor_char(c, ']');
}

void sip_hop_render(struct rt_cursor *c, const struct sip_hop *hop)
{
	rt_cursor_put(c, hop->proto == SIP_WSS ? SLICE("wss") : sip_transport_param(hop->proto));
	rt_cursor_char(c, ':');
	sip_hop_render_host(c, hop);
	rt_cursor_char(c, ':');
	rt_cursor_u64(c, hop->port);
}

bool sip_hop_same_ip(const struct sip_hop *a, const struct sip_hop *b)
{
	return a->family == b->family && memcmp(a->ip, b->ip, sizeof(a->ip)) == 0;
}

bool sip_hop_same(const struct sip_hop *a, const struct sip_hop *b)
{
	return a->proto == b->proto && a->port == b->port && sip_hop_same_ip(a, b);
}

static const uint8_t zeros[16];
static const uint8_t mapped[12] = { [10] = 0xff, [11] = 0xff }; /* ::ffff:0:0/96, RFC 4291 2.5.5.2 */

/* The four bytes of an IPv4 address, mapped or not; NULL for IPv6 proper. */
static const uint8_t *ip4_of(const struct sip_hop *hop)
{
	if (hop->family == 4)
		return hop->ip;
	if (hop->family == 6 && memcmp(hop->ip, mapped, sizeof(mapped)) == 0)
		return hop->ip + sizeof(mapped);
	return 0;
}

bool sip_hop_is_any(const struct sip_hop *hop)
{
	const uint8_t *ip4 = ip4_of(hop);

	if (ip4)
		return memcmp(ip4, zeros, 4) == 0;
	return hop->family == 6 && memcmp(hop->ip, zeros, sizeof(zeros)) == 0;
}

bool sip_hop_is_loopback(const struct sip_hop *hop)
{
	const uint8_t *ip4 = ip4_of(hop);

	if (ip4)
		return ip4[0] == 127;
	return hop->family == 6 && memcmp(hop->ip, zeros, 15) == 0 && hop->ip[15] == 1;
}

bool sip_hop_is_broadcast(const struct sip_hop *hop)
{
	const uint8_t *ip4 = ip4_of(hop);

	return ip4 && ip4[0] == 255 && ip4[1] == 255 && ip4[2] == 255 && ip4[3] == 255;
}

bool sip_hop_is_multicast(const struct sip_hop *hop)
{
	const uint8_t *ip4 = ip4_of(hop);

	if (ip4)
		return ip4[0] >> 4 == 14;
	return hop->family == 6 && hop->ip[0] == 0xff;
}

uint64_t sip_hop_hash(const struct sip_hop *hop)
{
	uint64_t high, low;

	memcpy(&high, hop->ip, 8);
	memcpy(&low, hop->ip + 8, 8);
	return rt_mix(rt_mix(high, low),
		      (uint64_t)hop->family << 24 | (uint64_t)hop->proto << 16 | hop->port);
}

uint32_t sip_hop_to_sockaddr(const struct sip_hop *hop, struct sockaddr_storage *out)
{
	memset(out, 0, sizeof(*out));
	if (hop->family == 4) {
		struct sockaddr_in *in = (struct sockaddr_in *)out;

		in->sin_family = AF_INET;
		in->sin_port = htons(hop->port);
		memcpy(&in->sin_addr, hop->ip, 4);
		return sizeof(*in);
	}
	if (hop->family == 6) {
		struct sockaddr_in6 *in6 = (struct sockaddr_in6 *)out;

		in6->sin6_family = AF_INET6;
		in6->sin6_port = htons(hop->port);
		memcpy(&in6->sin6_addr, hop->ip, 16);
		return sizeof(*in6);
	}
	return 0;
}

void sip_hop_from_sockaddr(struct sip_hop *out, const struct sockaddr_storage *in, enum sip_transport proto)
{
	*out = (struct sip_hop){ .proto = (uint8_t)proto };
	if (in->ss_family == AF_INET) {
		const struct sockaddr_in *in4 = (const struct sockaddr_in *)in;

		out->family = 4;
		out->port = ntohs(in4->sin_port);
		memcpy(out->ip, &in4->sin_addr, 4);
	} else if (in->ss_family == AF_INET6) {
		const struct sockaddr_in6 *in6 = (const struct sockaddr_in6 *)in;

		out->family = 6;
		out->port = ntohs(in6->sin6_port);
		memcpy(out->ip, &in6->sin6_addr, 16);
	}
}
