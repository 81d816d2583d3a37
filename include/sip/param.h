/* SPDX-License-Identifier: MIT */
/* param: ";name=value" lists, quoted strings and escapes. */
#ifndef SIP_PARAM_H
#define SIP_PARAM_H

#include "rt/arena.h"
#include "rt/err.h"
#include "rt/slice.h"

struct sip_param {
	struct slice name, value; /* value SLICE_NONE when there is no '='; quotes stay */
};

/* Next parameter of "a;b=c ; d=\"e;f\"" (no leading ';' needed); shortens *rest.
 * returns 1 when one was found, 0 at the end, RT_BAD */
int sip_param_next(struct slice *rest, struct sip_param *out);

/* Value by name, any case: SLICE_NONE when absent, "" when present without a value. */
struct slice sip_param_get(struct slice params, struct slice name);
bool sip_param_has(struct slice params, struct slice name);

struct slice sip_unquote(struct slice s, struct rt_arena *a);  /* quotes off, \x undone; other text as it is */
struct slice sip_unescape(struct slice s, struct rt_arena *a); /* %41 becomes A, once */

/* q of RFC 3261 25.1 as 0..1000; -1 when malformed. */
int sip_q_parse(struct slice s);

/* delta-seconds: digits only; more than 2^32-1 reads as 2^32-1. False when malformed (20.19: then use 3600). */
bool sip_seconds_parse(struct slice s, uint32_t *out);

/* "Sat, 13 Nov 2010 23:29:00 GMT" both ways, RFC 3261 20.17. out holds at least 30 bytes. */
bool sip_date_parse(struct slice s, int64_t *unix_seconds);
struct slice sip_date_render(int64_t unix_seconds, char out[30]);

bool sip_is_token(struct slice s); /* 1*(token chars), 25.1 */

#endif
