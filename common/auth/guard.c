/* SPDX-License-Identifier: MIT */
/* guard: who may pass, RFC 3261 22. */
#include "auth/guard.h"

/* Did we ask for this one? Whoever offers only strong ones must not be talked down (RFC 8760 2.6). */
static bool is_offered(const struct auth_door *door, enum auth_algorithm a)
{
	return door->algorithms == 0 || door->algorithms & 1u << a;
}

/* Complete enough to be judged. */
static bool complete(const struct sip_cred *c)
{
	return slice_present(c->username) && slice_present(c->nonce) && slice_present(c->uri) && slice_present(c->response);
}

int auth_guard_find(const struct auth_door *door, const struct sip_msg *request, struct sip_cred *out)
{
	int err = RT_ABSENT;

	for (int f = sip_msg_first(request, door->credentials); f >= 0; f = sip_msg_next(request, f)) {
		struct sip_cred cred;
		enum auth_algorithm a;
		const int read = sip_cred_parse(&cred, sip_msg_value(request, f));

		if (read == RT_BAD)
			err = RT_BAD;
		if (read || !slice_eq(cred.realm, door->realm))
			continue;
		if (!complete(&cred)) {
			err = RT_BAD;
		} else if (auth_algorithm_find(cred.algorithm, &a) == 0) { /* RFC 8760 2.5: others may stand beside it */
			*out = cred;
			return 0;
		}
	}
	return err;
}

enum auth_verdict auth_guard_judge(const struct auth_door *door, const struct sip_cred *cred, const struct sip_msg *request,
                                   const char *const ha1[AUTH_ALGORITHMS])
{
	/* As long as a real one: an unknown user costs the same work. */
	static const char nobody[] = "0000000000000000000000000000000000000000000000000000000000000000";
	const enum auth_nonce nonce = auth_nonce_check(door->secret, door->realm, cred->nonce, door->now, door->lifetime);
	enum auth_algorithm a;
	bool known;
	int err;

	if (nonce == AUTH_NONCE_FORGED || auth_algorithm_find(cred->algorithm, &a) || !is_offered(door, a))
		return AUTH_ASK;
	known = ha1[a] && ha1[a][0];
	err = auth_check(cred, known ? ha1[a] : nobody, sip_msg_method(request), sip_msg_body(request));
	if (err == RT_BAD)
		return AUTH_MALFORMED;
	if (err || !known)
		return AUTH_WRONG;
	return nonce == AUTH_NONCE_STALE ? AUTH_ASK_STALE : AUTH_PASS;
}

void auth_guard_challenge(const struct auth_door *door, struct sip_draft *d, struct rt_arena *a, bool stale)
{
	const enum sip_hdr id =
		door->credentials == SIP_HDR_AUTHORIZATION ? SIP_HDR_WWW_AUTHENTICATE : SIP_HDR_PROXY_AUTHENTICATE;
	const uint32_t room = 2 * door->realm.n + 192;
	char *nonce = rt_arena_raw(a, AUTH_NONCE_BYTES + 1);

	if (nonce)
		auth_nonce_make(door->secret, door->realm, door->now, nonce);
	for (int alg = AUTH_ALGORITHMS - 1; alg >= 0; alg--) {
		char *text = rt_arena_raw(a, room);
		struct rt_cursor c = rt_cursor_on(text, text && nonce ? room : 0);

		if (!is_offered(door, (enum auth_algorithm)alg))
			continue;
		auth_challenge(&c, (enum auth_algorithm)alg, door->realm, slice_str(nonce), stale);
		if (!c.err) /* else the arena is full, and the draft will say so */
			sip_draft_append(d, id, rt_cursor_text(&c));
	}
}

uint32_t auth_guard_count(const struct sip_cred *cred)
{
	uint64_t n = 1;

	if (slice_present(cred->qop))
		(void)slice_hex_u64(cred->nc, &n);
	return (uint32_t)n;
}
