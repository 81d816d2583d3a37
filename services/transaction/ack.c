/* SPDX-License-Identifier: MIT */
/* ack: RFC 3261 17.1.1.3 and 9.1, as drafts. */
#include "ack.h"

#include "rt/cursor.h"
#include "sip/draft.h"

static struct slice cseq(struct rt_arena *a, uint32_t number, struct slice method)
{
	enum { NUMBER = 11 };
	char *const p = rt_arena_raw(a, NUMBER + method.n);
	struct rt_cursor c = rt_cursor_on(p, p ? NUMBER + method.n : 0);

	rt_cursor_u64(&c, number);
	rt_cursor_char(&c, ' ');
	rt_cursor_put(&c, method);
	return rt_cursor_text(&c);
}

/* What ACK and CANCEL share with their INVITE: Request-URI, Route, From, Call-ID, the number of CSeq. */
static struct sip_draft *likeness(struct rt_arena *a, const struct sip_msg *invite, struct slice method, struct slice to)
{
	struct sip_draft *d = sip_draft_request(a, method, sip_msg_target(invite));

	if (!d)
		return 0;
	for (int f = sip_msg_first(invite, SIP_HDR_ROUTE); f >= 0; f = sip_msg_next(invite, f))
		sip_draft_append(d, SIP_HDR_ROUTE, sip_msg_value(invite, f));
	sip_draft_append(d, SIP_HDR_MAX_FORWARDS, SLICE("70"));
	sip_draft_append(d, SIP_HDR_FROM, sip_msg_get(invite, SIP_HDR_FROM));
	sip_draft_append(d, SIP_HDR_TO, to);
	sip_draft_append(d, SIP_HDR_CALL_ID, sip_msg_get(invite, SIP_HDR_CALL_ID));
	sip_draft_append(d, SIP_HDR_CSEQ, cseq(a, invite->index->facts.cseq, method));
	return d;
}

int txn_ack(struct rt_arena *a, const struct sip_msg *invite, const struct sip_msg *response, struct sip_msg *out)
{
	struct sip_draft *d = likeness(a, invite, SLICE("ACK"), sip_msg_get(response, SIP_HDR_TO));

	return d ? sip_draft_render(d, a, out) : RT_NOMEM;
}

/* Lines another actor wrote: whatever is no "Name: value" is left out. */
static void add_lines(struct sip_draft *d, struct slice lines)
{
	while (lines.n) {
		const int end = slice_find(lines, '\n');
		const struct slice line = end < 0 ? lines : slice_head(lines, (uint32_t)end);
		const int colon = slice_find(line, ':');

		lines = slice_from(lines, line.n + 1);
		if (colon <= 0)
			continue;
		sip_draft_append_named(d, slice_trim(slice_head(line, (uint32_t)colon)),
				       slice_trim(slice_from(line, (uint32_t)colon + 1)));
	}
}

int txn_cancel(struct rt_arena *a, const struct sip_msg *invite, struct slice lines, struct sip_msg *out)
{
	struct sip_draft *d = likeness(a, invite, SLICE("CANCEL"), sip_msg_get(invite, SIP_HDR_TO));

	if (!d)
		return RT_NOMEM;
	add_lines(d, lines);
	if (!sip_draft_render(d, a, out))
		return 0;
	d = lines.n ? likeness(a, invite, SLICE("CANCEL"), sip_msg_get(invite, SIP_HDR_TO)) : 0; /* reasons beyond measure: without one */
	return d ? sip_draft_render(d, a, out) : RT_NOMEM;
}
