/* SPDX-License-Identifier: MIT */
/* queue: queue:<aor> through queue.lua, and what it publishes. */
#include "loc/queue.h"

#include <stdlib.h>

#include "rt/cursor.h"

struct op {
	loc_place_fn *done;
	void *arg;
	uint64_t token;
};

/* ---- Answers ---- */

static bool number_at(const redisReply *list, size_t i, uint64_t *out)
{
	const redisReply *const r = list->element[i];

	return r->type == REDIS_REPLY_STRING && slice_u64(slice_of(r->str, (uint32_t)r->len), out);
}

/* { ahead, turn, since }; ahead -1: full */
static int read_place(const redisReply *r, struct loc_place *out)
{
	uint64_t ahead, turn, since;

	if (r->type != REDIS_REPLY_ARRAY || r->elements != 3 || r->element[0]->type != REDIS_REPLY_STRING)
		return RT_BAD;
	if (r->element[0]->str[0] == '-')
		return RT_BIG;
	if (!number_at(r, 0, &ahead) || !number_at(r, 1, &turn) || !number_at(r, 2, &since))
		return RT_BAD;
	*out = (struct loc_place){ .ahead = (uint32_t)ahead, .since = since, .turn = turn == 1 };
	return 0;
}

static void came(void *self, uint64_t token, int err, const redisReply *reply)
{
	struct op *const op = self;
	struct loc_place place;

	(void)token;
	if (!op)
		return;
	if (!err)
		err = read_place(reply, &place);
	op->done(op->arg, op->token, err, err ? 0 : &place);
	free(op);
}

/* ---- Questions ---- */

enum { ROOM = SIP_URI_MAX + 256 };

struct words { /* argv, and the text of those that are written here */
	char room[ROOM];
	struct rt_cursor c;
	struct slice argv[9];
	int n;
};

static void word(struct words *w, struct slice s)
{
	w->argv[w->n++] = s;
}

static void word_number(struct words *w, uint64_t v)
{
	const uint32_t from = w->c.n;

	rt_cursor_u64(&w->c, v);
	word(w, slice_of(w->c.p + from, w->c.n - from));
}

static void word_waiter(struct words *w, struct loc_waiter who)
{
	const uint32_t from = w->c.n;

	rt_cursor_printf(&w->c, "%u-%llu", who.worker, (unsigned long long)who.job);
	word(w, slice_of(w->c.p + from, w->c.n - from));
}

static void begin(struct words *w, struct slice aor, struct slice what)
{
	w->c = rt_cursor_on(w->room, sizeof(w->room));
	w->n = 0;
	rt_cursor_lit(&w->c, "queue:");
	rt_cursor_put(&w->c, aor);
	word(w, rt_cursor_text(&w->c));
	word(w, aor);
	word(w, what);
}

static int run(struct loc_redis *redis, struct words *w, struct op *op)
{
	static _Thread_local struct loc_script script = {
		.text =
#include "queue.lua.h"
	};

	return w->c.err ? RT_NOMEM : loc_redis_script(redis, &script, came, op, 0, 1, w->n, w->argv);
}

int loc_queue_stand(struct loc_redis *redis, const struct loc_stand *stand, loc_place_fn *done, void *arg, uint64_t token)
{
	struct op *const op = malloc(sizeof(*op));
	struct words w;
	int err;

	if (!op)
		return RT_NOMEM;
	*op = (struct op){ done, arg, token };
	begin(&w, stand->aor, SLICE("stand"));
	word_waiter(&w, stand->who);
	word_number(&w, LOC_QUEUE_LEASE);
	word_number(&w, LOC_QUEUE_MAX);
	word_number(&w, stand->since);
	word_number(&w, stand->fresh);
	word(&w, stand->caller);
	err = run(redis, &w, op);
	if (err)
		free(op);
	return err;
}

void loc_queue_leave(struct loc_redis *redis, struct slice aor, struct loc_waiter who, bool pass)
{
	struct words w;

	begin(&w, aor, SLICE("leave"));
	word_waiter(&w, who);
	word_number(&w, pass);
	(void)!run(redis, &w, 0); /* in vain: his lease ends */
}

void loc_queue_back(struct loc_redis *redis, struct slice aor, struct loc_waiter who)
{
	struct words w;

	begin(&w, aor, SLICE("back"));
	word_waiter(&w, who);
	(void)!run(redis, &w, 0);
}

void loc_queue_free(struct loc_redis *redis, struct slice aor, struct slice event)
{
	struct words w;

	begin(&w, aor, SLICE("free"));
	word(&w, event);
	(void)!run(redis, &w, 0);
}

/* ---- News ---- */

/* "turn 12-345 bob@example.com", "moved bob@example.com", "wait bob@example.com" */
int loc_queue_news(struct slice text, enum loc_news *news, struct loc_waiter *who, struct slice *aor)
{
	struct slice verb, member;
	uint64_t worker;
	int dash;

	if (!slice_word(&text, &verb))
		return RT_BAD;
	*who = (struct loc_waiter){ .worker = 0 };
	if (slice_eq(verb, SLICE("turn"))) {
		if (!slice_word(&text, &member) || (dash = slice_find(member, '-')) < 0 ||
		    !slice_u64(slice_head(member, (uint32_t)dash), &worker) ||
		    !slice_u64(slice_from(member, (uint32_t)dash + 1), &who->job))
			return RT_BAD;
		who->worker = (uint32_t)worker;
		*news = LOC_NEWS_TURN;
	} else if (slice_eq(verb, SLICE("moved"))) {
		*news = LOC_NEWS_MOVED;
	} else if (slice_eq(verb, SLICE("wait"))) {
		*news = LOC_NEWS_WAIT;
	} else {
		return RT_BAD;
	}
	*aor = slice_trim(text);
	return aor->n ? 0 : RT_BAD;
}
