/* SPDX-License-Identifier: MIT */
/*
 * import: what Kamailio or Flexisip keep in their Redis, written here as if each phone had registered.
 *
 *   SCAN there --> HGETALL --> foreign.c --> loc_store_apply (the script of the registrar: order, sets and events come with it)
 *
 * Nothing is changed at the source. What cannot be read is said on standard error and counted; the rest goes on.
 */
#include <poll.h>
#include <time.h>
#include "foreign.h"
#include "loc/redis.h"
#include "reg.h"
#include "rt/clock.h"
#include "scan.h"

enum { IN_FLIGHT = 64, SECONDS_TO_ANSWER = 10 };

struct import {
	struct cli *cli;
	struct loc_redis *to;
	struct slice domain;
	int waiting;
	int64_t taken, past, newer, unread, failed;
};

struct source {
	const char *name, *pattern;
	void (*take)(struct import *im, struct slice key, const redisReply *hash);
};

/* ---- Writing ---- */

static void turn(struct loc_redis *redis)
{
	loc_redis_flush(redis);
	const rt_ms now = rt_clock_ms(), next = loc_redis_tick(redis, now);
	struct pollfd p = { loc_redis_fd(redis), (short)loc_redis_events(redis), 0 };

	poll(&p, 1, (int)(next - now));
	if (p.revents)
		loc_redis_ready(redis, (uint32_t)p.revents, rt_clock_ms());
}

static bool wait_up(struct loc_redis *redis)
{
	const rt_ms end = rt_clock_ms() + SECONDS_TO_ANSWER * 1000;

	while (!loc_redis_up(redis) && rt_clock_ms() < end)
		turn(redis);
	return loc_redis_up(redis);
}

static void applied(void *arg, uint64_t token, int err, const struct loc_binding *b, int n)
{
	struct import *im = arg;

	(void)token, (void)b, (void)n;
	im->waiting--;
	if (err == 0)
		im->taken++;
	else if (err == RT_STALE)
		im->newer++;
	else
		im->failed++;
}

static void done(void *arg, uint64_t token, int err, const redisReply *reply)
{
	(void)token, (void)err, (void)reply;
	*(bool *)arg = true;
}

/* Everything written so far has been answered: the sets and events of the last bindings too, for answers keep their order. */
static void settle(struct import *im)
{
	const struct slice ping = SLICE("PING");
	bool answered = false;

	while (im->waiting > 0)
		turn(im->to);
	if (loc_redis_call(im->to, done, &answered, 0, 1, &ping))
		return;
	while (!answered)
		turn(im->to);
}

static void refuse(struct import *im, struct slice key, const char *id, const char *why)
{
	im->unread++;
	fputs("peal: ", stderr);
	cli_print_safe(stderr, key);
	fprintf(stderr, "%s", id ? " " : "");
	cli_print_safe(stderr, slice_str(id));
	fprintf(stderr, ": %s; left out\n", why);
}

/* A phone that has registered here already, with the same Call-ID, knows better. */
static void write_binding(struct import *im, const struct foreign *f)
{
	const struct loc_change change = {
		.aor = f->aor,
		.b = &f->b,
		.n = 1,
		.call_id = f->b.call_id,
		.cseq = f->b.cseq,
		.max_contacts = LOC_BINDINGS_MAX,
		.now = time(NULL),
		.domain = cli_domain_of(f->aor),
	};

	if (f->b.expires_at <= change.now) {
		im->past++;
		return;
	}
	while (im->waiting >= IN_FLIGHT)
		turn(im->to);
	if (loc_store_apply(im->to, &change, applied, im, 0))
		im->failed++;
	else
		im->waiting++;
}

/* ---- Reading ---- */

static void take_kamailio(struct import *im, struct slice key, const redisReply *hash)
{
	struct foreign f;
	const char *why = foreign_kamailio(hash, im->domain, im->cli->arena, &f);

	if (why)
		refuse(im, key, NULL, why);
	else
		write_binding(im, &f);
}

