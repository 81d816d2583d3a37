/* SPDX-License-Identifier: MIT */
/* answer: credentials a client makes, by the examples of RFC 2617 3.5 and RFC 7616 3.9.1, and held against our own door. */
#include "kit/test.h"

#include "auth/answer.h"

static struct slice answer_to(const char *challenge, const struct auth_client *me, char *room, uint32_t size)
{
	struct rt_cursor c = rt_cursor_on(room, size);
	struct sip_cred cred;

	assert_int_equal(sip_cred_parse(&cred, slice_str(challenge)), 0);
	assert_int_equal(auth_answer(&c, &cred, me), 0);
	return rt_cursor_text(&c);
}

static const struct auth_client mufasa = { { "Mufasa", 6 }, { "Circle of Life", 14 }, { "GET", 3 }, { "/dir/index.html", 15 },
					   { "f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ", 44 } };

static void rfc7616_3_9_1_sha256(void **state)
{
	char room[1024];
	struct sip_cred cred;

	(void)state;
	assert_int_equal(sip_cred_parse(&cred, answer_to("Digest realm=\"http-auth@example.org\", qop=\"auth, auth-int\", algorithm=SHA-256, "
							 "nonce=\"7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v\", "
							 "opaque=\"FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS\"",
							 &mufasa, room, sizeof(room))), 0);
	assert_text(cred.response, "753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1");
	assert_text(cred.opaque, "FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS");
	assert_text(cred.nc, "00000001");
}

static void rfc7616_3_9_1_md5(void **state)
{
	char room[1024];
	struct sip_cred cred;

	(void)state;
	assert_int_equal(sip_cred_parse(&cred, answer_to("Digest realm=\"http-auth@example.org\", qop=\"auth, auth-int\", algorithm=MD5, "
							 "nonce=\"7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v\"",
							 &mufasa, room, sizeof(room))), 0);
	assert_text(cred.response, "8ca523f5e9506fed4657c9700eebdbec");
}

static void our_own_door_opens_with_and_without_qop(void **state)
{
	static const char *const challenge[] = {
		"Digest realm=\"example.com\", nonce=\"n\", algorithm=SHA-512-256, qop=\"auth\"",
		"Digest realm=\"example.com\", nonce=\"n\", algorithm=SHA-256, qop=\"auth-int,auth\"",
		"Digest realm=\"example.com\", nonce=\"n\"",
	};
	const struct auth_client me = { SLICE("alice"), SLICE("secret"), SLICE("INVITE"), SLICE("sip:bob@example.com"), SLICE("c1") };

	(void)state;
	for (size_t i = 0; i < sizeof(challenge) / sizeof(challenge[0]); i++) {
		char room[1024], ha1[65];
		struct sip_cred cred;
		enum auth_algorithm a;

		assert_int_equal(sip_cred_parse(&cred, answer_to(challenge[i], &me, room, sizeof(room))), 0);
		assert_int_equal(auth_algorithm_find(cred.algorithm, &a), 0);
		auth_ha1(a, me.user, SLICE("example.com"), me.password, ha1);
		assert_int_equal(auth_check(&cred, ha1, me.method, SLICE("")), 0);
		assert_int_equal(auth_check(&cred, ha1, SLICE("BYE"), SLICE("")), RT_DENIED);
	}
}

static void what_nobody_knows_is_left_to_the_next_challenge(void **state)
{
	static const char *const unknown[] = { "Digest realm=\"r\", nonce=\"n\", algorithm=AKAv1-MD5", "Digest realm=\"r\", nonce=\"n\", qop=\"auth-int\"",
					       "Digest realm=\"r\", algorithm=MD5" };
	char room[256];

	(void)state;
	for (size_t i = 0; i < sizeof(unknown) / sizeof(unknown[0]); i++) {
		struct rt_cursor c = rt_cursor_on(room, sizeof(room));
		struct sip_cred cred;

		assert_int_equal(sip_cred_parse(&cred, slice_str(unknown[i])), 0);
		assert_int_equal(auth_answer(&c, &cred, &mufasa), RT_ABSENT);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rfc7616_3_9_1_sha256),
		cmocka_unit_test(rfc7616_3_9_1_md5),
		cmocka_unit_test(our_own_door_opens_with_and_without_qop),
		cmocka_unit_test(what_nobody_knows_is_left_to_the_next_challenge),
	};

	return cmocka_run_group_tests_name("unit/auth/answer", tests, 0, 0);
}
