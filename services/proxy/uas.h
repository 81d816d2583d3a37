/* SPDX-License-Identifier: MIT */
/* uas: what this server answers by itself: refusals of 16.3 and requests addressed to it, RFC 3261 8.2 and 11. */
#ifndef PROXY_UAS_H
#define PROXY_UAS_H

#include "request.h"
#include "sip/draft.h"

/* A response of our own: 8.2.6, its To tag the same each time (8.2.7). NULL when memory ran out. */
struct slice proxy_uas_tag(const struct proxy_element *e, const struct sip_msg *request); /* of those; an ACK for one of them has it too */
struct sip_draft *proxy_uas_reply(const struct proxy_element *e, const struct sip_msg *request, int status);
struct sip_draft *proxy_uas_refuse(const struct proxy_element *e, const struct sip_msg *request,
                                   const struct proxy_refusal *why);

/* The answer to a request for this server itself, in the order of 8.2. */
struct sip_draft *proxy_uas_answer(const struct proxy_element *e, const struct proxy_request *r);

#endif
