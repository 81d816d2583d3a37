/* SPDX-License-Identifier: MIT */
/* users: who may register and call, from user:<aor>; and policy:<aor>, how calls to him are treated. */
#ifndef LOC_USERS_H
#define LOC_USERS_H

#include "loc/redis.h"

struct loc_user {
	char ha1_md5[33], ha1_sha256[65], ha1_sha512[65]; /* lower-case hex, "" when not stored; sha512 is SHA-512-256 */
	char realm[128];
	uint32_t max_contacts; /* 0: the domain's */
	bool disabled;
};

/* err: 0, RT_ABSENT (no such user), RT_DOWN, RT_TIMEOUT; RT_STALE (Redis is away, and this is what it said earlier: loc_users_remember).
 * user valid during the call, NULL unless err is 0 or RT_STALE. */
typedef void loc_user_fn(void *self, uint64_t token, int err, const struct loc_user *user);

/* Fetch a user. Answers from a small memory (bounded, at most 5 s old, failures 1 s) call `done` before returning. 0 | RT_DOWN */
struct loc_users;
struct loc_users *loc_users_new(struct loc_redis *redis, uint32_t room);
void loc_users_remember(struct loc_users *self, uint32_t seconds); /* for the time Redis is away: what it said at most so long ago */
void loc_users_destroy(struct loc_users **self_p);
RT_MUSTUSE
int loc_users_fetch(struct loc_users *self, struct slice aor, rt_ms now, loc_user_fn *done, void *arg, uint64_t token);

struct loc_policy { /* -1: not set, the domain decides */
	int mode;    /* 0 proxy, 1 redirect: enum svc_mode */
	int fork;    /* enum svc_fork */
	int recurse; /* 0, 1 */
	int queue;   /* seconds a caller waits for a busy phone; 0: he does not */
	int wake;    /* seconds he waits for a phone that sleeps */
};

#endif
