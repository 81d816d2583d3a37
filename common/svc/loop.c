/* SPDX-License-Identifier: MIT */
/* loop: turns. */
#include "loop.h"

#include <sys/epoll.h>

#include "loc/redis.h"
#include "membership.h"
#include "process.h"
#include "rt/clock.h"

void loop_read_clock(struct svc_loop *self)
{
	self->now = rt_clock_ms();
	self->wall_ms = rt_clock_wall_ms();
}

/* ---- Handing over ---- */

static struct svc *actor_of(struct svc_loop *self, uint32_t id)
{
	for (uint32_t i = 0; i < self->nactor; i++)
		if (self->actor[i].record.id == id)
			return &self->actor[i];
	return 0;
}

static void deliver(struct svc_loop *self, const struct wire_parcel *in)
{
	struct svc *svc = actor_of(self, in->head->to);

	if (!svc) {
		++*self->strays; /* an id of an earlier process, or a liar */
		return;
	}
	if (in->head->verb == WIRE_ECHO && membership_echo(self, svc, in))
		return;
	svc->what->parcel(svc->self, in);
	++*self->delivered;
	rt_arena_reset(self->arena);
}

/* After every event: what it posted on this loop, and what that posted, until none is left or others must have their turn. */
static void run_queue(struct svc_loop *self)
{
	struct wire_parcel in;

	rt_arena_reset(self->arena);
	for (int n = 0; n < LOOP_FAIRNESS && queue_next(&self->queue, &in); n++)
		deliver(self, &in);
}

/* ---- Sources ---- */

static void take_pack(struct svc_loop *self, struct wire_walk *walk, bool trusted)
{
	struct wire_parcel in;
	int got;

	while ((got = wire_walk_next(walk, &in, trusted)) == 1) {
		deliver(self, &in);
		run_queue(self);
	}
	if (got < 0) {
		++*self->bad;
		rt_log(RT_LOG_W, "parcel.refused", 0, "a peer's parcel does not hold together; the rest of its pack is dropped");
	}
}

static void take_mail(struct svc_loop *self)
{
	const uint64_t before = *self->delivered;
	struct wire_walk walk;
	bool trusted;

	for (int n = 0; n < WIRE_BURST && *self->delivered - before < LOOP_MAIL; n++) {
		const int got = wire_mailbox_receive(self->mailbox, &walk, &trusted);

		if (got == 0)
			return;
		if (n)
			loop_read_clock(self);
		if (got == 1)
			take_pack(self, &walk, trusted);
		else
			++*self->bad;
	}
}

static void take_ready(struct svc_loop *self)
{
	struct watch_event e[WIRE_BURST];
	const int n = watches_take(&self->watches, e, WIRE_BURST);

	for (int i = 0; i < n; i++) {
		const struct watch *w = watches_find(&self->watches, &e[i]);

		if (!w)
			continue;
		if (i)
			loop_read_clock(self);
		w->fn(self->actor[w->actor].self, e[i].fd, e[i].ready);
		run_queue(self);
	}
}

static void take_timers(struct svc_loop *self)
{
	struct rt_timer *t;

	for (int n = 0; n < LOOP_FAIRNESS && (t = rt_wheel_pop(self->wheel, self->now)); n++) {
		struct svc *svc = &self->actor[t->actor];

		svc->what->timer(svc->self, t);
		run_queue(self);
	}
}

static uint32_t epoll_of(short ready)
{
	return (ready & ZMQ_POLLIN ? EPOLLIN : 0u) | (ready & ZMQ_POLLOUT ? EPOLLOUT : 0u) | (ready & ZMQ_POLLERR ? EPOLLERR : 0u);
}

static short zmq_of(uint32_t events)
{
	return (short)((events & EPOLLIN ? ZMQ_POLLIN : 0) | (events & EPOLLOUT ? ZMQ_POLLOUT : 0));
}

/* ---- The end of a burst ---- */

