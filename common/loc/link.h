/* SPDX-License-Identifier: MIT */
/*
 * link: one socket to Redis that keeps itself open: looks the name up, connects, logs in, and after a loss tries again.
 *
 *   CLOSED --tick--> [ASKING] --> LOOKING_UP --> CONNECTING --> GREETING --> OPEN
 *      ^                |             |              |             |           |
 *      +----------------+-------------+--------------+-------------+-----------+   any failure: wait 50 ms .. 2 s, with jitter
 *
 * ASKING: a sentinel is asked who the master is, anew for each connection (sentinel.c).
 * Commands may be put from CONNECTING on; they leave after the greeting (AUTH, SELECT, PING ..) in one write.
 */
#ifndef LINK_H
#define LINK_H

#include <hiredis/hiredis.h>
#include "dial.h"
#include "greeting.h"
#include "rt/wheel.h"

enum link_state { LINK_CLOSED, LINK_ASKING, LINK_LOOKING_UP, LINK_CONNECTING, LINK_GREETING, LINK_OPEN };

struct sentinel;

struct loc_link {
	const struct loc_url *url;
	struct loc_url found;     /* what the sentinel said: `url` points here then */
	struct sentinel *sentinel; /* NULL without */
	redisReader *reader;
	char *out;                /* bytes to send: out[out_at .. out_n) */
	uint32_t out_at, out_n, out_size;
	struct dial dial;         /* its fd is the socket: -1 without */
	enum link_state state;
	uint8_t greeting[GREETINGS_MAX]; /* whose answers are still to come, */
	int greetings, greeted;          /* so many in all, so many there */
	uint32_t failures;        /* in a row */
	uint32_t sockets;         /* opened so far: the same number of a descriptor may be another socket */
	uint32_t timeout_ms;      /* for opening */
	uint64_t dice;            /* of the jitter */
	rt_ms at;                 /* CLOSED: when to open; else until OPEN: when to give up */
	bool blocked;             /* the socket took less than all */
	char trouble[224];        /* for a person */
};

/* `url` stays valid. With sentinels in it, and no memory for them, every try fails and says so. */
void link_init(struct loc_link *self, const struct loc_url *url, uint32_t timeout_ms, rt_ms now);
void link_close(struct loc_link *self); /* frees everything */

/* Time passes: opens, gives up. 0, or RT_DOWN when the link was lost just now. */
int link_tick(struct loc_link *self, rt_ms now);

/* The descriptor is ready. 0 (now ask link_reply), or RT_DOWN when the link was lost just now. */
int link_ready(struct loc_link *self, uint32_t ready, rt_ms now);

/* One answer to a command that was put; freeReplyObject it. 0, RT_MORE (no more in hand), RT_DOWN (lost just now) */
int link_reply(struct loc_link *self, rt_ms now, redisReply **out);

/* Give up this connection: `why` is for a person. */
void link_lose(struct loc_link *self, rt_ms now, const char *why);

/* Queue one command. 0, or RT_DOWN (closed, or LOC_QUEUE_BYTES are waiting). */
int link_put(struct loc_link *self, int argc, const struct slice *argv);
int link_put_raw(struct loc_link *self, struct slice bytes); /* a piece of a command in the protocol */

/* The header of one argument, and of a command of n, in the protocol: 0 | RT_DOWN */
int link_put_count(struct loc_link *self, char kind, uint64_t n);

int link_fd(const struct loc_link *self); /* -1 while there is nothing to poll */
void link_flush(struct loc_link *self);
uint32_t link_events(const struct loc_link *self);
rt_ms link_next(const struct loc_link *self, rt_ms now); /* when to tick */

#endif
