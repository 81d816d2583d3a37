/* SPDX-License-Identifier: MIT */
/* hasher: the three digests, fetched once for the process: a fetch costs more than the hash. */
#include "hasher.h"

#include <openssl/crypto.h>
#include <pthread.h>

static EVP_MD *fetched[AUTH_ALGORITHMS];
static pthread_once_t once = PTHREAD_ONCE_INIT;

static void fetch_all(void)
{
	fetched[AUTH_MD5] = EVP_MD_fetch(0, "MD5", 0);
	fetched[AUTH_SHA256] = EVP_MD_fetch(0, "SHA2-256", 0);
	fetched[AUTH_SHA512_256] = EVP_MD_fetch(0, "SHA2-512/256", 0);
}

struct hasher hasher_open(enum auth_algorithm a)
{
	struct hasher h;

	pthread_once(&once, fetch_all);
	h = (struct hasher){ EVP_MD_CTX_new(), fetched[a], false };
	h.failed = !h.ctx || !h.md; /* a FIPS provider has no MD5 */
	return h;
}

void hasher_close(struct hasher *h)
{
	EVP_MD_CTX_free(h->ctx);
	h->ctx = 0;
}

void hasher_begin(struct hasher *h)
{
	h->failed = h->failed || !EVP_DigestInit_ex2(h->ctx, h->md, 0);
}

void hasher_put(struct hasher *h, struct slice s)
{
	if (!h->failed && s.n)
		h->failed = !EVP_DigestUpdate(h->ctx, s.p, s.n);
}

void hasher_end(struct hasher *h, char out[HASHER_HEX])
{
	unsigned char bytes[EVP_MAX_MD_SIZE];
	unsigned n = 0;

	h->failed = h->failed || !EVP_DigestFinal_ex(h->ctx, bytes, &n);
	if (h->failed || n > 32)
		n = 0;
	for (unsigned i = 0; i < n; i++) {
		out[2 * i] = "0123456789abcdef"[bytes[i] >> 4];
		out[2 * i + 1] = "0123456789abcdef"[bytes[i] & 15];
	}
	out[2 * n] = 0;
}

void auth_thread_stop(void)
{
	OPENSSL_thread_stop();
}
