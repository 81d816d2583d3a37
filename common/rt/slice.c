/* SPDX-License-Identifier: MIT */
/* slice: what a borrowed run of bytes can be asked. */
#include "rt/slice.h"

static inline char lower(char c)
{
	return (char)(c >= 'A' && c <= 'Z' ? c | 0x20 : c);
}

static inline uint64_t eight_at(const char *p)
{
	uint64_t w;

	memcpy(&w, p, sizeof(w));
	return w;
}

static inline uint64_t four_at(const char *p)
{
	uint32_t w;

	memcpy(&w, p, sizeof(w));
	return w;
}

/* Eight letters lowered at once: 0x20 is set in every byte that holds 'A' to 'Z'. */
static inline uint64_t lower_word(uint64_t w)
{
	const uint64_t ones = 0x0101010101010101u, low = w & 0x7f * ones;
	const uint64_t from_a = low + (0x80 - 'A') * ones, over_z = low + (0x7f - 'Z') * ones;

	return w | (from_a & ~over_z & ~w & 0x80 * ones) >> 2;
}

static inline bool same_word(uint64_t a, uint64_t b)
{
	return a == b || lower_word(a) == lower_word(b);
}

/* The last word of a text overlaps the one before: no letter is compared alone but in texts of one to three. */
static bool same_nocase(const char *a, const char *b, uint32_t n)
{
	if (n >= 8) {
		for (uint32_t i = 0; i + 8 < n; i += 8)
			if (!same_word(eight_at(a + i), eight_at(b + i)))
				return false;
		return same_word(eight_at(a + n - 8), eight_at(b + n - 8));
	}
	if (n >= 4)
		return same_word(four_at(a) | four_at(a + n - 4) << 32, four_at(b) | four_at(b + n - 4) << 32);
	for (uint32_t i = 0; i < n; i++)
		if (a[i] != b[i] && lower(a[i]) != lower(b[i]))
			return false;
	return true;
}

bool slice_starts_nocase(struct slice s, struct slice prefix)
{
	return s.n >= prefix.n && same_nocase(s.p, prefix.p, prefix.n);
}

bool slice_eq_nocase(struct slice a, struct slice b)
{
	return a.n == b.n && same_nocase(a.p, b.p, a.n);
}

bool slice_u64(struct slice s, uint64_t *out)
{
	uint64_t v = 0;

	if (s.n == 0)
		return false;
	for (uint32_t i = 0; i < s.n; i++) {
		const unsigned digit = (unsigned)(unsigned char)s.p[i] - '0';

		if (digit > 9 || v > UINT64_MAX / 10 || v * 10 > UINT64_MAX - digit)
			return false;
		v = v * 10 + digit;
	}
	*out = v;
	return true;
}

bool slice_u32(struct slice s, uint32_t *out)
{
	uint64_t v;

	if (!slice_u64(s, &v) || v > UINT32_MAX)
		return false;
	*out = (uint32_t)v;
	return true;
}

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c = lower(c);
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

bool slice_hex_u64(struct slice s, uint64_t *out)
{
	uint64_t v = 0;

	if (s.n == 0 || s.n > 16)
		return false;
	for (uint32_t i = 0; i < s.n; i++) {
		const int digit = hex_digit(s.p[i]);

		if (digit < 0)
			return false;
		v = v << 4 | (unsigned)digit;
	}
	*out = v;
	return true;
}

static inline bool blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

struct slice slice_trim(struct slice s)
{
	while (s.n && blank(s.p[0])) {
		s.p++;
		s.n--;
	}
	while (s.n && blank(s.p[s.n - 1]))
		s.n--;
	return s;
}

int slice_find(struct slice s, char c)
{
	const char *hit = s.n ? memchr(s.p, c, s.n) : 0;

	return hit ? (int)(hit - s.p) : -1;
}

struct slice slice_from(struct slice s, uint32_t at)
{
	if (!s.p)
		return s;
	if (at > s.n)
		at = s.n;
	return slice_of(s.p + at, s.n - at);
}

struct slice slice_head(struct slice s, uint32_t n)
{
	return slice_of(s.p, n < s.n ? n : s.n);
}

static inline bool between_words(char c)
{
	return c == ' ' || c == '\t' || c == ',';
}

bool slice_word(struct slice *rest, struct slice *word)
{
	uint32_t from = 0, to;

	while (from < rest->n && between_words(rest->p[from]))
		from++;
	for (to = from; to < rest->n && !between_words(rest->p[to]);)
		to++;
	if (from == to)
		return false;
	*word = slice_of(rest->p + from, to - from);
	*rest = slice_from(*rest, to);
	return true;
}

bool slice_cstr(struct slice s, char *out, size_t size)
{
	const size_t n = s.n < size ? s.n : size - 1;

	if (size == 0)
		return false;
	if (n)
		memcpy(out, s.p, n);
	out[n] = 0;
	return n == s.n;
}
