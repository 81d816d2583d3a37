/* SPDX-License-Identifier: MIT */
/*
 * wait: the questions of pulse as ECHO parcels. The answer says what lies behind us: for each tier deeper than ours the wait at the
 * best of its actors we know, and of these the longest. A tier none of whose actors answers is left out: who gives it work refuses himself.
 */
#include "wait.h"

static const rt_handle pulse_mark = 0x50554c5345; /* in an ECHO's context */

static uint32_t deepest_tier(const struct svc_loop *loop)
{
	uint32_t tier = 0;

	for (uint32_t i = 0; i < loop->nactor; i++)
		tier = loop->actor[i].what->tier > tier ? loop->actor[i].what->tier : tier;
	return tier;
}

static uint32_t wait_behind(const struct svc_loop *loop)
{
	const uint32_t own = deepest_tier(loop);
	uint32_t least[WIRE_TIERS], longest = 0, iter = 0;
	const struct wire_member *m;

	memset(least, 0xff, sizeof(least));
	while ((m = wire_members_each(loop->members, &iter)))
		if (m->tier > own && m->tier < WIRE_TIERS && m->state == WIRE_LIVE) {
			const uint32_t wait = pulse_wait(&loop->pulse, m->id, loop->now);

			least[m->tier] = wait < least[m->tier] ? wait : least[m->tier];
		}
	for (int t = 0; t < WIRE_TIERS; t++)
		if (least[t] < WIRE_STALLED && least[t] > longest)
			longest = least[t];
	return longest;
}

rt_ms wait_ask(struct svc_loop *loop, rt_ms now)
{
	const rt_ms due = pulse_due(&loop->pulse);
	uint32_t at = 0, id;

	if (now < due)
		return due;
	while ((id = pulse_ask(&loop->pulse, now, &at)) != 0) {
		const struct wire_head head = { .verb = WIRE_ECHO, .to = id, .context = pulse_mark, .txn = now };

		if (svc_post(&loop->actor[0], &head, 0) == RT_ABSENT)
			pulse_gone(&loop->pulse, id);
	}
	return pulse_due(&loop->pulse);
}

bool wait_echo(struct svc_loop *loop, struct svc *svc, const struct wire_parcel *in)
{
	struct wire_head back = *in->head;

	if (back.context != pulse_mark)
		return false;
	if (back.flags & WIRE_BACK) {
		pulse_heard(&loop->pulse, back.from, back.txn, (uint32_t)back.loop, loop->now);
		return true;
	}
	back.to = back.from;
	back.flags |= WIRE_BACK;
	back.loop = wait_behind(loop);
	(void)!svc_post(svc, &back, 0); /* asked again before long */
	return true;
}
