/* SPDX-License-Identifier: MIT */
/* seen: the hash is keyed, so nobody can aim at a place. */
#include "seen.h"

bool txn_seen_merged(struct txn_seen *self, const struct txn_match *m, rt_ms now, rt_ms life)
{
	struct txn_seen_one *const one = &self->one[m->merge % TXN_SEEN];

	if (!m->merge)
		return false;
	if (one->merge == m->merge && one->key != m->key && now - one->at < life)
		return true;
	*one = (struct txn_seen_one){ m->merge, m->key, now };
	return false;
}