static void take_flexisip(struct import *im, struct slice key, const redisReply *hash)
{
	const struct slice aor = slice_from(key, (uint32_t)strlen("fs:"));
	struct foreign f;

	for (size_t i = 0; i + 1 < hash->elements; i += 2) {
		const char *why = foreign_flexisip(aor, reg_text(hash->element[i + 1]), im->cli->arena, &f);

		if (why)
			refuse(im, key, hash->element[i]->str, why);
		else
			write_binding(im, &f);
	}
}

static const struct source sources[] = {
	{ "kamailio", "*location:entry::*", take_kamailio }, /* a prefix of its own configuration may stand before it */
	{ "flexisip", "fs:*", take_flexisip },
};

static const struct source *find_source(const char *name)
{
	for (size_t i = 0; name && i < sizeof(sources) / sizeof(*sources); i++)
		if (!strcmp(sources[i].name, name))
			return &sources[i];
	return NULL;
}

struct reading {
	struct import *im;
	const struct source *from;
};

static int read_batch(struct scan *scan, const redisReply *keys)
{
	const struct reading *r = scan->arg;

	for (size_t i = 0; i < keys->elements; i++)
		redisAppendCommand(scan->redis, "HGETALL %b", keys->element[i]->str, keys->element[i]->len);
	for (size_t i = 0; i < keys->elements; i++) {
		redisReply *hash = NULL;

		if (redisGetReply(scan->redis, (void **)&hash) != REDIS_OK)
			return cli_fail("the source went away: %s", scan->redis->errstr);
		if (hash->type == REDIS_REPLY_ARRAY)
			r->from->take(r->im, reg_text(keys->element[i]), hash);
		else
			refuse(r->im, reg_text(keys->element[i]), NULL, "it is no hash");
		freeReplyObject(hash);
		rt_arena_reset(scan->cli->arena);
		scan->seen++;
	}
	scan_progress(scan, "records", false);
	return CLI_DONE;
}

/* ---- The command ---- */

static int report(const struct import *im)
{
	printf("%lld bindings taken over, %lld had expired, %lld were newer here\n", (long long)im->taken, (long long)im->past,
	       (long long)im->newer);
	if (im->failed)
		return cli_fail("%lld could not be written: %s", (long long)im->failed,
		                loc_redis_up(im->to) ? "Redis refused them; look at its log" : loc_redis_trouble(im->to));
	return im->unread ? cli_fail("%lld could not be read; see above", (long long)im->unread) : CLI_DONE;
}

static int run(struct import *im, const struct source *from, redisContext *there)
{
	struct reading reading = { im, from };
	struct scan scan = { .redis = there, .batch = read_batch, .cli = im->cli, .arg = &reading };
	const int status = scan_keys(&scan, from->pattern);
	int reported;

	settle(im);
	scan_progress(&scan, "records", true);
	reported = report(im);
	return status ? status : reported;
}

/* Where records without a domain belong: the first of ours. */
static struct slice first_domain(struct cli *cli)
{
	const struct svc_config *c = cli_config(cli);

	return c && c->ndomain ? c->domain[0].name : SLICE_NONE;
}

int reg_import(struct cli *cli)
{
	const struct source *from = find_source(cli->from);
	struct import im = { .cli = cli };
	char why[256], url[SVC_REDIS_URL_MAX];
	int status;

	if (!from) {
		cli_fail("--from says whose records they are: kamailio or flexisip");
		return CLI_USAGE;
	}
	if (cli_redis_open(cli, NULL, 0) || !slice_cstr(cli_redis_url(cli), url, sizeof(url)))
		return CLI_FAILED;
	redisContext *there = cli_redis_connect(slice_str(cli->arg[0]), why, sizeof(why));
	if (!there)
		return cli_fail("the source does not answer: %s", why);
	im.domain = first_domain(cli);
	im.to = loc_redis_new(url, 5000, rt_clock_ms());
	if (im.to && wait_up(im.to))
		status = run(&im, from, there);
	else
		status = cli_fail("%s", im.to ? loc_redis_trouble(im.to) : "out of memory");
	loc_redis_destroy(&im.to);
	redisFree(there);
	return status;
}
