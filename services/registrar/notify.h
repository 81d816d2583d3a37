/* SPDX-License-Identifier: MIT */
/* notify: a SUBSCRIBE becomes the record of a dialog, the record becomes a NOTIFY. RFC 6665 4.2. Pure. */
#ifndef NOTIFY_H
#define NOTIFY_H

#include "loc/watchers.h"
#include "refusal.h"
#include "rt/arena.h"
#include "sip/draft.h"

struct notify_limits { /* seconds */
	uint32_t min, max;
};

/*
 * Read a SUBSCRIBE for the "reg" package.
 *   tag      our tag, when it has none in To yet
 *   *refresh it is inside a dialog
 * Fills all of `out` but contact, received, flow, edge and listener: how it came is not in the message.
 * returns 0, RT_DENIED (`why` says what to answer), RT_NOMEM
 */
RT_MUSTUSE
int notify_plan(const struct sip_msg *request, const struct notify_limits *limits, struct slice tag, int64_t now, struct rt_arena *a,
                struct loc_watcher *out, bool *refresh, struct reg_refusal *why);

/* The NOTIFY of this number, with a body of application/reginfo+xml. NULL: no memory. */
struct sip_draft *notify_draft(const struct loc_watcher *w, struct slice body, int64_t now, struct rt_arena *a);

#endif
