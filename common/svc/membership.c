/* SPDX-License-Identifier: MIT */
/* membership: what the loop says to Redis and to its peers, when, and what it makes of their silence. */
#include "membership.h"

#include <stdlib.h>

#include "greeting.h"
#include "loc/redis.h"
#include "loop.h"
#include "nodes.h"
#include "process.h"
#include "roster.h"

struct membership {
	struct svc_loop *loop;
	struct roster *roster;
	struct greeting greeting;
	rt_ms born, next_beat;
	rt_ms asked, last_look;     /* when the look under way was asked for; when the last was answered */
	rt_ms steady;               /* since when one answer followed another */
	bool asking, ask_again;
	bool looked;                /* Redis has told us who is there */
	bool written;               /* Redis has our records, as far as we know */
};

/* ---- What Redis says ---- */

/* What Redis says from now on counts, not what it fails to say: everybody has time to write himself in again. */
static void begin_anew(struct membership *self)
{
	roster_forgive(self->roster);
	self->steady = self->loop->now;
	nodes_restore(self->loop, roster_last_id(self->roster));
}

/* While we did not look, nobody could show us a sign of life. */
static void forgive_gap(struct membership *self)
{
	if (self->loop->now - self->last_look > 2 * MEMBERSHIP_BEAT)
		begin_anew(self);
	self->last_look = self->loop->now;
}

/* Redis has lost what we wrote into it, so perhaps everything. */
static void memory_lost(struct membership *self)
{
	rt_log(RT_LOG_W, "member.erased", 0, "our record was gone from the Redis key nodes; it is written again, the others are waited for");
	self->loop->forgotten++;
	begin_anew(self);
}

/* HSET tells how many fields are new: ours are not, after the first time. */
static void on_written(void *arg, uint64_t token, int err, const redisReply *reply)
{
	struct membership *self = arg;

	(void)token;
	if (err || reply->type != REDIS_REPLY_INTEGER)
		return; /* away, or full: the others ask us themselves */
	if (self->written && reply->integer > 0)
		memory_lost(self);
	self->written = true;
}

static void write_ours(struct membership *self)
{
	(void)!nodes_write(self->loop, on_written, self); /* again in a second */
}

static bool is_ours(const struct svc_loop *loop, const redisReply *field)
{
	for (uint32_t i = 0; i < loop->nactor; i++)
		if (strtoul(field->str, 0, 10) == loop->actor[i].record.id)
			return true;
	return false;
}

/* Are we among them? */
static bool holds_ours(const struct svc_loop *loop, const redisReply *nodes)
{
	for (size_t i = 0; i + 1 < nodes->elements; i += 2)
		if (is_ours(loop, nodes->element[i]))
			return true;
	return false;
}

/* Who is missed has taken himself out; not when he may have come after we asked, nor (0) when Redis may just have lost its memory. */
static rt_ms missed_since(const struct membership *self)
{
	return self->loop->now - self->steady > MEMBERSHIP_FORGET ? self->asked : 0;
}

static void ask(struct membership *self);

static void on_nodes(void *arg, uint64_t token, int err, const redisReply *reply)
{
	struct membership *self = arg;
	struct wire_member m;

	(void)token;
	self->asking = false;
	if (err || reply->type != REDIS_REPLY_ARRAY)
		return;
	loop_read_clock(self->loop);
	forgive_gap(self);
	if (self->written && !holds_ours(self->loop, reply))
		memory_lost(self);
	roster_call(self->roster);
	for (size_t i = 0; i + 1 < reply->elements; i += 2) {
		const redisReply *value = reply->element[i + 1];

		if (wire_member_parse(&m, slice_of(value->str, (uint32_t)value->len)) == 0)
			roster_take(self->roster, &m);
		else
			rt_log(RT_LOG_W, "member.unreadable", 0, "field=%s of the Redis key nodes is not a record this version reads",
			       rt_log_safe(slice_of(reply->element[i]->str, (uint32_t)reply->element[i]->len)));
	}
	self->looked = true;
	roster_sweep(self->roster, missed_since(self));
	if (self->ask_again)
		ask(self);
}

