/* SPDX-License-Identifier: MIT */
/*
 * index: idx:exp, idx:domain, idx:edge and events:reg follow each change of a record. A score is never later than the truth, and may be
 * earlier: a refresh leaves it where it is, and the sweeper raises it before its time has come (sweep.c).
 */
#include "index.h"

#include <stdio.h>

#include "redis_self.h"
#include "rt/cursor.h"
#include "rt/hash.h"

#define KEEP_EVENTS "100000"

struct writer {
	struct loc_redis *redis;
	struct slice aor;
	char shard[24]; /* idx:exp:<n> */
};

static void ignore(void *self, uint64_t token, int err, const redisReply *reply)
{
	(void)self, (void)token, (void)err, (void)reply;
}

static void send(const struct writer *w, int argc, const struct slice *argv)
{
	(void)!loc_redis_call(w->redis, ignore, 0, 0, argc, argv); /* down: the sets can be rebuilt */
}

struct slice index_domain(struct slice aor)
{
	for (uint32_t i = aor.n; i-- > 0;)
		if (aor.p[i] == '@')
			return slice_from(aor, i + 1);
	return aor;
}

struct number {
	char text[24];
};

static struct slice decimal(struct number *n, int64_t v)
{
	struct rt_cursor c = rt_cursor_on(n->text, sizeof(n->text));

	rt_cursor_u64(&c, (uint64_t)v);
	return rt_cursor_text(&c);
}

/* "<aor> <binding id>"; the space cannot stand in an address of record. */
static bool member(const struct writer *w, struct slice id, char *room, uint32_t size, struct slice *out)
{
	struct rt_cursor c = rt_cursor_on(room, size);

	rt_cursor_put(&c, w->aor);
	rt_cursor_char(&c, ' ');
	rt_cursor_put(&c, id);
	*out = rt_cursor_text(&c);
	return !c.err;
}

static bool is(const struct index_change *change, const char *kind)
{
	return slice_eq(change->kind, slice_str(kind));
}

static bool stays(const struct index_change *change)
{
	return is(change, "add") || is(change, "refresh");
}

static void write_expiry(const struct writer *w, const struct index_change *change)
{
	char room[4096];
	struct number score;
	struct slice name;

	if (!member(w, change->b.id, room, sizeof(room), &name))
		return; /* such an id expires when its record is next read */
	if (stays(change))
		send(w, 4, (struct slice[]){ SLICE("ZADD"), slice_str(w->shard), decimal(&score, change->b.expires_at), name });
	else
		send(w, 3, (struct slice[]){ SLICE("ZREM"), slice_str(w->shard), name });
}

/* The stream is cut with every 64th event of ours: asking costs, and a few more do not matter. */
static void write_event(const struct writer *w, struct slice kind, const struct loc_binding *b)
{
	struct number expires, cseq;
	struct slice words[] = {
		SLICE("XADD"), SLICE("events:reg"), SLICE("MAXLEN"), SLICE("~"), SLICE(KEEP_EVENTS), SLICE("*"), SLICE("event"), kind,
		SLICE("aor"), w->aor, SLICE("id"), b->id, SLICE("contact"), b->contact, SLICE("expires_at"), decimal(&expires, b->expires_at),
		SLICE("call_id"), b->call_id, SLICE("cseq"), decimal(&cseq, b->cseq),
	};
	const int skip = w->redis->events++ % 64 ? 3 : 0;

	words[skip] = SLICE("XADD");
	words[skip + 1] = SLICE("events:reg");
	send(w, (int)(sizeof(words) / sizeof(*words)) - skip, words + skip);
}

/* until 0: take the address out. */
static void write_set(const struct writer *w, const char *key, int64_t until)
{
	struct number score;

	if (until)
		send(w, 4, (struct slice[]){ SLICE("ZADD"), slice_str(key), decimal(&score, until), w->aor });
	else
		send(w, 3, (struct slice[]){ SLICE("ZREM"), slice_str(key), w->aor });
}

static int64_t latest(const struct loc_binding *b, int n, uint32_t edge)
{
	int64_t until = 0;

	for (int i = 0; i < n; i++)
		if ((edge == 0 || b[i].edge == edge) && b[i].expires_at > until)
			until = b[i].expires_at;
	return until;
}

static bool edge_seen(const struct index_change *change, int n, uint32_t edge)
{
	for (int i = 0; i < n; i++)
		if (change[i].b.edge == edge)
			return true;
	return edge == 0;
}

void index_refreshed(struct loc_redis *redis, struct slice aor, const struct loc_binding *b)
{
	const struct writer w = { .redis = redis, .aor = aor };

	write_event(&w, SLICE("refresh"), b);
}

void index_write(struct loc_redis *redis, struct slice aor, const struct index_change *change, int nchange,
                 const struct loc_binding *stand, int nstand)
{
	const struct slice domain = index_domain(aor);
	struct writer w = { .redis = redis, .aor = aor };
	char key[288];

	if (nchange == 0)
		return;
	snprintf(w.shard, sizeof(w.shard), "idx:exp:%u", rt_crc16(aor) % INDEX_SHARDS);
	for (int i = 0; i < nchange; i++) {
		write_expiry(&w, &change[i]);
		if (!is(&change[i], "rename"))
			write_event(&w, change[i].kind, &change[i].b);
		if (edge_seen(change, i, change[i].b.edge))
			continue;
		snprintf(key, sizeof(key), "idx:edge:%u", change[i].b.edge);
		write_set(&w, key, latest(stand, nstand, change[i].b.edge));
	}
	snprintf(key, sizeof(key), "idx:domain:" SLICE_FMT, SLICE_ARG(slice_head(domain, 255)));
	write_set(&w, key, latest(stand, nstand, 0));
}

/* ---- The sets catch up ---- */

static void raise_score(const struct writer *w, struct slice key, int64_t until, struct slice name)
{
	struct number score;

	send(w, 5, (struct slice[]){ SLICE("ZADD"), key, SLICE("GT"), decimal(&score, until), name });
}

void index_catch_up(struct loc_redis *redis, struct slice aor, const struct loc_binding *b, const struct loc_binding *stand, int nstand)
{
	const struct slice domain = index_domain(aor);
	struct writer w = { .redis = redis, .aor = aor };
	char key[288], room[4096];
	struct slice name;

	snprintf(w.shard, sizeof(w.shard), "idx:exp:%u", rt_crc16(aor) % INDEX_SHARDS);
	if (member(&w, b->id, room, sizeof(room), &name))
		raise_score(&w, slice_str(w.shard), b->expires_at, name);
	snprintf(key, sizeof(key), "idx:domain:" SLICE_FMT, SLICE_ARG(slice_head(domain, 255)));
	raise_score(&w, slice_str(key), latest(stand, nstand, 0), aor);
	if (!b->edge)
		return;
	snprintf(key, sizeof(key), "idx:edge:%u", b->edge);
	raise_score(&w, slice_str(key), latest(stand, nstand, b->edge), aor);
}
