/* SPDX-License-Identifier: MIT */
/*
 * membership: a row for each record seen in Redis; the rows that are shown are what actors find in the members table.
 *
 *   unseen --fresh record--> SHOWN --unchanged for FORGET, silent, unreachable--> HIDDEN --sign of life--> SHOWN
 *     |                        |                                                    |
 *     +--old record--> HIDDEN  +---------------- gone from Redis: no row -----------+
 *
 * The first thing a loop says to a new peer is who it is (an ECHO that carries its records), so nobody has to answer a
 * stranger, whichever of the two Redis told first.
 *
 * Clocks of hosts differ: a record is alive while its `seen` changes between two looks, whatever it says. Only at the
 * first sight of one is it compared with our own clock.
 */
#include "membership.h"

#include <stdlib.h>
#include <unistd.h>

#include "loc/redis.h"
#include "loop.h"
#include "nodes.h"
#include "process.h"

static const rt_handle shell_mark = 0x5348454c4c; /* in an ECHO's context: the shell asked, not an actor */

struct row {
	struct wire_member member;
	rt_ms alive;  /* last sign of life, our clock */
	rt_ms unreached; /* since when it says it is alive and is not reached; 0: it is */
	bool shown, present, told;
	bool parted;                /* it has answered an ECHO that said we leave: what it sent before is here, and it sends no more */
};

struct membership {
	struct svc_loop *loop;
	rt_ms born, next_beat;
	rt_ms asked, last_look;     /* when the look under way was asked for; when the last was answered */
	rt_ms steady;               /* since when one answer followed another */
	bool asking, ask_again;
	bool looked;                /* Redis has told us who is there */
	bool open;                  /* our actors are: others may know of us */
	bool leaving;               /* and now must know that we go */
	bool written;               /* Redis has our records, as far as we know */
	uint32_t generation;
	uint32_t n;
	struct row row[WIRE_MEMBERS_MAX];
};

/* ---- Showing ---- */

/* A member of this host; or of a container beside us that shares our state folder, whose socket then lies there. */
static bool is_here(const struct svc_process *process, const struct wire_member *m)
{
	char bus[sizeof(process->state) + 16];
	const int n = snprintf(bus, sizeof(bus), "ipc://%s/bus/", process->state);

	if (strcmp(m->host, process->host) == 0)
		return m->ipc[0] != 0;
	return strncmp(m->ipc, bus, (size_t)n) == 0 && access(m->ipc + strlen("ipc://"), W_OK) == 0;
}

/* Where the loop's mailbox finds a member: in this process, on this host, on another; NULL when it cannot be reached. */
static const char *endpoint_of(const struct svc_loop *loop, const struct wire_member *m, char room[WIRE_ENDPOINT_MAX])
{
	const int number = process_loop_of(loop->process, m->id);

	if (number >= 0) {
		snprintf(room, WIRE_ENDPOINT_MAX, "inproc://loop-%d", number);
		return room;
	}
	if (is_here(loop->process, m))
		return m->ipc;
	return m->tcp[0] && loop->config->server_bus.n ? m->tcp : 0;
}

static bool join(struct svc_loop *loop, const struct wire_member *m)
{
	char room[WIRE_ENDPOINT_MAX];
	const char *endpoint = endpoint_of(loop, m, room);

	return endpoint && wire_mailbox_join(loop->mailbox, m->id, endpoint, wire_member_speaks(m)) == 0;
}

/* What /readyz asks: which tiers have somebody. */
static void note_change(struct membership *self)
{
	struct svc_loop *loop = self->loop;
	uint32_t sees = 0;

	if (wire_members_generation(loop->members) == self->generation)
		return;
	self->generation = wire_members_generation(loop->members);
	for (int t = WIRE_TRANSPORT; t < WIRE_TIERS; t++)
		if (wire_members_pick(loop->members, (enum wire_tier)t, 0))
			sees |= 1u << t;
	atomic_store_explicit(&loop->sees, sees, memory_order_relaxed);
}

