/* SPDX-License-Identifier: MIT */
/* uri_test: reading URIs. RFC 3261 19.1 and 25.1, RFC 3966, RFC 5118, RFC 4475. */
#include "kit/guard.h"
#include "kit/test.h"
#include "sip/uri.h"

static struct sip_uri parsed(const char *text)
{
	struct sip_uri u;

	if (sip_uri_parse(&u, guard_copy(slice_str(text))) < 0)
		fail_msg("refused: %s", text);
	return u;
}

static void reads_every_component_rfc3261_19_1_1(void **state)
{
	const struct sip_uri u = parsed("sips:al%69ce:se&ret@Example.COM:5070;transport=tcp;lr;x=%20?subject=a%20b&to=sip:b%40c");

	(void)state;
	assert_int_equal(u.scheme, SIP_SCHEME_SIPS);
	assert_text(u.scheme_text, "sips");
	assert_text(u.user, "al%69ce");
	assert_text(u.password, "se&ret");
	assert_text(u.host, "Example.COM");
	assert_int_equal(u.host_kind, SIP_HOST_NAME);
	assert_int_equal(u.port, 5070);
	assert_text(u.params, "transport=tcp;lr;x=%20");
	assert_text(u.headers, "subject=a%20b&to=sip:b%40c");
	assert_text(sip_uri_param(&u, SLICE("TRANSPORT")), "tcp");
	assert_text(sip_uri_param(&u, SLICE("lr")), "");
	assert_absent(sip_uri_param(&u, SLICE("maddr")));
}

static void absent_is_not_empty_rfc3261_19_1_1(void **state)
{
	const struct sip_uri bare = parsed("sip:example.com");

	(void)state;
	assert_absent(bare.user);
	assert_absent(bare.password);
	assert_absent(bare.params);
	assert_absent(bare.headers);
	assert_int_equal(bare.port, 0);
	assert_text(parsed("sip:a:@example.com").password, "");
	assert_absent(parsed("sip:a@example.com").password);
}

static void accepts(const char *const *text, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		struct sip_uri u;

		if (sip_uri_parse(&u, guard_copy(slice_str(text[i]))) != 0)
			fail_msg("refused: %s", text[i]);
	}
}

static void refuses(const char *const *text, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		struct sip_uri u = { .port = 77 };

		if (sip_uri_parse(&u, guard_copy(slice_str(text[i]))) != RT_BAD)
			fail_msg("accepted: %s", text[i]);
		assert_int_equal(u.port, 77);
	}
}

#define ACCEPTS(list) accepts((list), sizeof(list) / sizeof((list)[0]))
#define REFUSES(list) refuses((list), sizeof(list) / sizeof((list)[0]))

static void accepts_the_examples_of_rfc3261_19_1_3(void **state)
{
	static const char *const text[] = {
		"sip:alice@atlanta.com",
		"sip:alice:secretword@atlanta.com;transport=tcp",
		"sips:alice@atlanta.com?subject=project%20x&priority=urgent",
		"sip:+1-212-555-1212:1234@gateway.com;user=phone",
		"sips:1212@gateway.com",
		"sip:alice@192.0.2.4",
		"sip:atlanta.com;method=REGISTER?to=alice%40atlanta.com",
		"sip:alice;day=tuesday@atlanta.com",
	};

	(void)state;
	ACCEPTS(text);
	assert_text(parsed(text[7]).user, "alice;day=tuesday");
}

static void accepts_the_hard_ones_of_rfc4475(void **state)
{
	static const char *const text[] = {
		"sip:1_unusual.URI~(to-be!sure)&isn't+it$/crazy?,/;;*:&it+has=1,weird!*pas$wo~d_too.(doesn't-it)@example.com",
		"sip:sips%3Auser%40example.com@example.net",
		"sip:null-%00-null@example.com",
		"sip:%00%00@host5.example.net",
		"sip:user;par=u%40example.net@example.com",
		"SIP:example.com",
		"sip:vivekg@chair-dnrc.example.com;unknownparam",
		"sip:user@example.com?Route=%3Csip:sip.example.com%3E",
		"nobodyKnowsThisScheme:totallyopaquecontent",
		"soap.beep://192.0.2.103:3002",
		"isbn:2983792873",
		"http://www.example.com",
		"name:John_Smith",
	};

	(void)state;
	ACCEPTS(text);
	assert_int_equal(parsed(text[8]).scheme, SIP_SCHEME_OTHER);
	assert_text(parsed(text[8]).scheme_text, "nobodyKnowsThisScheme");
	assert_text(parsed(text[9]).user, "//192.0.2.103:3002");
	assert_text(parsed(text[4]).host, "example.com");
}

