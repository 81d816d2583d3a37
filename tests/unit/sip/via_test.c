/* SPDX-License-Identifier: MIT */
/* via_test: one Via value. RFC 3261 20.42 and 25.1, RFC 3581, RFC 4475, RFC 5118 4.5, RFC 5923, RFC 6223. */
#include "kit/guard.h"
#include "kit/test.h"
#include "sip/index.h"
#include "sip/via.h"

static struct sip_via parsed(const char *text)
{
	struct sip_via v;

	if (sip_via_parse(&v, guard_copy(slice_str(text))) != 0)
		fail_msg("refused: %s", text);
	return v;
}

static void reads_the_examples_of_rfc3261_20_42(void **state)
{
	struct sip_via v = parsed("SIP / 2.0 / UDP first.example.com: 4000;ttl=16\r\n     ;maddr=224.2.0.1 ;branch=z9hG4bKa7c6a8dlze.1");

	(void)state;
	assert_text(v.transport_text, "UDP");
	assert_int_equal(v.transport, SIP_UDP);
	assert_text(v.host, "first.example.com");
	assert_int_equal(v.port, 4000);
	assert_int_equal(v.ttl, 16);
	assert_text(v.maddr, "224.2.0.1");
	assert_text(v.branch, "z9hG4bKa7c6a8dlze.1");
	assert_int_equal(v.flags, SIP_VIA_MADDR | SIP_VIA_COOKIE);
	v = parsed("SIP/2.0/UDP erlang.bell-telephone.com:5060;branch=z9hG4bK87asdks7");
	assert_text(v.params, "branch=z9hG4bK87asdks7");
	v = parsed("SIP/2.0/UDP 192.0.2.1:5060 ;received=192.0.2.207;branch=z9hG4bK77asjd");
	assert_text(v.received, "192.0.2.207");
	assert_int_equal(v.flags, SIP_VIA_RECEIVED | SIP_VIA_COOKIE);
}

static void white_space_and_case_rfc4475_3_1_1_1(void **state)
{
	const struct sip_via v = parsed("sIp  / 2.0\r\n /\ttCp     spindle.example.com   \r\n :  5061 ; \r\n  BRANCH  =   z9HG4BK9ikj8  ");

	(void)state;
	assert_int_equal(v.transport, SIP_TCP);
	assert_text(v.transport_text, "tCp");
	assert_text(v.host, "spindle.example.com");
	assert_int_equal(v.port, 5061);
	assert_text(v.branch, "z9HG4BK9ikj8");
	assert_int_equal(v.flags, SIP_VIA_COOKIE);
}

static void transports_rfc4475_3_1_1_10(void **state)
{
	static const struct {
		const char *value;
		enum sip_transport transport;
	} row[] = {
		{ "SIP/2.0/UDP h", SIP_UDP },   { "SIP/2.0/SCTP h", SIP_SCTP }, { "SIP/2.0/TLS h", SIP_TLS }, { "SIP/2.0/WS h", SIP_WS },
		{ "SIP/2.0/wss h", SIP_WSS },   { "SIP/2.0/UNKNOWN h", SIP_TRANSPORT_OTHER },                 { "SIP/2.0/TCP h", SIP_TCP },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++)
		assert_int_equal(parsed(row[i].value).transport, row[i].transport);
}

static void another_version_is_read_so_that_it_can_be_answered_rfc4475_3_1_2_16(void **state)
{
	(void)state;
	assert_text(parsed("SIP/7.0/UDP h").host, "h");
}

static void received_with_and_without_brackets_rfc5118_4_5(void **state)
{
	(void)state;
	assert_text(parsed("SIP/2.0/UDP [2001:db8::9:1];received=[2001:db8::9:255];branch=z9hG4bKas3-111").received, "2001:db8::9:255");
	assert_text(parsed("SIP/2.0/UDP [2001:db8::9:1];received=2001:db8::9:255;branch=z9hG4bKas3").received, "2001:db8::9:255");
	assert_text(parsed("SIP/2.0/UDP [2001:db8::9:1]:5070;maddr=[ff02::1]").maddr, "ff02::1");
	assert_text(parsed("SIP/2.0/UDP [2001:db8::9:1]:5070").host, "2001:db8::9:1");
	assert_int_equal(parsed("SIP/2.0/UDP [2001:db8::9:1]:5070").port, 5070);
}

static void rport_with_and_without_a_value_rfc3581_3(void **state)
{
	(void)state;
	assert_text(parsed("SIP/2.0/UDP 10.1.1.1:4540;rport;branch=z9hG4bKkj").rport, "");
	assert_text(parsed("SIP/2.0/UDP 10.1.1.1:4540;RPort=9988").rport, "9988");
	assert_absent(parsed("SIP/2.0/UDP 10.1.1.1:4540").rport);
	assert_int_equal(parsed("SIP/2.0/UDP h;rport").flags, SIP_VIA_RPORT);
	assert_int_equal(parsed("SIP/2.0/TLS h;alias;keep").flags, SIP_VIA_ALIAS | SIP_VIA_KEEP);
	assert_int_equal(parsed("SIP/2.0/TLS h;keep=30").flags, SIP_VIA_KEEP);
}

static void the_cookie_alone_is_no_branch_id_rfc4475_3_2_1(void **state)
{
	(void)state;
	assert_int_equal(parsed("SIP/2.0/UDP h;branch=z9hG4bK").flags, 0);
	assert_int_equal(parsed("SIP/2.0/UDP h;branch=z9hG4bKx").flags, SIP_VIA_COOKIE);
	assert_int_equal(parsed("SIP/2.0/UDP h;branch=1").flags, 0);
	assert_text(parsed("SIP/2.0/UDP h;branch=z9hG4bK").branch, "z9hG4bK");
}

