/* SPDX-License-Identifier: MIT */
/*
 * gatelist: one question after another, and the snapshot changes hands when all are answered.
 *
 *   version --differs--> gateways --> routes --> a new snapshot --+--> down --> rest
 *      +------------------- the same ---------------------------- +
 *
 * The version is read before what it is about, so a change in between is seen at the next question.
 */
#include "gatelist.h"

#include <stdlib.h>

#include "loc/redis.h"

enum {
	POLL_MS = 5000,
	RETRY_MS = 500,     /* until the first answer is here */
	UNPROBED_DOWN = 32, /* seconds a hop without OPTIONS stays last: as long as a transaction lives */
	MISSED = 3,         /* intervals a mark outlives its last renewal */
};

struct gatelist {
	struct svc *svc;
	struct gateways *now, *fresh;
	struct rt_timer timer;
	char version[24];
	uint64_t *marks;
	uint8_t timer_name;
	bool known, asking, again;
};

static void ask(struct gatelist *self);

/* ---- Building ---- */

static void add_hop(struct gateways *to, struct slice group, struct slice text, const char *where)
{
	struct svc_hop hop = { .group = group };
	char why[SVC_GATEWAY_WHY];

	if (!svc_group_is(group) || svc_hop_read(&hop, text, why))
		rt_log(RT_LOG_W, "gateway.bad", 0, "in=%s hop=%s hint=\"peal gateway rm, then add\"", where, rt_log_safe(text));
	else if (gateways_add_hop(to, &hop))
		rt_log(RT_LOG_W, "gateway.full", 0, "most=%d groups=%d left_out=%s", GATEWAY_HOPS, GATEWAY_GROUPS, rt_log_safe(text));
}

static void add_route(struct gateways *to, const struct svc_route *route)
{
	if (svc_route_what(route->what) == SVC_WHAT_NONE || !svc_group_is(route->group))
		rt_log(RT_LOG_W, "route.bad", 0, "route=%s hint=\"peal route rm\"", rt_log_safe(route->what));
	else if (gateways_add_route(to, route))
		rt_log(RT_LOG_W, "route.full", 0, "most=%d left_out=%s", GATEWAY_ROUTES, rt_log_safe(route->what));
}

static struct gateways *from_config(struct gatelist *self)
{
	const struct svc_config *const config = svc_config(self->svc);
	struct gateways *const g = gateways_new();

	for (uint32_t i = 0; g && i < config->nhop; i++)
		if (gateways_add_hop(g, &config->hop[i]))
			rt_log(RT_LOG_W, "gateway.full", 0, "most=%d groups=%d", GATEWAY_HOPS, GATEWAY_GROUPS);
	for (uint32_t i = 0; g && i < config->nroute; i++)
		add_route(g, &config->route[i]);
	return g;
}

static void take_over(struct gatelist *self)
{
	gateways_seal(self->fresh);
	if (self->now)
		gateways_inherit(self->fresh, self->now);
	gateways_destroy(&self->now);
	self->now = self->fresh;
	self->fresh = 0;
}

/* ---- Conversation ---- */

static void rest(struct gatelist *self)
{
	gateways_destroy(&self->fresh);
	self->asking = false;
	if (self->again)
		ask(self);
	else
		svc_timer_start(self->svc, &self->timer, 0, self->timer_name, self->known ? POLL_MS : RETRY_MS);
}

/* It did not come to an end: the next question is to begin with the version, whatever it is. */
static void fail(struct gatelist *self)
{
	self->version[0] = 0;
	rest(self);
}

static void call(struct gatelist *self, loc_redis_fn *fn, const char *verb, const char *key)
{
	struct loc_redis *const redis = svc_redis(self->svc);

	if (!redis || loc_redis_call(redis, fn, self, 0, 2, (struct slice[]){ slice_str(verb), slice_str(key) }))
		fail(self);
}

static struct slice text_of(const redisReply *r)
{
	return r->str ? slice_of(r->str, (uint32_t)r->len) : SLICE("");
}

