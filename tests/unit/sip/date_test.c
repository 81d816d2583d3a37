/* SPDX-License-Identifier: MIT */
/* date_test: Date values. RFC 3261 20.17 and 25.1, RFC 4475 3.1.2.12. */
#include <time.h>

#include "kit/guard.h"
#include "kit/test.h"
#include "sip/param.h"

static void known_dates_both_ways_rfc3261_20_17(void **state)
{
	static const struct {
		const char *text;
		int64_t t;
	} row[] = {
		{ "Sat, 13 Nov 2010 23:29:00 GMT", 1289690940 }, { "Thu, 01 Jan 1970 00:00:00 GMT", 0 },
		{ "Wed, 31 Dec 1969 23:59:59 GMT", -1 },         { "Tue, 29 Feb 2000 12:00:00 GMT", 951825600 },
		{ "Mon, 01 Mar 1999 00:00:01 GMT", 920246401 },  { "Fri, 31 Dec 9999 23:59:59 GMT", 253402300799 },
		{ "Sat, 01 Jan 0000 00:00:00 GMT", -62167219200 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
		char out[30];
		int64_t t;

		assert_true(sip_date_parse(guard_copy(slice_str(row[i].text)), &t));
		assert_int_equal(t, row[i].t);
		assert_text(sip_date_render(row[i].t, out), row[i].text);
		assert_string_equal(out, row[i].text);
	}
}

static void what_is_no_date_rfc4475_3_1_2_12(void **state)
{
	static const char *const text[] = {
		"", "Fri, 01 Jan 2010 16:00:00 EST", "Sat, 13 Nov 2010 23:29:00 gmt", "sat, 13 Nov 2010 23:29:00 GMT",
		"Sat, 13 nov 2010 23:29:00 GMT", "Sat, 31 Nov 2010 23:29:00 GMT", "Sat, 29 Feb 1900 00:00:00 GMT",
		"Sat, 00 Nov 2010 23:29:00 GMT", "Sat, 13 Nov 2010 24:00:00 GMT", "Sat, 13 Nov 2010 23:60:00 GMT",
		"Sat, 13 Nov 2010 23:29:61 GMT", "Sat, 1 Nov 2010 23:29:00 GMT", "Sat, 13 Nov 2010 23:29:00 GMT ",
		"Sat  13 Nov 2010 23:29:00 GMT", "Saturday, 13-Nov-10 23:29:00 GMT", "Sat, +3 Nov 2010 23:29:00 GMT",
		"Sat, 13 Nov 201x 23:29:00 GMT", "Sat, 13 Nov 2010 23:29:00 +0000",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(text) / sizeof(text[0]); i++) {
		int64_t t = 77;

		if (sip_date_parse(guard_copy(slice_str(text[i])), &t))
			fail_msg("accepted: %s", text[i]);
		assert_int_equal(t, 77);
	}
}

static void agrees_with_libc(void **state)
{
	uint64_t random = 1;

	(void)state;
	for (int i = 0; i < 20000; i++) {
		const time_t t = (time_t)(kit_random(&random) % 315569519999) - 62167219200;
		char got[30], want[40];
		int64_t back;
		struct tm tm;

		gmtime_r(&t, &tm);
		strftime(want, sizeof(want), "%a, %d %b ", &tm);
		sprintf(want + 12, "%04d", tm.tm_year + 1900);
		strftime(want + 16, sizeof(want) - 16, " %H:%M:%S GMT", &tm);
		assert_text(sip_date_render(t, got), want);
		assert_true(sip_date_parse(slice_str(got), &back));
		assert_int_equal(back, t);
	}
}

static void years_that_need_five_digits_are_held(void **state)
{
	char out[30];

	(void)state;
	assert_text(sip_date_render(INT64_MAX, out), "Fri, 31 Dec 9999 23:59:59 GMT");
	assert_text(sip_date_render(INT64_MIN, out), "Sat, 01 Jan 0000 00:00:00 GMT");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(known_dates_both_ways_rfc3261_20_17),
		cmocka_unit_test(what_is_no_date_rfc4475_3_1_2_12),
		cmocka_unit_test(agrees_with_libc),
		cmocka_unit_test(years_that_need_five_digits_are_held),
	};

	return cmocka_run_group_tests(tests, 0, 0);
}