static void hide(struct membership *self, struct row *row, const char *why)
{
	if (!row->shown)
		return;
	rt_log(RT_LOG_I, "member.gone", 0, "tier=%s id=%u host=%s why=%s", wire_tier_name(row->member.tier), row->member.id,
	       row->member.host, why);
	wire_members_drop(self->loop->members, row->member.id);
	row->shown = false;
}

/* Ask `id` for a sign of life, telling it our records. */
static void greet(struct svc_loop *loop, uint32_t id)
{
	struct wire_head head = { .verb = WIRE_ECHO, .to = id, .context = shell_mark };

	for (uint32_t i = 0; loop->membership->open && i < loop->nactor; i++) {
		head.txn = loop->membership->leaving ? i + 1 : 0; /* comes back: see note_parted */
		const struct sip_msg record = { .text = nodes_render(loop, &loop->actor[i].record) };

		(void)!svc_post(&loop->actor[i], &head, &record); /* a refusal is silence */
	}
}

/* Why it cannot be talked to, once. */
static void say_unreachable(struct row *row)
{
	const struct wire_member *m = &row->member;

	if (row->told)
		return;
	row->told = true;
	if (!wire_member_speaks(m))
		rt_log(RT_LOG_E, "member.foreign", 0,
		       "tier=%s id=%u host=%s: it has parcels of version %u to %u, this worker %d to %d; upgrade by one version at a time",
		       wire_tier_name(m->tier), m->id, m->host, m->oldest, m->version, WIRE_VERSION_OLDEST, WIRE_VERSION);
	else
		rt_log(RT_LOG_W, "member.unreachable", 0, "tier=%s id=%u host=%s: it runs on another host; set server.bus there and here",
		       wire_tier_name(m->tier), m->id, m->host);
}

static void show(struct membership *self, struct row *row)
{
	const struct wire_member *m = &row->member;
	const bool stranger = !wire_mailbox_knows(self->loop->mailbox, m->id);

	if (!wire_member_speaks(m) || !join(self->loop, m)) {
		say_unreachable(row);
		return;
	}
	if (wire_members_put(self->loop->members, m)) {
		rt_log(RT_LOG_W, "member.refused", 0, "id=%u: more than %d members", m->id, WIRE_MEMBERS_MAX);
		return;
	}
	if (!row->shown)
		rt_log(RT_LOG_I, "member.seen", 0, "tier=%s id=%u host=%s pid=%u", wire_tier_name(m->tier), m->id, m->host, m->pid);
	row->shown = true;
	if (stranger)
		greet(self->loop, m->id);
}

static struct row *row_of(struct membership *self, uint32_t id)
{
	for (uint32_t i = 0; i < self->n; i++)
		if (self->row[i].member.id == id)
			return &self->row[i];
	return 0;
}

static void remove_row(struct membership *self, struct row *row, const char *why)
{
	hide(self, row, why);
	wire_mailbox_leave(self->loop->mailbox, row->member.id);
	*row = self->row[--self->n];
}

/* ---- What Redis says ---- */

/* It lives, and yet its connection does not come about: begin a new one. Whatever the old one hangs in, nobody waits for it. */
static void reconnect(struct membership *self, struct row *row)
{
	struct wire_mailbox *mailbox = self->loop->mailbox;
	const uint32_t id = row->member.id;
	const rt_ms now = self->loop->now;

	if (!wire_mailbox_knows(mailbox, id) || wire_mailbox_reaches(mailbox, id, now)) {
		row->unreached = 0;
		return;
	}
	if (!row->unreached)
		row->unreached = now;
	if (now - row->unreached < MEMBERSHIP_FORGET)
		return;
	rt_log(RT_LOG_W, "member.reconnect", 0, "tier=%s id=%u host=%s why=\"alive in Redis, not reached for %d ms\"",
	       wire_tier_name(row->member.tier), id, row->member.host, MEMBERSHIP_FORGET);
	row->unreached = 0;
	if (wire_mailbox_reconnect(mailbox, id))
		wire_mailbox_leave(mailbox, id);
}

