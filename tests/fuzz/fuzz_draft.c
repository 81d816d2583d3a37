/* SPDX-License-Identifier: MIT */
/*
 * fuzz_draft: any message, changed in any way, rendered.
 *
 *   input   | text ... | 0xff | what 1, with 1 | what 1, with 1 | ...      from the last 0xff on: changes
 *
 * What must hold: the rendered index is byte for byte what the parser makes of the rendered text, and a request that can
 * be answered at all has an answer. (What the changes do is unit/sip/draft_model_test.c's to check.)
 */
#include <stdlib.h>

#include "sip/draft.h"
#include "sip/stamp.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static void must(int truth)
{
	if (!truth)
		abort();
}

/* Headers that are changed, and values that may stand in them. */
static const struct {
	enum sip_hdr id;
	struct slice value[4];
} palette[] = {
	{ SIP_HDR_VIA, { { "SIP/2.0/UDP p;branch=z9hG4bKp", 29 }, { "SIP/2.0/TLS [::1]:5061;alias;rport, SIP/2.0/TCP q", 49 }, { "SIP / 2.0 / WS\r\n h ;received=1.2.3.4", 36 }, { "nonsense", 8 } } },
	{ SIP_HDR_ROUTE, { { "<sip:r1;lr>", 11 }, { "<sip:r2>, \"x, y\" <sip:r3>;z=\",\"", 31 }, { "<sip:r4,r5@h>", 13 }, { "<sip:a>,", 8 } } },
	{ SIP_HDR_RECORD_ROUTE, { { "<sip:rr;lr>", 11 }, { "<sips:a@b>;c", 12 }, { "<sip:rr>\r\n ,<sip:rs>", 20 }, { "", 0 } } },
	{ SIP_HDR_SUPPORTED, { { "path", 4 }, { "a,,b, c", 7 }, { "", 0 }, { ", ,", 3 } } },
	{ SIP_HDR_SUBJECT, { { "x", 1 }, { "a, b, c", 7 }, { "fold\r\n ed", 9 }, { "bad\r\nVia: x", 11 } } },
	{ SIP_HDR_CONTACT, { { "<sip:c@d>;q=1", 13 }, { "\"a\\\"b\" <sip:c>,sip:e;f", 22 }, { "sip:x@y", 7 }, { "<sip:z>,,<sip:z>", 16 } } },
	{ SIP_HDR_WARNING, { { "301 h \"no\"", 10 }, { "1 \"open", 7 }, { "<a,b", 4 }, { "\"x\\\x01y\"", 6 } } },
	{ SIP_HDR_OTHER, { { "x", 1 }, { "y, z", 4 }, { " ", 1 }, { "\"", 1 } } },
	/* of these there may be one; they are set, never added beside another */
	{ SIP_HDR_MAX_FORWARDS, { { "69", 2 }, { "0", 1 }, { "255", 3 }, { "256", 3 } } },
	{ SIP_HDR_FROM, { { "<sip:f@g>;tag=ft", 16 }, { "\"F\" <sips:f>;x;tag=2", 20 }, { "sip:f@g", 7 }, { "\"F", 2 } } },
	{ SIP_HDR_TO, { { "<sip:t@u>;tag=tt", 16 }, { "T <sip:t>", 9 }, { "sip:t;tag=3", 11 }, { "<", 1 } } },
	{ SIP_HDR_CSEQ, { { "7 INVITE", 8 }, { "4294967295   INVITE", 19 }, { "1\tOPTIONS", 9 }, { "x", 1 } } },
	{ SIP_HDR_CONTENT_LENGTH, { { "1", 1 }, { "0", 1 }, { "", 0 }, { "99999", 5 } } },
};
enum { PALETTE = sizeof(palette) / sizeof(palette[0]), REPEATABLE = 8 };

static const struct slice targets[] = {
	{ "sip:t@192.0.2.1:5070;x=y", 24 }, { "tel:+1-2", 8 }, { "sips:[2001:db8::1]", 18 }, { "sip:a b", 7 },
};

/* Never take from a message what it must have, so that the parser can be asked about the result. */
static bool is_needed(const struct sip_msg *m, int field)
{
	const enum sip_hdr id = m->index->field[field].id;

	return id == SIP_HDR_FROM || id == SIP_HDR_TO || id == SIP_HDR_CALL_ID || id == SIP_HDR_CSEQ;
}

