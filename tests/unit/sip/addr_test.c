/* SPDX-License-Identifier: MIT */
/* addr_test: name-addr and addr-spec. RFC 3261 20.10, 20.20, 25.1; RFC 4475. */
#include "kit/guard.h"
#include "kit/test.h"
#include "sip/addr.h"

struct row {
	const char *value, *display, *uri, *params; /* NULL: absent */
	bool brackets;
};

static void assert_part(struct slice got, const char *want)
{
	if (want)
		assert_text(got, want);
	else
		assert_absent(got);
}

static void accepts(const struct row *row, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		struct sip_addr a;

		if (sip_addr_parse(&a, guard_copy(slice_str(row[i].value))) != 0)
			fail_msg("refused: %s", row[i].value);
		assert_part(a.display, row[i].display);
		assert_part(a.uri, row[i].uri);
		assert_part(a.params, row[i].params);
		assert_int_equal(a.brackets, row[i].brackets);
	}
}

static void name_addr_rfc3261_20_10(void **state)
{
	static const struct row row[] = {
		{ "\"Mr. Watson\" <sip:watson@worcester.bell-telephone.com>;q=0.7; expires=3600", "\"Mr. Watson\"",
		  "sip:watson@worcester.bell-telephone.com", "q=0.7; expires=3600", true },
		{ "\"A. G. Bell\" <sip:agb@bell-telephone.com> ;tag=a48s", "\"A. G. Bell\"", "sip:agb@bell-telephone.com", "tag=a48s", true },
		{ "Anonymous <sip:c8oqz84zk7z@privacy.org>;tag=hyh8", "Anonymous", "sip:c8oqz84zk7z@privacy.org", "tag=hyh8", true },
		{ "The Operator<sip:op@h>", "The Operator", "sip:op@h", 0, true },
		{ "<sip:a@h?x=y,z;lr>", 0, "sip:a@h?x=y,z;lr", 0, true },
		{ " <sip:a@h> ", 0, "sip:a@h", 0, true },
		{ "\"\"<sip:a>", "\"\"", "sip:a", 0, true },
		{ "\"a\\\"b\\\\ <c>, d\"\r\n <sip:a>", "\"a\\\"b\\\\ <c>, d\"", "sip:a", 0, true },
		{ "\"J\xc3\xbcrgen\" <sip:a>", "\"J\xc3\xbcrgen\"", "sip:a", 0, true },
		{ "J\xc3\xbcrgen <sip:a>", "J\xc3\xbcrgen", "sip:a", 0, true },
		{ "<sip:a>;+sip.instance=\"<urn:uuid:f81d4fae>\";reg-id=1", 0, "sip:a", "+sip.instance=\"<urn:uuid:f81d4fae>\";reg-id=1", true },
	};

	(void)state;
	accepts(row, sizeof(row) / sizeof(row[0]));
}

static void without_brackets_parameters_belong_to_the_header_rfc3261_20(void **state)
{
	static const struct row row[] = {
		{ "sip:+12125551212@server.phone2net.com;tag=887s", 0, "sip:+12125551212@server.phone2net.com", "tag=887s", false },
		{ "sip:vivekg@chair-dnrc.example.com;unknownparam", 0, "sip:vivekg@chair-dnrc.example.com", "unknownparam", false }, /* RFC 4475 3.3.12 */
		{ "sip:a@h ; tag = 1", 0, "sip:a@h", " tag = 1", false },
		{ "isbn:2983792873", 0, "isbn:2983792873", 0, false },
		{ "sip:[2001:db8::1]:5060", 0, "sip:[2001:db8::1]:5060", 0, false },
	};

	(void)state;
	accepts(row, sizeof(row) / sizeof(row[0]));
}