static void take_record(struct membership *self, const struct wire_member *m)
{
	struct svc_loop *loop = self->loop;
	struct row *row = row_of(self, m->id);
	bool alive;

	if (process_loop_of(loop->process, m->id) >= 0) {
		if (m->pid != (uint32_t)getpid() || strcmp(m->host, loop->process->host) != 0)
			rt_log(RT_LOG_E, "member.twin", 0, "id=%u is also used by pid=%u on host=%s: restart one of the two workers",
			       m->id, m->pid, m->host);
		return;
	}
	if (row) {
		alive = m->seen != row->member.seen || m->state != row->member.state;
	} else {
		if (self->n == WIRE_MEMBERS_MAX)
			return;
		row = &self->row[self->n++];
		*row = (struct row){ .alive = loop->now };
		alive = llabs((int64_t)m->seen - loop->wall_ms) <= MEMBERSHIP_FORGET;
	}
	row->member = *m;
	row->present = true;
	if (!alive)
		return;
	row->alive = loop->now;
	if (!row->shown)
		reconnect(self, row);
	if (row->shown || wire_mailbox_reaches(loop->mailbox, m->id, loop->now) || !wire_mailbox_knows(loop->mailbox, m->id))
		show(self, row);
}

/* Has it taken itself out? Not when it may have come after we asked, nor when Redis may just have lost its memory. */
static bool has_left(const struct membership *self, const struct row *row)
{
	return !row->present && row->alive < self->asked && self->loop->now - self->steady > MEMBERSHIP_FORGET;
}

/* What is gone from Redis is gone; what has not changed for long is dead, and whoever sees it first buries it. */
static void sweep(struct membership *self)
{
	struct svc_loop *loop = self->loop;

	for (uint32_t i = 0; i < self->n;) {
		struct row *row = &self->row[i];

		if (has_left(self, row)) {
			remove_row(self, row, "left");
			continue;
		}
		if (loop->now - row->alive > MEMBERSHIP_FORGET) {
			nodes_erase(loop, row->member.id);
			remove_row(self, row, "silent");
			continue;
		}
		i++;
	}
}

static uint32_t last_id(const struct membership *self)
{
	uint32_t last = 0;

	for (uint32_t i = 0; i < self->n; i++)
		last = self->row[i].member.id > last ? self->row[i].member.id : last;
	return last;
}

/* What Redis says from now on counts, not what it fails to say: everybody has time to write himself in again. */
static void begin_anew(struct membership *self)
{
	for (uint32_t i = 0; i < self->n; i++)
		self->row[i].alive = self->loop->now;
	self->steady = self->loop->now;
	nodes_restore(self->loop, last_id(self));
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
	for (uint32_t i = 0; i < self->n; i++)
		self->row[i].present = false;
	for (size_t i = 0; i + 1 < reply->elements; i += 2) {
		const redisReply *value = reply->element[i + 1];

		if (wire_member_parse(&m, slice_of(value->str, (uint32_t)value->len)) == 0)
			take_record(self, &m);
		else
			rt_log(RT_LOG_W, "member.unreadable", 0, "field=%s of the Redis key nodes is not a record this version reads",
			       rt_log_safe(slice_of(reply->element[i]->str, (uint32_t)reply->element[i]->len)));
	}
	self->looked = true;
	sweep(self);
	note_change(self);
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

/* ---- While Redis is away ---- */

static void answer_echo(struct membership *self, struct svc *svc, const struct wire_parcel *in)
{
	struct wire_head back = *in->head;
	struct wire_member m;

	if (in->msg.text.n && wire_member_parse(&m, in->msg.text) == 0) {
		take_record(self, &m);
		note_change(self);
	}
	back.to = in->head->from;
	back.flags |= WIRE_BACK;
	(void)!svc_post(svc, &back, 0); /* who asks again in a second loses nothing */
}

/* Who has not been heard of for so long is asked himself. */
static void greet_silent(struct membership *self, rt_ms silence)
{
	for (uint32_t i = 0; i < self->n; i++)
		if (self->loop->now - self->row[i].alive >= silence)
			greet(self->loop, self->row[i].member.id);
	rt_arena_reset(self->loop->arena);
}

/* Does everybody we can reach know that we leave? What comes over one connection comes in order. */
static void note_parted(struct membership *self)
{
	bool all = true;

	for (uint32_t i = 0; i < self->n; i++)
		all &= self->row[i].parted || !self->row[i].shown;
	atomic_store(&self->loop->parted, self->leaving && all);
}

void membership_part(struct membership *self)
{
	self->leaving = true;
	membership_announce(self);
	greet_silent(self, 0);
	note_parted(self);
}

bool membership_echo(struct svc_loop *loop, struct svc *svc, const struct wire_parcel *in)
{
	struct membership *self = loop->membership;
	struct row *row;

	if (!(in->head->flags & WIRE_BACK)) {
		answer_echo(self, svc, in);
		return true;
	}
	if (in->head->context != shell_mark)
		return false;
	row = row_of(self, in->head->from);
	if (row) {
		row->alive = loop->now;
		row->parted |= in->head->txn == loop->nactor;
		if (!row->shown)
			show(self, row);
		note_change(self);
		note_parted(self);
	}
	return true;
}

/* ---- Time ---- */

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
	self->open = true;
	greet_silent(self, 0);
	membership_announce(self);
}

