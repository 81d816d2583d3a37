/* SPDX-License-Identifier: MIT */
/*
 * reg: who is registered where. Lists walk idx:domain:<d> page by page (score = expiry), never KEYS or SCAN,
 * so they cost Redis little however many phones there are.
 */
#include <stdlib.h>
#include <time.h>
#include "loc/store.h"
#include "reg.h"
#include "rt/hash.h"

enum { PAGE = 200 };

static const char *const titles[] = { "address", "contact", "expires_in", "q", "received", "user_agent", "id" };
enum { TITLES = sizeof(titles) / sizeof(titles[0]) };

/* The id is for `reg rm` and for programs; a list for a person is wide enough without it. */
static int columns(const struct cli *cli)
{
	return cli->json || !strcmp(cli->verb, "show") ? TITLES : TITLES - 1;
}

static void print_binding(struct cli *cli, struct cli_out *out, struct slice aor, const struct loc_binding *b)
{
	const int64_t left = b->expires_at - time(NULL);

	cli_out_text(out, aor);
	cli_out_text(out, b->contact);
	if (cli->json)
		cli_out_number(out, left);
	else
		cli_out_text(out, cli_span(cli, left));
	cli_out_text(out, rt_arena_printf(cli->arena, "%u.%03u", b->q / 1000u, b->q % 1000u));
	cli_out_text(out, b->received);
	cli_out_text(out, b->user_agent);
	if (columns(cli) == TITLES)
		cli_out_text(out, b->id);
}

/* The bindings of one HGETALL that still stand; returns how many. */
static int print_bindings(struct cli *cli, struct cli_out *out, struct slice aor, const redisReply *hash)
{
	int n = 0;

	for (size_t i = 0; i + 1 < hash->elements; i += 2) {
		const redisReply *id = hash->element[i], *value = hash->element[i + 1];
		struct loc_binding b;

		if (!reg_is_binding(id))
			continue;
		if (loc_binding_parse(&b, slice_of(id->str, (uint32_t)id->len), slice_of(value->str, (uint32_t)value->len), cli->arena)) {
			cli_fail("a binding of " SLICE_FMT " does not read: %s", SLICE_ARG(aor), id->str);
			continue;
		}
		if (b.expires_at > time(NULL)) {
			print_binding(cli, out, aor, &b);
			n++;
		}
	}
	return n;
}

/* Where a page begins: a score, and how many of that score were on pages before. A skip from the very start each time
 * would cost Redis the whole list for each page. */
struct place {
	long long score, same;
	char open; /* '(': behind the score */
};

/* { address, score, .. } */
static void print_page(struct cli *cli, struct cli_out *out, const redisReply *page)
{
	for (size_t i = 0; i < page->elements; i += 2)
		cli_redis_queue(cli, "HGETALL reg:%b", page->element[i]->str, page->element[i]->len);
	for (size_t i = 0; i < page->elements; i += 2) {
		redisReply *hash = cli_redis_next(cli);

		if (!hash)
			continue;
		print_bindings(cli, out, reg_text(page->element[i]), hash);
		freeReplyObject(hash);
		rt_arena_reset(cli->arena);
	}
}

static long long score_of(const redisReply *page, size_t i)
{
	return strtoll(page->element[i + 1]->str, NULL, 10);
}

static void go_on(struct place *at, const redisReply *page)
{
	const size_t n = page->elements;
	const long long last = n ? score_of(page, n - 2) : 0;

	if (n == 0)
		return;
	if (last == (at->open ? score_of(page, 0) : at->score)) { /* no score began on this page: count on from where it did */
		at->same += (long long)n / 2;
		return;
	}
	*at = (struct place){ .score = last };
	for (size_t i = 0; i < n; i += 2)
		at->same += score_of(page, i) == last;
}

static int list_domain(struct cli *cli, struct cli_out *out, struct slice domain, int64_t *skip, int64_t *left)
{
	struct place at = { .score = time(NULL), .same = *skip, .open = '(' };
	size_t n = 2;

	while (*left > 0 && n) {
		redisReply *page = cli_redis(cli, "ZRANGEBYSCORE idx:domain:%b %s%lld +inf WITHSCORES LIMIT %lld %lld", domain.p,
		                             (size_t)domain.n, at.open ? "(" : "", at.score, at.same,
		                             (long long)(*left < PAGE ? *left : PAGE));
		if (!page)
			return CLI_FAILED;
		n = page->elements;
		print_page(cli, out, page);
		go_on(&at, page);
		*left -= (int64_t)n / 2;
		freeReplyObject(page);
	}
	return CLI_DONE;
}

/* Call `fn` for the domain named, or for each the configuration knows. */
static int each_domain(struct cli *cli, struct cli_out *out, int64_t skip, int64_t left,
                       int (*fn)(struct cli *, struct cli_out *, struct slice, int64_t *, int64_t *))
{
	int status = CLI_DONE;

	if (cli->narg)
		return fn(cli, out, slice_str(cli->arg[0]), &skip, &left);
	const struct svc_config *c = cli_config(cli);
	if (!c)
		return CLI_FAILED;
	if (c->ndomain == 0)
		return cli_fail("which domain? server.domains is not set here: peal reg %s DOMAIN", cli->verb);
	for (uint32_t i = 0; i < c->ndomain && status == CLI_DONE; i++, skip = 0)
		status = fn(cli, out, c->domain[i].name, &skip, &left);
	return status;
}

