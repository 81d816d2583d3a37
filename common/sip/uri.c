/* SPDX-License-Identifier: MIT */
/* uri: reading sip, sips and tel URIs. RFC 3261 19.1.1 and 25.1, RFC 3966 3. */
#include "sip/uri.h"
#include "host.h"
#include "uri_part.h"

/* "user[:password]" up to the '@'. */
static int read_userinfo(struct sip_uri *u, const char *p, const char *at)
{
	const char *end = p;

	/* '#' is no user character, but 25.1 lets a telephone-subscriber (RFC 2806) stand here and phones dial it. */
	while ((end = char_span_escaped(end, at, CHAR_USER)) < at && *end == '#')
		end++;
	if (end == p)
		return RT_BAD;
	u->user = char_between(p, end);
	if (end == at)
		return 0;
	if (*end != ':')
		return RT_BAD;
	u->password = char_between(end + 1, at);
	return char_span_escaped(end + 1, at, CHAR_PASSWORD) == at ? 0 : RT_BAD;
}

static bool check_number(struct slice s, unsigned max)
{
	uint32_t v;

	return slice_u32(s, &v) && v <= max;
}

static bool check_maddr(struct slice s)
{
	struct host host;

	return s.n > 0 && host_read(&host, s.p, s.p + s.n) == s.p + s.n;
}

/* The parameters 19.1.1 knows: their values have a grammar, and none may come twice. */
static int check_known(struct slice name, struct slice value, unsigned *seen)
{
	static const struct {
		struct slice name;
		bool valued;
	} known[] = {
		{ { "transport", 9 }, true }, { { "user", 4 }, true }, { { "method", 6 }, true },
		{ { "ttl", 3 }, true },       { { "maddr", 5 }, true }, { { "lr", 2 }, false },
	};

	for (unsigned i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
		if (name.n != known[i].name.n || !slice_eq_nocase(name, known[i].name))
			continue;
		if (*seen & 1u << i || (known[i].valued && value.n == 0))
			return RT_BAD;
		*seen |= 1u << i;
		if (name.n == 3 && !check_number(value, 255))
			return RT_BAD;
		return name.n != 5 || check_maddr(value) ? 0 : RT_BAD;
	}
	return 0;
}

/* *(";" uri-parameter) from the first ';'. returns where they end, or NULL. */
static const char *read_params(struct sip_uri *u, const char *p, const char *end)
{
	const char *const start = p + 1;
	unsigned seen = 0;

	while (p < end && *p == ';') {
		const char *const name = ++p;
		struct slice value = SLICE_NONE;

		p = char_span_escaped(p, end, CHAR_PARAM);
		if (p == name)
			return 0;

		const struct slice name_s = char_between(name, p);

		if (p < end && *p == '=') {
			const char *const from = ++p;

			p = char_span_escaped(p, end, CHAR_PARAM);
			if (p == from)
				return 0;
			value = char_between(from, p);
		}
		if (check_known(name_s, value, &seen) < 0)
			return 0;
	}
	u->params = char_between(start, p);
	return p;
}

/* "?" header *("&" header), to the end. */
static int read_headers(struct sip_uri *u, const char *p, const char *end)
{
	u->headers = char_between(p + 1, end);
	do {
		const char *const name = ++p;

		p = char_span_escaped(p, end, CHAR_HEADER);
		if (p == name || p == end || *p != '=')
			return RT_BAD;
		p = char_span_escaped(p + 1, end, CHAR_HEADER);
	} while (p < end && *p == '&');
	return p == end ? 0 : RT_BAD;
}

