/* SPDX-License-Identifier: MIT */
/* auth: what a password costs. */
#include "auth/digest.h"
#include "measure.h"

struct answer {
	char ha1[65], text[600];
	struct sip_cred cred;
};

static const struct rt_key secret = { 3, 4 };

/* The response is wrong, which takes exactly as long. */
static struct answer *answer_with(enum auth_algorithm algorithm)
{
	struct answer *const a = calloc(1, sizeof(*a));
	const struct slice name = auth_algorithm_name(algorithm);
	struct rt_cursor c = rt_cursor_on(a->text, sizeof(a->text));

	auth_ha1(algorithm, SLICE("a0000000"), SLICE("example.com"), SLICE("secret"), a->ha1);
	rt_cursor_printf(&c, "Digest username=\"a0000000\", realm=\"example.com\", nonce=\"6f1a2b3c4d5e6f708192a3b4c5d6e7f801234567\","
			     " uri=\"sip:example.com\", response=\"%.*s\", algorithm=" SLICE_FMT ", qop=auth, nc=00000001, cnonce=\"9822cb28\"",
	                 (int)strlen(a->ha1), a->ha1, SLICE_ARG(name));
	if (c.err || sip_cred_parse(&a->cred, rt_cursor_text(&c)))
		abort();
	return a;
}

static void check(void *arg, uint32_t times)
{
	const struct answer *const a = arg;

	while (times--)
		if (auth_check(&a->cred, a->ha1, SLICE("REGISTER"), SLICE("")) != RT_DENIED)
			abort();
}

static void read_credentials(void *arg, uint32_t times)
{
	struct answer *const a = arg;

	while (times--) {
		if (sip_cred_parse(&a->cred, slice_str(a->text)))
			abort();
		measure_use(&a->cred);
	}
}

static void make_nonce(void *arg, uint32_t times)
{
	(void)arg;
	while (times--) {
		char nonce[AUTH_NONCE_BYTES + 1];

		auth_nonce_make(secret, SLICE("example.com"), 1795300000, nonce);
		measure_use(nonce);
	}
}

static void check_nonce(void *arg, uint32_t times)
{
	char nonce[AUTH_NONCE_BYTES + 1];

	(void)arg;
	auth_nonce_make(secret, SLICE("example.com"), 1795300000, nonce);
	while (times--)
		if (auth_nonce_check(secret, SLICE("example.com"), slice_str(nonce), 1795300001, 300) != AUTH_NONCE_FRESH)
			abort();
}

int main(int argc, char **argv)
{
	measure_only = argc > 1 ? argv[1] : 0;
	for (int i = 0; i < AUTH_ALGORITHMS; i++) {
		struct answer *a = answer_with((enum auth_algorithm)i);
		char name[60];

		snprintf(name, sizeof(name), "check an answer, " SLICE_FMT, SLICE_ARG(auth_algorithm_name((enum auth_algorithm)i)));
		measure(name, check, a);
		if (i == 0)
			measure("read credentials", read_credentials, a);
		free(a);
	}
	measure("make a nonce", make_nonce, 0);
	measure("check a nonce", check_nonce, 0);
	return 0;
}
