/* SPDX-License-Identifier: MIT */
/* rel_uas: RFC 3262 3 as a table. A cell left out: the event means nothing there. */
#include "ua/rel_uas.h"

/* clang-format off */
static const struct ua_uas_rule machine[UA_UAS_STATES][UA_UAS_EVENTS] = {
[UA_UAS_CLEAR] = {
	[UA_UAS_EV_1XX]   = { UA_UAS_WAIT,     UA_UAS_SEND | UA_UAS_START_R | UA_UAS_START_P },
	[UA_UAS_EV_SDP]   = { UA_UAS_WAIT_SDP, UA_UAS_SEND | UA_UAS_START_R | UA_UAS_START_P },
	[UA_UAS_EV_2XX]   = { UA_UAS_DONE,     UA_UAS_FINAL },
	[UA_UAS_EV_FAIL]  = { UA_UAS_DONE,     UA_UAS_FINAL },
	[UA_UAS_EV_STRAY] = { UA_UAS_SAME,     UA_UAS_REFUSE },
},
[UA_UAS_WAIT] = {                             /* one at a time: the next goes when this one is acknowledged */
	[UA_UAS_EV_1XX]   = { UA_UAS_SAME,     UA_UAS_QUEUE },
	[UA_UAS_EV_SDP]   = { UA_UAS_WAIT_SDP, UA_UAS_QUEUE },
	[UA_UAS_EV_2XX]   = { UA_UAS_DONE,     UA_UAS_STOP | UA_UAS_FLUSH | UA_UAS_FINAL },
	[UA_UAS_EV_FAIL]  = { UA_UAS_DONE,     UA_UAS_STOP | UA_UAS_FLUSH | UA_UAS_FINAL },
	[UA_UAS_EV_PRACK] = { UA_UAS_CLEAR,    UA_UAS_STOP | UA_UAS_OK | UA_UAS_NEXT },
	[UA_UAS_EV_STRAY] = { UA_UAS_SAME,     UA_UAS_REFUSE },
	[UA_UAS_EV_R]     = { UA_UAS_SAME,     UA_UAS_RESEND | UA_UAS_START_R },
	[UA_UAS_EV_P]     = { UA_UAS_DONE,     UA_UAS_STOP | UA_UAS_FLUSH | UA_UAS_LOST },
},
[UA_UAS_WAIT_SDP] = {
	[UA_UAS_EV_1XX]   = { UA_UAS_SAME,     UA_UAS_QUEUE },
	[UA_UAS_EV_SDP]   = { UA_UAS_SAME,     UA_UAS_QUEUE },
	[UA_UAS_EV_2XX]   = { UA_UAS_HELD,     UA_UAS_QUEUE },
	[UA_UAS_EV_FAIL]  = { UA_UAS_DONE,     UA_UAS_STOP | UA_UAS_FLUSH | UA_UAS_FINAL },
	[UA_UAS_EV_PRACK] = { UA_UAS_CLEAR,    UA_UAS_STOP | UA_UAS_OK | UA_UAS_NEXT },
	[UA_UAS_EV_STRAY] = { UA_UAS_SAME,     UA_UAS_REFUSE },
	[UA_UAS_EV_R]     = { UA_UAS_SAME,     UA_UAS_RESEND | UA_UAS_START_R },
	[UA_UAS_EV_P]     = { UA_UAS_DONE,     UA_UAS_STOP | UA_UAS_FLUSH | UA_UAS_LOST },
},
[UA_UAS_HELD] = {
	[UA_UAS_EV_FAIL]  = { UA_UAS_DONE,     UA_UAS_STOP | UA_UAS_FLUSH | UA_UAS_FINAL },
	[UA_UAS_EV_PRACK] = { UA_UAS_CLEAR,    UA_UAS_STOP | UA_UAS_OK | UA_UAS_NEXT },
	[UA_UAS_EV_STRAY] = { UA_UAS_SAME,     UA_UAS_REFUSE },
	[UA_UAS_EV_R]     = { UA_UAS_SAME,     UA_UAS_RESEND | UA_UAS_START_R },
	[UA_UAS_EV_P]     = { UA_UAS_DONE,     UA_UAS_STOP | UA_UAS_FLUSH | UA_UAS_LOST },
},
[UA_UAS_DONE] = {                             /* no copies any more, but its PRACK is still welcome */
	[UA_UAS_EV_PRACK] = { UA_UAS_SAME,     UA_UAS_OK },
	[UA_UAS_EV_STRAY] = { UA_UAS_SAME,     UA_UAS_REFUSE },
},
};
/* clang-format on */

