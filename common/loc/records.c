/* SPDX-License-Identifier: MIT */
/* records: fields of reg:<aor> become bindings, in the one order every reader sees. */
#include "records.h"

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

struct slice record_text(const redisReply *r)
{
	return r->type == REDIS_REPLY_STRING || r->type == REDIS_REPLY_STATUS ? slice_of(r->str, (uint32_t)r->len) : SLICE_NONE;
}

struct rt_arena *records_arena(const redisReply *array)
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

int records_read(const redisReply *array, int64_t now, struct loc_binding out[LOC_BINDINGS_MAX], struct rt_arena *a)
{
	int n = 0;

	for (size_t i = 0; i + 1 < array->elements && n < LOC_BINDINGS_MAX; i += 2) {
		const struct slice id = record_text(array->element[i]);
		struct loc_binding b;

		if (is_nonce(id) || loc_binding_parse(&b, id, record_text(array->element[i + 1]), a) || b.expires_at <= now)
			continue;
		insert(out, n++, &b);
	}
	return n;
}
