/* SPDX-License-Identifier: MIT */
/* seen: one place for each hash. */
#include "wire/seen.h"

#include "wire/parcel.h"

/* From tag, Call-ID, CSeq. */
static uint64_t identity(const struct sip_msg *m, struct rt_key key)
{
	const struct sip_facts *const f = &m->index->facts;
	const struct slice tag = sip_msg_span(m, f->from_tag), call = sip_msg_get(m, SIP_HDR_CALL_ID), method = sip_msg_method(m);
	const uint64_t part[] = { rt_hash(key, tag.p, tag.n), rt_hash(key, call.p, call.n), rt_hash(key, method.p, method.n), f->cseq };

	return rt_hash(key, part, sizeof(part)) | 1;
}

bool wire_seen_merged(struct wire_seen *self, const struct sip_msg *m, struct rt_key key, rt_ms now, rt_ms life)
{
	const uint64_t what = identity(m, key), way = wire_request_key(m);
	struct wire_seen_one *const one = &self->one[(what >> 1) % WIRE_SEEN];

	if (m->index->facts.to_tag.n || m->index->method == SIP_ACK || m->index->method == SIP_CANCEL)
		return false;
	if (one->what == what && one->way != way && now - one->at < life)
		return true;
	*one = (struct wire_seen_one){ what, way, now };
	return false;
}
