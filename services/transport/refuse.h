/* SPDX-License-Identifier: MIT */
/* refuse: stateless answers, made at the door: to garbage, and to requests nobody can take. */
#ifndef REFUSE_H
#define REFUSE_H

#include "edge.h"

struct refusal {
	int status;
	struct slice reason;  /* absent: the standard phrase */
	uint32_t retry_after; /* seconds; 0: no such header */
};

/*
 * Answer a request, which may be only half readable, back to where it came from. The To tag is a hash of the request, so a
 * retransmission gets the same answer (8.2.7). Never for ACK, never for a response.
 * returns 0, or RT_BAD (nothing in it to answer to), RT_NOMEM
 */
int refuse(struct edge *edge, const struct sip_msg *request, const struct edge_origin *origin, const struct refusal *why);

/* The answer to a message that did not parse, unless its source had too many of them already. */
void refuse_fault(struct edge *edge, const struct sip_msg *request, const struct edge_origin *origin,
		  const struct sip_fault *fault);

/* Does this source send so much that this message of it is not even parsed? */
bool refuse_unread(struct edge *edge, const struct edge_origin *origin);

/* Is this request one more than its source may begin in a second? Then it was answered 503, or not at all when there were many. */
bool refuse_flood(struct edge *edge, const struct sip_msg *request, const struct edge_origin *origin);

/* 503 with a random Retry-After, when the next tier cannot take a request. */
void refuse_overload(struct edge *edge, const struct sip_msg *request, const struct edge_origin *origin, uint64_t trail);

/* What the To tag of our answer says in 16 hex digits: the same for a request each time it comes, and for the ACK to that answer. */
uint64_t refuse_mark(const struct edge *edge, struct slice via, struct slice call_id);
uint32_t refuse_retry_after(const struct edge *edge, uint64_t chance); /* seconds, at random */

/* Does it begin something? */
bool refuse_is_new(const struct sip_msg *request);

/* An ACK for one of our own refusals: it has done its work. */
bool refuse_acked(struct edge *edge, const struct sip_msg *request);

#endif