/* What follows "sip:" or "sips:". */
static int read_sip(struct sip_uri *u, const char *p, const char *end)
{
	const char *const at = memchr(p, '@', (size_t)(end - p)); /* '@' is escaped everywhere else */
	struct host host;

	if (at) {
		if (read_userinfo(u, p, at) < 0)
			return RT_BAD;
		p = at + 1;
	}
	p = host_read(&host, p, end);
	if (p == 0)
		return RT_BAD;
	u->host = host.name;
	u->host_kind = host.kind;
	if (p < end && *p == ':' && (p = host_read_port(&u->port, p + 1, end)) == 0)
		return RT_BAD;
	if (p < end && *p == ';' && (p = read_params(u, p, end)) == 0)
		return RT_BAD;
	if (p < end && *p == '?')
		return read_headers(u, p, end);
	return p == end ? 0 : RT_BAD;
}

/*
 * "tel:" number *(";" parameter). A local number should name its phone-context (RFC 3966 5.1.5); short codes
 * such as tel:112 are sent without one, and refusing those would harm more than it would teach.
 */
static int read_tel(struct sip_uri *u, const char *p, const char *end)
{
	const char *const start = p;
	const bool global = p < end && *p == '+';
	unsigned digits = 0;

	for (p += global; p < end && *p != ';'; p++) {
		if (*p == '-' || *p == '.' || *p == '(' || *p == ')')
			continue;
		if (!char_is(*p, global ? CHAR_DIGIT : CHAR_HEX) && (global || (*p != '*' && *p != '#')))
			return RT_BAD;
		digits++;
	}
	if (digits == 0)
		return RT_BAD;
	u->user = char_between(start, p);
	if (p < end)
		p = read_params(u, p, end);
	return p == end ? 0 : RT_BAD;
}

static enum sip_scheme find_scheme(struct slice s)
{
	if (s.n == 3 && slice_eq_nocase(s, SLICE("sip")))
		return SIP_SCHEME_SIP;
	if (s.n == 4 && slice_eq_nocase(s, SLICE("sips")))
		return SIP_SCHEME_SIPS;
	if (s.n == 3 && slice_eq_nocase(s, SLICE("tel")))
		return SIP_SCHEME_TEL;
	return SIP_SCHEME_OTHER;
}

int sip_uri_parse(struct sip_uri *out, struct slice text)
{
	if (text.n == 0 || !char_is(*text.p, CHAR_ALNUM) || char_is(*text.p, CHAR_DIGIT))
		return RT_BAD;

	const char *const end = text.p + text.n;
	const char *p = char_span(text.p, end, CHAR_SCHEME);
	struct sip_uri u = { .scheme_text = char_between(text.p, p) };
	int err = 0;

	if (p == end || *p != ':')
		return RT_BAD;
	p++;
	u.scheme = find_scheme(u.scheme_text);
	switch (u.scheme) {
	case SIP_SCHEME_SIP:
	case SIP_SCHEME_SIPS:
		err = read_sip(&u, p, end);
		break;
	case SIP_SCHEME_TEL:
		err = read_tel(&u, p, end);
		break;
	default:
		u.user = char_between(p, end);
		err = p < end && char_span(p, end, CHAR_OPAQUE) == end ? 0 : RT_BAD;
	}
	if (err == 0)
		*out = u;
	return err;
}

struct slice sip_uri_param(const struct sip_uri *u, struct slice name)
{
	struct slice rest = u->params;
	struct uri_pair pair;

	while (uri_pair_next(&rest, ';', &pair))
		if (slice_eq_nocase(pair.name, name))
			return slice_present(pair.value) ? pair.value : slice_of("", 0);
	return SLICE_NONE;
}

enum sip_transport sip_uri_transport(const struct sip_uri *u)
{
	const struct slice written = sip_uri_param(u, SLICE("transport"));
	const enum sip_transport t = written.n ? sip_transport_find(written) : 0;

	if (u->scheme == SIP_SCHEME_SIP)
		return t;
	if (u->scheme != SIP_SCHEME_SIPS)
		return 0;
	return t == SIP_WS || t == SIP_WSS ? SIP_WSS : SIP_TLS; /* 26.2.2: sips is TLS whatever it runs on */
}
