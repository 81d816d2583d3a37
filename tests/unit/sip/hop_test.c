/* SPDX-License-Identifier: MIT */
/* hop_test: transport addresses as text, bytes and sockaddr. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include "sip/hop.h"

static const char *text_of(const struct sip_hop *hop)
{
	static char buffer[128];
	struct rt_cursor c = rt_cursor_on(buffer, sizeof(buffer) - 1);

	sip_hop_render(&c, hop);
	assert_int_equal(c.err, 0);
	buffer[c.n] = 0;
	return buffer;
}

static void parses_and_renders_the_same_text(void **state)
{
	static const char *const text[] = {
		"udp:192.0.2.1:5060", "tcp:[::1]:5060",   "wss:0.0.0.0:443",
		"tls:[2001:db8::9:1]:5061", "ws:10.0.0.1:0", "sctp:192.0.2.9:65535",
		"udp:[::ffff:192.0.2.10]:19823", /* RFC 5118 4.10 */
	};

	(void)state;
	for (size_t i = 0; i < sizeof(text) / sizeof(text[0]); i++) {
		struct sip_hop hop;

		assert_int_equal(sip_hop_parse(&hop, slice_str(text[i])), 0);
		assert_string_equal(text_of(&hop), text[i]);
	}
}

static void a_missing_port_is_the_transports_default(void **state)
{
	struct sip_hop hop;

	(void)state;
	assert_int_equal(sip_hop_parse(&hop, SLICE("TLS:192.0.2.1")), 0);
	assert_string_equal(text_of(&hop), "tls:192.0.2.1:5061");
	assert_int_equal(sip_hop_parse(&hop, SLICE("wss:[2001:db8::1]")), 0);
	assert_string_equal(text_of(&hop), "wss:[2001:db8::1]:443");
	assert_int_equal(sip_transport_port(SIP_WS), 80);
	assert_int_equal(sip_transport_port(SIP_UDP), 5060);
	assert_int_equal(sip_transport_port((enum sip_transport)0), 5060);
}

static void nonsense_is_refused_and_leaves_the_output_alone(void **state)
{
	static const char *const text[] = {
		"", "udp", "udp:", "udp::5060", "192.0.2.1:5060", "udp:192.0.2.1:", "udp:192.0.2.1:65536",
		"udp:192.0.2.1:50 60", "udp:192.0.2:5060", "udp:256.0.0.1:5060", "udp:192.0.02.1:5060", "udp:192.0.2.1.:5060", "udp:192.0.2.1.1:5060", "udp:.0.2.1:5060", "udp:example.com:5060",
		"quic:192.0.2.1:5060", "udp:::1:5060", "udp:[::1:5060", "udp:[192.0.2.1]:5060",
		"udp:[::1]5060", "udp:[]:5060", "udp:[fe80::1%eth0]:5060", "udp:192.0.2.1:-1",
		"udp:[0000:0000:0000:0000:0000:0000:0000:0000:0000:0000]:1",
	};
	struct sip_hop hop = { .port = 7 };

	(void)state;
	for (size_t i = 0; i < sizeof(text) / sizeof(text[0]); i++) {
		assert_int_equal(sip_hop_parse(&hop, slice_str(text[i])), RT_BAD);
		assert_int_equal(hop.port, 7);
	}
	assert_int_equal(sip_hop_ip(&hop, SLICE("192.0.2.1\0x"), SIP_UDP, 1), RT_BAD);
	assert_int_equal(sip_hop_ip(&hop, SLICE_NONE, SIP_UDP, 1), RT_BAD);
}

static void ip_literals_come_with_or_without_brackets(void **state)
{
	struct sip_hop a, b;

	(void)state;
	assert_int_equal(sip_hop_ip(&a, SLICE("2001:db8::1"), SIP_TCP, 5062), 0);
	assert_int_equal(sip_hop_ip(&b, SLICE("[2001:DB8:0:0::1]"), SIP_TCP, 5062), 0);
	assert_true(sip_hop_same(&a, &b));
	assert_true(sip_hop_hash(&a) == sip_hop_hash(&b));
	assert_int_equal(a.family, 6);
	assert_int_equal(sip_hop_ip(&a, SLICE("192.0.2.1"), SIP_TCP, 5062), 0);
	assert_int_equal(a.family, 4);
	assert_false(sip_hop_same(&a, &b));
}

