/* SPDX-License-Identifier: MIT */
/*
 * draft_model_test: random changes against the simplest model that could be right: for each header a list of values.
 * What the draft renders must hold the model's values in the model's order, and an index as the parser makes it.
 */
#include "kit/same_index.h"
#include "kit/test.h"
#include "sip/draft.h"

enum { ENTRIES = 64, SCRIPTS = 30000, STEPS = 12 };

struct entry {
	int field; /* of the base, or -1 */
	struct slice value;
	bool gone;
};

struct model { /* one header */
	struct entry entry[ENTRIES];
	int n;
};

static struct model model[SIP_HDR_COUNT];
static struct rt_arena *arena;
static uint64_t seed = 0x5eed;

static uint32_t below(uint32_t n)
{
	return (uint32_t)(kit_random(&seed) >> 33) % n;
}

static const char *const bases[] = {
	"INVITE sip:b SIP/2.0\r\nVia: SIP/2.0/UDP a, SIP/2.0/TCP b ,\r\n SIP/2.0/TLS c\r\nRoute: <sip:r1>\r\nSubject: s\r\nRoute: <sip:r2>,<sip:r3>\r\n"
	"v: SIP/2.0/WS d\r\nRecord-Route: <sip:rr>\r\nf: <sip:a>;tag=1\r\nt: <sip:b>\r\ni: 1\r\nCSeq: 1 INVITE\r\nSupported: ,\r\nk: path , , gruu,outbound\r\n"
	"X: 1\r\nContact: \"a, b\" <sip:c,d@h>, <sip:e>\r\nAllow:\r\nl: 2\r\n\r\nhi",
	"OPTIONS sip:b SIP/2.0\r\nv:SIP/2.0/UDP a\r\nf:<sip:a>;tag=1\r\nt:<sip:b>\r\ni:1\r\nCSeq:1 OPTIONS\r\n\r\n",
	"SIP/2.0 200 OK\r\nCSeq: 1 INVITE\r\nRequire: a,b\r\nVia: SIP/2.0/UDP a,SIP/2.0/UDP b\r\nRecord-Route: <sip:1>,<sip:2>,<sip:3>\r\nContact: <sip:x>\r\n"
	"Via: SIP/2.0/UDP c\r\nTo: <sip:b>;tag=2\r\nFrom: <sip:a>;tag=1\r\nCall-ID: 1\r\nRequire:c\r\n\r\n",
};

static const struct {
	enum sip_hdr id;
	const char *value[3];
} palette[] = {
	{ SIP_HDR_VIA, { "SIP/2.0/UDP v1", "SIP/2.0/TCP v2;rport", "SIP/2.0/TLS v3, SIP/2.0/WS v4" } },
	{ SIP_HDR_ROUTE, { "<sip:p1>", "<sip:p2,x@h>", "<sip:p3>, <sip:p4>" } },
	{ SIP_HDR_RECORD_ROUTE, { "<sip:q1>", "\"q,2\" <sip:q2>", "<sip:q3>\r\n , <sip:q4>" } },
	{ SIP_HDR_SUPPORTED, { "s1", "s2,,s3,", "" } },
	{ SIP_HDR_ALLOW, { "ACK", "BYE , CANCEL", "" } },
	{ SIP_HDR_CONTACT, { "<sip:c1>", "sip:c2;q=1", "<sip:c3>,<sip:c4>" } },
	{ SIP_HDR_SUBJECT, { "one, two", "", "fold\r\n ed" } },
	{ SIP_HDR_REQUIRE, { "r1", "r2,r3", "r4" } },
};
enum { PALETTE = sizeof(palette) / sizeof(palette[0]) };

static struct entry *first_of(struct model *m)
{
	for (int i = 0; i < m->n; i++)
		if (!m->entry[i].gone)
			return &m->entry[i];
	return 0;
}

static void insert(struct model *m, int at, struct slice value)
{
	assert_true(m->n < ENTRIES);
	memmove(&m->entry[at + 1], &m->entry[at], sizeof(m->entry[0]) * (size_t)(m->n++ - at));
	m->entry[at] = (struct entry){ -1, value, false };
}

static struct entry *by_field(struct model *m, int field)
{
	for (int i = 0; i < m->n; i++)
		if (m->entry[i].field == field)
			return &m->entry[i];
	return 0;
}

static void load(const struct sip_msg *m)
{
	memset(model, 0, sizeof(model));
	for (int f = 0; f < m->index->nfield; f++) {
		struct model *const h = &model[m->index->field[f].id];

		h->entry[h->n++] = (struct entry){ f, sip_msg_value(m, f), false };
	}
}

