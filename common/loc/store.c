/* SPDX-License-Identifier: MIT */
/* store: a call becomes a command, an answer becomes bindings. */
#include "loc/store.h"

#include <stdio.h>
#include <stdlib.h>

#include "binding.h"
#include "index.h"
#include "json.h"
#include "loc/users.h"
#include "policy.h"
#include "redis_self.h"
#include "rt/cursor.h"
#include "stale.h"

enum { SLACK = 60 }; /* seconds a record outlives its last binding, so that the sweeper can tell what expired */

struct op { /* a call under way */
	struct loc_redis *redis;
	loc_done_fn *done;
	loc_lookup_fn *found; /* instead of done: a lookup */
	struct loc_policy policy;
	int policy_err;
	uint32_t round;       /* of the promise the lookup was made under, and what had changed before */
	uint64_t changes;
	void *arg;
	uint64_t token;
	int64_t now;
	uint32_t aor_n;
	char aor[];
};

/* ---- Answers ---- */

/* Highest q first, then the newest; ids settle the rest, so that every reader sees one order. */
static bool before(const struct loc_binding *a, const struct loc_binding *b)
{
	if (a->q != b->q)
		return a->q > b->q;
	if (a->updated_at != b->updated_at)
		return a->updated_at > b->updated_at;
	return a->id.n != b->id.n ? a->id.n < b->id.n : memcmp(a->id.p, b->id.p, a->id.n) < 0;
}

static void insert(struct loc_binding *b, int n, const struct loc_binding *new)
{
	int at = n;

	for (; at > 0 && before(new, &b[at - 1]); at--)
		b[at] = b[at - 1];
	b[at] = *new;
}

static struct slice text_of(const redisReply *r)
{
	return r->type == REDIS_REPLY_STRING || r->type == REDIS_REPLY_STATUS ? slice_of(r->str, (uint32_t)r->len) : SLICE_NONE;
}

/* Memory for the unescaped strings of an answer; given back when the callback has returned. */
static struct rt_arena *arena_for(const redisReply *array)
{
	size_t n = 256;

	for (size_t i = 0; i < array->elements; i++)
		n += array->element[i]->len + 256;
	return rt_arena_new(n);
}

static bool is_nonce(struct slice id)
{
	return id.n >= 2 && id.p[0] == 'n' && id.p[1] == ':';
}

/* { id, record, id, record .. }, sorted, without what is past. A record that does not read is as good as none. */
static int read_bindings(const redisReply *array, int64_t now, struct loc_binding *out, struct rt_arena *a)
{
	int n = 0;

	for (size_t i = 0; i + 1 < array->elements && n < LOC_BINDINGS_MAX; i += 2) {
		const struct slice id = text_of(array->element[i]);
		struct loc_binding b;

		if (is_nonce(id) || loc_binding_parse(&b, id, text_of(array->element[i + 1]), a) || b.expires_at <= now)
			continue;
		insert(out, n++, &b);
	}
	return n;
}

/* Redis is away: an earlier answer, if there is one. */
static bool answer_stale(const struct loc_redis *redis, struct slice aor, int64_t now, loc_lookup_fn *found, void *arg, uint64_t token)
{
	struct stale_answer was;

	if (!redis->stale || !stale_find(redis->stale, aor, now, &was))
		return false;
	found(arg, token, RT_STALE, was.b, was.n, &was.policy);
	return true;
}

/* An answer under a promise is good until a change is told. One that crossed a change may be of before it. */
static uint32_t promise_of(const struct op *op)
{
	const bool same = op->round == track_round(op->redis) && op->changes == op->redis->track.changes;

	return same ? op->round : 0;
}

static void finish_lookup(const struct op *op, int err, const struct loc_binding *b, int n)
{
	const struct slice aor = slice_of(op->aor, op->aor_n);

	err = err ? err : op->policy_err;
	if (!err && op->redis->stale)
		stale_keep(op->redis->stale, aor, b, n, &op->policy, op->now, promise_of(op));
	if ((err == RT_DOWN || err == RT_TIMEOUT) && answer_stale(op->redis, aor, op->now, op->found, op->arg, op->token))
		return;
	op->found(op->arg, op->token, err, err ? 0 : b, err ? 0 : n, err ? 0 : &op->policy);
}

static void finish(struct op *op, int err, const struct loc_binding *b, int n)
{
	if (op->found) {
		finish_lookup(op, err, b, n);
	} else {
		op->done(op->arg, op->token, err, b, n);
	}
	free(op);
}

static void fetched(void *self, uint64_t token, int err, const redisReply *reply)
{
	struct op *op = self;
	struct loc_binding b[LOC_BINDINGS_MAX];
	struct rt_arena *a = 0;
	int n = 0;

	(void)token;
	if (!err && reply->type != REDIS_REPLY_ARRAY)
		err = RT_BAD;
	if (!err && reply->elements) {
		a = arena_for(reply);
		if (a)
			n = read_bindings(reply, op->now, b, a);
		else
			err = RT_NOMEM;
	}
	finish(op, err, b, n);
	rt_arena_destroy(&a);
}

