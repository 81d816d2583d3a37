/* SPDX-License-Identifier: MIT */
/*
 * parse: from bytes to an index, RFC 3261 7 and 25.1.
 *
 *   start line CRLF
 *   name : value CRLF               one header line, one or more values
 *    more of the value CRLF         folding: a line that begins with SP or HTAB
 *   CRLF
 *   body
 *
 * A fault does not end the reading: a request that is refused is still answered, and the answer needs its Via, From, To,
 * Call-ID and CSeq. What is refused is never forwarded, so reading on guesses nothing that anybody acts upon.
 */
#include "chars.h"
#include "reader.h"
#include "value.h"

struct line {
	const char *at;   /* first byte */
	const char *stop; /* its CRLF (or bare LF) */
	const char *next; /* the byte after */
	bool bad;         /* holds bytes that may not be copied into an answer */
};

static inline bool is_crlf(const char *p, const char *end)
{
	return end - p >= 2 && p[0] == '\r' && p[1] == '\n';
}

static inline bool is_blank(char c)
{
	return c == ' ' || c == '\t';
}

/* Where the line that begins at `at` ends, folding included. False when the text ends first. */
static bool find_line(struct sip_reader *r, const char *at, bool folds, struct line *line)
{
	struct sip_quotes quotes = { at, false };
	const char *p = at;

	*line = (struct line){ .at = at };
	for (;;) {
		p = sip_find_stop(p, r->end);
		if (p == r->end || (*p == '\r' && p + 1 == r->end))
			return false;
		if (is_crlf(p, r->end)) {
			line->stop = p;
			line->next = p + 2;
			if (!folds || line->next == r->end || !is_blank(*line->next))
				return true;
			p += 3;
		} else if (*p == '\n') { /* never guessed about: whoever reads it otherwise is led astray */
			sip_reader_fault(r, p, RT_BAD, 400, "CRLF");
			line->stop = p;
			line->next = p + 1;
			return true;
		} else {
			if (!sip_is_quoted_pair(&quotes, p)) {
				sip_reader_fault(r, p, RT_BAD, 400, *p == '\r' ? "CRLF" : "control character");
				line->bad = true;
			}
			p++;
		}
	}
}

/* "SIP/2.0" in any case: 0; another version of SIP: 505; no version at all: 400. */
static uint16_t version_status(struct slice s)
{
	const struct slice number = slice_from(s, 4);
	const int dot = slice_find(number, '.');
	uint64_t major, minor;

	if (slice_eq_nocase(s, SLICE("SIP/2.0")))
		return 0;
	if (slice_starts_nocase(s, SLICE("SIP/")) && dot > 0 &&
	    slice_u64(slice_head(number, (uint32_t)dot), &major) &&
	    slice_u64(slice_from(number, (uint32_t)dot + 1), &minor))
		return 505;
	return 400;
}

/* What ends like a request but does not begin with a method is one that breaks the grammar (16.3 step 1); other noise is none. */
static bool ends_like_request(struct sip_reader *r, const struct line *line)
{
	const char *version = line->stop;

	while (version > line->at && version[-1] != ' ')
		version--;
	if (version == line->at || version_status(slice_of(version, (uint32_t)(line->stop - version))) == 400)
		return false;
	sip_reader_fault(r, line->at, RT_BAD, 400, "Method");
	return true;
}

/* Method SP Request-URI SP SIP-Version, 7.1: single spaces, no other white space. False: not a request at all. */
static bool read_request_line(struct sip_reader *r, const struct line *line)
{
	const char *method_end = char_span(line->at, line->stop, CHAR_TOKEN);
	const char *target = method_end + 1, *version = line->stop;
	uint16_t status;

	if (method_end == line->at || method_end == line->stop || *method_end != ' ')
		return ends_like_request(r, line);
	r->index->method_text = (struct sip_span){ 0, (uint16_t)(method_end - line->at) };
	r->index->method = (uint8_t)sip_method_find(sip_reader_slice(r, r->index->method_text));
	while (version > target && version[-1] != ' ')
		version--;
	if (version == target) {
		sip_reader_fault(r, target, RT_BAD, 400, "Request-Line");
		return true;
	}
	status = version_status(slice_of(version, (uint32_t)(line->stop - version)));
	if (status)
		sip_reader_fault(r, version, RT_BAD, status, "SIP-Version");
	r->index->target = (struct sip_span){ (uint16_t)(target - r->base), (uint16_t)(version - 1 - target) };
	for (const char *p = target; p < version - 1; p++)
		if (*p <= ' ' || *p == 0x7f)
			sip_reader_fault(r, p, RT_BAD, 400, "Request-URI");
	return true;
}

