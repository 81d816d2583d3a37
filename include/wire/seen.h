/* SPDX-License-Identifier: MIT */
/*
 * seen: requests of which no transaction is kept, remembered for 8.2.2.2 alone: the same one by another way has the same From tag,
 * Call-ID and CSeq but another branch. As many as there are places; a newer one takes the place of an older, for it is a SHOULD.
 */
#ifndef WIRE_SEEN_H
#define WIRE_SEEN_H

#include "rt/hash.h"
#include "rt/wheel.h"
#include "sip/msg.h"

enum { WIRE_SEEN = 1024 }; /* places */

struct wire_seen {
	struct wire_seen_one {
		uint64_t what, way; /* what: 0 when the place is empty */
		rt_ms at;
	} one[WIRE_SEEN];
};

/* Did it come by another way less than `life` ms ago? Else it is remembered. The key keeps others from aiming at a place. */
bool wire_seen_merged(struct wire_seen *self, const struct sip_msg *request, struct rt_key key, rt_ms now, rt_ms life);

#endif
