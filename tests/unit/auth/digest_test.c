/* SPDX-License-Identifier: MIT */
/* digest: the examples of the RFCs, and what a wrong answer looks like. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "auth/digest.h"

struct example {
	enum auth_algorithm a;
	const char *user, *realm, *password, *method;
	struct sip_cred cred;
};

#define TEXT(lit) { (lit), sizeof(lit) - 1 }

static const struct example rfc2617_3_5 = {
	AUTH_MD5, "Mufasa", "testrealm@host.com", "Circle Of Life", "GET",
	{ .nonce = TEXT("dcd98b7102dd2f0e8b11d0f600bfb0c093"), .uri = TEXT("/dir/index.html"), .qop = TEXT("auth"),
	  .nc = TEXT("00000001"), .cnonce = TEXT("0a4f113b"), .response = TEXT("6629fae49393a05397450978507c4ef1") },
};

static const struct example rfc7616_3_9_1_md5 = {
	AUTH_MD5, "Mufasa", "http-auth@example.org", "Circle of Life", "GET",
	{ .nonce = TEXT("7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v"), .uri = TEXT("/dir/index.html"), .qop = TEXT("auth"),
	  .nc = TEXT("00000001"), .cnonce = TEXT("f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ"), .algorithm = TEXT("MD5"),
	  .response = TEXT("8ca523f5e9506fed4657c9700eebdbec") },
};

static const struct example rfc7616_3_9_1_sha256 = {
	AUTH_SHA256, "Mufasa", "http-auth@example.org", "Circle of Life", "GET",
	{ .nonce = TEXT("7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v"), .uri = TEXT("/dir/index.html"), .qop = TEXT("auth"),
	  .nc = TEXT("00000001"), .cnonce = TEXT("f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ"), .algorithm = TEXT("SHA-256"),
	  .response = TEXT("753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1") },
};

/* The input of 3.9.2. The digests printed there are plain SHA-512, cut to 256 bits (an erratum says so): the response here was computed
 * with another implementation of SHA-512/256. */
static const struct example rfc7616_3_9_2_input = {
	AUTH_SHA512_256, "J\xc3\xa4s\xc3\xb8n Doe", "api@example.org", "Secret, or not?", "GET",
	{ .nonce = TEXT("5TsQWLVdgBdmrQ0XsxbDODV+57QdFR34I9HAbC/RVvkK"), .uri = TEXT("/doe.json"), .qop = TEXT("auth"),
	  .nc = TEXT("00000001"), .cnonce = TEXT("NTg6RKcb9boFIAS3KrFK9BGeh+niz/sm"), .algorithm = TEXT("SHA-512-256"),
	  .response = TEXT("7a4e1192babbba02e91182d2895bfdbf7adafc6e48d4e517ca301974843d840c") },
};

static int check(const struct example *e, const struct sip_cred *cred, const char *password)
{
	char ha1[65];

	auth_ha1(e->a, slice_str(e->user), slice_str(e->realm), slice_str(password), ha1);
	return auth_check(cred, ha1, slice_str(e->method), SLICE(""));
}

static void passes(const struct example *e)
{
	struct sip_cred other = e->cred;

	assert_int_equal(0, check(e, &e->cred, e->password));
	assert_int_equal(RT_DENIED, check(e, &e->cred, "circle of life"));
	other.nc = SLICE("00000002");
	assert_int_equal(RT_DENIED, check(e, &other, e->password));
	other = e->cred;
	other.uri = SLICE("/other");
	assert_int_equal(RT_DENIED, check(e, &other, e->password));
}

static void rfc2617_3_5_example(void **state)
{
	(void)state;
	passes(&rfc2617_3_5);
}

static void rfc7616_3_9_1_examples(void **state)
{
	(void)state;
	passes(&rfc7616_3_9_1_md5);
	passes(&rfc7616_3_9_1_sha256);
}

static void rfc7616_3_9_2_input_with_the_right_sha512_256(void **state)
{
	(void)state;
	passes(&rfc7616_3_9_2_input);
}

