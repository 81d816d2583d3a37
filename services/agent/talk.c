/* SPDX-License-Identifier: MIT */
/* talk: what is agreed about media, told and heard. */
#include "agent.h"

static bool has_body(const struct sip_msg *m)
{
	return sip_msg_body(m).n > 0;
}

/* "application/sdp", with or without parameters. */
static bool is_sdp(const struct sip_msg *m)
{
	const struct slice type = sip_msg_get(m, SIP_HDR_CONTENT_TYPE);
	const int semicolon = slice_find(type, ';');
	const struct slice plain = slice_trim(semicolon < 0 ? type : slice_head(type, (uint32_t)semicolon));

	return slice_eq_nocase(plain, SLICE("application/sdp")) && !sip_msg_has(m, SIP_HDR_CONTENT_ENCODING);
}

static int status_of(enum ua_meaning meaning)
{
	static const uint16_t status[] = {
		[UA_GLARE] = 491, [UA_TOO_EARLY] = 500, [UA_MISSING] = 400, [UA_MISPLACED] = 400, [UA_NOTHING] = 0,
	};

	return meaning <= UA_COPY ? 0 : status[meaning];
}

int agent_hear_sdp(struct agent_call *c, enum ua_carrier in, const struct sip_msg *m)
{
	struct ua_sdp sdp;
	const struct ua_offer before = c->offer;
	enum ua_meaning meaning;
	int status;

	if (has_body(m) && !is_sdp(m))
		return 415;
	if (!c->service->media) /* nobody here has anything to say about it */
		return 0;
	meaning = ua_offer_take(&c->offer, UA_THEIRS, in, has_body(m));
	status = status_of(meaning);
	if (meaning != UA_OFFER && meaning != UA_ANSWER)
		return status;
	if (ua_sdp_parse(&sdp, sip_msg_body(m)) < 0)
		status = 400;
	else if (ua_sdp_audio(&sdp) < 0)
		status = 488;
	if (status && meaning == UA_OFFER)
		c->offer = before; /* a refused offer was never made, RFC 3311 5.2 */
	return status;
}

struct slice agent_say_sdp(struct agent *a, struct agent_call *c, enum ua_carrier in, const struct sip_msg *offer)
{
	const bool answer = c->offer.pending && c->offer.side == UA_THEIRS;
	char *const text = rt_arena_raw(svc_arena(a->svc), AGENT_SDP_MAX);
	struct rt_cursor out = rt_cursor_on(text, text ? AGENT_SDP_MAX : 0);
	struct ua_sdp sdp;

	if (!c->service->media || c->echo.fd < 0)
		return SLICE_NONE;
	if (answer && (!offer || ua_sdp_parse(&sdp, sip_msg_body(offer)) < 0 || ua_sdp_answer(&out, &sdp, &c->me) < 0))
		return SLICE_NONE;
	if (!answer && !c->offer.open)
		return SLICE_NONE;
	if (!answer)
		ua_sdp_offer(&out, &c->me);
	if (out.err)
		return SLICE_NONE;
	ua_offer_take(&c->offer, UA_MINE, in, true);
	c->me.version++;
	return rt_cursor_text(&out);
}
