/* SPDX-License-Identifier: MIT */
/* answer: RFC 7616 3.4.1 with qop auth, and RFC 2069's form for servers without qop. */
#include "auth/answer.h"

#include "hasher.h"

#define COUNT "00000001"

static void hash_joined(enum auth_algorithm a, const struct slice *part, int n, char out[HASHER_HEX])
{
	struct hasher h = hasher_open(a);

	hasher_begin(&h);
	for (int i = 0; i < n; i++) {
		if (i)
			hasher_put(&h, SLICE(":"));
		hasher_put(&h, part[i]);
	}
	hasher_end(&h, out);
	hasher_close(&h);
}

static bool offers_auth(struct slice qop)
{
	struct slice word;

	while (slice_word(&qop, &word))
		if (slice_eq_nocase(word, SLICE("auth")))
			return true;
	return false;
}

int auth_answer(struct rt_cursor *c, const struct sip_cred *challenge, const struct auth_client *me)
{
	const bool qop = offers_auth(challenge->qop);
	char ha1[65], ha2[HASHER_HEX], response[HASHER_HEX];
	enum auth_algorithm a;

	if (auth_algorithm_find(challenge->algorithm, &a) || (challenge->qop.n && !qop) || !challenge->nonce.n)
		return RT_ABSENT;
	auth_ha1(a, me->user, challenge->realm, me->password, ha1);
	hash_joined(a, (const struct slice[]){ me->method, me->uri }, 2, ha2);
	if (qop)
		hash_joined(a, (const struct slice[]){ slice_str(ha1), challenge->nonce, SLICE(COUNT), me->cnonce, SLICE("auth"),
						       slice_str(ha2) }, 6, response);
	else
		hash_joined(a, (const struct slice[]){ slice_str(ha1), challenge->nonce, slice_str(ha2) }, 3, response);
	rt_cursor_printf(c, "Digest username=\"" SLICE_FMT "\", realm=\"" SLICE_FMT "\", nonce=\"" SLICE_FMT "\", uri=\"" SLICE_FMT
			 "\", response=\"%s\", algorithm=" SLICE_FMT, SLICE_ARG(me->user), SLICE_ARG(challenge->realm),
			 SLICE_ARG(challenge->nonce), SLICE_ARG(me->uri), response, SLICE_ARG(auth_algorithm_name(a)));
	if (qop)
		rt_cursor_printf(c, ", cnonce=\"" SLICE_FMT "\", qop=auth, nc=" COUNT, SLICE_ARG(me->cnonce));
	if (slice_present(challenge->opaque))
		rt_cursor_printf(c, ", opaque=\"" SLICE_FMT "\"", SLICE_ARG(challenge->opaque));
	explicit_bzero(ha1, sizeof(ha1));
	return c->err;
}
