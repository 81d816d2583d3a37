/* SPDX-License-Identifier: MIT */
/* burst: one turn of a loop, from a poll to the flush. */
#include "burst.h"

#include <poll.h>
#include <sys/epoll.h>

#include "loc/redis.h"
#include "membership.h"
#include "wait.h"

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
	if (in->head->verb == WIRE_ECHO && (wait_echo(self, svc, in) || membership_echo(self, svc, in)))
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

		self->mail_waits = got != 0;
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

/* ---- The end of a burst ---- */

/*
 * From those who decide out to the door, which stands first: what Redis is told of a call has left this process before anybody
 * outside hears of it, so that whoever is killed in between has told a successor all that he told a phone.
 */
static void flush_actors(struct svc_loop *self)
{
	for (uint32_t i = self->nactor; i-- > 0;) {
		struct svc *svc = &self->actor[i];

		if (svc->what->tier == WIRE_TRANSPORT && self->redis)
			loc_redis_flush(self->redis);
		if (svc->what->flush)
			svc->what->flush(svc->self);
		rt_arena_reset(self->arena);
	}
}

/*
 * Datagrams come faster than a turn takes: the next turn is begun at once, for its parcels to travel in the same packs. A pack
 * costs each side some 3 us beside what is in it.
 */
static bool holds_packs(struct svc_loop *self, bool busy)
{
	const bool hold = busy && !self->stop && self->held < LOOP_HELD && wire_mailbox_waiting(self->mailbox) >= LOOP_FEW;

	self->held = hold ? self->held + 1 : 0;
	return hold;
}

static void flush(struct svc_loop *self, bool busy)
{
	flush_actors(self);
	loc_redis_flush(self->redis);
	if (!holds_packs(self, busy))
		self->mail_due = wire_mailbox_flush(self->mailbox, self->now);
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
	*self->redis_now = loc_redis_some(self->redis);
	*self->redis_missing = loc_redis_missing(self->redis);
	*self->packs_out = tally->packs_out;
	*self->parcels_out = tally->parcels_out;
	*self->packs_in = tally->packs_in;
	*self->refused = tally->refused;
	*self->lost = tally->lost;
	atomic_store_explicit(&self->load, load, memory_order_relaxed);
	atomic_store_explicit(&self->beat, self->now, memory_order_relaxed);
}

/* ---- Turning ---- */

enum source { PIPE, INNER, OUTER, NEWS, WATCHES, REDIS, REDIS2, SOURCES };

/* EPOLLIN, EPOLLOUT, EPOLLERR and EPOLLHUP are POLLIN, POLLOUT, POLLERR and POLLHUP. */
_Static_assert((int)EPOLLIN == POLLIN && (int)EPOLLOUT == POLLOUT && (int)EPOLLERR == POLLERR && (int)EPOLLHUP == POLLHUP, "the same bits");

/* A descriptor of -1 is passed over by poll. Those of ZeroMQ sockets are read by emptying the socket, never by us. */
static void fill(struct svc_loop *self, struct pollfd p[SOURCES])
{
	p[PIPE] = (struct pollfd){ self->pipe_fd, POLLIN, 0 };
	p[INNER] = (struct pollfd){ wire_mailbox_inner(self->mailbox), POLLIN, 0 };
	p[OUTER] = (struct pollfd){ wire_mailbox_outer(self->mailbox), POLLIN, 0 };
	p[NEWS] = (struct pollfd){ wire_mailbox_news(self->mailbox), POLLIN, 0 };
	p[WATCHES] = (struct pollfd){ self->watches.epoll, POLLIN, 0 };
	p[REDIS] = (struct pollfd){ loc_redis_fd(self->redis), (short)loc_redis_events(self->redis), 0 };
	p[REDIS2] = (struct pollfd){ loc_redis_fd2(self->redis), (short)loc_redis_events2(self->redis), 0 };
}

static int patience(const struct svc_loop *self)
{
	rt_ms due = rt_wheel_next(self->wheel);

	if (self->mail_waits || self->held || !queue_is_empty(&self->queue))
		return 0;
	due = self->mail_due < due ? self->mail_due : due;
	due = self->peer_due < due ? self->peer_due : due;
	due = self->membership_due < due ? self->membership_due : due;
	due = self->pulse_due < due ? self->pulse_due : due;
	due = self->redis_due < due ? self->redis_due : due;
	if (due <= self->now)
		return 0;
	return due - self->now < LOOP_POLL_MAX ? (int)(due - self->now) : LOOP_POLL_MAX;
}

void burst_turn(struct svc_loop *self)
{
	struct pollfd p[SOURCES];

	fill(self, p);
	poll(p, SOURCES, patience(self));
	loop_read_clock(self);
	++*self->turns;
	if (p[PIPE].revents)
		loop_obey(self);
	if (p[REDIS2].revents) /* first: who registered before he was called is called where he is */
		loc_redis_ready2(self->redis, (uint32_t)p[REDIS2].revents, self->now);
	if (p[INNER].revents || p[OUTER].revents || self->mail_waits) {
		wire_mailbox_told(self->mailbox, p[INNER].revents, p[OUTER].revents);
		take_mail(self);
	}
	if (p[NEWS].revents)
		self->peer_due = wire_mailbox_look(self->mailbox, self->now);
	if (p[WATCHES].revents)
		take_ready(self);
	if (p[REDIS].revents)
		loc_redis_ready(self->redis, (uint32_t)p[REDIS].revents, self->now);
	burst_run_queue(self);
	take_timers(self);
	self->redis_due = loc_redis_tick(self->redis, self->now);
	if (self->now >= self->peer_due) {
		membership_judge(self->membership);
		self->peer_due = wire_mailbox_look(self->mailbox, self->now);
	}
	self->membership_due = membership_tick(self->membership, self->now);
	burst_run_queue(self);
	self->pulse_due = wait_ask(self, self->now);
	flush(self, p[WATCHES].revents);
	publish(self);
}

void burst_turn_alone(struct svc_loop *self)
{
	zmq_pollitem_t item = { 0, self->watches.epoll, ZMQ_POLLIN, 0 };

	zmq_poll(&item, 1, patience(self));
	loop_read_clock(self);
	if (item.revents)
		take_ready(self);
	take_timers(self);
	burst_run_queue(self);
	flush_actors(self);
}
