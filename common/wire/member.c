/* SPDX-License-Identifier: MIT */
/*
 * member: one record of the key `nodes`, between a struct and its line of JSON.
 *
 * The reader takes any order of names and skips names it does not know, so a newer worker may say more.
 */
#include "wire/members.h"

#include <ctype.h>

#include "wire/pack.h"

static const char *const state_name[] = { [WIRE_LIVE] = "live", [WIRE_DRAINING] = "draining" };

/* ---- Writing ---- */

static void put_string(struct rt_cursor *c, const char *text)
{
	rt_cursor_char(c, '"');
	for (; *text; text++) {
		const unsigned char ch = (unsigned char)*text;

		if (ch < ' ' || ch == 0x7f) {
			rt_cursor_printf(c, "\\u%04x", ch);
			continue;
		}
		if (ch == '"' || ch == '\\')
			rt_cursor_char(c, '\\');
		rt_cursor_char(c, (char)ch);
	}
	rt_cursor_char(c, '"');
}

static void put_listener(struct rt_cursor *c, const struct wire_listener *l)
{
	char text[WIRE_ENDPOINT_MAX + WIRE_HOST_MAX];
	struct rt_cursor t = rt_cursor_on(text, sizeof(text) - 1);

	if (!l->local.family) {
		rt_cursor_lit(c, "\"-\"");
		return;
	}
	sip_hop_render(&t, &l->local);
	rt_cursor_printf(&t, " as %s:%u", l->host, l->port);
	text[t.n] = 0;
	put_string(c, text);
}

int wire_member_render(const struct wire_member *m, struct rt_cursor *c)
{
	rt_cursor_printf(c, "{\"tier\":\"%s\",\"id\":%u,\"version\":%u,\"oldest\":%u,\"host\":", wire_tier_name(m->tier), m->id,
			 m->version, m->oldest);
	put_string(c, m->host);
	rt_cursor_printf(c, ",\"pid\":%u,\"state\":\"%s\",\"load\":%u,\"seen\":%llu", m->pid,
			 m->state == WIRE_DRAINING ? "draining" : "live", m->load, (unsigned long long)m->seen);
	rt_cursor_lit(c, ",\"ipc\":");
	put_string(c, m->ipc);
	rt_cursor_lit(c, ",\"tcp\":");
	put_string(c, m->tcp);
	rt_cursor_lit(c, ",\"listeners\":[");
	for (int i = 0; i < m->nlistener; i++) {
		if (i)
			rt_cursor_char(c, ',');
		put_listener(c, &m->listener[i]);
	}
	rt_cursor_lit(c, "]}");
	return c->err;
}

/* ---- Reading ---- */

struct reader { /* the rest of the text; p NULL after the first fault */
	const char *p, *end;
};

static void fail(struct reader *r)
{
	r->p = r->end = 0;
}

static void skip_blanks(struct reader *r)
{
	while (r->p < r->end && (*r->p == ' ' || *r->p == '\t' || *r->p == '\n' || *r->p == '\r'))
		r->p++;
}

static bool take(struct reader *r, char ch)
{
	skip_blanks(r);
	if (r->p == r->end || *r->p != ch)
		return false;
	r->p++;
	return true;
}

static void expect(struct reader *r, char ch)
{
	if (!take(r, ch))
		fail(r);
}

/* What follows a backslash. Ours hold ASCII only: anything wider in \u, and NUL, is a fault. */
static char read_escape(struct reader *r)
{
	uint64_t code;
	const char ch = r->p < r->end ? *r->p++ : 0;

	if (ch == '"' || ch == '\\' || ch == '/')
		return ch;
	if (ch != 'u' || r->end - r->p < 4 || !slice_hex_u64(slice_of(r->p, 4), &code) || code == 0 || code > 0x7f) {
		fail(r);
		return 0;
	}
	r->p += 4;
	return (char)code;
}

static void read_string(struct reader *r, char *out, size_t size)
{
	size_t n = 0;

	expect(r, '"');
	while (r->p < r->end && *r->p != '"') {
		char ch = *r->p++;

		if (ch == '\\')
			ch = read_escape(r);
		if (n + 1 < size)
			out[n++] = ch;
		else
			fail(r); /* longer than anything we would write */
	}
	out[n] = 0;
	expect(r, '"');
}

static uint64_t read_number(struct reader *r, uint64_t max)
{
	const char *from;
	uint64_t v = 0;

	skip_blanks(r);
	from = r->p;
	while (r->p < r->end && *r->p >= '0' && *r->p <= '9')
		r->p++;
	if (r->p == from || !slice_u64(slice_of(from, (uint32_t)(r->p - from)), &v) || v > max) {
		fail(r);
		return 0;
	}
	return v;
}

/* A value nobody here knows: strings whole, brackets balanced, up to the next comma or bracket of ours. */
static void skip_value(struct reader *r)
{
	int depth = 0;
	bool quoted = false;

	for (; r->p < r->end; r->p++) {
		const char ch = *r->p;

		if (quoted) {
			if (ch == '\\' && r->p + 1 < r->end)
				r->p++;
			else if (ch == '"')
				quoted = false;
			continue;
		}
		if (depth == 0 && (ch == ',' || ch == '}' || ch == ']'))
			return;
		quoted = ch == '"';
		depth += (ch == '{' || ch == '[') - (ch == '}' || ch == ']');
	}
	fail(r);
}