static struct op *op_new(struct loc_redis *redis, struct slice aor, int64_t now, void *arg, uint64_t token)
{
	struct op *op = malloc(sizeof(*op) + aor.n);

	if (!op)
		return 0;
	*op = (struct op){ .redis = redis, .arg = arg, .token = token, .now = now, .aor_n = aor.n };
	if (aor.n)
		memcpy(op->aor, aor.p, aor.n);
	return op;
}

/* "reg:" or "policy:" and the address, in `room`. */
static struct slice key_of(const char *prefix, struct slice aor, char *room, uint32_t size)
{
	struct rt_cursor c = rt_cursor_on(room, size);

	rt_cursor_put(&c, slice_str(prefix));
	rt_cursor_put(&c, aor);
	return c.err ? SLICE_NONE : rt_cursor_text(&c);
}

enum { KEY_MAX = SIP_URI_MAX + 16 };

static int ask(struct op *op, loc_redis_fn *fn, const char *prefix, struct slice aor, int argc, struct slice *argv)
{
	char room[KEY_MAX];

	argv[1] = key_of(prefix, aor, room, sizeof(room));
	return slice_present(argv[1]) ? loc_redis_call(op->redis, fn, op, 0, argc, argv) : RT_DOWN;
}

int loc_store_fetch(struct loc_redis *redis, struct slice aor, int64_t now, loc_done_fn *done, void *arg, uint64_t token)
{
	struct op *op = op_new(redis, SLICE_NONE, now, arg, token);
	struct slice argv[2] = { SLICE("HGETALL") };

	if (!op)
		return RT_DOWN;
	op->done = done;
	if (ask(op, fetched, "reg:", aor, 2, argv)) {
		free(op);
		return RT_DOWN;
	}
	return 0;
}

/*
 * ---- Bindings and policy in one write: the policy comes first and waits ----
 * The two keys may live at two nodes of a cluster, whose answers know no order: there the one is asked for after the other.
 */

static void ask_bindings(struct op *op)
{
	struct slice bindings[2] = { SLICE("HGETALL") };
	const int err = op->policy_err ? op->policy_err : ask(op, fetched, "reg:", slice_of(op->aor, op->aor_n), 2, bindings);

	if (err)
		finish(op, err, 0, 0);
}

static void policy_came(void *self, uint64_t token, int err, const redisReply *reply)
{
	struct op *op = self;

	(void)token;
	if (!op->found) { /* the second command could not be queued: nobody waits */
		free(op);
		return;
	}
	op->policy_err = err ? err : policy_read(&op->policy, reply);
	if (op->redis->cluster)
		ask_bindings(op);
}

/* Both questions, or neither is waited for. */
static int ask_both(struct op *op, struct slice aor)
{
	struct slice policy[] = { SLICE("HMGET"), SLICE_NONE, SLICE("mode"), SLICE("fork"), SLICE("recurse"), SLICE("queue"), SLICE("wake") };
	struct slice bindings[2] = { SLICE("HGETALL") };

	op->round = track_round(op->redis);
	op->changes = op->redis->track.changes;
	if (op->round && track_next(op->redis))
		op->round = 0;
	if (ask(op, policy_came, "policy:", aor, 7, policy)) {
		free(op);
		return RT_DOWN;
	}
	if (op->round && track_next(op->redis))
		op->round = 0;
	if (!op->redis->cluster && ask(op, fetched, "reg:", aor, 2, bindings)) {
		op->found = 0;
		return RT_DOWN;
	}
	return 0;
}

static bool answer_fresh(const struct loc_redis *redis, struct slice aor, int64_t now, loc_lookup_fn *found, void *arg, uint64_t token)
{
	const uint32_t round = redis->stale ? track_round(redis) : 0;
	struct stale_answer last;

	if (!round || !stale_find_fresh(redis->stale, aor, now, round, &last))
		return false;
	found(arg, token, 0, last.b, last.n, &last.policy);
	return true;
}

static int look_up(struct loc_redis *redis, struct slice aor, int64_t now, loc_lookup_fn *done, void *arg, uint64_t token)
{
	struct op *op = op_new(redis, redis->stale || redis->cluster ? aor : SLICE_NONE, now, arg, token);

	if (!op)
		return RT_DOWN;
	op->found = done;
	if (ask_both(op, aor) == 0)
		return 0;
	return answer_stale(redis, aor, now, done, arg, token) ? 0 : RT_DOWN;
}

int loc_lookup(struct loc_redis *redis, struct slice aor, int64_t now, loc_lookup_fn *done, void *arg, uint64_t token)
{
	return answer_fresh(redis, aor, now, done, arg, token) ? 0 : look_up(redis, aor, now, done, arg, token);
}

