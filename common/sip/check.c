/* SPDX-License-Identifier: MIT */
/*
 * check: an index from another process, held against its text.
 *
 * Beyond memory safety it asks for what every honest index has and its readers rely on: fields in message order that do
 * not overlap, values of one line sharing one name.
 */
#include "sip/msg.h"
#include "sip/uri.h"

static inline uint32_t end_of(struct sip_span s)
{
	return (uint32_t)s.at + s.n;
}

static bool facts_ok(const struct sip_facts *f, uint32_t head_n)
{
	return end_of(f->via_host) <= head_n && end_of(f->via_branch) <= head_n &&
	       end_of(f->from_tag) <= head_n && end_of(f->to_tag) <= head_n &&
	       end_of(f->uri_user) <= head_n && end_of(f->uri_host) <= head_n &&
	       f->max_forwards >= -1 && f->max_forwards <= 255 &&
	       f->via_transport <= SIP_TRANSPORT_OTHER && f->uri_scheme <= SIP_SCHEME_OTHER;
}

static bool frame_ok(const struct sip_index *x, uint32_t text_n)
{
	return (x->status == 0 || (x->status >= 100 && x->status <= 699)) && x->method < SIP_METHOD_COUNT &&
	       x->head_n <= text_n && x->body_at <= text_n && x->body_n <= text_n - x->body_at &&
	       end_of(x->target) <= x->head_n && end_of(x->method_text) <= x->head_n;
}

/* A field against the one before it; the first against the start line. */
static bool field_ok(const struct sip_index *x, unsigned i)
{
	const struct sip_field *f = &x->field[i], *before = i ? f - 1 : 0;
	const bool shares = before && before->line == f->line;

	if (f->id >= SIP_HDR_COUNT || f->line >= x->lines || f->name.n == 0 || f->value.at == 0 ||
	    end_of(f->name) > f->value.at || end_of(f->value) > x->head_n)
		return false;
	if (f->next != SIP_NO_FIELD && (f->next <= i || f->next >= x->nfield || x->field[f->next].id != f->id))
		return false;
	if (!before)
		return true;
	if (f->line < before->line || f->value.at < end_of(before->value))
		return false;
	return shares ? f->id == before->id && f->name.at == before->name.at && f->name.n == before->name.n
		      : f->name.at >= end_of(before->value);
}

int sip_msg_check(const struct sip_index *index, size_t index_n, uint32_t text_n)
{
	if (index_n < SIP_INDEX_BYTES(0) || index->nfield > SIP_FIELDS_MAX ||
	    index_n < SIP_INDEX_BYTES(index->nfield))
		return RT_BAD;
	if (!frame_ok(index, text_n) || !facts_ok(&index->facts, index->head_n))
		return RT_BAD;
	for (unsigned i = 0; i < index->nfield; i++)
		if (!field_ok(index, i))
			return RT_BAD;
	for (unsigned id = 0; id < SIP_HDR_COUNT; id++) {
		const uint8_t first = index->first[id];

		if (first != SIP_NO_FIELD && (first >= index->nfield || index->field[first].id != id))
			return RT_BAD;
	}
	return 0;
}
