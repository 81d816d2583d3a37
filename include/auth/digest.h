/* SPDX-License-Identifier: MIT */
/* digest: challenges and their answers, RFC 3261 22, RFC 7616, RFC 8760. No clock, no store: both are arguments. */
#ifndef AUTH_DIGEST_H
#define AUTH_DIGEST_H

#include "rt/arena.h"
#include "rt/cursor.h"
#include "rt/hash.h"
#include "sip/cred.h"

enum auth_algorithm { AUTH_MD5, AUTH_SHA256, AUTH_SHA512_256, AUTH_ALGORITHMS };

struct slice auth_algorithm_name(enum auth_algorithm a);                       /* "SHA-256" */
int auth_algorithm_find(struct slice name, enum auth_algorithm *out);          /* absent name is MD5; 0 | RT_ABSENT */

/* H(user:realm:password) in lower-case hex. */
void auth_ha1(enum auth_algorithm a, struct slice user, struct slice realm, struct slice password, char out[65]);

/* A nonce carries its time and a MAC over time and realm: no state is needed to make or check one. */
enum { AUTH_NONCE_BYTES = 40 };
void auth_nonce_make(struct rt_key secret, struct slice realm, int64_t now, char out[AUTH_NONCE_BYTES + 1]);

enum auth_nonce { AUTH_NONCE_FRESH, AUTH_NONCE_STALE, AUTH_NONCE_FORGED };
enum auth_nonce auth_nonce_check(struct rt_key secret, struct slice realm, struct slice nonce, int64_t now, int64_t lifetime);

/* One challenge value: Digest realm="..", nonce="..", algorithm=.., qop="auth" [auth-int], [stale=true]. */
void auth_challenge(struct rt_cursor *c, enum auth_algorithm a, struct slice realm, struct slice nonce, bool stale);

/*
 * Is the response right for this HA1? Constant time in the secret part.
 *   method  of the request; body: for qop auth-int
 * returns 0, RT_BAD (malformed: missing cnonce or nc, unknown qop; answer 400), RT_DENIED (wrong)
 */
RT_MUSTUSE
int auth_check(const struct sip_cred *cred, const char *ha1, struct slice method, struct slice body);

/* A thread that checked passwords ends: OpenSSL gives back what it kept for it. In an actor's close. */
void auth_thread_stop(void);

#endif
