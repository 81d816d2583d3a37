/* SPDX-License-Identifier: MIT */
/* turns: what begins, with how much of Max-Breadth, and who has rung long enough. */
#include "turns.h"

static const struct proxy_branch *first_waiting(const struct proxy_context *c)
{
	const struct proxy_branch *first = 0;

	for (int i = 0; i < c->n; i++)
		if (c->branch[i].phase == PROXY_WAITING && !c->branch[i].spare && (!first || c->branch[i].q > first->q))
			first = &c->branch[i];
	return first;
}

static bool in_group(const struct proxy_context *c, const struct proxy_branch *b, const struct proxy_branch *first)
{
	if (b->phase != PROXY_WAITING || b->spare)
		return false;
	return b == first || c->fork == PROXY_ALL || (c->fork == PROXY_BY_Q && b->q == first->q);
}

static uint16_t lendable(const struct proxy_context *c)
{
	return c->breadth > c->reserve ? (uint16_t)(c->breadth - c->reserve) : 0;
}

uint32_t proxy_turns_launch(struct proxy_context *c, uint32_t group, int size)
{
	for (int i = 0; size > 0; i++) {
		struct proxy_branch *const b = &c->branch[i];

		if (!(group & proxy_bit(i)))
			continue;
		b->phase = PROXY_SEEKING;
		b->breadth = (uint16_t)(lendable(c) / size--);
		c->breadth = (uint16_t)(c->breadth - b->breadth);
		c->open++;
	}
	return group;
}

uint32_t proxy_turns_group(struct proxy_context *c)
{
	const struct proxy_branch *const first = first_waiting(c);
	uint32_t group = 0;
	int size = 0;

	for (int i = 0; first && i < c->n && size < lendable(c); i++)
		if (in_group(c, &c->branch[i], first)) {
			group |= proxy_bit(i);
			size++;
		}
	return proxy_turns_launch(c, group, size);
}

uint32_t proxy_turns_join(struct proxy_context *c)
{
	const struct proxy_branch *const first = first_waiting(c);
	bool due = c->fork == PROXY_ALL || !c->open;

	for (int i = 0; first && i < c->n; i++)
		due |= c->fork == PROXY_BY_Q && proxy_branch_is_open(&c->branch[i]) && first->q >= c->branch[i].q;
	c->reserve = 0;
	return first && due && !c->closed ? proxy_turns_group(c) : 0;
}

static bool turn_ends(const struct proxy_context *c, const struct proxy_branch *b)
{
	return proxy_branch_is_open(b) && b->phase != PROXY_SEEKING && b->rings_until && !b->aside && !b->cancelled && !b->wish && !c->closed;
}

struct proxy_plan proxy_turns_next(struct proxy_context *c, rt_ms now)
{
	struct proxy_plan plan = { .say = PROXY_SILENT, .from = -1 };

	for (int i = 0; i < c->n; i++) {
		struct proxy_branch *const b = &c->branch[i];

		if (!turn_ends(c, b) || b->rings_until > now)
			continue;
		b->aside = true;
		b->cancelled = b->phase == PROXY_RINGING;
		b->wish = !b->cancelled;
		if (b->cancelled) {
			b->deadline = now + c->patience;
			plan.cancel |= proxy_bit(i);
		}
		c->breadth = (uint16_t)(c->breadth + b->breadth); /* it is on its way back, RFC 5393 5.3.3 */
		b->breadth = 0;
	}
	plan.launch = proxy_turns_group(c);
	return plan;
}

rt_ms proxy_turns_due(const struct proxy_context *c)
{
	rt_ms due = 0;

	if (!first_waiting(c))
		return 0;
	for (int i = 0; i < c->n; i++)
		if (turn_ends(c, &c->branch[i]) && (!due || c->branch[i].rings_until < due))
			due = c->branch[i].rings_until;
	return due;
}
