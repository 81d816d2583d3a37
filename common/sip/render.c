/* SPDX-License-Identifier: MIT */
/*
 * render: one pass over the base's fields writes text and index together.
 *
 *   base   | start line | line 0 | line 1 | line 2 | ... | blank | body |
 *            |__________|        |_________________________|
 *            a run, copied by    rewritten or skipped       the next run; every span in it moves by the same
 *            one memcpy                                     distance, out.n - run
 */
#include "render.h"
#include "chars.h"
#include "value.h"

static void fail(struct render *r, int err)
{
	if (r->err == 0)
		r->err = err;
}

static void copy_run(struct render *r, uint32_t upto)
{
	rt_cursor_put(&r->out, slice_of(r->d->base.text.p + r->run, upto - r->run));
	r->run = upto;
}

static void put_base(struct render *r, uint32_t from, uint32_t upto)
{
	rt_cursor_put(&r->out, slice_of(r->d->base.text.p + from, upto - from));
}

static struct sip_span span_at(uint32_t at, uint32_t n)
{
	return (struct sip_span){ (uint16_t)at, (uint16_t)n };
}

static uint32_t end_of(struct sip_span s)
{
	return (uint32_t)s.at + s.n;
}

/* `line` counts in the rendered text. */
static void add_field(struct render *r, uint8_t id, uint16_t line, struct sip_span name, struct sip_span value,
                      uint8_t origin)
{
	struct sip_index *const x = r->x;
	const uint8_t n = x->nfield;

	if (n == SIP_FIELDS_MAX || n >= r->room) {
		fail(r, RT_BIG);
		return;
	}
	x->field[n] = (struct sip_field){ id, SIP_NO_FIELD, line, name, value };
	if (x->first[id] == SIP_NO_FIELD)
		x->first[id] = n;
	else
		x->field[r->last[id]].next = n;
	r->last[id] = n;
	r->origin[n] = origin;
	x->nfield++;
}

static void index_list(struct render *r, uint8_t id, uint16_t line, struct sip_span name, struct slice all)
{
	const char *const base = r->out.p, *const end = all.p + all.n;

	for (const char *p = all.p, *stop;; p = stop + 1) {
		stop = sip_element_end(p, end);
		if (stop == 0) {
			r->open = true;
			stop = end;
		}

		const struct slice value = slice_trim(char_between(p, stop));

		if (value.n || all.n == 0)
			add_field(r, id, line, name, span_at((uint32_t)(value.p - base), value.n), SIP_NO_FIELD);
		if (value.n == 0 && sip_empty_is_fault((enum sip_hdr)id))
			fail(r, RT_BAD);
		if (stop == end)
			return;
	}
}

/* A new value, which in a list may hold several. */
static void put_value(struct render *r, uint8_t id, uint16_t line, struct sip_span name, struct slice value)
{
	const uint32_t at = r->out.n;

	rt_cursor_put(&r->out, value);
	if (r->out.err)
		return;
	if (sip_hdr_is_list((enum sip_hdr)id))
		index_list(r, id, line, name, slice_of(r->out.p + at, value.n));
	else
		add_field(r, id, line, name, span_at(at, value.n), SIP_NO_FIELD);
}

static void put_line(struct render *r, uint8_t id, uint16_t line, struct slice name, struct slice value)
{
	const uint32_t at = r->out.n;

	rt_cursor_put(&r->out, name);
	rt_cursor_lit(&r->out, ": ");
	put_value(r, id, line, span_at(at, name.n), value);
	rt_cursor_lit(&r->out, "\r\n");
}

/* The line an added line becomes, given the base line it stands before. */
static uint16_t next_line(struct render *r, uint16_t base_line)
{
	if (r->d->reply)
		return r->lines++;
	return (uint16_t)(base_line + r->line_shift++);
}

/* Added lines that stand before base line `line`. `at`: where that line begins in the base. */
static const struct draft_change *put_added(struct render *r, const struct draft_change *c, uint16_t line, uint32_t at)
{
	if (c == 0 || c->line > line)
		return c;
	if (!r->d->reply)
		copy_run(r, at);
	for (; c && c->line <= line; c = c->next)
		put_line(r, c->id, next_line(r, line), c->name, c->value);
	return c;
}

/* A header line of the base: fields [from, upto) share it. */
struct line {
	uint8_t from, upto;
};

/* Past the CRLF of a line of the base: folding and white space may follow the last value. */
static uint32_t line_end(const struct render *r, const struct line *line)
{
	const struct slice text = r->d->base.text;
	uint32_t at = end_of(r->from->field[line->upto - 1].value);

	for (; at < text.n; at++)
		if (text.p[at] == '\n' && (at + 1 == text.n || !(text.p[at + 1] == ' ' || text.p[at + 1] == '\t')))
			return at + 1;
	return at;
}

