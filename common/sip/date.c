/* SPDX-License-Identifier: MIT */
/* date: "Sat, 13 Nov 2010 23:29:00 GMT" both ways. RFC 3261 20.17: RFC 1123 dates, GMT only, in this case only. */
#include "chars.h"
#include "sip/param.h"

static const char days[] = "SunMonTueWedThuFriSat";
static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";

/* Which of the three-letter names stands at p; -1: none. */
static int name_at(const char *p, const char *names, int count)
{
	for (int i = 0; i < count; i++)
		if (memcmp(p, names + 3 * i, 3) == 0)
			return i;
	return -1;
}

/* `n` digits at p, or -1. */
static int number_at(const char *p, int n)
{
	int v = 0;

	for (int i = 0; i < n; i++) {
		if (!char_is(p[i], CHAR_DIGIT))
			return -1;
		v = v * 10 + p[i] - '0';
	}
	return v;
}

static bool is_leap(int year)
{
	return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
}

static int days_in(int year, int month) /* month from 0 */
{
	static const uint8_t length[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };

	return length[month] + (month == 1 && is_leap(year));
}

/* Days from 1970-01-01; the year begins in March so that the leap day is its last. */
static int64_t days_from_civil(int year, int month, int day)
{
	const int64_t y = month < 2 ? year - 1 : year;
	const int64_t m = month < 2 ? month + 10 : month - 2; /* March is 0 */
	const int64_t era = (y >= 0 ? y : y - 399) / 400, of_era = y - era * 400;
	const int64_t of_year = (153 * m + 2) / 5 + day - 1;

	return era * 146097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719468;
}

bool sip_date_parse(struct slice s, int64_t *unix_seconds)
{
	static const char shape[] = "..., .. ... .... ..:..:.. GMT"; /* a dot: any byte */
	int day, month, year, hour, minute, second;

	if (s.n != sizeof(shape) - 1)
		return false;
	for (uint32_t i = 0; i < s.n; i++)
		if (shape[i] != '.' && shape[i] != s.p[i])
			return false;
	day = number_at(s.p + 5, 2);
	month = name_at(s.p + 8, months, 12);
	year = number_at(s.p + 12, 4);
	hour = number_at(s.p + 17, 2);
	minute = number_at(s.p + 20, 2);
	second = number_at(s.p + 23, 2);
	if (name_at(s.p, days, 7) < 0 || month < 0 || year < 0 || day < 1 || day > days_in(year, month) || hour < 0 ||
	    hour > 23 || minute < 0 || minute > 59 || second < 0 || second > 60)
		return false;
	*unix_seconds = ((days_from_civil(year, month, day) * 24 + hour) * 60 + minute) * 60 + second;
	return true;
}

static void put_digits(char *p, int n, int64_t v)
{
	for (int i = n - 1; i >= 0; i--, v /= 10)
		p[i] = (char)('0' + v % 10);
}

/* Years 0 to 9999 can be written; what lies outside is held to the nearest end. */
struct slice sip_date_render(int64_t unix_seconds, char out[30])
{
	const int64_t first = -62167219200, last = 253402300799;
	const int64_t t = unix_seconds < first ? first : unix_seconds > last ? last : unix_seconds;
	const int64_t day = (t - first) / 86400, second = (t - first) % 86400; /* 1 January 0000 was a Saturday */
	int year = (int)(day / 366), month = 0, of_month;

	while (days_from_civil(year + 1, 0, 1) + 719528 <= day)
		year++;
	of_month = (int)(day - (days_from_civil(year, 0, 1) + 719528));
	while (of_month >= days_in(year, month))
		of_month -= days_in(year, month++);
	memcpy(out, "..., .. ... .... ..:..:.. GMT", 30);
	memcpy(out, days + 3 * ((day + 6) % 7), 3);
	put_digits(out + 5, 2, of_month + 1);
	memcpy(out + 8, months + (size_t)(3 * month), 3);
	put_digits(out + 12, 4, year);
	put_digits(out + 17, 2, second / 3600);
	put_digits(out + 20, 2, second / 60 % 60);
	put_digits(out + 23, 2, second % 60);
	return slice_of(out, 29);
}
