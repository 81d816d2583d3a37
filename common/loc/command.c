/* SPDX-License-Identifier: MIT */
/*
 * command: the arguments in the protocol; what stands before those of a script is written when it is sent.
 *
 *   *n  [ $7 EVALSHA $40 <digest> | $4 EVAL $.. <text> ]  | $.. <argument> $.. <argument> ..     the tail
 */
#include "command.h"

#include <stdio.h>
#include <stdlib.h>

#include "limits.h"
#include "loc/slot.h"
#include "rt/cursor.h"

static void put_argument(struct rt_cursor *c, struct slice s)
{
	rt_cursor_char(c, '$');
	rt_cursor_u64(c, s.n);
	rt_cursor_lit(c, "\r\n");
	rt_cursor_put(c, s);
	rt_cursor_lit(c, "\r\n");
}

static struct command *render(struct slice first, int argc, const struct slice *argv)
{
	size_t size = sizeof(struct command) + first.n + 16;
	struct command *self;
	struct rt_cursor c;

	for (int i = 0; i < argc; i++)
		size += argv[i].n + 16;
	self = size < LOC_QUEUE_BYTES ? malloc(size) : 0;
	if (!self)
		return 0;
	c = rt_cursor_on(self->tail, (uint32_t)(size - sizeof(*self)));
	if (first.n)
		put_argument(&c, first);
	for (int i = 0; i < argc; i++)
		put_argument(&c, argv[i]);
	*self = (struct command){ .argc = argc + (first.n > 0), .slot = -1, .n = c.n };
	return self;
}

struct command *command_new(int argc, const struct slice *argv)
{
	struct command *self = render(SLICE(""), argc, argv);

	if (self)
		self->slot = loc_command_slot(argc, argv);
	return self;
}

struct command *command_new_script(struct loc_script *script, int nkeys, int argc, const struct slice *argv)
{
	char number[12];
	struct command *self = render(slice_of(number, (uint32_t)snprintf(number, sizeof(number), "%d", nkeys)), argc, argv);

	if (!self)
		return 0;
	self->script = script;
	self->slot = nkeys ? loc_key_slot(argv[0]) : -1;
	return self;
}

int command_put(const struct command *self, struct loc_link *link, bool by_digest)
{
	const uint32_t before = link->out_n - link->out_at;
	const struct loc_script *script = self->script;
	const bool short_form = script && by_digest && script->sha[0];
	const struct slice body = script ? slice_str(short_form ? script->sha : script->text) : SLICE_NONE;
	bool fits = !link_put_count(link, '*', (uint64_t)self->argc + (script ? 2 : 0));

	if (fits && script)
		fits = !link_put_raw(link, short_form ? SLICE("$7\r\nEVALSHA\r\n") : SLICE("$4\r\nEVAL\r\n")) &&
		       !link_put_count(link, '$', body.n) && !link_put_raw(link, body) && !link_put_raw(link, SLICE("\r\n"));
	fits = fits && !link_put_raw(link, slice_of(self->tail, self->n));
	if (!fits)
		link->out_n = link->out_at + before;
	return fits ? 0 : RT_DOWN;
}
