/* SPDX-License-Identifier: MIT */
/*
 * watchers: sub:<aor> through watchers.lua; idx:sub:{events:reg}, score = when the first of an address ends.
 *
 *   {"call_id":"..","local":"..","remote":"..","target":"..","route":"..","event":"..","contact":"..","received":"..","edge":3,"flow":"7","listener":0}
 */
#include <stdlib.h>

#include "json.h"
#include "rt/arena.h"
#include "rt/cursor.h"
#include "watched.h"

struct op {
	struct loc_redis *redis;
	loc_watchers_fn *done;
	void *arg;
	uint64_t token;
	uint32_t aor_n;
	char aor[];
};

static void ignore(void *self, uint64_t token, int err, const redisReply *reply)
{
	(void)self, (void)token, (void)err, (void)reply;
}

/* ---- The record ---- */

static const struct field {
	struct slice name;
	size_t at;
} fields[] = {
#define F(name, member) { { name, sizeof(name) - 1 }, offsetof(struct loc_watcher, member) }
	F("call_id", call_id), F("local", local), F("remote", remote), F("target", target), F("route", route),
	F("event", event), F("contact", contact), F("received", received),
#undef F
};
enum { FIELDS = sizeof(fields) / sizeof(*fields) };

static struct slice *text_at(struct loc_watcher *w, int i)
{
	return (struct slice *)(void *)((char *)w + fields[i].at);
}

static void render(struct rt_cursor *c, const struct loc_watcher *w)
{
	struct loc_watcher copy = *w;

	for (int i = 0; i < FIELDS; i++) {
		rt_cursor_char(c, i ? ',' : '{');
		rt_cursor_char(c, '"');
		rt_cursor_put(c, fields[i].name);
		rt_cursor_lit(c, "\":\"");
		json_put_escaped(c, *text_at(&copy, i));
		rt_cursor_char(c, '"');
	}
	rt_cursor_printf(c, ",\"edge\":%u,\"flow\":\"%llu\",\"listener\":%u}", w->edge, (unsigned long long)w->flow, w->listener);
}

static bool set_number(struct loc_watcher *w, const struct json_pair *p)
{
	uint32_t n = 0;

	if (slice_eq(p->name, SLICE("flow")))
		return slice_u64(p->value, &w->flow);
	if (slice_eq(p->name, SLICE("edge")))
		return slice_u32(p->value, &w->edge);
	if (!slice_eq(p->name, SLICE("listener")))
		return true; /* of a later version */
	if (!slice_u32(p->value, &n) || n > UINT16_MAX)
		return false;
	w->listener = (uint16_t)n;
	return true;
}

static int parse(struct loc_watcher *w, struct slice json, struct rt_arena *a)
{
	struct json_pair p;
	int more;

	for (int i = 0; i < FIELDS; i++)
		*text_at(w, i) = SLICE("");
	while ((more = json_next(&json, &p)) > 0) {
		int i = 0;

		while (i < FIELDS && !slice_eq(fields[i].name, p.name))
			i++;
		if (i == FIELDS && !set_number(w, &p))
			return RT_BAD;
		if (i == FIELDS)
			continue;
		*text_at(w, i) = json_text(p.value, a);
		if (!slice_present(*text_at(w, i)))
			return RT_NOMEM;
	}
	return more < 0 || !w->target.n || !w->received.n ? RT_BAD : 0;
}

/* ---- Answers ---- */

static struct slice text_of(const redisReply *r)
{
	return r->type == REDIS_REPLY_STRING || r->type == REDIS_REPLY_STATUS ? slice_of(r->str, (uint32_t)r->len) : SLICE_NONE;
}

static int verdict(struct slice word)
{
	return slice_eq(word, SLICE("gone")) ? RT_ABSENT : slice_eq(word, SLICE("stale")) ? RT_STALE : slice_eq(word, SLICE("full")) ? RT_BIG : RT_BAD;
}

/* { id, number, expires_at, cseq, record, .. } */
static int read_watchers(const redisReply *list, struct loc_watcher *out, struct rt_arena *a)
{
	int n = 0;

	for (size_t i = 0; i + 4 < list->elements && n < 2 * LOC_WATCHERS_MAX; i += 5) {
		struct loc_watcher w = { .id = text_of(list->element[i]) };
		uint64_t till;

		if (slice_u32(text_of(list->element[i + 1]), &w.number) && slice_u64(text_of(list->element[i + 2]), &till) &&
		    slice_u32(text_of(list->element[i + 3]), &w.cseq) && !parse(&w, text_of(list->element[i + 4]), a)) {
			w.expires_at = (int64_t)till;
			out[n++] = w;
		}
	}
	return n;
}

/* The set says when to look again; 0: nobody is left. */
static void write_index(const struct op *op, struct slice earliest)
{
	const struct slice aor = slice_of(op->aor, op->aor_n);

	if (slice_eq(earliest, SLICE("0")))
		(void)!loc_redis_call(op->redis, ignore, 0, 0, 3, (struct slice[]){ SLICE("ZREM"), WATCHED_KEY, aor });
	else
		(void)!loc_redis_call(op->redis, ignore, 0, 0, 4, (struct slice[]){ SLICE("ZADD"), WATCHED_KEY, earliest, aor });
}

