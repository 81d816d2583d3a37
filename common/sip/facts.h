/* SPDX-License-Identifier: MIT */
/* facts: how values become facts, the same for parser and render. */
#ifndef SIP_FACTS_H
#define SIP_FACTS_H

#include "chars.h"
#include "sip/msg.h"
#include "sip/param.h"
#include "sip/uri.h"
#include "sip/via.h"

/* Where a part of a value lies; `base` is the first byte of the message. */
static inline struct sip_span facts_span(const char *base, struct slice s)
{
	return slice_present(s) ? (struct sip_span){ (uint16_t)(s.p - base), (uint16_t)s.n } : (struct sip_span){ 0, 0 };
}

static inline void facts_keep_via(struct sip_facts *facts, const char *base, const struct sip_via *via)
{
	facts->via_host = facts_span(base, via->host);
	facts->via_branch = facts_span(base, via->branch);
	facts->via_port = via->port;
	facts->via_transport = via->transport;
	facts->via_flags = via->flags;
}

static inline void facts_keep_uri(struct sip_facts *facts, const char *base, const struct sip_uri *uri)
{
	facts->uri_scheme = uri->scheme;
	facts->uri_user = facts_span(base, uri->user);
	facts->uri_host = facts_span(base, uri->host);
	facts->uri_port = uri->port;
}

/* 1*DIGIT LWS Method, 20.16. */
static inline bool facts_read_cseq(struct slice value, uint32_t *number, struct slice *method)
{
	if (value.n == 0)
		return false;

	const char *const end = value.p + value.n;
	const char *const digits_end = char_span(value.p, end, CHAR_DIGIT);
	const char *const word = char_skip_space(digits_end, end);

	*method = char_between(word, end);
	return word > digits_end && sip_is_token(*method) && slice_u32(char_between(value.p, digits_end), number);
}

#endif