void membership_leave(struct membership *self)
{
	for (uint32_t i = 0; i < self->loop->nactor; i++)
		nodes_erase(self->loop, self->loop->actor[i].record.id);
	nodes_publish(self->loop);
}

void membership_judge(struct membership *self)
{
	const rt_ms now = self->loop->now;

	for (uint32_t i = 0; i < self->n; i++) {
		struct row *row = &self->row[i];

		if (row->shown && !wire_mailbox_reaches(self->loop->mailbox, row->member.id, now))
			hide(self, row, "unreachable");
		else if (row->shown && now - row->alive > 2 * MEMBERSHIP_FORGET)
			hide(self, row, "silent");
	}
	note_change(self);
	note_parted(self);
}

rt_ms membership_tick(struct membership *self, rt_ms now)
{
	struct svc_loop *loop = self->loop;

	if (board_read(&loop->process->board, &loop->board_seen, loop->members))
		note_change(self);
	if (now < self->next_beat)
		return self->next_beat;
	self->next_beat = now + (now - self->born < MEMBERSHIP_BEAT ? MEMBERSHIP_EARLY : MEMBERSHIP_BEAT);
	write_ours(self); /* also when a part of a cluster is away: it need not be the part that keeps the key */
	ask(self);
	greet_silent(self, loc_redis_up(loop->redis) ? MEMBERSHIP_BEAT + MEMBERSHIP_BEAT / 2 : 0); /* up may mean full, or as good as away */
	membership_judge(self);
	return self->next_beat;
}

static void join_process(struct membership *self)
{
	struct svc_loop *loop = self->loop;
	uint32_t iter = 0;
	const struct wire_member *m;

	board_read(&loop->process->board, &loop->board_seen, loop->members);
	while ((m = wire_members_each(loop->members, &iter)))
		if (process_loop_of(loop->process, m->id) != loop->number)
			(void)join(loop, m);
}

struct membership *membership_new(struct svc_loop *loop)
{
	struct membership *self = calloc(1, sizeof(*self));

	if (!self)
		return 0;
	self->loop = loop;
	self->born = self->last_look = self->steady = loop->now;
	join_process(self);
	note_change(self);
	if (nodes_watch(loop, on_changed, self))
		rt_log(RT_LOG_W, "member.slow", 0, "no subscription to nodes:changed; changes are seen once a second");
	return self;
}

void membership_destroy(struct membership **self_p)
{
	free(*self_p);
	*self_p = 0;
}
