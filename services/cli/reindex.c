/* SPDX-License-Identifier: MIT */
/*
 * reindex: idx:exp, idx:domain and idx:edge made anew from the records.
 *
 *   UNLINK idx:*   then   SCAN reg:*  -->  HGETALL each  -->  ZADD GT ...
 *
 * Workers go on meanwhile: what they write is newer, and GT leaves the later time standing. Lists are short until it is done.
 */
#include <stdlib.h>
#include <time.h>
#include "loc/store.h"
#include "reg.h"
#include "rt/hash.h"
#include "scan.h"

struct rebuild {
	int64_t bindings, unread;
	int queued; /* commands whose answers are to come */
};

enum { EDGES = 8, PREFIX = 4 }; /* edges of one address told apart; "reg:" */

struct address { /* what the sets need to know of one record */
	struct slice aor;
	int64_t until;
	struct {
		uint32_t id;
		int64_t until;
	} edge[EDGES];
	int nedge;
};

static void see_edge(struct address *a, uint32_t id, int64_t until)
{
	int i = 0;

	while (i < a->nedge && a->edge[i].id != id)
		i++;
	if (id == 0 || i == EDGES) /* the next refresh writes it */
		return;
	if (i == a->nedge)
		a->edge[a->nedge++].id = id;
	if (until > a->edge[i].until)
		a->edge[i].until = until;
}

static void write_binding(struct cli *cli, struct rebuild *to, struct address *a, const struct loc_binding *b)
{
	const struct slice member = rt_arena_printf(cli->arena, SLICE_FMT " " SLICE_FMT, SLICE_ARG(a->aor), SLICE_ARG(b->id));

	cli_redis_queue(cli, "ZADD idx:exp:%d GT %lld %b", rt_crc16(a->aor) % 16, (long long)b->expires_at, member.p, (size_t)member.n);
	to->queued++;
	to->bindings++;
	if (b->expires_at > a->until)
		a->until = b->expires_at;
	see_edge(a, b->edge, b->expires_at);
}

static void write_address(struct cli *cli, struct rebuild *to, const struct address *a)
{
	const struct slice domain = cli_domain_of(a->aor);

	if (!a->until)
		return;
	cli_redis_queue(cli, "ZADD idx:domain:%b GT %lld %b", domain.p, (size_t)domain.n, (long long)a->until, a->aor.p, (size_t)a->aor.n);
	to->queued++;
	for (int i = 0; i < a->nedge; i++, to->queued++)
		cli_redis_queue(cli, "ZADD idx:edge:%u GT %lld %b", a->edge[i].id, (long long)a->edge[i].until, a->aor.p, (size_t)a->aor.n);
}

static void read_record(struct cli *cli, struct rebuild *to, struct slice aor, const redisReply *hash)
{
	struct address a = { .aor = aor };

	for (size_t i = 0; i + 1 < hash->elements; i += 2) {
		struct loc_binding b;

		if (!reg_is_binding(hash->element[i]))
			continue;
		if (loc_binding_parse(&b, reg_text(hash->element[i]), reg_text(hash->element[i + 1]), cli->arena)) {
			cli_fail("a binding of " SLICE_FMT " does not read: %s", SLICE_ARG(aor), hash->element[i]->str);
			to->unread++;
		} else {
			write_binding(cli, to, &a, &b); /* also what is past: the sweeper looks for it there */
		}
	}
	write_address(cli, to, &a);
}

/* Answers of the writes queued so far. */
static int settle(struct cli *cli, struct rebuild *to)
{
	int status = CLI_DONE;

	for (; to->queued > 0; to->queued--) {
		redisReply *r = cli_redis_next(cli);

		if (r)
			freeReplyObject(r);
		else
			status = CLI_FAILED;
	}
	return status;
}

static int read_batch(struct scan *scan, const redisReply *keys)
{
	struct cli *cli = scan->cli;
	const size_t n = keys->elements;
	redisReply **hash = calloc(n + 1, sizeof(*hash));

	if (!hash)
		return cli_fail("out of memory");
	for (size_t i = 0; i < n; i++)
		cli_redis_queue(cli, "HGETALL %b", keys->element[i]->str, keys->element[i]->len);
	for (size_t i = 0; i < n; i++) /* all, before their writes are queued behind them */
		hash[i] = cli_redis_next(cli);
	for (size_t i = 0; i < n; i++) {
		if (!hash[i])
			continue;
		read_record(cli, scan->arg, slice_from(reg_text(keys->element[i]), PREFIX), hash[i]);
		freeReplyObject(hash[i]);
		rt_arena_reset(cli->arena);
	}
	free(hash);
	scan->seen += (int64_t)n;
	scan_progress(scan, "addresses", false);
	return settle(cli, scan->arg);
}

/* The sets of users (idx:user:) and of watchers (idx:sub:) do not come from these records. */
static int drop_batch(struct scan *scan, const redisReply *keys)
{
	struct rebuild *to = scan->arg;

	for (size_t i = 0; i < keys->elements; i++) {
		if (!strncmp(keys->element[i]->str, "idx:user:", 9) || !strncmp(keys->element[i]->str, "idx:sub:", 8))
			continue;
		cli_redis_queue(scan->cli, "UNLINK %b", keys->element[i]->str, keys->element[i]->len);
		to->queued++;
	}
	return settle(scan->cli, to);
}

int reg_reindex(struct cli *cli)
{
	struct rebuild to = { 0 };
	const time_t began = time(NULL);
	int status;

	if (cli_redis_open(cli, NULL, 0))
		return CLI_FAILED;
	struct scan scan = { .batch = drop_batch, .cli = cli, .arg = &to };
	status = scan_keys(&scan, "idx:*");
	scan.batch = read_batch;
	if (status == CLI_DONE)
		status = scan_keys(&scan, "reg:*");
	scan_progress(&scan, "addresses", true);
	if (status)
		return status;
	printf("%lld bindings of %lld addresses indexed in %lld s\n", (long long)to.bindings, (long long)scan.seen,
	       (long long)(time(NULL) - began));
	return to.unread ? cli_fail("%lld bindings did not read; see above", (long long)to.unread) : CLI_DONE;
}
