/* SPDX-License-Identifier: MIT */
/* uri_same_test: equal URIs and their forms. RFC 3261 19.1.4, 19.1.5, 10.3; RFC 3966 4. */
#include "kit/test.h"
#include "sip/uri.h"

static struct rt_arena *arena;

static int setup(void **state)
{
	(void)state;
	arena = rt_arena_new(1 << 16);
	return arena ? 0 : -1;
}

static int teardown(void **state)
{
	(void)state;
	rt_arena_destroy(&arena);
	return 0;
}

static struct sip_uri parsed(const char *text)
{
	struct sip_uri u;

	if (sip_uri_parse(&u, slice_str(text)) < 0)
		fail_msg("refused: %s", text);
	return u;
}

static struct slice canon(const char *text)
{
	const struct sip_uri u = parsed(text);
	struct slice out = SLICE_NONE;

	assert_int_equal(sip_uri_canon(&u, arena, &out), 0);
	return out;
}

struct couple {
	const char *a, *b;
};

/* One way and the other: not every rule that looks symmetric is. */
static bool same(const struct couple *c)
{
	const struct sip_uri a = parsed(c->a), b = parsed(c->b);

	assert_int_equal(sip_uri_same(&a, &b), sip_uri_same(&b, &a));
	assert_true(sip_uri_same(&a, &a));
	return sip_uri_same(&a, &b);
}

static void check(const struct couple *c, size_t n, bool equal)
{
	for (size_t i = 0; i < n; i++) {
		if (same(&c[i]) != equal)
			fail_msg("%s %s %s", c[i].a, equal ? "!=" : "==", c[i].b);
		if (slice_eq(canon(c[i].a), canon(c[i].b)) != equal)
			fail_msg("canon: %s %s %s", c[i].a, equal ? "!=" : "==", c[i].b);
		rt_arena_reset(arena);
	}
}

#define CHECK(list, equal) check((list), sizeof(list) / sizeof((list)[0]), (equal))

static void equivalent_uris_rfc3261_19_1_4(void **state)
{
	static const struct couple row[] = {
		{ "sip:%61lice@atlanta.com;transport=TCP", "sip:alice@AtLanTa.CoM;Transport=tcp" },
		{ "sip:carol@chicago.com", "sip:carol@chicago.com;newparam=5" },
		{ "sip:carol@chicago.com", "sip:carol@chicago.com;security=on" },
		{ "sip:carol@chicago.com;newparam=5", "sip:carol@chicago.com;security=on" },
		{ "sip:biloxi.com;transport=tcp;method=REGISTER?to=sip:bob%40biloxi.com",
		  "sip:biloxi.com;method=REGISTER;transport=tcp?to=sip:bob%40biloxi.com" },
		{ "sip:alice@atlanta.com?subject=project%20x&priority=urgent",
		  "sip:alice@atlanta.com?priority=urgent&subject=project%20x" },
		{ "sip:alice@h;lr", "sip:alice@h" },
		{ "sip:a%2db@h", "sip:a%2Db@h" },
		{ "sip:a%2db@h", "sip:a-b@h" },
		{ "sip:%3b@h", "sip:%3B@h" },
		{ "SIP:a@h", "sip:a@H" },
		{ "sip:a@[2001:DB8::1]", "sip:a@[2001:db8:0:0::1]" },
		{ "sip:a@h;maddr=EXAMPLE.com", "sip:a@h;maddr=example.COM" },
		{ "sip:a@h;x=%41", "sip:a@h;X=a" },
		{ "sip:a@h;x=1;x=2", "sip:a@h;x=2;x=1" }, /* twice is forbidden, 19.1.1, but still equals itself */
	};

	(void)state;
	CHECK(row, true);
}

