/* SPDX-License-Identifier: MIT */
/* param_test: parameters, quoted strings, escapes and small values. RFC 3261 20, 25.1. */
#include "kit/guard.h"
#include "kit/test.h"
#include "sip/param.h"

static struct rt_arena *arena;

static int setup(void **state)
{
	(void)state;
	arena = rt_arena_new(4096);
	return arena ? 0 : -1;
}

static int teardown(void **state)
{
	(void)state;
	rt_arena_destroy(&arena);
	return 0;
}

static void walks_a_list_rfc3261_25_1(void **state)
{
	static const struct {
		const char *name, *value; /* value NULL: absent */
	} want[] = { { "a", "" }, { "b", "c" }, { "d", "\"e;f\\\"\"" }, { "g", 0 }, { "h", "[2001:db8::1]" }, { "+sip.x", "\"<urn:y>\"" } };
	struct slice rest = guard_copy(SLICE("a=;b = c ;\r\n d=\"e;f\\\"\"; g ;h=[2001:db8::1];+sip.x=\"<urn:y>\" "));
	struct sip_param p;

	(void)state;
	for (size_t i = 0; i < sizeof(want) / sizeof(want[0]); i++) {
		assert_int_equal(sip_param_next(&rest, &p), 1);
		assert_text(p.name, want[i].name);
		if (want[i].value)
			assert_text(p.value, want[i].value);
		else
			assert_absent(p.value);
	}
	assert_int_equal(sip_param_next(&rest, &p), 0);
	assert_int_equal(sip_param_next(&rest, &p), 0);
}

static void a_leading_semicolon_may_be_there(void **state)
{
	(void)state;
	assert_text(sip_param_get(SLICE(";a=1;b=2"), SLICE("B")), "2");
	assert_text(sip_param_get(SLICE("a=1;b"), SLICE("b")), "");
	assert_absent(sip_param_get(SLICE("a=1;b"), SLICE("c")));
	assert_absent(sip_param_get(SLICE_NONE, SLICE("c")));
	assert_true(sip_param_has(SLICE("a;lr"), SLICE("LR")));
	assert_false(sip_param_has(SLICE("a=lr"), SLICE("lr")));
}

static void broken_lists_rfc4475_3_1_2_1(void **state)
{
	static const char *const text[] = { ";", ";;a", "a;", "a;;b", "a b", "=b", "a=\"b", "a=b,c", "a==\"", "a=\"b\"c", "a=<b>", "(a)", "a=b c", "a ; ;b", "a=\"\\" };

	(void)state;
	for (size_t i = 0; i < sizeof(text) / sizeof(text[0]); i++) {
		struct slice rest = guard_copy(slice_str(text[i]));
		struct sip_param p;
		int got;

		do
			got = sip_param_next(&rest, &p);
		while (got == 1);
		if (got != RT_BAD)
			fail_msg("accepted: %s", text[i]);
	}
}

static void quotes_off_and_escapes_undone_rfc3261_25_1(void **state)
{
	(void)state;
	assert_text(sip_unquote(SLICE("\"a\\\"b\\\\\""), arena), "a\"b\\");
	assert_text(sip_unquote(SLICE("\"plain\""), arena), "plain");
	assert_text(sip_unquote(SLICE("\"\""), arena), "");
	assert_text(sip_unquote(SLICE("plain"), arena), "plain");
	assert_text(sip_unquote(SLICE("\""), arena), "\"");
	assert_text(sip_unescape(SLICE("%41%7e%2541%zz%4"), arena), "A~%41%zz%4");
	assert_text(sip_unescape(SLICE("plain"), arena), "plain");
	assert_absent(sip_unescape(SLICE_NONE, arena));
	assert_int_equal(sip_unescape(SLICE("%00"), arena).n, 1);
}

static void a_full_arena_gives_nothing(void **state)
{
	struct rt_arena *none = rt_arena_new(0);

	(void)state;
	assert_absent(sip_unquote(SLICE("\"a\\b\""), none));
	assert_absent(sip_unescape(SLICE("%41"), none));
	rt_arena_destroy(&none);
}

static void qvalues_rfc3261_25_1(void **state)
{
	static const struct {
		const char *text;
		int q;
	} row[] = {
		{ "0", 0 },      { "1", 1000 },   { "0.5", 500 },  { "0.75", 750 },   { "0.123", 123 }, { "1.0", 1000 }, { "1.000", 1000 },
		{ "0.", 0 },     { "1.", 1000 },  { "0.001", 1 },  { "", -1 },        { "2", -1 },      { "1.1", -1 },   { "0.1234", -1 },
		{ ".5", -1 },    { "-0.5", -1 },  { "0,5", -1 },   { "1.001", -1 },   { "0.5x", -1 },   { "01", -1 },    { "0.5 ", -1 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++)
		assert_int_equal(sip_q_parse(guard_copy(slice_str(row[i].text))), row[i].q);
}

static void seconds_rfc3261_20_19(void **state)
{
	static const struct {
		const char *text;
		bool good;
		uint32_t v;
	} row[] = {
		{ "0", true, 0 },
		{ "0003600", true, 3600 },
		{ "4294967295", true, UINT32_MAX },
		{ "4294967296", true, UINT32_MAX },
		{ "10000000000000000000000000000000000000000000000000000000000", true, UINT32_MAX }, /* RFC 4475 3.1.2.4 */
		{ "", false, 7 },
		{ "-1", false, 7 },
		{ "1x", false, 7 },
		{ "99999999999x", false, 7 },
		{ "1 ", false, 7 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
		uint32_t v = 7;

		assert_int_equal(sip_seconds_parse(guard_copy(slice_str(row[i].text)), &v), row[i].good);
		assert_int_equal(v, row[i].v);
	}
}

static void tokens_rfc3261_25_1(void **state)
{
	(void)state;
	assert_true(sip_is_token(SLICE("aZ09-.!%*_+`'~")));
	assert_false(sip_is_token(SLICE("")));
	assert_false(sip_is_token(SLICE_NONE));
	for (int c = 0; c < 256; c++) {
		const char byte = (char)c;
		const bool want = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
		                  (c && strchr("-.!%*_+`'~", c));

		assert_int_equal(sip_is_token(slice_of(&byte, 1)), want);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(walks_a_list_rfc3261_25_1),
		cmocka_unit_test(a_leading_semicolon_may_be_there),
		cmocka_unit_test(broken_lists_rfc4475_3_1_2_1),
		cmocka_unit_test(quotes_off_and_escapes_undone_rfc3261_25_1),
		cmocka_unit_test(a_full_arena_gives_nothing),
		cmocka_unit_test(qvalues_rfc3261_25_1),
		cmocka_unit_test(seconds_rfc3261_20_19),
		cmocka_unit_test(tokens_rfc3261_25_1),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
