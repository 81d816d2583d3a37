/* SPDX-License-Identifier: MIT */
/* param: parameters behind a header value, and the small values they hold. RFC 3261 25.1. */
#include "sip/param.h"
#include "chars.h"

/* The value after '='. returns where it ends, or NULL. */
static const char *read_value(struct slice *out, const char *p, const char *end)
{
	const char *const start = p;

	if (p < end && *p == '"')
		p = char_quoted_end(p, end);
	else
		p = char_span(p, end, CHAR_VALUE);
	if (p == 0)
		return 0;
	*out = char_between(start, p);
	return p;
}

int sip_param_next(struct slice *rest, struct sip_param *out)
{
	if (rest->n == 0)
		return 0;

	const char *const end = rest->p + rest->n;
	const char *p = char_skip_space(rest->p, end);

	if (p == end)
		return 0;
	if (*p == ';')
		p = char_skip_space(p + 1, end);

	const char *const name = p;

	p = char_span(p, end, CHAR_TOKEN);
	if (p == name)
		return RT_BAD;
	*out = (struct sip_param){ char_between(name, p), SLICE_NONE };
	p = char_skip_space(p, end);
	if (p < end && *p == '=') {
		p = read_value(&out->value, char_skip_space(p + 1, end), end);
		if (p == 0)
			return RT_BAD;
		p = char_skip_space(p, end);
	}
	if (p < end && *p != ';')
		return RT_BAD;
	*rest = char_between(p, end); /* the ';' stays, so that ";;" and a last ';' are seen as what they are */
	return 1;
}

static bool find(struct slice params, struct slice name, struct sip_param *out)
{
	while (sip_param_next(&params, out) == 1)
		if (slice_eq_nocase(out->name, name))
			return true;
	return false;
}

struct slice sip_param_get(struct slice params, struct slice name)
{
	struct sip_param found;

	if (!find(params, name, &found))
		return SLICE_NONE;
	return slice_present(found.value) ? found.value : slice_of("", 0);
}

bool sip_param_has(struct slice params, struct slice name)
{
	struct sip_param found;

	return find(params, name, &found);
}

struct slice sip_unquote(struct slice s, struct rt_arena *a)
{
	if (s.n < 2 || s.p[0] != '"' || s.p[s.n - 1] != '"')
		return s;
	s = slice_of(s.p + 1, s.n - 2);
	if (s.n == 0 || memchr(s.p, '\\', s.n) == 0)
		return s;

	char *const out = rt_arena_raw(a, s.n);
	uint32_t n = 0;

	if (out == 0)
		return SLICE_NONE;
	for (uint32_t i = 0; i < s.n; i++) {
		if (s.p[i] == '\\' && i + 1 < s.n)
			i++;
		out[n++] = s.p[i];
	}
	return slice_of(out, n);
}

struct slice sip_unescape(struct slice s, struct rt_arena *a)
{
	if (s.n == 0 || memchr(s.p, '%', s.n) == 0)
		return s;

	char *const out = rt_arena_raw(a, s.n);
	uint32_t n = 0;

	if (out == 0)
		return SLICE_NONE;
	for (uint32_t i = 0; i < s.n; i++) {
		const char *p = s.p + i;

		if (*p == '%' && i + 2 < s.n && char_is(p[1], CHAR_HEX) && char_is(p[2], CHAR_HEX)) {
			out[n++] = (char)(char_hex(p[1]) << 4 | char_hex(p[2]));
			i += 2;
		} else {
			out[n++] = *p;
		}
	}
	return slice_of(out, n);
}

int sip_q_parse(struct slice s)
{
	int q, worth = 100;

	if (s.n < 1 || s.n > 5 || (s.p[0] != '0' && s.p[0] != '1') || (s.n > 1 && s.p[1] != '.'))
		return -1;
	q = (s.p[0] - '0') * 1000;
	for (uint32_t i = 2; i < s.n; i++, worth /= 10) {
		if (!char_is(s.p[i], CHAR_DIGIT))
			return -1;
		q += (s.p[i] - '0') * worth;
	}
	return q <= 1000 ? q : -1;
}

bool sip_seconds_parse(struct slice s, uint32_t *out)
{
	uint64_t v = 0;

	if (s.n == 0)
		return false;
	for (uint32_t i = 0; i < s.n; i++) {
		if (!char_is(s.p[i], CHAR_DIGIT))
			return false;
		v = v * 10 + (uint64_t)(s.p[i] - '0');
		if (v > UINT32_MAX)
			v = UINT32_MAX; /* ten times this still fits in 64 bits */
	}
	*out = (uint32_t)v;
	return true;
}

bool sip_is_token(struct slice s)
{
	return s.n > 0 && char_span(s.p, s.p + s.n, CHAR_TOKEN) == s.p + s.n;
}
