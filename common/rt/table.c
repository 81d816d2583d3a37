/* SPDX-License-Identifier: MIT */
/*
 * table: linear probing, backward-shift deletion, growth a little at a time.
 *
 *   now   | . | a | b | . | . | c | ...      new entries go here
 *   old   | . | . | . |>d | e | . | ...      everything before the mark has moved to now
 *
 * The mark of old always stands on a free entry or at the start of a run, and a run moves whole, so a probe of old
 * never crosses a hole that the move made.
 */
#include "rt/table.h"

#include <stdlib.h>
#include <sys/mman.h>

#include "rt/err.h"

enum {
	BITS_MIN = 4,
	BITS_MAX = 30,
	MOVE = 16,  /* entries of old looked at in one put: old is empty after 1/16 of its size, now is full after 5/8 */
	IN_OLD = 1u << 31,
	BLOCK = 4096, /* entries of old whose memory is given back together: 64 KB */
};

struct entry {
	uint64_t key;
	uint64_t value1; /* value + 1; 0: free. So fresh zero pages are an empty table. */
};

struct side {
	struct entry *at;
	uint32_t mask;
	unsigned shift;
	uint32_t count;
};

struct rt_table {
	struct side now, old; /* old.at is NULL when nothing moves */
	uint32_t mark, left;  /* next entry of old to look at, and how many are left */
};

/* Fibonacci hashing: keys need not be spread over their low bits. */
static inline uint32_t home_of(const struct side *s, uint64_t key)
{
	return (uint32_t)((key * 0x9e3779b97f4a7c15u) >> s->shift);
}

/* Large sides are mapped: their pages come and go one at a time, and growth never waits for all of them. */
static inline bool is_large(const struct side *s)
{
	return s->mask >= 16 * BLOCK;
}

static inline size_t side_bytes(const struct side *s)
{
	return ((size_t)s->mask + 1) * sizeof(*s->at);
}

