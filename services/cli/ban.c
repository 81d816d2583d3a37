/* SPDX-License-Identifier: MIT */
/*
 * ban: whose packets transports do not read. bans: ZSET of networks, score: second it ends; bans:why: HASH, for people.
 * bans:version and channel `bans` tell every transport that something changed.
 */
#include <stdlib.h>
#include "cli.h"
#include "rt/clock.h"
#include "sip/hop.h"

enum { PAGE = 500, LONGEST = 10 * 366 * 86400 };

static int bad_network(const char *word)
{
	fprintf(stderr, "peal ban: \"%s\" is no address or network; like 192.0.2.7, 192.0.2.0/24 or 2001:db8::/32\n", word);
	return CLI_USAGE;
}

/* Bits beyond the prefix are cleared, so that one network has one name. */
static void mask(struct sip_hop *hop, uint32_t bits)
{
	for (uint32_t i = 0; i < 16; i++) {
		const uint32_t left = bits > i * 8 ? bits - i * 8 : 0;

		if (left < 8)
			hop->ip[i] &= (uint8_t)(0xff << (8 - left));
	}
}

/* "2001:DB8::1/32" as "2001:db8::/32"; absent when it does not read. */
static struct slice network_of(struct cli *cli, const char *word)
{
	const struct slice text = slice_str(word);
	const int slash = slice_find(text, '/');
	char room[64];
	struct rt_cursor c = rt_cursor_on(room, sizeof(room));
	struct sip_hop hop;
	uint32_t bits;

	if (sip_hop_ip(&hop, slash < 0 ? text : slice_head(text, (uint32_t)slash), SIP_UDP, 0))
		return SLICE_NONE;
	const uint32_t all = hop.family == 4 ? 32 : 128;
	bits = all;
	if (slash >= 0 && (!slice_u32(slice_from(text, (uint32_t)slash + 1), &bits) || bits > all))
		return SLICE_NONE;
	mask(&hop, bits);
	sip_hop_render_ip(&c, &hop);
	if (bits < all)
		rt_cursor_printf(&c, "/%u", bits);
	return rt_arena_copy(cli->arena, rt_cursor_text(&c));
}

/* Run what was queued after MULTI, then say that it changed. The integer of the first answer, or -1. */
static long long commit(struct cli *cli, int queued)
{
	cli_redis_queue(cli, "INCR bans:version");
	const long long first = cli_redis_commit(cli, queued + 1);
	redisReply *r = first < 0 ? NULL : cli_redis(cli, "PUBLISH bans changed");

	if (r)
		freeReplyObject(r);
	return first;
}

/* Bans that are over, and why they were. */
static void sweep(struct cli *cli, long long now)
{
	redisReply *old = cli_redis(cli, "ZRANGEBYSCORE bans -inf %lld LIMIT 0 %d", now, PAGE);

	for (size_t i = 0; old && i < old->elements; i++) {
		cli_redis_queue(cli, "ZREM bans %b", old->element[i]->str, old->element[i]->len);
		cli_redis_queue(cli, "HDEL bans:why %b", old->element[i]->str, old->element[i]->len);
	}
	for (size_t i = 0; old && i < 2 * old->elements; i++)
		freeReplyObject(cli_redis_next(cli));
	freeReplyObject(old);
}

