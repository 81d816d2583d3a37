/* SPDX-License-Identifier: MIT */
/* route: what goes to which group of gateways. */
#include "gates.h"

static bool read_what(struct cli *cli, struct slice *what)
{
	*what = gates_lower(cli, cli->arg[0]);
	if (svc_route_what(*what) != SVC_WHAT_NONE)
		return true;
	fprintf(stderr, "peal route: \"%s\" is nothing to route; the beginning of a number (+49), example.org, .example.org (all below it) or *\n",
	        cli->arg[0]);
	return false;
}

static int add(struct cli *cli)
{
	struct slice what, group;
	struct gates g;
	long long fresh = -1;

	if (!read_what(cli, &what) || !gates_group(cli, cli->arg[1], &group))
		return CLI_USAGE;
	const bool known = gates_read(cli, &g) && gates_hops(&g, group);
	const bool readable = g.hop;
	gates_free(&g);
	if (!readable)
		return CLI_FAILED;
	if (!known)
		return cli_fail("no group " SLICE_FMT "; `peal gateway add " SLICE_FMT " sip:HOST` makes it", SLICE_ARG(group), SLICE_ARG(group));
	cli_redis_queue(cli, "MULTI");
	cli_redis_queue(cli, "HSET routes %b %b", what.p, (size_t)what.n, group.p, (size_t)group.n);
	fresh = gates_commit(cli, 1);
	if (fresh < 0)
		return cli_fail("the route could not be stored");
	printf(SLICE_FMT " %sgoes to " SLICE_FMT "\n", SLICE_ARG(what), fresh ? "" : "now ", SLICE_ARG(group));
	return CLI_DONE;
}

static int rm(struct cli *cli)
{
	struct slice what;

	if (!read_what(cli, &what))
		return CLI_USAGE;
	if (cli_redis_open(cli, NULL, 0))
		return CLI_FAILED;
	cli_redis_queue(cli, "MULTI");
	cli_redis_queue(cli, "HDEL routes %b", what.p, (size_t)what.n);
	const long long gone = gates_commit(cli, 1);
	if (gone < 0)
		return cli_fail("the route could not be removed");
	if (!gone)
		return cli_fail("no such route in Redis; `peal route ls` lists them, and those of the configuration are removed there");
	printf(SLICE_FMT " has no route here any more\n", SLICE_ARG(what));
	return CLI_DONE;
}

static int ls(struct cli *cli)
{
	static const char *const titles[] = { "what", "group", "from" };
	struct cli_out *out;
	struct gates g;

	if (!gates_read(cli, &g)) {
		gates_free(&g);
		return CLI_FAILED;
	}
	out = cli_out_new(cli, titles, 3);
	for (uint32_t i = 0; out && i < g.nroute; i++) {
		cli_out_text(out, g.route[i].what);
		cli_out_text(out, g.route[i].group);
		cli_out_text(out, g.route_in_redis[i] ? SLICE("redis") : SLICE("config"));
	}
	cli_out_none(out, "no routes; `peal route add PREFIX GROUP` adds one");
	cli_out_end(&out);
	gates_free(&g);
	return CLI_DONE;
}

static const struct cli_verb verbs[] = {
	{ "ls", "", "what goes where; the longest route wins", 0, 0, ls },
	{ "add", "PREFIX|DOMAIN|.DOMAIN|* GROUP", "send numbers that begin so, or a domain, to a group of gateways", 2, 2, add },
	{ "rm", "PREFIX|DOMAIN|.DOMAIN|*", "and not any more", 1, 1, rm },
};
const struct cli_noun noun_route = { "route", "numbers and domains that go to gateways", verbs, sizeof verbs / sizeof verbs[0] };
