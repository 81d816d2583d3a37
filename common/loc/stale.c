/* SPDX-License-Identifier: MIT */
/*
 * stale: answers by address, four places a set; the oldest of its set makes way.
 *
 *   entry   hash of the address | when | promise | ----> | n | policy | binding .. | their text | the address |   one piece of memory
 */
#include "stale.h"

#include <stdlib.h>

#include "binding.h"
#include "redis_self.h"
#include "rt/clock.h"
#include "rt/hash.h"

enum { WAYS = 4 };

struct answer {
	struct loc_policy policy;
	int n;
	struct slice aor;
	struct loc_binding b[];
};

struct entry {
	uint64_t hash;
	int64_t at;
	struct answer *answer; /* NULL: free */
	uint32_t round;        /* of the promise it stands under; 0: none */
};

struct stale {
	struct rt_key key;
	uint32_t sets;
	struct stale_for seconds;
	struct entry entry[];
};

struct stale *stale_new(uint32_t entries, struct stale_for seconds)
{
	const uint32_t sets = entries / WAYS ? entries / WAYS : 1;
	struct stale *self = calloc(1, sizeof(*self) + (size_t)sets * WAYS * sizeof(self->entry[0]));

	if (!self)
		return 0;
	self->sets = sets;
	self->seconds = seconds;
	rt_random(&self->key, sizeof(self->key));
	return self;
}

void stale_destroy(struct stale **self_p)
{
	struct stale *self = *self_p;

	*self_p = 0;
	for (uint32_t i = 0; self && i < self->sets * WAYS; i++)
		free(self->entry[i].answer);
	free(self);
}

static bool is_of(const struct entry *e, uint64_t hash, struct slice aor)
{
	return e->answer && e->hash == hash && slice_eq(e->answer->aor, aor);
}

static size_t bytes_of(struct slice aor, const struct loc_binding *b, int n)
{
	size_t size = sizeof(struct answer) + (size_t)n * sizeof(*b) + aor.n;

	for (int i = 0; i < n; i++)
		size += binding_bytes(&b[i]);
	return size;
}

static struct answer *copy(struct slice aor, const struct loc_binding *b, int n, const struct loc_policy *policy)
{
	const size_t size = bytes_of(aor, b, n);
	struct answer *a = size <= STALE_BYTES_MAX ? malloc(size) : 0;
	char *at;

	if (!a)
		return 0;
	*a = (struct answer){ .policy = *policy, .n = n };
	at = (char *)&a->b[n];
	for (int i = 0; i < n; i++)
		at = binding_copy(&a->b[i], &b[i], at);
	memcpy(at, aor.p, aor.n);
	a->aor = slice_of(at, aor.n);
	return a;
}

/* Its own place, or a free one, or that of the oldest. */
static struct entry *place_for(struct stale *self, uint64_t hash, struct slice aor)
{
	struct entry *set = &self->entry[hash % self->sets * WAYS], *place = set;

	for (int i = 0; i < WAYS; i++) {
		if (is_of(&set[i], hash, aor))
			return &set[i];
		if (place->answer && (!set[i].answer || set[i].at < place->at))
			place = &set[i];
	}
	return place;
}

void stale_keep(struct stale *self, struct slice aor, const struct loc_binding *b, int n, const struct loc_policy *policy, int64_t now,
                uint32_t round)
{
	const uint64_t hash = rt_hash(self->key, aor.p, aor.n);
	struct entry *e = place_for(self, hash, aor);
	struct answer *fresh = n ? copy(aor, b, n, policy) : 0;

	if (!fresh && !is_of(e, hash, aor))
		return;
	free(e->answer);
	*e = (struct entry){ hash, now, fresh, round };
}

/* NULL: not remembered. */
static const struct entry *entry_of(const struct stale *self, struct slice aor)
{
	const uint64_t hash = rt_hash(self->key, aor.p, aor.n);
	const struct entry *set = &self->entry[hash % self->sets * WAYS];

	for (int i = 0; i < WAYS; i++)
		if (is_of(&set[i], hash, aor))
			return &set[i];
	return 0;
}

void stale_changed(struct stale *self, struct slice aor)
{
	const struct entry *e = entry_of(self, aor);

	if (e)
		self->entry[e - self->entry].round = 0;
}

static bool read_answer(const struct answer *a, int64_t now, struct stale_answer *out)
{
	out->policy = a->policy;
	out->n = 0;
	for (int k = 0; k < a->n; k++)
		if (a->b[k].expires_at > now)
			out->b[out->n++] = a->b[k];
	return out->n > 0;
}

bool stale_find(const struct stale *self, struct slice aor, int64_t now, struct stale_answer *out)
{
	const struct entry *e = entry_of(self, aor);

	return e && now - e->at <= (int64_t)self->seconds.away && read_answer(e->answer, now, out);
}

bool stale_find_fresh(const struct stale *self, struct slice aor, int64_t now, uint32_t round, struct stale_answer *out)
{
	const struct entry *e = entry_of(self, aor);

	return e && e->round == round && now - e->at < (int64_t)self->seconds.fresh && read_answer(e->answer, now, out);
}

void loc_lookup_forget(struct loc_redis *redis, struct slice aor)
{
	track_changed(redis, aor);
}

int loc_lookup_remember(struct loc_redis *redis, uint32_t entries, uint32_t away, uint32_t fresh)
{
	stale_destroy(&redis->stale);
	if (!entries || !(away || fresh))
		return 0;
	redis->stale = stale_new(entries, (struct stale_for){ away, fresh });
	if (redis->stale && fresh && track_want(redis))
		return RT_NOMEM;
	return redis->stale ? 0 : RT_NOMEM;
}
