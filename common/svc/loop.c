/* SPDX-License-Identifier: MIT */
/* loop: its making, its thread, the commands it gets, its end. What it does in between is burst.c. */
#include "loop.h"

#include <poll.h>

#include "burst.h"
#include "loc/redis.h"
#include "membership.h"
#include "process.h"
#include "rt/clock.h"

void loop_read_clock(struct svc_loop *self)
{
	self->now = rt_clock_ms();
	self->wall_ms = rt_clock_wall_ms();
}

/* ---- Commands of the process ---- */

void loop_announce(struct svc *svc)
{
	struct svc_loop *self = svc->loop;

	board_put(&self->process->board, &svc->record);
	self->membership_due = 0;
	if (self->membership)
		membership_announce(self->membership);
}

static void drain(struct svc_loop *self)
{
	for (uint32_t i = 0; i < self->nactor; i++) {
		struct svc *svc = &self->actor[i];

		svc->record.state = WIRE_DRAINING;
		board_put(&self->process->board, &svc->record);
		if (svc->what->drain)
			svc->what->drain(svc->self);
		burst_run_queue(self);
	}
	membership_part(self->membership);
	self->membership_due = 0;
}

static void reload(struct svc_loop *self)
{
	self->config = atomic_load(&self->process->config);
	atomic_store(&self->kept_old, false);
	for (uint32_t i = 0; i < self->nactor; i++) {
		struct svc *svc = &self->actor[i];

		if (svc->what->reload && svc->what->reload(svc->self)) {
			rt_log(RT_LOG_E, "config.refused", 0, "tier=%s kept what it could not change; its own line above says what",
			       wire_tier_name(svc->what->tier));
			atomic_store(&self->kept_old, true);
		}
		burst_run_queue(self);
	}
	atomic_store(&self->taken, self->config);
}

void loop_obey(struct svc_loop *self)
{
	char command[16];
	int n;

	while ((n = zmq_recv(self->pipe, command, sizeof(command), ZMQ_DONTWAIT)) > 0) {
		const struct slice word = slice_of(command, (uint32_t)n < sizeof(command) ? (uint32_t)n : sizeof(command));

		if (slice_eq(word, SLICE("DRAIN")))
			drain(self);
		else if (slice_eq(word, SLICE("RELOAD")))
			reload(self);
		else if (slice_eq(word, SLICE("REPLY")))
			reload_reply(self);
		else if (slice_eq(word, SLICE("$TERM")))
			self->stop = true;
	}
}

/* ---- Life ---- */

/* A door that opens before its loop knows anybody would have to send its first guests away. Redis may be slow: then so be it. */
static void settle(struct svc_loop *self)
{
	const rt_ms until = self->now + LOOP_SETTLE;

	while (!membership_look(self->membership) && self->now < until) {
		struct pollfd p = { loc_redis_fd(self->redis), (short)loc_redis_events(self->redis), 0 };

		loc_redis_flush(self->redis);
		poll(&p, 1, 10);
		loop_read_clock(self);
		if (p.revents)
			loc_redis_ready(self->redis, (uint32_t)p.revents, self->now);
		loc_redis_tick(self->redis, self->now);
	}
}

static bool open_actors(struct svc_loop *self)
{
	settle(self);
	for (uint32_t i = 0; i < self->nactor; i++) {
		struct svc *svc = &self->actor[i];
		const int err = svc->what->open(&svc->self, svc);

		rt_arena_reset(self->arena);
		if (err) {
			rt_log(RT_LOG_E, "actor.refused", 0, "tier=%s loop=%d: %s", wire_tier_name(svc->what->tier), self->number,
			       rt_err_text(err));
			self->nactor = i;
			return false;
		}
	}
	return true;
}

static void close_actors(struct svc_loop *self)
{
	while (self->nactor > 0) {
		struct svc *svc = &self->actor[--self->nactor];

		svc->what->close(&svc->self);
	}
}

/* All that a loop does whose actors did not open: be there until it is told to stop. */
static void wait_for_command(struct svc_loop *self)
{
	zmq_pollitem_t item = { self->pipe, 0, ZMQ_POLLIN, 0 };

	if (zmq_poll(&item, 1, -1) == 1)
		loop_obey(self);
}

/* What is still asked ends with RT_DOWN, while those who asked are there; and who then asks again is refused. */
static void forget_redis(struct svc_loop *self)
{
	struct loc_redis *redis = self->redis;

	loc_redis_destroy(&redis);
	self->redis = 0;
}