/* SIP-Version SP Status-Code SP Reason-Phrase, 7.2; the phrase may be empty, and its SP forgotten. */
static bool read_status_line(struct sip_reader *r, const struct line *line)
{
	const uint32_t n = (uint32_t)(line->stop - line->at);
	uint32_t status;

	if (n < 11 || version_status(slice_of(line->at, 7)) || line->at[7] != ' ' ||
	    !slice_u32(slice_of(line->at + 8, 3), &status) || status < 100 || status > 699 ||
	    (n > 11 && line->at[11] != ' ')) {
		sip_reader_fault(r, line->at, RT_BAD, 0, "Status-Line");
		return false;
	}
	r->index->status = (uint16_t)status;
	r->index->target = n > 11 ? (struct sip_span){ 12, (uint16_t)(n - 12) } : (struct sip_span){ 11, 0 };
	return true;
}

static void add_field(struct sip_reader *r, enum sip_hdr id, struct slice name, struct slice value)
{
	struct sip_index *x = r->index;
	struct sip_field *f = &x->field[x->nfield];

	if (x->nfield == SIP_FIELDS_MAX) {
		sip_reader_fault(r, name.p, RT_BIG, 513, "header fields");
		return;
	}
	*f = (struct sip_field){
		.id = (uint8_t)id,
		.next = SIP_NO_FIELD,
		.line = x->lines,
		.name = sip_reader_span(r, name),
		.value = sip_reader_span(r, value),
	};
	if (x->first[id] == SIP_NO_FIELD)
		x->first[id] = x->nfield;
	else
		x->field[r->last[id]].next = x->nfield;
	r->last[id] = x->nfield++;
}

static inline struct slice trimmed(const char *p, const char *stop)
{
	while (p < stop && char_is_space(*p))
		p++;
	while (p < stop && char_is_space(stop[-1]))
		stop--;
	return slice_of(p, (uint32_t)(stop - p));
}

static void add_list(struct sip_reader *r, enum sip_hdr id, struct slice name, struct slice all)
{
	const char *const stop = all.p + all.n;
	const char *p = all.p, *end;

	do {
		struct slice value;

		end = sip_element_end(p, stop);
		if (!end)
			end = stop;
		value = trimmed(p, end);
		if (value.n)
			add_field(r, id, name, value);
		else if (sip_empty_is_fault(id))
			sip_reader_fault(r, p, RT_BAD, 400, sip_hdr_name(id).p);
		else if (all.n == 0)
			add_field(r, id, name, value); /* "Supported:" says something by being there */
		p = end + 1;
	} while (end < stop);
}

/* name HCOLON value, 7.3.1. */
static void read_header(struct sip_reader *r, const struct line *line)
{
	const char *name_end = char_span(line->at, line->stop, CHAR_TOKEN), *colon = name_end;
	struct slice name = slice_of(line->at, (uint32_t)(name_end - line->at)), value;
	enum sip_hdr id;

	while (colon < line->stop && is_blank(*colon))
		colon++;
	if (name.n == 0 || colon == line->stop || *colon != ':') {
		sip_reader_fault(r, colon, RT_BAD, 400, "header-name");
		return;
	}
	if (line->bad)
		return;
	id = sip_hdr_find(name);
	value = trimmed(colon + 1, line->stop);
	if (sip_hdr_is_list(id))
		add_list(r, id, name, value);
	else if (sip_hdr_is_once(id) && r->index->first[id] != SIP_NO_FIELD)
		sip_reader_fault(r, line->at, RT_BAD, 400, sip_hdr_name(id).p);
	else
		add_field(r, id, name, value);
}

