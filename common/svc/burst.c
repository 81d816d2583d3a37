/* SPDX-License-Identifier: MIT */
/* burst: one turn of a loop, from a poll to the flush. */
#include "burst.h"

#include <sys/epoll.h>

#include "loc/redis.h"
#include "membership.h"

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

void burst_run_queue(struct svc_loop *self)
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
		burst_run_queue(self);
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
		burst_run_queue(self);
	}
}

static void take_timers(struct svc_loop *self)
{
	struct rt_timer *t;

	for (int n = 0; n < LOOP_FAIRNESS && (t = rt_wheel_pop(self->wheel, self->now)); n++) {
		struct svc *svc = &self->actor[t->actor];

		svc->what->timer(svc->self, t);
		burst_run_queue(self);
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
		loop_obey(self);
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
		burst_run_queue(self);
		break;
	default:
		loc_redis_ready2(self->redis, epoll_of(ready), self->now);
		burst_run_queue(self);
	}
}

void burst_turn(struct svc_loop *self)
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
	burst_run_queue(self);
	flush(self);
	publish(self);
}
