/* SPDX-License-Identifier: MIT */
/*
 * fuzz_uri: any bytes as values of the grammar; two URIs against each other.
 *
 *   input   | one URI | LF | another URI |      and the whole as address, Via, parameters, credentials, date, host ...
 *
 * What must hold: no read outside the text; every slice lies inside it; a URI equals itself; equality is symmetric and
 * has one canonical text; a location key, a Request-URI and a canonical text can be made of any URI and read back.
 */
#include <stdlib.h>

#include "sip/addr.h"
#include "sip/cred.h"
#include "sip/via.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static struct rt_arena *arena;

static void must(int truth)
{
	if (!truth)
		abort();
}

static void inside(struct slice whole, struct slice part)
{
	must(part.n == 0 || (part.p >= whole.p && part.p + part.n <= whole.p + whole.n));
}

/* A copy that ends where its memory does. */
static struct slice exact(const void *p, size_t n)
{
	char *const copy = malloc(n ? n : 1);

	memcpy(copy, p, n);
	return slice_of(copy, (uint32_t)n);
}

static void drop(struct slice s)
{
	free((void *)(uintptr_t)s.p);
}

static struct slice key_of(const struct sip_uri *u)
{
	struct slice out = SLICE_NONE;

	if (sip_uri_aor(u, arena, &out) < 0)
		must(u->scheme == SIP_SCHEME_OTHER);
	return out;
}

static struct slice canon_of(const struct sip_uri *u)
{
	struct slice out;

	must(sip_uri_canon(u, arena, &out) == 0);
	return out;
}

/* The key names the same key again, whatever was escaped in it. */
static void check_key(const struct sip_uri *u)
{
	const struct slice key = key_of(u);
	const struct slice again = rt_arena_printf(arena, "%s:" SLICE_FMT, u->host.n ? "sip" : "tel", SLICE_ARG(key));
	struct sip_uri back;

	if (!slice_present(key))
		return;
	must(sip_uri_parse(&back, again) == 0);
	must(slice_eq(key_of(&back), key));
}

static void check_target(const struct sip_uri *u)
{
	struct sip_uri back, twice;
	struct slice target, again;

	must(sip_uri_as_target(u, arena, &target) == 0);
	must(sip_uri_parse(&back, target) == 0);
	must(!slice_present(back.headers) && !slice_present(sip_uri_param(&back, SLICE("method"))));
	must(slice_eq(key_of(u), key_of(&back)) && u->port == back.port && u->scheme == back.scheme);
	must(sip_uri_as_target(&back, arena, &again) == 0);
	must(slice_eq(target, again));
	must(sip_uri_parse(&twice, again) == 0 && sip_uri_same(&back, &twice));
}

static void check_uri(struct slice text, const struct sip_uri *u)
{
	const struct slice parts[] = { u->scheme_text, u->user, u->password, u->host, u->params, u->headers };

	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++)
		inside(text, parts[i]);
	inside(text, sip_uri_param(u, SLICE("transport")));
	(void)sip_uri_transport(u);
	must(sip_uri_same(u, u));
	check_key(u);
	check_target(u);
}

static void check_two(const struct sip_uri *a, const struct sip_uri *b)
{
	const bool same = sip_uri_same(a, b);
	struct sip_uri bare_a = *a, bare_b = *b;

	must(same == sip_uri_same(b, a));
	if (same) {
		must(slice_eq(canon_of(a), canon_of(b)));
		if (a->scheme != SIP_SCHEME_OTHER)
			must(slice_eq(key_of(a), key_of(b)));
	}
	if (a->scheme == SIP_SCHEME_TEL)
		return;
	bare_a.params = bare_b.params = SLICE_NONE; /* nothing left that a canonical text leaves out */
	must(sip_uri_same(&bare_a, &bare_b) == slice_eq(canon_of(&bare_a), canon_of(&bare_b)));
}

static void read_uris(const uint8_t *data, size_t n)
{
	const uint8_t *const line = n ? memchr(data, '\n', n) : 0;
	const size_t first = line ? (size_t)(line - data) : n;
	const struct slice a = exact(data, first), b = exact(data + first + (line != 0), n - first - (line != 0));
	struct sip_uri ua, ub;
	const bool good_a = sip_uri_parse(&ua, a) == 0, good_b = sip_uri_parse(&ub, b) == 0;

	if (good_a)
		check_uri(a, &ua);
	if (good_b)
		check_uri(b, &ub);
	if (good_a && good_b)
		check_two(&ua, &ub);
	drop(a);
	drop(b);
}

static void read_addr(struct slice text)
{
	struct sip_addr addr;
	struct sip_uri uri;
	struct sip_param param;

	if (sip_addr_uri(text, &addr, &uri) < 0)
		return;
	inside(text, addr.display);
	inside(text, addr.uri);
	inside(text, addr.params);
	while (addr.params.n && sip_param_next(&addr.params, &param) == 1) {
		inside(text, param.name);
		inside(text, param.value);
	}
}

static void read_via(struct slice text)
{
	struct sip_via via;

	if (sip_via_parse(&via, text) < 0)
		return;

	const struct slice parts[] = { via.host, via.branch, via.received, via.maddr, via.rport, via.params, via.transport_text };

	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++)
		inside(text, parts[i]);
	must(via.host.n > 0 && via.transport_text.n > 0);
}

static void read_small_values(struct slice text)
{
	struct slice rest = text;
	struct sip_param param;
	struct sip_cred cred;
	uint32_t seconds;
	int64_t t, back;
	char date[30];

	while (sip_param_next(&rest, &param) == 1)
		inside(text, param.name);
	if (sip_cred_parse(&cred, text) == 0) {
		inside(text, cred.username);
		inside(text, cred.stale);
	}
	if (sip_date_parse(text, &t)) {
		(void)sip_date_render(t, date);
		must(sip_date_parse(slice_str(date), &back) && back == t);
	}
	must(sip_q_parse(text) <= 1000);
	(void)sip_seconds_parse(text, &seconds);
	must(sip_unquote(text, arena).n <= text.n && sip_unescape(text, arena).n <= text.n);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	if (arena == 0)
		arena = rt_arena_new(1 << 20);
	if (n > 4096)
		return 0;

	const struct slice text = exact(data, n);

	read_uris(data, n);
	read_addr(text);
	read_via(text);
	read_small_values(text);
	drop(text);
	rt_arena_reset(arena);
	return 0;
}
