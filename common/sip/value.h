/* SPDX-License-Identifier: MIT */
/* value: how the value of a header line is split and what may stand in it. Parser and render must agree here. */
#ifndef SIP_VALUE_H
#define SIP_VALUE_H

#include "scan.h"
#include "sip/names.h"

/* The comma that ends the list element at p, or stop: commas in quotes and in <> belong to the element. NULL: a quote or
 * bracket is never closed and swallows the rest; who needs the element will refuse it. */
static inline const char *sip_element_end(const char *p, const char *stop)
{
	while ((p = sip_find_split(p, stop)) < stop && *p != ',') {
		if (*p == '"')
			p = sip_quote_end(p, stop);
		else
			p = memchr(p, '>', (size_t)(stop - p));
		if (!p || p >= stop)
			return 0;
		p++;
	}
	return p;
}

/* Lists in which an empty element ("a,,b", or nothing at all) is a fault; in others it is merely skipped. */
static inline bool sip_empty_is_fault(enum sip_hdr id)
{
	switch (id) {
	case SIP_HDR_VIA:
	case SIP_HDR_CONTACT:
	case SIP_HDR_ROUTE:
	case SIP_HDR_RECORD_ROUTE:
	case SIP_HDR_PATH:
	case SIP_HDR_SERVICE_ROUTE:
		return true;
	default:
		return false;
	}
}

struct sip_quotes { /* how far a line was read for its quoted strings */
	const char *at;
	bool inside;
};

/* Is the control character at `p` the second byte of a quoted-pair, 25.1? Reads on from where it last stood, so that a line
 * full of control characters costs no more than its length. */
static inline bool sip_is_quoted_pair(struct sip_quotes *q, const char *p)
{
	while (q->at < p) {
		const char c = *q->at++;

		if (c == '"')
			q->inside = !q->inside;
		else if (c == '\\' && q->inside && q->at++ == p)
			return *p != '\r' && *p != '\n';
	}
	return false;
}

#endif
