/* SPDX-License-Identifier: MIT */
/* uri_forms: a URI written anew: as location key, as Request-URI, as binding id. */
#include "host.h"
#include "rt/cursor.h"
#include "sip/uri.h"
#include "uri_part.h"

/* Room for the text of `s` with every byte escaped. */
static uint32_t room_for(struct slice s)
{
	return 3 * s.n + 1;
}

static struct rt_cursor cursor_in(struct rt_arena *a, uint32_t room)
{
	return rt_cursor_on(rt_arena_raw(a, room), room);
}

/* Hand back what was not needed. */
static int finish(struct rt_cursor *c, struct rt_arena *a, struct slice *out)
{
	if (c->err)
		return c->err;
	rt_arena_shrink(a, c->p, c->n);
	*out = rt_cursor_text(c);
	return 0;
}

static void put_escaped(struct rt_cursor *c, unsigned char byte)
{
	rt_cursor_char(c, '%');
	rt_cursor_char(c, "0123456789ABCDEF"[byte >> 4]);
	rt_cursor_char(c, "0123456789ABCDEF"[byte & 15]);
}

/* One spelling for every text that uri_text_same calls equal. */
static void put_units(struct rt_cursor *c, struct slice s, unsigned raw, bool fold)
{
	while (s.n) {
		const unsigned unit = uri_unit(&s);

		if (unit & URI_ESCAPED || !char_is((char)unit, raw))
			put_escaped(c, (unsigned char)unit);
		else
			rt_cursor_char(c, fold ? char_lower((char)unit) : (char)unit);
	}
}

static void put_lower(struct rt_cursor *c, struct slice s)
{
	for (uint32_t i = 0; i < s.n; i++)
		rt_cursor_char(c, char_lower(s.p[i]));
}

static void put_tel_number(struct rt_cursor *c, struct slice number)
{
	for (char digit; (digit = uri_tel_digit(&number)) != 0;)
		rt_cursor_char(c, digit);
}

static void put_host(struct rt_cursor *c, const struct sip_uri *u)
{
	if (u->host_kind == SIP_HOST_IPV6)
		rt_cursor_char(c, '[');
	put_lower(c, u->host);
	if (u->host_kind == SIP_HOST_IPV6)
		rt_cursor_char(c, ']');
}

/* All escapes undone but those of bytes a user part may not hold, 10.3 step 5. */
static void put_aor_user(struct rt_cursor *c, struct slice user)
{
	while (user.n) {
		const unsigned char byte = (unsigned char)uri_unit(&user);

		if (char_is((char)byte, CHAR_USER))
			rt_cursor_char(c, (char)byte);
		else
			put_escaped(c, byte);
	}
}

int sip_uri_aor(const struct sip_uri *u, struct rt_arena *a, struct slice *out)
{
	struct rt_cursor c;

	if (u->scheme == SIP_SCHEME_OTHER || u->scheme == SIP_SCHEME_NONE)
		return RT_BAD;
	c = cursor_in(a, room_for(u->user) + u->host.n + 3);
	if (c.p == 0)
		return RT_NOMEM;
	if (u->scheme == SIP_SCHEME_TEL) {
		put_tel_number(&c, u->user);
		return finish(&c, a, out);
	}
	if (slice_present(u->user)) {
		put_aor_user(&c, u->user);
		rt_cursor_char(&c, '@');
	}
	put_host(&c, u);
	if (c.n && c.p[c.n - 1] == '.') /* the dot of the root names the same domain */
		c.n--;
	return finish(&c, a, out);
}

/* All parameters but method. */
static void put_target_params(struct rt_cursor *c, struct slice params)
{
	struct uri_pair pair;

	while (uri_pair_next(&params, ';', &pair)) {
		if (uri_text_same(pair.name, SLICE("method"), true))
			continue;
		rt_cursor_char(c, ';');
		rt_cursor_put(c, pair.name);
		if (slice_present(pair.value)) {
			rt_cursor_char(c, '=');
			rt_cursor_put(c, pair.value);
		}
	}
}

int sip_uri_as_target(const struct sip_uri *u, struct rt_arena *a, struct slice *out)
{
	const bool hosted = u->scheme == SIP_SCHEME_SIP || u->scheme == SIP_SCHEME_SIPS;
	const struct slice last = hosted ? u->host : u->user;
	struct slice head = char_between(u->scheme_text.p, last.p + last.n);
	struct rt_cursor c = cursor_in(a, head.n + u->params.n + 16);

	if (c.p == 0)
		return RT_NOMEM;
	rt_cursor_put(&c, head);
	if (hosted && u->host_kind == SIP_HOST_IPV6)
		rt_cursor_char(&c, ']');
	if (u->port) {
		rt_cursor_char(&c, ':');
		rt_cursor_u64(&c, u->port);
	}
	put_target_params(&c, u->params);
	return finish(&c, a, out);
}

