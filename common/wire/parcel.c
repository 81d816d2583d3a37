/* SPDX-License-Identifier: MIT */
/* parcel: names of verbs and tiers, and the key that finds a request's transaction. */
#include "wire/parcel.h"

#include "rt/hash.h"
#include "sip/via.h"

static const char *const verb_name[WIRE_VERBS] = {
#define X(name, n) [n] = #name,
	WIRE_VERB_MAP(X)
#undef X
};

const char *wire_verb_name(uint8_t verb)
{
	return verb < WIRE_VERBS && verb_name[verb] ? verb_name[verb] : "UNKNOWN";
}

static const char *const tier_name[WIRE_TIERS] = {
	[WIRE_NO_TIER] = "none",
	[WIRE_TRANSPORT] = "transport",
	[WIRE_TRANSACTION] = "transaction",
	[WIRE_PROXY] = "proxy",
	[WIRE_REGISTRAR] = "registrar",
	[WIRE_AGENT] = "agent",
};

const char *wire_tier_name(enum wire_tier tier)
{
	return tier < WIRE_TIERS ? tier_name[tier] : "unknown";
}

enum wire_tier wire_tier_find(struct slice name)
{
	for (int t = WIRE_TRANSPORT; t < WIRE_TIERS; t++)
		if (slice_eq(slice_str(tier_name[t]), name))
			return (enum wire_tier)t;
	return WIRE_NO_TIER;
}

/* The same in every process: worker choice is no secret, the tables behind it are keyed. */
static const struct rt_key request_key = { 0x7065616c2d726571, 0x756573742d6b6579 };

/* Letters fold everywhere, so whichever way a matcher compares, equal transactions meet. */
static uint64_t add(uint64_t hash, struct slice text)
{
	return rt_mix(hash, rt_hash_nocase(request_key, text));
}

static uint64_t sent_by(struct slice host, uint16_t port, uint8_t transport, struct slice branch)
{
	return add(add(port ? port : sip_transport_port((enum sip_transport)transport), host), branch);
}

/* REGISTERs one after the other, as they came: 10.3 step 7. 0: it is none. */
static uint64_t register_key(const struct sip_msg *m)
{
	const int call_id = m->index->method == SIP_REGISTER ? sip_msg_first(m, SIP_HDR_CALL_ID) : -1;

	return call_id < 0 ? 0 : add(0, sip_msg_value(m, call_id));
}

uint64_t wire_request_key(const struct sip_msg *request)
{
	const struct sip_facts *facts = &request->index->facts;
	const int call_id = sip_msg_first(request, SIP_HDR_CALL_ID);
	uint64_t hash = sent_by(sip_msg_span(request, facts->via_host), facts->via_port, facts->via_transport,
				sip_msg_span(request, facts->via_branch));

	if (register_key(request))
		return register_key(request);
	if (facts->via_flags & SIP_VIA_COOKIE)
		return hash;
	/* RFC 2543: To tag and method stay out, an ACK has another To tag than its INVITE */
	hash = add(hash, sip_msg_target(request));
	hash = add(hash, sip_msg_span(request, facts->from_tag));
	if (call_id >= 0)
		hash = add(hash, sip_msg_value(request, call_id));
	return rt_mix(hash, facts->cseq);
}

uint64_t wire_response_key(const struct sip_msg *response)
{
	const int ours = sip_msg_first(response, SIP_HDR_VIA);
	const int next = ours < 0 ? -1 : sip_msg_next(response, ours);
	struct sip_via via;

	if (next < 0 || sip_via_parse(&via, sip_msg_value(response, next)) < 0)
		return 0;
	return register_key(response) ? register_key(response) : sent_by(via.host, via.port, via.transport, via.branch);
}
