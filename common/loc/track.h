/* SPDX-License-Identifier: MIT */
/*
 * track: Redis promises to tell when a record that was looked up changes, so its answer may serve again until then.
 *
 *   link     CLIENT TRACKING ON REDIRECT id OPTIN; then CLIENT CACHING YES before each question
 *   listen   CLIENT ID; SUBSCRIBE __redis__:invalidate      <- the keys that changed since they were asked for
 */
#ifndef TRACK_H
#define TRACK_H

#include "loc/redis.h"

#define TRACK_CHANNEL "__redis__:invalidate"

struct track {
	int64_t listener; /* id of the listening connection, 0: not known */
	bool heard;       /* it hears of changes */
	bool asked;       /* on this connection, for that listener */
	uint32_t round;   /* of the promise: memories of an earlier round are worth nothing. 0: there is none */
	uint32_t rounds;
	uint64_t changes; /* heard of and made: an answer that crossed one may be of before */
};

/* From now on; without it nothing is asked. 0 | RT_NOMEM */
int track_want(struct loc_redis *redis);

/* Is the promise in force? Its round, or 0. */
uint32_t track_round(const struct loc_redis *redis);

/* The next command only: what it reads is remembered. 0 | RT_DOWN */
RT_MUSTUSE
int track_next(struct loc_redis *redis);

/* A record is about to change by our own doing, or has changed. */
void track_changed(struct loc_redis *redis, struct slice aor);

/* ---- For redis.c and subscribe.c ---- */

void track_tick(struct loc_redis *redis);
void track_lost(struct loc_redis *redis);                            /* either connection */
void track_deaf(struct loc_redis *redis);                            /* the listening one: the next has another id */
bool track_hears(struct loc_redis *redis, const redisReply *reply);  /* was that for us? */

#endif
