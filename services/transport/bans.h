/* SPDX-License-Identifier: MIT */
/*
 * bans: networks whose packets are not read, each until its time. Pure: a hash table that is asked once for every prefix
 * length in use, and most lists use one; an empty one costs nothing.
 */
#ifndef BANS_H
#define BANS_H

#include "sip/hop.h"

struct bans;

struct bans *bans_new(void); /* NULL: out of memory */
void bans_destroy(struct bans **self_p);
void bans_clear(struct bans *self);

/* "192.0.2.7" or "2001:db8::/32" until this second since 1970. 0, RT_BAD (no network), RT_BIG (more than TRANSPORT_BANS) */
RT_MUSTUSE
int bans_add(struct bans *self, struct slice network, int64_t until);
bool bans_has(const struct bans *self, const struct sip_hop *source, int64_t now);
uint32_t bans_count(const struct bans *self); /* those whose time is over included */

#endif