/* ---- Apply ---- */

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
		const struct slice id = text_of(array->element[i + 1]), record = text_of(array->element[i + 2]);
		const struct loc_binding *stands = record.n ? 0 : find(b, nb, id);

		out[n].kind = text_of(array->element[i]);
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
	struct rt_arena *a = arena_for(stand), *changed = arena_for(changes);
	struct index_change change[CHANGES_MAX];
	struct loc_binding b[LOC_BINDINGS_MAX];
	int n;

	if (!a || !changed) {
		rt_arena_destroy(&a);
		rt_arena_destroy(&changed);
		return RT_NOMEM;
	}
	n = read_bindings(stand, op->now, b, a);
	index_write(op->redis, slice_of(op->aor, op->aor_n), change, read_changes(changes, change, CHANGES_MAX, b, n, changed), b,
	            n);
	finish(op, 0, b, n);
	rt_arena_destroy(&a);
	rt_arena_destroy(&changed);
	return 0;
}

static void applied(void *self, uint64_t token, int err, const redisReply *reply)
{
	struct op *op = self;

	(void)token;
	if (!err && (reply->type != REDIS_REPLY_ARRAY || reply->elements == 0))
		err = RT_BAD;
	if (!err)
		err = verdict(text_of(reply->element[0]));
	if (!err && (reply->elements != 3 || reply->element[1]->type != REDIS_REPLY_ARRAY ||
	             reply->element[2]->type != REDIS_REPLY_ARRAY))
		err = RT_BAD;
	if (!err)
		err = applied_well(op, reply);
	if (err)
		finish(op, err, 0, 0);
}

enum { FIXED = 11, EACH = 3 }; /* arguments: key and the ten of apply.lua; of each contact */

static struct slice put_number(struct rt_cursor *c, uint64_t v)
{
	const uint32_t from = c->n;

	rt_cursor_u64(c, v);
	return slice_of(c->p + from, c->n - from);
}

static struct slice put_escaped(struct rt_cursor *c, struct slice s)
{
	const uint32_t from = c->n;

	json_put_escaped(c, s);
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

static struct slice flag(bool on)
{
	return on ? SLICE("1") : SLICE("0");
}

static void fill(struct slice *argv, struct rt_cursor *c, const struct loc_change *change)
{
	const uint32_t from = c->n;

	rt_cursor_lit(c, "reg:");
	rt_cursor_put(c, change->aor);
	argv[0] = slice_of(c->p + from, c->n - from);
	argv[1] = put_number(c, (uint64_t)change->now);
	argv[2] = put_number(c, change->cseq);
	argv[3] = put_escaped(c, change->call_id);
	argv[4] = flag(change->remove_all);
	argv[5] = put_number(c, (uint64_t)change->max_contacts);
	argv[6] = flag(change->replace_oldest);
	argv[7] = put_number(c, SLACK);
	argv[8] = put_escaped(c, change->nonce);
	argv[9] = put_number(c, change->nonce_count);
	argv[10] = put_number(c, (uint64_t)change->nonce_until);
	for (int i = 0; i < change->n; i++) {
		argv[FIXED + EACH * i] = change->b[i].id;
		argv[FIXED + EACH * i + 1] = put_number(c, (uint64_t)change->b[i].expires_at);
		argv[FIXED + EACH * i + 2] = put_tail(c, &change->b[i], change->now);
	}
}

/* Escapes make a byte six at worst. */
static size_t room_for(const struct loc_change *change)
{
	size_t n = 512 + change->aor.n + 6 * (size_t)(change->call_id.n + change->nonce.n);

	for (int i = 0; i < change->n; i++) {
		const struct loc_binding *b = &change->b[i];

		n += 512 + 6 * (size_t)(b->contact.n + b->params.n + b->path.n + b->received.n + b->instance.n + b->call_id.n +
		                        b->user_agent.n);
	}
	return n;
}

int loc_store_apply(struct loc_redis *redis, const struct loc_change *change, loc_done_fn *done, void *arg, uint64_t token)
{
	static _Thread_local struct loc_script script = {
		.text =
#include "apply.lua.h"
	};
	const size_t room = room_for(change);
	struct slice argv[FIXED + EACH * LOC_CONTACTS_MAX];
	struct op *op = change->n > LOC_CONTACTS_MAX ? 0 : op_new(redis, change->aor, change->now, arg, token);
	char *text = malloc(room);
	struct rt_cursor c = rt_cursor_on(text, (uint32_t)room);
	int err = !op || !text ? RT_NOMEM : 0;

	if (!err) {
		op->done = done;
		fill(argv, &c, change);
		track_changed(redis, change->aor); /* what was asked before this is not known to be so any more */
		err = c.err ? c.err : loc_redis_script(redis, &script, applied, op, 0, 1, FIXED + EACH * change->n, argv);
	}
	if (err)
		free(op);
	free(text);
	return err;
}
