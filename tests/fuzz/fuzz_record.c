/* SPDX-License-Identifier: MIT */
/*
 * fuzz_record: any bytes as a record of the location store.
 *
 * What must hold: no read outside the text; a record that reads is rendered and read back the same.
 */
#include <stdlib.h>

#include "loc/store.h"
#include "rt/arena.h"
#include "rt/cursor.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static void must(int truth)
{
	if (!truth)
		abort();
}

static void same(const struct loc_binding *a, const struct loc_binding *b)
{
	must(slice_eq(a->contact, b->contact) && slice_eq(a->params, b->params) && slice_eq(a->path, b->path));
	must(slice_eq(a->received, b->received) && slice_eq(a->instance, b->instance) && slice_eq(a->call_id, b->call_id));
	must(slice_eq(a->user_agent, b->user_agent) && a->flow == b->flow && a->expires_at == b->expires_at);
	must(a->registered_at == b->registered_at && a->updated_at == b->updated_at && a->edge == b->edge && a->q == b->q);
	must(a->cseq == b->cseq && a->reg_id == b->reg_id && a->listener == b->listener);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	static char text[1 << 20];
	static struct rt_arena *arena;
	struct rt_cursor c = rt_cursor_on(text, sizeof(text));
	struct loc_binding b, again;
	char *const copy = malloc(n ? n : 1); /* ends where its memory does */

	if (!arena)
		arena = rt_arena_new(1 << 21);
	rt_arena_reset(arena);
	if (n)
		memcpy(copy, data, n);
	if (n < 1 << 16 && loc_binding_parse(&b, SLICE("id"), slice_of(copy, (uint32_t)n), arena) == 0) {
		loc_binding_render(&c, &b);
		must(c.err == 0);
		must(loc_binding_parse(&again, SLICE("id"), rt_cursor_text(&c), arena) == 0);
		same(&b, &again);
	}
	free(copy);
	return 0;
}
