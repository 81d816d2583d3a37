/* SPDX-License-Identifier: MIT */
/* reader: one message being read, private to parse.c and facts.c. */
#ifndef SIP_READER_H
#define SIP_READER_H

#include "rt/err.h"
#include "sip/msg.h"

struct sip_reader {
	const char *base, *end; /* the head lies in here; base is the start line */
	struct sip_index *index;
	struct sip_fault fault; /* the first one */
	int err;                /* 0, or what the fault makes the parse return */
	uint8_t last[SIP_HDR_COUNT]; /* tail of each chain; valid where first[] is */
};

static inline struct sip_span sip_reader_span(const struct sip_reader *r, struct slice s)
{
	return slice_present(s) ? (struct sip_span){ (uint16_t)(s.p - r->base), (uint16_t)s.n }
				: (struct sip_span){ 0, 0 };
}

static inline struct slice sip_reader_slice(const struct sip_reader *r, struct sip_span s)
{
	return slice_of(r->base + s.at, s.n);
}

/* The first fault is the one reported; reading goes on so that the request can be answered. */
static inline void sip_reader_fault(struct sip_reader *r, const char *at, int err, uint16_t status,
				    const char *rule)
{
	if (r->err)
		return;
	r->err = err;
	r->fault = (struct sip_fault){ (uint32_t)(at - r->base), status, rule };
}

/* facts.c: read and check the values everybody asks for. */
void sip_reader_facts(struct sip_reader *r);

#endif
