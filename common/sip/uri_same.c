/* SPDX-License-Identifier: MIT */
/* uri_same: equality of URIs, RFC 3261 19.1.4 and RFC 3966 4. */
#include "host.h"
#include "sip/uri.h"
#include "uri_part.h"

static unsigned fold_unit(unsigned c, bool fold)
{
	return fold && c >= 'A' && c <= 'Z' ? c | 0x20 : c;
}

bool uri_text_same(struct slice a, struct slice b, bool fold)
{
	if (slice_present(a) != slice_present(b))
		return false;
	while (a.n && b.n)
		if (fold_unit(uri_unit(&a), fold) != fold_unit(uri_unit(&b), fold))
			return false;
	return a.n == b.n;
}

int uri_text_order(struct slice a, struct slice b)
{
	while (a.n && b.n) {
		const unsigned x = fold_unit(uri_unit(&a), true), y = fold_unit(uri_unit(&b), true);

		if (x != y)
			return x < y ? -1 : 1;
	}
	return a.n ? 1 : b.n ? -1 : 0;
}

/* Characters with escapes undone: equal lists are equally long. */
static uint32_t count_units(struct slice s)
{
	uint32_t n = 0;

	for (; s.n; n++)
		(void)uri_unit(&s);
	return n;
}

int uri_pairs(struct slice list, char separator, struct uri_pair out[URI_PAIRS_MAX])
{
	struct uri_pair pair;
	int n = 0;

	if (list.n > URI_LIST_MAX && count_units(list) > URI_LIST_MAX)
		return -1;
	while (uri_pair_next(&list, separator, &pair)) {
		if (n == URI_PAIRS_MAX)
			return -1;
		out[n++] = pair;
	}
	return n;
}

char uri_tel_digit(struct slice *s)
{
	while (s->n) {
		const char c = *s->p;

		*s = slice_of(s->p + 1, s->n - 1);
		if (c != '-' && c != '.' && c != '(' && c != ')')
			return char_lower(c);
	}
	return 0;
}

static bool same_tel_number(struct slice a, struct slice b)
{
	char x, y;

	do {
		x = uri_tel_digit(&a);
		y = uri_tel_digit(&b);
	} while (x == y && x);
	return x == y;
}

static bool same_host(const struct sip_uri *a, const struct sip_uri *b)
{
	uint8_t x[16], y[16];

	if (a->host_kind != b->host_kind)
		return false;
	if (a->host_kind != SIP_HOST_IPV6)
		return slice_eq_nocase(a->host, b->host);
	return host_ipv6(a->host, x) && host_ipv6(b->host, y) && memcmp(x, y, 16) == 0;
}

/* How many of a list have this name, and how many of those this value. */
static int count_name(const struct uri_pair *list, int n, const struct uri_pair *pair, int *equal)
{
	int count = 0;

	*equal = 0;
	for (int i = 0; i < n; i++) {
		if (!uri_text_same(list[i].name, pair->name, true))
			continue;
		count++;
		*equal += uri_text_same(list[i].value, pair->value, true);
	}
	return count;
}

/* Parameters that may not stand in one URI alone: omitting one never equals its default. */
static bool must_stand_in_both(struct slice name)
{
	static const struct slice names[] = {
		{ "user", 4 }, { "ttl", 3 }, { "method", 6 }, { "maddr", 5 }, { "transport", 9 },
	};

	for (unsigned i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (uri_text_same(names[i], name, true))
			return true;
	return false;
}

/* Is every parameter of a either equal in b or of no account? */
static bool params_allow(const struct uri_pair *a, int na, const struct uri_pair *b, int nb)
{
	for (int i = 0; i < na; i++) {
		int equal;

		if (count_name(b, nb, &a[i], &equal) ? !equal : must_stand_in_both(a[i].name))
			return false;
	}
	return true;
}

static bool same_params(struct slice a, struct slice b)
{
	struct uri_pair x[URI_PAIRS_MAX], y[URI_PAIRS_MAX];
	const int nx = uri_pairs(a, ';', x), ny = uri_pairs(b, ';', y);

	if (nx < 0 || ny < 0)
		return uri_text_same(a, b, true);
	return params_allow(x, nx, y, ny) && params_allow(y, ny, x, nx);
}

static int count_pair(const struct uri_pair *list, int n, const struct uri_pair *pair, bool tel)
{
	int count = 0;

	for (int i = 0; i < n; i++) {
		if (!uri_text_same(list[i].name, pair->name, true))
			continue;
		count += uri_text_same(list[i].value, pair->value, true) ||
		         (tel && list[i].value.n && pair->value.n && *pair->value.p == '+' &&
		          same_tel_number(list[i].value, pair->value));
	}
	return count;
}

/* The same pairs on both sides, in any order: headers of a sip URI, parameters of a tel URI. */
static bool same_pairs(struct slice a, struct slice b, char separator, bool tel)
{
	struct uri_pair x[URI_PAIRS_MAX], y[URI_PAIRS_MAX];
	const int nx = uri_pairs(a, separator, x), ny = uri_pairs(b, separator, y);

	if (nx < 0 || ny < 0)
		return uri_text_same(a, b, true);
	if (nx != ny)
		return false;
	for (int i = 0; i < nx; i++)
		if (count_pair(x, nx, &x[i], tel) != count_pair(y, ny, &x[i], tel))
			return false;
	return true;
}

bool sip_uri_same(const struct sip_uri *a, const struct sip_uri *b)
{
	if (a->scheme != b->scheme)
		return false;
	switch (a->scheme) {
	case SIP_SCHEME_SIP:
	case SIP_SCHEME_SIPS:
		return a->port == b->port && same_host(a, b) && uri_text_same(a->user, b->user, false) &&
		       uri_text_same(a->password, b->password, false) && same_params(a->params, b->params) &&
		       same_pairs(a->headers, b->headers, '&', false);
	case SIP_SCHEME_TEL:
		return same_tel_number(a->user, b->user) && same_pairs(a->params, b->params, ';', true);
	default:
		return slice_eq_nocase(a->scheme_text, b->scheme_text) && slice_eq(a->user, b->user);
	}
}