/* RFC 2617 3.2.2.1: without qop, H(HA1:nonce:HA2); computed by hand. */
static void rfc2617_3_2_2_1_no_qop(void **state)
{
	struct sip_cred cred = { .nonce = SLICE("n"), .uri = SLICE("sip:h"), .response = SLICE("7f71eb74cb0d5ce98f6c62ed2d0f3f4f") };
	char ha1[65], ha2[65], right[65];

	(void)state;
	auth_ha1(AUTH_MD5, SLICE("bob"), SLICE("h"), SLICE("pw"), ha1);
	assert_int_equal(RT_DENIED, auth_check(&cred, ha1, SLICE("REGISTER"), SLICE("")));
	/* H(a:b:c) is what auth_ha1 computes, whatever a, b and c are; HA2 has but two parts, so its URI brings the colon. */
	auth_ha1(AUTH_MD5, SLICE("REGISTER"), SLICE("sip"), SLICE("h"), ha2);
	auth_ha1(AUTH_MD5, slice_str(ha1), SLICE("n"), slice_str(ha2), right);
	cred.response = slice_str(right);
	assert_int_equal(0, auth_check(&cred, ha1, SLICE("REGISTER"), SLICE("")));
	cred.algorithm = SLICE("SHA-256"); /* RFC 8760 2.6: qop is not optional there */
	assert_int_equal(RT_BAD, auth_check(&cred, ha1, SLICE("REGISTER"), SLICE("")));
}

static void auth_int_covers_the_body(void **state)
{
	/* H(REGISTER:sip:h:H(body)) and the response, by md5sum */
	struct sip_cred cred = { .nonce = SLICE("n"), .uri = SLICE("sip:h"), .qop = SLICE("auth-int"), .nc = SLICE("0000000a"),
	                         .cnonce = SLICE("c"), .response = SLICE("7bef19636a699150ef01f8cc51aeab74") };
	char ha1[65];

	(void)state;
	auth_ha1(AUTH_MD5, SLICE("bob"), SLICE("h"), SLICE("pw"), ha1);
	assert_int_equal(0, auth_check(&cred, ha1, SLICE("REGISTER"), SLICE("body")));
	assert_int_equal(RT_DENIED, auth_check(&cred, ha1, SLICE("REGISTER"), SLICE("bodY")));
	assert_int_equal(RT_DENIED, auth_check(&cred, ha1, SLICE("INVITE"), SLICE("body")));
}

static void malformed_credentials_are_bad(void **state)
{
	struct sip_cred cred = rfc2617_3_5.cred;

	(void)state;
	cred.cnonce = SLICE_NONE;
	assert_int_equal(RT_BAD, check(&rfc2617_3_5, &cred, "x"));
	cred = rfc2617_3_5.cred;
	cred.nc = SLICE("1");
	assert_int_equal(RT_BAD, check(&rfc2617_3_5, &cred, "x"));
	cred = rfc2617_3_5.cred;
	cred.nc = SLICE("0000000g");
	assert_int_equal(RT_BAD, check(&rfc2617_3_5, &cred, "x"));
	cred = rfc2617_3_5.cred;
	cred.qop = SLICE("auth-conf");
	assert_int_equal(RT_BAD, check(&rfc2617_3_5, &cred, "x"));
	cred = rfc2617_3_5.cred;
	cred.algorithm = SLICE("MD5-sess");
	assert_int_equal(RT_BAD, check(&rfc2617_3_5, &cred, "x"));
	cred = rfc2617_3_5.cred;
	cred.response = SLICE("");
	assert_int_equal(RT_DENIED, check(&rfc2617_3_5, &cred, "x"));
}

static void digits_in_upper_case_are_the_same(void **state)
{
	struct sip_cred cred = rfc2617_3_5.cred;

	(void)state;
	cred.response = SLICE("6629FAE49393A05397450978507C4EF1");
	assert_int_equal(0, check(&rfc2617_3_5, &cred, "Circle Of Life"));
}

