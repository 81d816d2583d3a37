/* SPDX-License-Identifier: MIT */
/* foreign: bindings as other servers write them into Redis. Pure. */
#ifndef CLI_FOREIGN_H
#define CLI_FOREIGN_H

#include "cli.h"
#include "loc/store.h"

struct foreign {
	struct slice aor;
	struct loc_binding b;
};

/*
 * One contact of Kamailio: db_redis, "location:entry::<ruid>", a HASH of the columns of usrloc's table. Times are seconds since
 * 1970 or "2026-01-31 23:59:59" in the local time of the machine that wrote them: run the import with its TZ.
 *   domain  for records that hold none (use_domain 0); may be absent
 * returns NULL, or why it cannot be read
 */
const char *foreign_kamailio(const redisReply *hash, struct slice domain, struct rt_arena *a, struct foreign *out);

/*
 * One contact of Flexisip: a field of "fs:<user>@<domain>", a Contact value whose URI carries callid, expires, cseq and updatedAt as
 * parameters and Path and User-Agent as headers.
 */
const char *foreign_flexisip(struct slice aor, struct slice value, struct rt_arena *a, struct foreign *out);

#endif