static void the_hard_ones_of_rfc4475(void **state)
{
	static const struct row row[] = {
		{ "caller<sip:caller@example.com>;tag=323", "caller", "sip:caller@example.com", "tag=323", true }, /* 3.1.1.6 */
		{ "\"J Rosenberg \\\\\\\"\"       <sip:jdrosen@example.com>\r\n  ;\r\n  tag = 98asjd8", "\"J Rosenberg \\\\\\\"\"",
		  "sip:jdrosen@example.com", "\r\n  tag = 98asjd8", true }, /* 3.1.1.1 */
		{ "\"%Z%45\" <sip:resource@example.com>", "\"%Z%45\"", "sip:resource@example.com", 0, true }, /* 3.1.1.5 */
		{ "token1~` token2'+_ token3*%!.- <sip:mundane@example.com>;fromParam''~+*_!.-%=\"\xd1\x80\"", "token1~` token2'+_ token3*%!.-",
		  "sip:mundane@example.com", "fromParam''~+*_!.-%=\"\xd1\x80\"", true }, /* 3.1.1.2 */
	};
	static const char nul[] = "\"BEL:\\\x07 NUL:\\\0 DEL:\\\x7f\" <sip:1_unusual.URI~(to-be!sure)&isn't+it$/crazy?,/;;*:&it+has=1,weird!*pas$wo~d_too.(doesn't-it)@example.com>";
	struct sip_addr a;
	struct sip_uri u;

	(void)state;
	accepts(row, sizeof(row) / sizeof(row[0]));
	assert_int_equal(sip_addr_uri(guard_copy(slice_of(nul, sizeof(nul) - 1)), &a, &u), 0);
	assert_int_equal(a.display.n, 22);
	assert_text(u.host, "example.com");
}

static void refuses_rfc3261_25_1_rfc4475(void **state)
{
	static const char *const text[] = {
		"", " ", "*", "<>", "< >", "sip:", ";tag=1", "\"open <sip:a>", "\"a\"", "\"a\" sip:b", "\"a\"b <sip:c>", "a\"b\" <sip:c>",
		"Bell, Alexander <sip:a.g.bell@bell-tel.com>;tag=43", /* 3.1.2.15 */
		"\"Watson, Thomas\" < sip:t.watson@example.org >",    /* 3.1.2.14 */
		"\"Joe\" <sip:joe@example.org>;;;;",                  /* 3.1.2.1 */
		"sip:user@example.com?Route=%3Csip:sip.example.com%3E", /* 3.1.2.13 */
		"sip:a@h,sip:b@h", "<sip:a", "sip:a>", "<<sip:a>>", "<sip:a>>", "<sip:a> x", "<sip:a>tag=1", "<sip:a>;", "<sip:a>;=x",
		"<sip:a>;tag=\"x", "<sip:a>;a;;b", "sip:a@h;", "sip:a b", "sip:a;b@h", "a@b <sip:c>", "x: <sip:c>", "<sip:a>,<sip:b>", "sip:a@h x",
		"\"a\x01\" <sip:a>", "\"a\\", "\"a\\\"", "name", "<sip:a\r\n b>",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(text) / sizeof(text[0]); i++) {
		struct sip_addr a = { .display = SLICE("untouched") };
		struct sip_uri u = { .port = 7 };

		if (sip_addr_uri(guard_copy(slice_str(text[i])), &a, &u) != RT_BAD)
			fail_msg("accepted: %s", text[i]);
		assert_text(a.display, "untouched");
		assert_int_equal(u.port, 7);
	}
}

static void every_prefix_is_read_within_its_bytes(void **state)
{
	static const char whole[] = "\"D\\\"isplay\" <sips:a@[::1]:5061;lr>;a=\"q\\\"\";b=c;d";

	(void)state;
	for (uint32_t n = 0; n < sizeof(whole); n++) {
		struct sip_addr a;
		struct sip_uri u;

		if (sip_addr_uri(guard_copy(slice_of(whole, n)), &a, &u) == 0)
			assert_text(a.uri, "sips:a@[::1]:5061;lr");
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(name_addr_rfc3261_20_10),
		cmocka_unit_test(without_brackets_parameters_belong_to_the_header_rfc3261_20),
		cmocka_unit_test(the_hard_ones_of_rfc4475),
		cmocka_unit_test(refuses_rfc3261_25_1_rfc4475),
		cmocka_unit_test(every_prefix_is_read_within_its_bytes),
	};

	return cmocka_run_group_tests(tests, 0, 0);
}
