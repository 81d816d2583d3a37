/* SPDX-License-Identifier: MIT */
/* The topmost Via: RFC 3261 18.2.1 and 18.2.2, RFC 3581. */
#include "kit/test.h"

#include "via.h"

#define REQUEST(via)                                                                                                  \
	"OPTIONS sip:example.com SIP/2.0\r\nVia: " via "\r\nMax-Forwards: 70\r\nFrom: <sip:a@example.com>;tag=1\r\n"      \
	"To: <sip:example.com>\r\nCall-ID: x\r\nCSeq: 1 OPTIONS\r\nContent-Length: 0\r\n\r\n"
#define RESPONSE(via)                                                                                                 \
	"SIP/2.0 200 OK\r\nVia: " via "\r\nFrom: <sip:a@example.com>;tag=1\r\nTo: <sip:example.com>;tag=2\r\nCall-ID: x\r\n" \
	"CSeq: 1 OPTIONS\r\nContent-Length: 0\r\n\r\n"

static struct sip_index room;

static struct sip_msg parsed(const char *text)
{
	struct sip_msg m;

	assert_int_equal(sip_msg_parse(&m, &room, slice_str(text), 0), 0);
	return m;
}

static struct sip_hop hop(const char *text)
{
	struct sip_hop h = { 0 };

	if (*text)
		assert_int_equal(sip_hop_parse(&h, slice_str(text)), 0);
	return h;
}

static void stamp_wanted_rfc3261_18_2_1(void **state)
{
	static const struct {
		const char *via, *source;
		bool wanted;
	} cases[] = {
		{ REQUEST("SIP/2.0/UDP bobspc.biloxi.com:5060;branch=z9hG4bK1"), "udp:192.0.2.4:5060", true },
		{ REQUEST("SIP/2.0/UDP 192.0.2.4:5060;branch=z9hG4bK1"), "udp:192.0.2.4:5060", false },
		{ REQUEST("SIP/2.0/UDP 192.0.2.4:9;branch=z9hG4bK1"), "udp:192.0.2.4:5060", false },
		{ REQUEST("SIP/2.0/UDP 192.0.2.5:5060;branch=z9hG4bK1"), "udp:192.0.2.4:5060", true },
		{ REQUEST("SIP/2.0/UDP 192.0.2.4:5060;branch=z9hG4bK1;rport"), "udp:192.0.2.4:5060", true },
		/* a received of the sender's own making must not decide where answers go */
		{ REQUEST("SIP/2.0/UDP 192.0.2.4:5060;branch=z9hG4bK1;received=203.0.113.9"), "udp:192.0.2.4:5060", true },
		{ REQUEST("SIP/2.0/UDP [2001:db8::9:1];branch=z9hG4bK1"), "udp:[2001:db8:0::0009:0001]:5060", false },
		{ REQUEST("SIP/2.0/UDP [2001:db8::9:2];branch=z9hG4bK1"), "udp:[2001:db8::9:1]:5060", true },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const struct sip_msg m = parsed(cases[i].via);
		const struct sip_hop source = hop(cases[i].source);

		if (via_wants_stamp(&m, &source) != cases[i].wanted)
			fail_msg("case %zu", i);
	}
}

