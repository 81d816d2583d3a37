/* SPDX-License-Identifier: MIT */
#include "glance.h"

enum { EVEN = 64 }; /* an answer is a multiple of so many bytes */

static const struct slice new_methods[] = {
	{ "INVITE", 6 }, { "REGISTER", 8 }, { "OPTIONS", 7 }, { "SUBSCRIBE", 9 }, { "MESSAGE", 7 }, { "PUBLISH", 7 },
};

/* Parameters of a Via that say where its answer goes, or want more than a glance. */
static const struct slice elsewhere[3] = { { "maddr", 5 }, { "received", 8 }, { "keep", 4 } };

static bool is_blank(char c)
{
	return c == ' ' || c == '\t';
}

/* The next line without its end; false: the text ends first. */
static bool next_line(struct slice *rest, struct slice *line)
{
	const char *end = rest->n ? memchr(rest->p, '\n', rest->n) : 0;
	const uint32_t n = end ? (uint32_t)(end - rest->p) : 0;

	if (!end)
		return false;
	*line = slice_of(rest->p, n && rest->p[n - 1] == '\r' ? n - 1 : n);
	*rest = slice_from(*rest, n + 1);
	return true;
}

static bool is_named(struct slice name, struct slice full, char compact)
{
	return name.n == 1 ? compact && (name.p[0] | 0x20) == compact : slice_eq_nocase(name, full);
}

/* Each may stand there once. */
static int keep(struct slice *place, struct slice value)
{
	if (slice_present(*place) || value.n == 0)
		return RT_BAD;
	*place = value;
	return 0;
}

static bool has_any(struct slice s, const char *chars)
{
	for (; *chars; chars++)
		if (s.n && memchr(s.p, *chars, s.n))
			return true;
	return false;
}

static int keep_via(struct glance *out, struct slice value)
{
	if (out->nvia == GLANCE_VIAS || value.n == 0 || (out->nvia == 0 && has_any(value, ",\"(")))
		return RT_BAD;
	out->via[out->nvia++] = value;
	return 0;
}

static int take(struct glance *out, struct slice line)
{
	const int colon = slice_find(line, ':');
	struct slice name, value;

	if (colon <= 0 || is_blank(line.p[0]))
		return RT_BAD;
	name = slice_trim(slice_head(line, (uint32_t)colon));
	value = slice_trim(slice_from(line, (uint32_t)colon + 1));
	switch (line.p[0] | 0x20) {
	case 'v':
		return is_named(name, SLICE("Via"), 'v') ? keep_via(out, value) : 0;
	case 'f':
		return is_named(name, SLICE("From"), 'f') ? keep(&out->from, value) : 0;
	case 't':
		return is_named(name, SLICE("To"), 't') ? keep(&out->to, value) : 0;
	case 'i':
		return is_named(name, SLICE("Call-ID"), 'i') ? keep(&out->call_id, value) : 0;
	case 'c':
		return is_named(name, SLICE("Call-ID"), 0)  ? keep(&out->call_id, value) :
		       is_named(name, SLICE("CSeq"), 0) ? keep(&out->cseq, value) : 0;
	case 'u':
		return is_named(name, SLICE("User-Agent"), 0) ? keep(&out->agent, value) : 0;
	default:
		return 0;
	}
}

/* Written in any way: what may be a tag is one. */
static bool may_have_tag(struct slice to)
{
	for (uint32_t i = 0; i + 3 <= to.n; i++)
		if ((to.p[i] | 0x20) == 't' && slice_starts_nocase(slice_from(to, i), SLICE("tag")))
			return true;
	return false;
}

/* "INVITE sip:bob@example.com SIP/2.0" */
static int read_start(struct glance *out, struct slice line)
{
	static const struct slice version = { " SIP/2.0", 8 };
	const int space = slice_find(line, ' ');

	if (space <= 0 || line.n < (uint32_t)space + 1 + version.n || !slice_eq(slice_from(line, line.n - version.n), version))
		return RT_BAD;
	out->method = slice_head(line, (uint32_t)space);
	return 0;
}

/* "1 INVITE" */
static bool fits(struct slice cseq, struct slice method)
{
	return cseq.n > method.n + 1 && is_blank(cseq.p[cseq.n - method.n - 1]) && slice_eq(slice_from(cseq, cseq.n - method.n), method);
}