static void change(struct sip_draft *d, const struct sip_msg *m, uint8_t what, uint8_t with)
{
	const enum sip_hdr id = palette[with % PALETTE].id;
	const struct slice value = palette[with % PALETTE].value[with / PALETTE % 4];
	const bool repeatable = with % PALETTE < REPEATABLE, known = id != SIP_HDR_OTHER;
	const int field = m->index->nfield ? with % m->index->nfield : -1;

	switch (what % 10) {
	case 0:
		if (repeatable && known)
			sip_draft_push(d, id, value);
		break;
	case 1:
		if (repeatable && known)
			sip_draft_append(d, id, value);
		break;
	case 2:
		if (known)
			sip_draft_set(d, id, value);
		break;
	case 3:
		if (repeatable)
			sip_draft_pop(d, id);
		break;
	case 4:
		if (repeatable)
			sip_draft_remove(d, id);
		break;
	case 5:
		if (field >= 0 && !is_needed(m, field))
			sip_draft_drop(d, field);
		break;
	case 6: /* by what its own kind may hold */
		for (int i = 0; field >= 0 && i < PALETTE; i++)
			if (palette[i].id == m->index->field[field].id)
				sip_draft_replace(d, field, palette[i].value[with % 4]);
		break;
	case 7:
		if (repeatable)
			sip_draft_append_named(d, known ? sip_hdr_name(id) : SLICE("X-Peal"), value);
		break;
	case 8:
		if (sip_msg_is_request(m))
			sip_draft_target(d, targets[with % 4]);
		else
			sip_draft_status(d, 100 + 3 * with % 600, with & 1 ? SLICE("So it is") : SLICE_NONE);
		break;
	case 9:
		sip_draft_body(d, with & 1 ? SLICE("text/plain") : SLICE_NONE, slice_of("twelve bytes", with % 13u));
		break;
	}
}

/* Fields equal; facts too when the parser had nothing to complain about. */
static void compare(const struct sip_msg *out, bool whole)
{
	static struct sip_index room;
	const struct sip_index *const x = out->index;
	struct sip_fault why = { 0 };
	struct sip_msg again = { 0 };
	const int err = sip_msg_parse(&again, &room, out->text, &why);

	must(sip_msg_check(x, SIP_INDEX_BYTES(x->nfield), out->text.n) == 0);
	if (err < 0 && !whole)
		return;
	if (err < 0) { /* a kind of value that only its reader checks, or the last Via is gone */
		must(slice_eq(slice_str(why.rule), SLICE("Contact")) || slice_eq(slice_str(why.rule), SLICE("Route")) ||
		     slice_eq(slice_str(why.rule), SLICE("Record-Route")) || slice_eq(slice_str(why.rule), SLICE("Via")));
		return;
	}
	must(slice_eq(again.text, out->text));
	must(memcmp(&room, x, SIP_INDEX_BYTES(room.nfield)) == 0);
}

static void forward(struct rt_arena *arena, const struct sip_msg *m, const uint8_t *script, size_t n)
{
	struct sip_draft *const d = sip_draft_from(arena, m);
	struct sip_msg out = { .index = 0 };

	must(d != 0);
	for (; n >= 2; script += 2, n -= 2)
		change(d, m, script[0], script[1]);
	if (sip_draft_render(d, arena, &out) == 0)
		compare(&out, true);
	else
		must(out.index == 0);
}

static void answer(struct rt_arena *arena, const struct sip_msg *m, bool whole, const uint8_t *script, size_t n)
{
	const int status = 100 + (n ? script[0] : 0) * 2;
	struct sip_draft *const d = sip_draft_reply(arena, m, status, SLICE_NONE, n & 1 ? SLICE("to") : SLICE_NONE);
	struct sip_msg out;
	int err;

	must(d != 0);
	err = sip_draft_render(d, arena, &out);
	if (err == RT_BIG && m->index->nfield == SIP_FIELDS_MAX) /* all of them Via: no field is left for Content-Length */
		return;
	must(err == 0);
	must(out.index->status == status && out.index->body_n == 0);
	must(sip_msg_count(&out, SIP_HDR_VIA) == sip_msg_count(m, SIP_HDR_VIA));
	compare(&out, whole);
}

static void stamp(struct rt_arena *arena, const struct sip_msg *m, bool whole, const uint8_t *script, size_t n)
{
	const uint8_t with = n ? script[0] : 0;
	const struct sip_stamp how = { .ip = with & 1 ? SLICE("2001:db8::9") : with & 4 ? SLICE("192.0.2.9") : SLICE_NONE,
		                       .port = (uint16_t)(with * 255), .keep = with & 2 ? with : 0 };
	struct sip_msg out;

	if (sip_msg_stamp(&out, arena, m, &how) == 0)
		compare(&out, whole);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	static struct rt_arena *arena;
	static struct sip_index room;
	const uint8_t *const mark = n ? memrchr(data, 0xff, n) : 0;
	const size_t text_n = mark ? (size_t)(mark - data) : n, script_n = mark ? n - text_n - 1 : 0;
	struct sip_fault why = { 0 };
	struct sip_msg m = { 0 };
	char *text;
	int err;

	if (arena == 0)
		arena = rt_arena_new(4 << 20);
	if (n > 8192)
		return 0;
	text = malloc(text_n ? text_n : 1);
	memcpy(text, data, text_n);
	err = sip_msg_parse(&m, &room, slice_of(text, (uint32_t)text_n), &why);
	if (err == 0)
		forward(arena, &m, data + text_n + 1, script_n);
	if (err == 0 ? sip_msg_is_request(&m) : why.status != 0) {
		stamp(arena, &m, err == 0, data + text_n + 1, script_n);
		answer(arena, &m, err == 0, data + text_n + 1, script_n);
	}
	free(text);
	rt_arena_reset(arena);
	return 0;
}
