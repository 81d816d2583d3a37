/* SPDX-License-Identifier: MIT */
/*
 * wheel: eight wheels of 256 slots, one a byte of the tick; a timer hangs in the wheel of the highest byte in which its
 * tick differs from the present tick, in the slot of that byte.
 *
 *   tick    | 7 | 6 | 5 | 4 | 3 | 2 | 1 | 0 |     10 ms each: wheel 0 spans 2.5 s, wheel 1 11 min, wheel 2 46 h
 *
 *   slot -> newest -> ... -> oldest               lists grow at the head; turned round when they are due
 *
 * When the tick enters a slot of a higher wheel, its timers are hung anew, oldest first, before any later start can hang
 * one beside them: so a slot always holds its timers in start order.
 */
#include "rt/wheel.h"

#include <stddef.h>
#include <stdlib.h>

enum {
	TICK_MS = 10,
	WHEELS = 8,
	SLOTS = 256,
	WORDS = SLOTS / 64,
};

struct rt_wheel {
	uint64_t tick;          /* every timer due up to this tick is in `due` or `late` */
	uint64_t live;          /* timers running */
	struct rt_timer *due;   /* oldest first: the next to come out */
	struct rt_timer *late;  /* newest first: started with a due time already past; comes after `due` */
	uint64_t used[WHEELS][WORDS];
	struct rt_timer *slot[WHEELS][SLOTS];
};

struct rt_wheel *rt_wheel_new(rt_ms now)
{
	struct rt_wheel *self = calloc(1, sizeof(*self));

	if (self)
		self->tick = now / TICK_MS;
	return self;
}

void rt_wheel_destroy(struct rt_wheel **self_p)
{
	free(*self_p);
	*self_p = 0;
}

static inline void push(struct rt_timer **head, struct rt_timer *t)
{
	t->next = *head;
	t->link = head;
	if (t->next)
		t->next->link = &t->next;
	*head = t;
}

static inline uint64_t tick_of(rt_ms due) /* rounded up: never early */
{
	return due / TICK_MS + (due % TICK_MS != 0);
}

static inline void hang(struct rt_wheel *self, struct rt_timer *t)
{
	const uint64_t tick = tick_of(t->due);
	unsigned wheel, slot;

	if (tick <= self->tick) {
		push(&self->late, t);
		return;
	}
	wheel = (63 - (unsigned)__builtin_clzll(tick ^ self->tick)) / 8;
	slot = (unsigned)(tick >> 8 * wheel) & (SLOTS - 1);
	push(&self->slot[wheel][slot], t);
	self->used[wheel][slot / 64] |= (uint64_t)1 << slot % 64;
}

void rt_wheel_start(struct rt_wheel *self, struct rt_timer *t, rt_ms due)
{
	rt_wheel_stop(self, t);
	t->due = due;
	self->live++;
	hang(self, t);
}

/* Take a timer off its list; a slot that becomes empty is marked so. */
static inline void unhang(struct rt_wheel *self, struct rt_timer *t)
{
	struct rt_timer **const base = &self->slot[0][0];

	*t->link = t->next;
	if (t->next) {
		t->next->link = t->link;
	} else if (t->link >= base && t->link < base + WHEELS * SLOTS) {
		const size_t i = (size_t)(t->link - base);

		(&self->used[0][0])[i / 64] &= ~((uint64_t)1 << i % 64);
	}
	t->next = 0;
	t->link = 0;
	self->live--;
}

void rt_wheel_stop(struct rt_wheel *self, struct rt_timer *t)
{
	if (rt_timer_running(t))
		unhang(self, t);
}

/* First used slot of a wheel after `slot`, or -1. */
static int used_after(const struct rt_wheel *self, unsigned wheel, unsigned slot)
{
	unsigned word = (slot + 1) / 64;
	uint64_t bits;

	if (slot + 1 == SLOTS)
		return -1;
	bits = self->used[wheel][word] & ~(uint64_t)0 << (slot + 1) % 64;
	while (!bits && ++word < WORDS)
		bits = self->used[wheel][word];
	return bits ? (int)(word * 64 + (unsigned)__builtin_ctzll(bits)) : -1;
}

/* The next tick at which some slot is entered, and which; false when no timer hangs in a slot. */
static bool next_slot(const struct rt_wheel *self, uint64_t *tick, unsigned *wheel, unsigned *slot)
{
	for (unsigned w = 0; w < WHEELS; w++) {
		const unsigned shift = 8 * w;
		const int s = used_after(self, w, (unsigned)(self->tick >> shift) & (SLOTS - 1));

		if (s >= 0) {
			const uint64_t upper = w + 1 < WHEELS ? self->tick >> (shift + 8) << 8 : 0;

			*tick = (upper | (unsigned)s) << shift;
			*wheel = w;
			*slot = (unsigned)s;
			return true;
		}
	}
	return false;
}

rt_ms rt_wheel_next(const struct rt_wheel *self)
{
	uint64_t tick;
	unsigned wheel, slot;

	if (self->due || self->late)
		return self->tick * TICK_MS;
	if (!self->live || !next_slot(self, &tick, &wheel, &slot))
		return UINT64_MAX;
	return tick > UINT64_MAX / TICK_MS ? UINT64_MAX : tick * TICK_MS;
}

/* A list the other way round; links are left for the caller to make. */
static struct rt_timer *turned(struct rt_timer *t)
{
	struct rt_timer *out = 0;

	while (t) {
		struct rt_timer *next = t->next;

		t->next = out;
		out = t;
		t = next;
	}
	return out;
}

static void make_due(struct rt_wheel *self, struct rt_timer *newest)
{
	struct rt_timer **link = &self->due;

	*link = turned(newest);
	for (; *link; link = &(*link)->next)
		(*link)->link = link;
}

/* Enter one slot: of wheel 0, its timers are due; of a higher one, they hang anew. */
static void enter(struct rt_wheel *self, unsigned wheel, unsigned slot)
{
	struct rt_timer *t = self->slot[wheel][slot], *next;

	self->slot[wheel][slot] = 0;
	self->used[wheel][slot / 64] &= ~((uint64_t)1 << slot % 64);
	if (wheel == 0) {
		make_due(self, t);
		return;
	}
	for (t = turned(t); t; t = next) {
		next = t->next;
		hang(self, t);
	}
}

struct rt_timer *rt_wheel_pop(struct rt_wheel *self, rt_ms now)
{
	const uint64_t until = now / TICK_MS;

	for (;;) {
		uint64_t tick;
		unsigned wheel, slot;

		if (self->due) {
			struct rt_timer *t = self->due;

			unhang(self, t);
			return t;
		}
		if (self->late) {
			struct rt_timer *t = self->late;

			self->late = 0;
			make_due(self, t);
			continue;
		}
		if (self->tick >= until)
			return 0;
		if (!self->live || !next_slot(self, &tick, &wheel, &slot) || tick > until) {
			self->tick = until; /* nothing hangs between here and there */
			return 0;
		}
		self->tick = tick;
		enter(self, wheel, slot);
	}
}
