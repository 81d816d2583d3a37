/* SPDX-License-Identifier: MIT */
/* match: RFC 3261 17.2.3 and 8.2.2.2 as hashes. */
#include "match.h"

struct pair {
	struct rt_key key[2];
	uint64_t hash[2];
};

static void add(struct pair *p, struct slice s)
{
	for (int i = 0; i < 2; i++)
		p->hash[i] = rt_mix(p->hash[i], rt_hash(p->key[i], s.p, s.n));
}

static void add_nocase(struct pair *p, struct slice s)
{
	for (int i = 0; i < 2; i++)
		p->hash[i] = rt_mix(p->hash[i], rt_hash_nocase(p->key[i], s));
}

static void add_number(struct pair *p, uint64_t n)
{
	for (int i = 0; i < 2; i++)
		p->hash[i] = rt_mix(p->hash[i], n);
}

uint32_t txn_method_of(const struct sip_msg *m, struct rt_key secret)
{
	const struct slice text = sip_msg_method(m);

	if (m->index->method != SIP_METHOD_OTHER)
		return m->index->method;
	return (uint32_t)rt_hash(secret, text.p, text.n) | 1u << 31;
}

uint32_t txn_tag_hash(struct slice tag, struct rt_key secret)
{
	return slice_present(tag) ? (uint32_t)rt_hash(secret, tag.p, tag.n) | 1 : 0;
}

/* The fields both rules begin with: who sent it, under which branch. */
static void add_sent_by(struct pair *p, const struct sip_msg *m)
{
	const struct sip_facts *f = &m->index->facts;

	add(p, sip_msg_span(m, f->via_branch));
	add_nocase(p, sip_msg_span(m, f->via_host));
	add_number(p, f->via_port);
}

/* RFC 2543: Request-URI, From tag, Call-ID, CSeq number, top Via. The method and the To tag are compared apart. */
static void add_old_fields(struct pair *p, const struct sip_msg *m)
{
	const struct sip_facts *f = &m->index->facts;

	add(p, sip_msg_target(m));
	add(p, sip_msg_span(m, f->from_tag));
	add(p, sip_msg_get(m, SIP_HDR_CALL_ID));
	add_number(p, f->cseq);
	add_number(p, f->via_transport);
}

static uint64_t merge_key(const struct sip_msg *m, uint32_t method, struct rt_key secret)
{
	const struct sip_facts *f = &m->index->facts;
	const struct slice tag = sip_msg_span(m, f->from_tag), call = sip_msg_get(m, SIP_HDR_CALL_ID);
	uint64_t h = rt_mix(rt_hash(secret, tag.p, tag.n), rt_hash(secret, call.p, call.n));

	h = rt_mix(h, (uint64_t)method << 32 | f->cseq);
	return h ? h : 1;
}

void txn_match_request(struct txn_match *out, const struct sip_msg *request, struct rt_key secret)
{
	const struct sip_facts *f = &request->index->facts;
	const struct slice to_tag = sip_msg_span(request, f->to_tag);
	struct pair p = { .key = { secret, { ~secret.k1, secret.k0 } } };

	*out = (struct txn_match){
		.method = txn_method_of(request, secret),
		.to_tag = txn_tag_hash(to_tag, secret),
		.cookie = f->via_flags & SIP_VIA_COOKIE,
	};
	add_sent_by(&p, request);
	if (!out->cookie)
		add_old_fields(&p, request);
	out->key = p.hash[0];
	out->check = p.hash[1];
	if (!slice_present(to_tag) && out->method != SIP_ACK && out->method != SIP_CANCEL)
		out->merge = merge_key(request, out->method, secret);
}

static bool same(const struct txn_born_from *born, const struct txn_match *m)
{
	return born->key == m->key && born->check == m->check && born->cookie == m->cookie;
}

bool txn_match_again(const struct txn_born_from *born, const struct txn_match *request)
{
	return same(born, request) && born->method == request->method &&
	       (born->cookie || born->to_tag == request->to_tag);
}

bool txn_match_ack(const struct txn_born_from *born, const struct txn_match *ack)
{
	return same(born, ack) && born->method == SIP_INVITE && (born->cookie || born->sent_tag == ack->to_tag);
}

bool txn_match_cancel(const struct txn_born_from *born, const struct txn_match *cancel)
{
	return same(born, cancel) && born->method != SIP_CANCEL &&
	       (born->cookie || born->to_tag == cancel->to_tag);
}
