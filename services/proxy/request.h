/* SPDX-License-Identifier: MIT */
/* request: the request in hand: as it arrived, and what 16.4 made of its Request-URI and Routes. */
#ifndef PROXY_REQUEST_H
#define PROXY_REQUEST_H

#include "element.h"
#include "sip/msg.h"
#include "token.h"

struct proxy_request {
	struct sip_msg msg;      /* as it arrived; read-only */
	struct proxy_way from;   /* where it came from */
	struct sip_hop local;    /* where it came in */
	bool peer;               /* the source is a trusted peer: configured, or a gateway */
	bool merged;             /* 8.2.2.2: only a UAS minds */
	bool stateless;          /* it has no transaction: its CANCEL and ACK must be given the same branch, 16.11 */
	bool signed_route;       /* its Route set carries our signature: for this dialog, or for the flow of a phone */
	bool allowed;            /* its sender proved to be a user of ours */
	struct slice user;       /* who that is, "alice@example.com", where it is to be told (identity.h) */

	struct slice target;     /* Request-URI after 16.4 */
	struct sip_uri uri;      /* the same, read */
	int route;               /* field number of the first Route value left; -1: none */
	int last;                /* field number of the last Route value left; -1: none */
	bool repaired;           /* a strict router sent it: the last Route value became the Request-URI */
	struct proxy_way onward; /* told by our Route value; edge 0: not told */
	bool flow_only;          /* a Path of ours told it: that flow or none, RFC 5626 5.3 */
	uint64_t loop;           /* loop-detection part of every branch we make for it, 16.6 step 8 */
};

static inline bool proxy_request_is(const struct proxy_request *r, enum sip_method method)
{
	return r->msg.index->method == method;
}

struct proxy_refusal { /* why a request is not forwarded, as a response */
	uint16_t status;     /* 0: no objection */
	uint16_t warning;    /* warn-code of 20.43 and RFC 5630; 0: none */
	const char *text;    /* of the warning */
	enum sip_hdr header; /* OTHER: none */
	struct slice value;
};

#endif
