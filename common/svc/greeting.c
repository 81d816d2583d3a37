/* SPDX-License-Identifier: MIT */
/* greeting: the ECHO of the shell. */
#include "greeting.h"

#include "nodes.h"

static const rt_handle shell_mark = 0x5348454c4c; /* in an ECHO's context: the shell asked, not an actor */

void greeting_say(const struct greeting *self, struct svc_loop *loop, uint32_t id)
{
	struct wire_head head = { .verb = WIRE_ECHO, .to = id, .context = shell_mark };

	for (uint32_t i = 0; self->open && i < loop->nactor; i++) {
		head.txn = self->leaving ? i + 1 : 0; /* comes back: see greeting_was_last */
		const struct sip_msg record = { .text = nodes_render(loop, &loop->actor[i].record) };

		(void)!svc_post(&loop->actor[i], &head, &record); /* a refusal is silence */
	}
}

void greeting_answer(struct svc *svc, const struct wire_parcel *in)
{
	struct wire_head back = *in->head;

	back.to = in->head->from;
	back.flags |= WIRE_BACK;
	(void)!svc_post(svc, &back, 0); /* who asks again in a second loses nothing */
}

bool greeting_is_ours(const struct wire_parcel *back)
{
	return back->head->context == shell_mark;
}

bool greeting_was_last(const struct svc_loop *loop, const struct wire_parcel *back)
{
	return back->head->txn == loop->nactor;
}
