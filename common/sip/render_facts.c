/* SPDX-License-Identifier: MIT */
/* render_facts: the facts of a rendered message: moved with the values that were copied, read from those that were not. */
#include "facts.h"
#include "render.h"
#include "sip/addr.h"

static struct sip_span moved(struct sip_span s, int by)
{
	if (s.at || s.n)
		s.at = (uint16_t)(s.at + by);
	return s;
}

/* Is the first value of a header the base's first one? Then its facts have moved by *by. */
static bool is_copy(const struct render *r, enum sip_hdr id, int *by)
{
	const uint8_t now = r->x->first[id], was = r->from->first[id];

	if (now == SIP_NO_FIELD || was == SIP_NO_FIELD || r->origin[now] != was)
		return false;
	*by = r->x->field[now].value.at - r->from->field[was].value.at;
	return true;
}

static struct slice first_value(const struct render *r, enum sip_hdr id)
{
	const uint8_t f = r->x->first[id];
	const struct sip_span s = f == SIP_NO_FIELD ? (struct sip_span){ 0, 0 } : r->x->field[f].value;

	return f == SIP_NO_FIELD ? SLICE_NONE : slice_of(r->out.p + s.at, s.n);
}

static int via_facts(struct render *r)
{
	const struct sip_facts *const was = &r->from->facts;
	struct sip_facts *const facts = &r->x->facts;
	const struct slice value = first_value(r, SIP_HDR_VIA);
	struct sip_via via;
	int by;

	if (!slice_present(value))
		return 0;
	if (is_copy(r, SIP_HDR_VIA, &by) && was->via_host.n) {
		facts->via_host = moved(was->via_host, by);
		facts->via_branch = moved(was->via_branch, by);
		facts->via_port = was->via_port;
		facts->via_transport = was->via_transport;
		facts->via_flags = was->via_flags;
		return 0;
	}
	if (sip_via_parse(&via, value) < 0)
		return RT_BAD;
	facts_keep_via(facts, r->out.p, &via);
	return 0;
}

static int tag_fact(const struct render *r, enum sip_hdr id, struct sip_span was, struct sip_span *out)
{
	const struct slice value = first_value(r, id);
	struct sip_addr addr;
	int by;

	if (!slice_present(value))
		return 0;
	if (is_copy(r, id, &by) && (was.n || !r->d->reply)) {
		*out = moved(was, by);
		return 0;
	}
	if (sip_addr_parse(&addr, value) < 0)
		return RT_BAD;

	const struct slice tag = sip_param_get(addr.params, SLICE("tag"));

	if (slice_present(tag) && tag.n == 0)
		return RT_BAD;
	*out = facts_span(r->out.p, tag);
	return 0;
}

/* CSeq, and the method of a response, which is written there. */
static int cseq_facts(struct render *r)
{
	const struct slice value = first_value(r, SIP_HDR_CSEQ);
	int by;

	if (is_copy(r, SIP_HDR_CSEQ, &by) && !r->d->reply) {
		r->x->facts.cseq = r->from->facts.cseq;
		if (r->x->status)
			r->x->method_text = moved(r->from->method_text, by);
		return 0;
	}
	if (r->x->status) {
		r->x->method = SIP_METHOD_OTHER;
		r->x->method_text = (struct sip_span){ 0, 0 };
	}
	if (!slice_present(value))
		return 0;

	struct slice method;

	if (!facts_read_cseq(value, &r->x->facts.cseq, &method))
		return RT_BAD;
	if (r->x->status) {
		r->x->method = (uint8_t)sip_method_find(method);
		r->x->method_text = facts_span(r->out.p, method);
	} else if (!slice_eq(method, slice_of(r->out.p + r->x->method_text.at, r->x->method_text.n))) {
		return RT_BAD;
	}
	return 0;
}

static int hops_fact(struct render *r)
{
	const struct slice value = first_value(r, SIP_HDR_MAX_FORWARDS);
	uint32_t hops;
	int by;

	r->x->facts.max_forwards = -1;
	if (r->x->status || !slice_present(value))
		return 0;
	if (is_copy(r, SIP_HDR_MAX_FORWARDS, &by)) {
		r->x->facts.max_forwards = r->from->facts.max_forwards;
		return 0;
	}
	if (!slice_u32(value, &hops) || hops > 255)
		return RT_BAD;
	r->x->facts.max_forwards = (int16_t)hops;
	return 0;
}

static int target_facts(struct render *r)
{
	struct sip_facts *const facts = &r->x->facts;
	struct sip_uri uri;

	if (r->x->status)
		return 0;
	if (!slice_present(r->d->target)) { /* the start line has not moved */
		facts->uri_user = r->from->facts.uri_user;
		facts->uri_host = r->from->facts.uri_host;
		facts->uri_port = r->from->facts.uri_port;
		facts->uri_scheme = r->from->facts.uri_scheme;
		return 0;
	}
	if (sip_uri_parse(&uri, slice_of(r->out.p + r->x->target.at, r->x->target.n)) < 0 || slice_present(uri.headers))
		return RT_BAD;
	facts_keep_uri(facts, r->out.p, &uri);
	return 0;
}

int render_facts(struct render *r)
{
	struct sip_facts *const facts = &r->x->facts;
	const struct sip_facts *const was = &r->from->facts;
	int err = target_facts(r);

	if (via_facts(r) < 0)
		err = RT_BAD;
	if (tag_fact(r, SIP_HDR_FROM, was->from_tag, &facts->from_tag) < 0)
		err = RT_BAD;
	if (tag_fact(r, SIP_HDR_TO, was->to_tag, &facts->to_tag) < 0)
		err = RT_BAD;
	if (cseq_facts(r) < 0)
		err = RT_BAD;
	if (hops_fact(r) < 0)
		err = RT_BAD;
	return r->d->reply ? 0 : err; /* a broken request is answered with the broken values it sent */
}
