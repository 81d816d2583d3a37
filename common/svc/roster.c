/* SPDX-License-Identifier: MIT */
/* roster: the rows, and whom of them the actors and the mailbox hear about. */
#include "roster.h"

#include <stdlib.h>
#include <unistd.h>

#include "greeting.h"
#include "membership.h"
#include "nodes.h"
#include "process.h"

struct row {
	struct wire_member member;
	rt_ms alive;  /* last sign of life, our clock */
	rt_ms unreached; /* since when it says it is alive and is not reached; 0: it is */
	bool shown, present, told;
	bool parted;                /* it has answered an ECHO that said we leave: what it sent before is here, and it sends no more */
};

struct roster {
	struct svc_loop *loop;
	const struct greeting *greeting;
	uint32_t generation;        /* of the members table when its tiers were last counted */
	uint32_t n;
	struct row row[WIRE_MEMBERS_MAX];
};

/* ---- Where a member is ---- */

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

/* ---- Showing ---- */

void roster_changed(struct roster *self)
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

static void hide(struct roster *self, struct row *row, const char *why)
{
	if (!row->shown)
		return;
	rt_log(RT_LOG_I, "member.gone", 0, "tier=%s id=%u host=%s why=%s", wire_tier_name(row->member.tier), row->member.id,
	       row->member.host, why);
	wire_members_drop(self->loop->members, row->member.id);
	row->shown = false;
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

static void show(struct roster *self, struct row *row)
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
		greeting_say(self->greeting, self->loop, m->id);
}

static struct row *row_of(struct roster *self, uint32_t id)
{
	for (uint32_t i = 0; i < self->n; i++)
		if (self->row[i].member.id == id)
			return &self->row[i];
	return 0;
}

static void remove_row(struct roster *self, struct row *row, const char *why)
{
	hide(self, row, why);
	wire_mailbox_leave(self->loop->mailbox, row->member.id);
	*row = self->row[--self->n];
}

/* ---- Signs of life ---- */

/* It lives, and yet its connection does not come about: begin a new one. Whatever the old one hangs in, nobody waits for it. */
static void reconnect(struct roster *self, struct row *row)
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

void roster_take(struct roster *self, const struct wire_member *m)
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

bool roster_answered(struct roster *self, uint32_t id, bool parted)
{
	struct row *row = row_of(self, id);

	if (!row)
		return false;
	row->alive = self->loop->now;
	row->parted |= parted;
	if (!row->shown)
		show(self, row);
	roster_changed(self);
	return true;
}

void roster_forgive(struct roster *self)
{
	for (uint32_t i = 0; i < self->n; i++)
		self->row[i].alive = self->loop->now;
}

/* ---- Their absence ---- */

void roster_call(struct roster *self)
{
	for (uint32_t i = 0; i < self->n; i++)
		self->row[i].present = false;
}

void roster_sweep(struct roster *self, rt_ms since)
{
	struct svc_loop *loop = self->loop;

	for (uint32_t i = 0; i < self->n;) {
		struct row *row = &self->row[i];

		if (!row->present && row->alive < since) {
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
	roster_changed(self);
}

void roster_judge(struct roster *self)
{
	const rt_ms now = self->loop->now;

	for (uint32_t i = 0; i < self->n; i++) {
		struct row *row = &self->row[i];

		if (row->shown && !wire_mailbox_reaches(self->loop->mailbox, row->member.id, now))
			hide(self, row, "unreachable");
		else if (row->shown && now - row->alive > 2 * MEMBERSHIP_FORGET)
			hide(self, row, "silent");
	}
	roster_changed(self);
}

/* ---- All of them ---- */

void roster_greet(struct roster *self, rt_ms silence)
{
	for (uint32_t i = 0; i < self->n; i++)
		if (self->loop->now - self->row[i].alive >= silence)
			greeting_say(self->greeting, self->loop, self->row[i].member.id);
	rt_arena_reset(self->loop->arena);
}

bool roster_parted(const struct roster *self)
{
	bool all = true;

	for (uint32_t i = 0; i < self->n; i++)
		all &= self->row[i].parted || !self->row[i].shown;
	return all;
}

uint32_t roster_last_id(const struct roster *self)
{
	uint32_t last = 0;

	for (uint32_t i = 0; i < self->n; i++)
		last = self->row[i].member.id > last ? self->row[i].member.id : last;
	return last;
}

static void join_process(struct roster *self)
{
	struct svc_loop *loop = self->loop;
	uint32_t iter = 0;
	const struct wire_member *m;

	board_read(&loop->process->board, &loop->board_seen, loop->members);
	while ((m = wire_members_each(loop->members, &iter)))
		if (process_loop_of(loop->process, m->id) != loop->number)
			(void)join(loop, m);
}

struct roster *roster_new(struct svc_loop *loop, const struct greeting *greeting)
{
	struct roster *self = calloc(1, sizeof(*self));

	if (!self)
		return 0;
	self->loop = loop;
	self->greeting = greeting;
	join_process(self);
	roster_changed(self);
	return self;
}

void roster_destroy(struct roster **self_p)
{
	free(*self_p);
	*self_p = 0;
}
