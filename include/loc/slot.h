/* SPDX-License-Identifier: MIT */
/* slot: which of the 16384 slots of a Redis Cluster a command belongs to. */
#ifndef LOC_SLOT_H
#define LOC_SLOT_H

#include "rt/slice.h"

enum { LOC_SLOTS = 16384 };

/* CRC16 of the key, or of what stands between its first braces when that is not empty. */
int loc_key_slot(struct slice key);

/* The slot of the first key of a command; -1 when it has none, so that any node may take it. O(argc) */
int loc_command_slot(int argc, const struct slice *argv);

#endif
