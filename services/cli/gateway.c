/* SPDX-License-Identifier: MIT */
/* gateway: groups of next hops. Those of Redis are changed here, while the server runs; those of the configuration are shown. */
#include "gates.h"
#include "rt/clock.h"

/* The words after the URI as one text. */
static struct slice words_of(struct cli *cli, int from)
{
	struct slice all = SLICE("");

	for (int i = from; i < cli->narg; i++)
		all = rt_arena_printf(cli->arena, SLICE_FMT "%s%s", SLICE_ARG(all), i > from ? " " : "", cli->arg[i]);
	return all;
}

static int add(struct cli *cli)
{
	const struct slice text = words_of(cli, 1);
	struct svc_hop hop;
	char why[SVC_GATEWAY_WHY];

	if (!gates_group(cli, cli->arg[0], &hop.group))
		return CLI_USAGE;
	if (svc_hop_read(&hop, text, why)) {
		fprintf(stderr, "peal gateway add: %s\n", why);
		return CLI_USAGE;
	}
	if (cli_redis_open(cli, NULL, 0))
		return CLI_FAILED;
	const struct slice field = rt_arena_printf(cli->arena, SLICE_FMT " " SLICE_FMT, SLICE_ARG(hop.group), SLICE_ARG(hop.uri));
	const struct slice value = rt_arena_printf(cli->arena, "priority=%u weight=%u options=%u trust=%s", hop.priority, hop.weight,
	                                           hop.options, hop.trust ? "on" : "off");
	cli_redis_queue(cli, "MULTI");
	cli_redis_queue(cli, "HSET gateways %b %b", field.p, (size_t)field.n, value.p, (size_t)value.n);
	const long long fresh = gates_commit(cli, 1);
	if (fresh < 0)
		return cli_fail("the gateway could not be stored");
	printf("%s " SLICE_FMT ": " SLICE_FMT " " SLICE_FMT "\n", fresh ? "added to" : "changed in", SLICE_ARG(hop.group), SLICE_ARG(hop.uri),
	       SLICE_ARG(value));
	return CLI_DONE;
}

/* Is this hop meant by `rm GROUP [URI]`? */
static bool is_meant(const struct cli *cli, const struct gates *g, uint32_t i, struct slice group)
{
	return slice_eq(g->hop[i].group, group) && (cli->narg < 2 || slice_eq(g->hop[i].uri, slice_str(cli->arg[1])));
}

/* How many of Redis go; -1 after saying why none may. */
static int count_going(struct cli *cli, const struct gates *g, struct slice group)
{
	const uint32_t routes = gates_routes(g, group);
	uint32_t going = 0, of_config = 0;

	for (uint32_t i = 0; i < g->nhop; i++) {
		going += is_meant(cli, g, i, group) && g->hop_in_redis[i];
		of_config += is_meant(cli, g, i, group) && !g->hop_in_redis[i];
	}
	if (!going)
		cli_fail(of_config ? "that stands in the configuration file; remove it there, then SIGHUP"
		                   : "no such gateway; `peal gateway ls` and `peal gateway show GROUP` list them");
	else if (gates_hops(g, group) == going && routes)
		cli_fail("nothing would be left of " SLICE_FMT ", and %u route%s to it; `peal route rm` first", SLICE_ARG(group), routes,
		         routes == 1 ? " leads" : "s lead");
	else
		return (int)going;
	return -1;
}

static int rm(struct cli *cli)
{
	struct slice group;
	struct gates g;
	int queued = 0;

	if (!gates_group(cli, cli->arg[0], &group))
		return CLI_USAGE;
	const int going = gates_read(cli, &g) ? count_going(cli, &g, group) : -1;
	if (going > 0)
		cli_redis_queue(cli, "MULTI");
	for (uint32_t i = 0; going > 0 && i < g.nhop; i++) {
		const struct slice uri = g.hop[i].uri;

		if (!is_meant(cli, &g, i, group) || !g.hop_in_redis[i])
			continue;
		const struct slice field = rt_arena_printf(cli->arena, SLICE_FMT " " SLICE_FMT, SLICE_ARG(group), SLICE_ARG(uri));
		cli_redis_queue(cli, "HDEL gateways %b", field.p, (size_t)field.n);
		cli_redis_queue(cli, "HDEL gateways:down %b", uri.p, (size_t)uri.n);
		queued += 2;
	}
	gates_free(&g);
	if (going < 0)
		return CLI_FAILED;
	if (gates_commit(cli, queued) < 0)
		return cli_fail("the gateway could not be removed");
	printf("removed %d of " SLICE_FMT "\n", going, SLICE_ARG(group));
	return CLI_DONE;
}

