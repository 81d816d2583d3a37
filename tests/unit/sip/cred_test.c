/* SPDX-License-Identifier: MIT */
/* cred_test: Digest credentials and challenges. RFC 3261 20.7, 20.27, 22.4; RFC 8760. */
#include "kit/guard.h"
#include "kit/test.h"
#include "sip/cred.h"

static void credentials_rfc3261_20_7(void **state)
{
	struct sip_cred c;

	(void)state;
	assert_int_equal(sip_cred_parse(&c, guard_copy(SLICE(
		"Digest username=\"Alice\", realm=\"atlanta.com\",\r\n nonce=\"84a4cc6f3082121f32b42a2187831a9e\",\r\n"
		" response=\"7587245234b3434cc3412213e5f113a5432\""))), 0);
	assert_text(c.username, "Alice");
	assert_text(c.realm, "atlanta.com");
	assert_text(c.nonce, "84a4cc6f3082121f32b42a2187831a9e");
	assert_text(c.response, "7587245234b3434cc3412213e5f113a5432");
	assert_absent(c.uri);
	assert_absent(c.qop);
	assert_absent(c.opaque);
}

static void a_challenge_rfc3261_20_27(void **state)
{
	struct sip_cred c;

	(void)state;
	assert_int_equal(sip_cred_parse(&c, guard_copy(SLICE(
		"Digest realm=\"atlanta.com\", domain=\"sip:ss1.carrier.com\", qop=\"auth\", "
		"nonce=\"f84f1cec41e6cbe5aea9c8e88d359\", opaque=\"\", stale=FALSE, algorithm=MD5"))), 0);
	assert_text(c.qop, "auth");
	assert_text(c.opaque, "");
	assert_text(c.stale, "FALSE");
	assert_text(c.algorithm, "MD5");
}

static void names_in_any_case_values_quoted_or_not(void **state)
{
	struct sip_cred c;

	(void)state;
	assert_int_equal(sip_cred_parse(&c, guard_copy(SLICE(
		"dIgEsT\tNC=00000001,CNonce = \"a,b=\\\"c\" ,URI=\"sip:h;x=1\", qop=auth,unknown=x,unknown=y, algorithm=SHA-256"))), 0);
	assert_text(c.nc, "00000001");
	assert_text(c.cnonce, "a,b=\\\"c"); /* unquoted, not unescaped */
	assert_text(c.uri, "sip:h;x=1");
	assert_text(c.qop, "auth");
	assert_text(c.algorithm, "SHA-256");
}

static void another_scheme_is_absent_rfc4475_3_3_7(void **state)
{
	struct sip_cred c;

	(void)state;
	assert_int_equal(sip_cred_parse(&c, SLICE("NoOneKnowsThisScheme opaque-data=here")), RT_ABSENT);
	assert_int_equal(sip_cred_parse(&c, SLICE("Basic QWxhZGRpbg==")), RT_ABSENT);
	assert_int_equal(sip_cred_parse(&c, SLICE("Digestive x=y")), RT_ABSENT);
}

static void broken_ones_are_refused_and_leave_the_output_alone(void **state)
{
	static const char *const text[] = {
		"", "  ", "\"Digest\" a=b", "Digest", "Digest ", "Digest,a=b", "Digest a", "Digest a=", "Digest =b", "Digest a=b,",
		"Digest a=b,,c=d", "Digest a=b c=d", "Digest a=b;c=d", "Digest a=\"b", "Digest a=\"b\\\"", "Digest ,a=b",
		"Digest realm=a,realm=a", "Digest realm=\"\",Realm=b", "Digest nonce=<>", "Digest a=\"b\"c", "Digest a=\"\x01\"",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(text) / sizeof(text[0]); i++) {
		struct sip_cred c = { .realm = SLICE("untouched") };

		if (sip_cred_parse(&c, guard_copy(slice_str(text[i]))) != RT_BAD)
			fail_msg("accepted: %s", text[i]);
		assert_text(c.realm, "untouched");
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(credentials_rfc3261_20_7),
		cmocka_unit_test(a_challenge_rfc3261_20_27),
		cmocka_unit_test(names_in_any_case_values_quoted_or_not),
		cmocka_unit_test(another_scheme_is_absent_rfc4475_3_3_7),
		cmocka_unit_test(broken_ones_are_refused_and_leave_the_output_alone),
	};

	return cmocka_run_group_tests(tests, 0, 0);
}