static void flush(struct svc_loop *self)
{
	for (uint32_t i = 0; i < self->nactor; i++) {
		struct svc *svc = &self->actor[i];

		if (svc->what->flush)
			svc->what->flush(svc->self);
		rt_arena_reset(self->arena);
	}
	self->mail_due = wire_mailbox_flush(self->mailbox, self->now);
	loc_redis_flush(self->redis);
}

static void publish(struct svc_loop *self)
{
	const struct wire_tally *tally = wire_mailbox_tally(self->mailbox);
	uint32_t load = 0;

	for (uint32_t i = 0; i < self->nactor; i++) {
		struct svc *svc = &self->actor[i];

		svc->record.load = svc->what->load ? svc->what->load(svc->self) : 0;
		load += svc->record.load;
	}
	if (!queue_is_empty(&self->queue) || self->mail_due != UINT64_MAX)
		load++; /* something is still on its way */
	*self->load_now = load;
	*self->redis_now = loc_redis_up(self->redis);
	*self->packs_out = tally->packs_out;
	*self->packs_in = tally->packs_in;
	*self->refused = tally->refused;
	*self->lost = tally->lost;
	atomic_store_explicit(&self->load, load, memory_order_relaxed);
	atomic_store_explicit(&self->beat, self->now, memory_order_relaxed);
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
		run_queue(self);
	}
	membership_announce(self->membership);
	self->membership_due = 0;
}

static void reload(struct svc_loop *self)
{
	self->config = atomic_load(&self->process->config);
	for (uint32_t i = 0; i < self->nactor; i++) {
		struct svc *svc = &self->actor[i];

		if (svc->what->reload && svc->what->reload(svc->self))
			rt_log(RT_LOG_E, "config.refused", 0, "tier=%s kept what it could not change; its own line above says what",
			       wire_tier_name(svc->what->tier));
		run_queue(self);
	}
	atomic_store(&self->taken, self->config);
}

static void obey(struct svc_loop *self)
{
	char command[16];
	int n;

	while ((n = zmq_recv(self->pipe, command, sizeof(command), ZMQ_DONTWAIT)) > 0) {
		const struct slice word = slice_of(command, (uint32_t)n < sizeof(command) ? (uint32_t)n : sizeof(command));

		if (slice_eq(word, SLICE("DRAIN")))
			drain(self);
		else if (slice_eq(word, SLICE("RELOAD")))
			reload(self);
		else if (slice_eq(word, SLICE("$TERM")))
			self->stop = true;
	}
}

/* ---- Turning ---- */

enum source { PIPE, INNER, OUTER, NEWS, WATCHES, REDIS, REDIS2, SOURCES };

static int fill(struct svc_loop *self, zmq_pollitem_t item[SOURCES], enum source of[SOURCES])
{
	int n = 0;

	const struct {
		void *socket;
		int fd;
		short events;
	} all[SOURCES] = {
		[PIPE] = { self->pipe, -1, ZMQ_POLLIN },
		[INNER] = { wire_mailbox_inner(self->mailbox), -1, ZMQ_POLLIN },
		[OUTER] = { wire_mailbox_outer(self->mailbox), -1, ZMQ_POLLIN },
		[NEWS] = { 0, wire_mailbox_news(self->mailbox), ZMQ_POLLIN },
		[WATCHES] = { 0, self->watches.epoll, ZMQ_POLLIN },
		[REDIS] = { 0, loc_redis_fd(self->redis), zmq_of(loc_redis_events(self->redis)) },
		[REDIS2] = { 0, loc_redis_fd2(self->redis), zmq_of(loc_redis_events2(self->redis)) },
	};

	for (int s = 0; s < SOURCES; s++) {
		if (!all[s].socket && all[s].fd < 0)
			continue;
		item[n] = (zmq_pollitem_t){ all[s].socket, all[s].fd, all[s].events, 0 };
		of[n++] = (enum source)s;
	}
	return n;
}