static bool is_hash(int err, const redisReply *reply)
{
	return !err && reply->type == REDIS_REPLY_ARRAY;
}

/* "1795300090 TIMEOUT" */
static int64_t until_of(const redisReply *marks, struct slice uri)
{
	for (size_t i = 0; i + 1 < marks->elements; i += 2)
		if (slice_eq(text_of(marks->element[i]), uri))
			return strtoll(marks->element[i + 1]->str ? marks->element[i + 1]->str : "0", 0, 10);
	return 0;
}

static void on_marks(void *arg, uint64_t token, int err, const redisReply *reply)
{
	struct gatelist *const self = arg;
	const int64_t now = svc_wall(self->svc);
	const struct gateway_hop *h;

	(void)token;
	for (uint32_t i = 0; is_hash(err, reply) && (h = gateways_at(self->now, i)); i++) {
		const int64_t until = h->twin ? 0 : until_of(reply, h->uri);

		if (!h->twin && gateways_mark(self->now, h->uri, until, now))
			rt_log(RT_LOG_I, until > now ? "gateway.down" : "gateway.up", 0, "uri=%s told=1", rt_log_safe(h->uri));
	}
	rest(self);
}

static void on_routes(void *arg, uint64_t token, int err, const redisReply *reply)
{
	struct gatelist *const self = arg;

	(void)token;
	if (!is_hash(err, reply) || !self->fresh) {
		fail(self);
		return;
	}
	for (size_t i = 0; i + 1 < reply->elements; i += 2)
		add_route(self->fresh, &(struct svc_route){ text_of(reply->element[i]), text_of(reply->element[i + 1]) });
	if (self->known || reply->elements)
		rt_log(RT_LOG_I, "gateways.loaded", 0, "routes=%zu version=%s", reply->elements / 2, self->version);
	self->known = true;
	take_over(self);
	call(self, on_marks, "HGETALL", "gateways:down");
}

static void on_hops(void *arg, uint64_t token, int err, const redisReply *reply)
{
	struct gatelist *const self = arg;

	(void)token;
	if (is_hash(err, reply)) {
		gateways_destroy(&self->fresh);
		self->fresh = from_config(self);
	}
	if (!self->fresh) {
		fail(self);
		return;
	}
	for (size_t i = 0; i + 1 < reply->elements; i += 2) {
		const struct slice field = text_of(reply->element[i]);
		const int blank = slice_find(field, ' ');
		const struct slice text = rt_arena_printf(svc_arena(self->svc), SLICE_FMT " " SLICE_FMT,
							  SLICE_ARG(slice_from(field, (uint32_t)blank + 1)), SLICE_ARG(text_of(reply->element[i + 1])));

		add_hop(self->fresh, blank < 0 ? SLICE("") : slice_head(field, (uint32_t)blank), text, "redis");
	}
	call(self, on_routes, "HGETALL", "routes");
}

static void on_version(void *arg, uint64_t token, int err, const redisReply *reply)
{
	struct gatelist *const self = arg;
	char version[sizeof(self->version)] = "0";

	(void)token;
	if (err) {
		fail(self);
		return;
	}
	if (reply->str)
		slice_cstr(text_of(reply), version, sizeof(version));
	if (!strcmp(version, self->version)) {
		call(self, on_marks, "HGETALL", "gateways:down");
		return;
	}
	memcpy(self->version, version, sizeof(version));
	call(self, on_hops, "HGETALL", "gateways");
}

static void ask(struct gatelist *self)
{
	svc_timer_stop(self->svc, &self->timer);
	self->asking = true;
	self->again = false;
	call(self, on_version, "GET", "gateways:version");
}

static void on_change(void *arg, struct slice channel, struct slice text)
{
	struct gatelist *const self = arg;

	(void)channel;
	(void)text;
	if (self->asking)
		self->again = true;
	else
		ask(self);
}

/* ---- Marks ---- */

static void on_told(void *arg, uint64_t token, int err, const redisReply *reply)
{
	(void)arg;
	(void)token;
	(void)reply;
	if (err)
		rt_log(RT_LOG_D, "gateway.untold", 0, "why=%s", rt_err_name(err));
}

