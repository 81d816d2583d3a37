/* SPDX-License-Identifier: MIT */
/*
 * glance: what a refusal needs of a request, without parsing it, and the refusal. Pure. Whatever is not plain (folded lines, two
 * values in the top Via, a header that is missing or there twice) is left to the parser: RT_BAD.
 */
#ifndef GLANCE_H
#define GLANCE_H

#include "rt/cursor.h"

enum { GLANCE_VIAS = 8 };

struct glance { /* values of the headers, without spaces around them */
	struct slice method;
	struct slice via[GLANCE_VIAS], from, to, call_id, cseq;
	struct slice agent;       /* absent: no User-Agent */
	uint32_t nvia;
	bool to_tagged;           /* or perhaps */
};

struct glance_reply {
	struct slice received;    /* absent: as the top Via is */
	uint16_t rport;           /* 0: the same */
	uint64_t tag;
	uint32_t retry_after;
};

RT_MUSTUSE
int glance(struct glance *out, struct slice text); /* 0 | RT_BAD */

/* Does it begin something? Never ACK, CANCEL, PRACK, BYE, nor what has a To tag. */
bool glance_is_new(const struct glance *g);

/* The tag of its To; SLICE_NONE: there is none. */
struct slice glance_to_tag(const struct glance *g);

/* Its top Via is of UDP, asks for rport, and says nothing else of where the answer goes: back to the source, RFC 3581 4. */
bool glance_wants_rport(const struct glance *g);

/* 503 with Retry-After, padded so that answers to one place are of one length. */
void glance_refuse(struct rt_cursor *c, const struct glance *g, const struct glance_reply *r);

#endif
