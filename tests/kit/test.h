/* SPDX-License-Identifier: MIT */
/* test: cmocka with the headers it wants, a repeatable random source, and slices compared as text. */
#ifndef KIT_TEST_H
#define KIT_TEST_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "rt/slice.h"

static inline uint64_t kit_random(uint64_t *state) /* xorshift64*; any state but 0 */
{
	*state ^= *state >> 12;
	*state ^= *state << 25;
	*state ^= *state >> 27;
	return *state * 0x2545f4914f6cdd1du;
}

/* Fails naming both texts when a slice does not hold exactly these bytes. */
static inline void kit_assert_text(struct slice got, const char *want, const char *file, int line)
{
	if (slice_present(got) && slice_eq(got, slice_str(want)))
		return;
	print_error("got \"" SLICE_FMT "\"%s, want \"%s\"\n", SLICE_ARG(got),
		    slice_present(got) ? "" : " (absent)", want);
	_fail(file, line);
}

#define assert_text(got, want) kit_assert_text((got), (want), __FILE__, __LINE__)
#define assert_absent(got)     assert_false(slice_present(got))

#endif
