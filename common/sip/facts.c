/* SPDX-License-Identifier: MIT */
/* facts: the values every tier asks for, read once and checked as far as routing needs them. */
#include "facts.h"
#include "reader.h"
#include "sip/addr.h"

static struct slice field_value(const struct sip_reader *r, uint8_t field)
{
	return sip_reader_slice(r, r->index->field[field].value);
}

static void refuse(struct sip_reader *r, const char *at, const char *rule)
{
	sip_reader_fault(r, at, RT_BAD, 400, rule);
}

/* RFC 3261 7.1, 19.1.1: no headers in a Request-URI. Any scheme is fine here: 416 is the proxy's answer. */
static void read_target(struct sip_reader *r)
{
	const struct slice text = sip_reader_slice(r, r->index->target);
	struct sip_uri uri;

	if (text.n > SIP_URI_MAX) {
		sip_reader_fault(r, text.p, RT_BIG, 414, "Request-URI");
		return;
	}
	if (sip_uri_parse(&uri, text) < 0 || slice_present(uri.headers)) {
		refuse(r, text.p, "Request-URI");
		return;
	}
	facts_keep_uri(&r->index->facts, r->base, &uri);
}

static void read_vias(struct sip_reader *r)
{
	const uint8_t top = r->index->first[SIP_HDR_VIA];

	if (top == SIP_NO_FIELD)
		refuse(r, r->end, "Via");
	for (uint8_t f = top; f != SIP_NO_FIELD; f = r->index->field[f].next) {
		const struct slice value = field_value(r, f);
		struct sip_via via;

		if (sip_via_parse(&via, value) < 0) {
			refuse(r, value.p, "Via");
			if (f != top || sip_via_sent_by(&via, value) < 0)
				continue;
		}
		if (f == top)
			facts_keep_via(&r->index->facts, r->base, &via);
	}
}

/* From and To, 20.20 and 20.39: an address, and a tag that is optional only for RFC 2543's sake. */
static struct sip_span read_party(struct sip_reader *r, enum sip_hdr id)
{
	const char *rule = sip_hdr_name(id).p;
	const uint8_t f = r->index->first[id];
	struct sip_addr addr;
	struct sip_uri uri;
	struct slice value, tag;

	if (f == SIP_NO_FIELD) {
		refuse(r, r->end, rule);
		return (struct sip_span){ 0, 0 };
	}
	value = field_value(r, f);
	/* in a response it is what the request said, for its sender to judge */
	if ((r->index->status ? sip_addr_parse(&addr, value) : sip_addr_uri(value, &addr, &uri)) < 0) {
		refuse(r, value.p, rule);
		return (struct sip_span){ 0, 0 };
	}
	tag = sip_param_get(addr.params, SLICE("tag"));
	if (slice_present(tag) && tag.n == 0) {
		refuse(r, value.p, id == SIP_HDR_FROM ? "From.tag" : "To.tag");
		return (struct sip_span){ 0, 0 };
	}
	return sip_reader_span(r, tag);
}

/* The method must be the request's, 8.1.1.5. */
static void read_cseq(struct sip_reader *r)
{
	struct sip_index *x = r->index;
	const uint8_t f = x->first[SIP_HDR_CSEQ];
	struct slice value, method;

	if (f == SIP_NO_FIELD) {
		refuse(r, r->end, "CSeq");
		return;
	}
	value = field_value(r, f);
	if (!facts_read_cseq(value, &x->facts.cseq, &method)) {
		refuse(r, value.p, "CSeq");
		return;
	}
	if (x->status) {
		x->method_text = sip_reader_span(r, method);
		x->method = (uint8_t)sip_method_find(method);
	} else if (!slice_eq(method, sip_reader_slice(r, x->method_text))) {
		refuse(r, method.p, "CSeq.method");
	}
}

/* One word without white space, 20.8. */
static void check_call_id(struct sip_reader *r)
{
	const uint8_t f = r->index->first[SIP_HDR_CALL_ID];
	struct slice value;

	if (f == SIP_NO_FIELD) {
		refuse(r, r->end, "Call-ID");
		return;
	}
	value = field_value(r, f);
	if (value.n == 0)
		refuse(r, value.p, "Call-ID");
	for (uint32_t i = 0; i < value.n; i++)
		if (value.p[i] <= ' ') /* of char: UTF-8 too */
			refuse(r, value.p + i, "Call-ID");
}

/* 20.22: 0 to 255, leading zeros allowed. */
static void read_max_forwards(struct sip_reader *r)
{
	const uint8_t f = r->index->first[SIP_HDR_MAX_FORWARDS];
	uint32_t hops;

	if (f == SIP_NO_FIELD)
		return;
	if (slice_u32(field_value(r, f), &hops) && hops <= 255)
		r->index->facts.max_forwards = (int16_t)hops;
	else
		refuse(r, field_value(r, f).p, "Max-Forwards");
}

static void check_addresses(struct sip_reader *r, enum sip_hdr id, bool brackets)
{
	for (uint8_t f = r->index->first[id]; f != SIP_NO_FIELD; f = r->index->field[f].next) {
		const struct slice value = field_value(r, f);
		struct sip_addr addr;
		struct sip_uri uri;

		if (sip_addr_uri(value, &addr, &uri) < 0 || (brackets && !addr.brackets))
			refuse(r, value.p, sip_hdr_name(id).p);
	}
}

/* 20.10: addresses, or in a REGISTER a lone "*". */
static void check_contacts(struct sip_reader *r)
{
	const uint8_t f = r->index->first[SIP_HDR_CONTACT];

	if (f != SIP_NO_FIELD && r->index->method == SIP_REGISTER && slice_eq(field_value(r, f), SLICE("*")) &&
	    r->index->field[f].next == SIP_NO_FIELD)
		return;
	check_addresses(r, SIP_HDR_CONTACT, false);
}

void sip_reader_facts(struct sip_reader *r)
{
	struct sip_facts *facts = &r->index->facts;

	if (!r->index->status)
		read_target(r);
	read_vias(r);
	facts->from_tag = read_party(r, SIP_HDR_FROM);
	facts->to_tag = read_party(r, SIP_HDR_TO);
	read_cseq(r);
	check_call_id(r);
	if (r->index->status)
		return; /* a response's other values matter to its reader, not to its way */
	read_max_forwards(r);
	check_contacts(r);
	check_addresses(r, SIP_HDR_ROUTE, true);
	check_addresses(r, SIP_HDR_RECORD_ROUTE, true);
}
