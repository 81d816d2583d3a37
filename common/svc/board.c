/* SPDX-License-Identifier: MIT */
/* board: a locked list and a number that says whether looking is worth it. The lock is held for copies only. */
#include "board.h"

void board_open(struct board *self)
{
	pthread_mutex_init(&self->lock, 0);
	self->n = 0;
	atomic_init(&self->generation, 0);
}

void board_close(struct board *self)
{
	pthread_mutex_destroy(&self->lock);
}

static uint32_t row_of(const struct board *self, uint32_t id)
{
	uint32_t i = 0;

	while (i < self->n && self->member[i].id != id)
		i++;
	return i;
}

void board_put(struct board *self, const struct wire_member *m)
{
	uint32_t i;

	pthread_mutex_lock(&self->lock);
	i = row_of(self, m->id);
	if (i < BOARD_MAX) {
		self->member[i] = *m;
		self->n += i == self->n;
	}
	atomic_fetch_add(&self->generation, 1);
	pthread_mutex_unlock(&self->lock);
}

bool board_read(struct board *self, uint32_t *seen, struct wire_members *members)
{
	if (atomic_load_explicit(&self->generation, memory_order_acquire) == *seen)
		return false;
	pthread_mutex_lock(&self->lock);
	*seen = atomic_load(&self->generation);
	for (uint32_t i = 0; i < self->n; i++)
		(void)!wire_members_put(members, &self->member[i]); /* as many rows as here: it cannot be full of others' before */
	pthread_mutex_unlock(&self->lock);
	return true;
}
