/* SPDX-License-Identifier: MIT */
/* url: where Redis is, as the configuration writes it. */
#ifndef LOC_URL_H
#define LOC_URL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "rt/err.h"
#include "rt/slice.h"

enum { LOC_SENTINELS_MAX = 8 };

struct loc_place {
	char host[256];
	uint16_t port;
};

struct loc_url {
	char host[256];                /* name or address, IPv6 without brackets; "" for a unix socket */
	char path[108];                /* of a unix socket, else "" */
	char user[128], password[256]; /* "" when not written */
	uint16_t port;
	uint32_t db;

	char master[128];              /* its name at the sentinels, "" without them: then host and port are where it was last */
	struct loc_place sentinel[LOC_SENTINELS_MAX];
	uint32_t nsentinel;
	bool is_sentinel;              /* this is the address of a sentinel itself */
};

/* redis://[user:password@]host[:port][/db] or unix:///path[?db=n]; %XX undone in user and password. 0 | RT_BAD */
RT_MUSTUSE
int loc_url_parse(struct loc_url *out, struct slice text);

/* The place without the password, for a person: "redis at db-1:6379". `size` bytes, cut to fit. */
void loc_url_name(const struct loc_url *url, char *out, size_t size);

#endif
