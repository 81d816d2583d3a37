/* SPDX-License-Identifier: MIT */
/* lookup: a small memory of who is where: one place for each hash, the newest answer in it. */
#include "lookup.h"

#include <stdlib.h>

#include "rt/pool.h"

enum { PLACES = 1 << 14, QUESTIONS_MAX = 1 << 20 };

struct memory { /* one answer: the bindings, then all their text */
	struct slice aor;
	int64_t at; /* when it came */
	struct loc_policy policy;
	int n;
	struct loc_binding b[];
};

struct question { /* asked of Redis, to be remembered */
	loc_lookup_fn *done;
	void *arg;
	uint64_t token;
	int64_t at;
	char aor[256];
};

struct proxy_lookup {
	struct rt_key key;
	struct rt_pool *questions;
	struct memory *place[PLACES];
};

struct proxy_lookup *proxy_lookup_new(struct rt_key key)
{
	struct proxy_lookup *const self = calloc(1, sizeof(*self));

	if (!self)
		return 0;
	self->key = key;
	self->questions = rt_pool_new(sizeof(struct question), QUESTIONS_MAX);
	if (self->questions)
		return self;
	free(self);
	return 0;
}

void proxy_lookup_destroy(struct proxy_lookup **self_p)
{
	struct proxy_lookup *const self = *self_p;

	if (!self)
		return;
	for (int i = 0; i < PLACES; i++)
		free(self->place[i]);
	rt_pool_destroy(&self->questions);
	free(self);
	*self_p = 0;
}

static struct memory **place_of(struct proxy_lookup *self, struct slice aor)
{
	return &self->place[rt_hash(self->key, aor.p, aor.n) % PLACES];
}

/* ---- One answer in one block ---- */

/* The texts of a binding, to be counted and moved alike. */
static struct slice *text_of(struct loc_binding *b, int i)
{
	struct slice *const text[] = { &b->id, &b->contact, &b->params, &b->path, &b->received, &b->instance, &b->call_id, &b->user_agent };

	return i < (int)(sizeof(text) / sizeof(text[0])) ? text[i] : 0;
}

static size_t text_bytes(const struct loc_binding *b, int n)
{
	size_t bytes = 0;

	for (int k = 0; k < n; k++) {
		struct loc_binding copy = b[k];
		const struct slice *s;

		for (int i = 0; (s = text_of(&copy, i)); i++)
			bytes += s->n;
	}
	return bytes;
}

static struct slice move(char **to, struct slice s)
{
	char *const p = *to;

	if (!s.n)
		return s.p ? SLICE("") : s;
	memcpy(p, s.p, s.n);
	*to += s.n;
	return slice_of(p, s.n);
}

static struct memory *remember(struct slice aor, int64_t at, const struct loc_binding *b, int n, const struct loc_policy *policy)
{
	struct memory *const m = malloc(sizeof(*m) + (size_t)n * sizeof(*b) + aor.n + text_bytes(b, n));
	char *to = m ? (char *)(m->b + n) : 0;

	if (!m)
		return 0;
	m->aor = move(&to, aor);
	m->at = at;
	m->policy = *policy;
	m->n = n;
	for (int k = 0; k < n; k++) {
		struct slice *s;

		m->b[k] = b[k];
		for (int i = 0; (s = text_of(&m->b[k], i)); i++)
			*s = move(&to, *s);
	}
	return m;
}

/* ---- Questions ---- */

static void answered(void *arg, uint64_t token, int err, const struct loc_binding *b, int n, const struct loc_policy *policy)
{
	struct proxy_lookup *const self = arg;
	const struct question *const asked = rt_pool_get(self->questions, token);
	struct question q;
	struct memory **place;

	if (!asked)
		return;
	q = *asked;
	rt_pool_give(self->questions, token);
	if (!err && n > 0) {
		place = place_of(self, slice_str(q.aor));
		free(*place);
		*place = remember(slice_str(q.aor), q.at, b, n, policy);
	}
	q.done(q.arg, q.token, err, b, n, policy);
}

static int ask(struct proxy_lookup *self, struct loc_redis *redis, struct slice aor, const struct question *question)
{
	rt_handle token;
	struct question *const q = rt_pool_take(self->questions, &token);
	int err;

	if (!q)
		return RT_NOMEM;
	*q = *question;
	slice_cstr(aor, q->aor, sizeof(q->aor));
	err = loc_lookup(redis, aor, q->at, answered, self, token);
	if (err)
		rt_pool_give(self->questions, token);
	return err;
}

int proxy_lookup(struct proxy_lookup *self, struct loc_redis *redis, struct slice aor, int64_t now, int64_t seconds,
                 loc_lookup_fn *done, void *arg, uint64_t token)
{
	const struct question q = { .done = done, .arg = arg, .token = token, .at = now };
	const struct memory *m;

	if (!seconds || aor.n >= sizeof(q.aor))
		return loc_lookup(redis, aor, now, done, arg, token);
	m = *place_of(self, aor);
	if (!m || now - m->at >= seconds || !slice_eq(m->aor, aor))
		return ask(self, redis, aor, &q);
	done(arg, token, 0, m->b, m->n, &m->policy);
	return 0;
}
