/* SPDX-License-Identifier: MIT */
/* render: a draft being written, private to render.c and render_facts.c. */
#ifndef RENDER_H
#define RENDER_H

#include "change.h"
#include "rt/cursor.h"

struct render {
	const struct sip_draft *d;
	const struct sip_index *from; /* the base's */
	struct rt_cursor out;
	struct sip_index *x;
	uint32_t room;                /* fields x has room for */
	uint32_t run;                 /* base bytes from here on are still to be copied, to out.n */
	int line_shift;               /* line in x - line in base */
	uint16_t lines;               /* of a reply: lines written */
	bool has_length;              /* Content-Length was written */
	bool open;                    /* the line being written ends in a quote or bracket that does not close */
	int err;
	char length[12];              /* the body's, in digits */
	uint8_t length_n;
	uint8_t last[SIP_HDR_COUNT];  /* tail of each chain; valid where first[] is */
	uint8_t origin[SIP_FIELDS_MAX]; /* the base's field each one is a copy of, or SIP_NO_FIELD */
};

/* Facts of values that were copied are moved, of others read again. 0 | RT_BAD */
int render_facts(struct render *r);

#endif
