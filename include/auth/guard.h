/* SPDX-License-Identifier: MIT */
/* guard: the decision at a door that asks for a password; the same at the registrar (401) and the proxy (407). Pure. */
#ifndef AUTH_GUARD_H
#define AUTH_GUARD_H

#include "auth/digest.h"
#include "sip/draft.h"

struct auth_door {
	enum sip_hdr credentials; /* SIP_HDR_AUTHORIZATION or SIP_HDR_PROXY_AUTHORIZATION */
	struct slice realm;
	struct rt_key secret;     /* svc_secret(svc, "nonce") */
	int64_t now, lifetime;    /* seconds */
	uint8_t algorithms;       /* bit n: offer and accept enum auth_algorithm n; 0: all */
};

enum auth_verdict {
	AUTH_PASS,
	AUTH_ASK,       /* no credentials for this realm, a forged nonce, or an algorithm that was not offered: challenge */
	AUTH_ASK_STALE, /* right answer to an old nonce: challenge with stale=true */
	AUTH_MALFORMED, /* 400 */
	AUTH_WRONG,     /* wrong password or unknown user: challenge again, and count it against the source */
};

/* The credentials of this realm. 0 | RT_ABSENT | RT_BAD */
RT_MUSTUSE
int auth_guard_find(const struct auth_door *door, const struct sip_msg *request, struct sip_cred *out);

/* ha1[algorithm] in hex, "" when not stored; all NULL for an unknown user: takes the same time and ends in AUTH_WRONG. */
enum auth_verdict auth_guard_judge(const struct auth_door *door, const struct sip_cred *cred, const struct sip_msg *request,
                                   const char *const ha1[AUTH_ALGORITHMS]);

/* Its nonce count, for the replay check after AUTH_PASS; 1 when it has no qop, so that such a nonce serves once. */
uint32_t auth_guard_count(const struct sip_cred *cred);

/* Append one challenge for each algorithm, the strongest first (RFC 8760 2.4), as WWW- or Proxy-Authenticate. */
void auth_guard_challenge(const struct auth_door *door, struct sip_draft *d, struct rt_arena *a, bool stale);

#endif
