/* SPDX-License-Identifier: MIT */
/* gateway: reading hops and routes, wherever they are written. */
#include "svc/gateway.h"

#include <ctype.h>
#include <stddef.h>
#include <stdio.h>

#include "sip/hop.h"
#include "sip/uri.h"

enum word_type { WORD_INT, WORD_BOOL };

static const struct hop_word {
	const char *name;
	enum word_type type;
	uint32_t def, high;
	size_t at;
} hop_words[] = {
#define X(word, kind, def_, high_, what) { #word, WORD_##kind, def_, high_, offsetof(struct svc_hop, word) },
	SVC_HOP_MAP(X)
#undef X
};
enum { HOP_WORDS = sizeof(hop_words) / sizeof(hop_words[0]) };

static int read_value(const struct hop_word *w, struct slice value, uint32_t *field, char *why)
{
	if (w->type == WORD_BOOL) {
		*field = slice_eq(value, SLICE("on"));
		if (*field || slice_eq(value, SLICE("off")))
			return 0;
		snprintf(why, SVC_GATEWAY_WHY, "%s is '" SLICE_FMT "'; it must be on or off", w->name, SLICE_ARG(slice_head(value, 40)));
		return RT_BAD;
	}
	if (slice_u32(value, field) && *field <= w->high)
		return 0;
	snprintf(why, SVC_GATEWAY_WHY, "%s is '" SLICE_FMT "'; it must be a number from 0 to %u", w->name, SLICE_ARG(slice_head(value, 40)),
		 w->high);
	return RT_BAD;
}

static int read_word(struct svc_hop *hop, struct slice word, char *why)
{
	const int eq = slice_find(word, '=');

	for (int i = 0; eq > 0 && i < HOP_WORDS; i++)
		if (slice_eq(slice_head(word, (uint32_t)eq), slice_str(hop_words[i].name)))
			return read_value(&hop_words[i], slice_from(word, (uint32_t)eq + 1),
					  (uint32_t *)(void *)((char *)hop + hop_words[i].at), why);
	snprintf(why, SVC_GATEWAY_WHY, "'" SLICE_FMT "' after the URI; it takes priority=, weight=, options= and trust=",
		 SLICE_ARG(slice_head(word, 60)));
	return RT_BAD;
}

static int read_uri(const struct svc_hop *hop, char *why)
{
	struct sip_uri uri;
	struct sip_hop address;

	if (sip_uri_parse(&uri, hop->uri) || (uri.scheme != SIP_SCHEME_SIP && uri.scheme != SIP_SCHEME_SIPS) || slice_present(uri.user) ||
	    slice_present(uri.headers)) {
		snprintf(why, SVC_GATEWAY_WHY, "'" SLICE_FMT "'; it must be sip:host[:port][;transport=tcp], without a user",
			 SLICE_ARG(slice_head(hop->uri, 80)));
		return RT_BAD;
	}
	if (hop->trust && sip_hop_ip(&address, uri.host, SIP_UDP, 0)) {
		snprintf(why, SVC_GATEWAY_WHY, "trust=on needs an address, and '" SLICE_FMT "' is a name", SLICE_ARG(slice_head(uri.host, 80)));
		return RT_BAD;
	}
	return 0;
}

int svc_hop_read(struct svc_hop *out, struct slice text, char why[SVC_GATEWAY_WHY])
{
	struct svc_hop hop = { .group = out->group };
	struct slice word;

	for (int i = 0; i < HOP_WORDS; i++)
		*(uint32_t *)(void *)((char *)&hop + hop_words[i].at) = hop_words[i].def;
	if (!slice_word(&text, &hop.uri)) {
		snprintf(why, SVC_GATEWAY_WHY, "empty; it must be sip:host[:port] and perhaps priority=1 weight=10 options=30 trust=off");
		return RT_BAD;
	}
	while (slice_word(&text, &word)) {
		if (read_word(&hop, word, why))
			return RT_BAD;
	}
	if (read_uri(&hop, why))
		return RT_BAD;
	*out = hop;
	return 0;
}

/* ---- What is routed ---- */

static bool all(struct slice s, bool (*fits)(unsigned char))
{
	for (uint32_t i = 0; i < s.n; i++)
		if (!fits((unsigned char)s.p[i]))
			return false;
	return s.n > 0;
}

static bool is_dial(unsigned char c)
{
	return isdigit(c) || c == '*' || c == '#';
}

static bool is_host(unsigned char c)
{
	return isalnum(c) || c == '-' || c == '.' || c == '_' || c == ':' || c == '[' || c == ']';
}

static bool is_group(unsigned char c)
{
	return isdigit(c) || islower(c) || c == '-' || c == '.';
}

enum svc_what svc_route_what(struct slice what)
{
	const bool plus = what.n && what.p[0] == '+';

	if (slice_eq(what, SLICE("*")))
		return SVC_WHAT_ANY;
	if (slice_eq(what, SLICE("+")) || all(slice_from(what, plus), is_dial))
		return SVC_WHAT_NUMBER;
	if (what.n > 1 && what.p[0] == '.' && all(slice_from(what, 1), is_host))
		return SVC_WHAT_BELOW;
	return all(what, is_host) && what.p[0] != '.' ? SVC_WHAT_DOMAIN : SVC_WHAT_NONE;
}

bool svc_group_is(struct slice name)
{
	return name.n <= SVC_GROUP_MAX && all(name, is_group);
}

bool svc_number_read(struct slice user, char *room, uint32_t size, struct slice *bare)
{
	const int semi = slice_find(user, ';');
	uint32_t n = 0;

	if (semi >= 0)
		user = slice_head(user, (uint32_t)semi);
	for (uint32_t i = 0; i < user.n; i++) {
		const bool hash = slice_eq(slice_head(slice_from(user, i), 3), SLICE("%23"));
		const char c = hash ? '#' : user.p[i];

		if (memchr("-.()", c, 4))
			continue;
		if (n == size || !(is_dial((unsigned char)c) || (c == '+' && n == 0)))
			return false;
		room[n++] = c;
		i += hash ? 2 : 0;
	}
	*bare = slice_of(room, n);
	return n > 0 && !(n == 1 && room[0] == '+');
}
