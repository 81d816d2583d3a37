/* SPDX-License-Identifier: MIT */
/* uri_part: the parts of a URI that comparing and rewriting share: parameters, headers, escapes. */
#ifndef URI_PART_H
#define URI_PART_H

#include "chars.h"

struct uri_pair { /* "name=value" of a parameter or header; value SLICE_NONE without '=' */
	struct slice name, value;
};

/* Next pair of a list that sip_uri_parse has accepted; shortens *rest. */
static inline bool uri_pair_next(struct slice *rest, char separator, struct uri_pair *out)
{
	if (rest->n == 0)
		return false;

	const int cut = slice_find(*rest, separator);
	const struct slice pair = cut < 0 ? *rest : slice_head(*rest, (uint32_t)cut);
	const int equals = slice_find(pair, '=');

	*rest = cut < 0 ? SLICE_NONE : slice_from(*rest, (uint32_t)cut + 1);
	out->name = equals < 0 ? pair : slice_head(pair, (uint32_t)equals);
	out->value = equals < 0 ? SLICE_NONE : slice_from(pair, (uint32_t)equals + 1);
	return true;
}

enum { URI_ESCAPED = 0x100 }; /* a reserved character that was written as %HH: not equal to itself unescaped, 19.1.4 */

/* Next character with its escape undone; shortens *s, which is not empty. */
static inline unsigned uri_unit(struct slice *s)
{
	const char *const p = s->p;

	if (*p != '%' || s->n < 3) {
		*s = slice_of(p + 1, s->n - 1);
		return (unsigned char)*p;
	}

	const unsigned c = (unsigned)(char_hex(p[1]) << 4 | char_hex(p[2]));

	*s = slice_of(p + 3, s->n - 3);
	return char_is((char)c, CHAR_RESERVED) ? c | URI_ESCAPED : c;
}

/* Equal with escapes undone; `fold`: in any case. Absent equals only absent. */
bool uri_text_same(struct slice a, struct slice b, bool fold);

/* Order of the same equality: the unit that differs first decides. */
int uri_text_order(struct slice a, struct slice b);

/* Lists beyond these bounds are compared as written: a peer could make the search for equal pairs quadratic. */
enum { URI_PAIRS_MAX = 32, URI_LIST_MAX = 1024 /* characters */ };

/* The pairs of a list; returns how many, or -1 when the list is beyond the bounds. */
int uri_pairs(struct slice list, char separator, struct uri_pair out[URI_PAIRS_MAX]);

/* The next digit of a telephone number, visual separators skipped, lowered; 0 at the end. RFC 3966 3, 4 */
char uri_tel_digit(struct slice *s);

#endif
