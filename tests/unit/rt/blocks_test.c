/* SPDX-License-Identifier: MIT */
/* blocks: every size is whole and aligned, what came back is used again, a region becomes large by and by. */
#include "kit/test.h"
#include "rt/blocks.h"

static void every_size_is_whole_and_aligned(void **state)
{
	static char *block[RT_BLOCK_MAX + 3];
	struct rt_blocks b = { 0 };

	(void)state;
	for (size_t n = 0; n <= RT_BLOCK_MAX + 2; n++) {
		block[n] = rt_blocks_take(&b, n);
		assert_non_null(block[n]);
		assert_int_equal((uintptr_t)block[n] % 16, 0);
		memset(block[n], (int)(n & 0xff), n);
	}
	for (size_t n = 0; n <= RT_BLOCK_MAX + 2; n++) {
		for (size_t i = 0; i < n; i++)
			assert_int_equal((unsigned char)block[n][i], n & 0xff);
		rt_blocks_give(&b, block[n], n);
	}
	rt_blocks_give(&b, 0, 100);
	rt_blocks_clear(&b);
}

#ifndef __SANITIZE_ADDRESS__ /* with it blocks are malloc's, and never twice the same */
static void what_comes_back_is_taken_again(void **state)
{
	static const size_t edge[] = { 1, 64, 65, 1024, 1025, 1280, 1281, RT_BLOCK_MAX };
	struct rt_blocks b = { 0 };

	(void)state;
	for (size_t i = 0; i < sizeof(edge) / sizeof(*edge); i++) {
		void *const first = rt_blocks_take(&b, edge[i]), *const second = rt_blocks_take(&b, edge[i]);
		const size_t held = b.region.total - b.region.left;

		rt_blocks_give(&b, first, edge[i]);
		rt_blocks_give(&b, second, edge[i]);
		assert_ptr_equal(rt_blocks_take(&b, edge[i]), second);
		assert_ptr_equal(rt_blocks_take(&b, edge[i]), first);
		assert_int_equal(b.region.total - b.region.left, held);
	}
	rt_blocks_clear(&b);
	assert_int_equal(b.region.total, 0);
}
#endif

static void a_region_grows_in_larger_pieces(void **state)
{
	struct rt_region r = { 0 };
	char *last;

	(void)state;
	assert_non_null(rt_region_take(&r, 100));
	assert_true(r.total <= 1 << 16);
	while (r.total < 5 << 20) {
		last = rt_region_take(&r, 90000);
		assert_non_null(last);
		assert_int_equal((uintptr_t)last % 64, 0);
		memset(last, 1, 90000);
	}
	last = rt_region_take(&r, 3 << 20);
	assert_non_null(last);
	last[(3 << 20) - 1] = 1;
	rt_region_clear(&r);
	assert_null(r.maps);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_size_is_whole_and_aligned),
#ifndef __SANITIZE_ADDRESS__
		cmocka_unit_test(what_comes_back_is_taken_again),
#endif
		cmocka_unit_test(a_region_grows_in_larger_pieces),
	};

	return cmocka_run_group_tests(tests, 0, 0);
}