static bool side_open(struct side *s, unsigned bits)
{
	s->mask = (uint32_t)(((uint64_t)1 << bits) - 1);
	s->shift = 64 - bits;
	s->count = 0;
	if (!is_large(s)) {
		s->at = calloc(1, side_bytes(s));
		return s->at != 0;
	}
	s->at = mmap(0, side_bytes(s), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (s->at == MAP_FAILED)
		s->at = 0;
	return s->at != 0;
}

static void side_close(struct side *s)
{
	if (s->at && is_large(s))
		munmap(s->at, side_bytes(s));
	else
		free(s->at);
	s->at = 0;
}

struct rt_table *rt_table_new(uint32_t room)
{
	struct rt_table *self = calloc(1, sizeof(*self));
	unsigned bits = BITS_MIN;

	while (bits < BITS_MAX && ((uint64_t)1 << bits) / 8 * 5 < room)
		bits++;
	if (self && !side_open(&self->now, bits))
		rt_table_destroy(&self);
	return self;
}

void rt_table_destroy(struct rt_table **self_p)
{
	if (*self_p) {
		side_close(&(*self_p)->now);
		side_close(&(*self_p)->old);
	}
	free(*self_p);
	*self_p = 0;
}

static void side_put(struct side *s, uint64_t key, uint64_t value1)
{
	uint32_t at = home_of(s, key);

	while (s->at[at].value1)
		at = (at + 1) & s->mask;
	s->at[at] = (struct entry){ key, value1 };
	s->count++;
}

/* Fill a hole: pull back every later entry of the run that may stand there. */
static void fill_hole(struct side *s, uint32_t hole)
{
	for (uint32_t at = (hole + 1) & s->mask; s->at[at].value1; at = (at + 1) & s->mask) {
		const uint32_t home = home_of(s, s->at[at].key);

		if (((at - home) & s->mask) >= ((at - hole) & s->mask)) {
			s->at[hole] = s->at[at];
			hole = at;
		}
	}
	s->at[hole].value1 = 0;
	s->count--;
}

static bool side_drop(struct side *s, uint64_t key, uint64_t value1)
{
	for (uint32_t at = home_of(s, key); s->at[at].value1; at = (at + 1) & s->mask) {
		if (s->at[at].key == key && s->at[at].value1 == value1) {
			fill_hole(s, at);
			return true;
		}
	}
	return false;
}

/* Give back the memory behind the mark, a block at a time; what reads it later reads free entries. */
static void forget_block(struct rt_table *self)
{
	struct side *old = &self->old;
	const uint32_t moved = old->mask + 1 - self->left;

	if (is_large(old) && self->mark % BLOCK == 0 && moved >= BLOCK)
		madvise(old->at + ((self->mark - BLOCK) & old->mask), BLOCK * sizeof(*old->at), MADV_DONTNEED);
}

/* Move at least `n` entries' worth of old, and then to the end of the run. */
static void move_some(struct rt_table *self, uint32_t n)
{
	struct side *old = &self->old;

	while (self->left && (n || old->at[self->mark].value1)) {
		struct entry *e = &old->at[self->mark];

		if (e->value1) {
			side_put(&self->now, e->key, e->value1);
			e->value1 = 0;
			old->count--;
		}
		self->mark = (self->mark + 1) & old->mask;
		self->left--;
		n -= n > 0;
		forget_block(self);
	}
	if (self->left == 0)
		side_close(old);
}

static int grow(struct rt_table *self)
{
	struct side bigger;

	if (64 - self->now.shift >= BITS_MAX || !side_open(&bigger, 64 - self->now.shift + 1))
		return RT_NOMEM;
	self->old = self->now;
	self->now = bigger;
	for (self->mark = 0; self->old.at[self->mark].value1;) /* not into the middle of a run */
		self->mark++;
	self->left = self->old.mask + 1;
	return 0;
}

int rt_table_put(struct rt_table *self, uint64_t key, uint64_t value)
{
	const uint64_t size = (uint64_t)self->now.mask + 1;

	if (value == UINT64_MAX)
		return RT_NOMEM; /* the one value there is no room for: no handle looks like it */
	if (self->old.at)
		move_some(self, MOVE);
	/* A failed growth is no failure yet: the last free entries stay as the end of every probe. */
	if ((uint64_t)rt_table_count(self) >= size / 8 * 5 && grow(self) < 0 &&
	    self->now.count >= size / 16 * 15)
		return RT_NOMEM;
	side_put(&self->now, key, value + 1);
	return 0;
}

bool rt_table_drop(struct rt_table *self, uint64_t key, uint64_t value)
{
	if (value == UINT64_MAX)
		return false;
	if (side_drop(&self->now, key, value + 1))
		return true;
	return self->old.at && side_drop(&self->old, key, value + 1);
}

uint32_t rt_table_count(const struct rt_table *self)
{
	return self->now.count + (self->old.at ? self->old.count : 0);
}

/* The next value under key from probe step *step on; *step is then the step after it. */
static bool side_each(const struct side *s, uint64_t key, uint32_t *step, uint64_t *value)
{
	for (uint32_t at = (home_of(s, key) + *step) & s->mask; s->at[at].value1;) {
		const struct entry *e = &s->at[at];

		at = (at + 1) & s->mask;
		++*step;
		if (e->key == key) {
			*value = e->value1 - 1;
			return true;
		}
	}
	return false;
}

bool rt_table_each(const struct rt_table *self, uint64_t key, uint32_t *iter, uint64_t *value)
{
	uint32_t step;

	if (!(*iter & IN_OLD)) {
		if (side_each(&self->now, key, iter, value))
			return true;
		*iter = IN_OLD;
	}
	if (!self->old.at)
		return false;
	step = *iter & ~(uint32_t)IN_OLD;
	if (!side_each(&self->old, key, &step, value))
		return false;
	*iter = step | IN_OLD;
	return true;
}