/* The line stays in the run: only its spans move. */
static void keep_line(struct render *r, const struct line *line)
{
	const uint32_t shift = r->out.n - r->run;

	for (uint8_t f = line->from; f < line->upto; f++) {
		const struct sip_field *const b = &r->from->field[f];

		add_field(r, b->id, (uint16_t)(b->line + r->line_shift), span_at(b->name.at + shift, b->name.n),
		          span_at(b->value.at + shift, b->value.n), f);
	}
}

static void put_field(struct render *r, uint8_t f, uint16_t line, struct sip_span name)
{
	const struct sip_field *const b = &r->from->field[f];

	if (b->id == SIP_HDR_CONTENT_LENGTH) {
		put_value(r, b->id, line, name, slice_of(r->length, r->length_n));
	} else if (r->d->state[f] == DRAFT_SWAPPED) {
		put_value(r, b->id, line, name, draft_swap(r->d, f));
	} else {
		add_field(r, b->id, line, name, span_at(r->out.n, b->value.n), f);
		put_base(r, b->value.at, end_of(b->value));
	}
}

/* Does a value stand? One replaced by nothing among others is gone like a dropped one. */
static bool stands(const struct render *r, const struct line *line, uint8_t f)
{
	if (r->d->state[f] == DRAFT_SWAPPED && line->upto - line->from > 1)
		return draft_swap(r->d, f).n > 0;
	return r->d->state[f] != DRAFT_DROPPED;
}

/* The line is written anew from the values that stand; with none left it is gone. */
static void rewrite_line(struct render *r, const struct line *line)
{
	const struct sip_field *const b = &r->from->field[line->from];
	const struct sip_span name = span_at(r->out.n, b->name.n);
	const uint16_t number = (uint16_t)(r->d->reply ? r->lines : b->line + r->line_shift);
	bool any = false;

	r->open = false;
	for (uint8_t f = line->from; f < line->upto; f++) {
		if (!stands(r, line, f))
			continue;
		if (r->open) /* what was put before would swallow it */
			fail(r, RT_BAD);
		if (any) /* the separator as it was, folding and all */
			put_base(r, end_of(r->from->field[f - 1].value), r->from->field[f].value.at);
		else
			put_base(r, b->name.at, b->value.at);
		put_field(r, f, number, name);
		any = true;
	}
	if (any)
		rt_cursor_lit(&r->out, "\r\n");
	if (any && r->d->reply)
		r->lines++;
	if (!any && !r->d->reply)
		r->line_shift--;
}

/* Content-Length is right in an unchanged message; otherwise it is written anew. */
static bool is_touched(const struct render *r, const struct line *line)
{
	if (r->from->field[line->from].id == SIP_HDR_CONTENT_LENGTH && slice_present(r->d->body))
		return true;
	for (uint8_t f = line->from; f < line->upto; f++)
		if (r->d->state[f] != DRAFT_KEPT)
			return true;
	return false;
}

static void put_lines(struct render *r)
{
	const struct sip_field *const field = r->from->field;
	const struct draft_change *added = r->d->added;
	struct line line = { 0, 0 };

	for (; line.from < r->from->nfield; line.from = line.upto) {
		const struct sip_field *const b = &field[line.from];

		for (line.upto = line.from + 1; line.upto < r->from->nfield && field[line.upto].line == b->line;)
			line.upto++;
		added = put_added(r, added, b->line, b->name.at);
		if (b->id == SIP_HDR_CONTENT_LENGTH && r->d->state[line.from] != DRAFT_DROPPED)
			r->has_length = true;
		if (r->d->reply) {
			rewrite_line(r, &line);
		} else if (is_touched(r, &line)) {
			copy_run(r, b->name.at);
			rewrite_line(r, &line);
			r->run = line_end(r, &line);
		} else {
			keep_line(r, &line);
		}
	}
	if (!r->d->reply)
		copy_run(r, r->from->head_n ? r->from->head_n - 2u : 0);
	put_added(r, added, r->from->lines, r->run);
	if (!r->has_length)
		put_line(r, SIP_HDR_CONTENT_LENGTH, next_line(r, r->from->lines), sip_hdr_name(SIP_HDR_CONTENT_LENGTH),
		         slice_of(r->length, r->length_n));
}

/* "SIP/2.0 200 OK"; what follows it in the base, or CRLF, is written by the caller. */
static void put_status_line(struct render *r)
{
	rt_cursor_lit(&r->out, "SIP/2.0 ");
	rt_cursor_u64(&r->out, r->d->status);
	rt_cursor_char(&r->out, ' ');
	r->x->target = span_at(r->out.n, r->d->target.n);
	rt_cursor_put(&r->out, r->d->target);
	r->x->status = r->d->status;
}

static void put_target(struct render *r)
{
	r->x->target = span_at(r->out.n, r->d->target.n);
	rt_cursor_put(&r->out, r->d->target);
}