static void reply_goes_rfc3261_18_2_2(void **state)
{
	static const struct {
		const char *via, *source, *to;
		uint8_t ttl;
	} cases[] = {
		{ RESPONSE("SIP/2.0/UDP pc.example.com;branch=z9hG4bK1;received=192.0.2.4"), "udp:192.0.2.4:1024", "udp:192.0.2.4:5060", 0 },
		{ RESPONSE("SIP/2.0/UDP pc.example.com:5070;branch=z9hG4bK1;received=192.0.2.4"), "udp:192.0.2.4:1024", "udp:192.0.2.4:5070", 0 },
		{ RESPONSE("SIP/2.0/UDP 192.0.2.4:5080;branch=z9hG4bK1"), "udp:192.0.2.4:1024", "udp:192.0.2.4:5080", 0 },
		/* RFC 3581 4 */
		{ RESPONSE("SIP/2.0/UDP 10.1.1.1:4540;branch=z9hG4bK1;received=192.0.2.1;rport=9988"), "udp:192.0.2.1:9988", "udp:192.0.2.1:9988", 0 },
		{ RESPONSE("SIP/2.0/UDP 192.0.2.4:5080;branch=z9hG4bK1;maddr=192.0.2.8"), "udp:192.0.2.4:1024", "udp:192.0.2.8:5080", 0 },
		{ RESPONSE("SIP/2.0/UDP 192.0.2.4;branch=z9hG4bK1;maddr=224.0.1.75"), "udp:192.0.2.4:1024", "udp:224.0.1.75:5060", 1 },
		{ RESPONSE("SIP/2.0/UDP 192.0.2.4;branch=z9hG4bK1;maddr=224.0.1.75;ttl=16"), "udp:192.0.2.4:1024", "udp:224.0.1.75:5060", 16 },
		/* reliable: a new connection to received and the sent-by's port, never to rport */
		{ RESPONSE("SIP/2.0/TCP pc.example.com:5070;branch=z9hG4bK1;received=192.0.2.4;rport=40000"), "tcp:192.0.2.4:40000", "tcp:192.0.2.4:5070", 0 },
		{ RESPONSE("SIP/2.0/TLS pc.example.com;branch=z9hG4bK1;received=192.0.2.4"), "tls:192.0.2.4:40000", "tls:192.0.2.4:5061", 0 },
		/* RFC 5118 4.5: IPv6 in received, with and without brackets */
		{ RESPONSE("SIP/2.0/UDP [2001:db8::9:1];branch=z9hG4bK1;received=[2001:db8::9:255]"), "udp:[2001:db8::9:255]:1", "udp:[2001:db8::9:255]:5060", 0 },
		{ RESPONSE("SIP/2.0/UDP [2001:db8::9:1];branch=z9hG4bK1;received=2001:db8::9:255"), "udp:[2001:db8::9:255]:1", "udp:[2001:db8::9:255]:5060", 0 },
		/* no source known: the Via alone */
		{ RESPONSE("SIP/2.0/TCP 192.0.2.4:5070;branch=z9hG4bK1"), "", "tcp:192.0.2.4:5070", 0 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const struct sip_msg m = parsed(cases[i].via), unparsed = { .text = m.text };
		const struct sip_hop source = hop(cases[i].source), want = hop(cases[i].to);
		struct sip_hop to, again;
		struct slice name;
		uint8_t ttl = 99;

		assert_int_equal(via_reply_to(&to, &ttl, &name, &m, &source), 0);
		if (!sip_hop_same(&to, &want) || ttl != cases[i].ttl || slice_present(name))
			fail_msg("case %zu", i);
		assert_int_equal(via_reply_to(&again, &ttl, &name, &unparsed, &source), 0);
		assert_true(sip_hop_same(&to, &again));
	}
}

static void reply_needs_dns_18_2_2(void **state)
{
	const struct sip_msg m = parsed(RESPONSE("SIP/2.0/UDP pc.example.com;branch=z9hG4bK1"));
	const struct sip_hop nobody = { 0 };
	struct slice name;
	struct sip_hop to;
	uint8_t ttl;

	(void)state;
	assert_int_equal(via_reply_to(&to, &ttl, &name, &m, &nobody), RT_BAD);
}

static void a_name_in_maddr_needs_dns_18_2_2(void **state)
{
	struct sip_msg m = parsed(RESPONSE("SIP/2.0/UDP 192.0.2.4;branch=z9hG4bK1;received=192.0.2.5;maddr=elsewhere.example.com"));
	const struct sip_hop source = hop("udp:192.0.2.4:1024"), stream = hop("tcp:192.0.2.4:1024"), back = hop("tcp:192.0.2.4:5060");
	struct slice name;
	struct sip_hop to;
	uint8_t ttl;

	(void)state;
	assert_int_equal(via_reply_to(&to, &ttl, &name, &m, &source), 0);
	assert_true(slice_eq(name, SLICE("elsewhere.example.com")));
	assert_int_equal(to.proto, SIP_UDP);
	assert_int_equal(to.port, 5060);
	m = parsed(RESPONSE("SIP/2.0/TCP 192.0.2.4;branch=z9hG4bK1;maddr=elsewhere.example.com"));
	assert_int_equal(via_reply_to(&to, &ttl, &name, &m, &stream), 0);
	assert_false(slice_present(name));
	assert_true(sip_hop_same(&to, &back));
}

static const struct rt_key secret = { 1, 2 };
static const struct sip_branch branch = { 17, 0x1000005, 0xabc };

static void ours_is_written_18_1_1(void **state)
{
	const struct wire_listener listener = { .host = "sip.example.com", .port = 5060 };
	const struct sip_hop udp = hop("udp:192.0.2.4:5060"), tcp = hop("tcp:192.0.2.4:5060"), group = hop("udp:224.0.1.75:5060");
	struct via_ours v = { .listener = &listener, .branch = &branch, .secret = secret, .to = &udp };
	char text[256], id[64], want[256];
	struct rt_cursor c = rt_cursor_on(text, sizeof(text)), b = rt_cursor_on(id, sizeof(id));
	struct sip_branch back;

	(void)state;
	sip_branch_render(&b, &branch, secret);
	assert_int_equal(b.n, SIP_BRANCH_BYTES);
	assert_int_equal(sip_branch_parse(&back, rt_cursor_text(&b), secret), 0);

	via_render(&c, &v);
	snprintf(want, sizeof(want), "Via: SIP/2.0/UDP sip.example.com:5060;branch=%.*s;rport\r\n", (int)b.n, id);
	assert_text(rt_cursor_text(&c), want);

	c = rt_cursor_on(text, sizeof(text));
	v.to = &tcp;
	v.alias = true;
	via_render(&c, &v);
	snprintf(want, sizeof(want), "Via: SIP/2.0/TCP sip.example.com:5060;branch=%.*s;alias\r\n", (int)b.n, id);
	assert_text(rt_cursor_text(&c), want);

	c = rt_cursor_on(text, sizeof(text));
	v.to = &group;
	v.alias = false;
	via_render(&c, &v);
	snprintf(want, sizeof(want), "Via: SIP/2.0/UDP sip.example.com:5060;branch=%.*s;maddr=224.0.1.75;ttl=1;rport\r\n", (int)b.n, id);
	assert_text(rt_cursor_text(&c), want);
}

static void ours_goes_behind_the_start_line(void **state)
{
	(void)state;
	assert_int_equal(via_insert_at(SLICE("BYE sip:a@b SIP/2.0\r\nTo: x\r\n\r\n")), 21);
	assert_int_equal(via_insert_at(SLICE("BYE sip:a@b SIP/2.0")), 0);
	assert_int_equal(via_insert_at(SLICE_NONE), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(stamp_wanted_rfc3261_18_2_1),
		cmocka_unit_test(reply_goes_rfc3261_18_2_2),
		cmocka_unit_test(reply_needs_dns_18_2_2),
		cmocka_unit_test(a_name_in_maddr_needs_dns_18_2_2),
		cmocka_unit_test(ours_is_written_18_1_1),
		cmocka_unit_test(ours_goes_behind_the_start_line),
	};

	return cmocka_run_group_tests(tests, 0, 0);
}