static void tell(struct gatelist *self, int argc, const struct slice *argv, bool news)
{
	struct loc_redis *const redis = svc_redis(self->svc);

	if (!redis || loc_redis_call(redis, on_told, self, 0, argc, argv))
		return; /* a mark of our own it remains */
	if (news && loc_redis_call(redis, on_told, self, 0, 3, (struct slice[]){ SLICE("PUBLISH"), SLICE("gateways"), SLICE("down") }))
		rt_log(RT_LOG_D, "gateway.untold", 0, "by=publish");
}

void gatelist_failed(struct gatelist *self, struct slice uri, const char *why)
{
	const struct gateway_hop *const h = gateways_find(self->now, uri);
	const int64_t now = svc_wall(self->svc), left = h ? h->down_until - now : 0;
	const int64_t seconds = h && h->options ? (int64_t)h->options * MISSED : UNPROBED_DOWN;
	struct slice value;
	bool news;

	if (!h || left > seconds * 3 / 4)
		return;
	news = gateways_mark(self->now, uri, now + seconds, now);
	if (news) {
		++*self->marks;
		rt_log(RT_LOG_W, "gateway.down", 0, "uri=%s group=" SLICE_FMT " why=%s", rt_log_safe(uri),
		       SLICE_ARG(gateways_group(self->now, (int)h->group)), why);
	}
	value = rt_arena_printf(svc_arena(self->svc), "%lld %s", (long long)(now + seconds), why);
	tell(self, 4, (struct slice[]){ SLICE("HSET"), SLICE("gateways:down"), uri, value }, news);
}

void gatelist_worked(struct gatelist *self, struct slice uri)
{
	const struct gateway_hop *const h = gateways_find(self->now, uri);

	if (!h || !h->down_until)
		return;
	if (gateways_mark(self->now, uri, 0, svc_wall(self->svc)))
		rt_log(RT_LOG_I, "gateway.up", 0, "uri=%s group=" SLICE_FMT, rt_log_safe(uri),
		       SLICE_ARG(gateways_group(self->now, (int)h->group)));
	tell(self, 3, (struct slice[]){ SLICE("HDEL"), SLICE("gateways:down"), uri }, true);
}

/* ---- Life ---- */

struct gatelist *gatelist_new(struct svc *svc, uint8_t timer_name)
{
	struct gatelist *self = calloc(1, sizeof(*self));

	if (!self)
		return 0;
	self->svc = svc;
	self->timer_name = timer_name;
	self->marks = svc_counter(svc, "proxy_gateways_marked_total", "times a gateway was found to be down");
	self->fresh = from_config(self);
	if (!self->fresh) {
		free(self);
		return 0;
	}
	take_over(self);
	if (!svc_redis(svc))
		return self;
	if (loc_redis_subscribe(svc_redis(svc), SLICE("gateways"), on_change, self))
		rt_log(RT_LOG_W, "gateways.unheard", 0, "hint=\"changes come into force within %d ms instead of at once\"", POLL_MS);
	ask(self);
	return self;
}

void gatelist_destroy(struct gatelist **self_p)
{
	struct gatelist *const self = *self_p;

	if (!self)
		return;
	svc_timer_stop(self->svc, &self->timer);
	gateways_destroy(&self->fresh);
	gateways_destroy(&self->now);
	free(self);
	*self_p = 0;
}

bool gatelist_timer(struct gatelist *self, const struct rt_timer *t)
{
	if (t != &self->timer)
		return false;
	ask(self);
	return true;
}

void gatelist_reload(struct gatelist *self)
{
	gateways_destroy(&self->fresh);
	self->fresh = from_config(self);
	if (!self->fresh)
		return;
	take_over(self); /* until Redis has answered, which is soon */
	self->version[0] = 0;
	on_change(self, SLICE(""), SLICE(""));
}

struct gateways *gatelist_now(const struct gatelist *self)
{
	return self->now;
}
