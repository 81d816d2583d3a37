/* SPDX-License-Identifier: MIT */
/*
 * prefs: what the caller wants, RFC 3841, set against what each phone said it can, RFC 3840. Pure.
 *
 *   Reject-Contact: *;automata             not to machines
 *   Accept-Contact: *;video;require        only to phones with video (or that never said what they can)
 *   Request-Disposition: no-fork, proxy    how the request is to be treated
 */
#ifndef PROXY_PREFS_H
#define PROXY_PREFS_H

#include "policy.h"
#include "target.h"

/* 7.2: take out targets the caller rejects, put equal ones (by q) in the order of his liking. How many are left. */
int proxy_prefs_choose(const struct sip_msg *request, struct proxy_target *t, int n);

/* 9.1: the policy as the caller would have it. `own`: the callee chose between proxy and redirect himself, and that stands. */
struct proxy_policy proxy_prefs_dispose(const struct sip_msg *request, struct proxy_policy policy, bool own);

/* Does one predicate of Accept-Contact or Reject-Contact (";audio;methods=..") agree with the parameters of a Contact? */
struct proxy_prefs_match {
	uint8_t asked, known; /* features the predicate names; those of them the contact speaks of */
	bool agrees;          /* on all it speaks of */
};
struct proxy_prefs_match proxy_prefs_match(struct slice predicate, struct slice contact);

#endif