static size_t bytes_of(const redisReply *list)
{
	size_t n = 256;

	for (size_t i = 0; i < list->elements; i++)
		n += list->element[i]->len + 64;
	return n;
}

static void came(void *self, uint64_t token, int err, const redisReply *reply)
{
	struct op *op = self;
	struct loc_watcher w[2 * LOC_WATCHERS_MAX];
	struct rt_arena *a = 0;
	int n = 0;

	(void)token;
	if (!err && reply->type != REDIS_REPLY_ARRAY)
		err = verdict(text_of(reply));
	else if (!err && (reply->elements != 2 || reply->element[1]->type != REDIS_REPLY_ARRAY))
		err = RT_BAD;
	if (!err) {
		a = rt_arena_new(bytes_of(reply->element[1]));
		err = a ? 0 : RT_NOMEM;
	}
	if (!err) {
		n = read_watchers(reply->element[1], w, a);
		write_index(op, text_of(reply->element[0]));
	}
	op->done(op->arg, op->token, err, w, n);
	rt_arena_destroy(&a);
	free(op);
}

/* ---- Questions ---- */

static struct op *op_new(struct loc_redis *redis, struct slice aor, loc_watchers_fn *done, void *arg, uint64_t token)
{
	struct op *op = malloc(sizeof(*op) + aor.n);

	if (!op)
		return 0;
	*op = (struct op){ .redis = redis, .done = done, .arg = arg, .token = token, .aor_n = aor.n };
	if (aor.n)
		memcpy(op->aor, aor.p, aor.n);
	return op;
}

static struct slice number(struct rt_cursor *c, int64_t v)
{
	const uint32_t from = c->n;

	rt_cursor_u64(c, v > 0 ? (uint64_t)v : 0);
	return slice_of(c->p + from, c->n - from);
}

static struct slice key_of(struct rt_cursor *c, struct slice aor)
{
	const uint32_t from = c->n;

	rt_cursor_lit(c, "sub:");
	rt_cursor_put(c, aor);
	return slice_of(c->p + from, c->n - from);
}

static int run(struct op *op, int argc, const struct slice *argv)
{
	static _Thread_local struct loc_script script = {
		.text =
#include "watchers.lua.h"
	};
	const int err = op ? loc_redis_script(op->redis, &script, came, op, 0, 1, argc, argv) : RT_NOMEM;

	if (err)
		free(op);
	return err;
}

int loc_watchers_put(struct loc_redis *redis, struct slice aor, const struct loc_watcher *w, bool refresh, int64_t now, loc_watchers_fn *done,
                     void *arg, uint64_t token)
{
	char room[SIP_URI_MAX + 128];
	struct rt_cursor c = rt_cursor_on(room, sizeof(room));
	const size_t size = 512 + 6 * ((size_t)w->call_id.n + w->local.n + w->remote.n + w->target.n + w->route.n + w->event.n + w->contact.n +
	                               w->received.n);
	char *text = malloc(size);
	struct rt_cursor record = rt_cursor_on(text, text ? (uint32_t)size : 0);
	struct slice argv[9] = { key_of(&c, aor), number(&c, now), SLICE("put"), w->id, refresh ? SLICE("1") : SLICE("0"), SLICE_NONE,
		                 SLICE_NONE, SLICE_NONE, SLICE_NONE };
	struct op *op = op_new(redis, aor, done, arg, token);
	int err = RT_NOMEM;

	argv[5] = number(&c, LOC_WATCHERS_MAX);
	argv[6] = number(&c, w->expires_at);
	argv[7] = number(&c, w->cseq);
	render(&record, w);
	argv[8] = rt_cursor_text(&record);
	if (!c.err && !record.err)
		err = run(op, 9, argv);
	else
		free(op);
	free(text);
	return err;
}

int loc_watchers_take(struct loc_redis *redis, struct slice aor, bool ended, int64_t now, loc_watchers_fn *done, void *arg, uint64_t token)
{
	char room[SIP_URI_MAX + 64];
	struct rt_cursor c = rt_cursor_on(room, sizeof(room));
	const struct slice key = key_of(&c, aor), at = number(&c, now);

	return c.err ? RT_NOMEM : run(op_new(redis, aor, done, arg, token), 4, (struct slice[]){ key, at, SLICE("take"),
	                                                                                         ended ? SLICE("1") : SLICE("0") });
}

void loc_watchers_drop(struct loc_redis *redis, struct slice aor, struct slice id)
{
	char room[SIP_URI_MAX + 64];
	struct rt_cursor c = rt_cursor_on(room, sizeof(room));
	const struct slice key = key_of(&c, aor);

	if (!c.err)
		(void)!loc_redis_call(redis, ignore, 0, 0, 3, (struct slice[]){ SLICE("HDEL"), key, id });
}
