/* SPDX-License-Identifier: MIT */
/* redis: one synchronous connection for as long as the command runs. */
#include <stdarg.h>
#include <stdlib.h>
#include <unistd.h>
#include "cli.h"
#include "loc/url.h"
#include "masters.h"

struct slice cli_redis_url(struct cli *cli)
{
	const struct svc_config *c = cli->redis_url ? NULL : cli_config(cli); /* PEAL_REDIS_URL is in it */

	return cli->redis_url ? slice_str(cli->redis_url) : c ? c->redis_url : SLICE_NONE;
}

const char *cli_redis_place(struct cli *cli)
{
	static char name[320];
	struct loc_url url;

	if (loc_url_parse(&url, cli_redis_url(cli)))
		return "redis";
	loc_url_name(&url, name, sizeof(name));
	return name;
}

static bool is_open(const struct cli *cli)
{
	return cli->redis || cli->masters;
}

int cli_redis_open(struct cli *cli, char *why, size_t size)
{
	char reason[256] = "the configuration does not read";
	struct loc_url url;

	if (is_open(cli))
		return 0;
	const struct slice text = cli_redis_url(cli);
	if (slice_present(text) && cli_redis_read_url(&url, text, reason, sizeof(reason)) && url.is_cluster)
		cli->masters = masters_open(&url, reason, sizeof(reason));
	else if (slice_present(text))
		cli->redis = cli_redis_connect(text, reason, sizeof(reason));
	if (is_open(cli))
		return 0;
	if (why)
		snprintf(why, size, "%s", reason);
	else if (slice_present(text))
		cli_fail("%s: %s\n      %s.", cli_redis_place(cli), reason, cli_redis_hint(reason));
	return -1;
}

void cli_redis_close(struct cli *cli)
{
	redisReply *r = cli->redis && !cli->redis->err ? redisCommand(cli->redis, "PING") : NULL;

	if (r)
		freeReplyObject(r);
	if (cli->redis)
		redisFree(cli->redis);
	cli->redis = NULL;
	masters_close(&cli->masters);
}

/* The answer when it is one; NULL after saying what went wrong. */
static redisReply *judge(struct cli *cli, redisReply *r)
{
	if (!r) {
		const char *why = cli->masters ? masters_trouble(cli->masters) : cli->redis->err ? cli->redis->errstr : "it is loading its data";

		cli_fail("%s went away: %s\n      %s.", cli_redis_place(cli), why, cli_redis_hint(why));
	} else if (r->type == REDIS_REPLY_ERROR) {
		cli_fail("%s refuses: %s\n      %s.", cli_redis_place(cli), r->str, cli_redis_hint(r->str));
		freeReplyObject(r);
		r = NULL;
	}
	return r;
}

static void queue(struct cli *cli, const char *fmt, va_list args)
{
	char *text = NULL;
	int n;

	if (!cli->masters) {
		redisvAppendCommand(cli->redis, fmt, args); /* fails only without memory; the answer is then missed and said */
		return;
	}
	n = redisvFormatCommand(&text, fmt, args);
	masters_queue(cli->masters, text, n);
}

static redisReply *next(struct cli *cli)
{
	void *r = NULL;

	if (cli->masters)
		return masters_next(cli->masters);
	redisGetReply(cli->redis, &r);
	return r;
}

redisReply *cli_redis(struct cli *cli, const char *fmt, ...)
{
	redisReply *r = NULL;

	if (cli_redis_open(cli, NULL, 0))
		return NULL;
	for (int tries = 0; tries < 50; tries++) { /* 5 s for a Redis that has just started and reads its file */
		va_list args;

		va_start(args, fmt);
		queue(cli, fmt, args);
		va_end(args);
		r = next(cli);
		if (!r || r->type != REDIS_REPLY_ERROR || strncmp(r->str, "LOADING", 7))
			break;
		freeReplyObject(r);
		r = NULL;
		usleep(100000);
	}
	return judge(cli, r);
}

void cli_redis_queue(struct cli *cli, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	queue(cli, fmt, args);
	va_end(args);
}

redisReply *cli_redis_next(struct cli *cli)
{
	return judge(cli, next(cli));
}

/* In a cluster each went by itself: OK, and then the answers. */
static long long commit_singly(struct cli *cli, int n)
{
	long long first = -1;

	for (int i = 0; i < n + 1; i++) {
		redisReply *r = cli_redis_next(cli);

		if (!r)
			return -1;
		if (i == 1)
			first = r->integer;
		freeReplyObject(r);
	}
	return first;
}

long long cli_redis_commit(struct cli *cli, int n)
{
	long long first = -1;

	if (cli->masters)
		return commit_singly(cli, n);
	cli_redis_queue(cli, "EXEC");
	for (int i = 0; i < n + 1; i++) { /* OK of MULTI, QUEUED of each */
		redisReply *r = cli_redis_next(cli);

		if (!r)
			return -1;
		freeReplyObject(r);
	}
	redisReply *r = cli_redis_next(cli);
	if (r && r->type == REDIS_REPLY_ARRAY && r->elements)
		first = r->element[0]->integer;
	if (r)
		freeReplyObject(r);
	return first;
}

const char *cli_field(const redisReply *hash, const char *name)
{
	for (size_t i = 0; i + 1 < hash->elements; i += 2) {
		if (!strcmp(hash->element[i]->str, name))
			return hash->element[i + 1]->str;
	}
	return "";
}
