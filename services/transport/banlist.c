/* SPDX-License-Identifier: MIT */
/*
 * banlist: version, or number of bans --differs from what we have--> ZRANGEBYSCORE --> bans, and connections from there end.
 * A version is read before the list it belongs to, so a change in between is seen at the next question. Who edits the list with
 * redis-cli need not know of the version: another number of bans is seen at the next question, any other change within ANEW_MS.
 */
#include "banlist.h"

#include <math.h>
#include <stdlib.h>

#include "bans.h"
#include "conns.h"
#include "loc/redis.h"

enum {
	POLL_MS = 5000,
	RETRY_MS = 500, /* until the first list is here */
	ANEW_MS = 60000,
};

struct banlist {
	struct edge *edge;
	struct bans *bans;
	struct rt_timer timer;
	char version[24];
	long long count;    /* of `bans` in Redis, those that ran out included */
	rt_ms listed;
	bool known, asking;
};

static void ask(struct banlist *self);

static void rest(struct banlist *self)
{
	self->asking = false;
	svc_timer_start(self->edge->svc, &self->timer, 0, EDGE_TIMER_BANS, self->known ? POLL_MS : RETRY_MS);
}

static void on_change(void *arg, struct slice channel, struct slice text)
{
	struct banlist *self = arg;

	(void)channel;
	(void)text;
	if (!self->asking)
		ask(self);
}

/* ---- The list ---- */

static int64_t second_of(const redisReply *score)
{
	const double at = score->str ? strtod(score->str, 0) : 0;

	return at >= (double)INT64_MAX || isinf(at) ? INT64_MAX : at > 0 ? (int64_t)at : 0;
}

static void read_list(struct bans *bans, const redisReply *list)
{
	bans_clear(bans);
	for (size_t i = 0; i + 1 < list->elements; i += 2) {
		const redisReply *network = list->element[i];
		const struct slice word = network->str ? slice_of(network->str, (uint32_t)network->len) : SLICE_NONE;
		const int err = bans_add(bans, word, second_of(list->element[i + 1]));

		if (err == RT_BAD)
			rt_log(RT_LOG_W, "bans.bad", 0, "network=%s hint=\"remove it: redis-cli ZREM bans ...\"", rt_log_safe(word));
		if (err == RT_BIG) {
			rt_log(RT_LOG_W, "bans.full", 0, "most=%d hint=\"ban networks instead of addresses\"", TRANSPORT_BANS);
			return;
		}
	}
}

static void on_list(void *arg, uint64_t token, int err, const redisReply *reply)
{
	struct banlist *self = arg;
	const uint32_t had = bans_count(self->bans);

	(void)token;
	if (err == 0 && reply->type == REDIS_REPLY_ARRAY) {
		read_list(self->bans, reply);
		conns_end_banned(self->edge->conns);
		if (self->known ? bans_count(self->bans) != had : bans_count(self->bans))
			rt_log(RT_LOG_I, "bans.loaded", 0, "networks=%u", bans_count(self->bans));
		self->known = true;
		self->listed = svc_now(self->edge->svc);
	} else {
		self->version[0] = 0;
	}
	rest(self);
}

/* What was asked for did not come: whatever the version says, it is asked for once more. */
static void again(struct banlist *self)
{
	self->version[0] = 0;
	rest(self);
}

static void fetch(struct banlist *self)
{
	char now[24];
	struct rt_cursor c = rt_cursor_on(now, sizeof(now));
	const struct slice limit = SLICE("16384");
	_Static_assert(TRANSPORT_BANS == 16384, "as many as the table holds");

	rt_cursor_printf(&c, "%lld", (long long)(svc_wall_ms(self->edge->svc) / 1000));
	if (loc_redis_call(svc_redis(self->edge->svc), on_list, self, 0, 8,
			   (struct slice[]){ SLICE("ZRANGEBYSCORE"), SLICE("bans"), rt_cursor_text(&c), SLICE("+inf"), SLICE("WITHSCORES"),
					     SLICE("LIMIT"), SLICE("0"), limit }) < 0)
		again(self);
}

/* ---- The version, and the number ---- */

static void on_count(void *arg, uint64_t token, int err, const redisReply *reply)
{
	struct banlist *self = arg;
	const bool old = svc_now(self->edge->svc) - self->listed >= ANEW_MS;
	const long long had = self->count;

	if (err < 0) {
		again(self);
		return;
	}
	self->count = reply->integer;
	if (token || old || self->count != had)
		fetch(self);
	else
		rest(self);
}

static void on_version(void *arg, uint64_t token, int err, const redisReply *reply)
{
	struct banlist *self = arg;
	char fresh[sizeof(self->version)] = "0";
	bool changed;

	(void)token;
	if (err < 0) {
		rest(self);
		return;
	}
	if (reply->str)
		slice_cstr(slice_of(reply->str, (uint32_t)reply->len), fresh, sizeof(fresh));
	changed = strcmp(fresh, self->version) != 0;
	memcpy(self->version, fresh, sizeof(fresh));
	if (loc_redis_call(svc_redis(self->edge->svc), on_count, self, changed, 2, (struct slice[]){ SLICE("ZCARD"), SLICE("bans") }) < 0)
		again(self);
}

static void ask(struct banlist *self)
{
	svc_timer_stop(self->edge->svc, &self->timer);
	self->asking = true;
	if (loc_redis_call(svc_redis(self->edge->svc), on_version, self, 0, 2, (struct slice[]){ SLICE("GET"), SLICE("bans:version") }) < 0)
		rest(self);
}

/* ---- Life ---- */

struct banlist *banlist_new(struct edge *edge)
{
	struct banlist *self = calloc(1, sizeof(*self));

	if (!self)
		return 0;
	self->edge = edge;
	self->bans = bans_new();
	if (!self->bans) {
		free(self);
		return 0;
	}
	if (!svc_redis(edge->svc))
		return self;
	if (loc_redis_subscribe(svc_redis(edge->svc), SLICE("bans"), on_change, self) < 0)
		rt_log(RT_LOG_W, "bans.unheard", 0, "hint=\"bans come into force within %d ms instead of at once\"", POLL_MS);
	ask(self);
	return self;
}

void banlist_destroy(struct banlist **self_p)
{
	struct banlist *self = *self_p;

	if (!self)
		return;
	svc_timer_stop(self->edge->svc, &self->timer);
	bans_destroy(&self->bans);
	free(self);
	*self_p = 0;
}

void banlist_expired(struct banlist *self)
{
	ask(self);
}

bool banlist_stops(struct banlist *self, const struct sip_hop *source)
{
	if (!bans_has(self->bans, source, (int64_t)(svc_wall_ms(self->edge->svc) / 1000)))
		return false;
	++*self->edge->count.banned;
	return true;
}
