/* SPDX-License-Identifier: MIT */
/* gates: reading them from both places. */
#include <ctype.h>
#include <stdlib.h>
#include "gates.h"

struct slice gates_lower(struct cli *cli, const char *word)
{
	struct slice copy = rt_arena_copy(cli->arena, slice_str(word));

	for (uint32_t i = 0; i < copy.n; i++)
		((char *)(uintptr_t)copy.p)[i] = (char)tolower((unsigned char)copy.p[i]);
	return copy;
}

bool gates_group(struct cli *cli, const char *word, struct slice *group)
{
	*group = gates_lower(cli, word);
	if (svc_group_is(*group))
		return true;
	fprintf(stderr, "peal %s: \"%s\" is no name of a group; letters, digits, '-' and '.', at most %d\n", cli->noun, word, SVC_GROUP_MAX);
	return false;
}

static struct slice text_of(const redisReply *r)
{
	return slice_of(r->str, (uint32_t)r->len);
}

static struct slice kept(struct cli *cli, const redisReply *r)
{
	return rt_arena_copy(cli->arena, text_of(r));
}

static void put_hop(struct gates *g, const struct svc_hop *hop, bool redis)
{
	uint32_t i = 0;

	while (i < g->nhop && !(slice_eq(g->hop[i].group, hop->group) && slice_eq(g->hop[i].uri, hop->uri)))
		i++;
	g->hop[i] = *hop;
	g->hop_in_redis[i] = redis;
	g->nhop += i == g->nhop;
}

static void put_route(struct gates *g, const struct svc_route *route, bool redis)
{
	uint32_t i = 0;

	while (i < g->nroute && !slice_eq(g->route[i].what, route->what))
		i++;
	g->route[i] = *route;
	g->route_in_redis[i] = redis;
	g->nroute += i == g->nroute;
}

/* "carrier sip:192.0.2.1" -> "priority=1 .." */
static void put_hop_of_redis(struct cli *cli, struct gates *g, const redisReply *field, const redisReply *value)
{
	const struct slice name = kept(cli, field);
	const int blank = slice_find(name, ' ');
	struct svc_hop hop = { .group = slice_head(name, blank < 0 ? 0 : (uint32_t)blank) };
	const struct slice text = rt_arena_printf(cli->arena, SLICE_FMT " " SLICE_FMT, SLICE_ARG(slice_from(name, (uint32_t)blank + 1)),
	                                          SLICE_ARG(text_of(value)));
	char why[SVC_GATEWAY_WHY];

	if (blank < 0 || svc_hop_read(&hop, text, why))
		fprintf(stderr, "peal: gateways in Redis has a field that does not read, and no proxy takes it: \"%s\"\n", field->str);
	else
		put_hop(g, &hop, true);
}

bool gates_read(struct cli *cli, struct gates *g)
{
	const struct svc_config *const config = cli_config(cli);
	redisReply *hops = NULL, *routes = NULL;

	*g = (struct gates){ .nhop = 0 };
	if (config) {
		hops = cli_redis(cli, "HGETALL gateways");
		routes = cli_redis(cli, "HGETALL routes");
		g->down = cli_redis(cli, "HGETALL gateways:down");
	}
	if (hops && routes && g->down) {
		const size_t nhop = config->nhop + hops->elements / 2, nroute = config->nroute + routes->elements / 2;

		g->hop = calloc(nhop + 1, sizeof *g->hop);
		g->route = calloc(nroute + 1, sizeof *g->route);
		g->hop_in_redis = calloc(nhop + 1, sizeof *g->hop_in_redis);
		g->route_in_redis = calloc(nroute + 1, sizeof *g->route_in_redis);
	}
	const bool ok = g->hop && g->route && g->hop_in_redis && g->route_in_redis;
	for (uint32_t i = 0; ok && i < config->nhop; i++)
		put_hop(g, &config->hop[i], false);
	for (size_t i = 0; ok && i + 1 < hops->elements; i += 2)
		put_hop_of_redis(cli, g, hops->element[i], hops->element[i + 1]);
	for (uint32_t i = 0; ok && i < config->nroute; i++)
		put_route(g, &config->route[i], false);
	for (size_t i = 0; ok && i + 1 < routes->elements; i += 2)
		put_route(g, &(struct svc_route){ kept(cli, routes->element[i]), kept(cli, routes->element[i + 1]) }, true);
	if (hops)
		freeReplyObject(hops);
	if (routes)
		freeReplyObject(routes);
	return ok;
}

void gates_free(struct gates *g)
{
	free(g->hop);
	free(g->route);
	free(g->hop_in_redis);
	free(g->route_in_redis);
	if (g->down)
		freeReplyObject(g->down);
}

uint32_t gates_hops(const struct gates *g, struct slice group)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < g->nhop; i++)
		n += slice_eq(g->hop[i].group, group);
	return n;
}

uint32_t gates_routes(const struct gates *g, struct slice group)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < g->nroute; i++)
		n += slice_eq(g->route[i].group, group);
	return n;
}

struct slice gates_down(const struct gates *g, struct slice uri, int64_t now, int64_t *left)
{
	for (size_t i = 0; i + 1 < g->down->elements; i += 2) {
		char *why;

		if (!slice_eq(text_of(g->down->element[i]), uri))
			continue;
		*left = strtoll(g->down->element[i + 1]->str, &why, 10) - now;
		return *left > 0 ? slice_trim(slice_str(why)) : SLICE("");
	}
	return SLICE("");
}

long long gates_commit(struct cli *cli, int n)
{
	cli_redis_queue(cli, "INCR gateways:version");
	const long long first = cli_redis_commit(cli, n + 1);
	redisReply *r = first < 0 ? NULL : cli_redis(cli, "PUBLISH gateways changed");

	if (r)
		freeReplyObject(r);
	return first;
}
