/* SPDX-License-Identifier: MIT */
/*
 * change: what a draft remembers, private to draft.c, reply.c and render.c.
 *
 *   base      line 0   line 1   line 2 ... line n    untouched; state[] says kept, swapped or dropped, value by value
 *   swapped      |        +-- "70" for "71"          new text for values of the base, in no order
 *   added     +--+-- "Via: ..." before line 0        new lines in the order of the document
 */
#ifndef CHANGE_H
#define CHANGE_H

#include "sip/draft.h"

enum { DRAFT_CHANGES_MAX = 240 }; /* an ACK repeats every Route of its INVITE */

enum draft_state { DRAFT_KEPT, DRAFT_SWAPPED, DRAFT_DROPPED };

struct draft_change {
	struct draft_change *next;
	struct slice name;  /* of the header, as it will be written */
	struct slice value;
	uint16_t line;      /* added: stands before this line of the base */
	uint8_t id;         /* enum sip_hdr */
	uint8_t field;      /* swapped: which value of the base */
};

struct sip_draft {
	struct rt_arena *arena;
	struct sip_msg base;
	struct draft_change *added, *swapped;
	struct slice method;   /* of a new request */
	struct slice target;   /* Request-URI, or reason phrase; SLICE_NONE: the base's */
	struct slice body;     /* SLICE_NONE: the base's */
	uint16_t status;       /* of a response whose start line is new; else 0 */
	uint8_t changes;
	bool reply;            /* the base is the request, possibly broken: of it only what state[] keeps is copied */
	int err;               /* the first failure */
	uint8_t state[];       /* enum draft_state, one for each field of base */
};

/* The text that will stand for the topmost value of a header; SLICE_NONE when there is none. */
struct slice draft_top(const struct sip_draft *d, enum sip_hdr id);

/* The new text of a swapped value. */
struct slice draft_swap(const struct sip_draft *d, int field);

/* The value `field` of the base. */
static inline struct slice draft_base_value(const struct sip_draft *d, int field)
{
	return sip_msg_value(&d->base, field);
}

#endif
