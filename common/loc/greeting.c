/* SPDX-License-Identifier: MIT */
/* greeting: AUTH, SELECT, PING, ROLE, INFO. */
#include "greeting.h"

#include <stdio.h>
#include <string.h>

int greeting_plan(const struct loc_url *url, bool by_sentinel, uint8_t out[GREETINGS_MAX])
{
	int n = 0;

	if (url->user[0] || url->password[0])
		out[n++] = GREET_AUTH;
	if (!url->is_sentinel)
		out[n++] = GREET_SELECT;
	out[n++] = GREET_PING; /* refused while Redis is loading its data */
	if (by_sentinel)
		out[n++] = GREET_ROLE;
	if (!url->is_sentinel)
		out[n++] = GREET_MODE;
	return n;
}

int greeting_words(enum greeting what, const struct loc_url *url, char number[16], struct slice out[GREETING_WORDS])
{
	static const struct slice word[] = { [GREET_AUTH] = SLICE("AUTH"), [GREET_SELECT] = SLICE("SELECT"), [GREET_PING] = SLICE("PING"),
					     [GREET_ROLE] = SLICE("ROLE"), [GREET_MODE] = SLICE("INFO") };
	int n = 0;

	out[n++] = word[what];
	if (what == GREET_AUTH && url->user[0])
		out[n++] = slice_str(url->user);
	if (what == GREET_AUTH)
		out[n++] = slice_str(url->password);
	if (what == GREET_SELECT)
		out[n++] = slice_of(number, (uint32_t)snprintf(number, 16, "%u", url->db));
	if (what == GREET_MODE)
		out[n++] = SLICE("cluster");
	return n;
}

bool greeting_is_unwelcome(const struct loc_url *url, enum greeting what, const redisReply *r, char *why, size_t size)
{
	if (r->type == REDIS_REPLY_ERROR && what != GREET_MODE) /* an ACL may well forbid INFO */
		snprintf(why, size, "it refused us: %.96s", r->str);
	else if (what == GREET_ROLE && (r->type != REDIS_REPLY_ARRAY || r->elements == 0 || !r->element[0]->str ||
	                                strcmp(r->element[0]->str, "master") != 0))
		snprintf(why, size, "it is no master any more");
	else if (what == GREET_MODE && r->type == REDIS_REPLY_STRING && !url->is_cluster && strstr(r->str, "cluster_enabled:1"))
		snprintf(why, size, "it is a node of a Redis Cluster; write redis+cluster:// in redis.url");
	else if (what == GREET_MODE && r->type == REDIS_REPLY_STRING && url->is_cluster && !strstr(r->str, "cluster_enabled:1"))
		snprintf(why, size, "it is no node of a Redis Cluster; write redis:// in redis.url");
	else
		return false;
	return true;
}
