/* SPDX-License-Identifier: MIT */
/*
 * binding: one record as JSON, both ways, and the id of a contact.
 *
 *   {"expires_at":..,"updated_at":..,"registered_at":.. | ,"cseq":..,"call_id":..,"contact":.. .. | ,"received":.. .. }
 *    head: apply.lua writes it                            tail: what the phone said                 how it came
 */
#include <stddef.h>

#include "binding.h"
#include "json.h"
#include "sip/param.h"
#include "sip/uri.h"

enum kind { TEXT, U16, U32, U64, I64, Q };

static const struct field {
	struct slice name;
	size_t at;
	uint8_t kind;
	bool always; /* written even when empty or 0 */
} fields[] = {
#define F(name, member, kind, always) { { name, sizeof(name) - 1 }, offsetof(struct loc_binding, member), kind, always }
	F("expires_at", expires_at, I64, true),
	F("updated_at", updated_at, I64, true),
	F("registered_at", registered_at, I64, true),
	F("cseq", cseq, U32, true),
	F("call_id", call_id, TEXT, true),
	F("contact", contact, TEXT, true),
	F("q", q, Q, true),
	F("instance", instance, TEXT, false),
	F("reg_id", reg_id, U32, false),
	F("params", params, TEXT, false),
	F("path", path, TEXT, false),
	F("user_agent", user_agent, TEXT, false),
	F("received", received, TEXT, true),
	F("edge", edge, U32, false),
	F("flow", flow, U64, false),
	F("listener", listener, U16, true),
#undef F
};

enum { HEAD = 3, FIELDS = sizeof(fields) / sizeof(*fields) };

static uint64_t get_number(const struct field *f, const char *base)
{
	switch (f->kind) {
	case U16:
		return *(const uint16_t *)(const void *)(base + f->at);
	case U32:
		return *(const uint32_t *)(const void *)(base + f->at);
	default:
		return *(const uint64_t *)(const void *)(base + f->at);
	}
}

static void put_name(struct rt_cursor *c, const struct field *f)
{
	if (f != fields + HEAD) /* the first of the tail: who writes the head ends it with its comma */
		rt_cursor_char(c, f == fields ? '{' : ',');
	rt_cursor_char(c, '"');
	rt_cursor_put(c, f->name);
	rt_cursor_lit(c, "\":");
}

static void put_q(struct rt_cursor *c, uint16_t q)
{
	rt_cursor_printf(c, q % 100 ? "%u.%03u" : "%u.%u", q / 1000u, q % 100 ? q % 1000u : q % 1000u / 100);
}

static void put_field(struct rt_cursor *c, const struct field *f, const char *base)
{
	if (f->kind == TEXT) {
		const struct slice s = *(const struct slice *)(const void *)(base + f->at);

		if (s.n == 0 && !f->always)
			return;
		put_name(c, f);
		rt_cursor_char(c, '"');
		json_put_escaped(c, s);
		rt_cursor_char(c, '"');
	} else if (f->kind == Q) {
		put_name(c, f);
		put_q(c, *(const uint16_t *)(const void *)(base + f->at));
	} else if (f->always || get_number(f, base)) {
		put_name(c, f);
		if (f->kind == U64) /* a string: 64 bits do not fit the numbers of other readers */
			rt_cursor_char(c, '"');
		rt_cursor_u64(c, get_number(f, base));
		if (f->kind == U64)
			rt_cursor_char(c, '"');
	}
}

void binding_render_tail(struct rt_cursor *c, const struct loc_binding *b)
{
	for (int i = HEAD; i < FIELDS; i++)
		put_field(c, &fields[i], (const char *)b);
	rt_cursor_char(c, '}');
}

void loc_binding_render(struct rt_cursor *c, const struct loc_binding *b)
{
	for (int i = 0; i < HEAD; i++)
		put_field(c, &fields[i], (const char *)b);
	rt_cursor_char(c, ',');
	binding_render_tail(c, b);
}

static bool set_number(const struct field *f, char *base, struct slice value)
{
	uint64_t v;

	if (!slice_u64(value, &v))
		return false;
	if (f->kind == U16 && v <= UINT16_MAX)
		*(uint16_t *)(void *)(base + f->at) = (uint16_t)v;
	else if (f->kind == U32 && v <= UINT32_MAX)
		*(uint32_t *)(void *)(base + f->at) = (uint32_t)v;
	else if (f->kind == I64 && v <= INT64_MAX)
		*(int64_t *)(void *)(base + f->at) = (int64_t)v;
	else if (f->kind == U64)
		*(uint64_t *)(void *)(base + f->at) = v;
	else
		return false;
	return true;
}

static int set_field(const struct field *f, char *base, const struct json_pair *pair, struct rt_arena *a)
{
	int q;

	if (f->kind == TEXT) {
		const struct slice text = json_text(pair->value, a);

		*(struct slice *)(void *)(base + f->at) = text;
		return !pair->string ? RT_BAD : slice_present(text) ? 0 : RT_NOMEM;
	}
	if (f->kind != Q)
		return set_number(f, base, pair->value) ? 0 : RT_BAD;
	q = sip_q_parse(pair->value);
	if (q < 0)
		return RT_BAD;
	*(uint16_t *)(void *)(base + f->at) = (uint16_t)q;
	return 0;
}