static void put_pair(struct rt_cursor *c, const struct uri_pair *pair, char separator, unsigned raw)
{
	rt_cursor_char(c, separator);
	put_units(c, pair->name, raw, true);
	if (slice_present(pair->value)) {
		rt_cursor_char(c, '=');
		put_units(c, pair->value, raw, true);
	}
}

/* The parameters that count whether or not the other URI has them, in this order. */
static void put_known_params(struct rt_cursor *c, struct slice params)
{
	static const struct slice names[] = {
		{ "user", 4 }, { "ttl", 3 }, { "method", 6 }, { "maddr", 5 }, { "transport", 9 },
	};

	for (unsigned i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		struct slice rest = params;
		struct uri_pair pair;

		while (uri_pair_next(&rest, ';', &pair)) {
			if (!uri_text_same(pair.name, names[i], true))
				continue;
			put_pair(c, &pair, ';', CHAR_PARAM);
			break;
		}
	}
}

/* phone-context is the one value of a tel URI that is a number itself. */
static void put_tel_pair(struct rt_cursor *c, const struct uri_pair *pair)
{
	struct slice number = pair->value;

	if (number.n == 0 || *number.p != '+') {
		put_pair(c, pair, ';', CHAR_PARAM);
		return;
	}
	put_pair(c, &(struct uri_pair){ pair->name, SLICE_NONE }, ';', CHAR_PARAM);
	rt_cursor_char(c, '=');
	put_tel_number(c, number);
}

static void put_header(struct rt_cursor *c, const struct uri_pair *pair)
{
	put_pair(c, pair, '&', CHAR_HEADER);
}

static int order_pairs(const struct uri_pair *a, const struct uri_pair *b)
{
	const int by_name = uri_text_order(a->name, b->name);

	return by_name ? by_name : uri_text_order(a->value, b->value);
}

/* Sorted; a list too long to sort stays as it is, and uri_same then compares it so. */
static void put_sorted(struct rt_cursor *c, struct slice list, char separator,
                       void (*put)(struct rt_cursor *, const struct uri_pair *))
{
	struct uri_pair pairs[URI_PAIRS_MAX], pair;
	const int n = uri_pairs(list, separator, pairs);

	if (n < 0) {
		while (uri_pair_next(&list, separator, &pair))
			put(c, &pair);
		return;
	}
	for (int i = 1; i < n; i++) { /* by insertion: at most 32, nearly always none or one */
		int at = i;

		pair = pairs[i];
		for (; at > 0 && order_pairs(&pair, &pairs[at - 1]) < 0; at--)
			pairs[at] = pairs[at - 1];
		pairs[at] = pair;
	}
	for (int i = 0; i < n; i++)
		put(c, &pairs[i]);
}

/* All eight groups, so that every spelling of an address is one. */
static void put_canon_host(struct rt_cursor *c, const struct sip_uri *u)
{
	uint8_t bytes[16];

	if (u->host_kind != SIP_HOST_IPV6 || !host_ipv6(u->host, bytes)) {
		put_lower(c, u->host);
		return;
	}
	for (int i = 0; i < 16; i += 2) {
		rt_cursor_char(c, i ? ':' : '[');
		rt_cursor_hex(c, (uint64_t)bytes[i] << 8 | bytes[i + 1], 4);
	}
	rt_cursor_char(c, ']');
}

static void put_sip_canon(struct rt_cursor *c, const struct sip_uri *u)
{
	if (slice_present(u->user)) {
		put_units(c, u->user, CHAR_USER, false);
		if (slice_present(u->password)) {
			rt_cursor_char(c, ':');
			put_units(c, u->password, CHAR_PASSWORD, false);
		}
		rt_cursor_char(c, '@');
	}
	put_canon_host(c, u);
	if (u->port) {
		rt_cursor_char(c, ':');
		rt_cursor_u64(c, u->port);
	}
	put_known_params(c, u->params);
	put_sorted(c, u->headers, '&', put_header);
}

static void put_tel_canon(struct rt_cursor *c, const struct sip_uri *u)
{
	put_tel_number(c, u->user);
	put_sorted(c, u->params, ';', put_tel_pair);
}

int sip_uri_canon(const struct sip_uri *u, struct rt_arena *a, struct slice *out)
{
	const uint32_t room = u->scheme_text.n + room_for(u->user) + room_for(u->password) + u->host.n +
	                      room_for(u->params) + room_for(u->headers) + 64;
	struct rt_cursor c = cursor_in(a, room);

	if (c.p == 0)
		return RT_NOMEM;
	put_lower(&c, u->scheme_text);
	rt_cursor_char(&c, ':');
	if (u->scheme == SIP_SCHEME_SIP || u->scheme == SIP_SCHEME_SIPS)
		put_sip_canon(&c, u);
	else if (u->scheme == SIP_SCHEME_TEL)
		put_tel_canon(&c, u);
	else
		rt_cursor_put(&c, u->user);
	return finish(&c, a, out);
}