/* All header lines up to the empty one; returns where the body begins, NULL when the empty line is missing. */
static const char *read_headers(struct sip_reader *r, const char *p)
{
	struct line line;

	for (;; p = line.next) {
		if (is_crlf(p, r->end))
			return p + 2;
		if (p < r->end && *p == '\n') {
			sip_reader_fault(r, p, RT_BAD, 400, "CRLF");
			return p + 1;
		}
		if (!find_line(r, p, true, &line))
			return 0;
		read_header(r, &line);
		r->index->lines++;
	}
}

/* Content-Length says how much of the rest is the body, 18.3: a datagram may carry more, never less. */
static void read_body(struct sip_reader *r, const char *body, struct slice text)
{
	struct sip_index *x = r->index;
	const uint32_t head_n = (uint32_t)(body - r->base), rest = text.n - head_n;
	const uint8_t f = x->first[SIP_HDR_CONTENT_LENGTH];
	uint64_t n = rest;

	x->head_n = (uint16_t)head_n;
	x->body_at = head_n;
	if (f != SIP_NO_FIELD) {
		const struct slice value = sip_reader_slice(r, x->field[f].value);

		if (!slice_u64(value, &n) || n > rest) {
			sip_reader_fault(r, value.p, RT_BAD, 400, "Content-Length");
			n = 0;
		}
	}
	if (n > SIP_BODY_MAX) {
		sip_reader_fault(r, body, RT_BIG, 413, "Content-Length");
		n = 0;
	}
	x->body_n = (uint32_t)n;
}

/* The head does not end in what there is: all of it is head, and a fault. */
static void all_head(struct sip_reader *r, bool more, bool started)
{
	r->index->head_n = (uint16_t)(r->end - r->base);
	r->index->body_at = r->index->head_n;
	if (more)
		sip_reader_fault(r, r->end, RT_BIG, 513, "head");
	else
		sip_reader_fault(r, started ? r->end : r->base, RT_BAD, 400, started ? "empty line" : "start line");
}

static bool read_start_line(struct sip_reader *r, struct line *line)
{
	if (!find_line(r, r->base, false, line))
		return false;
	if (slice_starts_nocase(slice_of(line->at, (uint32_t)(line->stop - line->at)), SLICE("SIP/")))
		return read_status_line(r, line);
	return read_request_line(r, line);
}

static struct slice skip_crlfs(struct slice text)
{
	const char *p = text.p ? text.p : "", *end = p + text.n;

	while (is_crlf(p, end))
		p += 2;
	return slice_of(p, (uint32_t)(end - p));
}

static void open_index(struct sip_index *x)
{
	memset(x, 0, offsetof(struct sip_index, field));
	memset(x->first, SIP_NO_FIELD, sizeof(x->first));
	x->facts.max_forwards = -1;
}

/* What a fault is answered with: nothing when it cannot be, 8.2.6 and 17.1.1.3. */
static void settle_fault(struct sip_reader *r, bool has_start_line)
{
	const struct sip_index *x = r->index;

	if (!has_start_line || x->status || x->method == SIP_ACK || !x->facts.via_host.n)
		r->fault.status = 0;
}

int sip_msg_parse(struct sip_msg *out, struct sip_index *room, struct slice text, struct sip_fault *why)
{
	const struct slice all = skip_crlfs(text), head = slice_head(all, SIP_HEAD_MAX);
	struct sip_reader r = { .base = head.p, .end = head.p + head.n, .index = room };
	struct line line;
	const char *body = 0;
	bool started;

	open_index(room);
	started = read_start_line(&r, &line);
	if (started)
		body = read_headers(&r, line.next);
	if (body)
		read_body(&r, body, all);
	else
		all_head(&r, all.n > SIP_HEAD_MAX, started);
	if (started)
		sip_reader_facts(&r);
	if (r.err)
		settle_fault(&r, started);
	if (r.err && why)
		*why = r.fault;
	if (r.err && !r.fault.status)
		return r.err;
	out->text = slice_head(all, room->head_n + room->body_n);
	out->index = room;
	return r.err;
}
