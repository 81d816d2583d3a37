/* SPDX-License-Identifier: MIT */
/* auth: who may call through us, RFC 3261 16.3 step 6 and 22.3. Pure: the passwords come as an argument. */
#ifndef PROXY_AUTH_H
#define PROXY_AUTH_H

#include "auth/guard.h"
#include "loc/users.h"
#include "request.h"
#include "sip/draft.h"

struct proxy_door { /* what a request is asked for */
	const struct svc_domain *domain; /* NULL: nothing */
	struct slice user;               /* his record in the store: "alice@example.com" */
	bool needed;                     /* false: credentials are not asked for, but believed when they are right */
};

/*
 * Whose password does this request need? The domain of its From when that is ours and its callers are asked; else, for
 * credentials somebody sent without being asked, the domain of their realm. Never for ACK and CANCEL (22.1), nor for peers, nor inside a
 * dialog that our signature in its Route proves, so that a call goes on while Redis is away.
 * returns 0 (out->domain NULL: none), RT_ABSENT (none came: challenge), RT_BAD (they break the grammar: 400), RT_NOMEM
 */
RT_MUSTUSE
int proxy_auth_door(const struct proxy_element *e, const struct proxy_request *r, struct proxy_door *out);

/*
 * A caller without a name of ours, anonymous perhaps (RFC 3323 4.1.1.3), would send where only users may. True: he may prove that he is one, of
 * the domain he calls, or of the one he would be named in (RFC 3325 6).
 */
bool proxy_auth_stranger(const struct proxy_element *e, const struct proxy_request *r, struct proxy_door *out);

/* Are they right? `user` NULL: unknown. AUTH_PASS does not yet mean that he may say he is From: proxy_auth_is_caller. */
enum auth_verdict proxy_auth_judge(const struct proxy_element *e, const struct proxy_request *r, const struct proxy_door *door,
                                   const struct loc_user *user);

/* The nonce of right credentials and its count, for the replay check. 0 | RT_ABSENT */
RT_MUSTUSE
int proxy_auth_nonce(const struct proxy_element *e, const struct proxy_request *r, const struct proxy_door *door,
                     struct slice *nonce, uint32_t *count);

/* Does the From of the request name the user whose password it proved? True for a From outside our domains (RFC 3325, 3323). */
bool proxy_auth_is_caller(const struct proxy_element *e, const struct proxy_request *r, const struct proxy_door *door);

/* A 407 with its challenges. NULL when memory ran out. */
struct sip_draft *proxy_auth_challenge(const struct proxy_element *e, const struct proxy_request *r,
                                       const struct proxy_door *door, bool stale);

/* Are these credentials for a realm of ours? */
bool proxy_auth_is_ours(const struct proxy_element *e, struct slice credentials);

#endif
