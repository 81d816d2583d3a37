/* SPDX-License-Identifier: MIT */
/* wake: events:reg as one who waits for a registration reads it, and events:wake, what he asks of those who can wake phones. */
#include <stdlib.h>

#include "loc/queue.h"
#include "rt/cursor.h"

struct reading {
	loc_registered_fn *fn;
	void *arg;
};

static struct slice text_of(const redisReply *r)
{
	return r->type == REDIS_REPLY_STRING ? slice_of(r->str, (uint32_t)r->len) : SLICE("");
}

/* { id, { name, value .. } } */
static bool read_event(const redisReply *e, struct loc_registered *out)
{
	*out = (struct loc_registered){ SLICE(""), SLICE(""), SLICE("") };
	if (e->type != REDIS_REPLY_ARRAY || e->elements != 2)
		return false;
	out->at = text_of(e->element[0]);
	for (size_t i = 0; e->element[1]->type == REDIS_REPLY_ARRAY && i + 1 < e->element[1]->elements; i += 2) {
		const struct slice name = text_of(e->element[1]->element[i]), value = text_of(e->element[1]->element[i + 1]);

		if (slice_eq(name, SLICE("event")))
			out->kind = value;
		else if (slice_eq(name, SLICE("aor")))
			out->aor = value;
	}
	return out->at.n > 0;
}

/* XREVRANGE answers entries; XREAD { { "events:reg", entries } }, or nil when there is nothing. */
static const redisReply *entries_of(const redisReply *r)
{
	if (r->type != REDIS_REPLY_ARRAY || !r->elements)
		return 0;
	if (r->element[0]->type == REDIS_REPLY_ARRAY && r->element[0]->elements == 2 && r->element[0]->element[0]->type == REDIS_REPLY_STRING &&
	    slice_eq(text_of(r->element[0]->element[0]), SLICE("events:reg")))
		return r->element[0]->element[1];
	return r;
}

static void came(void *self, uint64_t token, int err, const redisReply *reply)
{
	struct reading *const r = self;
	const redisReply *const list = err ? 0 : entries_of(reply);
	struct loc_registered e[LOC_EVENTS];
	int n = 0;

	(void)token;
	for (size_t i = 0; list && i < list->elements && n < LOC_EVENTS; i++)
		n += read_event(list->element[i], &e[n]);
	r->fn(r->arg, err, e, n, n == LOC_EVENTS);
	free(r);
}

int loc_registered_since(struct loc_redis *redis, struct slice since, loc_registered_fn *fn, void *arg)
{
	struct reading *const r = malloc(sizeof(*r));
	char room[24];
	struct rt_cursor c = rt_cursor_on(room, sizeof(room));
	int err;

	if (!r)
		return RT_NOMEM;
	*r = (struct reading){ fn, arg };
	rt_cursor_u64(&c, LOC_EVENTS);
	if (since.n)
		err = loc_redis_call(redis, came, r, 0, 6, (struct slice[]){ SLICE("XREAD"), SLICE("COUNT"), rt_cursor_text(&c), SLICE("STREAMS"),
		                                                             SLICE("events:reg"), since });
	else
		err = loc_redis_call(redis, came, r, 0, 6, (struct slice[]){ SLICE("XREVRANGE"), SLICE("events:reg"), SLICE("+"), SLICE("-"),
		                                                             SLICE("COUNT"), SLICE("1") });
	if (err)
		free(r);
	return err;
}

static void ignore(void *self, uint64_t token, int err, const redisReply *reply)
{
	(void)self, (void)token, (void)err, (void)reply;
}

void loc_wake(struct loc_redis *redis, const struct loc_sleeper *who)
{
	const struct slice argv[] = {
		SLICE("XADD"), SLICE("events:wake"), SLICE("MAXLEN"), SLICE("~"), SLICE("10000"), SLICE("*"), SLICE("aor"), who->aor,
		SLICE("contact"), who->contact, SLICE("pn-provider"), who->provider, SLICE("pn-prid"), who->prid, SLICE("pn-param"), who->param,
		SLICE("caller"), who->caller, SLICE("call_id"), who->call_id,
	};

	(void)!loc_redis_call(redis, ignore, 0, 0, sizeof(argv) / sizeof(argv[0]), argv);
}
