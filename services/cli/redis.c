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

static redisReply *say_login(redisContext *c, const char *user, const char *password)
{
	return user[0] ? redisCommand(c, "AUTH %s %s", user, password) : redisCommand(c, "AUTH %s", password);
}

/* AUTH and SELECT; false with the answer of Redis in `why`. */
static bool enter(redisContext *c, const struct loc_url *a, char *why, size_t size)
{
	redisReply *r[2] = { NULL, NULL };
	bool ok = true;

	if (a->password[0])
		r[0] = say_login(c, a->user, a->password);
	if (a->db)
		r[1] = redisCommand(c, "SELECT %u", a->db);
	for (int i = 0; i < 2; i++) {
		if (r[i] && r[i]->type == REDIS_REPLY_ERROR) {
			snprintf(why, size, "%s", r[i]->str);
			ok = false;
		}
		if (r[i])
			freeReplyObject(r[i]);
	}
	if (c->err) {
		snprintf(why, size, "%s", c->errstr);
		ok = false;
	}
	return ok;
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

static const struct timeval wait = { 3, 0 };

/* Where one sentinel says that the master is: into host and port. */
static bool ask_sentinel(const struct loc_place *place, struct loc_url *url, char *why, size_t size)
{
	redisContext *c = redisConnectWithTimeout(place->host, place->port, wait);
	redisReply *r = NULL;

	if (c && !c->err && redisSetTimeout(c, wait) == REDIS_OK && url->sentinel_password[0]) {
		r = say_login(c, url->sentinel_user, url->sentinel_password);
		if (r)
			freeReplyObject(r); /* a refusal is said by the answer to the question */
	}
	r = NULL;
	if (c && !c->err)
		r = redisCommand(c, "SENTINEL get-master-addr-by-name %s", url->master);
	const bool known = r && r->type == REDIS_REPLY_ARRAY && r->elements == 2;
	if (known) {
		snprintf(url->host, sizeof url->host, "%s", r->element[0]->str);
		url->port = (uint16_t)strtoul(r->element[1]->str, NULL, 10);
	} else {
		snprintf(why, size, "sentinel %s:%u: %s", place->host, place->port,
		         r && r->type == REDIS_REPLY_ERROR ? r->str : r ? "it knows no master of that name" : c ? c->errstr : "out of memory");
	}
	if (r)
		freeReplyObject(r);
	if (c)
		redisFree(c);
	return known;
}

static bool find_master(struct loc_url *url, char *why, size_t size)
{
	for (uint32_t i = 0; url->master[0] && i < url->nplace; i++)
		if (ask_sentinel(&url->place[i], url, why, size))
			return true;
	return !url->master[0];
}

redisContext *cli_redis_connect_at(const struct loc_url *url, char *why, size_t size)
{
	redisContext *c = url->path[0] ? redisConnectUnixWithTimeout(url->path, wait) : redisConnectWithTimeout(url->host, url->port, wait);

	if (!c || c->err)
		snprintf(why, size, "%s", c ? c->errstr : "out of memory");
	else if (redisSetTimeout(c, wait) == REDIS_OK && enter(c, url, why, size))
		return c;
	if (c)
		redisFree(c);
	return NULL;
}

static bool read_url(struct loc_url *url, struct slice text, char *why, size_t size)
{
	if (loc_url_parse(url, text) == 0)
		return true;
	snprintf(why, size, "the address does not read; it should look like redis://127.0.0.1:6379/0, unix:///path?db=0, "
	                    "redis+sentinel://127.0.0.1:26379/master-name/0 or redis+cluster://127.0.0.1:6379");
	return false;
}

redisContext *cli_redis_connect(struct slice text, char *why, size_t size)
{
	struct loc_url url;

	if (!read_url(&url, text, why, size))
		return NULL;
	if (url.is_cluster) {
		snprintf(why, size, "read a cluster one node after the other: redis://host:port");
		return NULL;
	}
	return find_master(&url, why, size) ? cli_redis_connect_at(&url, why, size) : NULL;
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
	if (slice_present(text) && read_url(&url, text, reason, sizeof(reason)) && url.is_cluster)
		cli->masters = masters_open(&url, reason, sizeof(reason));
	else if (slice_present(text))
		cli->redis = cli_redis_connect(text, reason, sizeof(reason));
	if (is_open(cli))
		return 0;
	if (why)
		snprintf(why, size, "%s", reason);
	else if (slice_present(text))
		cli_fail("%s: %s. Is the server up (deploy/up)? Another one: --redis URL or PEAL_REDIS_URL.", cli_redis_place(cli), reason);
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
		cli_fail("Redis went away: %s", cli->masters ? masters_trouble(cli->masters)
		                                             : cli->redis->err ? cli->redis->errstr : "it is loading its data");
	} else if (r->type == REDIS_REPLY_ERROR) {
		cli_fail("Redis refuses: %s", r->str);
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
