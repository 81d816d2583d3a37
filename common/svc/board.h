/* SPDX-License-Identifier: MIT */
/* board: where the loops of one process tell each other what their actors announce; read only when something changed. */
#ifndef BOARD_H
#define BOARD_H

#include <pthread.h>
#include <stdatomic.h>
#include "wire/members.h"

enum { BOARD_MAX = WIRE_MEMBERS_MAX };

struct board {
	_Atomic uint32_t generation;
	pthread_mutex_t lock;
	uint32_t n;
	struct wire_member member[BOARD_MAX];
};

void board_open(struct board *self);
void board_close(struct board *self);
void board_put(struct board *self, const struct wire_member *m);

/* Every record into `members`, when the board changed since *seen. True when it did. */
bool board_read(struct board *self, uint32_t *seen, struct wire_members *members);

#endif