void loop_run(zsock_t *pipe, void *arg)
{
	struct svc_loop *self = arg;

	char name[16];

	snprintf(name, sizeof(name), "loop-%d", self->number);
	pthread_setname_np(pthread_self(), name);
	self->pipe = zsock_resolve(pipe);
	self->pipe_fd = zsock_fd(pipe);
	loop_read_clock(self);
	self->membership = membership_new(self);
	if (self->number == 0)
		reload_listen(self);
	self->failed = !self->membership || !open_actors(self);
	if (!self->failed) {
		membership_greet(self->membership);
	}
	atomic_store(&self->beat, self->now);
	zsock_signal(pipe, 0);
	loop_obey(self); /* a ZeroMQ descriptor tells of news only after its socket was found empty once */
	self->mail_waits = true;
	while (!self->stop)
		(self->failed ? wait_for_command : burst_turn)(self);
	if (self->membership)
		membership_leave(self->membership);
	loc_redis_flush(self->redis);
	forget_redis(self);
	close_actors(self);
	atomic_store(&self->ended, true);
}

/* Each answer of Redis is an event of its own. */
static void answered(void *self)
{
	burst_run_queue(self);
}

static void count_from_start(struct svc_loop *self)
{
	self->turns = counters_add(&self->counters, "peal_turns_total", "Bursts of the loops.");
	self->delivered = counters_add(&self->counters, "peal_parcels_total", "Parcels handed to actors.");
	self->strays = counters_add(&self->counters, "peal_parcels_stray_total", "Parcels for actors that are not here.");
	self->bad = counters_add(&self->counters, "peal_parcels_bad_total", "Packs and parcels that did not hold together.");
	self->packs_out = counters_add(&self->counters, "peal_bus_packs_sent_total", "Packs that left for other loops.");
	self->parcels_out = counters_add(&self->counters, "peal_bus_parcels_sent_total", "Parcels in them.");
	self->packs_in = counters_add(&self->counters, "peal_bus_packs_received_total", "Packs that came from other loops.");
	self->refused = counters_add(&self->counters, "peal_bus_refused_total", "Parcels refused because the receiver's mailbox was full.");
	self->lost = counters_add(&self->counters, "peal_bus_lost_total", "Parcels dropped because the receiver was gone.");
	self->load_now = counters_add(&self->counters, "peal_load", "Transactions, contexts and connections in hand.");
	self->redis_now = counters_add(&self->counters, "peal_redis_up", "Loops that Redis answers; of a cluster, a part of it at least.");
	self->redis_missing = counters_add(&self->counters, "peal_redis_missing", "Masters of Redis that loops cannot reach: their share of the users has no location service.");
}

struct svc_loop *loop_new(struct svc_process *process, int number)
{
	struct svc_loop *self = calloc(1, sizeof(*self));
	char url[SVC_REDIS_URL_MAX];

	if (!self)
		return 0;
	self->process = process;
	self->number = number;
	self->config = process->config;
	self->watches.epoll = -1;
	loop_read_clock(self);
	rt_random(&self->trail, sizeof(self->trail));
	self->mail_due = self->peer_due = self->pulse_due = UINT64_MAX;
	queue_init(&self->queue);
	count_from_start(self);
	self->wheel = rt_wheel_new(self->now);
	self->arena = rt_arena_new(LOOP_ARENA);
	self->mailbox = wire_mailbox_new();
	self->members = wire_members_new();
	slice_cstr(self->config->redis_url, url, sizeof(url));
	self->redis = loc_redis_new(url, (uint32_t)self->config->redis_timeout, self->now);
	if (self->redis)
		loc_redis_after(self->redis, answered, self);
	if (!self->wheel || !self->arena || !self->mailbox || !self->members || watches_open(&self->watches) || !self->redis)
		loop_destroy(&self);
	return self;
}

void loop_destroy(struct svc_loop **self_p)
{
	struct svc_loop *self = *self_p;

	if (!self)
		return;
	loc_redis_destroy(&self->redis); /* when the loop never ran */
	membership_destroy(&self->membership);
	wire_mailbox_destroy(&self->mailbox);
	wire_members_destroy(&self->members);
	watches_close(&self->watches);
	queue_clear(&self->queue);
	rt_arena_destroy(&self->arena);
	rt_wheel_destroy(&self->wheel);
	free(self);
	*self_p = 0;
}