int glance(struct glance *out, struct slice text)
{
	struct slice line;

	*out = (struct glance){ .nvia = 0 };
	if (!next_line(&text, &line) || read_start(out, line) < 0)
		return RT_BAD;
	for (;;) {
		if (!next_line(&text, &line))
			return RT_BAD;
		if (line.n == 0)
			break;
		if (take(out, line) < 0)
			return RT_BAD;
	}
	if (!out->nvia || !out->from.n || !out->to.n || !out->call_id.n || !fits(out->cseq, out->method))
		return RT_BAD;
	out->to_tagged = may_have_tag(out->to);
	return 0;
}

bool glance_is_new(const struct glance *g)
{
	for (size_t i = 0; i < sizeof(new_methods) / sizeof(new_methods[0]); i++)
		if (slice_eq(g->method, new_methods[i]))
			return !g->to_tagged;
	return false;
}

struct slice glance_to_tag(const struct glance *g)
{
	static const struct slice mark = { ";tag=", 5 };
	const char *p = g->to_tagged ? memmem(g->to.p, g->to.n, mark.p, mark.n) : 0;

	return p ? slice_from(g->to, (uint32_t)(p - g->to.p) + mark.n) : SLICE_NONE;
}

bool glance_wants_rport(const struct glance *g)
{
	static const struct slice udp = { "SIP/2.0/UDP ", 12 };
	struct slice s = g->via[0];
	int semicolon, wants = 0;

	if (!slice_eq(slice_head(s, udp.n), udp))
		return false;
	while ((semicolon = slice_find(s, ';')) >= 0) {
		s = slice_from(s, (uint32_t)semicolon + 1);
		if (s.n && is_blank(s.p[0]))
			return false;
		for (int i = 0; i < 3; i++)
			if (slice_starts_nocase(s, elsewhere[i]))
				return false;
		wants += slice_eq(s, SLICE("rport")) || slice_eq(slice_head(s, 6), SLICE("rport;"));
	}
	return wants == 1;
}

/* ---- The answer ---- */

static void put_line(struct rt_cursor *c, struct slice name, struct slice value)
{
	rt_cursor_put(c, name);
	rt_cursor_put(c, value);
	rt_cursor_lit(c, "\r\n");
}

/* RFC 3581 4: the port at the rport that asks for it, and received behind all. */
static void put_top_via(struct rt_cursor *c, struct slice via, const struct glance_reply *r)
{
	const char *rport = r->rport ? memmem(via.p, via.n, ";rport", 6) : 0;
	const uint32_t at = rport ? (uint32_t)(rport - via.p) + 6 : via.n;

	rt_cursor_lit(c, "Via: ");
	rt_cursor_put(c, slice_head(via, at));
	if (rport) {
		rt_cursor_char(c, '=');
		rt_cursor_u64(c, r->rport);
	}
	rt_cursor_put(c, slice_from(via, at));
	if (slice_present(r->received)) {
		rt_cursor_lit(c, ";received=");
		rt_cursor_put(c, r->received);
	}
	rt_cursor_lit(c, "\r\n");
}

/* HCOLON may be followed by any number of spaces. */
static void put_length(struct rt_cursor *c)
{
	static const struct slice end = { "0\r\n\r\n", 5 };

	rt_cursor_lit(c, "Content-Length:");
	while ((c->n + end.n) % EVEN && !c->err)
		rt_cursor_char(c, ' ');
	rt_cursor_put(c, end);
}

void glance_refuse(struct rt_cursor *c, const struct glance *g, const struct glance_reply *r)
{
	rt_cursor_lit(c, "SIP/2.0 503 Service Unavailable\r\n");
	put_top_via(c, g->via[0], r);
	for (uint32_t i = 1; i < g->nvia; i++)
		put_line(c, SLICE("Via: "), g->via[i]);
	put_line(c, SLICE("From: "), g->from);
	rt_cursor_lit(c, "To: ");
	rt_cursor_put(c, g->to);
	rt_cursor_lit(c, ";tag=");
	rt_cursor_hex(c, r->tag, 16);
	put_line(c, SLICE("\r\nCall-ID: "), g->call_id);
	put_line(c, SLICE("CSeq: "), g->cseq);
	rt_cursor_lit(c, "Retry-After: ");
	rt_cursor_u64(c, r->retry_after);
	rt_cursor_lit(c, "\r\n");
	put_length(c);
}
