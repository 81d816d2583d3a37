/* SPDX-License-Identifier: MIT */
/* solo: a process of one loop without the rest of the house. */
#include "svc/solo.h"

#include <unistd.h>

#include "burst.h"
#include "loc/redis.h"
#include "process.h"
#include "rt/clock.h"

static void add_actor(struct svc_process *process, const struct svc_actor *what)
{
	struct svc_loop *loop = process->loop[0];
	struct svc *svc = &loop->actor[loop->nactor];

	*svc = (struct svc){ .loop = loop, .what = what, .at = (uint16_t)loop->nactor };
	svc->record = (struct wire_member){ .id = process->first_id + loop->nactor, .tier = (uint8_t)what->tier, .state = WIRE_LIVE,
					    .version = WIRE_VERSION, .oldest = WIRE_VERSION_OLDEST, .pid = (uint32_t)getpid(), .host = "here" };
	loop->nactor++;
	board_put(&process->board, &svc->record);
}

static int open_actors(struct svc_loop *loop)
{
	for (uint32_t i = 0; i < loop->nactor; i++) {
		struct svc *svc = &loop->actor[i];
		const int err = svc->what->open(&svc->self, svc);

		rt_arena_reset(loop->arena);
		if (err) {
			loop->nactor = i;
			return err;
		}
	}
	return 0;
}

static void turn_until_stopped(struct svc_loop *loop)
{
	loop->membership_due = loop->redis_due = UINT64_MAX;
	while (!loop->stop) {
		board_read(&loop->process->board, &loop->board_seen, loop->members);
		burst_turn_alone(loop);
	}
}

static void close_actors(struct svc_loop *loop)
{
	while (loop->nactor > 0) {
		struct svc *svc = &loop->actor[--loop->nactor];

		svc->what->close(&svc->self);
	}
}

int svc_solo(struct svc_config *config, const struct svc_actor *const actors[])
{
	static struct svc_process process; /* large */
	int err;

	process = (struct svc_process){ .name = "solo", .config = config, .first_id = 1, .nloop = 1, .host = "here" };
	zsys_handler_set(0); /* signals are the program's */
	rt_random(process.secret, sizeof(process.secret));
	while (actors[process.nactor] && process.nactor < LOOP_ACTORS_MAX) {
		process.actor[process.nactor] = actors[process.nactor];
		process.nactor++;
	}
	board_open(&process.board);
	process.loop[0] = loop_new(&process, 0);
	if (!process.loop[0]) {
		board_close(&process.board);
		return RT_NOMEM;
	}
	loc_redis_destroy(&process.loop[0]->redis);
	for (uint32_t i = 0; i < process.nactor; i++)
		add_actor(&process, process.actor[i]);
	err = open_actors(process.loop[0]);
	if (!err)
		turn_until_stopped(process.loop[0]);
	close_actors(process.loop[0]);
	loop_destroy(&process.loop[0]);
	board_close(&process.board);
	return err;
}

void svc_stop(struct svc *svc)
{
	svc->loop->stop = true;
}
