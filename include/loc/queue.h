/* SPDX-License-Identifier: MIT */
/*
 * queue: callers who wait for a user, and the news they wait for.
 *
 *   queue:<aor>   who waits for a busy user, in the order of their coming, whichever worker holds them; who is not heard of for
 *                 LOC_QUEUE_LEASE is gone. One of them at a time has his turn
 *   "queue"       the channel that tells all workers: his turn, places moved, somebody waits
 *   events:reg    what registrars did, read by every worker that holds somebody who waits
 *   events:wake   phones somebody calls while they sleep: whoever can wake phones reads it
 */
#ifndef LOC_QUEUE_H
#define LOC_QUEUE_H

#include "limits.h"
#include "loc/redis.h"

struct loc_waiter { /* one caller: the worker that holds him, and what he is there */
	uint32_t worker;
	uint64_t job;
};

struct loc_stand {
	struct slice aor;
	struct loc_waiter who;
	struct slice caller; /* for people who look */
	uint64_t since;      /* as told before; 0: he comes now */
	bool fresh;          /* he has not been told that the user is busy: with nobody ahead it is his turn at once */
};

struct loc_place {
	uint32_t ahead;
	uint64_t since;
	bool turn;
};

/* err: 0, RT_BIG (LOC_QUEUE_MAX wait already), RT_DOWN, RT_TIMEOUT, RT_BAD. place: NULL unless err is 0. */
typedef void loc_place_fn(void *self, uint64_t token, int err, const struct loc_place *place);

/* Come, or stay: again before LOC_QUEUE_LEASE is over. 0 | RT_DOWN | RT_NOMEM */
RT_MUSTUSE
int loc_queue_stand(struct loc_redis *redis, const struct loc_stand *stand, loc_place_fn *done, void *arg, uint64_t token);

void loc_queue_leave(struct loc_redis *redis, struct slice aor, struct loc_waiter who, bool pass); /* pass: his turn is the next one's */
void loc_queue_back(struct loc_redis *redis, struct slice aor, struct loc_waiter who);             /* his turn was in vain */
void loc_queue_free(struct loc_redis *redis, struct slice aor, struct slice event);                /* a phone may be free. event: its id in events:reg, "" none */

enum loc_news { LOC_NEWS_TURN, LOC_NEWS_MOVED, LOC_NEWS_WAIT };

/* A message of the channel. who: of TURN. 0 | RT_BAD */
RT_MUSTUSE
int loc_queue_news(struct slice text, enum loc_news *news, struct loc_waiter *who, struct slice *aor);

/* ---- Registrations, and phones that sleep ---- */

struct loc_registered { /* one event of events:reg */
	struct slice at;   /* its id there */
	struct slice kind; /* add, refresh, remove, expire */
	struct slice aor;
};

/* What came after `since`, in order; with `since` "" nothing but the newest, to begin there. `more`: ask again at once. */
typedef void loc_registered_fn(void *self, int err, const struct loc_registered *e, int n, bool more);
RT_MUSTUSE
int loc_registered_since(struct loc_redis *redis, struct slice since, loc_registered_fn *fn, void *arg); /* 0 | RT_DOWN | RT_NOMEM */

struct loc_sleeper { /* RFC 8599: how to wake it; all "" when its phone never said */
	struct slice aor, contact, provider, prid, param;
	struct slice caller, call_id;
};

void loc_wake(struct loc_redis *redis, const struct loc_sleeper *who);

#endif
