/* SPDX-License-Identifier: MIT */
#include "settings.h"

static enum agent_policy policy_of(struct slice word)
{
	return slice_eq(word, SLICE("all")) ? AGENT_REL_ALL : slice_eq(word, SLICE("required")) ? AGENT_REL_REQUIRED : AGENT_REL_SDP;
}

/* "0.0.0.0:40000-40999"; the configuration was checked when it was loaded. */
static void read_rtp(struct agent_settings *s, struct slice rtp)
{
	uint32_t colon = rtp.n, low = 0, high = 0;
	struct slice ports;
	int dash;

	while (colon > 0 && rtp.p[colon - 1] != ':')
		colon--;
	ports = slice_from(rtp, colon);
	dash = slice_find(ports, '-');
	if (dash < 0 || colon == 0 || sip_hop_ip(&s->rtp, slice_head(rtp, colon - 1), SIP_UDP, 0) ||
	    !slice_u32(slice_head(ports, (uint32_t)dash), &low) || !slice_u32(slice_from(ports, (uint32_t)dash + 1), &high))
		return;
	s->low = (uint16_t)low;
	s->high = (uint16_t)high;
}

void agent_settings_read(struct agent_settings *out, const struct svc_config *c)
{
	struct agent_settings s = {
		.max_calls = (uint32_t)c->agent_max_calls,
		.duration_ms = (uint32_t)c->agent_duration * 1000,
		.t1 = (uint32_t)c->transaction_t1,
		.t2 = (uint32_t)c->transaction_t2,
		.reliable = policy_of(c->agent_reliable),
	};

	read_rtp(&s, c->agent_rtp);
	if (c->agent_rtp_advertise.n && sip_hop_ip(&s.told, c->agent_rtp_advertise, SIP_UDP, 0))
		s.told.family = 0;
	*out = s;
}

/* What a transport tells others, or listens on, when that is an address of the family. */
static bool address_of(const struct wire_listener *l, uint8_t family, struct sip_hop *out)
{
	struct sip_hop hop;

	if (sip_hop_ip(&hop, slice_str(l->host), SIP_UDP, 0) && sip_hop_is_any(&l->local))
		return false;
	if (sip_hop_ip(&hop, slice_str(l->host), SIP_UDP, 0))
		hop = l->local;
	if (hop.family != family)
		return false;
	*out = hop;
	return true;
}

struct sip_hop agent_settings_told(const struct agent_settings *s, const struct wire_members *members)
{
	struct sip_hop found = { .family = 0 };
	const struct wire_member *m;

	if (s->told.family)
		return s->told;
	if (!sip_hop_is_any(&s->rtp))
		return s->rtp;
	for (uint32_t i = 0; (m = wire_members_each(members, &i));)
		for (int k = 0; m->tier == WIRE_TRANSPORT && k < m->nlistener; k++)
			if (address_of(&m->listener[k], s->rtp.family, &found))
				return found;
	return found;
}
