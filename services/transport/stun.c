/* SPDX-License-Identifier: MIT */
/*
 * stun: | type 2 | length 2 | cookie 4 | transaction 12 | attributes: type 2, length 2, value, padded to 4 |
 */
#include "stun.h"

enum {
	HEAD = 20,
	BINDING_REQUEST = 0x0001,
	BINDING_SUCCESS = 0x0101,
	BINDING_ERROR = 0x0111,
	ERROR_CODE = 0x0009,
	UNKNOWN_ATTRIBUTES = 0x000a,
	XOR_MAPPED_ADDRESS = 0x0020,
	COMPREHENSION_OPTIONAL = 0x8000,
	UNKNOWN_MAX = 8, /* named in one 420 */
};

static const uint8_t cookie[4] = { 0x21, 0x12, 0xa4, 0x42 };

static uint16_t word_at(struct slice s, uint32_t at)
{
	return (uint16_t)((uint8_t)s.p[at] << 8 | (uint8_t)s.p[at + 1]);
}

bool stun_is(struct slice d)
{
	return d.n >= HEAD && (d.p[0] & 0xc0) == 0 && memcmp(d.p + 4, cookie, 4) == 0;
}

static void put_word(struct rt_cursor *c, uint16_t w)
{
	rt_cursor_char(c, (char)(w >> 8));
	rt_cursor_char(c, (char)w);
}

/* Attributes we must understand and do not: none is needed for a keep-alive. RT_BAD when they do not tile the message. */
static int unknown_attributes(struct slice d, uint16_t unknown[UNKNOWN_MAX])
{
	int n = 0;

	for (uint32_t at = HEAD; at < d.n;) {
		uint32_t size;

		if (d.n - at < 4)
			return RT_BAD;
		size = 4u + ((word_at(d, at + 2) + 3u) & ~3u);
		if (size > d.n - at)
			return RT_BAD;
		if (word_at(d, at) < COMPREHENSION_OPTIONAL && n < UNKNOWN_MAX)
			unknown[n++] = word_at(d, at);
		at += size;
	}
	return n;
}

static void put_head(struct rt_cursor *c, uint16_t type, uint16_t length, struct slice request)
{
	put_word(c, type);
	put_word(c, length);
	rt_cursor_put(c, slice_of(request.p + 4, 16)); /* cookie and transaction */
}

/* Port and address are XORed with the cookie and transaction, RFC 5389 15.2. */
static void put_mapped(struct rt_cursor *c, struct slice request, const struct sip_hop *source)
{
	const uint16_t bytes = source->family == 4 ? 4 : 16;

	put_head(c, BINDING_SUCCESS, (uint16_t)(8 + bytes), request);
	put_word(c, XOR_MAPPED_ADDRESS);
	put_word(c, (uint16_t)(4 + bytes));
	put_word(c, source->family == 4 ? 1 : 2);
	put_word(c, source->port ^ 0x2112);
	for (uint16_t i = 0; i < bytes; i++)
		rt_cursor_char(c, (char)(source->ip[i] ^ (uint8_t)request.p[4 + i]));
}

static void put_unknown(struct rt_cursor *c, struct slice request, const uint16_t unknown[], int n)
{
	const uint16_t list = (uint16_t)((2 * n + 3) & ~3);

	put_head(c, BINDING_ERROR, (uint16_t)(8 + 4 + list), request);
	put_word(c, ERROR_CODE);
	put_word(c, 4);
	put_word(c, 0);
	put_word(c, 4 << 8 | 20); /* class 4, number 20 */
	put_word(c, UNKNOWN_ATTRIBUTES);
	put_word(c, (uint16_t)(2 * n));
	for (int i = 0; i < list / 2; i++)
		put_word(c, i < n ? unknown[i] : 0);
}

int stun_answer(struct rt_cursor *out, struct slice d, const struct sip_hop *source)
{
	uint16_t unknown[UNKNOWN_MAX];
	int n;

	if (!stun_is(d) || word_at(d, 0) != BINDING_REQUEST || word_at(d, 2) != d.n - HEAD)
		return RT_BAD;
	n = unknown_attributes(d, unknown);
	if (n < 0)
		return n;
	if (n > 0)
		put_unknown(out, d, unknown, n);
	else
		put_mapped(out, d, source);
	return out->err;
}
