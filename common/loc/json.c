/* SPDX-License-Identifier: MIT */
/* json: as much of RFC 8259 as a record needs. */
#include "json.h"

void json_put_escaped(struct rt_cursor *c, struct slice s)
{
	uint32_t from = 0;

	for (uint32_t i = 0; i < s.n; i++) {
		const unsigned char ch = (unsigned char)s.p[i];

		if (ch >= 0x20 && ch != '"' && ch != '\\')
			continue;
		rt_cursor_put(c, slice_of(s.p + from, i - from));
		from = i + 1;
		rt_cursor_char(c, '\\');
		if (ch >= 0x20) {
			rt_cursor_char(c, (char)ch);
		} else {
			rt_cursor_lit(c, "u00");
			rt_cursor_hex(c, ch, 2);
		}
	}
	if (from < s.n)
		rt_cursor_put(c, slice_of(s.p + from, s.n - from));
}

static struct slice skip_space(struct slice s)
{
	uint32_t i = 0;

	while (i < s.n && (s.p[i] == ' ' || s.p[i] == '\t' || s.p[i] == '\n' || s.p[i] == '\r'))
		i++;
	return slice_from(s, i);
}

static bool eat(struct slice *s, char c)
{
	*s = skip_space(*s);
	if (s->n == 0 || s->p[0] != c)
		return false;
	*s = slice_from(*s, 1);
	return true;
}

/* After the opening quote, up to the closing one. */
static bool eat_string(struct slice *s, struct slice *out)
{
	uint32_t i = 0;

	while (i < s->n && s->p[i] != '"')
		i += s->p[i] == '\\' ? 2 : 1;
	if (i >= s->n)
		return false;
	*out = slice_head(*s, i);
	*s = slice_from(*s, i + 1);
	return true;
}

/* A number, true, false or null. */
static bool eat_word(struct slice *s, struct slice *out)
{
	uint32_t i = 0;

	*s = skip_space(*s);
	while (i < s->n && (s->p[i] == '.' || s->p[i] == '-' || s->p[i] == '+' || (s->p[i] >= '0' && s->p[i] <= '9') ||
	                    (s->p[i] >= 'a' && s->p[i] <= 'z') || s->p[i] == 'E'))
		i++;
	*out = slice_head(*s, i);
	*s = slice_from(*s, i);
	return i > 0;
}

int json_next(struct slice *rest, struct json_pair *out)
{
	struct slice at = skip_space(*rest);

	if (eat(&at, '}')) {
		*rest = slice_head(at, 0);
		return skip_space(at).n ? RT_BAD : 0;
	}
	if (!eat(&at, '{') && !eat(&at, ','))
		return RT_BAD;
	if (eat(&at, '}')) { /* {} */
		*rest = slice_head(at, 0);
		return 0;
	}
	if (!eat(&at, '"') || !eat_string(&at, &out->name) || !eat(&at, ':'))
		return RT_BAD;
	out->string = eat(&at, '"');
	if (out->string ? !eat_string(&at, &out->value) : !eat_word(&at, &out->value))
		return RT_BAD;
	*rest = at;
	return 1;
}

/* \uXXXX as UTF-8; surrogates stay single, nobody here writes them. */
static uint32_t put_utf8(char *p, uint64_t code)
{
	if (code < 0x80) {
		p[0] = (char)code;
		return 1;
	}
	if (code < 0x800) {
		p[0] = (char)(0xc0 | code >> 6);
		p[1] = (char)(0x80 | (code & 0x3f));
		return 2;
	}
	p[0] = (char)(0xe0 | code >> 12);
	p[1] = (char)(0x80 | (code >> 6 & 0x3f));
	p[2] = (char)(0x80 | (code & 0x3f));
	return 3;
}

static char plain_escape(char c)
{
	static const char from[] = "\"\\/bfnrt", to[] = "\"\\/\b\f\n\r\t";
	const char *at = c ? strchr(from, c) : 0;

	return at ? to[at - from] : 0;
}

struct slice json_text(struct slice value, struct rt_arena *a)
{
	char *p;
	uint32_t n = 0;

	if (slice_find(value, '\\') < 0)
		return value;
	p = rt_arena_raw(a, value.n);
	if (!p)
		return SLICE_NONE;
	for (uint32_t i = 0; i < value.n; i++) {
		uint64_t code;

		if (value.p[i] != '\\') {
			p[n++] = value.p[i];
		} else if (i + 5 < value.n && value.p[i + 1] == 'u' && slice_hex_u64(slice_of(value.p + i + 2, 4), &code)) {
			n += put_utf8(p + n, code);
			i += 5;
		} else if (i + 1 < value.n && plain_escape(value.p[i + 1])) {
			p[n++] = plain_escape(value.p[++i]);
		} else {
			return SLICE_NONE;
		}
	}
	return slice_of(p, n);
}