static void different_uris_rfc3261_19_1_4(void **state)
{
	static const struct couple row[] = {
		{ "SIP:ALICE@AtLanTa.CoM;Transport=udp", "sip:alice@AtLanTa.CoM;Transport=UDP" },
		{ "sip:bob@biloxi.com", "sip:bob@biloxi.com:5060" },
		{ "sip:bob@biloxi.com", "sip:bob@biloxi.com;transport=udp" },
		{ "sip:bob@biloxi.com", "sip:bob@biloxi.com:6000;transport=tcp" },
		{ "sip:carol@chicago.com", "sip:carol@chicago.com?Subject=next%20meeting" },
		{ "sip:bob@phone21.boxesbybob.com", "sip:bob@192.0.2.4" },
		{ "sip:a@h", "sips:a@h" },
		{ "sip:a@h", "sip:h" },
		{ "sip:a@h", "sip:a:@h" },
		{ "sip:a:p@h", "sip:a:P@h" },
		{ "sip:a@h", "sip:a@h;user=phone" },
		{ "sip:a@h", "sip:a@h;ttl=1" },
		{ "sip:a@h", "sip:a@h;method=INVITE" },
		{ "sip:a@h", "sip:a@h;maddr=h" },
		{ "sip:a@h;transport=tcp", "sip:a@h;transport=udp" },
		{ "sip:a%3Bb@h", "sip:a;b@h" }, /* ';' is reserved: not the same as its escape */
		{ "sip:a@h?x=1&y=2", "sip:a@h?x=1" },
		{ "sip:a@h?x=1&x=1&x=2", "sip:a@h?x=1&x=2&x=2" },
		{ "sip:%00@h", "sip:%00%00@h" }, /* RFC 4475 3.1.1.4 */
		{ "sip:a@[::1]", "sip:a@[::2]" },
	};

	(void)state;
	CHECK(row, false);
}

static void equality_is_not_transitive_rfc3261_19_1_4(void **state)
{
	static const struct couple on_off = { "sip:carol@chicago.com;security=on", "sip:carol@chicago.com;security=off" };

	(void)state;
	assert_false(same(&on_off));
	assert_text(canon(on_off.a), "sip:carol@chicago.com"); /* the text cannot tell; sip_uri_same does */
}

static void telephone_numbers_rfc3966_4(void **state)
{
	static const struct couple equal[] = {
		{ "tel:+1-201-555-0123", "tel:+1(201)5550123" },
		{ "tel:7042;phone-context=Example.com;ext=1", "TEL:70-42;ext=1;phone-context=example.com" },
		{ "tel:1;phone-context=+1-914", "tel:1;phone-context=+1914" },
		{ "tel:7aB;phone-context=x", "tel:7Ab;phone-context=x" },
	};
	static const struct couple different[] = {
		{ "tel:+12015550123", "tel:12015550123" },
		{ "tel:7042;phone-context=a.com", "tel:7042;phone-context=b.com" },
		{ "tel:7042", "tel:7042;ext=1" },
		{ "tel:112", "tel:1123" },
	};

	(void)state;
	CHECK(equal, true);
	CHECK(different, false);
}

static void other_schemes_octet_by_octet(void **state)
{
	static const struct couple equal[] = { { "HTTP://x", "http://x" } };
	static const struct couple different[] = { { "http://x", "http://X" }, { "http:x", "https:x" } };

	(void)state;
	CHECK(equal, true);
	CHECK(different, false);
}

static void long_lists_are_compared_as_written(void **state)
{
	char a[512] = "sip:h", b[512] = "sip:h";

	(void)state;
	for (int i = 0; i < 40; i++) {
		sprintf(a + strlen(a), "%cx%d=1", i ? '&' : '?', i);
		sprintf(b + strlen(b), "%cx%d=1", i ? '&' : '?', 39 - i);
	}
	assert_true(same(&(struct couple){ a, a }));
	assert_false(same(&(struct couple){ a, b }));
	assert_false(slice_eq(canon(a), canon(b)));
}

