/* SPDX-License-Identifier: MIT */
/* line: the header lines of a head that nobody has indexed. */
#ifndef SIP_LINE_H
#define SIP_LINE_H

#include "sip/names.h"

/* Where the line behind the one at `at` begins, folded lines counted in; head.n when there is none. */
static inline uint32_t sip_line_next(struct slice head, uint32_t at)
{
	do {
		const char *const lf = at < head.n ? memchr(head.p + at, '\n', head.n - at) : 0;

		at = lf ? (uint32_t)(lf - head.p) + 1 : head.n;
	} while (at < head.n && (head.p[at] == ' ' || head.p[at] == '\t'));
	return at;
}

/* Name and value of one line, the value with its white space. SIP_HDR_OTHER for what is no header line, too. */
static inline enum sip_hdr sip_line_read(struct slice line, struct slice *value)
{
	const int colon = slice_find(line, ':');
	uint32_t name_n = colon < 0 ? 0 : (uint32_t)colon;

	while (name_n > 0 && (line.p[name_n - 1] == ' ' || line.p[name_n - 1] == '\t'))
		name_n--;
	if (!name_n)
		return SIP_HDR_OTHER;
	*value = slice_from(line, (uint32_t)colon + 1);
	return sip_hdr_find(slice_head(line, name_n));
}

#endif
