/* SPDX-License-Identifier: MIT */
/* url: where Redis is, as the configuration writes it. */
#ifndef LOC_URL_H
#define LOC_URL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "rt/err.h"
#include "rt/slice.h"

enum { LOC_PLACES_MAX = 8 };

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

	struct loc_place place[LOC_PLACES_MAX]; /* the sentinels, or nodes of the cluster to begin with */
	uint32_t nplace;
	char master[128];              /* its name at the sentinels, "" without them: then host and port are where it was last */
	char sentinel_user[128], sentinel_password[256]; /* what the sentinels themselves want to hear, "" when not written */
	bool is_sentinel;              /* this is the address of a sentinel itself */
	bool is_cluster;               /* places of a Redis Cluster; with a host: one node of it */
};

/*
 * redis://[user:password@]host[:port][/db], unix://[user:password@]/path[?db=n],
 * redis+sentinel://[user:password@]host[:port],host.../master-name[/db][?sentinel=user:password],
 * redis+cluster://[user:password@]host[:port],host...; %XX undone in users, passwords and names. 0 | RT_BAD
 */
RT_MUSTUSE
int loc_url_parse(struct loc_url *out, struct slice text);

/* The place without the password, for a person: "redis at db-1:6379". `size` bytes, cut to fit. */
void loc_url_name(const struct loc_url *url, char *out, size_t size);

#endif
