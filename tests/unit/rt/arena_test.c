/* SPDX-License-Identifier: MIT */
/* arena and cursor: memory that ends where it ends. */
#include "kit/test.h"
#include "rt/arena.h"
#include "rt/cursor.h"

static void pieces_are_aligned_zeroed_and_apart(void **state)
{
	struct rt_arena *a = rt_arena_new(1024);
	char *x = rt_arena_raw(a, 100);

	(void)state;
	memset(x, 0xff, 100);
	rt_arena_reset(a);
	x = rt_arena_take(a, 3);
	assert_int_equal((uintptr_t)x % 16, 0);
	assert_true(x[0] == 0 && x[1] == 0 && x[2] == 0);
	assert_ptr_equal((char *)rt_arena_take(a, 1) - 16, x);
	rt_arena_destroy(&a);
	assert_null(a);
}

static void full_is_full(void **state)
{
	struct rt_arena *a = rt_arena_new(64);

	(void)state;
	assert_int_equal(rt_arena_left(a), 64);
	assert_null(rt_arena_take(a, 65));
	assert_non_null(rt_arena_take(a, 49));
	assert_int_equal(rt_arena_left(a), 0);
	assert_null(rt_arena_take(a, 1));
	assert_null(rt_arena_take(a, SIZE_MAX));
	assert_null(rt_arena_take(a, SIZE_MAX - 40));
	rt_arena_reset(a);
	assert_non_null(rt_arena_take(a, 64));
	rt_arena_destroy(&a);
	assert_null(rt_arena_new(SIZE_MAX));
}

static void the_newest_piece_can_shrink(void **state)
{
	struct rt_arena *a = rt_arena_new(256);
	char *x = rt_arena_raw(a, 200);

	(void)state;
	rt_arena_shrink(a, x, 10);
	assert_ptr_equal(rt_arena_raw(a, 1), x + 16);
	rt_arena_shrink(a, x, 250); /* never grows */
	assert_int_equal(rt_arena_left(a), 256 - 32);
	rt_arena_destroy(&a);
}

static void decimals(void **state)
{
	struct rt_arena *a = rt_arena_new(64);

	(void)state;
	assert_text(rt_arena_u64(a, 0), "0");
	assert_text(rt_arena_u64(a, 70), "70");
	assert_text(rt_arena_u64(a, UINT64_MAX), "18446744073709551615");
	assert_absent(rt_arena_u64(a, 1));
	rt_arena_destroy(&a);
}

static void copies_and_formats(void **state)
{
	struct rt_arena *a = rt_arena_new(63);
	char text[] = "hello";
	struct slice s = rt_arena_copy(a, slice_str(text));

	(void)state;
	text[0] = 'j';
	assert_text(s, "hello");
	assert_absent(rt_arena_copy(a, SLICE_NONE));
	assert_text(rt_arena_copy(a, SLICE("")), "");
	assert_text(rt_arena_printf(a, "%d-%s", 42, "x"), "42-x");
	assert_absent(rt_arena_printf(a, "%040d", 1));
	assert_text(rt_arena_hex(a, 0xbeef), "000000000000beef");
	assert_absent(rt_arena_hex(a, 1));
	assert_absent(rt_arena_copy(a, SLICE("seventeen bytes..")));
	rt_arena_destroy(&a);
}

static void a_cursor_writes_whole_pieces_or_fails_for_good(void **state)
{
	char room[24];
	struct rt_cursor c = rt_cursor_on(room, sizeof(room));

	(void)state;
	rt_cursor_lit(&c, "a=");
	rt_cursor_u64(&c, 0);
	rt_cursor_char(&c, ' ');
	rt_cursor_hex(&c, 0xabc, 5);
	rt_cursor_printf(&c, " %s", "x");
	assert_text(rt_cursor_text(&c), "a=0 00abc x");
	rt_cursor_u64(&c, 18446744073709551615u);
	assert_int_equal(c.err, RT_NOMEM);
	rt_cursor_char(&c, 'y'); /* would fit, but something before it is missing */
	assert_text(rt_cursor_text(&c), "a=0 00abc x");
}

static void a_cursor_fills_its_last_byte(void **state)
{
	static char big[2000];
	char room[4];
	struct rt_cursor c = rt_cursor_on(room, sizeof(room));

	(void)state;
	rt_cursor_put(&c, SLICE("ab"));
	rt_cursor_put(&c, SLICE_NONE);
	rt_cursor_printf(&c, "%s", "cd");
	assert_int_equal(c.err, 0);
	assert_text(rt_cursor_text(&c), "abcd");
	rt_cursor_char(&c, 'e');
	assert_int_equal(c.err, RT_NOMEM);
	c = rt_cursor_on(big, sizeof(big));
	rt_cursor_printf(&c, "%01500d", 7); /* longer than its scratch */
	assert_int_equal(c.err, 0);
	assert_int_equal(c.n, 1500);
	rt_cursor_printf(&c, "%0700d", 7);
	assert_int_equal(c.err, RT_NOMEM);
	assert_int_equal(c.n, 1500);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(pieces_are_aligned_zeroed_and_apart),
		cmocka_unit_test(full_is_full),
		cmocka_unit_test(the_newest_piece_can_shrink),
		cmocka_unit_test(copies_and_formats),
		cmocka_unit_test(decimals),
		cmocka_unit_test(a_cursor_writes_whole_pieces_or_fails_for_good),
		cmocka_unit_test(a_cursor_fills_its_last_byte),
	};
	return cmocka_run_group_tests(tests, 0, 0);
}
