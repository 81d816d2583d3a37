/* SPDX-License-Identifier: MIT */
/* route: texts of ours that name who made them: branches, and the Contacts of services. */
#ifndef SIP_ROUTE_H
#define SIP_ROUTE_H

#include "rt/cursor.h"
#include "rt/hash.h"
#include "rt/pool.h"

/*
 * Our own branch names its transaction:
 *
 *   z9hG4bK <owner 6 hex> <handle 16 hex> <check 8 hex> . <loop 16 hex>        53 + 1 bytes
 *
 *   owner   actor id of the transaction worker; 0: a stateless branch, handle is then a hash (16.11)
 *   handle  rt_handle of its client transaction
 *   check   keyed hash of owner, handle and loop: a forged or stale branch does not open
 *   loop    the loop-detection part, 16.6 step 8
 */
enum { SIP_BRANCH_BYTES = 54 };

struct sip_branch {
	uint32_t owner; /* 24 bits */
	rt_handle handle;
	uint64_t loop;
};

void sip_branch_render(struct rt_cursor *c, const struct sip_branch *b, struct rt_key secret);

/* 0, RT_ABSENT (not one of ours by its shape), RT_BAD (our shape, wrong check) */
RT_MUSTUSE
int sip_branch_parse(struct sip_branch *out, struct slice branch, struct rt_key secret);

/*
 * The user part of a service's Contact names its agent and its dialog, so that a request inside the dialog finds them without a Route:
 *
 *   <service> - <agent 6 hex> <dialog 16 hex> <check 8 hex>
 */
struct sip_service {
	struct slice name;   /* "echo" */
	uint32_t agent;      /* actor id */
	rt_handle dialog;
};

void sip_service_render(struct rt_cursor *c, const struct sip_service *s, struct rt_key secret);

/* 0, RT_ABSENT (not one of ours by its shape), RT_BAD (our shape, wrong check) */
RT_MUSTUSE
int sip_service_parse(struct sip_service *out, struct slice user, struct rt_key secret);

#endif
