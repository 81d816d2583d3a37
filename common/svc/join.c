/* SPDX-License-Identifier: MIT */
/*
 * join: some questions, in order; a loss of the connection begins again from the first.
 *
 *   SETNX schema, GET schema      the layout of the keys: never two versions in one Redis
 *   SETNX secret, GET secret      32 bytes in hex: whoever came first chose them
 *   SETNX bus, GET bus            the mark of the key of the bus, where there is one: never two keys in one cluster
 *   HVALS nodes                   whether somebody lives who has no version of parcels that we have
 *   INCRBY nodes:next n           a block of n actor ids
 */
#include "join.h"

#include <poll.h>
#include <stdlib.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "loc/redis.h"
#include "membership.h"
#include "rt/clock.h"
#include "svc/key.h"

enum {
	ID_MASK = 0xffffff,
	SAY_AFTER = 300,  /* ms without an answer before we mention that we wait */
	NOT_NOW_WAIT = 200,  /* ms after an answer that says "not now" */
	STEP_MAX = 100,   /* ms of one poll */
};

struct talk {
	struct svc_process *process;
	struct loc_redis *redis;
	rt_ms began;
	bool said, answered;
	int err;
	long long number;
	char text[128];
	struct wire_member foreign; /* a record we cannot talk to; id 0: there is none */
};

static void on_answer(void *arg, uint64_t token, int err, const redisReply *reply)
{
	struct talk *self = arg;

	(void)token;
	self->answered = true;
	self->err = err;
	self->number = 0;
	self->text[0] = 0;
	if (!reply)
		return;
	self->number = reply->integer;
	if (reply->str)
		slice_cstr(slice_of(reply->str, (uint32_t)reply->len), self->text, sizeof(self->text));
}

/* What an operator can do about why Redis is not usable. */
static const char *hint_of(const char *why)
{
	static const struct {
		const char *sign, *hint;
	} row[] = {
		{ "DB index", "the number at the end of redis.url is the database; `databases` of redis.conf says how many there are" },
		{ "it refused us", "redis.url holds user and password (a sentinel's: ?sentinel=user:password)" },
		{ "READONLY", "it is a replica; name the master in redis.url, or its sentinels" },
		{ "OOM", "it is full; give it more memory (maxmemory)" },
		{ "Protocol error", "something else than Redis answers there; set redis.url" },
	};

	for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++)
		if (strstr(why, row[i].sign))
			return row[i].hint;
	return "start Redis there or set redis.url";
}

static void say_waiting(struct talk *self, const char *why)
{
	if (self->said || rt_clock_ms() - self->began < SAY_AFTER)
		return;
	self->said = true;
	rt_log(RT_LOG_W, "redis.waiting", 0, "why=\"%s\"; %s; trying on", why, hint_of(why));
}

/* One step of waiting. False when a signal says stop. */
static bool pump(struct talk *self)
{
	struct pollfd p[2] = {
		{ self->process->signals, POLLIN, 0 },
		{ loc_redis_fd(self->redis), (short)loc_redis_events(self->redis), 0 },
	};
	const rt_ms now = rt_clock_ms(), due = loc_redis_tick(self->redis, now);
	struct signalfd_siginfo info;

	loc_redis_flush(self->redis);
	p[1].fd = loc_redis_fd(self->redis);
	p[1].events = (short)loc_redis_events(self->redis);
	poll(p, 2, due <= now ? 0 : due - now < STEP_MAX ? (int)(due - now) : STEP_MAX);
	if (p[1].revents)
		loc_redis_ready(self->redis, (uint32_t)p[1].revents, rt_clock_ms());
	if (!loc_redis_up(self->redis))
		say_waiting(self, loc_redis_trouble(self->redis));
	if (!(p[0].revents & POLLIN) || read(self->process->signals, &info, sizeof(info)) != sizeof(info))
		return true;
	return info.ssi_signo == SIGHUP || info.ssi_signo == SIGUSR1; /* nothing runs yet that could reload */
}
_Static_assert(POLLIN == 1 && POLLOUT == 4, "EPOLLIN and EPOLLOUT are the same bits");

