/* SPDX-License-Identifier: MIT */
/* watch: the descriptors of a loop's actors behind one epoll descriptor. */
#ifndef WATCH_H
#define WATCH_H

#include "svc/actor.h"

struct watch { /* one watched descriptor; fn NULL: not watched */
	svc_ready_fn *fn;
	uint32_t generation; /* changes with every add: an event of an earlier life of this number is not delivered */
	uint16_t actor;
};

struct watches {
	int epoll;
	uint32_t size;       /* rows, by descriptor */
	struct watch *row;
};

struct watch_event {
	int fd;
	uint32_t generation, ready;
};

RT_MUSTUSE
int watches_open(struct watches *self); /* 0 | RT_NOMEM */
void watches_close(struct watches *self);
RT_MUSTUSE
int watches_set(struct watches *self, int fd, uint32_t events, svc_ready_fn *fn, uint16_t actor);
void watches_drop(struct watches *self, int fd);
int watches_take(struct watches *self, struct watch_event out[], int max); /* what is ready now; never waits */
const struct watch *watches_find(const struct watches *self, const struct watch_event *e); /* NULL: gone meanwhile */

#endif
