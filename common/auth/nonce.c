/* SPDX-License-Identifier: MIT */
/*
 * nonce: nothing is kept of a nonce we hand out; it proves itself.
 *
 *   | time 9 | salt 15 | MAC 16 |      hex digits; MAC = SipHash of time, salt and realm
 *
 * The salt makes each nonce another, so that nonce counts of two phones never meet.
 */
#include "auth/digest.h"

#include <openssl/crypto.h>

#include "rt/clock.h"

enum { TIME = 9, SALT = 15, MAC = 16, SKEW = 60 /* seconds the clocks of two workers may differ */ };
_Static_assert(TIME + SALT + MAC == AUTH_NONCE_BYTES, "the drawing above");

static uint64_t next_salt(void)
{
	static _Thread_local uint64_t salt;

	if (salt == 0)
		rt_random(&salt, sizeof(salt));
	return ++salt;
}

/* The MAC over the first 24 digits and the realm. */
static void put_mac(struct rt_cursor *c, struct rt_key secret, struct slice realm)
{
	const uint64_t inner = rt_hash(secret, realm.p, realm.n);
	const struct rt_key outer = { secret.k0 ^ inner, secret.k1 };

	rt_cursor_hex(c, rt_hash(outer, c->p, TIME + SALT), MAC);
}

void auth_nonce_make(struct rt_key secret, struct slice realm, int64_t now, char out[AUTH_NONCE_BYTES + 1])
{
	struct rt_cursor c = rt_cursor_on(out, AUTH_NONCE_BYTES);

	rt_cursor_hex(&c, (uint64_t)now, TIME);
	rt_cursor_hex(&c, next_salt(), SALT);
	put_mac(&c, secret, realm);
	out[AUTH_NONCE_BYTES] = 0;
}

enum auth_nonce auth_nonce_check(struct rt_key secret, struct slice realm, struct slice nonce, int64_t now, int64_t lifetime)
{
	char right[AUTH_NONCE_BYTES];
	struct rt_cursor c = rt_cursor_on(right, sizeof(right));
	uint64_t made;

	if (nonce.n != AUTH_NONCE_BYTES)
		return AUTH_NONCE_FORGED;
	rt_cursor_put(&c, slice_head(nonce, TIME + SALT));
	put_mac(&c, secret, realm);
	if (CRYPTO_memcmp(right, nonce.p, sizeof(right)) || !slice_hex_u64(slice_head(nonce, TIME), &made))
		return AUTH_NONCE_FORGED;
	return now - (int64_t)made > lifetime || (int64_t)made - now > SKEW ? AUTH_NONCE_STALE : AUTH_NONCE_FRESH;
}
