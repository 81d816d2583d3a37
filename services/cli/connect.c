/* SPDX-License-Identifier: MIT */
/* connect: from the address of a Redis to a connection that is logged in, by way of a sentinel when it names one. */
#include <stdlib.h>
#include "cli.h"
#include "loc/url.h"

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

static const struct timeval wait = { 3, 0 };

/* Where one sentinel says that the master is: into host and port. */
static bool ask_sentinel(const struct loc_place *place, struct loc_url *url, char *why, size_t size)
{
	redisContext *c = redisConnectWithTimeout(place->host, place->port, wait);
	redisReply *r = NULL;

	if (c && !c->err && redisSetTimeout(c, wait) == REDIS_OK && url->sentinel_password[0])
		r = say_login(c, url->sentinel_user, url->sentinel_password);
	if (r && r->type != REDIS_REPLY_ERROR) {
		freeReplyObject(r);
		r = NULL;
	}
	if (c && !c->err && !r)
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

bool cli_redis_read_url(struct loc_url *url, struct slice text, char *why, size_t size)
{
	if (loc_url_parse(url, text) == 0)
		return true;
	snprintf(why, size, "the address does not read; it should look like redis://127.0.0.1:6379/0, unix:///path?db=0, "
	                    "redis+sentinel://127.0.0.1:26379/master-name/0 or redis+cluster://127.0.0.1:6379, user:password@ before the host");
	return false;
}

#define PASSWORD "The password goes into the URL: redis://user:password@host; that of a sentinel to its end: ?sentinel=user:password"

const char *cli_redis_hint(const char *why)
{
	static const struct {
		const char *sign, *hint;
	} row[] = {
		{ "does not read", "--redis URL, PEAL_REDIS_URL and redis.url are where it may stand" },
		{ "no master of that name", "`redis-cli -p 26379 sentinel masters` lists the names; it stands behind the hosts in the URL" },
		{ "NOAUTH", PASSWORD },
		{ "WRONGPASS", PASSWORD },
		{ "NOPERM", "Its ACL must let this user do everything with reg:*, user:*, policy:* and the keys in common/loc/README.md" },
		{ "DB index", "The number at the end of the URL is the database; `databases` of redis.conf says how many there are" },
		{ "cluster support disabled", "One server by itself has the URL redis://host:port" },
		{ "OOM", "It is full: give it more memory (maxmemory)" },
		{ "READONLY", "This is a replica: name the master, or its sentinels" },
		{ "Protocol error", "Something else than Redis answers there: --redis URL or PEAL_REDIS_URL names another place" },
		{ "temporarily unavailable", "Nothing came within 3 seconds: it hangs, or something else listens there" },
	};

	for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++)
		if (strstr(why, row[i].sign))
			return row[i].hint;
	return "Is the server up (deploy/up)? Another one: --redis URL or PEAL_REDIS_URL";
}

redisContext *cli_redis_connect(struct slice text, char *why, size_t size)
{
	struct loc_url url;

	if (!cli_redis_read_url(&url, text, why, size))
		return NULL;
	if (url.is_cluster) {
		snprintf(why, size, "read a cluster one node after the other: redis://host:port");
		return NULL;
	}
	return find_master(&url, why, size) ? cli_redis_connect_at(&url, why, size) : NULL;
}
