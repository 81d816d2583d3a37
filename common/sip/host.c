/* SPDX-License-Identifier: MIT */
/* host: host names, IPv4 addresses and IPv6 references, and the port behind them. */
#include "host.h"
#include "chars.h"
#include "sip/uri.h"

/* Four numbers to 255 at p. returns what follows, or NULL. */
static const char *read_ipv4(uint8_t out[4], const char *p, const char *end)
{
	for (int i = 0; i < 4; i++) {
		const char *digits = p;
		unsigned v = 0;

		while (p < end && (unsigned)(*p - '0') <= 9 && p - digits < 3)
			v = v * 10 + (unsigned)(*p++ - '0');
		if (p == digits || v > 255)
			return 0;
		out[i] = (uint8_t)v;
		if (i < 3 && (p == end || *p++ != '.'))
			return 0;
	}
	return p;
}

bool host_ipv4(struct slice s, uint8_t out[4])
{
	return s.n >= 7 && read_ipv4(out, s.p, s.p + s.n) == s.p + s.n;
}

/* One group of 1 to 4 hex digits at p, as two bytes. */
static const char *read_group(const char *p, const char *end, uint8_t out[2])
{
	unsigned v = 0;
	const char *digits = p;

	while (p < end && char_is(*p, CHAR_HEX) && p - digits < 4)
		v = v << 4 | (unsigned)char_hex(*p++);
	out[0] = (uint8_t)(v >> 8);
	out[1] = (uint8_t)v;
	return p == digits ? 0 : p;
}

/* The bytes after "::" belong at the end: move them there and clear the gap. */
static bool close_gap(uint8_t out[16], int gap, int n)
{
	if (gap < 0)
		return n == 16;
	if (n > 14)
		return false;
	memmove(out + 16 - (n - gap), out + gap, (size_t)(n - gap));
	memset(out + gap, 0, (size_t)(16 - n));
	return true;
}

bool host_ipv6(struct slice s, uint8_t out[16])
{
	if (s.n < 2 || s.n > 46 || (s.p[0] == ':' && s.p[1] != ':'))
		return false;

	const char *p = s.p, *const end = s.p + s.n;
	uint8_t part[16], scratch[4];
	int n = 0, gap = -1;

	while (p < end) {
		if (end - p >= 2 && p[0] == ':' && p[1] == ':') {
			if (gap >= 0)
				return false;
			gap = n;
			p += 2;
			if (p < end && *p == ':' && host_ipv4(char_between(p + 1, end), scratch)) /* ":::1.2.3.4" */
				p++;
			continue;
		}
		if (n > 0 && gap != n && *p++ != ':')
			return false;
		if (n <= 12 && host_ipv4(char_between(p, end), part + n)) {
			n += 4;
			p = end;
			break;
		}
		if (n > 14 || (p = read_group(p, end, part + n)) == 0)
			return false;
		n += 2;
	}
	if (!close_gap(part, gap, n))
		return false;
	memcpy(out, part, 16);
	return true;
}

static const char *read_ipv6(struct host *out, const char *p, const char *end)
{
	const char *close = memchr(p, ']', (size_t)(end - p));
	uint8_t bytes[16];

	if (close == 0 || !host_ipv6(char_between(p + 1, close), bytes))
		return 0;
	*out = (struct host){ char_between(p + 1, close), SIP_HOST_IPV6 };
	return close + 1;
}

/*
 * An IPv4 address, or labels with dots between them and perhaps one behind. The last label of a name holds a letter, so that a
 * broken IPv4 address is never taken for a name; it may begin with a digit (generated container names do).
 */
const char *host_read(struct host *out, const char *p, const char *end)
{
	const char *const start = p;
	const char *behind;
	bool letter = false;
	uint8_t bytes[4];

	if (p < end && *p == '[')
		return read_ipv6(out, p, end);
	behind = read_ipv4(bytes, p, end);
	if (behind && (behind == end || (*behind != '.' && !char_is(*behind, CHAR_LABEL)))) {
		*out = (struct host){ char_between(p, behind), SIP_HOST_IPV4 };
		return behind;
	}
	for (;;) {
		const char *label = p;

		p = char_span(p, end, CHAR_LABEL);
		if (p == label || *label == '-' || p[-1] == '-')
			return 0;
		letter = char_span(label, p, CHAR_DIGIT) != p;
		if (p == end || *p != '.')
			break;
		if (++p == end || !char_is(*p, CHAR_LABEL)) /* the dot of the root */
			break;
	}
	if (!letter)
		return 0;
	*out = (struct host){ char_between(start, p), SIP_HOST_NAME };
	return p;
}

const char *host_read_port(uint16_t *out, const char *p, const char *end)
{
	unsigned v = 0;

	for (; p < end && char_is(*p, CHAR_DIGIT); p++) {
		v = v * 10 + (unsigned)(*p - '0');
		if (v > 65535)
			return 0;
	}
	if (v == 0)
		return 0;
	*out = (uint16_t)v;
	return p;
}
