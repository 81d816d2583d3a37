/* SPDX-License-Identifier: MIT */
/* chars: which bytes may stand where, RFC 3261 25.1, as one table; and the small scans everything is made of. */
#ifndef CHARS_H
#define CHARS_H

#include "rt/slice.h"

enum char_class {
	CHAR_DIGIT = 1 << 0,
	CHAR_HEX = 1 << 1,
	CHAR_ALNUM = 1 << 2,
	CHAR_UNRESERVED = 1 << 3, /* alphanum and mark */
	CHAR_USER = 1 << 4,       /* unreserved and user-unreserved */
	CHAR_PASSWORD = 1 << 5,
	CHAR_PARAM = 1 << 6,      /* paramchar of a URI parameter */
	CHAR_HEADER = 1 << 7,     /* hname, hvalue */
	CHAR_TOKEN = 1 << 8,
	CHAR_LABEL = 1 << 9,      /* of a host name; '_' is no host name character but names with it are in use */
	CHAR_SCHEME = 1 << 10,
	CHAR_VALUE = 1 << 11,     /* an unquoted parameter value: token, host, and what is harmless beside them */
	CHAR_RESERVED = 1 << 12,  /* RFC 2396 2.2: differs from its escaped form, 19.1.4 */
	CHAR_QUOTED = 1 << 13,    /* inside "...", neither '"' nor '\'; white space and UTF-8 included */
	CHAR_DISPLAY = 1 << 14,   /* an unquoted display name: tokens, white space, UTF-8 */
	CHAR_OPAQUE = 1 << 15,    /* the rest of a URI of another scheme */
};

extern const uint16_t char_class[256];

static inline bool char_is(char c, unsigned mask)
{
	return (char_class[(unsigned char)c] & mask) != 0;
}

static inline bool char_is_space(char c) /* of LWS; a line break inside a value is always folding */
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static inline char char_lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c | 0x20) : c;
}

static inline int char_hex(char c) /* of a CHAR_HEX */
{
	return c <= '9' ? c - '0' : (c | 0x20) - 'a' + 10;
}

/* First byte in [p, end) outside the class. */
static inline const char *char_span(const char *p, const char *end, unsigned mask)
{
	while (p < end && char_is(*p, mask))
		p++;
	return p;
}

static inline const char *char_skip_space(const char *p, const char *end)
{
	while (p < end && char_is_space(*p))
		p++;
	return p;
}

/* First byte outside the class that does not begin a "%HH" either. */
static inline const char *char_span_escaped(const char *p, const char *end, unsigned mask)
{
	for (;;) {
		p = char_span(p, end, mask);
		if (end - p < 3 || *p != '%' || !char_is(p[1], CHAR_HEX) || !char_is(p[2], CHAR_HEX))
			return p;
		p += 3;
	}
}

/* Past the closing quote of the string that opens at p; NULL when it does not close or holds a control character. */
static inline const char *char_quoted_end(const char *p, const char *end)
{
	for (p++; p < end; p++) {
		p = char_span(p, end, CHAR_QUOTED);
		if (p == end)
			return 0;
		if (*p == '"')
			return p + 1;
		if (*p != '\\' || ++p == end || *p == '\r' || *p == '\n' || (*p & 0x80))
			return 0;
	}
	return 0;
}

static inline struct slice char_between(const char *p, const char *end)
{
	return slice_of(p, (uint32_t)(end - p));
}

#endif
