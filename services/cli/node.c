/* SPDX-License-Identifier: MIT */
/* node: which workers are alive: the key `nodes`, one record a worker. */
#include <unistd.h>
#include "cli.h"
#include "node.h"
#include "rt/clock.h"

bool node_fresh(const struct wire_member *m)
{
	return m->seen + NODE_FORGOTTEN_MS > (uint64_t)rt_clock_wall_ms();
}

int node_each(struct cli *cli, node_fn *fn, void *arg)
{
	redisReply *r = cli_redis(cli, "HGETALL nodes");
	int n = 0;

	if (!r)
		return -1;
	for (size_t i = 0; i + 1 < r->elements; i += 2) {
		struct wire_member m;

		if (wire_member_parse(&m, slice_of(r->element[i + 1]->str, (uint32_t)r->element[i + 1]->len)))
			continue; /* another version's record */
		fn(cli, &m, arg);
		n++;
	}
	freeReplyObject(r);
	return n;
}

static struct slice listeners(struct cli *cli, const struct wire_member *m)
{
	char text[1024];
	struct rt_cursor c = rt_cursor_on(text, sizeof(text));

	for (int i = 0; i < m->nlistener; i++) {
		if (!m->listener[i].local.family)
			continue;
		if (c.n)
			rt_cursor_char(&c, ' ');
		sip_hop_render(&c, &m->listener[i].local);
		rt_cursor_printf(&c, " as %s:%u", m->listener[i].host, m->listener[i].port);
	}
	return rt_arena_copy(cli->arena, rt_cursor_text(&c));
}

static void print_node(struct cli *cli, const struct wire_member *m, void *arg)
{
	struct cli_out *out = arg;
	const int64_t age = ((int64_t)rt_clock_wall_ms() - (int64_t)m->seen) / 1000;

	cli_out_number(out, m->id);
	cli_out_text(out, slice_str(wire_tier_name((enum wire_tier)m->tier)));
	cli_out_text(out, slice_str(m->host));
	cli_out_number(out, m->pid);
	cli_out_text(out, slice_str(!node_fresh(m) ? "lost" : m->state == WIRE_DRAINING ? "draining" : "live"));
	cli_out_number(out, m->load);
	if (cli->json)
		cli_out_number(out, age);
	else
		cli_out_text(out, cli_span(cli, age));
	cli_out_text(out, listeners(cli, m));
}

static int ls(struct cli *cli)
{
	static const char *const titles[] = { "id", "tier", "host", "pid", "state", "load", "seen_ago", "listeners" };
	struct cli_out *out = cli_out_new(cli, titles, 8);
	const int n = out ? node_each(cli, print_node, out) : -1;

	cli_out_end(&out);
	if (n < 0)
		return CLI_FAILED;
	return n || cli->json ? CLI_DONE : cli_fail("no worker is known to this Redis; deploy/up starts them");
}

struct wanted {
	enum wire_tier tier;
	char host[WIRE_HOST_MAX];
	int live;
};

static void count_live(struct cli *cli, const struct wire_member *m, void *arg)
{
	struct wanted *w = arg;

	(void)cli;
	w->live += m->tier == w->tier && m->state == WIRE_LIVE && node_fresh(m) && !strcmp(m->host, w->host);
}

/* For health checks: containers and process managers ask about their own worker. */
static int live(struct cli *cli)
{
	struct wanted w = { .tier = wire_tier_find(slice_str(cli->arg[0])) };

	if (w.tier == WIRE_NO_TIER) {
		cli_fail("no tier \"%s\"; there are transport, transaction, proxy, registrar and agent", cli->arg[0]);
		return CLI_USAGE;
	}
	gethostname(w.host, sizeof(w.host) - 1);
	if (node_each(cli, count_live, &w) < 0)
		return CLI_FAILED;
	if (!w.live)
		return cli_fail("no live %s on %s", cli->arg[0], w.host);
	printf("%d live %s on %s\n", w.live, cli->arg[0], w.host);
	return CLI_DONE;
}

static const struct cli_verb verbs[] = {
	{ "live", "TIER", "is a worker of that tier alive on this host? For health checks", 1, 1, live },
	{ "ls", "", "workers: tier, state, load, listeners", 0, 0, ls },
};
const struct cli_noun noun_node = { "node", "which workers are alive", verbs, sizeof(verbs) / sizeof(verbs[0]) };
