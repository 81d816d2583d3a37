/* SPDX-License-Identifier: MIT */
/* track: two connections must agree before there is a promise, and the loss of either ends it. */
#include "track.h"

#include <stdio.h>

#include "redis_self.h"
#include "stale.h"

int track_want(struct loc_redis *redis)
{
	for (int i = 0; i < redis->nchannel; i++)
		if (strcmp(redis->channel[i].name, TRACK_CHANNEL) == 0)
			return 0;
	return loc_redis_subscribe(redis, SLICE(TRACK_CHANNEL), 0, 0);
}

/* A node of a cluster tells only of its own keys, and only those who ask it: there is no promise then. */
static bool both_stand(const struct loc_redis *redis)
{
	const struct lane *lane = redis->cluster ? 0 : redis->lane[0];

	return lane && lane->link.state == LINK_OPEN && redis->listen.state == LINK_OPEN;
}

uint32_t track_round(const struct loc_redis *redis)
{
	return both_stand(redis) ? redis->track.round : 0;
}

int track_next(struct loc_redis *redis)
{
	const struct slice words[] = { SLICE("CLIENT"), SLICE("CACHING"), SLICE("YES") };

	return loc_redis_call(redis, 0, 0, 0, 3, words);
}

void track_changed(struct loc_redis *redis, struct slice aor)
{
	redis->track.changes++;
	if (redis->stale)
		stale_changed(redis->stale, aor);
}

void track_lost(struct loc_redis *redis)
{
	redis->track.asked = false;
	redis->track.round = 0;
}

void track_deaf(struct loc_redis *redis)
{
	track_lost(redis);
	redis->track.heard = false;
	redis->track.listener = 0;
}

/* A Redis older than 6 refuses, and is not asked again on this connection. */
static void promised(void *self, uint64_t listener, int err, const redisReply *reply)
{
	struct track *t = &((struct loc_redis *)self)->track;

	(void)reply;
	if (!t->asked || (uint64_t)t->listener != listener)
		return;
	if (err == RT_TIMEOUT)
		t->asked = false;
	if (!err)
		t->round = ++t->rounds ? t->rounds : ++t->rounds;
}

void track_tick(struct loc_redis *redis)
{
	struct track *t = &redis->track;
	char id[24];
	const struct slice words[] = {
		SLICE("CLIENT"), SLICE("TRACKING"), SLICE("ON"), SLICE("REDIRECT"),
		slice_of(id, (uint32_t)snprintf(id, sizeof(id), "%lld", (long long)t->listener)), SLICE("OPTIN"),
	};

	if (!both_stand(redis))
		track_lost(redis);
	else if (redis->stale && t->listener && t->heard && !t->asked)
		t->asked = loc_redis_call(redis, promised, redis, (uint64_t)t->listener, 6, words) == 0;
}

/* "reg:alice@example.com", "policy:alice@example.com" */
static void changed_key(struct loc_redis *redis, const redisReply *key)
{
	const struct slice name = key->type == REDIS_REPLY_STRING ? slice_of(key->str, (uint32_t)key->len) : SLICE("");
	const int colon = slice_find(name, ':');

	track_changed(redis, slice_from(name, (uint32_t)(colon + 1)));
}

bool track_hears(struct loc_redis *redis, const redisReply *reply)
{
	const redisReply *keys;

	if (reply->type == REDIS_REPLY_INTEGER)
		redis->track.listener = reply->integer;
	if (reply->type != REDIS_REPLY_ARRAY || reply->elements != 3 || reply->element[1]->type != REDIS_REPLY_STRING ||
	    strcmp(reply->element[1]->str, TRACK_CHANNEL) != 0)
		return reply->type == REDIS_REPLY_INTEGER;
	keys = reply->element[2];
	if (keys->type == REDIS_REPLY_INTEGER)
		redis->track.heard = true; /* subscribed */
	else if (keys->type != REDIS_REPLY_ARRAY)
		track_lost(redis); /* all of it is gone, FLUSHALL */
	for (size_t i = 0; keys->type == REDIS_REPLY_ARRAY && i < keys->elements; i++)
		changed_key(redis, keys->element[i]);
	return true;
}
