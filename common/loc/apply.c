/* SPDX-License-Identifier: MIT */
/*
 * apply: a REGISTER becomes one run of apply.lua; what that changed, the sets and the event stream follow.
 *
 *   one contact, said as before --> registered_at      only the stream is written: the sweeper moves the sets on (sweep.c)
 *   anything else               --> changes, standing  the sets too
 */
#include <stdlib.h>

#include "binding.h"
#include "index.h"
#include "json.h"
#include "records.h"
#include "redis_self.h"
#include "rt/cursor.h"

enum { SLACK = 60 }; /* seconds a record outlives its last binding, so that the sweeper can tell what expired */

struct op { /* a call under way */
	struct loc_redis *redis;
	loc_done_fn *done;
	void *arg;
	uint64_t token;
	int64_t now;
	struct loc_binding said; /* the one contact of it, */
	bool one;                /* if there is one */
	struct slice aor;
	char text[];
};

static struct op *op_new(struct loc_redis *redis, const struct loc_change *change, loc_done_fn *done, void *arg, uint64_t token)
{
	const bool one = change->n == 1;
	struct op *op = malloc(sizeof(*op) + change->aor.n + (one ? binding_bytes(&change->b[0]) : 0));

	if (!op)
		return 0;
	*op = (struct op){ .redis = redis, .done = done, .arg = arg, .token = token, .now = change->now, .one = one };
	memcpy(op->text, change->aor.p, change->aor.n);
	op->aor = slice_of(op->text, change->aor.n);
	if (one)
		binding_copy(&op->said, &change->b[0], op->text + change->aor.n);
	return op;
}

static void finish(struct op *op, int err, const struct loc_binding *b, int n)
{
	op->done(op->arg, op->token, err, b, n);
	free(op);
}

/* ---- Answers ---- */

static int verdict(struct slice word)
{
	static const struct {
		const char *word;
		int err;
	} words[] = { { "ok", 0 }, { "stale", RT_STALE }, { "full", RT_BIG }, { "replay", RT_DENIED } };

	for (size_t i = 0; i < sizeof(words) / sizeof(*words); i++)
		if (slice_eq(word, slice_str(words[i].word)))
			return words[i].err;
	return RT_BAD;
}

static const struct loc_binding *find(const struct loc_binding *b, int n, struct slice id)
{
	for (int i = 0; i < n; i++)
		if (slice_eq(b[i].id, id))
			return &b[i];
	return 0;
}

/* { kind, id, record, .. }; what was added or refreshed stands in b, without a second copy of its record. */
static int read_changes(const redisReply *array, struct index_change *out, int max, const struct loc_binding *b, int nb,
                        struct rt_arena *a)
{
	int n = 0;

	for (size_t i = 0; i + 2 < array->elements && n < max; i += 3) {
		const struct slice id = record_text(array->element[i + 1]), record = record_text(array->element[i + 2]);
		const struct loc_binding *stands = record.n ? 0 : find(b, nb, id);

		out[n].kind = record_text(array->element[i]);
		if (stands)
			out[n++].b = *stands;
		else if (loc_binding_parse(&out[n].b, id, record, a) == 0)
			n++;
	}
	return n;
}

/* The two lists of an "ok". */
static int applied_well(struct op *op, const redisReply *reply)
{
	enum { CHANGES_MAX = LOC_CONTACTS_MAX + 2 * LOC_BINDINGS_MAX };
	const redisReply *changes = reply->element[1], *stand = reply->element[2];
	struct rt_arena *a = records_arena(stand), *changed = records_arena(changes);
	struct index_change change[CHANGES_MAX];
	struct loc_binding b[LOC_BINDINGS_MAX];
	int n;

	if (!a || !changed) {
		rt_arena_destroy(&a);
		rt_arena_destroy(&changed);
		return RT_NOMEM;
	}
	n = records_read(stand, op->now, b, a);
	index_write(op->redis, op->aor, change, read_changes(changes, change, CHANGES_MAX, b, n, changed), b,
	            n);
	finish(op, 0, b, n);
	rt_arena_destroy(&a);
	rt_arena_destroy(&changed);
	return 0;
}

/* registered_at: what was said stands, and nothing else. */
static int applied_as_usual(struct op *op, struct slice since)
{
	struct loc_binding b = op->said;
	uint64_t at;

	if (!op->one || !slice_u64(since, &at))
		return RT_BAD;
	b.registered_at = (int64_t)at;
	b.updated_at = op->now;
	index_refreshed(op->redis, op->aor, &b);
	finish(op, 0, &b, 1);
	return 0;
}

static void applied(void *self, uint64_t token, int err, const redisReply *reply)
{
	struct op *op = self;
	const bool usual = !err && reply->type == REDIS_REPLY_STRING;

	(void)token;
	if (!err && !usual && (reply->type != REDIS_REPLY_ARRAY || reply->elements == 0))
		err = RT_BAD;
	if (!err && !usual)
		err = verdict(record_text(reply->element[0]));
	if (!err && !usual && (reply->elements != 3 || reply->element[1]->type != REDIS_REPLY_ARRAY ||
	                       reply->element[2]->type != REDIS_REPLY_ARRAY))
		err = RT_BAD;
	if (!err)
		err = usual ? applied_as_usual(op, record_text(reply)) : applied_well(op, reply);
	if (err)
		finish(op, err, 0, 0);
}

