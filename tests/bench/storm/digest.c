/* SPDX-License-Identifier: MIT */
/* digest: realm, algorithm and qop are the server's and kept once; the nonce and its count are each subscriber's own. */
#include "digest.h"

#include <openssl/evp.h>
#include <stdarg.h>
#include <stdio.h>

enum { HEX_MAX = 65 };

static struct {
	bool set, qop, proxy;
	char realm[100], algorithm[16], opaque[100];
	EVP_MD *md;
} server;

/* name=value or name="value" out of a challenge, NUL-terminated. */
static void param(struct slice challenge, struct slice name, char *out, size_t size)
{
	out[0] = 0;
	for (uint32_t i = 0; i + name.n + 1 < challenge.n; i++) {
		const bool begins = i == 0 || challenge.p[i - 1] == ' ' || challenge.p[i - 1] == ',';
		struct slice v = slice_from(challenge, i + name.n + 1);

		if (!begins || challenge.p[i + name.n] != '=' || !slice_starts_nocase(slice_from(challenge, i), name))
			continue;
		const bool quoted = v.p[0] == '"';
		int end;

		v = slice_from(v, quoted);
		end = slice_find(v, quoted ? '"' : ',');
		slice_cstr(slice_head(v, end < 0 ? v.n : (uint32_t)end), out, size);
		return;
	}
}

static bool take_server(const struct message *m)
{
	char qop[32];

	param(m->challenge, SLICE("realm"), server.realm, sizeof(server.realm));
	param(m->challenge, SLICE("algorithm"), server.algorithm, sizeof(server.algorithm));
	param(m->challenge, SLICE("opaque"), server.opaque, sizeof(server.opaque));
	param(m->challenge, SLICE("qop"), qop, sizeof(qop));
	if (!server.algorithm[0])
		strcpy(server.algorithm, "MD5");
	server.qop = strstr(qop, "auth") != 0;
	server.proxy = m->proxy_challenge;
	EVP_MD_free(server.md);
	server.md = EVP_MD_fetch(0, strcmp(server.algorithm, "SHA-512-256") == 0 ? "SHA512-256" : server.algorithm, 0);
	return server.md != 0;
}

bool digest_take(struct op *op, const struct message *m)
{
	struct subscriber *const s = op_subscriber(op);

	if (!m->challenge.n)
		return false;
	if (!server.set && !(server.set = take_server(m)))
		return false;
	param(m->challenge, SLICE("nonce"), s->nonce, sizeof(s->nonce));
	s->nonce_count = 0;
	return s->nonce[0] != 0;
}

bool digest_wanted(const struct op *op)
{
	if (options.auth == AUTH_NONE || !op_subscriber(op)->nonce[0])
		return false;
	return options.auth == AUTH_REUSE || op->attempt > 0;
}

static void hash(char hex[HEX_MAX], const char *fmt, ...) __attribute__((format(printf, 2, 3)));
static void hash(char hex[HEX_MAX], const char *fmt, ...)
{
	unsigned char sum[EVP_MAX_MD_SIZE];
	char text[1024];
	unsigned n = 0;
	va_list ap;

	va_start(ap, fmt);
	const int length = vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	EVP_Digest(text, (size_t)length, sum, &n, server.md, 0);
	for (unsigned i = 0; i < n && i < 32; i++)
		sprintf(hex + 2 * i, "%02x", sum[i]);
}

void digest_put(struct rt_cursor *c, struct op *op, struct slice method, struct slice uri)
{
	struct subscriber *const s = op_subscriber(op);
	char user[OP_USER_BYTES], ha1[HEX_MAX], ha2[HEX_MAX], response[HEX_MAX];
	const uint32_t count = ++s->nonce_count;

	op_user(op->aor, user);
	hash(ha1, "%.8s:%s:%s", user, server.realm, options.password);
	hash(ha2, SLICE_FMT ":" SLICE_FMT, SLICE_ARG(method), SLICE_ARG(uri));
	if (server.qop)
		hash(response, "%s:%s:%08x:%08x:auth:%s", ha1, s->nonce, count, op->tag, ha2);
	else
		hash(response, "%s:%s:%s", ha1, s->nonce, ha2);
	rt_cursor_printf(c, "%s: Digest username=\"%.8s\", realm=\"%s\", nonce=\"%s\", uri=\"" SLICE_FMT "\", response=\"%s\", algorithm=%s",
	                 server.proxy ? "Proxy-Authorization" : "Authorization", user, server.realm, s->nonce, SLICE_ARG(uri),
	                 response, server.algorithm);
	if (server.qop)
		rt_cursor_printf(c, ", qop=auth, nc=%08x, cnonce=\"%08x\"", count, op->tag);
	if (server.opaque[0])
		rt_cursor_printf(c, ", opaque=\"%s\"", server.opaque);
	rt_cursor_lit(c, "\r\n");
}
