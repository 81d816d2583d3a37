/* SPDX-License-Identifier: MIT */
/*
 * seen: requests of which no transaction is kept, remembered for 8.2.2.2 alone: the same one by another way has the same From tag,
 * Call-ID and CSeq but another branch. As many as there are places; a newer one takes the place of an older, for it is a SHOULD.
 */
#ifndef TXN_SEEN_H
#define TXN_SEEN_H

#include "match.h"
#include "rt/wheel.h"

enum { TXN_SEEN = 1024 };

struct txn_seen {
	struct txn_seen_one {
		uint64_t merge, key;
		rt_ms at;
	} one[TXN_SEEN];
};

/* Did it come by another way less than `life` ms ago? Else it is remembered. */
bool txn_seen_merged(struct txn_seen *self, const struct txn_match *m, rt_ms now, rt_ms life);

#endif