static bool pause_for(struct talk *self, rt_ms ms) /* false: stop */
{
	for (const rt_ms until = rt_clock_ms() + ms; rt_clock_ms() < until;)
		if (!pump(self))
			return false;
	return true;
}

/* Ask one question. 0, RT_DOWN (stop), RT_MORE (begin again) */
static int ask_with(struct talk *self, loc_redis_fn *fn, int argc, const struct slice *argv)
{
	self->answered = false;
	while (loc_redis_call(self->redis, fn, self, 0, argc, argv))
		if (!pump(self))
			return RT_DOWN;
	while (!self->answered)
		if (!pump(self))
			return RT_DOWN;
	if (self->err == 0)
		return 0;
	say_waiting(self, self->text[0] ? self->text : rt_err_text(self->err));
	return pause_for(self, NOT_NOW_WAIT) ? RT_MORE : RT_DOWN;
}

static int ask(struct talk *self, int argc, const struct slice *argv)
{
	return ask_with(self, on_answer, argc, argv);
}

/* Keep what stands there; be the first to write it otherwise. */
static int settle(struct talk *self, struct slice key, struct slice value)
{
	const struct slice set[] = { SLICE("SETNX"), key, value }, get[] = { SLICE("GET"), key };
	const int err = ask(self, 3, set);

	return err ? err : ask(self, 2, get);
}

static int check_schema(struct talk *self)
{
	const int err = settle(self, SLICE("schema"), SLICE(PROCESS_SCHEMA));

	if (err || strcmp(self->text, PROCESS_SCHEMA) == 0)
		return err;
	rt_log(RT_LOG_E, "redis.refused", 0,
	       "its key schema says \"%s\", this version needs \"%s\": use the version of Peal that wrote it, or another Redis database",
	       rt_log_safe(slice_str(self->text)), PROCESS_SCHEMA);
	return RT_CONFIG;
}

static int take_secret(struct talk *self)
{
	uint8_t fresh[32], *out = self->process->secret;
	char hex[65];
	struct rt_cursor c = rt_cursor_on(hex, sizeof(hex));
	int err;

	rt_random(fresh, sizeof(fresh));
	for (size_t i = 0; i < sizeof(fresh); i++)
		rt_cursor_hex(&c, fresh[i], 2);
	err = settle(self, SLICE("secret"), rt_cursor_text(&c));
	if (err)
		return err;
	for (size_t i = 0; i < sizeof(fresh); i++) {
		uint64_t byte;

		if (strlen(self->text) != 2 * sizeof(fresh) || !slice_hex_u64(slice_of(self->text + 2 * i, 2), &byte)) {
			rt_log(RT_LOG_E, "redis.refused", 0, "its key secret is not 64 hex digits; stop all workers, delete the key, start again");
			return RT_CONFIG;
		}
		out[i] = (uint8_t)byte;
	}
	return 0;
}

/* Without a key of its own the bus has one that follows from the secret: whoever may read Redis may then talk on it. */
static int find_bus_key(struct svc_process *process)
{
	const struct slice given = process->config->server_bus_key;
	char why[SVC_KEY_WHY];
	struct rt_key half[2];
	uint64_t key[4];

	if (given.n && svc_key_read(process->bus_key, given, why)) {
		rt_log(RT_LOG_E, "bus.refused", 0, "server.bus_key: %s", why);
		return RT_CONFIG;
	}
	if (given.n)
		return 0;
	memcpy(half, process->secret, sizeof(half));
	for (uint64_t i = 0; i < 4; i++)
		key[i] = rt_mix(rt_hash(half[0], &i, sizeof(i)), rt_hash(half[1], &i, sizeof(i)));
	memcpy(process->bus_key, key, sizeof(process->bus_key));
	return 0;
}

