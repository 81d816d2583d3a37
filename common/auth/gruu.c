/* SPDX-License-Identifier: MIT */
/* gruu: sealing in the manner of SIV: the MAC of the content is the counter block it is sealed with. */
#include "auth/gruu.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>

#include "rt/clock.h"

enum { MAC = 8, FIXED = 9 /* salt, Call-ID's hash, length */, SEALED_MAX = 512 };

static const struct slice prefix = { "tgruu.", 6 };

static struct slice user_of(struct slice aor)
{
	const int at = slice_find(aor, '@');

	return at < 0 ? SLICE("") : slice_head(aor, (uint32_t)at);
}

static struct slice domain_of(struct slice aor)
{
	return slice_from(aor, user_of(aor).n + 1);
}

static bool plain(char ch)
{
	return (ch >= 'a' && ch <= 'z') || (ch >= 'A' && ch <= 'Z') || (ch >= '0' && ch <= '9') || (ch && strchr("-_.!~*'()[]/:&+$", ch));
}

/* Without its brackets, as a URI parameter may hold it. */
static void put_instance(struct rt_cursor *c, struct slice instance)
{
	for (uint32_t i = 1; i + 1 < instance.n; i++) {
		if (plain(instance.p[i])) {
			rt_cursor_char(c, instance.p[i]);
			continue;
		}
		rt_cursor_char(c, '%');
		rt_cursor_hex(c, (unsigned char)instance.p[i], 2);
	}
}

static void put_scheme(struct rt_cursor *c, struct slice contact)
{
	rt_cursor_put(c, slice_starts_nocase(contact, SLICE("sips:")) ? SLICE("sips:") : SLICE("sip:"));
}

void auth_gruu_public(struct rt_cursor *c, struct slice contact, struct slice aor, struct slice instance)
{
	put_scheme(c, contact);
	rt_cursor_put(c, aor);
	rt_cursor_lit(c, ";gr=");
	put_instance(c, instance);
}

/* ---- Temporary ones ---- */

static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

static void put_base64(struct rt_cursor *c, const unsigned char *p, uint32_t n)
{
	for (uint32_t i = 0; i < n; i += 3) {
		const uint32_t bits = (uint32_t)p[i] << 16 | (i + 1 < n ? (uint32_t)p[i + 1] << 8 : 0) | (i + 2 < n ? p[i + 2] : 0u);

		for (uint32_t k = 0; k < 4 && i + k <= n; k++)
			rt_cursor_char(c, alphabet[bits >> (18 - 6 * k) & 63]);
	}
}

/* Bytes written, 0 when it is not base64url or too long. */
static uint32_t read_base64(struct slice s, unsigned char *out, uint32_t size)
{
	uint32_t bits = 0, have = 0, n = 0;

	for (uint32_t i = 0; i < s.n; i++) {
		const char *at = s.p[i] ? strchr(alphabet, s.p[i]) : 0;

		if (!at)
			return 0;
		bits = bits << 6 | (uint32_t)(at - alphabet);
		have += 6;
		if (have < 8)
			continue;
		have -= 8;
		if (n == size)
			return 0;
		out[n++] = (unsigned char)(bits >> have);
	}
	return n;
}

static uint32_t call_hash(struct slice call_id)
{
	return (uint32_t)rt_hash((struct rt_key){ 0 }, call_id.p, call_id.n);
}

/* The counter mode is its own inverse. */
static bool seal(struct rt_key key, const unsigned char mac[MAC], unsigned char *p, uint32_t n)
{
	unsigned char block[16] = { 0 }, aes[16];
	EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
	int done = 0;
	bool fine;

	memcpy(block, mac, MAC);
	memcpy(aes, &key, sizeof(aes));
	fine = ctx && EVP_EncryptInit_ex(ctx, EVP_aes_128_ctr(), 0, aes, block) && EVP_EncryptUpdate(ctx, p, &done, p, (int)n);
	EVP_CIPHER_CTX_free(ctx);
	return fine;
}

