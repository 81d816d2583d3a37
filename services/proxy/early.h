/* SPDX-License-Identifier: MIT */
/*
 * early: the proxy's own early dialog with a caller who waits, RFC 3262 3: "a proxy may send a reliable provisional response of its own".
 *
 * Its Contact names this worker and the job, so a PRACK finds both from wherever it arrives. What was sent is not kept: it is made
 * again from the same few facts, to the same bytes. Pure.
 */
#ifndef PROXY_EARLY_H
#define PROXY_EARLY_H

#include "request.h"
#include "sip/draft.h"
#include "ua/rel_uas.h"

struct proxy_said {  /* one provisional response */
	uint16_t status;
	uint32_t ahead;  /* 182: callers before this one */
	uint32_t rseq;   /* 0: not reliable */
};

struct proxy_early {
	struct ua_rel_uas rel;
	struct proxy_said said; /* the last one that went out; status 0: none */
	struct proxy_said next; /* waits for the PRACK of that one; status 0: none */
	rt_ms resend_due, lost_due; /* the timers R and P; 0: not running */
	rt_ms repeat_due;           /* 13.3.1.1: every minute, so that no proxy on the way loses patience */
	uint8_t wanted;             /* enum ua_reliable */
};

enum { PROXY_EARLY_REPEAT = 60000 /* ms */ };

/* The response; worker and job go into its Contact. NULL: no memory. */
struct sip_draft *proxy_early_draft(const struct proxy_element *e, const struct proxy_request *r, const struct proxy_said *said,
                                    uint32_t worker, rt_handle job);

/* Is this request for an early dialog of some proxy's, by its Request-URI? */
bool proxy_early_names(const struct proxy_element *e, const struct proxy_request *r, uint32_t *worker, rt_handle *job);

/* Are they of one dialog: the request that began it, and one inside it? 12.2.2 */
bool proxy_early_fits(const struct proxy_element *e, const struct sip_msg *invite, const struct sip_msg *inside);

#endif
