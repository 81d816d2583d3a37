/* SPDX-License-Identifier: MIT */
/* bind: what a REGISTER asks to change, RFC 3261 10.3 steps 6 and 7, RFC 3327, RFC 5626 6. Pure. */
#ifndef BIND_H
#define BIND_H

#include "expiry.h"
#include "loc/store.h"
#include "refusal.h"
#include "rt/arena.h"
#include "sip/hop.h"
#include "sip/msg.h"

struct reg_source { /* how it came here */
	struct slice received; /* sip_hop text; "" when the Contacts are to be used as they are written */
	uint64_t flow;
	uint32_t edge;
	uint16_t listener;
};

/*
 * Must requests go back the way this REGISTER came? Yes over a connection, and when a NAT changed the phone's address. Not when
 * its datagram came from where its Via says, for then its Contacts are reached as written, on whatever host they are (10.2.1); nor
 * when a proxy sent it, whose Path would lead back.
 */
bool reg_way_leads_back(const struct sip_msg *request, const struct sip_hop *source);

struct reg_plan {
	struct loc_binding b[LOC_CONTACTS_MAX];
	int n;
	bool remove_all; /* Contact: * */
	bool outbound;   /* RFC 5626 applied: say so in Require */
};

/*
 * Read every Contact, or refuse the whole.
 *   domain  of the address of record, lower case
 *   now     seconds since 1970
 * returns 0, RT_DENIED (`why` says what to answer), RT_NOMEM
 * memory  slices of the request and of the arena
 */
RT_MUSTUSE
int reg_plan(const struct sip_msg *request, const struct reg_limits *limits, const struct reg_source *source, struct slice domain,
             int64_t now, struct rt_arena *a, struct reg_plan *out, struct reg_refusal *why);

/* Path values joined by ", ", "" when there are none. 0 | RT_BAD (one is no SIP URI) | RT_NOMEM */
RT_MUSTUSE
int reg_path(const struct sip_msg *request, struct rt_arena *a, struct slice *out);

#endif