/* ---- Asking ---- */

enum { FIXED = 8, EACH = 3 }; /* arguments: key and the seven of apply.lua; of each contact */

static struct slice put_number(struct rt_cursor *c, uint64_t v)
{
	const uint32_t from = c->n;

	rt_cursor_u64(c, v);
	return slice_of(c->p + from, c->n - from);
}

static struct slice put_tail(struct rt_cursor *c, const struct loc_binding *b, int64_t now)
{
	const uint32_t from = c->n;

	if (b->expires_at <= now)
		return SLICE("");
	binding_render_tail(c, b);
	return slice_of(c->p + from, c->n - from);
}

static struct slice put_rule(struct rt_cursor *c, const struct loc_change *change)
{
	const uint32_t from = c->n;

	rt_cursor_put(c, change->remove_all ? SLICE("1 ") : SLICE("0 "));
	rt_cursor_u64(c, (uint64_t)change->max_contacts);
	rt_cursor_put(c, change->replace_oldest ? SLICE(" 1 ") : SLICE(" 0 "));
	rt_cursor_u64(c, SLACK);
	rt_cursor_char(c, ' ');
	json_put_escaped(c, change->call_id);
	return slice_of(c->p + from, c->n - from);
}

static struct slice put_nonce(struct rt_cursor *c, const struct loc_change *change)
{
	const uint32_t from = c->n;

	if (!slice_present(change->nonce))
		return SLICE("");
	rt_cursor_lit(c, "n:");
	json_put_escaped(c, change->nonce);
	return slice_of(c->p + from, c->n - from);
}

/* What follows the count. */
static struct slice put_use(struct rt_cursor *c, const struct loc_change *change)
{
	const uint32_t from = c->n;

	if (!slice_present(change->nonce))
		return SLICE("");
	rt_cursor_char(c, ' ');
	rt_cursor_u64(c, (uint64_t)change->nonce_until);
	rt_cursor_char(c, ' ');
	rt_cursor_u64(c, change->cseq);
	rt_cursor_char(c, ' ');
	json_put_escaped(c, change->call_id);
	return slice_of(c->p + from, c->n - from);
}

/* When the key ends, should the first contact be all there is. */
static int64_t end_of(const struct loc_change *change)
{
	const int64_t end = (change->n ? change->b[0].expires_at : 0) + SLACK;

	return slice_present(change->nonce) && change->nonce_until > end ? change->nonce_until : end;
}

static void fill(struct slice *argv, struct rt_cursor *c, const struct loc_change *change)
{
	const uint32_t from = c->n;

	rt_cursor_lit(c, "reg:");
	rt_cursor_put(c, change->aor);
	argv[0] = slice_of(c->p + from, c->n - from);
	argv[1] = put_number(c, (uint64_t)change->now);
	argv[2] = put_number(c, change->cseq);
	argv[3] = put_rule(c, change);
	argv[4] = put_number(c, (uint64_t)end_of(change));
	argv[5] = put_nonce(c, change);
	argv[6] = put_number(c, change->nonce_count);
	argv[7] = put_use(c, change);
	for (int i = 0; i < change->n; i++) {
		argv[FIXED + EACH * i] = change->b[i].id;
		argv[FIXED + EACH * i + 1] = put_number(c, (uint64_t)change->b[i].expires_at);
		argv[FIXED + EACH * i + 2] = put_tail(c, &change->b[i], change->now);
	}
}

/* Escapes make a byte six at worst. */
static size_t room_for(const struct loc_change *change)
{
	size_t n = 512 + change->aor.n + 6 * (size_t)(2 * change->call_id.n + change->nonce.n);

	for (int i = 0; i < change->n; i++) {
		const struct loc_binding *b = &change->b[i];

		n += 512 + 6 * (size_t)(b->contact.n + b->params.n + b->path.n + b->received.n + b->instance.n + b->call_id.n +
		                        b->user_agent.n);
	}
	return n;
}

enum { ROOM = 8192 }; /* enough for what phones say: no memory has to be asked for */

int loc_store_apply(struct loc_redis *redis, const struct loc_change *change, loc_done_fn *done, void *arg, uint64_t token)
{
	static _Thread_local struct loc_script script = {
		.text =
#include "apply.lua.h"
	};
	char here[ROOM];
	const size_t room = room_for(change);
	struct slice argv[FIXED + EACH * LOC_CONTACTS_MAX];
	struct op *op = change->n > LOC_CONTACTS_MAX ? 0 : op_new(redis, change, done, arg, token);
	char *text = room <= ROOM ? here : malloc(room);
	struct rt_cursor c = rt_cursor_on(text, (uint32_t)room);
	int err = !op || !text ? RT_NOMEM : 0;

	if (!err) {
		fill(argv, &c, change);
		track_changed(redis, change->aor); /* what was asked before this is not known to be so any more */
		err = c.err ? c.err : loc_redis_script(redis, &script, applied, op, 0, 1, FIXED + EACH * change->n, argv);
	}
	if (err)
		free(op);
	if (text != here)
		free(text);
	return err;
}
