/* SPDX-License-Identifier: MIT */
/*
 * events: the stream events:reg, read by the consumer group "watchers": each event goes to one registrar.
 *
 *   XREADGROUP .. >   what is new          XACK when it was handed over          XAUTOCLAIM what a dead registrar left
 *
 * The group exists only while somebody watches somebody (idx:sub:{events:reg}, of one slot with the stream): nobody pays for a stream nobody asked for.
 */
#include <stdlib.h>

#include "watched.h"
#include "rt/cursor.h"

struct reading {
	struct loc_redis *redis;
	loc_events_fn *fn;
	loc_due_fn *due;
	void *arg;
};

static void ignore(void *self, uint64_t token, int err, const redisReply *reply)
{
	(void)self, (void)token, (void)err, (void)reply;
}

static struct slice text_of(const redisReply *r)
{
	return r->type == REDIS_REPLY_STRING ? slice_of(r->str, (uint32_t)r->len) : SLICE_NONE;
}

static struct slice field(const redisReply *pairs, const char *name)
{
	for (size_t i = 0; i + 1 < pairs->elements; i += 2)
		if (slice_eq(text_of(pairs->element[i]), slice_str(name)))
			return text_of(pairs->element[i + 1]);
	return SLICE("");
}

/* { { id, { name, value .. } } .. }: handed over, and then acknowledged. A deleted entry has no pairs. */
static void hand_over(const struct reading *r, const redisReply *entries)
{
	struct slice ack[3 + LOC_EVENTS] = { SLICE("XACK"), SLICE("events:reg"), SLICE("watchers") };
	struct loc_event event[LOC_EVENTS] = { 0 };
	int n = 0, nack = 3;

	for (size_t i = 0; i < entries->elements && i < LOC_EVENTS; i++) {
		const redisReply *e = entries->element[i];

		if (e->type != REDIS_REPLY_ARRAY || e->elements != 2)
			continue;
		ack[nack++] = text_of(e->element[0]);
		if (e->element[1]->type != REDIS_REPLY_ARRAY)
			continue;
		event[n] = (struct loc_event){ field(e->element[1], "event"), field(e->element[1], "aor"), field(e->element[1], "id"),
			                       field(e->element[1], "contact") };
		n += event[n].aor.n > 0;
	}
	r->fn(r->arg, 0, event, n, entries->elements >= LOC_EVENTS);
	if (nack > 3)
		(void)!loc_redis_call(r->redis, ignore, 0, 0, nack, ack);
}

/* { { "events:reg", entries } }, nil when there is nothing; NOGROUP when nobody watches. */
static void came(void *self, uint64_t token, int err, const redisReply *reply)
{
	struct reading *r = self;

	(void)token;
	if (err == RT_BAD)
		r->fn(r->arg, RT_ABSENT, 0, 0, false);
	else if (err)
		r->fn(r->arg, err, 0, 0, false);
	else if (reply->type == REDIS_REPLY_ARRAY && reply->elements == 1 && reply->element[0]->elements == 2)
		hand_over(r, reply->element[0]->element[1]);
	else
		r->fn(r->arg, 0, 0, 0, false);
	free(r);
}

static struct reading *reading_new(struct loc_redis *redis, loc_events_fn *fn, loc_due_fn *due, void *arg)
{
	struct reading *r = malloc(sizeof(*r));

	if (r)
		*r = (struct reading){ redis, fn, due, arg };
	return r;
}

static struct slice decimal(char room[24], int64_t v)
{
	struct rt_cursor c = rt_cursor_on(room, 24);

	rt_cursor_u64(&c, (uint64_t)v);
	return rt_cursor_text(&c);
}

int loc_events_next(struct loc_redis *redis, uint32_t me, loc_events_fn *fn, void *arg)
{
	struct reading *r = reading_new(redis, fn, 0, arg);
	char name[24], most[24];
	const int err = r ? loc_redis_call(redis, came, r, 0, 9,
	                                   (struct slice[]){ SLICE("XREADGROUP"), SLICE("GROUP"), SLICE("watchers"), decimal(name, me), SLICE("COUNT"),
	                                                     decimal(most, LOC_EVENTS), SLICE("STREAMS"), SLICE("events:reg"), SLICE(">") })
	                  : RT_DOWN;

	if (err)
		free(r);
	return err;
}

/* ---- The beginning ---- */

struct beginning {
	loc_ready_fn *fn;
	void *arg;
};

/* BUSYGROUP: it is there already. */
static void begun(void *self, uint64_t token, int err, const redisReply *reply)
{
	struct beginning *b = self;

	(void)token, (void)reply;
	b->fn(b->arg, err == RT_BAD ? 0 : err);
	free(b);
}

int loc_events_begin(struct loc_redis *redis, loc_ready_fn *fn, void *arg)
{
	struct beginning *b = malloc(sizeof(*b));
	int err = RT_DOWN;

	if (b) {
		*b = (struct beginning){ fn, arg };
		err = loc_redis_call(redis, begun, b, 0, 6, (struct slice[]){ SLICE("XGROUP"), SLICE("CREATE"), SLICE("events:reg"),
		                                                              SLICE("watchers"), SLICE("$"), SLICE("MKSTREAM") });
	}
	if (err)
		free(b);
	return err;
}

/* ---- The sweep ---- */

/* { cursor, entries, deleted } */
static void claimed(void *self, uint64_t token, int err, const redisReply *reply)
{
	struct reading *r = self;

	(void)token;
	if (!err && reply->type == REDIS_REPLY_ARRAY && reply->elements >= 2 && reply->element[1]->type == REDIS_REPLY_ARRAY)
		hand_over(r, reply->element[1]);
	free(r);
}

static void due(void *self, uint64_t token, int err, const redisReply *reply)
{
	struct reading *r = self;

	(void)token;
	for (size_t i = 0; !err && reply->type == REDIS_REPLY_ARRAY && i < reply->elements; i++)
		if (reply->element[i]->type == REDIS_REPLY_STRING)
			r->due(r->arg, text_of(reply->element[i]));
	free(r);
}

static void ask(struct loc_redis *redis, loc_redis_fn *fn, struct reading *r, int argc, const struct slice *argv)
{
	if (r && loc_redis_call(redis, fn, r, 0, argc, argv))
		free(r);
}

void loc_watchers_sweep(struct loc_redis *redis, uint32_t me, int64_t now, loc_due_fn *due_fn, loc_events_fn *events, void *arg)
{
	static _Thread_local struct loc_script stop = { /* one step: a subscription that begins meanwhile comes before or after it */
		.text = "if redis.call('EXISTS', KEYS[2]) == 0 and redis.call('EXISTS', KEYS[1]) == 1 then "
		        "return redis.call('XGROUP', 'DESTROY', KEYS[1], 'watchers') end return 0",
	};
	char name[24], at[24];

	ask(redis, due, reading_new(redis, events, due_fn, arg), 7,
	    (struct slice[]){ SLICE("ZRANGEBYSCORE"), WATCHED_KEY, SLICE("-inf"), decimal(at, now), SLICE("LIMIT"), SLICE("0"), SLICE("64") });
	ask(redis, claimed, reading_new(redis, events, due_fn, arg), 8,
	    (struct slice[]){ SLICE("XAUTOCLAIM"), SLICE("events:reg"), SLICE("watchers"), decimal(name, me), SLICE("10000"), SLICE("0"),
	                      SLICE("COUNT"), SLICE("64") });
	(void)!loc_redis_script(redis, &stop, ignore, 0, 0, 2, 2, (const struct slice[]){ SLICE("events:reg"), WATCHED_KEY });
}