static struct slice state_of(struct cli *cli, const struct gates *g, struct slice uri)
{
	int64_t left;
	const struct slice why = gates_down(g, uri, (int64_t)(rt_clock_wall_ms() / 1000), &left);

	return why.n ? rt_arena_printf(cli->arena, "down (" SLICE_FMT ")", SLICE_ARG(why)) : SLICE("up");
}

static int show(struct cli *cli)
{
	static const char *const titles[] = { "hop", "priority", "weight", "options", "trust", "state", "from" };
	struct cli_out *out = NULL;
	struct slice group;
	struct gates g;
	int status = CLI_FAILED;

	if (!gates_group(cli, cli->arg[0], &group))
		return CLI_USAGE;
	if (!gates_read(cli, &g))
		goto end;
	if (!gates_hops(&g, group)) {
		status = cli_fail("no group " SLICE_FMT "; `peal gateway ls` lists them", SLICE_ARG(group));
		goto end;
	}
	out = cli_out_new(cli, titles, 7);
	for (uint32_t i = 0; out && i < g.nhop; i++) {
		if (!slice_eq(g.hop[i].group, group))
			continue;
		cli_out_text(out, g.hop[i].uri);
		cli_out_number(out, g.hop[i].priority);
		cli_out_number(out, g.hop[i].weight);
		cli_out_number(out, g.hop[i].options);
		cli_out_text(out, g.hop[i].trust ? SLICE("on") : SLICE("off"));
		cli_out_text(out, state_of(cli, &g, g.hop[i].uri));
		cli_out_text(out, g.hop_in_redis[i] ? SLICE("redis") : SLICE("config"));
	}
	cli_out_end(&out);
	status = CLI_DONE;
end:
	gates_free(&g);
	return status;
}

static uint32_t count_up(struct cli *cli, const struct gates *g, struct slice group)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < g->nhop; i++)
		n += slice_eq(g->hop[i].group, group) && slice_eq(state_of(cli, g, g->hop[i].uri), SLICE("up"));
	return n;
}

static int ls(struct cli *cli)
{
	static const char *const titles[] = { "group", "hops", "up", "routes" };
	struct cli_out *out;
	struct gates g;

	if (!gates_read(cli, &g)) {
		gates_free(&g);
		return CLI_FAILED;
	}
	out = cli_out_new(cli, titles, 4);
	for (uint32_t i = 0; out && i < g.nhop; i++) {
		const struct slice group = g.hop[i].group;
		uint32_t first = 0;

		while (!slice_eq(g.hop[first].group, group))
			first++;
		if (first != i)
			continue;
		cli_out_text(out, group);
		cli_out_number(out, gates_hops(&g, group));
		cli_out_number(out, count_up(cli, &g, group));
		cli_out_number(out, gates_routes(&g, group));
	}
	cli_out_none(out, "no gateways; `peal gateway add GROUP sip:HOST` adds one");
	cli_out_end(&out);
	gates_free(&g);
	return CLI_DONE;
}

static const struct cli_verb verbs[] = {
	{ "ls", "", "the groups, and how many of their hops are up", 0, 0, ls },
	{ "show", "GROUP", "its hops", 1, 1, show },
	{ "add", "GROUP SIP-URI [priority=1] [weight=10] [options=30] [trust=on]", "add a hop, or change it", 2, 6, add },
	{ "rm", "GROUP [SIP-URI]", "remove a hop, or all", 1, 2, rm },
};
const struct cli_noun noun_gateway = { "gateway", "groups of next hops, their health, and trunks", verbs, sizeof verbs / sizeof verbs[0] };