/* Records are written in the order of the table, so the next name is nearly always the next entry. */
static const struct field *find_field(struct slice name, int *next)
{
	for (int i = 0; i < FIELDS; i++) {
		const int at = (*next + i) % FIELDS;

		if (slice_eq(fields[at].name, name)) {
			*next = at + 1;
			return &fields[at];
		}
	}
	return 0;
}

int loc_binding_parse(struct loc_binding *out, struct slice id, struct slice json, struct rt_arena *a)
{
	struct loc_binding b = { .id = id, .q = 1000, .params = SLICE(""), .path = SLICE(""), .received = SLICE(""),
	                         .instance = SLICE(""), .user_agent = SLICE("") };
	struct json_pair pair;
	int next = 0, more;

	while ((more = json_next(&json, &pair)) > 0) {
		const struct field *f = find_field(pair.name, &next);
		const int err = f ? set_field(f, (char *)&b, &pair, a) : 0; /* names of a later version are left alone */

		if (err)
			return err;
	}
	if (more < 0 || b.contact.n == 0 || b.expires_at == 0)
		return RT_BAD;
	*out = b;
	return 0;
}

/* ---- A copy ---- */

static const size_t texts[] = {
	offsetof(struct loc_binding, id), offsetof(struct loc_binding, contact), offsetof(struct loc_binding, params),
	offsetof(struct loc_binding, path), offsetof(struct loc_binding, received), offsetof(struct loc_binding, instance),
	offsetof(struct loc_binding, call_id), offsetof(struct loc_binding, user_agent),
};
enum { TEXTS = sizeof(texts) / sizeof(*texts) };

size_t binding_bytes(const struct loc_binding *b)
{
	size_t n = 0;

	for (int t = 0; t < TEXTS; t++)
		n += ((const struct slice *)(const void *)((const char *)b + texts[t]))->n;
	return n;
}

char *binding_copy(struct loc_binding *out, const struct loc_binding *b, char *at)
{
	*out = *b;
	for (int t = 0; t < TEXTS; t++) {
		struct slice *s = (struct slice *)(void *)((char *)out + texts[t]);

		if (s->n)
			memcpy(at, s->p, s->n);
		*s = slice_of(at, s->n);
		at += s->n;
	}
	return at;
}

/* ---- The id of a contact ---- */

static bool always_compared(struct slice name)
{
	static const char *const names[] = { "user", "ttl", "method", "maddr", "transport" };

	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
		if (slice_eq_nocase(name, slice_str(names[i])))
			return true;
	return false;
}

static char lower(char c)
{
	return (char)(c >= 'A' && c <= 'Z' ? c | 0x20 : c);
}

/* The character an escape stands for; 0 where it is reserved, and so no other way to write that (RFC 3261 19.1.4). */
static char unescaped(struct slice two)
{
	static const char marks[] = "-_.!~*'()";
	uint64_t c;

	if (two.n < 2 || !slice_hex_u64(slice_head(two, 2), &c))
		return 0;
	return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c && strchr(marks, (int)c)) ? (char)c : 0;
}

static void put_lower(struct rt_cursor *c, struct slice s)
{
	for (uint32_t i = 0; i < s.n; i++) {
		const char plain = s.p[i] == '%' ? unescaped(slice_from(s, i + 1)) : 0;

		rt_cursor_char(c, lower(plain ? plain : s.p[i]));
		i += plain ? 2 : 0;
	}
}

static void put_other_params(struct rt_cursor *c, struct slice params)
{
	struct sip_param p;
	char between = '#';

	while (sip_param_next(&params, &p) > 0) {
		if (always_compared(p.name))
			continue;
		rt_cursor_char(c, between);
		put_lower(c, p.name);
		if (slice_present(p.value)) {
			rt_cursor_char(c, '=');
			put_lower(c, p.value);
		}
		between = ';';
	}
}

int loc_contact_id(struct slice text, struct rt_arena *a, struct slice *out)
{
	struct sip_uri uri;
	struct slice canon = text, params = SLICE_NONE;
	struct rt_cursor c;
	char *p;

	if (sip_uri_parse(&uri, text) == 0) {
		if (sip_uri_canon(&uri, a, &canon))
			return RT_NOMEM;
		if (uri.scheme == SIP_SCHEME_SIP || uri.scheme == SIP_SCHEME_SIPS)
			params = uri.params;
	}
	p = rt_arena_raw(a, 4 + canon.n + params.n);
	if (!p)
		return RT_NOMEM;
	c = rt_cursor_on(p, 4 + canon.n + params.n);
	rt_cursor_lit(&c, "c:");
	rt_cursor_put(&c, canon);
	put_other_params(&c, params);
	*out = rt_cursor_text(&c);
	return c.err;
}