/* A value that goes with a header of the palette, or absent. */
static struct slice value_for(enum sip_hdr id, uint32_t which)
{
	for (int i = 0; i < PALETTE; i++)
		if (palette[i].id == id)
			return slice_str(palette[i].value[which % 3]);
	return SLICE_NONE;
}

static void touch_field(struct sip_draft *d, const struct sip_msg *m, uint32_t which)
{
	const int field = (int)below(m->index->nfield);
	const enum sip_hdr id = m->index->field[field].id;
	const struct slice value = value_for(id, which);
	struct entry *const e = by_field(&model[id], field);

	if (!slice_present(value) || e->gone)
		return;
	if (which & 1) {
		sip_draft_drop(d, field);
		e->gone = true;
	} else {
		sip_draft_replace(d, field, value);
		e->value = value;
	}
}

static void step(struct sip_draft *d, const struct sip_msg *m)
{
	const uint32_t pick = below(PALETTE), which = below(6);
	const enum sip_hdr id = palette[pick].id;
	const struct slice value = value_for(id, which);
	struct model *const h = &model[id];
	struct entry *const top = first_of(h);

	switch (below(7)) {
	case 0:
		sip_draft_push(d, id, value);
		insert(h, top ? (int)(top - h->entry) : h->n, value);
		break;
	case 1:
		sip_draft_append(d, id, value);
		insert(h, h->n, value);
		break;
	case 2:
		sip_draft_set(d, id, value);
		if (top)
			top->value = value;
		else
			insert(h, h->n, value);
		break;
	case 3:
		sip_draft_pop(d, id);
		if (top)
			top->gone = true;
		break;
	case 4:
		if (which)
			break;
		sip_draft_remove(d, id);
		for (int i = 0; i < h->n; i++)
			h->entry[i].gone = true;
		break;
	case 5:
		sip_draft_append_named(d, SLICE("k"), SLICE("named, too"));
		insert(&model[SIP_HDR_SUPPORTED], model[SIP_HDR_SUPPORTED].n, SLICE("named, too"));
		break;
	default:
		touch_field(d, m, which);
	}
}

/* Values joined by commas, without white space and without empty ones. */
struct flat {
	char text[4096];
	size_t n;
};

static void flatten(struct flat *f, struct slice value)
{
	for (uint32_t i = 0; i <= value.n; i++) {
		const char c = i < value.n ? value.p[i] : ',';

		if (c == ' ' || c == '\r' || c == '\n' || (c == ',' && (f->n == 0 || f->text[f->n - 1] == ',')))
			continue;
		assert_true(f->n + 1 < sizeof(f->text));
		f->text[f->n++] = c;
		f->text[f->n] = 0;
	}
}

static void compare(const struct sip_msg *out)
{
	for (int id = 0; id < SIP_HDR_COUNT; id++) {
		struct flat want = { "", 0 }, got = { "", 0 };

		if (id == SIP_HDR_CONTENT_LENGTH)
			continue;
		for (int i = 0; i < model[id].n; i++)
			if (!model[id].entry[i].gone)
				flatten(&want, model[id].entry[i].value);
		for (int f = sip_msg_first(out, (enum sip_hdr)id); f >= 0; f = sip_msg_next(out, f))
			flatten(&got, sip_msg_value(out, f));
		if (strcmp(want.text, got.text) != 0)
			fail_msg("header %d: want %s got %s in\n" SLICE_FMT, id, want.text, got.text, SLICE_ARG(out->text));
	}
}

static void drafts_do_what_the_model_does(void **state)
{
	unsigned compared = 0;

	(void)state;
	for (int round = 0; round < SCRIPTS; round++) {
		struct sip_index *const room = rt_arena_take(arena, sizeof(*room));
		struct sip_msg base, out;
		struct sip_draft *d;

		assert_int_equal(sip_msg_parse(&base, room, slice_str(bases[below(3)]), 0), 0);
		d = sip_draft_from(arena, &base);
		load(&base);
		for (uint32_t n = below(STEPS); n; n--)
			step(d, &base);
		assert_int_equal(sip_draft_render(d, arena, &out), 0);
		compare(&out);
		if (sip_msg_has(&out, SIP_HDR_VIA)) { /* without one the parser would refuse it */
			const char *const fault = same_index(&out);

			if (fault)
				fail_msg("%s in\n" SLICE_FMT, fault, SLICE_ARG(out.text));
			compared++;
		}
		rt_arena_reset(arena);
	}
	assert_true(compared > SCRIPTS / 2);
}

static int setup(void **state)
{
	(void)state;
	arena = rt_arena_new(1 << 18);
	return arena ? 0 : -1;
}

static int teardown(void **state)
{
	(void)state;
	rt_arena_destroy(&arena);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(drafts_do_what_the_model_does) };

	return cmocka_run_group_tests(tests, setup, teardown);
}