static void algorithms_have_names(void **state)
{
	enum auth_algorithm a;

	(void)state;
	assert_int_equal(0, auth_algorithm_find(SLICE_NONE, &a));
	assert_int_equal(AUTH_MD5, a);
	assert_int_equal(0, auth_algorithm_find(SLICE("sha-512-256"), &a));
	assert_int_equal(AUTH_SHA512_256, a);
	assert_int_equal(RT_ABSENT, auth_algorithm_find(SLICE("SHA-1"), &a));
	assert_true(slice_eq(auth_algorithm_name(AUTH_SHA256), SLICE("SHA-256")));
}

static void a_challenge_reads_as_rfc3261_20_44(void **state)
{
	char text[200];
	struct rt_cursor c = rt_cursor_on(text, sizeof(text));

	(void)state;
	auth_challenge(&c, AUTH_SHA256, SLICE("a\"b"), SLICE("n1"), true);
	assert_true(slice_eq(rt_cursor_text(&c), SLICE("Digest realm=\"a\\\"b\", nonce=\"n1\", algorithm=SHA-256, "
	                                               "qop=\"auth,auth-int\", stale=true")));
}

static void a_nonce_proves_itself(void **state)
{
	const struct rt_key secret = { 1, 2 }, other = { 1, 3 };
	const int64_t now = 1795300000;
	char nonce[AUTH_NONCE_BYTES + 1], second[AUTH_NONCE_BYTES + 1];

	(void)state;
	auth_nonce_make(secret, SLICE("r"), now, nonce);
	auth_nonce_make(secret, SLICE("r"), now, second);
	assert_int_equal(AUTH_NONCE_BYTES, strlen(nonce));
	assert_string_not_equal(nonce, second);
	assert_int_equal(AUTH_NONCE_FRESH, auth_nonce_check(secret, SLICE("r"), slice_str(nonce), now, 300));
	assert_int_equal(AUTH_NONCE_FRESH, auth_nonce_check(secret, SLICE("r"), slice_str(nonce), now + 300, 300));
	assert_int_equal(AUTH_NONCE_STALE, auth_nonce_check(secret, SLICE("r"), slice_str(nonce), now + 301, 300));
	assert_int_equal(AUTH_NONCE_FRESH, auth_nonce_check(secret, SLICE("r"), slice_str(nonce), now - 60, 300));
	assert_int_equal(AUTH_NONCE_STALE, auth_nonce_check(secret, SLICE("r"), slice_str(nonce), now - 61, 300));
	assert_int_equal(AUTH_NONCE_FORGED, auth_nonce_check(other, SLICE("r"), slice_str(nonce), now, 300));
	assert_int_equal(AUTH_NONCE_FORGED, auth_nonce_check(secret, SLICE("s"), slice_str(nonce), now, 300));
	assert_int_equal(AUTH_NONCE_FORGED, auth_nonce_check(secret, SLICE("r"), SLICE(""), now, 300));
	for (int i = 0; i < AUTH_NONCE_BYTES; i++) {
		const char was = nonce[i];

		nonce[i] = was == '0' ? '1' : '0';
		assert_int_equal(AUTH_NONCE_FORGED, auth_nonce_check(secret, SLICE("r"), slice_str(nonce), now, 300));
		nonce[i] = was;
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rfc2617_3_5_example),
		cmocka_unit_test(rfc7616_3_9_1_examples),
		cmocka_unit_test(rfc7616_3_9_2_input_with_the_right_sha512_256),
		cmocka_unit_test(rfc2617_3_2_2_1_no_qop),
		cmocka_unit_test(auth_int_covers_the_body),
		cmocka_unit_test(malformed_credentials_are_bad),
		cmocka_unit_test(digits_in_upper_case_are_the_same),
		cmocka_unit_test(algorithms_have_names),
		cmocka_unit_test(a_challenge_reads_as_rfc3261_20_44),
		cmocka_unit_test(a_nonce_proves_itself),
	};

	return cmocka_run_group_tests(tests, 0, 0);
}
