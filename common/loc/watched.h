/* SPDX-License-Identifier: MIT */
/* watched: the set of who is watched, in one slot of a cluster with the stream: one script asks for both. */
#ifndef WATCHED_H
#define WATCHED_H

#include "loc/watchers.h"

#define WATCHED_KEY SLICE("idx:sub:{events:reg}")

#endif