static void mac_of(struct rt_key key, const unsigned char *p, uint32_t n, unsigned char out[MAC])
{
	const struct rt_key other = { rt_mix(key.k0, 1), rt_mix(key.k1, 2) };
	const uint64_t mac = rt_hash(other, p, n);

	for (int i = 0; i < MAC; i++)
		out[i] = (unsigned char)(mac >> 8 * i);
}

static void put_word(unsigned char *p, uint32_t v)
{
	for (int i = 0; i < 4; i++)
		p[i] = (unsigned char)(v >> 8 * i);
}

static uint32_t get_word(const unsigned char *p)
{
	return p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}

void auth_gruu_temporary(struct rt_cursor *c, struct rt_key key, struct slice contact, struct slice aor, struct slice instance,
                         struct slice call_id)
{
	const struct slice user = user_of(aor);
	const uint32_t n = MAC + FIXED + user.n + instance.n;
	unsigned char text[SEALED_MAX], *content = text + MAC;
	uint32_t salt;

	rt_random(&salt, sizeof(salt));
	if (user.n > 255 || n > sizeof(text)) {
		c->err = RT_NOMEM;
		return;
	}
	put_word(content, salt);
	put_word(content + 4, call_hash(call_id));
	content[8] = (unsigned char)user.n;
	memcpy(content + FIXED, user.p, user.n);
	memcpy(content + FIXED + user.n, instance.p, instance.n);
	mac_of(key, content, n - MAC, text);
	if (!seal(key, text, content, n - MAC)) {
		c->err = RT_NOMEM;
		return;
	}
	put_scheme(c, contact);
	rt_cursor_put(c, prefix);
	put_base64(c, text, n);
	rt_cursor_char(c, '@');
	rt_cursor_put(c, domain_of(aor));
	rt_cursor_lit(c, ";gr");
}

static int open_temporary(struct slice sealed, struct rt_key key, struct rt_arena *a, struct auth_gruu *out)
{
	unsigned char text[SEALED_MAX], mac[MAC], *content = text + MAC;
	const uint32_t n = read_base64(sealed, text, sizeof(text));
	uint32_t user_n;

	if (n < MAC + FIXED || !seal(key, text, content, n - MAC))
		return RT_BAD;
	mac_of(key, content, n - MAC, mac);
	user_n = content[8];
	if (CRYPTO_memcmp(mac, text, MAC) || n < MAC + FIXED + user_n)
		return RT_BAD;
	out->temporary = true;
	out->call = get_word(content + 4);
	out->user = rt_arena_copy(a, slice_of((const char *)content + FIXED, user_n));
	out->instance = rt_arena_copy(a, slice_of((const char *)content + FIXED + user_n, n - MAC - FIXED - user_n));
	return slice_present(out->user) && slice_present(out->instance) ? 0 : RT_NOMEM;
}

int auth_gruu_read(const struct sip_uri *uri, struct rt_key key, struct rt_arena *a, struct auth_gruu *out)
{
	const struct slice gr = sip_uri_param(uri, SLICE("gr"));
	struct slice name;

	*out = (struct auth_gruu){ 0 };
	if (!slice_present(gr))
		return RT_ABSENT;
	if (gr.n == 0 && slice_starts_nocase(uri->user, prefix))
		return open_temporary(slice_from(uri->user, prefix.n), key, a, out);
	if (gr.n == 0 || uri->user.n == 0)
		return RT_BAD;
	name = sip_unescape(gr, a);
	out->user = uri->user;
	out->instance = rt_arena_printf(a, "<" SLICE_FMT ">", SLICE_ARG(name));
	return slice_present(name) && slice_present(out->instance) ? 0 : RT_NOMEM;
}

bool auth_gruu_names(const struct auth_gruu *self, struct slice instance, struct slice call_id)
{
	/* An instance is a URN: its hex digits in any case (RFC 4122 3, RFC 8141 3). */
	return slice_eq_nocase(self->instance, instance) && (!self->temporary || self->call == call_hash(call_id));
}
