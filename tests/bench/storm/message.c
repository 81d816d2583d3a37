/* SPDX-License-Identifier: MIT */
/* message: start line, then each header line by a small table. */
#include "message.h"

#include <stdlib.h>

enum field {
	F_OTHER, F_VIA, F_FROM, F_TO, F_CALL_ID, F_CSEQ, F_CONTACT, F_RECORD_ROUTE, F_ROUTE, F_MAX_FORWARDS,
	F_WWW_AUTHENTICATE, F_PROXY_AUTHENTICATE, F_CONTENT_LENGTH,
};

static const struct known {
	const char *name;
	uint8_t n;
	char brief;
	uint8_t field;
} known[] = {
#define KNOWN(text, brief, field) { text, sizeof(text) - 1, brief, field }
	KNOWN("Via", 'v', F_VIA),
	KNOWN("From", 'f', F_FROM),
	KNOWN("To", 't', F_TO),
	KNOWN("Call-ID", 'i', F_CALL_ID),
	KNOWN("CSeq", 0, F_CSEQ),
	KNOWN("Contact", 'm', F_CONTACT),
	KNOWN("Record-Route", 0, F_RECORD_ROUTE),
	KNOWN("Route", 0, F_ROUTE),
	KNOWN("Max-Forwards", 0, F_MAX_FORWARDS),
	KNOWN("WWW-Authenticate", 0, F_WWW_AUTHENTICATE),
	KNOWN("Proxy-Authenticate", 0, F_PROXY_AUTHENTICATE),
	KNOWN("Content-Length", 'l', F_CONTENT_LENGTH),
#undef KNOWN
};

static enum field field_of(struct slice name)
{
	for (unsigned i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
		const struct known *k = &known[i];

		if (name.n == k->n && (name.p[0] | 32) == (k->name[0] | 32) && slice_eq_nocase(name, slice_of(k->name, k->n)))
			return (enum field)k->field;
		if (name.n == 1 && (name.p[0] | 32) == k->brief)
			return (enum field)k->field;
	}
	return F_OTHER;
}

static struct slice trimmed(const char *p, const char *end)
{
	while (p < end && (*p == ' ' || *p == '\t'))
		p++;
	while (end > p && (end[-1] == ' ' || end[-1] == '\t' || end[-1] == '\r'))
		end--;
	return slice_of(p, (uint32_t)(end - p));
}

bool message_next(struct slice *rest, struct message_line *line)
{
	const char *const p = rest->p, *const end = memchr(p, '\n', rest->n);

	if (!end || *p == '\r' || *p == '\n')
		return false;
	const char *const colon = memchr(p, ':', (size_t)(end - p));

	*rest = slice_from(*rest, (uint32_t)(end + 1 - p));
	line->whole = trimmed(p, end);
	line->name = colon ? trimmed(p, colon) : SLICE_NONE;
	line->value = colon ? trimmed(colon + 1, end) : SLICE_NONE;
	return true;
}

/* The first value of a list; the rest stays. Commas in quotes or angle brackets separate nothing. */
static bool next_value(struct slice *rest, struct slice *value)
{
	bool quoted = false, bracket = false;
	uint32_t i = 0;

	if (rest->n == 0)
		return false;
	for (; i < rest->n; i++) {
		const char c = rest->p[i];

		if (c == '"' && !bracket)
			quoted = !quoted;
		else if (c == '<' && !quoted)
			bracket = true;
		else if (c == '>' && !quoted)
			bracket = false;
		else if (c == ',' && !quoted && !bracket)
			break;
	}
	*value = trimmed(rest->p, rest->p + i);
	*rest = slice_from(*rest, i + 1);
	return true;
}

static uint32_t number(struct slice s)
{
	uint32_t v = 0;

	for (uint32_t i = 0; i < s.n && s.p[i] >= '0' && s.p[i] <= '9'; i++)
		v = v * 10 + (uint32_t)(s.p[i] - '0');
	return v;
}

static void take_list(struct message *m, enum field f, struct slice list)
{
	struct slice v;

	while (next_value(&list, &v)) {
		switch (f) {
		case F_VIA:
			if (m->nvia++ == 0)
				m->via = v;
			m->last_via = v;
			break;
		case F_CONTACT:
			if (m->ncontact++ == 0)
				m->contact = v;
			break;
		case F_RECORD_ROUTE:
			if (m->nrecord_route < MESSAGE_ROUTES_MAX)
				m->record_route[m->nrecord_route] = v;
			m->nrecord_route++;
			break;
		default:
			m->nroute++;
		}
	}
}

