/* SPDX-License-Identifier: MIT */
/* push: phones that sleep until somebody wakes them, and said how when they registered: RFC 8599. Pure. */
#ifndef PROXY_PUSH_H
#define PROXY_PUSH_H

#include "loc/queue.h"
#include "loc/store.h"

enum { PROXY_AWAKE = 30 /* s after its REGISTER such a phone still listens */ };

/* How to wake the phone of a binding; false: it cannot be, or need not, for it never said how or has just been heard of. */
bool proxy_push_sleeps(const struct loc_binding *b, int64_t now, struct loc_sleeper *out);

/* Those that are awake, into `out`, in their order. How many. */
int proxy_push_awake(const struct loc_binding *b, int n, int64_t now, struct loc_binding out[LOC_BINDINGS_MAX]);

#endif
