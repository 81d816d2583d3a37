/* SPDX-License-Identifier: MIT */
/* slice: a borrowed run of bytes. Never owns, never NUL-terminated. */
#ifndef RT_SLICE_H
#define RT_SLICE_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

struct slice {
	const char *p; /* NULL only when absent; "" is present and empty */
	uint32_t n;    /* bytes */
};

#define SLICE(lit) ((struct slice){ (lit), sizeof(lit) - 1 })
#define SLICE_NONE ((struct slice){ 0, 0 })
#define SLICE_FMT  "%.*s"
#define SLICE_ARG(s) (int)(s).n, (s).p ? (s).p : ""

static inline struct slice slice_of(const char *p, uint32_t n)
{
	return (struct slice){ p, n };
}

static inline struct slice slice_str(const char *z) /* a C string, without its NUL; NULL is absent */
{
	return z ? (struct slice){ z, (uint32_t)strlen(z) } : SLICE_NONE;
}

static inline bool slice_present(struct slice s)
{
	return s.p != 0;
}

static inline bool slice_eq(struct slice a, struct slice b) /* octet by octet */
{
	return a.n == b.n && (a.n == 0 || memcmp(a.p, b.p, a.n) == 0);
}

bool slice_eq_nocase(struct slice a, struct slice b); /* ASCII tokens, RFC 3261 7.3.1 */
bool slice_starts_nocase(struct slice s, struct slice prefix);
bool slice_u32(struct slice s, uint32_t *out); /* all digits and in range, or false */
bool slice_u64(struct slice s, uint64_t *out);
bool slice_hex_u64(struct slice s, uint64_t *out); /* 1 to 16 hex digits, whole slice */
struct slice slice_trim(struct slice s);           /* SP, HTAB, CR, LF off both ends */
int slice_find(struct slice s, char c);            /* offset of the first c, or -1 */
struct slice slice_from(struct slice s, uint32_t at); /* the rest from `at`; empty past the end */
struct slice slice_head(struct slice s, uint32_t n);  /* the first n bytes, or fewer */

/* Next word of a list separated by spaces, tabs or commas; shortens *rest. False when none is left. */
bool slice_word(struct slice *rest, struct slice *word);

/* Copy into a C buffer of `size` bytes, always NUL-terminated; false when cut. */
bool slice_cstr(struct slice s, char *out, size_t size);

#endif
