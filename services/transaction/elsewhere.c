/* SPDX-License-Identifier: MIT */
/*
 * elsewhere: a worker that comes or goes moves its share of new requests, but not of transactions in progress. Their ACKs and CANCELs
 * then come to a worker that does not know them:
 *
 *   a worker drains      its share goes to the others        they hand an unknown ACK or CANCEL to it
 *   a worker is new      it takes a share from the others    it hands an unknown one to whoever had the share
 *
 *   a worker was away    others have finished its share  it hands unknown ones, and responses to what it gave up, to them (lapse.c)
 *
 * Once only: what another transaction worker handed over is not handed on. The same for other requests over UDP while a worker drains,
 * for they may be retransmissions of what it has answered or is about to; what is new to it comes back. Over connections nothing is sent
 * twice, and nothing handed to a worker that has just gone would be sent again.
 */
#include "txn.h"

static rt_ms ringing(const struct txn *self)
{
	return (rt_ms)svc_config(self->svc)->proxy_timer_c * 1000;
}

/* How long transactions from before this worker's time can still be about: a CANCEL comes while it rings, an ACK after the failure. */
static rt_ms youth(const struct txn *self, const struct sip_msg *m)
{
	const rt_ms lingering = 64 * (rt_ms)self->times.t1;

	return m->index->method == SIP_CANCEL ? ringing(self) + lingering : lingering;
}

static bool may_know(const struct txn *self, const struct wire_member *other, const struct sip_msg *m)
{
	return other->state == WIRE_DRAINING || svc_now(self->svc) - self->opened < youth(self, m);
}

bool txn_elsewhere(struct txn *self, const struct wire_parcel *in)
{
	const struct wire_members *members = svc_members(self->svc);
	const uint64_t key = wire_request_key(&in->msg);
	const uint32_t id = wire_members_pick_other(members, WIRE_TRANSACTION, key, svc_id(self->svc));
	const struct wire_member *other = id ? wire_members_get(members, id) : 0;
	struct wire_head head = *in->head;

	if (!other || head.from != head.edge || !may_know(self, other, &in->msg))
		return false;
	head.to = id;
	return svc_post(self->svc, &head, &in->msg) == 0;
}

bool txn_elsewhere_response(struct txn *self, const struct wire_parcel *in)
{
	const struct wire_members *members = svc_members(self->svc);
	struct wire_head head = *in->head;

	if (head.context || head.from != head.edge || svc_now(self->svc) - self->opened >= ringing(self))
		return false;
	head.context = svc_id(self->svc);
	head.to = wire_members_pick_other(members, WIRE_TRANSACTION, wire_response_key(&in->msg), svc_id(self->svc));
	return head.to && svc_post(self->svc, &head, &in->msg) == 0;
}

static bool drains(const struct txn *self)
{
	const struct wire_member *me = wire_members_get(svc_members(self->svc), svc_id(self->svc));

	return me && me->state == WIRE_DRAINING;
}

/* The draining worker that had the share of this key before us; 0: none. */
static uint32_t draining_owner(const struct txn *self, uint64_t key)
{
	const struct wire_members *members = svc_members(self->svc);
	const uint32_t id = wire_members_pick_other(members, WIRE_TRANSACTION, key, svc_id(self->svc));
	const struct wire_member *other = id ? wire_members_get(members, id) : 0;

	return other && other->state == WIRE_DRAINING && rt_mix(key, id) > rt_mix(key, svc_id(self->svc)) ? id : 0;
}

bool txn_elsewhere_again(struct txn *self, const struct wire_parcel *in)
{
	const bool handed = in->head->from != in->head->edge, leaving = drains(self);
	struct wire_head head = *in->head;

	if (in->head->remote.proto != SIP_UDP || handed != leaving)
		return false;
	if (leaving)
		head.to = svc_pick(self->svc, WIRE_TRANSACTION, wire_request_key(&in->msg));
	else
		head.to = draining_owner(self, wire_request_key(&in->msg));
	return head.to && head.to != svc_id(self->svc) && svc_post(self->svc, &head, &in->msg) == 0;
}
