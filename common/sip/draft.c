/* SPDX-License-Identifier: MIT */
/* draft: collecting changes to a message; nothing is copied until the render. */
#include "change.h"
#include "sip/param.h"
#include "value.h"

static void fail(struct sip_draft *d, int err)
{
	if (d->err == 0)
		d->err = err;
}

static const struct sip_index *empty_index(void)
{
	static const struct sip_index index = {
		.first = { [0 ... SIP_HDR_COUNT - 1] = SIP_NO_FIELD },
		.facts = { .max_forwards = -1 },
	};

	return &index;
}

struct sip_draft *sip_draft_from(struct rt_arena *a, const struct sip_msg *base)
{
	struct sip_draft *const d = rt_arena_raw(a, sizeof(*d) + base->index->nfield);

	if (d == 0)
		return 0;
	*d = (struct sip_draft){ .arena = a, .base = *base };
	memset(d->state, DRAFT_KEPT, base->index->nfield);
	return d;
}

struct sip_draft *sip_draft_request(struct rt_arena *a, struct slice method, struct slice uri)
{
	const struct sip_msg nothing = { slice_of("", 0), empty_index() };
	struct sip_draft *const d = sip_draft_from(a, &nothing);

	if (d == 0)
		return 0;
	d->method = method;
	d->target = uri;
	d->body = slice_of("", 0);
	if (!sip_is_token(method))
		fail(d, RT_BAD);
	return d;
}

void sip_draft_target(struct sip_draft *d, struct slice uri)
{
	if (uri.n == 0)
		fail(d, RT_BAD);
	else
		d->target = uri;
}

void sip_draft_status(struct sip_draft *d, int status, struct slice reason)
{
	if (status == 503)
		status = 500; /* 16.7 step 6: another server's overload is not ours */
	if (status < 100 || status > 699) {
		fail(d, RT_BAD);
		return;
	}
	d->status = (uint16_t)status;
	d->target = slice_present(reason) ? reason : sip_status_phrase(status);
}

void sip_draft_body(struct sip_draft *d, struct slice type, struct slice body)
{
	if (slice_present(type))
		sip_draft_set(d, SIP_HDR_CONTENT_TYPE, type);
	d->body = slice_present(body) ? body : slice_of("", 0);
}

/* The first and the last value of the base that still stand, or -1. */
static int first_standing(const struct sip_draft *d, enum sip_hdr id)
{
	int f = sip_msg_first(&d->base, id);

	while (f >= 0 && d->state[f] == DRAFT_DROPPED)
		f = sip_msg_next(&d->base, f);
	return f;
}

static int last_standing(const struct sip_draft *d, enum sip_hdr id)
{
	int last = -1;

	for (int f = sip_msg_first(&d->base, id); f >= 0; f = sip_msg_next(&d->base, f))
		if (d->state[f] != DRAFT_DROPPED)
			last = f;
	return last;
}

static uint16_t line_of(const struct sip_draft *d, int field)
{
	return d->base.index->field[field].line;
}

/*
 * The topmost value of a header: either a link to an added line, or a field of the base, or neither. An added
 * line stands above the base's line of the same number.
 */
static int find_top(struct sip_draft *d, enum sip_hdr id, struct draft_change ***link)
{
	const int field = first_standing(d, id);

	for (*link = &d->added; **link; *link = &(**link)->next) {
		if (field >= 0 && (**link)->line > line_of(d, field))
			break;
		if ((**link)->id == id)
			return -1;
	}
	if (field >= 0 || **link == 0)
		*link = 0;
	return field;
}

struct slice draft_top(const struct sip_draft *d, enum sip_hdr id)
{
	const int field = first_standing(d, id);

	for (const struct draft_change *c = d->added; c; c = c->next) {
		if (field >= 0 && c->line > line_of(d, field))
			break;
		if (c->id == id)
			return c->value;
	}
	if (field < 0)
		return SLICE_NONE;
	return d->state[field] == DRAFT_SWAPPED ? draft_swap(d, field) : draft_base_value(d, field);
}

struct slice draft_swap(const struct sip_draft *d, int field)
{
	const struct draft_change *c = d->swapped;

	while (c && c->field != field)
		c = c->next;
	return c ? c->value : SLICE_NONE;
}

/* A value fit for one header line: a line break must be folding, other control characters a quoted-pair. */
static bool is_clean(struct slice s)
{
	const char *const end = s.p + s.n;
	struct sip_quotes quotes = { s.p, false };

	for (const char *p = sip_find_stop(s.p, end); p < end; p = sip_find_stop(p, end)) {
		if (end - p > 2 && p[0] == '\r' && p[1] == '\n' && (p[2] == ' ' || p[2] == '\t'))
			p += 3;
		else if (sip_is_quoted_pair(&quotes, p))
			p++;
		else
			return false;
	}
	return true;
}

static struct draft_change *new_change(struct sip_draft *d, struct slice value)
{
	struct draft_change *c;

	value = slice_present(value) ? slice_trim(value) : slice_of("", 0);
	if (d->changes == DRAFT_CHANGES_MAX) {
		fail(d, RT_BIG);
		return 0;
	}
	if (!is_clean(value)) {
		fail(d, RT_BAD);
		return 0;
	}
	c = rt_arena_raw(d->arena, sizeof(*c));
	if (c == 0) {
		fail(d, RT_NOMEM);
		return 0;
	}
	d->changes++;
	*c = (struct draft_change){ .value = value };
	return c;
}