static void same_looks_at_protocol_address_and_port(void **state)
{
	struct sip_hop a, b;

	(void)state;
	assert_int_equal(sip_hop_parse(&a, SLICE("udp:192.0.2.1:5060")), 0);
	b = a;
	assert_true(sip_hop_same(&a, &b));
	b.port = 5061;
	assert_false(sip_hop_same(&a, &b));
	assert_true(sip_hop_same_ip(&a, &b));
	assert_false(sip_hop_hash(&a) == sip_hop_hash(&b));
	b = a;
	b.proto = SIP_TCP;
	assert_false(sip_hop_same(&a, &b));
	assert_false(sip_hop_hash(&a) == sip_hop_hash(&b));
	b = a;
	b.family = 6;
	assert_false(sip_hop_same_ip(&a, &b));
}

static void kinds_of_addresses(void **state)
{
	static const struct {
		const char *ip;
		bool any, loopback, broadcast, multicast;
	} row[] = {
		{ "0.0.0.0", true, false, false, false },
		{ "::", true, false, false, false },
		{ "127.0.0.1", false, true, false, false },
		{ "127.255.0.3", false, true, false, false },
		{ "::1", false, true, false, false },
		{ "::ffff:127.0.0.1", false, true, false, false },
		{ "255.255.255.255", false, false, true, false },
		{ "224.0.1.75", false, false, false, true }, /* sip.mcast.net, RFC 3261 10.2.6 */
		{ "239.255.255.255", false, false, false, true },
		{ "ff02::1", false, false, false, true },
		{ "192.0.2.1", false, false, false, false },
		{ "2001:db8::1", false, false, false, false },
		{ "240.0.0.1", false, false, false, false },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
		struct sip_hop hop;

		assert_int_equal(sip_hop_ip(&hop, slice_str(row[i].ip), SIP_UDP, 5060), 0);
		assert_int_equal(sip_hop_is_any(&hop), row[i].any);
		assert_int_equal(sip_hop_is_loopback(&hop), row[i].loopback);
		assert_int_equal(sip_hop_is_broadcast(&hop), row[i].broadcast);
		assert_int_equal(sip_hop_is_multicast(&hop), row[i].multicast);
	}
}

static void no_address_is_none_of_them(void **state)
{
	const struct sip_hop none = { .family = 0 };
	struct sockaddr_storage ss;

	(void)state;
	assert_false(sip_hop_is_any(&none));
	assert_false(sip_hop_is_loopback(&none));
	assert_int_equal(sip_hop_to_sockaddr(&none, &ss), 0);
}

static void sockaddr_both_ways(void **state)
{
	static const char *const text[] = { "udp:192.0.2.1:5060", "udp:[2001:db8::5]:5070" };
	static const uint32_t length[] = { sizeof(struct sockaddr_in), sizeof(struct sockaddr_in6) };

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		struct sockaddr_storage ss;
		struct sip_hop hop, back;

		assert_int_equal(sip_hop_parse(&hop, slice_str(text[i])), 0);
		assert_int_equal(sip_hop_to_sockaddr(&hop, &ss), length[i]);
		sip_hop_from_sockaddr(&back, &ss, SIP_UDP);
		assert_memory_equal(&hop, &back, sizeof(hop));
	}
}

static void rendering_into_too_little_room_is_remembered(void **state)
{
	char room[8];
	struct rt_cursor c = rt_cursor_on(room, sizeof(room));
	struct sip_hop hop;

	(void)state;
	assert_int_equal(sip_hop_parse(&hop, SLICE("udp:192.0.2.1:5060")), 0);
	sip_hop_render(&c, &hop);
	assert_int_equal(c.err, RT_NOMEM);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(parses_and_renders_the_same_text),
		cmocka_unit_test(a_missing_port_is_the_transports_default),
		cmocka_unit_test(nonsense_is_refused_and_leaves_the_output_alone),
		cmocka_unit_test(ip_literals_come_with_or_without_brackets),
		cmocka_unit_test(same_looks_at_protocol_address_and_port),
		cmocka_unit_test(kinds_of_addresses),
		cmocka_unit_test(no_address_is_none_of_them),
		cmocka_unit_test(sockaddr_both_ways),
		cmocka_unit_test(rendering_into_too_little_room_is_remembered),
	};

	return cmocka_run_group_tests(tests, 0, 0);
}
