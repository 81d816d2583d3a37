/* SPDX-License-Identifier: MIT */
/* offer: where offers and answers may be, as tables. */
#include "ua/offer.h"

/* clang-format off */
static const bool answers[UA_CARRIERS][UA_CARRIERS] = {   /* [offered in][answered in] */
	[UA_IN_INVITE] = { [UA_IN_REL] = true, [UA_IN_2XX] = true },
	[UA_IN_REL]    = { [UA_IN_PRACK] = true },
	[UA_IN_2XX]    = { [UA_IN_ACK] = true },
	[UA_IN_PRACK]  = { [UA_IN_PRACK_2XX] = true },
	[UA_IN_UPDATE] = { [UA_IN_UPDATE_2XX] = true },
};

static const uint8_t last_place[UA_CARRIERS] = {          /* where an answer must be at last */
	[UA_IN_INVITE] = UA_IN_2XX, [UA_IN_REL] = UA_IN_PRACK, [UA_IN_2XX] = UA_IN_ACK,
	[UA_IN_PRACK] = UA_IN_PRACK_2XX, [UA_IN_UPDATE] = UA_IN_UPDATE_2XX,
};
/* clang-format on */

static enum ua_meaning without_sdp(struct ua_offer *o, enum ua_side side, enum ua_carrier in)
{
	if (in == UA_IN_INVITE) {
		if (o->pending)
			return o->side == side ? UA_TOO_EARLY : UA_GLARE;
		o->open = true;
		return UA_NOTHING;
	}
	if (o->pending && o->side != side && last_place[o->by] == in)
		return UA_MISSING;
	return in == UA_IN_2XX && o->open ? UA_MISSING : UA_NOTHING; /* 13.2.1: the offer in the first reliable message */
}

static enum ua_meaning while_pending(struct ua_offer *o, enum ua_side side, enum ua_carrier in)
{
	if (side != o->side && answers[o->by][in]) {
		o->pending = false;
		o->agreed = true;
		return UA_ANSWER;
	}
	if (in == UA_IN_INVITE || in == UA_IN_UPDATE) /* 14.2; RFC 3311 5.2 */
		return o->side == side ? UA_TOO_EARLY : UA_GLARE;
	if (in == UA_IN_1XX)
		return UA_COPY;
	return UA_MISPLACED;
}

static enum ua_meaning offered(struct ua_offer *o, enum ua_side side, enum ua_carrier in)
{
	o->pending = true;
	o->side = (uint8_t)side;
	o->by = (uint8_t)in;
	o->open = false;
	return UA_OFFER;
}

static enum ua_meaning with_sdp(struct ua_offer *o, enum ua_side side, enum ua_carrier in)
{
	switch (in) {
	case UA_IN_INVITE:
		return offered(o, side, in);
	case UA_IN_UPDATE: /* RFC 3311 5.1: after the first exchange */
		return o->agreed ? offered(o, side, in) : UA_TOO_EARLY;
	case UA_IN_PRACK: /* RFC 3262 5: another offer, when the response held an answer */
		return o->agreed ? offered(o, side, in) : UA_MISPLACED;
	case UA_IN_REL:
	case UA_IN_2XX:
		return o->open ? offered(o, side, in) : UA_COPY;
	case UA_IN_1XX:
		return UA_COPY;
	default:
		return UA_MISPLACED;
	}
}

enum ua_meaning ua_offer_take(struct ua_offer *o, enum ua_side side, enum ua_carrier in, bool sdp)
{
	if (!sdp)
		return without_sdp(o, side, in);
	return o->pending ? while_pending(o, side, in) : with_sdp(o, side, in);
}

void ua_offer_failed(struct ua_offer *o, enum ua_carrier in)
{
	const bool by_invite = o->by == UA_IN_INVITE || o->by == UA_IN_REL || o->by == UA_IN_2XX;

	if (in == UA_IN_INVITE)
		o->open = false;
	if (o->pending && (o->by == in || (in == UA_IN_INVITE && by_invite)))
		o->pending = false;
}
