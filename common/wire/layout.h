/* SPDX-License-Identifier: MIT */
/* layout: packs of the version before ours, rewritten: read from workers that are not replaced yet, written for them. See wire/pack.h. */
#ifndef LAYOUT_H
#define LAYOUT_H

#include "wire/pack.h"

/* Add to `out` what a received pack of an older version holds, as parcels of ours. 0, RT_BAD (no pack, or of a version we do not know), RT_NOMEM */
RT_MUSTUSE
int layout_read(struct wire_pack *out, const void *p, size_t n);

/* The whole pack `ours` as `version` has it, into an empty `out`. 0, RT_BAD (a version we do not know), RT_NOMEM */
RT_MUSTUSE
int layout_write(struct wire_pack *out, const struct wire_pack *ours, uint8_t version);

#endif
