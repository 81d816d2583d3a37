/* SPDX-License-Identifier: MIT */
/* slice: comparison, numbers, trimming and words. */
#include "kit/guard.h"
#include "kit/test.h"

static bool eq_nocase(const char *a, const char *b)
{
	char copy[64];

	strcpy(copy, a);
	return slice_eq_nocase(guard_copy(slice_str(copy)), slice_str(b));
}

static void case_folds_letters_and_only_letters(void **state)
{
	(void)state;
	assert_true(eq_nocase("Content-Length", "cONTENT-lENGTH"));
	assert_true(eq_nocase("", ""));
	assert_true(eq_nocase("ABCDEFGHIJKLMNOPQRSTUVWXYZ", "abcdefghijklmnopqrstuvwxyz"));
	assert_false(eq_nocase("ABCDEFGH", "ABCDEFGI"));
	assert_false(eq_nocase("abc", "abcd"));
	for (int a = 0; a < 256; a++) {
		for (int b = 0; b < 256; b++) { /* in a word of eight, and in the tail behind it */
			const bool same = a == b || ((a | 32) == (b | 32) && (a | 32) >= 'a' && (a | 32) <= 'z');
			const char x[] = { 'x', (char)a, 'x', 'x', 'x', 'x', 'x', 'x', (char)a };
			const char y[] = { 'X', (char)b, 'x', 'x', 'x', 'x', 'x', 'X', (char)b };

			assert_int_equal(slice_eq_nocase(slice_of(x, 9), slice_of(y, 9)), same);
			assert_int_equal(slice_eq_nocase(slice_of(x, 8), slice_of(y, 8)), same);
			assert_int_equal(slice_eq_nocase(slice_of(x + 8, 1), slice_of(y + 8, 1)), same);
		}
	}
	assert_true(slice_starts_nocase(SLICE("sip:x"), SLICE("SIP:")));
	assert_false(slice_starts_nocase(SLICE("si"), SLICE("sip")));
}

static void absent_is_not_empty(void **state)
{
	(void)state;
	assert_false(slice_present(SLICE_NONE));
	assert_true(slice_present(SLICE("")));
	assert_false(slice_present(slice_str(0)));
	assert_true(slice_eq(SLICE_NONE, SLICE(""))); /* the same no bytes */
	assert_false(slice_present(slice_from(SLICE_NONE, 3)));
}

static void numbers_at_their_limits(void **state)
{
	uint32_t u = 7;
	uint64_t v = 7;

	(void)state;
	assert_true(slice_u32(SLICE("4294967295"), &u) && u == UINT32_MAX);
	assert_true(slice_u32(SLICE("0000000000000000000000001"), &u) && u == 1);
	assert_true(slice_u64(SLICE("18446744073709551615"), &v) && v == UINT64_MAX);
	assert_true(slice_hex_u64(SLICE("fFfFffffffffffff"), &v) && v == UINT64_MAX);
	assert_true(slice_hex_u64(SLICE("0a"), &v) && v == 10);
	u = 7;
	v = 7;
	assert_false(slice_u32(SLICE("4294967296"), &u));
	assert_false(slice_u32(SLICE(""), &u) || slice_u32(SLICE("-1"), &u) || slice_u32(SLICE("1 "), &u));
	assert_false(slice_u64(SLICE("18446744073709551616"), &v) || slice_u64(SLICE("99999999999999999999"), &v));
	assert_false(slice_hex_u64(SLICE("10000000000000000"), &v) || slice_hex_u64(SLICE("0x1"), &v));
	assert_false(slice_hex_u64(SLICE(""), &v) || slice_hex_u64(SLICE("g"), &v));
	assert_true(u == 7 && v == 7);
}

static void pieces(void **state)
{
	char small[4];

	(void)state;
	assert_text(slice_trim(SLICE(" \t\r\n a b \r\n ")), "a b");
	assert_text(slice_trim(SLICE(" \t ")), "");
	assert_int_equal(slice_find(SLICE("abcb"), 'b'), 1);
	assert_int_equal(slice_find(SLICE(""), 'b'), -1);
	assert_int_equal(slice_find(SLICE_NONE, 'b'), -1);
	assert_text(slice_from(SLICE("abc"), 1), "bc");
	assert_text(slice_from(SLICE("abc"), 9), "");
	assert_text(slice_head(SLICE("abc"), 2), "ab");
	assert_text(slice_head(SLICE("abc"), 9), "abc");
	assert_true(slice_cstr(SLICE("abc"), small, sizeof(small)));
	assert_string_equal(small, "abc");
	assert_false(slice_cstr(SLICE("abcd"), small, sizeof(small)));
	assert_string_equal(small, "abc");
	assert_true(slice_cstr(SLICE_NONE, small, 1));
	assert_string_equal(small, "");
}

static void words(void **state)
{
	struct slice rest = SLICE(" udp,tcp\t, tls "), word;

	(void)state;
	assert_true(slice_word(&rest, &word));
	assert_text(word, "udp");
	assert_true(slice_word(&rest, &word));
	assert_text(word, "tcp");
	assert_true(slice_word(&rest, &word));
	assert_text(word, "tls");
	assert_false(slice_word(&rest, &word));
	rest = SLICE_NONE;
	assert_false(slice_word(&rest, &word));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(case_folds_letters_and_only_letters),
		cmocka_unit_test(absent_is_not_empty),
		cmocka_unit_test(numbers_at_their_limits),
		cmocka_unit_test(pieces),
		cmocka_unit_test(words),
	};
	return cmocka_run_group_tests(tests, 0, 0);
}
