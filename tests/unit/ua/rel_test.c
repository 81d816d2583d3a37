/* SPDX-License-Identifier: MIT */
/* rel: the values of RFC 3262 7, and who asks for reliability. The machines themselves are on ladders. */
#include "kit/test.h"

#include "ua/rel_uac.h"
#include "ua/rel_uas.h"

static void rfc3262_7_2_rack_reads(void **state)
{
	struct ua_rack r;

	(void)state;
	assert_int_equal(ua_rack_parse(&r, SLICE("776656 1 INVITE")), 0);
	assert_int_equal(r.rseq, 776656);
	assert_int_equal(r.cseq, 1);
	assert_text(r.method, "INVITE");
	assert_int_equal(ua_rack_parse(&r, SLICE("1\t2  INVITE")), 0);
	assert_int_equal(ua_rack_parse(&r, SLICE("4294967295 2147483647 INVITE")), 0);
}

static void rfc3262_7_2_rack_that_does_not(void **state)
{
	static const char *const bad[] = { "",      "1",           "1 2",          "0 1 INVITE", "x 1 INVITE",
					   "1 x INVITE", "1 2 INVITE 3", "-1 2 INVITE", "1,2,INVITE", "4294967296 1 INVITE" };
	struct ua_rack r;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		if (ua_rack_parse(&r, slice_str(bad[i])) != RT_BAD)
			fail_msg("accepted \"%s\"", bad[i]);
}

static void rfc3262_3_first_number_is_between_1_and_2_31_minus_1(void **state)
{
	static const uint32_t random[] = { 0, 1, INT32_MAX - 1, INT32_MAX, UINT32_MAX };
	struct ua_rel_uas u;

	(void)state;
	for (size_t i = 0; i < sizeof(random) / sizeof(random[0]); i++) {
		uint32_t first;

		ua_rel_uas_open(&u, 1, random[i]);
		first = ua_rel_uas_number(&u);
		assert_in_range(first, 1, INT32_MAX);
		assert_int_equal(ua_rel_uas_number(&u), first + 1);
	}
}

static void rfc3262_3_all_three_parts_of_a_rack_must_match(void **state)
{
	struct ua_rel_uas u;
	uint32_t n;

	(void)state;
	ua_rel_uas_open(&u, 314, 41);
	assert_int_equal(ua_rel_uas_heard(&u, &(struct ua_rack){ 42, 314, SLICE("INVITE") }), UA_UAS_EV_STRAY); /* nothing is out */
	n = ua_rel_uas_number(&u);
	assert_int_equal(n, 42);
	assert_int_equal(ua_rel_uas_heard(&u, &(struct ua_rack){ n, 314, SLICE("INVITE") }), UA_UAS_EV_PRACK);
	assert_int_equal(ua_rel_uas_heard(&u, &(struct ua_rack){ n + 1, 314, SLICE("INVITE") }), UA_UAS_EV_STRAY);
	assert_int_equal(ua_rel_uas_heard(&u, &(struct ua_rack){ n, 315, SLICE("INVITE") }), UA_UAS_EV_STRAY);
	assert_int_equal(ua_rel_uas_heard(&u, &(struct ua_rack){ n, 314, SLICE("SUBSCRIBE") }), UA_UAS_EV_STRAY);
}

static struct sip_msg parse(struct sip_index *room, char *text, size_t size, const char *start, const char *extra)
{
	struct sip_msg m;
	const int n = snprintf(text, size,
			       "%s\r\nVia: SIP/2.0/UDP a.example.com;branch=z9hG4bK1\r\nFrom: <sip:a@example.com>;tag=1\r\n"
			       "To: <sip:b@example.com>\r\nCall-ID: 1@a\r\nCSeq: 1 INVITE\r\nMax-Forwards: 70\r\n"
			       "%sContent-Length: 0\r\n\r\n",
			       start, extra);

	assert_int_equal(sip_msg_parse(&m, room, slice_of(text, (uint32_t)n), 0), 0);
	return m;
}

static void rfc3262_3_require_compels_supported_allows(void **state)
{
	static const struct {
		const char *extra;
		enum ua_reliable want;
	} row[] = {
		{ "", UA_REL_NEVER },
		{ "Supported: timer, replaces\r\n", UA_REL_NEVER },
		{ "Supported: timer, 100rel\r\n", UA_REL_MAY },
		{ "k: 100REL\r\n", UA_REL_MAY },
		{ "Require: 100rel\r\n", UA_REL_MUST },
		{ "Supported: 100rel\r\nRequire: timer\r\nRequire: 100rel\r\n", UA_REL_MUST },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
		struct sip_index room;
		char text[1024];
		const struct sip_msg m = parse(&room, text, sizeof(text), "INVITE sip:b@example.com SIP/2.0", row[i].extra);

		assert_int_equal(ua_rel_uas_wanted(&m), row[i].want);
	}
}

static void rfc3262_4_reliable_is_require_and_rseq_above_100(void **state)
{
	static const struct {
		const char *start, *extra;
		enum ua_uac_event want;
	} row[] = {
		{ "SIP/2.0 180 Ringing", "Require: 100rel\r\nRSeq: 9\r\n", UA_UAC_EV_NEXT },
		{ "SIP/2.0 199 Gone", "Require: 100rel\r\nRSeq: 9\r\n", UA_UAC_EV_NEXT },
		{ "SIP/2.0 100 Trying", "Require: 100rel\r\nRSeq: 9\r\n", UA_UAC_EV_PLAIN },
		{ "SIP/2.0 180 Ringing", "RSeq: 9\r\n", UA_UAC_EV_PLAIN },
		{ "SIP/2.0 180 Ringing", "Require: 100rel\r\n", UA_UAC_EV_PLAIN },
		{ "SIP/2.0 180 Ringing", "Require: 100rel\r\nRSeq: nine\r\n", UA_UAC_EV_PLAIN },
		{ "SIP/2.0 180 Ringing", "Require: 100rel\r\nRSeq: 0\r\n", UA_UAC_EV_PLAIN },
		{ "SIP/2.0 200 OK", "Require: 100rel\r\nRSeq: 9\r\n", UA_UAC_EV_2XX },
		{ "SIP/2.0 302 Moved", "", UA_UAC_EV_FAIL },
	};
	const struct ua_rel_uac fresh = { 0 };

	(void)state;
	for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
		struct sip_index room;
		char text[1024];
		uint32_t rseq;
		const struct sip_msg m = parse(&room, text, sizeof(text), row[i].start, row[i].extra);

		if (ua_rel_uac_heard(&fresh, &m, &rseq) != row[i].want)
			fail_msg("%s with %s", row[i].start, row[i].extra);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rfc3262_7_2_rack_reads),
		cmocka_unit_test(rfc3262_7_2_rack_that_does_not),
		cmocka_unit_test(rfc3262_3_first_number_is_between_1_and_2_31_minus_1),
		cmocka_unit_test(rfc3262_3_all_three_parts_of_a_rack_must_match),
		cmocka_unit_test(rfc3262_3_require_compels_supported_allows),
		cmocka_unit_test(rfc3262_4_reliable_is_require_and_rseq_above_100),
	};

	return cmocka_run_group_tests_name("unit/ua/rel", tests, 0, 0);
}
