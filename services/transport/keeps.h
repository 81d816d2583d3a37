/* SPDX-License-Identifier: MIT */
/*
 * keeps: phones behind NAT that registered over UDP by this worker: an empty line each transport.keep seconds keeps their
 * NAT open, until their registration is over. The worker a phone registers by is the one whose address its NAT lets in, so
 * no other worker sends to it.
 */
#ifndef KEEPS_H
#define KEEPS_H

#include "edge.h"

struct keeps;

struct keeps *keeps_new(struct edge *edge); /* NULL: out of memory */
void keeps_destroy(struct keeps **self_p);

/* Is this an answer that keeps_note wants to see? */
static inline bool keeps_concerns(const struct sip_msg *response)
{
	const struct sip_index *x = response->index;

	return x && x->method == SIP_REGISTER && x->status >= 200 && x->status < 300;
}

/* An answer to REGISTER leaves by UDP this way. */
void keeps_note(struct keeps *self, const struct edge_way *way, const struct sip_msg *response);
void keeps_expired(struct keeps *self, rt_handle one); /* its timer */

#endif