static long patience(const struct svc_loop *self)
{
	rt_ms due = rt_wheel_next(self->wheel);

	if (!queue_is_empty(&self->queue))
		return 0;
	due = self->mail_due < due ? self->mail_due : due;
	due = self->peer_due < due ? self->peer_due : due;
	due = self->membership_due < due ? self->membership_due : due;
	due = self->redis_due < due ? self->redis_due : due;
	if (due <= self->now)
		return 0;
	return due - self->now < LOOP_POLL_MAX ? (long)(due - self->now) : LOOP_POLL_MAX;
}

static void take(struct svc_loop *self, enum source source, short ready)
{
	switch (source) {
	case PIPE:
		obey(self);
		break;
	case INNER: /* both are received from by turns, so either stands for the two */
	case OUTER:
		take_mail(self);
		break;
	case NEWS:
		self->peer_due = wire_mailbox_look(self->mailbox, self->now);
		break;
	case WATCHES:
		take_ready(self);
		break;
	case REDIS:
		loc_redis_ready(self->redis, epoll_of(ready), self->now);
		run_queue(self);
		break;
	default:
		loc_redis_ready2(self->redis, epoll_of(ready), self->now);
		run_queue(self);
	}
}

static void turn(struct svc_loop *self)
{
	zmq_pollitem_t item[SOURCES];
	enum source of[SOURCES];
	const int n = fill(self, item, of);
	bool mail = false;

	zmq_poll(item, n, patience(self));
	loop_read_clock(self);
	++*self->turns;
	for (int i = 0; i < n; i++) {
		const bool is_mail = of[i] == INNER || of[i] == OUTER;

		if (!item[i].revents || (is_mail && mail))
			continue;
		mail |= is_mail;
		take(self, of[i], item[i].revents);
	}
	take_timers(self);
	self->redis_due = loc_redis_tick(self->redis, self->now);
	if (self->now >= self->peer_due) {
		membership_judge(self->membership);
		self->peer_due = wire_mailbox_look(self->mailbox, self->now);
	}
	self->membership_due = membership_tick(self->membership, self->now);
	run_queue(self);
	flush(self);
	publish(self);
}

/* ---- Life ---- */

static bool open_actors(struct svc_loop *self)
{
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
		obey(self);
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
	loop_read_clock(self);
	self->membership = membership_new(self);
	self->failed = !self->membership || !open_actors(self);
	if (!self->failed)
		membership_announce(self->membership);
	atomic_store(&self->beat, self->now);
	zsock_signal(pipe, 0);
	while (!self->stop)
		(self->failed ? wait_for_command : turn)(self);
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
	run_queue(self);
}

static void count_from_start(struct svc_loop *self)
{
	self->turns = counters_add(&self->counters, "peal_turns_total", "Bursts of the loops.");
	self->delivered = counters_add(&self->counters, "peal_parcels_total", "Parcels handed to actors.");
	self->strays = counters_add(&self->counters, "peal_parcels_stray_total", "Parcels for actors that are not here.");
	self->bad = counters_add(&self->counters, "peal_parcels_bad_total", "Packs and parcels that did not hold together.");
	self->packs_out = counters_add(&self->counters, "peal_bus_packs_sent_total", "Packs that left for other loops.");
	self->packs_in = counters_add(&self->counters, "peal_bus_packs_received_total", "Packs that came from other loops.");
	self->refused = counters_add(&self->counters, "peal_bus_refused_total", "Parcels refused because the receiver's mailbox was full.");
	self->lost = counters_add(&self->counters, "peal_bus_lost_total", "Parcels dropped because the receiver was gone.");
	self->load_now = counters_add(&self->counters, "peal_load", "Transactions, contexts and connections in hand.");
	self->redis_now = counters_add(&self->counters, "peal_redis_up", "Loops with a connection to Redis.");
}

struct svc_loop *loop_new(struct svc_process *process, int number)
{
	struct svc_loop *self = calloc(1, sizeof(*self));
	char url[512];

	if (!self)
		return 0;
	self->process = process;
	self->number = number;
	self->config = process->config;
	self->watches.epoll = -1;
	loop_read_clock(self);
	rt_random(&self->trail, sizeof(self->trail));
	self->mail_due = self->peer_due = UINT64_MAX;
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