/* "implementations MUST send upper-case", 7.1, though they read any case. */
static void put_version(struct render *r, uint32_t at)
{
	const struct slice version = SLICE("SIP/2.0");

	if (at + version.n > r->from->head_n || !memcmp(r->d->base.text.p + at, version.p, version.n))
		return;
	copy_run(r, at);
	rt_cursor_put(&r->out, version);
	r->run += version.n;
}

static void put_start_line(struct render *r)
{
	const struct sip_draft *const d = r->d;

	r->x->status = r->from->status;
	r->x->method = r->from->method;
	r->x->method_text = r->from->method_text;
	r->x->target = r->from->target;
	if (slice_present(d->method)) { /* a new request */
		r->x->method = (uint8_t)sip_method_find(d->method);
		r->x->method_text = span_at(0, d->method.n);
		rt_cursor_put(&r->out, d->method);
		rt_cursor_char(&r->out, ' ');
		put_target(r);
		rt_cursor_lit(&r->out, " SIP/2.0\r\n");
	} else if (d->reply) {
		put_status_line(r);
		rt_cursor_lit(&r->out, "\r\n");
	} else if (d->status) {
		put_status_line(r);
		r->run = end_of(r->from->target);
	} else if (r->from->status) {
		put_version(r, 0);
	} else {
		if (slice_present(d->target)) {
			copy_run(r, r->from->target.at);
			put_target(r);
			r->run = end_of(r->from->target);
		}
		put_version(r, end_of(r->from->target) + 1);
	}
}

static struct slice body_of(const struct sip_draft *d)
{
	return slice_present(d->body) ? d->body : sip_msg_body(&d->base);
}

static uint32_t commas(struct slice s)
{
	uint32_t n = 0;

	for (int at; (at = slice_find(s, ',')) >= 0; n++)
		s = slice_from(s, (uint32_t)at + 1);
	return n;
}

/* Bytes and fields the head can grow to. */
static uint32_t head_room(const struct sip_draft *d, uint32_t *fields)
{
	const struct sip_index *const x = d->base.index;
	uint32_t n = x->head_n + d->target.n + d->method.n + 64; /* the new start line, Content-Length, the blank line */

	if (d->reply && x->nfield) /* the head of a broken request may have no known end */
		n += end_of(x->field[x->nfield - 1].value) + 2u * x->nfield;
	*fields = x->nfield + 1u;
	for (const struct draft_change *c = d->added; c; c = c->next) {
		n += c->name.n + c->value.n + 4;
		*fields += 1 + commas(c->value);
	}
	for (const struct draft_change *c = d->swapped; c; c = c->next) {
		n += c->value.n + 2;
		*fields += commas(c->value);
	}
	if (*fields > SIP_FIELDS_MAX)
		*fields = SIP_FIELDS_MAX;
	return n + sizeof(((struct render *)0)->length);
}

static int begin(struct render *r, const struct sip_draft *d, struct rt_arena *a)
{
	uint32_t room = head_room(d, &r->room);

	r->d = d;
	r->from = d->base.index;
	r->line_shift = 0;
	r->run = 0;
	r->lines = 0;
	r->has_length = false;
	r->err = 0;
	r->x = rt_arena_raw(a, SIP_INDEX_BYTES(r->room));
	room += body_of(d).n;
	r->out = rt_cursor_on(r->x ? rt_arena_raw(a, room) : 0, room);
	if (r->out.p == 0)
		return RT_NOMEM;
	memset(r->x, 0, offsetof(struct sip_index, first));
	memset(r->x->first, SIP_NO_FIELD, sizeof(r->x->first));
	memset(r->x->pad, 0, sizeof(r->x->pad));

	struct rt_cursor digits = rt_cursor_on(r->length, sizeof(r->length));

	rt_cursor_u64(&digits, body_of(d).n);
	r->length_n = (uint8_t)digits.n;
	return 0;
}

int sip_draft_render(const struct sip_draft *d, struct rt_arena *a, struct sip_msg *out)
{
	struct render r;
	int err = d->err ? d->err : begin(&r, d, a);

	if (err)
		return err;
	put_start_line(&r);
	put_lines(&r);
	rt_cursor_lit(&r.out, "\r\n");
	if (r.out.err || r.err)
		return r.err ? r.err : r.out.err;
	if (r.out.n > SIP_HEAD_MAX)
		return RT_BIG;
	r.x->head_n = (uint16_t)r.out.n;
	r.x->body_at = r.out.n;
	r.x->body_n = body_of(d).n;
	r.x->lines = d->reply ? r.lines : (uint16_t)(r.from->lines + r.line_shift);
	rt_cursor_put(&r.out, body_of(d));
	err = render_facts(&r);
	if (err)
		return err;
	rt_arena_shrink(a, r.out.p, r.out.n);
	*out = (struct sip_msg){ rt_cursor_text(&r.out), r.x };
	return 0;
}
