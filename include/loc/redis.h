/* SPDX-License-Identifier: MIT */
/*
 * redis: one asynchronous connection, kept alive. Commands are queued and leave together at the flush; each is answered
 * exactly once: by Redis, by its deadline (RT_TIMEOUT), or by the loss of the connection (RT_DOWN). Nothing ever waits.
 * The owner (the shell's loop) polls its descriptor; reconnects with jitter by itself.
 */
#ifndef LOC_REDIS_H
#define LOC_REDIS_H

#include <hiredis/hiredis.h>
#include "rt/err.h"
#include "rt/slice.h"
#include "rt/wheel.h"

struct loc_redis;

/* reply is NULL unless err is 0. A Redis error reply (REDIS_REPLY_ERROR) comes with err RT_BAD and the reply. Valid during the call. */
typedef void loc_redis_fn(void *self, uint64_t token, int err, const redisReply *reply);

struct loc_redis *loc_redis_new(const char *url, uint32_t timeout_ms, rt_ms now); /* NULL: the url does not read */
void loc_redis_destroy(struct loc_redis **self_p);        /* pending calls end with RT_DOWN */

/* Called after each answer was given, e.g. to reset the memory its callback used: one readiness may bring a thousand answers. */
void loc_redis_after(struct loc_redis *self, void (*fn)(void *arg), void *arg);

int loc_redis_fd(const struct loc_redis *self);           /* -1 while there is no connection */
uint32_t loc_redis_events(const struct loc_redis *self);  /* EPOLLIN, EPOLLOUT bits it wants */
void loc_redis_ready(struct loc_redis *self, uint32_t ready, rt_ms now);
void loc_redis_flush(struct loc_redis *self);             /* write what was queued in this burst */
rt_ms loc_redis_tick(struct loc_redis *self, rt_ms now);  /* deadlines and reconnects; returns when to be called next */
bool loc_redis_up(const struct loc_redis *self);          /* all of it: every key can be asked for */
uint32_t loc_redis_missing(const struct loc_redis *self); /* masters that cannot be asked; 0 when up, one for slots nobody has */
bool loc_redis_some(const struct loc_redis *self);        /* up, or a cluster of which some masters still answer */
const char *loc_redis_trouble(const struct loc_redis *self); /* why it is down, for a person; "" when up */

/* Queue one command. 0, or RT_DOWN at once (then `fn` is not called). */
RT_MUSTUSE
int loc_redis_call(struct loc_redis *self, loc_redis_fn *fn, void *arg, uint64_t token, int argc, const struct slice *argv);

/* Load a script once per connection and call it by digest; sends EVAL again after NOSCRIPT. `script` is static. */
struct loc_script {
	const char *text;
	char sha[41]; /* filled by the first call */
};
RT_MUSTUSE
int loc_redis_script(struct loc_redis *self, struct loc_script *script, loc_redis_fn *fn, void *arg, uint64_t token,
                     int nkeys, int argc, const struct slice *argv);

/* Messages of SUBSCRIBE: on a second connection of its own, opened when first asked for. */
typedef void loc_message_fn(void *self, struct slice channel, struct slice text);
int loc_redis_subscribe(struct loc_redis *self, struct slice channel, loc_message_fn *fn, void *arg);
int loc_redis_fd2(const struct loc_redis *self);          /* the second descriptor, -1 when none */
uint32_t loc_redis_events2(const struct loc_redis *self);
void loc_redis_ready2(struct loc_redis *self, uint32_t ready, rt_ms now);

#endif