static void ask(struct membership *self)
{
	self->ask_again = self->asking;
	if (self->asking || nodes_read(self->loop, on_nodes, self))
		return;
	self->asking = true;
	self->asked = self->loop->now;
}

static void on_changed(void *arg, struct slice channel, struct slice text)
{
	(void)channel;
	(void)text;
	ask(arg);
}

/* ---- What peers say ---- */

/* Does everybody we can reach know that we leave? */
static void note_parted(struct membership *self)
{
	const bool all = roster_parted(self->roster);

	atomic_store(&self->loop->parted, self->greeting.leaving && all);
}

static void answer_echo(struct membership *self, struct svc *svc, const struct wire_parcel *in)
{
	struct wire_member m;

	if (in->msg.text.n && wire_member_parse(&m, in->msg.text) == 0) {
		roster_take(self->roster, &m);
		roster_changed(self->roster);
	}
	greeting_answer(svc, in);
}

bool membership_echo(struct svc_loop *loop, struct svc *svc, const struct wire_parcel *in)
{
	struct membership *self = loop->membership;

	if (!(in->head->flags & WIRE_BACK)) {
		answer_echo(self, svc, in);
		return true;
	}
	if (!greeting_is_ours(in))
		return false;
	if (roster_answered(self->roster, in->head->from, greeting_was_last(loop, in)))
		note_parted(self);
	return true;
}

/* ---- What we say ---- */

void membership_announce(struct membership *self)
{
	write_ours(self);
	nodes_publish(self->loop);
}

bool membership_look(struct membership *self)
{
	if (!self->looked && loc_redis_up(self->loop->redis))
		ask(self);
	return self->looked;
}

void membership_greet(struct membership *self)
{
	self->greeting.open = true;
	roster_greet(self->roster, 0);
	membership_announce(self);
}

void membership_part(struct membership *self)
{
	self->greeting.leaving = true;
	membership_announce(self);
	roster_greet(self->roster, 0);
	note_parted(self);
}

void membership_leave(struct membership *self)
{
	for (uint32_t i = 0; i < self->loop->nactor; i++)
		nodes_erase(self->loop, self->loop->actor[i].record.id);
	nodes_publish(self->loop);
}

/* ---- Time ---- */

void membership_judge(struct membership *self)
{
	roster_judge(self->roster);
	note_parted(self);
}

rt_ms membership_tick(struct membership *self, rt_ms now)
{
	struct svc_loop *loop = self->loop;

	if (board_read(&loop->process->board, &loop->board_seen, loop->members))
		roster_changed(self->roster);
	if (now < self->next_beat)
		return self->next_beat;
	self->next_beat = now + (now - self->born < MEMBERSHIP_BEAT ? MEMBERSHIP_EARLY : MEMBERSHIP_BEAT);
	write_ours(self); /* also when a part of a cluster is away: it need not be the part that keeps the key */
	ask(self);
	roster_greet(self->roster, loc_redis_up(loop->redis) ? MEMBERSHIP_BEAT + MEMBERSHIP_BEAT / 2 : 0); /* up may mean full, or as good as away */
	membership_judge(self);
	return self->next_beat;
}

struct membership *membership_new(struct svc_loop *loop)
{
	struct membership *self = calloc(1, sizeof(*self));

	if (!self)
		return 0;
	self->loop = loop;
	self->born = self->last_look = self->steady = loop->now;
	self->roster = roster_new(loop, &self->greeting);
	if (!self->roster) {
		membership_destroy(&self);
		return 0;
	}
	if (nodes_watch(loop, on_changed, self))
		rt_log(RT_LOG_W, "member.slow", 0, "no subscription to nodes:changed; changes are seen once a second");
	return self;
}

void membership_destroy(struct membership **self_p)
{
	struct membership *self = *self_p;

	if (!self)
		return;
	roster_destroy(&self->roster);
	free(self);
	*self_p = 0;
}