static void unknown_parameters_are_carried_rfc3261_25_1(void **state)
{
	const struct sip_via v = parsed("SIP/2.0/UDP 192.0.2.2;390skdjuw;hidden=\"a;branch=no\\\"\";x=[::1];branch=yes");

	(void)state;
	assert_text(v.branch, "yes");
	assert_text(v.params, "390skdjuw;hidden=\"a;branch=no\\\"\";x=[::1];branch=yes");
}

static void refuses_rfc3261_25_1(void **state)
{
	static const char *const text[] = {
		"", "SIP", "SIP/2.0", "SIP/2.0/", "SIP/2.0/UDP", "SIP/2.0/UDP ", "SIP/2.0/UDP;branch=x", "SIP/2.0/ h", "SIP//UDP h", "SIP/2.0UDP h",
		"HTTP/2.0/UDP h", "/2.0/UDP h", "SIP/2.0/UDP h i", "SIP/2.0/UDP h:", "SIP/2.0/UDP h:0", "SIP/2.0/UDP h:65536",
		"SIP/2.0/UDP h:x", "SIP/2.0/UDP :5060", "SIP/2.0/UDP 2001:db8::1", "SIP/2.0/UDP [::1", "SIP/2.0/UDP 1.2.3.4.5", "SIP/2.0/UDP[::1]",
		"SIP/2.0/UDP 192.0.2.15;;,;,,", /* RFC 4475 3.1.2.1 */
		"SIP/2.0/UDP h;", "SIP/2.0/UDP h;;branch=x", "SIP/2.0/UDP h;branch", "SIP/2.0/UDP h;branch=", "SIP/2.0/UDP h;branch=\"x\"",
		"SIP/2.0/UDP h;branch=x;Branch=x", "SIP/2.0/UDP h;ttl=256", "SIP/2.0/UDP h;ttl", "SIP/2.0/UDP h;ttl=-1", "SIP/2.0/UDP h;rport=0",
		"SIP/2.0/UDP h;rport=65536", "SIP/2.0/UDP h;rport=x", "SIP/2.0/UDP h;received=h", "SIP/2.0/UDP h;received", "SIP/2.0/UDP h;maddr",
		"SIP/2.0/UDP h;maddr=[1]", "SIP/2.0/UDP h;x=\"", "SIP/2.0/UDP h:5060 x", "SIP/2.0/UDP h;a b",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(text) / sizeof(text[0]); i++) {
		struct sip_via v = { .port = 7 };

		if (sip_via_parse(&v, guard_copy(slice_str(text[i]))) != RT_BAD)
			fail_msg("accepted: %s", text[i]);
		assert_int_equal(v.port, 7);
	}
}

static void every_prefix_is_read_within_its_bytes(void **state)
{
	static const char whole[] = "SIP/2.0/UDP [2001:db8::1] : 5060;branch=z9hG4bK1;rport=1;received=[::1];ttl=1;x=\"y\\\"\"";
	unsigned good = 0;

	(void)state;
	for (uint32_t n = 0; n <= sizeof(whole) - 1; n++) {
		struct sip_via v;

		good += sip_via_parse(&v, guard_copy(slice_of(whole, n))) == 0;
	}
	assert_true(good > 10);
}

static void top_of_a_message_without_index_rfc3261_7_3_1(void **state)
{
	static const struct {
		const char *text, *top;
	} cases[] = {
		{ "SIP/2.0 200 OK\r\nVia: SIP/2.0/UDP a;x=\"b,c\", SIP/2.0/UDP d\r\nVia: SIP/2.0/TCP e\r\n\r\n", "SIP/2.0/UDP a;x=\"b,c\"" },
		{ "SIP/2.0 200 OK\r\nTo: <sip:v@via>\r\nv :\tSIP/2.0/UDP a\r\n ;branch=1\r\n\r\n", "SIP/2.0/UDP a\r\n ;branch=1" },
		{ "SIP/2.0 200 OK\r\nviA:SIP/2.0/UDP a", "SIP/2.0/UDP a" },
		{ "SIP/2.0 200 OK\r\nTo: x\r\n\r\nVia: SIP/2.0/UDP body\r\n", 0 },
		{ "SIP/2.0 200 OK", 0 },
		{ "", 0 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const struct slice top = sip_via_top(guard_copy(slice_str(cases[i].text)));

		assert_true(cases[i].top ? slice_eq(top, slice_str(cases[i].top)) : !slice_present(top));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_the_examples_of_rfc3261_20_42),
		cmocka_unit_test(white_space_and_case_rfc4475_3_1_1_1),
		cmocka_unit_test(transports_rfc4475_3_1_1_10),
		cmocka_unit_test(another_version_is_read_so_that_it_can_be_answered_rfc4475_3_1_2_16),
		cmocka_unit_test(received_with_and_without_brackets_rfc5118_4_5),
		cmocka_unit_test(rport_with_and_without_a_value_rfc3581_3),
		cmocka_unit_test(the_cookie_alone_is_no_branch_id_rfc4475_3_2_1),
		cmocka_unit_test(unknown_parameters_are_carried_rfc3261_25_1),
		cmocka_unit_test(refuses_rfc3261_25_1),
		cmocka_unit_test(every_prefix_is_read_within_its_bytes),
		cmocka_unit_test(top_of_a_message_without_index_rfc3261_7_3_1),
	};

	return cmocka_run_group_tests(tests, 0, 0);
}
