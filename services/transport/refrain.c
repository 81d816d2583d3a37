/* SPDX-License-Identifier: MIT */
#include "refrain.h"

#include "sip/addr.h"

/* ---- The question ---- */

/* Headers that say nothing to a user agent server that is asked what it can do, and those that are looked at below. */
static const bool is_plain[SIP_HDR_COUNT] = {
	[SIP_HDR_VIA] = true, [SIP_HDR_FROM] = true, [SIP_HDR_TO] = true, [SIP_HDR_CALL_ID] = true, [SIP_HDR_CSEQ] = true,
	[SIP_HDR_MAX_FORWARDS] = true, [SIP_HDR_CONTACT] = true, [SIP_HDR_CONTENT_LENGTH] = true, [SIP_HDR_ACCEPT] = true,
	[SIP_HDR_ALLOW] = true, [SIP_HDR_SUPPORTED] = true, [SIP_HDR_USER_AGENT] = true,
};

/* One Via that names its branch: no loop is possible, and the answer goes back by the rules alone. */
static bool came_directly(const struct sip_msg *m)
{
	const int via = sip_msg_first(m, SIP_HDR_VIA);
	const uint8_t flags = m->index->facts.via_flags;

	return via >= 0 && sip_msg_next(m, via) < 0 && flags & SIP_VIA_COOKIE && !(flags & (SIP_VIA_MADDR | SIP_VIA_KEEP));
}

static bool has_only_plain_headers(const struct sip_msg *m)
{
	for (int f = 0; f < m->index->nfield; f++)
		if (!is_plain[m->index->field[f].id])
			return false;
	return true;
}

uint64_t refrain_question(const struct sip_msg *m, const struct sip_hop *source, struct rt_key key)
{
	const struct sip_facts *const f = &m->index->facts;
	const struct slice target = sip_msg_target(m);
	struct sip_hop address = *source;
	struct sip_addr from;
	struct sip_uri uri;

	address.port = 0; /* whom we trust we trust by his address */
	if (m->index->method != SIP_OPTIONS || source->proto != SIP_UDP || f->uri_user.n || f->to_tag.n || m->index->body_n || f->max_forwards == 0 ||
	    !came_directly(m) || !has_only_plain_headers(m) || sip_addr_uri(sip_msg_get(m, SIP_HDR_FROM), &from, &uri))
		return 0;
	return rt_mix(rt_mix(rt_hash(key, target.p, target.n), rt_hash(key, uri.host.p, uri.host.n)), sip_hop_hash(&address)) | 1;
}

/* ---- The answer ---- */

static struct refrain_one *place(struct refrain *self, uint64_t question)
{
	return &self->one[(question >> 1) % REFRAIN_PLACES];
}

static bool is_copied(uint8_t id)
{
	return id == SIP_HDR_VIA || id == SIP_HDR_FROM || id == SIP_HDR_TO || id == SIP_HDR_CALL_ID || id == SIP_HDR_CSEQ;
}

/* 8.2.6.2: the five lines come first, in whatever order; absent when they do not. */
static struct slice behind_copied(const struct sip_msg *answer)
{
	const struct sip_index *const x = answer->index;
	int copied = 0;

	while (copied < x->nfield && is_copied(x->field[copied].id))
		copied++;
	for (int f = copied; f < x->nfield; f++)
		if (is_copied(x->field[f].id))
			return SLICE_NONE;
	return copied == 5 ? slice_from(answer->text, (uint32_t)x->field[4].value.at + x->field[4].value.n) : SLICE_NONE;
}

static void put_line(struct rt_cursor *c, struct slice name, struct slice value)
{
	rt_cursor_put(c, name);
	rt_cursor_put(c, value);
}

int refrain_say(struct refrain *self, struct rt_cursor *c, uint64_t question, const struct sip_msg *m, uint32_t proxy, struct slice tag, rt_ms now)
{
	const struct refrain_one *const one = place(self, question);

	if (one->question != question || one->proxy != proxy || !one->heard || now - one->heard >= REFRAIN_LIFE ||
	    (now - one->heard >= REFRAIN_AGAIN && now - one->asked >= REFRAIN_PATIENCE))
		return RT_ABSENT;
	put_line(c, SLICE("SIP/2.0 200 OK\r\nVia: "), sip_msg_get(m, SIP_HDR_VIA));
	put_line(c, SLICE("\r\nFrom: "), sip_msg_get(m, SIP_HDR_FROM));
	put_line(c, SLICE("\r\nTo: "), sip_msg_get(m, SIP_HDR_TO));
	put_line(c, SLICE(";tag="), tag);
	put_line(c, SLICE("\r\nCall-ID: "), sip_msg_get(m, SIP_HDR_CALL_ID));
	put_line(c, SLICE("\r\nCSeq: "), sip_msg_get(m, SIP_HDR_CSEQ));
	rt_cursor_put(c, slice_of(one->end, one->n));
	return c->err ? RT_BIG : 0;
}

void refrain_asked(struct refrain *self, uint64_t question, uint64_t trail, rt_ms now)
{
	struct refrain_one *const one = place(self, question);

	if (one->question != question)
		*one = (struct refrain_one){ .question = question };
	one->trail = trail;
	one->asked = now;
}

void refrain_heard(struct refrain *self, const struct sip_msg *answer, uint32_t proxy, uint64_t trail, rt_ms now)
{
	struct refrain_one *one = self->one;
	struct slice end;

	while (one < self->one + REFRAIN_PLACES && one->trail != trail)
		one++;
	if (one == self->one + REFRAIN_PLACES || !trail || !answer->index)
		return;
	one->trail = one->heard = 0;
	end = behind_copied(answer);
	if (answer->index->status != 200 || !slice_present(end) || end.n > REFRAIN_BYTES)
		return;
	memcpy(one->end, end.p, end.n);
	one->n = end.n;
	one->proxy = proxy;
	one->heard = now;
}