struct ua_uas_rule ua_rel_uas_step(enum ua_uas_state now, enum ua_uas_event ev)
{
	return machine[now][ev];
}

void ua_rel_uas_open(struct ua_rel_uas *u, uint32_t cseq, uint32_t random)
{
	*u = (struct ua_rel_uas){ .state = UA_UAS_CLEAR, .cseq = cseq };
	u->rseq = random % INT32_MAX; /* the first one sent is one higher: 1 .. 2^31 - 1 */
}

uint32_t ua_rel_uas_number(struct ua_rel_uas *u)
{
	u->out = true;
	u->fired = 0;
	return ++u->rseq;
}

enum ua_uas_event ua_rel_uas_heard(const struct ua_rel_uas *u, const struct ua_rack *rack)
{
	const bool names = u->out && rack->rseq == u->rseq && rack->cseq == u->cseq &&
			   slice_eq(rack->method, SLICE("INVITE"));

	return names ? UA_UAS_EV_PRACK : UA_UAS_EV_STRAY;
}

struct ua_uas_rule ua_rel_uas_take(struct ua_rel_uas *u, enum ua_uas_event ev)
{
	const struct ua_uas_rule rule = ua_rel_uas_step((enum ua_uas_state)u->state, ev);

	if (ev == UA_UAS_EV_R)
		u->fired++;
	if (ev == UA_UAS_EV_PRACK)
		u->out = false;
	if (rule.next)
		u->state = rule.next;
	return rule;
}

uint32_t ua_rel_uas_delay(enum ua_uas_event timer, uint32_t fired, uint32_t t1)
{
	return timer == UA_UAS_EV_P ? 64 * t1 : t1 << (fired < 7 ? fired : 7);
}

enum ua_reliable ua_rel_uas_wanted(const struct sip_msg *invite)
{
	if (sip_msg_lists(invite, SIP_HDR_REQUIRE, SLICE("100rel")))
		return UA_REL_MUST;
	return sip_msg_lists(invite, SIP_HDR_SUPPORTED, SLICE("100rel")) ? UA_REL_MAY : UA_REL_NEVER;
}

/* "776656 1 INVITE": three words and nothing else. */
int ua_rack_parse(struct ua_rack *out, struct slice value)
{
	struct ua_rack r;
	struct slice word, none;

	if (slice_find(value, ',') >= 0 || !slice_word(&value, &word) || !slice_u32(word, &r.rseq) || r.rseq == 0 || !slice_word(&value, &word) ||
	    !slice_u32(word, &r.cseq) || !slice_word(&value, &r.method) || slice_word(&value, &none))
		return RT_BAD;
	*out = r;
	return 0;
}

const char *ua_uas_state_name(enum ua_uas_state s)
{
	static const char *const name[UA_UAS_STATES] = {
#define X(n) #n,
		UA_UAS_STATE_MAP(X)
#undef X
	};

	return name[s];
}

const char *ua_uas_event_name(enum ua_uas_event ev)
{
	static const char *const name[UA_UAS_EVENTS] = {
#define X(n, text) text,
		UA_UAS_EVENT_MAP(X)
#undef X
	};

	return name[ev];
}
