/* SPDX-License-Identifier: MIT */
/*
 * gateway: next hops in named groups, and what is routed to a group; one grammar for the configuration, Redis and `peal gateway`.
 *
 *   hop     sip:192.0.2.1:5060;transport=tcp priority=1 weight=10 options=30 trust=on       the words after the URI may be left out
 *   what    +49 (numbers that begin so)   example.org (a domain)   .example.org (all below it)   * (what has no better route)
 */
#ifndef SVC_GATEWAY_H
#define SVC_GATEWAY_H

#include <stdint.h>
#include "rt/err.h"
#include "rt/slice.h"

/* clang-format off */
/*      word       type   default  high    what it is                                                                  */
#define SVC_HOP_MAP(X)                                                                                                  \
	X(priority,  INT,   1,       65535,  "hops of the lowest priority are tried first")                              \
	X(weight,    INT,   10,      65535,  "share of the calls among hops of one priority; 0: only after the others")  \
	X(options,   INT,   30,      3600,   "seconds between the OPTIONS that tell whether it is up; 0: none are sent") \
	X(trust,     BOOL,  0,       1,      "requests from its address need no password")
/* clang-format on */

struct svc_hop {
	struct slice group; /* lower case */
	struct slice uri;   /* as written */
#define X(name, type, def, high, what) uint32_t name;
	SVC_HOP_MAP(X)
#undef X
};

enum svc_what { SVC_WHAT_NONE, SVC_WHAT_NUMBER, SVC_WHAT_DOMAIN, SVC_WHAT_BELOW, SVC_WHAT_ANY };

struct svc_route {
	struct slice what, group; /* both lower case */
};

enum { SVC_GATEWAY_WHY = 200, SVC_GROUP_MAX = 63 };

/* Read a hop: its URI and the words after it; `group` is left alone. 0, or RT_BAD with a sentence in `why`. */
RT_MUSTUSE
int svc_hop_read(struct svc_hop *out, struct slice text, char why[SVC_GATEWAY_WHY]);

/* What a route is about; SVC_WHAT_NONE: it does not read. */
enum svc_what svc_route_what(struct slice what);

/* The name of a group: letters, digits, '-', '.'; at most SVC_GROUP_MAX. */
bool svc_group_is(struct slice name);

/* Is this user part, or a tel URI's, a number: digits, '*', '#' (or %23), perhaps a '+' first? `bare`: it without visual separators and parameters. */
bool svc_number_read(struct slice user, char *room, uint32_t size, struct slice *bare);

#endif
