/* SPDX-License-Identifier: MIT */
/* reginfo: application/reginfo+xml, RFC 3680 5, with the GRUUs of RFC 5628. Pure. */
#ifndef REGINFO_H
#define REGINFO_H

#include "loc/store.h"
#include "loc/watchers.h"
#include "rt/cursor.h"

struct reginfo {
	struct slice aor;             /* "alice@example.com" */
	const struct loc_binding *b;  /* what stands */
	int n;
	const struct loc_event *event; /* what made us say it; NULL: somebody began to watch */
	uint32_t version;
	int64_t now;
};

/* The whole state, and the contact that went, if one did. Everything that came from a phone is escaped. */
void reginfo_write(struct rt_cursor *c, const struct reginfo *info);

#endif
