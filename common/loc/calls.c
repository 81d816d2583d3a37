/* SPDX-License-Identifier: MIT */
/* calls: two tables of fields, one writer and one reader for both; and the four commands about tx:<worker id>. */
#include "loc/calls.h"

#include <stddef.h>
#include <stdio.h>

#include "json.h"

enum kind { HEX, NUMBER, HOP, TEXT }; /* uint64_t, uint32_t, struct sip_hop, struct slice */

struct field {
	struct slice name;
	uint16_t at;
	uint8_t kind;
};

#define F(type, member, kind) { { #member, sizeof(#member) - 1 }, offsetof(struct type, member), kind }
static const struct field of_call[] = {
	F(loc_call, call_id, TEXT), F(loc_call, trail, HEX), F(loc_call, remote, HOP), F(loc_call, local, HOP), F(loc_call, edge, NUMBER),
	F(loc_call, listener, NUMBER), F(loc_call, flow, HEX), F(loc_call, key, HEX), F(loc_call, check, HEX),
	F(loc_call, merge, HEX), F(loc_call, to_tag, NUMBER), F(loc_call, proxy, NUMBER), F(loc_call, cancelled, NUMBER),
	F(loc_call, reply, TEXT),
};
static const struct field of_branch[] = {
	F(loc_call_branch, owner, NUMBER), F(loc_call_branch, branch, HEX), F(loc_call_branch, loop, HEX),
	F(loc_call_branch, remote, HOP), F(loc_call_branch, edge, NUMBER), F(loc_call_branch, listener, NUMBER),
	F(loc_call_branch, flow, HEX), F(loc_call_branch, name, TEXT), F(loc_call_branch, request, TEXT),
};
#undef F
enum { CALL_FIELDS = sizeof(of_call) / sizeof(*of_call), BRANCH_FIELDS = sizeof(of_branch) / sizeof(*of_branch) };

/* ---- Writing ---- */

static void put_value(struct rt_cursor *c, uint8_t kind, const void *at)
{
	if (kind == NUMBER) {
		rt_cursor_u64(c, *(const uint32_t *)at);
		return;
	}
	rt_cursor_char(c, '"');
	if (kind == HEX)
		rt_cursor_hex(c, *(const uint64_t *)at, 16);
	else if (kind == HOP)
		sip_hop_render(c, at);
	else
		json_put_escaped(c, *(const struct slice *)at);
	rt_cursor_char(c, '"');
}

static void render(struct rt_cursor *c, const struct field *f, int n, const void *from)
{
	for (int i = 0; i < n; i++) {
		rt_cursor_put(c, i ? SLICE(",\"") : SLICE("{\""));
		rt_cursor_put(c, f[i].name);
		rt_cursor_lit(c, "\":");
		put_value(c, f[i].kind, (const char *)from + f[i].at);
	}
	rt_cursor_lit(c, "}\n");
}

void loc_call_render(struct rt_cursor *c, const struct loc_call *call)
{
	render(c, of_call, CALL_FIELDS, call);
}

void loc_call_branch_render(struct rt_cursor *c, const struct loc_call_branch *branch)
{
	render(c, of_branch, BRANCH_FIELDS, branch);
}

/* ---- Reading ---- */

static bool take_value(const struct json_pair *pair, uint8_t kind, void *at, struct rt_arena *a)
{
	struct slice *text = at;

	switch ((enum kind)kind) {
	case NUMBER:
		return slice_u32(pair->value, at);
	case HEX:
		return slice_hex_u64(pair->value, at);
	case HOP:
		return sip_hop_parse(at, pair->value) == 0;
	case TEXT:
		*text = json_text(pair->value, a);
		return slice_present(*text);
	}
	return false;
}

/* Names in any order; those not known are passed over, and each known one must be there. */
static int parse(const struct field *f, int n, void *into, struct slice line, struct rt_arena *a)
{
	struct json_pair pair;
	uint32_t found = 0;
	int got;

	while ((got = json_next(&line, &pair)) == 1)
		for (int i = 0; i < n; i++) {
			if (!slice_eq(pair.name, f[i].name))
				continue;
			if (!take_value(&pair, f[i].kind, (char *)into + f[i].at, a))
				return RT_BAD;
			found |= 1u << i;
		}
	return got == 0 && found == (1u << n) - 1 ? 0 : RT_BAD;
}

int loc_call_parse(struct loc_call *out, struct slice line, struct rt_arena *a)
{
	return parse(of_call, CALL_FIELDS, out, line, a);
}

int loc_call_branch_parse(struct loc_call_branch *out, struct slice line, struct rt_arena *a)
{
	return parse(of_branch, BRANCH_FIELDS, out, line, a);
}

/* ---- Redis ---- */

struct words {
	struct slice argv[2 + 2 * LOC_CALLS_BURST];
	char room[16 + LOC_CALLS_BURST * 16];
	int argc;
};

static void ignore(void *self, uint64_t token, int err, const redisReply *reply)
{
	(void)self, (void)token, (void)err, (void)reply;
}

static void begin(struct words *w, struct slice command, uint32_t worker)
{
	w->argv[0] = command;
	w->argv[1] = slice_of(w->room, (uint32_t)snprintf(w->room, 16, "tx:%u", worker & 0xffffff));
	w->argc = 2;
}

static struct slice field_of(struct words *w, int i, uint64_t key)
{
	struct rt_cursor c = rt_cursor_on(w->room + 16 + 16 * i, 16);

	rt_cursor_hex(&c, key, 16);
	return rt_cursor_text(&c);
}

int loc_calls_write(struct loc_redis *redis, uint32_t worker, int n, const uint64_t *key, const struct slice *text)
{
	struct words w;

	begin(&w, SLICE("HSET"), worker);
	for (int i = 0; i < n; i++) {
		w.argv[w.argc++] = field_of(&w, i, key[i]);
		w.argv[w.argc++] = text[i];
	}
	return loc_redis_call(redis, ignore, 0, 0, w.argc, w.argv);
}

int loc_calls_remove(struct loc_redis *redis, uint32_t worker, int n, const uint64_t *key)
{
	struct words w;

	begin(&w, SLICE("HDEL"), worker);
	for (int i = 0; i < n; i++)
		w.argv[w.argc++] = field_of(&w, i, key[i]);
	return loc_redis_call(redis, ignore, 0, 0, w.argc, w.argv);
}

int loc_calls_stay(struct loc_redis *redis, uint32_t worker)
{
	struct words w;
	char seconds[16];

	begin(&w, SLICE("EXPIRE"), worker);
	w.argv[w.argc++] = slice_of(seconds, (uint32_t)snprintf(seconds, sizeof(seconds), "%d", LOC_CALLS_KEEP));
	return loc_redis_call(redis, ignore, 0, 0, w.argc, w.argv);
}

int loc_calls_fields(struct loc_redis *redis, uint32_t worker, loc_redis_fn *fn, void *arg, uint64_t token)
{
	struct words w;

	begin(&w, SLICE("HKEYS"), worker);
	return loc_redis_call(redis, fn, arg, token, w.argc, w.argv);
}

int loc_calls_read(struct loc_redis *redis, uint32_t worker, struct slice cursor, loc_redis_fn *fn, void *arg)
{
	struct words w;

	begin(&w, SLICE("HSCAN"), worker);
	w.argv[w.argc++] = cursor;
	w.argv[w.argc++] = SLICE("COUNT");
	w.argv[w.argc++] = SLICE("64");
	return loc_redis_call(redis, fn, arg, worker, w.argc, w.argv);
}
