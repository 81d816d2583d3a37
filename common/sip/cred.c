/* SPDX-License-Identifier: MIT */
/* cred: "Digest name=value, ..." of credentials and challenges. RFC 3261 25.1, RFC 8760. */
#include "sip/cred.h"
#include "chars.h"

#include <stddef.h>

struct member {
	struct slice name;
	size_t at; /* of its slice in struct sip_cred */
};

static const struct member members[] = {
	{ { "username", 8 }, offsetof(struct sip_cred, username) },
	{ { "realm", 5 }, offsetof(struct sip_cred, realm) },
	{ { "nonce", 5 }, offsetof(struct sip_cred, nonce) },
	{ { "uri", 3 }, offsetof(struct sip_cred, uri) },
	{ { "response", 8 }, offsetof(struct sip_cred, response) },
	{ { "algorithm", 9 }, offsetof(struct sip_cred, algorithm) },
	{ { "cnonce", 6 }, offsetof(struct sip_cred, cnonce) },
	{ { "opaque", 6 }, offsetof(struct sip_cred, opaque) },
	{ { "qop", 3 }, offsetof(struct sip_cred, qop) },
	{ { "nc", 2 }, offsetof(struct sip_cred, nc) },
	{ { "stale", 5 }, offsetof(struct sip_cred, stale) },
};

/* Where this parameter's value belongs; NULL for one we do not know, which is ignored. */
static struct slice *member_of(struct sip_cred *cred, struct slice name)
{
	for (size_t i = 0; i < sizeof(members) / sizeof(members[0]); i++)
		if (name.n == members[i].name.n && slice_eq_nocase(name, members[i].name))
			return (struct slice *)(void *)((char *)cred + members[i].at);
	return 0;
}

/* A value with its quotes off. returns what follows, or NULL. */
static const char *read_value(struct slice *out, const char *p, const char *end)
{
	const char *const start = p;

	if (p < end && *p == '"') {
		p = char_quoted_end(p, end);
		*out = p ? char_between(start + 1, p - 1) : SLICE_NONE;
		return p;
	}
	p = char_span(p, end, CHAR_VALUE);
	*out = char_between(start, p);
	return p > start ? p : 0;
}

/* name EQUAL value. returns what follows, white space skipped, or NULL. */
static const char *read_param(struct sip_cred *cred, const char *p, const char *end)
{
	const char *const start = p;
	struct slice name, value, *member;

	p = char_span(p, end, CHAR_TOKEN);
	name = char_between(start, p);
	p = char_skip_space(p, end);
	if (name.n == 0 || p == end || *p != '=')
		return 0;
	p = read_value(&value, char_skip_space(p + 1, end), end);
	if (p == 0)
		return 0;
	member = member_of(cred, name);
	if (member && slice_present(*member))
		return 0;
	if (member)
		*member = value;
	return char_skip_space(p, end);
}

int sip_cred_parse(struct sip_cred *out, struct slice value)
{
	struct sip_cred cred = { 0 };

	value = slice_trim(value);
	if (value.n == 0)
		return RT_BAD;

	const char *const end = value.p + value.n;
	const char *p = char_span(value.p, end, CHAR_TOKEN);

	if (p == value.p)
		return RT_BAD;
	if (!slice_eq_nocase(char_between(value.p, p), SLICE("Digest")))
		return RT_ABSENT;
	if (p == end || !char_is_space(*p))
		return RT_BAD;
	for (;;) {
		p = read_param(&cred, char_skip_space(p, end), end);
		if (p == 0)
			return RT_BAD;
		if (p == end)
			break;
		if (*p++ != ',')
			return RT_BAD;
	}
	*out = cred;
	return 0;
}