static void accepts_every_kind_of_host_rfc3261_25_1(void **state)
{
	static const char *const text[] = {
		"sip:a@b", "sip:a@b.", "sip:a@example.com.", "sip:a@a-b.c--d.e", "sip:a@my_host.lan", "sip:a@3f2a9c01b2d4:5060",
		"sip:a@0.0.0.0", "sip:a@255.255.255.255:1", "sip:a@10.0.0.1:65535", "sip:a@h:05060",
		"sip:[::1]", "sip:[::]", "sip:a@[2001:db8::10]:5070", "sip:a@[1:2:3:4:5:6:7:8]", "sip:a@[1::8]", "sip:a@[1::]",
		"sip:a@[::ffff:192.0.2.10]", "sip:a@[1:2:3:4:5:6:192.0.2.1]", "sip:a@[1:2:3:4:5:6:7::]",
		"sip:a@h;maddr=239.255.255.1;ttl=15", "sip:a@h;maddr=[2001:db8::1]", "sip:a@h;lr=on",
	};

	(void)state;
	ACCEPTS(text);
	assert_text(parsed("sip:a@[2001:db8::10]:5070").host, "2001:db8::10");
	assert_int_equal(parsed("sip:a@[2001:db8::10]:5070").port, 5070);
	assert_int_equal(parsed("sip:a@[2001:db8::10]:5070").host_kind, SIP_HOST_IPV6);
	assert_int_equal(parsed("sip:a@10.0.0.1").host_kind, SIP_HOST_IPV4);
}

static void five_thousand_and_seventy_in_brackets_is_no_port_rfc5118_4_3(void **state)
{
	const struct sip_uri u = parsed("sip:[2001:db8::10:5070]");

	(void)state;
	assert_text(u.host, "2001:db8::10:5070");
	assert_int_equal(u.port, 0);
}

static void three_colons_are_tolerated_rfc5118_4_10(void **state)
{
	static const char *const bad[] = { "sip:[2001:db8:::1]", "sip:[:::]", "sip:[2001:db8::::192.0.2.1]" };

	(void)state;
	assert_text(parsed("sip:u@[2001:db8:::192.0.2.1]").host, "2001:db8:::192.0.2.1");
	REFUSES(bad);
}

static void refuses_what_the_grammar_does_not_hold_rfc3261_25_1(void **state)
{
	static const char *const text[] = {
		"", ":", "sip", "sip:", "sip:@h", "sip:a@", "sip:a@@h", "sip:a@h@i", "1sip:a@h", "s ip:a@h",
		"sip:a b@h", "sip:a@h ", " sip:a@h", "sip:a@h;lr ", "sip:user@example.com; lr", "sip:a@h\r\n",
		"sip:%4@h", "sip:%@h", "sip:%4g@h", "sip:a%", "sip:a@%68", "sip:a[@h", "sip:a\"@h", "sip:a<b@h", "sip:a\x01@h",
		"sip:\xc3\xa4@h", "sip:a:b:c@h", "sip:a:b;c@h",
		"sip:a@-h", "sip:a@h-", "sip:a@h..i", "sip:a@.h", "sip:a@h-.i", "sip:a@1.2.3", "sip:a@1.2.3.256", "sip:a@1.2.3.4.5",
		"sip:a@01234", "sip:a@1.2.3.4.", "sip:a@h.1",
		"sip:a@h:", "sip:a@h:0", "sip:a@h:65536", "sip:a@h:5x", "sip:a@h:99999999999999999999", "sip:a@h:-1",
		"sip:2001:db8::10", "sip:a@2001:db8::10", "sip:[1:2:3:4:5:6:7:8:9]", "sip:[1:2:3]", "sip:[::1", "sip:::1]", "sip:[]",
		"sip:[1::2::3]", "sip:[12345::]", "sip:[::1%25eth0]", "sip:[::1.2.3]", "sip:[1:2:3:4:5:6:7:1.2.3.4]", "sip:[:1]", "sip:[1:]",
		"sip:[g::]", "sip:[1:2:3:4:5:6:7:8::]",
		"sip:a@h;", "sip:a@h;;lr", "sip:a@h;=x", "sip:a@h;x=", "sip:a@h;x=%4", "sip:a@h;x=a@b", "sip:a@h;x=\"y\"",
		"sip:a@h;transport", "sip:a@h;ttl=256", "sip:a@h;ttl=x", "sip:a@h;ttl=1;ttl=1", "sip:a@h;lr;LR", "sip:a@h;maddr=[1]",
		"sip:a@h;transport=tcp;Transport=udp", "sip:a@h;maddr=a/b",
		"sip:a@h?", "sip:a@h?x", "sip:a@h?=x", "sip:a@h?x=1&", "sip:a@h?x=1&&y=1", "sip:a@h?x=%0", "sip:a@h?x=;",
		"<sip:a@h>", "http:", "http: x", "http:<x>",
	};

	(void)state;
	REFUSES(text);
}

