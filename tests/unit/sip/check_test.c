/* SPDX-License-Identifier: MIT */
/* check: an index is honest, or it is refused; what passes is safe to ask anything. */
#include "kit/guard.h"
#include "kit/test.h"
#include "sip/msg.h"
#include "sip/uri.h"

static const char text[] = "INVITE sip:b@example.com SIP/2.0\r\n"
			   "Via: SIP/2.0/UDP 192.0.2.1;branch=z9hG4bK1, SIP/2.0/TCP b.example\r\n"
			   "From: <sip:a@example.com>;tag=1\r\nTo: <sip:b@example.com>\r\n"
			   "Call-ID: 1@example.com\r\nCSeq: 1 INVITE\r\nX-One: 1\r\nContent-Length: 4\r\n\r\nbody";
enum { TEXT_N = sizeof(text) - 1 };

static struct sip_index honest(void)
{
	struct sip_index x = { 0 };
	struct sip_msg m;

	assert_int_equal(sip_msg_parse(&m, &x, slice_of(text, TEXT_N), 0), 0);
	return x;
}

static int check(const struct sip_index *x)
{
	return sip_msg_check(x, SIP_INDEX_BYTES(x->nfield), TEXT_N);
}

static void an_honest_index_passes_and_a_short_one_does_not(void **state)
{
	const struct sip_index x = honest();
	const size_t n = SIP_INDEX_BYTES(x.nfield);

	(void)state;
	assert_int_equal(sip_msg_check(&x, n, TEXT_N), 0);
	assert_int_equal(sip_msg_check(&x, n + 4, TEXT_N), 0);
	assert_int_equal(sip_msg_check(&x, n, TEXT_N - 1), RT_BAD);
	for (size_t short_n = 0; short_n < n; short_n++) {
		const struct slice s = guard_copy(slice_of((const char *)&x, (uint32_t)short_n));

		if ((uintptr_t)s.p % _Alignof(struct sip_index) == 0)
			assert_int_equal(sip_msg_check((const void *)s.p, short_n, TEXT_N), RT_BAD);
	}
}

#define REFUSES(change)                                                                            \
	do {                                                                                       \
		struct sip_index x = honest();                                                     \
		change;                                                                            \
		assert_int_equal(check(&x), RT_BAD);                                               \
	} while (0)

static void each_lie_is_refused(void **state)
{
	(void)state;
	REFUSES(x.status = 99);
	REFUSES(x.status = 700);
	REFUSES(x.method = SIP_METHOD_COUNT);
	REFUSES(x.nfield = 255);
	REFUSES(x.head_n = 65535);
	REFUSES(x.lines = 0);
	REFUSES(x.target.n = 65535);
	REFUSES(x.method_text.at = 65535);
	REFUSES(x.body_at = TEXT_N + 1);
	REFUSES(x.body_n = 5);
	REFUSES(x.body_n = UINT32_MAX);
	REFUSES(x.facts.via_host.n = 65535);
	REFUSES(x.facts.via_branch.at = 65535);
	REFUSES(x.facts.from_tag.n = 65535);
	REFUSES(x.facts.to_tag = ((struct sip_span){ 65535, 65535 }));
	REFUSES(x.facts.uri_user.n = 65535);
	REFUSES(x.facts.uri_host.n = 65535);
	REFUSES(x.facts.max_forwards = 256);
	REFUSES(x.facts.max_forwards = -2);
	REFUSES(x.facts.via_transport = SIP_TRANSPORT_OTHER + 1);
	REFUSES(x.facts.uri_scheme = SIP_SCHEME_OTHER + 1);
	REFUSES(x.first[SIP_HDR_VIA] = 2);            /* another kind */
	REFUSES(x.first[SIP_HDR_ROUTE] = x.nfield);   /* past the end */
	REFUSES(x.field[0].next = 0);                 /* a chain that bites its tail */
	REFUSES(x.field[1].next = 0);                 /* backwards */
	REFUSES(x.field[0].next = 2);                 /* into another kind */
	REFUSES(x.field[1].next = x.nfield);
	REFUSES(x.field[3].id = SIP_HDR_COUNT);
	REFUSES(x.field[3].line = x.lines);
	REFUSES(x.field[3].line = 0);                 /* order of lines */
	REFUSES(x.field[3].name.n = 0);
	REFUSES(x.field[3].name.n = 200);             /* name over value */
	REFUSES(x.field[3].value.n = 65535);
	REFUSES(x.field[3].value = ((struct sip_span){ 0, 0 }));
	REFUSES(x.field[3].value.at = x.field[1].value.at);
	REFUSES(x.field[1].name.at++);                /* one line, two names */
}

/* Everything an accessor can be asked; returns a sum so that nothing is left out by the optimiser. */
static size_t ask_everything(const struct sip_msg *m)
{
	size_t sum = sip_msg_body(m).n + sip_msg_method(m).n + sip_msg_target(m).n;

	for (int id = 0; id < SIP_HDR_COUNT; id++) {
		sum += (size_t)sip_msg_count(m, (enum sip_hdr)id);
		sum += sip_msg_lists(m, (enum sip_hdr)id, SLICE("x"));
		for (int f = sip_msg_first(m, (enum sip_hdr)id); f >= 0; f = sip_msg_next(m, f)) {
			const struct slice v = sip_msg_value(m, f);

			for (uint32_t i = 0; i < v.n; i++)
				sum += (unsigned char)v.p[i];
		}
	}
	return sum + sip_msg_get_other(m, SLICE("x-one")).n;
}

static void whatever_passes_is_safe_to_read(void **state)
{
	const struct slice guarded = guard_copy(slice_of(text, TEXT_N));
	uint64_t rnd = 11;
	int passed = 0;
	size_t sum = 0;

	(void)state;
	for (int round = 0; round < 300000; round++) {
		struct sip_index x = honest();
		const size_t n = SIP_INDEX_BYTES(x.nfield);

		for (uint64_t k = kit_random(&rnd) % 3 + 1; k; k--)
			((unsigned char *)&x)[kit_random(&rnd) % n] ^= (unsigned char)(1u << kit_random(&rnd) % 8);
		if (sip_msg_check(&x, n, TEXT_N) < 0)
			continue;
		passed++;
		sum += ask_everything(&(struct sip_msg){ guarded, &x });
	}
	assert_true(passed > 0 && sum > 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_honest_index_passes_and_a_short_one_does_not),
		cmocka_unit_test(each_lie_is_refused),
		cmocka_unit_test(whatever_passes_is_safe_to_read),
	};
	return cmocka_run_group_tests(tests, 0, 0);
}
