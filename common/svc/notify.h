/* SPDX-License-Identifier: MIT */
/* notify: tells the service manager how we are (sd_notify), when there is one that asked: NOTIFY_SOCKET, WATCHDOG_USEC. */
#ifndef NOTIFY_H
#define NOTIFY_H

#include "rt/wheel.h"

struct notify {
	const char *socket; /* NULL: nobody listens */
	rt_ms every;        /* between two signs of life; 0: none are wanted */
	rt_ms due;
};

void notify_open(struct notify *self);
void notify_say(const struct notify *self, const char *state); /* "READY=1", "STOPPING=1"; lines */

/* A sign of life, when it is due and `alive`. Returns ms until the next; -1: none are wanted. */
int notify_alive(struct notify *self, rt_ms now, bool alive);

#endif