static int ls(struct cli *cli)
{
	const int64_t skip = cli_number("offset", cli->offset, 0, 0, INT64_MAX / 2);
	const int64_t left = cli_number("limit", cli->limit, INT64_MAX / 2, 1, INT64_MAX / 2);

	if (skip < 0 || left < 0)
		return CLI_USAGE;
	if (cli_redis_open(cli, NULL, 0))
		return CLI_FAILED;
	struct cli_out *out = cli_out_new(cli, titles, columns(cli));
	const int status = out ? each_domain(cli, out, skip, left, list_domain) : CLI_FAILED;

	if (status == CLI_DONE)
		cli_out_none(out, "nobody is registered");
	cli_out_end(&out);
	return status;
}

static int count_domain(struct cli *cli, struct cli_out *out, struct slice domain, int64_t *skip, int64_t *left)
{
	redisReply *r = cli_redis(cli, "ZCOUNT idx:domain:%b (%lld +inf", domain.p, (size_t)domain.n, (long long)time(NULL));

	(void)skip;
	(void)left;
	if (!r)
		return CLI_FAILED;
	cli_out_text(out, domain);
	cli_out_number(out, r->integer);
	freeReplyObject(r);
	return CLI_DONE;
}

static int count(struct cli *cli)
{
	static const char *const names[] = { "domain", "registered" };
	struct cli_out *out = cli_out_new(cli, names, 2);
	const int status = out ? each_domain(cli, out, 0, 0, count_domain) : CLI_FAILED;

	cli_out_end(&out);
	return status;
}

static int show(struct cli *cli)
{
	struct slice aor;

	if (!cli_aor(cli, cli->arg[0], &aor))
		return CLI_USAGE;
	redisReply *r = cli_redis(cli, "HGETALL reg:%b", aor.p, (size_t)aor.n);
	struct cli_out *out = r ? cli_out_new(cli, titles, columns(cli)) : NULL;
	const int n = out ? print_bindings(cli, out, aor, r) : 0;
	cli_out_end(&out);
	if (!r)
		return CLI_FAILED;
	freeReplyObject(r);
	return n ? CLI_DONE : cli_fail(SLICE_FMT " is not registered", SLICE_ARG(aor));
}

/* One binding out of every place that names it, in one transaction; the event tells the rest of the cluster. */
static bool remove_binding(struct cli *cli, struct slice aor, const redisReply *id)
{
	cli_redis_queue(cli, "MULTI");
	cli_redis_queue(cli, "HDEL reg:%b %b", aor.p, (size_t)aor.n, id->str, id->len);
	cli_redis_queue(cli, "ZREM idx:exp:%d %b %b", rt_crc16(aor) % 16, aor.p, (size_t)aor.n, id->str, id->len);
	cli_redis_queue(cli, "XADD events:reg MAXLEN ~ 100000 * event remove aor %b id %b", aor.p, (size_t)aor.n, id->str, id->len);
	return cli_redis_commit(cli, 3) >= 0;
}

/* Does the operator mean this binding? By its id or its contact. */
static bool is_meant(struct cli *cli, const char *word, const redisReply *id, const redisReply *value)
{
	struct loc_binding b;

	if (!strcmp(id->str, word))
		return true;
	return !loc_binding_parse(&b, slice_of(id->str, (uint32_t)id->len), slice_of(value->str, (uint32_t)value->len), cli->arena) &&
	       slice_eq(b.contact, slice_str(word));
}

static void forget_address(struct cli *cli, struct slice aor)
{
	const struct slice domain = cli_domain_of(aor);
	redisReply *r = cli_redis(cli, "ZREM idx:domain:%b %b", domain.p, (size_t)domain.n, aor.p, (size_t)aor.n);

	if (r)
		freeReplyObject(r);
}

static int rm(struct cli *cli)
{
	struct slice aor;
	int removed = 0, kept = 0;

	if (!cli_aor(cli, cli->arg[0], &aor))
		return CLI_USAGE;
	redisReply *hash = cli_redis(cli, "HGETALL reg:%b", aor.p, (size_t)aor.n);
	if (!hash)
		return CLI_FAILED;
	for (size_t i = 0; i + 1 < hash->elements; i += 2) {
		const redisReply *id = hash->element[i];

		if (!reg_is_binding(id))
			continue;
		if (cli->narg > 1 && !is_meant(cli, cli->arg[1], id, hash->element[i + 1]))
			kept++;
		else
			removed += remove_binding(cli, aor, id);
	}
	freeReplyObject(hash);
	if (!kept)
		forget_address(cli, aor);
	if (!removed)
		return cli_fail(cli->narg > 1 ? SLICE_FMT " has no such binding; `peal reg show` lists them" : SLICE_FMT " is not registered",
		                SLICE_ARG(aor));
	printf("%d binding%s of " SLICE_FMT " removed, %d kept; a phone that refreshes comes back\n", removed, removed == 1 ? "" : "s",
	       SLICE_ARG(aor), kept);
	return CLI_DONE;
}

static const struct cli_verb verbs[] = {
	{ "ls", "[DOMAIN]", "registered phones, the next to expire first", 0, 1, ls },
	{ "show", "USER@DOMAIN", "the phones of one user", 1, 1, show },
	{ "rm", "USER@DOMAIN [ID|CONTACT]", "remove one registration of a user, or all", 1, 2, rm },
	{ "count", "[DOMAIN]", "how many users are registered", 0, 1, count },
	{ "watch", "[DOMAIN|USER@DOMAIN]", "registrations as they come and go", 0, 1, reg_watch },
	{ "reindex", "", "make the lists anew from the records", 0, 0, reg_reindex },
	{ "import", "URL --from kamailio|flexisip", "take over what another server keeps in its Redis", 1, 1, reg_import },
};
const struct cli_noun noun_reg = { "reg", "who is registered where", verbs, sizeof(verbs) / sizeof(verbs[0]) };
