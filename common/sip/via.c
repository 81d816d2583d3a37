/* SPDX-License-Identifier: MIT */
/* via: one Via value. RFC 3261 20.42 and 25.1, RFC 3581, RFC 5118 4.5, RFC 5923, RFC 6223. */
#include "sip/via.h"
#include "chars.h"
#include "host.h"
#include "line.h"
#include "sip/index.h"
#include "sip/uri.h"
#include "value.h"

/* A token with white space allowed around it. returns what follows, or NULL. */
static const char *read_token(struct slice *out, const char *p, const char *end)
{
	const char *const start = p = char_skip_space(p, end);

	p = char_span(p, end, CHAR_TOKEN);
	*out = char_between(start, p);
	return p > start ? char_skip_space(p, end) : 0;
}

/* "SIP/2.0/UDP" and the white space behind it. */
static const char *read_protocol(struct sip_via *v, const char *p, const char *end)
{
	struct slice name, version;

	p = read_token(&name, p, end);
	if (p == 0 || p == end || *p != '/' || !slice_eq_nocase(name, SLICE("SIP")))
		return 0;
	p = read_token(&version, p + 1, end); /* any: a message of another version is answered 505 along its Via */
	if (p == 0 || p == end || *p != '/')
		return 0;
	p = read_token(&v->transport_text, p + 1, end);
	if (p == 0 || !char_is_space(p[-1]))
		return 0;
	v->transport = sip_transport_find(v->transport_text);
	return p;
}

/* host [ COLON port ], white space around the colon. */
static const char *read_sent_by(struct sip_via *v, const char *p, const char *end)
{
	struct host host;

	p = host_read(&host, p, end);
	if (p == 0)
		return 0;
	v->host = host.name;
	p = char_skip_space(p, end);
	if (p == end || *p != ':')
		return p;
	p = host_read_port(&v->port, char_skip_space(p + 1, end), end);
	return p ? char_skip_space(p, end) : 0;
}

static struct slice unbracket(struct slice s)
{
	return s.n > 2 && s.p[0] == '[' && s.p[s.n - 1] == ']' ? slice_of(s.p + 1, s.n - 2) : s;
}

static bool take_received(struct sip_via *v, struct slice value)
{
	uint8_t bytes[16];

	v->received = unbracket(value);
	v->flags |= SIP_VIA_RECEIVED;
	return host_ipv4(v->received, bytes) || host_ipv6(v->received, bytes);
}

static bool take_rport(struct sip_via *v, struct slice value)
{
	uint16_t port;

	v->rport = value.n ? value : slice_of("", 0);
	v->flags |= SIP_VIA_RPORT;
	return value.n == 0 || host_read_port(&port, value.p, value.p + value.n) == value.p + value.n;
}

static bool take_branch(struct sip_via *v, struct slice value)
{
	v->branch = value;
	if (value.n > 7 && slice_starts_nocase(value, SLICE("z9hG4bK"))) /* tokens fold, 7.3.1 */
		v->flags |= SIP_VIA_COOKIE;
	return value.n > 0 && *value.p != '"';
}

static bool take_maddr(struct sip_via *v, struct slice value)
{
	struct host host;

	v->maddr = unbracket(value);
	v->flags |= SIP_VIA_MADDR;
	return value.n > 0 && host_read(&host, value.p, value.p + value.n) == value.p + value.n;
}

static bool take_ttl(struct sip_via *v, struct slice value)
{
	uint32_t ttl;

	if (!slice_u32(value, &ttl) || ttl > 255)
		return false;
	v->ttl = (uint8_t)ttl;
	return true;
}

static bool take_alias(struct sip_via *v, struct slice value)
{
	(void)value;
	v->flags |= SIP_VIA_ALIAS;
	return true;
}

static bool take_keep(struct sip_via *v, struct slice value)
{
	(void)value;
	v->flags |= SIP_VIA_KEEP;
	return true;
}

static int take_param(struct sip_via *v, const struct sip_param *param, unsigned *seen)
{
	static const struct {
		struct slice name;
		bool (*take)(struct sip_via *v, struct slice value);
	} known[] = {
		{ { "branch", 6 }, take_branch }, { { "received", 8 }, take_received },
		{ { "rport", 5 }, take_rport },   { { "maddr", 5 }, take_maddr },
		{ { "ttl", 3 }, take_ttl },       { { "alias", 5 }, take_alias },
		{ { "keep", 4 }, take_keep },
	};

	for (unsigned i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
		if (param->name.n != known[i].name.n || !slice_eq_nocase(param->name, known[i].name))
			continue;
		if (*seen & 1u << i)
			return RT_BAD;
		*seen |= 1u << i;
		return known[i].take(v, param->value) ? 0 : RT_BAD;
	}
	return 0;
}

static int read_params(struct sip_via *v, struct slice rest)
{
	struct sip_param param;
	unsigned seen = 0;
	int found;

	while ((found = sip_param_next(&rest, &param)) == 1)
		if (take_param(v, &param, &seen) < 0)
			return RT_BAD;
	return found;
}

int sip_via_sent_by(struct sip_via *out, struct slice value)
{
	struct sip_via v = { 0 };
	const char *p;

	value = slice_trim(value);
	if (value.n == 0 || (p = read_protocol(&v, value.p, value.p + value.n)) == 0 ||
	    read_sent_by(&v, p, value.p + value.n) == 0)
		return RT_BAD;
	*out = v;
	return 0;
}

int sip_via_parse(struct sip_via *out, struct slice value)
{
	struct sip_via v = { 0 };

	value = slice_trim(value);
	if (value.n == 0)
		return RT_BAD;

	const char *const end = value.p + value.n;
	const char *p = read_protocol(&v, value.p, end);

	if (p == 0 || (p = read_sent_by(&v, p, end)) == 0)
		return RT_BAD;
	if (p < end) {
		v.params = char_between(p + 1, end);
		if (*p != ';' || read_params(&v, char_between(p, end)) < 0)
			return RT_BAD;
	}
	*out = v;
	return 0;
}

struct slice sip_via_top(struct slice text)
{
	for (uint32_t at = sip_line_next(text, 0), next; at < text.n && text.p[at] != '\r' && text.p[at] != '\n'; at = next) {
		struct slice value;
		const char *end;

		next = sip_line_next(text, at);
		if (sip_line_read(slice_of(text.p + at, next - at), &value) != SIP_HDR_VIA)
			continue;
		end = sip_element_end(value.p, value.p + value.n);
		return slice_trim(end ? slice_of(value.p, (uint32_t)(end - value.p)) : value);
	}
	return SLICE_NONE;
}