static void take_cseq(struct message *m, struct slice v)
{
	const char *const space = memchr(v.p, ' ', v.n);

	m->cseq = number(v);
	if (space)
		m->cseq_method = trimmed(space, v.p + v.n);
}

static void take(struct message *m, enum field f, struct slice v)
{
	switch (f) {
	case F_OTHER:
	case F_CONTENT_LENGTH:
		break;
	case F_VIA:
	case F_CONTACT:
	case F_RECORD_ROUTE:
	case F_ROUTE:
		take_list(m, f, v);
		break;
	case F_FROM:
		m->from = v;
		break;
	case F_TO:
		m->to = v;
		break;
	case F_CALL_ID:
		m->call_id = v;
		break;
	case F_CSEQ:
		take_cseq(m, v);
		break;
	case F_MAX_FORWARDS:
		m->max_forwards = (int)number(v);
		break;
	case F_WWW_AUTHENTICATE:
	case F_PROXY_AUTHENTICATE:
		m->proxy_challenge = f == F_PROXY_AUTHENTICATE;
		m->challenge = v; /* the last one: servers offer the strongest first, and MD5 is what all know */
		break;
	}
}

static bool start_line(struct message *m, struct slice line)
{
	const char *const space = memchr(line.p, ' ', line.n);

	if (!space)
		return false;
	const struct slice first = slice_of(line.p, (uint32_t)(space - line.p)), after = slice_from(line, first.n + 1);

	if (slice_eq(first, SLICE("SIP/2.0"))) {
		m->status = (int)number(after);
		return m->status >= 100 && m->status < 700;
	}
	const int second = slice_find(after, ' ');

	m->method = first;
	m->uri = slice_head(after, second < 0 ? 0 : (uint32_t)second);
	return second > 0;
}

bool message_read(struct message *m, struct slice text)
{
	const char *const end = memchr(text.p, '\n', text.n);
	struct slice rest = slice_from(text, end ? (uint32_t)(end + 1 - text.p) : text.n);
	struct message_line line;

	*m = (struct message){ .text = text, .max_forwards = -1 };
	if (!end || !start_line(m, trimmed(text.p, end)))
		return false;
	while (rest.n && message_next(&rest, &line))
		if (line.name.n)
			take(m, field_of(line.name), line.value);
	m->body = slice_from(rest, rest.n && rest.p[0] == '\r' ? 2 : 1);
	return m->nvia && m->call_id.n && m->cseq_method.n;
}

uint32_t message_cut(struct slice stream)
{
	uint32_t lead = 0;

	while (lead < stream.n && (stream.p[lead] == '\r' || stream.p[lead] == '\n'))
		lead++;
	struct slice rest = slice_from(stream, lead);
	const char *const end = rest.n ? memmem(rest.p, rest.n, "\r\n\r\n", 4) : 0;
	uint32_t body = 0;
	struct message_line line;

	if (!end)
		return 0;
	const uint32_t head = lead + (uint32_t)(end + 4 - rest.p);

	while (message_next(&rest, &line))
		if (line.name.n && field_of(line.name) == F_CONTENT_LENGTH)
			body = number(line.value);
	return head + body <= stream.n ? head + body : 0;
}

struct slice message_param(struct slice value, struct slice name)
{
	for (uint32_t i = 0; i + name.n < value.n; i++) {
		if (value.p[i] != ';' || !slice_starts_nocase(slice_from(value, i + 1), name))
			continue;
		const struct slice v = slice_from(value, i + 1 + name.n);

		if (v.n && v.p[0] == '=') {
			const int end = slice_find(v, ';');

			return slice_from(slice_head(v, end < 0 ? v.n : (uint32_t)end), 1);
		}
	}
	return SLICE_NONE;
}

struct slice message_tag(struct slice from_or_to)
{
	const char *const close = memrchr(from_or_to.p, '>', from_or_to.n);
	const struct slice params = close ? slice_from(from_or_to, (uint32_t)(close + 1 - from_or_to.p)) : from_or_to;

	return message_param(params, SLICE("tag"));
}
