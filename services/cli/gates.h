/* SPDX-License-Identifier: MIT */
/* gates: gateways and routes as the proxies see them: those of the configuration, and over them those of Redis. */
#ifndef CLI_GATES_H
#define CLI_GATES_H

#include "cli.h"

struct gates {
	struct svc_hop *hop;     /* of the configuration, then of Redis */
	struct svc_route *route;
	bool *hop_in_redis, *route_in_redis;
	uint32_t nhop, nroute;
	redisReply *down;        /* HGETALL gateways:down */
};

/* All of them, in the arena; false after saying what went wrong. `gates_free` also then. */
bool gates_read(struct cli *cli, struct gates *out);
void gates_free(struct gates *g);

uint32_t gates_hops(const struct gates *g, struct slice group);   /* how many */
uint32_t gates_routes(const struct gates *g, struct slice group);

/* "" when it is up, else why it is not; *left: seconds it stays so without being marked again. */
struct slice gates_down(const struct gates *g, struct slice uri, int64_t now, int64_t *left);

/* A group's name as typed, in lower case; false after saying what is wrong. */
bool gates_group(struct cli *cli, const char *word, struct slice *group);
struct slice gates_lower(struct cli *cli, const char *word);

/* MULTI; queue `n` commands; gates_commit: the version counts, the proxies are told. The integer of the first answer, or -1. */
long long gates_commit(struct cli *cli, int n);

#endif