static void an_escape_does_not_make_a_list_long(void **state)
{
	char a[4096] = "sip:h?y=", b[4096] = "sip:h?x=%41&y=", c[4096] = "sip:h?x=A&y=";

	(void)state;
	for (int i = 0; i < 1015; i++) { /* 1024 characters with the rest */
		strcat(b, "%41");
		strcat(c, "a");
	}
	assert_true(same(&(struct couple){ b, c }));
	assert_true(slice_eq(canon(b), canon(c)));
	strcat(strcpy(a, "sip:h?y="), strrchr(c, '=') + 1);
	assert_true(same(&(struct couple){ strcat(a, "&x=A"), c }));
	assert_false(same(&(struct couple){ strcat(a, "A"), strcat(b, "a") }));
	rt_arena_reset(arena);
}

static void address_of_record_rfc3261_10_3(void **state)
{
	static const struct {
		const char *uri, *aor;
	} row[] = {
		{ "sip:%61lice:pw@EXAMPLE.com:5070;transport=tcp?x=y", "alice@example.com" },
		{ "sips:Alice@example.com", "Alice@example.com" },
		{ "sip:Example.COM.", "example.com" },
		{ "sip:a%3bb@h", "a;b@h" },
		{ "sip:sips%3auser%40example.com@example.net", "sips%3Auser%40example.com@example.net" },
		{ "sip:%00%7f@h", "%00%7F@h" },
		{ "sip:%2541@h", "%2541@h" }, /* undone once, RFC 4475 3.1.1.3 */
		{ "sip:*21#@h", "*21%23@h" },
		{ "sip:a@[2001:DB8::1]", "a@[2001:db8::1]" },
		{ "tel:+1-(555).0", "+15550" },
	};
	struct slice out = SLICE("untouched");
	struct sip_uri other = parsed("http://x");

	(void)state;
	for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
		const struct sip_uri u = parsed(row[i].uri);
		struct slice aor;

		assert_int_equal(sip_uri_aor(&u, arena, &aor), 0);
		assert_text(aor, row[i].aor);
	}
	assert_int_equal(sip_uri_aor(&other, arena, &out), RT_BAD);
	assert_text(out, "untouched");
}

static void request_uri_from_a_uri_rfc3261_19_1_5(void **state)
{
	static const struct {
		const char *uri, *target;
	} row[] = {
		{ "sip:a:b@H:05060;x=1;METHOD=INVITE;lr;maddr=[::1]?Route=%3Csip:x%3E", "sip:a:b@H:5060;x=1;lr;maddr=[::1]" },
		{ "sips:[2001:db8::1]:5061", "sips:[2001:db8::1]:5061" },
		{ "sip:h;method=BYE", "sip:h" },
		{ "tel:+1-2;ext=3", "tel:+1-2;ext=3" },
		{ "urn:service:sos", "urn:service:sos" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
		const struct sip_uri u = parsed(row[i].uri);
		struct slice target;

		assert_int_equal(sip_uri_as_target(&u, arena, &target), 0);
		assert_text(target, row[i].target);
	}
}

static void forms_say_when_the_arena_is_full(void **state)
{
	struct rt_arena *small = rt_arena_new(16);
	const struct sip_uri u = parsed("sip:somebody@somewhere.example.com");
	struct slice out = SLICE("untouched");

	(void)state;
	assert_int_equal(sip_uri_aor(&u, small, &out), RT_NOMEM);
	assert_int_equal(sip_uri_canon(&u, small, &out), RT_NOMEM);
	assert_int_equal(sip_uri_as_target(&u, small, &out), RT_NOMEM);
	assert_text(out, "untouched");
	rt_arena_destroy(&small);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(equivalent_uris_rfc3261_19_1_4),
		cmocka_unit_test(different_uris_rfc3261_19_1_4),
		cmocka_unit_test(equality_is_not_transitive_rfc3261_19_1_4),
		cmocka_unit_test(telephone_numbers_rfc3966_4),
		cmocka_unit_test(other_schemes_octet_by_octet),
		cmocka_unit_test(long_lists_are_compared_as_written),
		cmocka_unit_test(an_escape_does_not_make_a_list_long),
		cmocka_unit_test(address_of_record_rfc3261_10_3),
		cmocka_unit_test(request_uri_from_a_uri_rfc3261_19_1_5),
		cmocka_unit_test(forms_say_when_the_arena_is_full),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