/* The host will stand in Via and Record-Route: a record must not smuggle anything else in there. */
static bool is_host(struct slice s)
{
	for (uint32_t i = 0; i < s.n; i++)
		if (!isalnum((unsigned char)s.p[i]) && !strchr(".-_:[]", s.p[i]))
			return false;
	return s.n > 0;
}

/* "udp:192.0.2.1:5060 as sip.example.com:5060" */
static bool parse_listener(struct wire_listener *out, struct slice text)
{
	static const char as[] = " as ";
	const char *split = memmem(text.p, text.n, as, sizeof(as) - 1);
	struct slice shown;
	uint32_t port, colon;

	*out = (struct wire_listener){ .port = 0 };
	if (slice_eq(text, SLICE("-")))
		return true;
	if (!split || sip_hop_parse(&out->local, slice_of(text.p, (uint32_t)(split - text.p))))
		return false;
	shown = slice_from(text, (uint32_t)(split - text.p) + sizeof(as) - 1);
	for (colon = shown.n; colon > 0 && shown.p[colon - 1] != ':';)
		colon--;
	if (colon < 2 || !is_host(slice_head(shown, colon - 1)) || !slice_u32(slice_from(shown, colon), &port) || port > 65535)
		return false;
	out->port = (uint16_t)port;
	return slice_cstr(slice_head(shown, colon - 1), out->host, sizeof(out->host));
}

static void read_listeners(struct reader *r, struct wire_member *m)
{
	char text[WIRE_ENDPOINT_MAX + WIRE_HOST_MAX];

	expect(r, '[');
	if (take(r, ']'))
		return;
	do {
		read_string(r, text, sizeof(text));
		if (!r->p || m->nlistener == WIRE_LISTENERS_MAX ||
		    !parse_listener(&m->listener[m->nlistener++], slice_str(text))) {
			fail(r);
			return;
		}
	} while (take(r, ','));
	expect(r, ']');
}

static void read_state(struct reader *r, struct wire_member *m)
{
	char text[16] = "";

	read_string(r, text, sizeof(text));
	for (uint8_t s = WIRE_LIVE; s <= WIRE_DRAINING; s++)
		if (strcmp(text, state_name[s]) == 0)
			m->state = s;
}

static void read_tier(struct reader *r, struct wire_member *m)
{
	char text[16] = "";

	read_string(r, text, sizeof(text));
	m->tier = (uint8_t)wire_tier_find(slice_str(text));
}

static void read_named(struct reader *r, const char *name, struct wire_member *m)
{
	skip_blanks(r);
	if (strcmp(name, "tier") == 0)
		read_tier(r, m);
	else if (strcmp(name, "id") == 0)
		m->id = (uint32_t)read_number(r, 0xffffff);
	else if (strcmp(name, "version") == 0)
		m->version = (uint8_t)read_number(r, UINT8_MAX);
	else if (strcmp(name, "oldest") == 0)
		m->oldest = (uint8_t)read_number(r, UINT8_MAX);
	else if (strcmp(name, "host") == 0)
		read_string(r, m->host, sizeof(m->host));
	else if (strcmp(name, "pid") == 0)
		m->pid = (uint32_t)read_number(r, UINT32_MAX);
	else if (strcmp(name, "state") == 0)
		read_state(r, m);
	else if (strcmp(name, "load") == 0)
		m->load = (uint32_t)read_number(r, UINT32_MAX);
	else if (strcmp(name, "seen") == 0)
		m->seen = read_number(r, UINT64_MAX);
	else if (strcmp(name, "ipc") == 0)
		read_string(r, m->ipc, sizeof(m->ipc));
	else if (strcmp(name, "tcp") == 0)
		read_string(r, m->tcp, sizeof(m->tcp));
	else if (strcmp(name, "listeners") == 0)
		read_listeners(r, m);
	else
		skip_value(r);
}

int wire_member_parse(struct wire_member *out, struct slice json)
{
	struct reader r = { json.p, json.p + json.n };
	struct wire_member m = { 0 };
	char name[32];

	if (json.n == 0)
		return RT_BAD;
	expect(&r, '{');
	do {
		read_string(&r, name, sizeof(name));
		expect(&r, ':');
		if (r.p)
			read_named(&r, name, &m);
	} while (r.p && take(&r, ','));
	expect(&r, '}');
	skip_blanks(&r);
	if (!r.p || r.p != r.end)
		return RT_BAD;
	if (!m.id || !m.tier || !m.state || !m.version)
		return RT_BAD;
	if (!m.oldest)
		m.oldest = m.version;
	*out = m;
	return 0;
}

uint8_t wire_member_speaks(const struct wire_member *m)
{
	const uint8_t version = m->version < WIRE_VERSION ? m->version : WIRE_VERSION;

	return version >= WIRE_VERSION_OLDEST && version >= m->oldest ? version : 0;
}
