/* SPDX-License-Identifier: MIT */
/* nodes: commands nobody waits for: what is lost with the connection is said again in a second. */
#include "nodes.h"

#include "process.h"

#define NODES   SLICE("nodes")
#define CHANGED SLICE("nodes:changed")

static void ignore(void *self, uint64_t token, int err, const redisReply *reply)
{
	(void)self;
	(void)token;
	(void)err;
	(void)reply;
}

static void say(struct svc_loop *loop, int argc, const struct slice *argv)
{
	(void)!loc_redis_call(loop->redis, ignore, 0, 0, argc, argv);
}

struct slice nodes_render(struct svc_loop *loop, const struct wire_member *m)
{
	enum { ROOM = 8192 };
	char *p = rt_arena_raw(loop->arena, ROOM);
	struct rt_cursor c = rt_cursor_on(p, p ? ROOM : 0);

	if (wire_member_render(m, &c))
		return SLICE_NONE;
	rt_arena_shrink(loop->arena, p, c.n);
	return rt_cursor_text(&c);
}

int nodes_write(struct svc_loop *loop, loc_redis_fn *fn, void *arg)
{
	struct slice set[2 + 2 * LOOP_ACTORS_MAX] = { SLICE("HSET"), NODES };
	int n = 2;

	for (uint32_t i = 0; i < loop->nactor; i++) {
		struct wire_member *m = &loop->actor[i].record;

		m->seen = (uint64_t)loop->wall_ms;
		set[n] = rt_arena_printf(loop->arena, "%u", m->id);
		set[n + 1] = nodes_render(loop, m);
		if (!slice_present(set[n + 1]))
			return RT_NOMEM; /* an actor has filled the arena; in a second it is empty */
		n += 2;
	}
	return loc_redis_call(loop->redis, fn, arg, 0, n, set);
}

void nodes_erase(struct svc_loop *loop, uint32_t id)
{
	const struct slice del[] = { SLICE("HDEL"), NODES, rt_arena_printf(loop->arena, "%u", id) };

	say(loop, 3, del);
}

void nodes_publish(struct svc_loop *loop)
{
	const struct slice text[] = { SLICE("PUBLISH"), CHANGED, slice_str(loop->process->name) };

	say(loop, 3, text);
}

int nodes_read(struct svc_loop *loop, loc_redis_fn *fn, void *arg)
{
	const struct slice get[] = { SLICE("HGETALL"), NODES };

	return loc_redis_call(loop->redis, fn, arg, 0, 2, get);
}

int nodes_watch(struct svc_loop *loop, loc_message_fn *fn, void *arg)
{
	return loc_redis_subscribe(loop->redis, CHANGED, fn, arg);
}

void nodes_restore(struct svc_loop *loop, uint32_t last_id)
{
	const struct svc_process *process = loop->process;
	const uint32_t ours = process->first_id + (uint32_t)process->nloop * process->nactor - 1;
	char hex[2 * sizeof(process->secret)];
	struct rt_cursor c = rt_cursor_on(hex, sizeof(hex));

	for (size_t i = 0; i < sizeof(process->secret); i++)
		rt_cursor_hex(&c, process->secret[i], 2);
	const struct slice next = rt_arena_printf(loop->arena, "%u", last_id > ours ? last_id : ours);
	const struct slice set[][3] = {
		{ SLICE("SETNX"), SLICE("schema"), SLICE(PROCESS_SCHEMA) },
		{ SLICE("SETNX"), SLICE("secret"), rt_cursor_text(&c) },
		{ SLICE("SETNX"), SLICE("nodes:next"), next },
		{ SLICE("SETNX"), SLICE("bus"), slice_str(process->bus_mark) },
	};
	const size_t n = sizeof(set) / sizeof(set[0]) - (process->bus_mark[0] == 0);

	for (size_t i = 0; i < n; i++)
		say(loop, 3, set[i]);
}
