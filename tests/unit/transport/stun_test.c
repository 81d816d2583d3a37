/* SPDX-License-Identifier: MIT */
/* STUN keep-alives: RFC 5389, vectors of RFC 5769 2.2 and 2.3 for the mapped addresses. */
#include "kit/test.h"

#include "stun.h"

static const unsigned char transaction[16] = { 0x21, 0x12, 0xa4, 0x42, 0xb7, 0xe7, 0xa7, 0x01, 0xbc, 0x34, 0xd6, 0x86, 0xfa, 0x87, 0xdf, 0xae };

static struct slice binding(unsigned char out[64], const unsigned char *attributes, uint8_t n)
{
	out[0] = 0;
	out[1] = 1;
	out[2] = 0;
	out[3] = n;
	memcpy(out + 4, transaction, 16);
	if (n)
		memcpy(out + 20, attributes, n);
	return slice_of((const char *)out, 20u + n);
}

static struct sip_hop source(const char *text)
{
	struct sip_hop h;

	assert_int_equal(sip_hop_parse(&h, slice_str(text)), 0);
	return h;
}

static void mapped_ipv4_rfc5769_2_2(void **state)
{
	static const unsigned char want[] = { 0x00, 0x20, 0x00, 0x08, 0x00, 0x01, 0xa1, 0x47, 0xe1, 0x12, 0xa6, 0x43 };
	const struct sip_hop from = source("udp:192.0.2.1:32853");
	unsigned char in[64];
	char out[STUN_ANSWER_MAX];
	struct rt_cursor c = rt_cursor_on(out, sizeof(out));

	(void)state;
	assert_int_equal(stun_answer(&c, binding(in, 0, 0), &from), 0);
	assert_int_equal(c.n, 32);
	assert_memory_equal(out, "\x01\x01\x00\x0c", 4);
	assert_memory_equal(out + 4, transaction, 16);
	assert_memory_equal(out + 20, want, sizeof(want));
}

static void mapped_ipv6_rfc5769_2_3(void **state)
{
	static const unsigned char want[] = { 0x00, 0x20, 0x00, 0x14, 0x00, 0x02, 0xa1, 0x47, 0x01, 0x13, 0xa9, 0xfa,
					      0xa5, 0xd3, 0xf1, 0x79, 0xbc, 0x25, 0xf4, 0xb5, 0xbe, 0xd2, 0xb9, 0xd9 };
	const struct sip_hop from = source("udp:[2001:db8:1234:5678:11:2233:4455:6677]:32853");
	unsigned char in[64];
	char out[STUN_ANSWER_MAX];
	struct rt_cursor c = rt_cursor_on(out, sizeof(out));

	(void)state;
	assert_int_equal(stun_answer(&c, binding(in, 0, 0), &from), 0);
	assert_memory_equal(out + 20, want, sizeof(want));
}

static void unknown_attribute_is_420_rfc5389_7_3_1(void **state)
{
	static const unsigned char change_request[] = { 0x00, 0x03, 0x00, 0x04, 0, 0, 0, 0 };
	static const unsigned char software[] = { 0x80, 0x22, 0x00, 0x03, 'a', 'b', 'c', 0 };
	const struct sip_hop from = source("udp:192.0.2.1:32853");
	unsigned char in[64];
	char out[STUN_ANSWER_MAX];
	struct rt_cursor c = rt_cursor_on(out, sizeof(out));

	(void)state;
	assert_int_equal(stun_answer(&c, binding(in, change_request, sizeof(change_request)), &from), 0);
	assert_memory_equal(out, "\x01\x11\x00\x10", 4);
	assert_memory_equal(out + 20, "\x00\x09\x00\x04\x00\x00\x04\x14\x00\x0a\x00\x02\x00\x03\x00\x00", 16);
	c = rt_cursor_on(out, sizeof(out));
	assert_int_equal(stun_answer(&c, binding(in, software, sizeof(software)), &from), 0);
	assert_memory_equal(out, "\x01\x01", 2);
}

static void nonsense_is_not_answered(void **state)
{
	const struct sip_hop from = source("udp:192.0.2.1:32853");
	unsigned char in[64];
	char out[STUN_ANSWER_MAX];
	struct rt_cursor c = rt_cursor_on(out, sizeof(out));
	struct slice d = binding(in, (const unsigned char *)"\x00\x03\x00\x09", 4);

	(void)state;
	assert_int_equal(stun_answer(&c, d, &from), RT_BAD); /* an attribute longer than the message */
	in[3] = 0;
	assert_int_equal(stun_answer(&c, d, &from), RT_BAD); /* a length that lies */
	d = binding(in, 0, 0);
	in[0] = 1;
	in[1] = 1;
	assert_int_equal(stun_answer(&c, d, &from), RT_BAD); /* an answer */
	assert_false(stun_is(slice_head(d, 19)));
	assert_false(stun_is(SLICE("OPTIONS sip:a SIP/2.0\r\n\r\n")));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(mapped_ipv4_rfc5769_2_2),
		cmocka_unit_test(mapped_ipv6_rfc5769_2_3),
		cmocka_unit_test(unknown_attribute_is_420_rfc5389_7_3_1),
		cmocka_unit_test(nonsense_is_not_answered),
	};

	return cmocka_run_group_tests(tests, 0, 0);
}
