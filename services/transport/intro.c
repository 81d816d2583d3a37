/* SPDX-License-Identifier: MIT */
/*
 * intro:
 *   1   "PROXY TCP4 192.0.2.1 198.51.100.1 40000 5060\r\n"
 *   2   | signature 12 | version 4, command 4 | family 4, protocol 4 | length 2 | addresses, ports, more |
 */
#include "intro.h"

static const char signature[12] = { '\r', '\n', '\r', '\n', 0, '\r', '\n', 'Q', 'U', 'I', 'T', '\n' };

enum { HEAD = 16, LINE_MAX_BYTES = 107, LOCAL = 0, PROXY = 1, INET = 1, INET6 = 2 };

static int more(uint32_t *need, uint32_t n)
{
	*need = n;
	return RT_MORE;
}

static int read_line(struct slice line, struct sip_hop *client)
{
	struct slice word[6] = { SLICE_NONE };
	struct sip_hop hop;
	uint32_t port;

	for (int i = 0; i < 6 && slice_word(&line, &word[i]); i++)
		;
	if (slice_eq(word[1], SLICE("UNKNOWN")))
		return 0;
	if (!slice_eq(word[1], SLICE("TCP4")) && !slice_eq(word[1], SLICE("TCP6")))
		return RT_BAD;
	if (sip_hop_ip(&hop, word[2], client->proto, 0) < 0 || hop.family != (word[1].p[3] == '4' ? 4 : 6) ||
	    !slice_u32(word[4], &port) || port == 0 || port > 65535 || word[5].n == 0)
		return RT_BAD;
	hop.port = (uint16_t)port;
	*client = hop;
	return 0;
}

static int read_first(struct slice in, struct sip_hop *client, uint32_t *need)
{
	const int end = slice_find(in, '\n');

	if (end < 0)
		return in.n < LINE_MAX_BYTES ? more(need, 1) : RT_BAD;
	return end > 0 && in.p[end - 1] == '\r' ? read_line(slice_trim(slice_head(in, (uint32_t)end)), client) : RT_BAD;
}

static uint16_t word_at(struct slice s, uint32_t at)
{
	return (uint16_t)((uint8_t)s.p[at] << 8 | (uint8_t)s.p[at + 1]);
}

static int read_addresses(struct slice in, struct sip_hop *client)
{
	const int family = (uint8_t)in.p[13] >> 4;
	const uint32_t bytes = family == INET ? 4 : 16;
	struct sip_hop hop = { .proto = client->proto, .family = family == INET ? 4 : 6 };

	if (family != INET && family != INET6)
		return 0; /* a unix socket, or unspecified: the balancer's own address stays */
	if (in.n < HEAD + 2 * bytes + 4)
		return RT_BAD;
	memcpy(hop.ip, in.p + HEAD, bytes);
	hop.port = word_at(in, HEAD + 2 * bytes);
	if (hop.port == 0)
		return RT_BAD;
	*client = hop;
	return 0;
}

static int read_second(struct slice in, struct sip_hop *client, uint32_t *need)
{
	uint32_t whole;

	if (in.n < HEAD)
		return more(need, HEAD - in.n);
	whole = HEAD + word_at(in, 14);
	if ((uint8_t)in.p[12] >> 4 != 2 || whole > INTRO_MAX)
		return RT_BAD;
	if (in.n < whole)
		return more(need, whole - in.n);
	switch (in.p[12] & 15) {
	case LOCAL:
		return 0;
	case PROXY:
		return read_addresses(in, client);
	default:
		return RT_BAD;
	}
}

int intro_read(struct slice in, struct sip_hop *client, uint32_t *need)
{
	const uint32_t n = in.n < sizeof(signature) ? in.n : (uint32_t)sizeof(signature);
	const bool first = memcmp(in.p, "PROXY ", n < 6 ? n : 6) == 0, second = memcmp(in.p, signature, n) == 0;

	if (!first && !second)
		return RT_BAD;
	if (n < sizeof(signature))
		return more(need, (uint32_t)sizeof(signature) - n);
	return second ? read_second(in, client, need) : read_first(in, client, need);
}
