/* SPDX-License-Identifier: MIT */
/* digest: RFC 7616 3.4, as SIP uses it (RFC 3261 22.4, RFC 8760). */
#include "auth/digest.h"

#include <openssl/crypto.h>

#include "hasher.h"

static const struct {
	struct slice name;
	uint32_t digits; /* of a hash in hex */
} algorithms[AUTH_ALGORITHMS] = {
	[AUTH_MD5] = { { "MD5", 3 }, 32 },
	[AUTH_SHA256] = { { "SHA-256", 7 }, 64 },
	[AUTH_SHA512_256] = { { "SHA-512-256", 11 }, 64 },
};

struct slice auth_algorithm_name(enum auth_algorithm a)
{
	return algorithms[a].name;
}

int auth_algorithm_find(struct slice name, enum auth_algorithm *out)
{
	if (!slice_present(name)) {
		*out = AUTH_MD5; /* RFC 3261 22.4: what an old client means */
		return 0;
	}
	for (int a = 0; a < AUTH_ALGORITHMS; a++) {
		if (slice_eq_nocase(name, algorithms[a].name)) {
			*out = (enum auth_algorithm)a;
			return 0;
		}
	}
	return RT_ABSENT;
}

/* H of parts joined by ':'. */
static void hash_joined(struct hasher *h, const struct slice *part, int n, char out[HASHER_HEX])
{
	hasher_begin(h);
	for (int i = 0; i < n; i++) {
		if (i)
			hasher_put(h, SLICE(":"));
		hasher_put(h, part[i]);
	}
	hasher_end(h, out);
}

void auth_ha1(enum auth_algorithm a, struct slice user, struct slice realm, struct slice password, char out[65])
{
	struct hasher h = hasher_open(a);

	hash_joined(&h, (struct slice[]){ user, realm, password }, 3, out);
	hasher_close(&h);
}

static void put_quoted(struct rt_cursor *c, struct slice s)
{
	rt_cursor_char(c, '"');
	for (uint32_t i = 0; i < s.n; i++) {
		if (s.p[i] == '"' || s.p[i] == '\\')
			rt_cursor_char(c, '\\');
		rt_cursor_char(c, s.p[i]);
	}
	rt_cursor_char(c, '"');
}

void auth_challenge(struct rt_cursor *c, enum auth_algorithm a, struct slice realm, struct slice nonce, bool stale)
{
	rt_cursor_lit(c, "Digest realm=");
	put_quoted(c, realm);
	rt_cursor_lit(c, ", nonce=");
	put_quoted(c, nonce);
	rt_cursor_lit(c, ", algorithm=");
	rt_cursor_put(c, algorithms[a].name);
	rt_cursor_lit(c, ", qop=\"auth,auth-int\"");
	if (stale)
		rt_cursor_lit(c, ", stale=true");
}

enum qop { QOP_NONE, QOP_AUTH, QOP_AUTH_INT, QOP_UNKNOWN };

static enum qop qop_of(struct slice name)
{
	if (!slice_present(name))
		return QOP_NONE;
	if (slice_eq_nocase(name, SLICE("auth")))
		return QOP_AUTH;
	return slice_eq_nocase(name, SLICE("auth-int")) ? QOP_AUTH_INT : QOP_UNKNOWN;
}

/* What auth_check refuses before it computes anything. */
static bool well_formed(const struct sip_cred *cred, enum qop qop)
{
	uint64_t count;

	if (!slice_present(cred->uri) || !slice_present(cred->response) || qop == QOP_UNKNOWN)
		return false;
	return qop == QOP_NONE || (cred->cnonce.n && cred->nc.n == 8 && slice_hex_u64(cred->nc, &count));
}

static void expected(const struct sip_cred *cred, enum auth_algorithm a, enum qop qop, const char *ha1, struct slice method,
                     struct slice body, char out[HASHER_HEX])
{
	char ha2[HASHER_HEX], entity[HASHER_HEX];
	struct hasher h = hasher_open(a);

	if (qop == QOP_AUTH_INT)
		hash_joined(&h, &body, 1, entity);
	hash_joined(&h, (struct slice[]){ method, cred->uri, slice_str(entity) }, qop == QOP_AUTH_INT ? 3 : 2, ha2);
	if (qop == QOP_NONE)
		hash_joined(&h, (struct slice[]){ slice_str(ha1), cred->nonce, slice_str(ha2) }, 3, out);
	else
		hash_joined(&h, (struct slice[]){ slice_str(ha1), cred->nonce, cred->nc, cred->cnonce, cred->qop, slice_str(ha2) }, 6,
		            out);
	hasher_close(&h);
}

/* Digits of the peer may be in upper case; the time taken does not tell where they differ. */
static bool same_hex(struct slice response, const char *right, uint32_t digits)
{
	char lower[64];

	if (response.n != digits || strlen(right) != digits)
		return false;
	for (uint32_t i = 0; i < digits; i++)
		lower[i] = (char)(response.p[i] | (response.p[i] >= 'A' && response.p[i] <= 'F' ? 0x20 : 0));
	return CRYPTO_memcmp(lower, right, digits) == 0;
}

int auth_check(const struct sip_cred *cred, const char *ha1, struct slice method, struct slice body)
{
	const enum qop qop = qop_of(cred->qop);
	enum auth_algorithm a;
	char right[HASHER_HEX];

	if (auth_algorithm_find(cred->algorithm, &a) || !well_formed(cred, qop))
		return RT_BAD;
	/* Without qop there is no nonce count; only clients of RFC 2069's time do so, and they know MD5 only. */
	if (qop == QOP_NONE && a != AUTH_MD5)
		return RT_BAD;
	expected(cred, a, qop, ha1, method, body, right);
	return same_hex(cred->response, right, algorithms[a].digits) ? 0 : RT_DENIED;
}