static int check_bus_key(struct talk *self)
{
	struct svc_process *process = self->process;
	int err;

	if (!process->config->server_bus.n)
		return 0;
	err = find_bus_key(process);
	if (err)
		return err;
	svc_key_mark(process->bus_mark, process->bus_key);
	err = settle(self, SLICE("bus"), slice_str(process->bus_mark));
	if (err || strcmp(self->text, process->bus_mark) == 0)
		return err;
	rt_log(RT_LOG_E, "bus.refused", 0,
	       "the key of the bus here has the mark %s, that of the others %s: give all workers the same server.bus_key; "
	       "for a new one stop them all and delete the Redis key `bus`", process->bus_mark, rt_log_safe(slice_str(self->text)));
	return RT_CONFIG;
}

static void on_records(void *arg, uint64_t token, int err, const redisReply *reply)
{
	struct talk *self = arg;
	struct wire_member m;

	on_answer(arg, token, err, reply);
	self->foreign.id = 0;
	for (size_t i = 0; reply && i < reply->elements; i++)
		if (wire_member_parse(&m, slice_of(reply->element[i]->str, (uint32_t)reply->element[i]->len)) == 0 &&
		    !wire_member_speaks(&m) && m.seen >= self->foreign.seen)
			self->foreign = m;
}

/* A record alone may be what a dead worker left behind: it lives when it changes. */
static int check_versions(struct talk *self)
{
	const struct slice get[] = { SLICE("HVALS"), SLICE("nodes") };
	const rt_ms until = rt_clock_ms() + MEMBERSHIP_FORGET;
	struct wire_member first = { 0 };

	do {
		const int err = ask_with(self, on_records, 2, get);

		if (err || !self->foreign.id)
			return err;
		if (first.id == self->foreign.id && first.seen != self->foreign.seen) {
			rt_log(RT_LOG_E, "member.foreign", 0,
			       "a live %s, id=%u on host %s, has parcels of version %u to %u, this program %d to %d: upgrade by one version at a time",
			       wire_tier_name(first.tier), first.id, first.host, first.oldest, first.version, WIRE_VERSION_OLDEST,
			       WIRE_VERSION);
			return RT_CONFIG;
		}
		first = self->foreign;
		if (!pause_for(self, NOT_NOW_WAIT))
			return RT_DOWN;
	} while (rt_clock_ms() < until);
	return 0;
}

/* A block that neither holds 0 nor passes the end of the 24 bits. */
static int take_ids(struct talk *self)
{
	const uint32_t n = (uint32_t)self->process->nloop * self->process->nactor;
	char count[16];
	uint32_t first;
	int err;

	snprintf(count, sizeof(count), "%u", n);
	do {
		const struct slice incr[] = { SLICE("INCRBY"), SLICE("nodes:next"), slice_str(count) };

		err = ask(self, 3, incr);
		first = (uint32_t)((unsigned long long)self->number - n + 1) & ID_MASK;
	} while (!err && (first == 0 || first + n > ID_MASK));
	if (!err)
		self->process->first_id = first;
	return err;
}

static int converse(struct talk *self)
{
	int err;

	do {
		err = check_schema(self);
		if (!err)
			err = take_secret(self);
		if (!err)
			err = check_bus_key(self);
		if (!err)
			err = check_versions(self);
		if (!err)
			err = take_ids(self);
	} while (err == RT_MORE);
	return err;
}

int join_cluster(struct svc_process *process)
{
	struct talk self = { .process = process, .began = rt_clock_ms() };
	char url[SVC_REDIS_URL_MAX];
	int err;

	slice_cstr(process->config->redis_url, url, sizeof(url));
	self.redis = loc_redis_new(url, (uint32_t)process->config->redis_timeout, self.began);
	if (!self.redis) {
		rt_log(RT_LOG_E, "config.refused", 0, "no memory for a connection to Redis");
		return RT_CONFIG;
	}
	err = converse(&self);
	loc_redis_destroy(&self.redis);
	if (!err && self.said)
		rt_log(RT_LOG_I, "redis.joined", 0, "waited=%llums", (unsigned long long)(rt_clock_ms() - self.began));
	return err;
}