static void reads_telephone_numbers_rfc3966_3(void **state)
{
	static const char *const good[] = {
		"tel:+1-201-555-0123", "tel:7042;phone-context=example.com", "tel:863-1234;phone-context=+1-914-555",
		"TEL:+358-555-1234567;postd=pp22", "tel:112", "tel:*#06#;phone-context=+49", "tel:+1(555)010.0;ext=22;isub=1",
	};
	static const char *const bad[] = {
		"tel:", "tel:+", "tel:-", "tel:+1a", "tel:12 34", "tel:+1;", "tel:+1;;ext=1", "tel:g", "tel:+*1", "tel:+1?x=y", "tel:1@h",
	};

	(void)state;
	ACCEPTS(good);
	REFUSES(bad);
	assert_int_equal(parsed(good[1]).scheme, SIP_SCHEME_TEL);
	assert_text(parsed(good[1]).user, "7042");
	assert_absent(parsed(good[1]).host);
	assert_text(sip_uri_param(&(struct sip_uri){ .params = SLICE("a=1;phone-context=x") }, SLICE("phone-context")), "x");
}

static void a_dialled_hash_may_stand_in_the_user_part_rfc2806(void **state)
{
	(void)state;
	assert_text(parsed("sip:*21*100#@example.com").user, "*21*100#");
}

static void every_prefix_is_read_within_its_bytes(void **state)
{
	static const char whole[] = "sips:a%41:p%42@[2001:db8:::192.0.2.1]:5061;maddr=[::1];transport=tls;x=%43?h=%44&i=";
	unsigned good = 0;

	(void)state;
	for (uint32_t n = 0; n < sizeof(whole); n++) {
		struct sip_uri u;

		good += sip_uri_parse(&u, guard_copy(slice_of(whole, n))) == 0;
	}
	assert_int_equal(sip_uri_parse(&(struct sip_uri){ 0 }, SLICE(whole)), 0);
	assert_true(good > 10);
}

static void transport_of_a_uri_rfc3261_19_1_2_and_26_2_2(void **state)
{
	static const struct {
		const char *uri;
		enum sip_transport transport;
	} row[] = {
		{ "sip:h", 0 },
		{ "sip:h;transport=UDP", SIP_UDP },
		{ "sip:h;Transport=tcp", SIP_TCP },
		{ "sip:h;transport=wss", SIP_WSS },
		{ "sip:h;transport=x", SIP_TRANSPORT_OTHER },
		{ "sips:h", SIP_TLS },
		{ "sips:h;transport=tcp", SIP_TLS },
		{ "sips:h;transport=ws", SIP_WSS },
		{ "tel:112", 0 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
		const struct sip_uri u = parsed(row[i].uri);

		assert_int_equal(sip_uri_transport(&u), row[i].transport);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_every_component_rfc3261_19_1_1),
		cmocka_unit_test(absent_is_not_empty_rfc3261_19_1_1),
		cmocka_unit_test(accepts_the_examples_of_rfc3261_19_1_3),
		cmocka_unit_test(accepts_the_hard_ones_of_rfc4475),
		cmocka_unit_test(accepts_every_kind_of_host_rfc3261_25_1),
		cmocka_unit_test(five_thousand_and_seventy_in_brackets_is_no_port_rfc5118_4_3),
		cmocka_unit_test(three_colons_are_tolerated_rfc5118_4_10),
		cmocka_unit_test(refuses_what_the_grammar_does_not_hold_rfc3261_25_1),
		cmocka_unit_test(reads_telephone_numbers_rfc3966_3),
		cmocka_unit_test(a_dialled_hash_may_stand_in_the_user_part_rfc2806),
		cmocka_unit_test(every_prefix_is_read_within_its_bytes),
		cmocka_unit_test(transport_of_a_uri_rfc3261_19_1_2_and_26_2_2),
	};

	return cmocka_run_group_tests(tests, 0, 0);
}
