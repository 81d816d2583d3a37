/* SPDX-License-Identifier: MIT */
/* actor: what an actor may ask of the shell; each verb a few lines over the loop. */
#include "svc/actor.h"

#include "loop.h"
#include "process.h"

int svc_post(struct svc *svc, const struct wire_head *head, const struct sip_msg *msg)
{
	struct svc_loop *loop = svc->loop;
	struct wire_head h = *head;

	h.from = svc->record.id;
	if (process_loop_of(loop->process, h.to) == loop->number)
		return queue_post(&loop->queue, &h, msg);
	if (h.verb != WIRE_ECHO)
		pulse_posted(&loop->pulse, h.to);
	return wire_mailbox_post(loop->mailbox, &h, msg, loop->now);
}

static bool is_stalled(const struct svc_loop *loop, uint32_t id)
{
	return pulse_wait(&loop->pulse, id, loop->now) >= WIRE_STALLED;
}

/* A transaction worker is never passed over: what was begun there must be found there. */
uint32_t svc_pick(struct svc *svc, enum wire_tier tier, uint64_t key)
{
	const struct svc_loop *loop = svc->loop;
	const uint32_t id = wire_members_pick(loop->members, tier, key);
	const uint32_t other = tier > WIRE_TRANSACTION && id && is_stalled(loop, id) ? wire_members_pick_other(loop->members, tier, key, id) : 0;
	const struct wire_member *m = other ? wire_members_get(loop->members, other) : 0;

	return m && m->state == WIRE_LIVE && !is_stalled(loop, other) ? other : id;
}

uint32_t svc_wait(const struct svc *svc, uint32_t id)
{
	const struct svc_loop *loop = svc->loop;

	return pulse_wait_all(&loop->pulse, id, loop->now);
}

uint32_t svc_pick_near(struct svc *svc, enum wire_tier tier, uint64_t key)
{
	const struct svc_loop *loop = svc->loop;

	for (uint32_t i = 0; i < loop->nactor; i++)
		if (loop->actor[i].what->tier == tier && loop->actor[i].record.state == WIRE_LIVE)
			return loop->actor[i].record.id;
	return svc_pick(svc, tier, key);
}

uint32_t svc_id(const struct svc *svc)
{
	return svc->record.id;
}

const struct wire_members *svc_members(const struct svc *svc)
{
	return svc->loop->members;
}

void svc_announce(struct svc *svc, const struct wire_listener *listeners, int n)
{
	n = n < WIRE_LISTENERS_MAX ? n : WIRE_LISTENERS_MAX;
	if (n > 0)
		memcpy(svc->record.listener, listeners, (size_t)n * sizeof(listeners[0]));
	svc->record.nlistener = (uint8_t)(n > 0 ? n : 0);
	loop_announce(svc);
}

rt_ms svc_now(const struct svc *svc)
{
	return svc->loop->now;
}

int64_t svc_wall(const struct svc *svc)
{
	return svc->loop->wall_ms / 1000;
}

uint32_t svc_forgotten(const struct svc *svc)
{
	return svc->loop->forgotten;
}

uint64_t svc_wall_ms(const struct svc *svc)
{
	return (uint64_t)svc->loop->wall_ms;
}

struct rt_arena *svc_arena(struct svc *svc)
{
	return svc->loop->arena;
}

void svc_timer_start(struct svc *svc, struct rt_timer *t, uint64_t owner, uint8_t name, uint32_t delay_ms)
{
	t->owner = owner;
	t->actor = svc->at;
	t->name = name;
	rt_wheel_start(svc->loop->wheel, t, svc->loop->now + delay_ms);
}

void svc_timer_stop(struct svc *svc, struct rt_timer *t)
{
	rt_wheel_stop(svc->loop->wheel, t);
}

uint64_t svc_trail(struct svc *svc)
{
	const uint64_t trail = rt_mix(svc->loop->trail++, svc->record.id);

	return trail ? trail : 1;
}

const struct svc_config *svc_config(const struct svc *svc)
{
	return svc->loop->config;
}

struct rt_key svc_secret(const struct svc *svc, const char *use)
{
	struct rt_key half[2];

	_Static_assert(sizeof(half) == sizeof(svc->loop->process->secret), "two keys");
	memcpy(half, svc->loop->process->secret, sizeof(half));
	return (struct rt_key){ rt_hash(half[0], use, strlen(use)), rt_hash(half[1], use, strlen(use)) };
}

struct loc_redis *svc_redis(struct svc *svc)
{
	return svc->loop->redis;
}

int svc_watch(struct svc *svc, int fd, uint32_t events, svc_ready_fn *fn)
{
	return watches_set(&svc->loop->watches, fd, events, fn, svc->at);
}

void svc_unwatch(struct svc *svc, int fd)
{
	watches_drop(&svc->loop->watches, fd);
}

uint64_t *svc_counter(struct svc *svc, const char *name, const char *help)
{
	return counters_add(&svc->loop->counters, name, help);
}
