/* SPDX-License-Identifier: MIT */
/* names: every row of every table is found by its names and by nothing else. */
#include "kit/guard.h"
#include "kit/test.h"
#include "sip/names.h"

static struct slice recased(struct slice s, bool upper)
{
	static char text[64];

	for (uint32_t i = 0; i < s.n; i++)
		text[i] = (char)(upper ? (s.p[i] >= 'a' && s.p[i] <= 'z' ? s.p[i] - 32 : s.p[i])
				       : (s.p[i] >= 'A' && s.p[i] <= 'Z' ? s.p[i] + 32 : s.p[i]));
	return guard_copy(slice_of(text, s.n));
}

static void headers_are_found_in_any_case_and_not_by_halves(void **state)
{
	(void)state;
	for (int id = 1; id < SIP_HDR_COUNT; id++) {
		const struct slice name = sip_hdr_name((enum sip_hdr)id);
		char longer[64];

		assert_int_equal(sip_hdr_find(name), id);
		assert_int_equal(sip_hdr_find(recased(name, true)), id);
		assert_int_equal(sip_hdr_find(recased(name, false)), id);
		if (name.n > 2) /* half of "To" is its compact form */
			assert_int_equal(sip_hdr_find(slice_head(name, name.n - 1)), SIP_HDR_OTHER);
		snprintf(longer, sizeof(longer), "%.*sx", SLICE_ARG(name));
		assert_int_equal(sip_hdr_find(slice_str(longer)), SIP_HDR_OTHER);
	}
	assert_int_equal(sip_hdr_find(SLICE("")), SIP_HDR_OTHER);
	assert_int_equal(sip_hdr_find(SLICE("Unknown")), SIP_HDR_OTHER);
	assert_int_equal(sip_hdr_find(SLICE("Call ID")), SIP_HDR_OTHER);
	assert_int_equal(sip_hdr_find(SLICE("Call\rID")), SIP_HDR_OTHER); /* '\r' | 0x20 is '-' */
}

static void rfc3261_7_3_3_compact_forms(void **state)
{
	static const struct {
		char letter;
		enum sip_hdr id;
	} want[] = {
		{ 'a', SIP_HDR_ACCEPT_CONTACT }, { 'c', SIP_HDR_CONTENT_TYPE }, { 'd', SIP_HDR_REQUEST_DISPOSITION },
		{ 'e', SIP_HDR_CONTENT_ENCODING }, { 'f', SIP_HDR_FROM }, { 'i', SIP_HDR_CALL_ID },
		{ 'j', SIP_HDR_REJECT_CONTACT }, { 'k', SIP_HDR_SUPPORTED }, { 'l', SIP_HDR_CONTENT_LENGTH },
		{ 'm', SIP_HDR_CONTACT }, { 'o', SIP_HDR_EVENT }, { 'r', SIP_HDR_REFER_TO }, { 's', SIP_HDR_SUBJECT },
		{ 't', SIP_HDR_TO }, { 'u', SIP_HDR_ALLOW_EVENTS }, { 'v', SIP_HDR_VIA },
	};
	int known = 0;

	(void)state;
	for (size_t i = 0; i < sizeof(want) / sizeof(want[0]); i++) {
		const char upper = (char)(want[i].letter - 32);

		assert_int_equal(sip_hdr_find(slice_of(&want[i].letter, 1)), want[i].id);
		assert_int_equal(sip_hdr_find(slice_of(&upper, 1)), want[i].id);
	}
	for (int c = 0; c < 256; c++) {
		const char letter = (char)c;

		known += sip_hdr_find(slice_of(&letter, 1)) != SIP_HDR_OTHER;
	}
	assert_int_equal(known, 2 * sizeof(want) / sizeof(want[0]));
}

static void lists_and_singles(void **state)
{
	(void)state;
	assert_true(sip_hdr_is_list(SIP_HDR_VIA) && sip_hdr_is_list(SIP_HDR_CONTACT));
	assert_false(sip_hdr_is_list(SIP_HDR_WWW_AUTHENTICATE)); /* 20.44: commas join its own parameters */
	assert_false(sip_hdr_is_list(SIP_HDR_OTHER));
	assert_true(sip_hdr_is_once(SIP_HDR_CSEQ));
	assert_false(sip_hdr_is_once(SIP_HDR_VIA) || sip_hdr_is_once(SIP_HDR_OTHER));
}

static void methods_are_case_sensitive(void **state)
{
	(void)state;
	for (int m = 1; m < SIP_METHOD_COUNT; m++) {
		const struct slice name = sip_method_name((enum sip_method)m);

		assert_int_equal(sip_method_find(name), m);
		assert_int_equal(sip_method_find(recased(name, false)), SIP_METHOD_OTHER);
	}
	assert_int_equal(sip_method_find(SLICE("")), SIP_METHOD_OTHER);
	assert_text(sip_method_name(SIP_METHOD_OTHER), "");
	assert_text(sip_method_name(SIP_METHOD_COUNT), "");
}

static void transports(void **state)
{
	(void)state;
	for (int t = SIP_UDP; t < SIP_TRANSPORT_OTHER; t++) {
		assert_int_equal(sip_transport_find(sip_transport_name((enum sip_transport)t)), t);
		assert_int_equal(sip_transport_find(sip_transport_param((enum sip_transport)t)), t == SIP_WSS ? SIP_WS : t); /* RFC 7118 5.2.2 */
		assert_int_equal(sip_transport_reliable((enum sip_transport)t), t != SIP_UDP);
	}
	assert_int_equal(sip_transport_find(SLICE("TLS-SCTP")), SIP_TRANSPORT_OTHER);
	assert_int_equal(sip_transport_find(SLICE("")), SIP_TRANSPORT_OTHER);
}

static void phrases(void **state)
{
	(void)state;
	assert_text(sip_status_phrase(100), "Trying");
	assert_text(sip_status_phrase(483), "Too Many Hops");
	assert_text(sip_status_phrase(606), "Not Acceptable");
	assert_text(sip_status_phrase(799), "Unknown");
	assert_true(sip_status_provisional(199) && !sip_status_provisional(200));
	assert_true(sip_status_final(699) && !sip_status_final(199));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(headers_are_found_in_any_case_and_not_by_halves),
		cmocka_unit_test(rfc3261_7_3_3_compact_forms),
		cmocka_unit_test(lists_and_singles),
		cmocka_unit_test(methods_are_case_sensitive),
		cmocka_unit_test(transports),
		cmocka_unit_test(phrases),
	};
	return cmocka_run_group_tests(tests, 0, 0);
}