/* Put a new line into the document: before base line `line`, and there at `link`. */
static void add(struct sip_draft *d, struct draft_change **link, uint16_t line, struct draft_change what)
{
	struct draft_change *c;

	if (what.id == SIP_HDR_CONTENT_LENGTH) /* the render writes it */
		return;
	c = new_change(d, what.value);
	if (c == 0)
		return;
	c->name = what.name;
	c->id = what.id;
	c->line = line;
	c->next = *link;
	*link = c;
}

/* The first added line that stands at or below base line `line`. */
static struct draft_change **link_at(struct sip_draft *d, uint16_t line)
{
	struct draft_change **link = &d->added;

	while (*link && (*link)->line < line)
		link = &(*link)->next;
	return link;
}

static void add_after(struct sip_draft *d, enum sip_hdr id, struct draft_change what)
{
	const int field = last_standing(d, id);
	uint16_t line = field >= 0 ? (uint16_t)(line_of(d, field) + 1) : d->base.index->lines;
	struct draft_change **link = link_at(d, line), **last = 0;

	for (struct draft_change **l = &d->added; *l; l = &(*l)->next)
		if ((*l)->id == id && (field < 0 || (*l)->line >= line))
			last = l;
	if (last) {
		line = (*last)->line;
		link = &(*last)->next;
	} else if (field < 0) {
		while (*link)
			link = &(*link)->next;
	}
	add(d, link, line, what);
}

static bool draft_has(const struct sip_draft *d, enum sip_hdr id)
{
	return slice_present(draft_top(d, id));
}

static struct draft_change named(struct sip_draft *d, enum sip_hdr id, struct slice value)
{
	if (id <= SIP_HDR_OTHER || id >= SIP_HDR_COUNT) {
		fail(d, RT_BAD);
		id = SIP_HDR_SUBJECT; /* never rendered */
	}
	return (struct draft_change){ .id = (uint8_t)id, .name = sip_hdr_name(id), .value = value };
}

void sip_draft_append(struct sip_draft *d, enum sip_hdr id, struct slice value)
{
	const struct draft_change what = named(d, id, value);

	add_after(d, (enum sip_hdr)what.id, what);
}

void sip_draft_append_named(struct sip_draft *d, struct slice name, struct slice value)
{
	const enum sip_hdr id = sip_hdr_find(name);
	struct draft_change **link = link_at(d, d->base.index->lines);

	if (!sip_is_token(name)) {
		fail(d, RT_BAD);
		return;
	}
	while (*link)
		link = &(*link)->next;
	add(d, link, d->base.index->lines,
	    (struct draft_change){ .id = (uint8_t)id, .name = name, .value = value });
}

void sip_draft_push(struct sip_draft *d, enum sip_hdr id, struct slice value)
{
	const struct draft_change what = named(d, id, value);
	struct draft_change **link;
	const int field = find_top(d, (enum sip_hdr)what.id, &link);

	if (link)
		add(d, link, (*link)->line, what);
	else if (field >= 0)
		add(d, link_at(d, (uint16_t)(line_of(d, field) + 1)), line_of(d, field), what);
	else if (id == SIP_HDR_VIA || id == SIP_HDR_ROUTE)
		add(d, &d->added, 0, what);
	else if (id == SIP_HDR_RECORD_ROUTE && draft_has(d, SIP_HDR_VIA))
		add_after(d, SIP_HDR_VIA, what);
	else if (id == SIP_HDR_RECORD_ROUTE)
		add(d, &d->added, 0, what);
	else
		add_after(d, (enum sip_hdr)what.id, what);
}

void sip_draft_drop(struct sip_draft *d, int field)
{
	if (field < 0 || field >= d->base.index->nfield)
		fail(d, RT_BAD);
	else
		d->state[field] = DRAFT_DROPPED;
}

void sip_draft_replace(struct sip_draft *d, int field, struct slice value)
{
	struct draft_change *c;

	if (field < 0 || field >= d->base.index->nfield) {
		fail(d, RT_BAD);
		return;
	}
	c = new_change(d, value);
	if (c == 0)
		return;
	c->field = (uint8_t)field;
	c->next = d->swapped; /* the newest is found first: the last call wins */
	d->swapped = c;
	d->state[field] = DRAFT_SWAPPED;
}

void sip_draft_set(struct sip_draft *d, enum sip_hdr id, struct slice value)
{
	struct draft_change **link;
	const int field = find_top(d, id, &link);

	if (field >= 0) {
		sip_draft_replace(d, field, value);
	} else if (link) {
		struct draft_change *const c = new_change(d, value);

		if (c)
			(*link)->value = c->value;
	} else {
		sip_draft_append(d, id, value);
	}
}

void sip_draft_pop(struct sip_draft *d, enum sip_hdr id)
{
	struct draft_change **link;
	const int field = find_top(d, id, &link);

	if (link)
		*link = (*link)->next;
	else if (field >= 0)
		d->state[field] = DRAFT_DROPPED;
}

void sip_draft_remove(struct sip_draft *d, enum sip_hdr id)
{
	for (struct draft_change **link = &d->added; *link;) {
		if ((*link)->id == id)
			*link = (*link)->next;
		else
			link = &(*link)->next;
	}
	for (int f = sip_msg_first(&d->base, id); f >= 0; f = sip_msg_next(&d->base, f))
		d->state[f] = DRAFT_DROPPED;
}
