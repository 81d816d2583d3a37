/* SPDX-License-Identifier: MIT */
/* rel_uac: RFC 3262 4 as a table. A cell left out: the response is dropped without a word. */
#include "ua/rel_uac.h"

/* clang-format off */
static const struct ua_uac_rule machine[UA_UAC_STATES][UA_UAC_EVENTS] = {
[UA_UAC_FRESH] = {
	[UA_UAC_EV_PLAIN] = { UA_UAC_SAME,      UA_UAC_UP },
	[UA_UAC_EV_NEXT]  = { UA_UAC_COUNTING,  UA_UAC_LEARN | UA_UAC_PRACK | UA_UAC_UP },
	[UA_UAC_EV_2XX]   = { UA_UAC_CONFIRMED, UA_UAC_ACK | UA_UAC_UP },
	[UA_UAC_EV_FAIL]  = { UA_UAC_GONE,      UA_UAC_END },
	[UA_UAC_EV_W]     = { UA_UAC_GONE,      UA_UAC_END },
},
[UA_UAC_COUNTING] = {                         /* again: its PRACK is on its way. gap: it will come again in its turn */
	[UA_UAC_EV_PLAIN] = { UA_UAC_SAME,      UA_UAC_UP },
	[UA_UAC_EV_NEXT]  = { UA_UAC_SAME,      UA_UAC_LEARN | UA_UAC_PRACK | UA_UAC_UP },
	[UA_UAC_EV_2XX]   = { UA_UAC_CONFIRMED, UA_UAC_ACK | UA_UAC_UP },
	[UA_UAC_EV_FAIL]  = { UA_UAC_GONE,      UA_UAC_END },
	[UA_UAC_EV_W]     = { UA_UAC_GONE,      UA_UAC_END },
},
[UA_UAC_CONFIRMED] = {                        /* late provisionals may be discarded, 4 */
	[UA_UAC_EV_2XX]   = { UA_UAC_SAME,      UA_UAC_ACK },
},
};
/* clang-format on */

struct ua_uac_rule ua_rel_uac_step(enum ua_uac_state now, enum ua_uac_event ev)
{
	return machine[now ? now : UA_UAC_FRESH][ev];
}

static bool is_reliable(const struct sip_msg *response, uint32_t *rseq)
{
	return response->index->status > 100 && sip_msg_lists(response, SIP_HDR_REQUIRE, SLICE("100rel")) &&
	       slice_u32(sip_msg_get(response, SIP_HDR_RSEQ), rseq) && *rseq > 0;
}

enum ua_uac_event ua_rel_uac_heard(const struct ua_rel_uac *u, const struct sip_msg *response, uint32_t *rseq)
{
	const int status = response->index->status;

	*rseq = 0;
	if (sip_status_success(status))
		return UA_UAC_EV_2XX;
	if (sip_status_final(status))
		return UA_UAC_EV_FAIL;
	if (!is_reliable(response, rseq))
		return UA_UAC_EV_PLAIN;
	if (u->state < UA_UAC_COUNTING || *rseq == u->rseq + 1)
		return UA_UAC_EV_NEXT;
	return *rseq == u->rseq ? UA_UAC_EV_AGAIN : UA_UAC_EV_GAP;
}

struct ua_uac_rule ua_rel_uac_take(struct ua_rel_uac *u, enum ua_uac_event ev, uint32_t rseq)
{
	const struct ua_uac_rule rule = ua_rel_uac_step((enum ua_uac_state)u->state, ev);

	if (rule.acts & UA_UAC_LEARN)
		u->rseq = rseq;
	if (rule.next)
		u->state = rule.next;
	return rule;
}

const char *ua_uac_state_name(enum ua_uac_state s)
{
	static const char *const name[UA_UAC_STATES] = {
#define X(n) #n,
		UA_UAC_STATE_MAP(X)
#undef X
	};

	return name[s];
}

const char *ua_uac_event_name(enum ua_uac_event ev)
{
	static const char *const name[UA_UAC_EVENTS] = {
#define X(n, text) text,
		UA_UAC_EVENT_MAP(X)
#undef X
	};

	return name[ev];
}