static int add(struct cli *cli)
{
	const int64_t seconds = cli_number("for", cli->seconds, 0, 1, LONGEST);
	const struct slice net = network_of(cli, cli->arg[0]);
	const long long now = rt_clock_wall_ms() / 1000;
	char until[24] = "+inf";

	if (!slice_present(net))
		return bad_network(cli->arg[0]);
	if (seconds < 0)
		return CLI_USAGE;
	if (seconds)
		snprintf(until, sizeof(until), "%lld", now + (long long)seconds);
	if (cli_redis_open(cli, NULL, 0))
		return CLI_FAILED;
	sweep(cli, now);
	cli_redis_queue(cli, "MULTI");
	cli_redis_queue(cli, "ZADD bans %s %b", until, net.p, (size_t)net.n);
	if (cli->why)
		cli_redis_queue(cli, "HSET bans:why %b %s", net.p, (size_t)net.n, cli->why);
	else
		cli_redis_queue(cli, "HDEL bans:why %b", net.p, (size_t)net.n);
	const long long fresh = commit(cli, 2);
	if (fresh < 0)
		return cli_fail("the ban could not be stored");
	printf(seconds ? "%s " SLICE_FMT " for " SLICE_FMT "\n" : "%s " SLICE_FMT " for good\n", fresh ? "banned" : "still banned:", SLICE_ARG(net),
	       SLICE_ARG(cli_span(cli, seconds)));
	return CLI_DONE;
}

static int rm(struct cli *cli)
{
	const struct slice net = network_of(cli, cli->arg[0]);

	if (!slice_present(net))
		return bad_network(cli->arg[0]);
	if (cli_redis_open(cli, NULL, 0))
		return CLI_FAILED;
	cli_redis_queue(cli, "MULTI");
	cli_redis_queue(cli, "ZREM bans %b", net.p, (size_t)net.n);
	cli_redis_queue(cli, "HDEL bans:why %b", net.p, (size_t)net.n);
	const long long gone = commit(cli, 2);
	if (gone < 0)
		return cli_fail("the ban could not be removed");
	if (!gone)
		return cli_fail(SLICE_FMT " is not banned; `peal ban ls` lists what is", SLICE_ARG(net));
	printf(SLICE_FMT " is heard again\n", SLICE_ARG(net));
	return CLI_DONE;
}

static void print_ban(struct cli *cli, struct cli_out *out, const redisReply *net, const char *score, long long now)
{
	redisReply *why = cli_redis(cli, "HGET bans:why %b", net->str, net->len);
	const bool good = !strcmp(score, "inf") || !strcmp(score, "+inf");
	const long long until = good ? 0 : (long long)strtod(score, NULL);

	cli_out_text(out, slice_of(net->str, (uint32_t)net->len));
	if (cli->json)
		cli_out_number(out, until);
	else
		cli_out_text(out, good ? SLICE("for good") : cli_span(cli, until - now));
	cli_out_text(out, slice_str(why && why->str ? why->str : ""));
	freeReplyObject(why);
}

static int ls(struct cli *cli)
{
	static const char *const titles[] = { "network", "left", "why" }, *const json_titles[] = { "network", "until", "why" };
	const long long now = rt_clock_wall_ms() / 1000;
	long long skip = 0;
	size_t n = PAGE;
	struct cli_out *out = cli_out_new(cli, cli->json ? json_titles : titles, 3);

	if (!out)
		return cli_fail("out of memory");
	for (; n == PAGE; skip += PAGE) {
		redisReply *r = cli_redis(cli, "ZRANGEBYSCORE bans (%lld +inf WITHSCORES LIMIT %lld %d", now, skip, PAGE);

		if (!r)
			return CLI_FAILED;
		n = r->elements / 2;
		for (size_t i = 0; i < n; i++)
			print_ban(cli, out, r->element[2 * i], r->element[2 * i + 1]->str, now);
		freeReplyObject(r);
	}
	cli_out_none(out, "nobody is banned");
	cli_out_end(&out);
	return CLI_DONE;
}

static const struct cli_verb verbs[] = {
	{ "ls", "", "whose packets are not read, and until when", 0, 0, ls },
	{ "add", "ADDRESS[/BITS] [--for SECONDS] [--why TEXT]", "stop reading packets from there, on every transport at once", 1, 1, add },
	{ "rm", "ADDRESS[/BITS]", "read them again", 1, 1, rm },
};
const struct cli_noun noun_ban = { "ban", "sources that are not heard", verbs, sizeof(verbs) / sizeof(verbs[0]) };
