/* SPDX-License-Identifier: MIT */
/* question: a pool, a table into it, and a hand that goes round when room is needed. */
#include "question.h"

#include <stdlib.h>
#include <string.h>

#include "rt/table.h"

struct dns_questions {
	struct rt_pool *pool;
	struct rt_table *by_name;
	struct rt_key secret;
	uint32_t max, hand;
};

enum { LOOKS = 64, TTL_FAILURE = 2 }; /* seconds a failure is believed: a dead server is not asked for every call */

static const struct dns_answer failure = { .err = RT_DOWN, .ttl = TTL_FAILURE };

struct dns_questions *dns_questions_new(uint32_t max, struct rt_key secret)
{
	struct dns_questions *self = calloc(1, sizeof(*self));

	if (!self)
		return 0;
	self->max = max;
	self->secret = secret;
	self->pool = rt_pool_new(sizeof(struct dns_question), max);
	self->by_name = rt_table_new(64);
	if (!self->pool || !self->by_name)
		dns_questions_destroy(&self);
	return self;
}

static void forget_answer(struct dns_question *q)
{
	if (q->answer != &failure)
		free(q->answer);
	q->answer = 0;
}

static void forget(struct dns_questions *self, struct dns_question *q)
{
	forget_answer(q);
	rt_table_drop(self->by_name, q->key, q->handle);
	rt_pool_give(self->pool, q->handle);
}

void dns_questions_destroy(struct dns_questions **self_p)
{
	struct dns_questions *self = *self_p;
	rt_handle h;

	if (!self)
		return;
	for (uint32_t i = 0; self->pool && i < rt_pool_slots(self->pool); i++) {
		struct dns_question *q = rt_pool_at(self->pool, i, &h);

		if (q)
			forget_answer(q);
	}
	rt_pool_destroy(&self->pool);
	rt_table_destroy(&self->by_name);
	free(self);
	*self_p = 0;
}

static uint64_t key_of(const struct dns_questions *self, enum dns_type type, struct slice name)
{
	return rt_mix(rt_hash_nocase(self->secret, name), type);
}

struct dns_question *dns_questions_get(const struct dns_questions *self, rt_handle h)
{
	return rt_pool_get(self->pool, h);
}

static bool is_over(const struct dns_question *q, rt_ms now)
{
	return q->answer && q->expires <= now;
}

struct dns_question *dns_questions_find(struct dns_questions *self, enum dns_type type, struct slice name, rt_ms now)
{
	uint64_t h;

	for (uint32_t i = 0; rt_table_each(self->by_name, key_of(self, type, name), &i, &h);) {
		struct dns_question *q = rt_pool_get(self->pool, h);

		if (q && q->type == type && slice_eq_nocase(name, slice_of(q->name, q->name_n)) && !is_over(q, now))
			return q;
	}
	return 0;
}

/* Those whose time is over go first; when none is near the hand, the next that nobody holds goes. */
static bool make_room(struct dns_questions *self, rt_ms now)
{
	struct dns_question *spare = 0;
	rt_handle h;

	for (int i = 0; i < LOOKS; i++, self->hand++) {
		struct dns_question *q = rt_pool_at(self->pool, self->hand % self->max, &h);

		if (!q || !q->answer || q->held)
			continue;
		spare = q;
		if (is_over(q, now))
			break;
	}
	if (spare)
		forget(self, spare);
	return spare != 0;
}

struct dns_question *dns_questions_add(struct dns_questions *self, enum dns_type type, struct slice name, rt_ms now)
{
	struct dns_question *q;
	rt_handle h;

	if (name.n > DNS_NAME_MAX || (rt_pool_live(self->pool) == self->max && !make_room(self, now)))
		return 0;
	q = rt_pool_take(self->pool, &h);
	if (!q)
		return 0;
	*q = (struct dns_question){ .handle = h, .key = key_of(self, type, name), .type = (uint16_t)type,
				    .name_n = (uint8_t)name.n };
	for (uint32_t i = 0; i < name.n; i++)
		q->name[i] = (char)(name.p[i] >= 'A' && name.p[i] <= 'Z' ? name.p[i] + 32 : name.p[i]);
	if (rt_table_put(self->by_name, q->key, h) < 0) {
		rt_pool_give(self->pool, h);
		return 0;
	}
	return q;
}

/* A copy in one block: head, records, the bytes of their names. */
static struct dns_answer *copy_of(const struct dns_answer *a)
{
	const size_t head = offsetof(struct dns_answer, record) + a->n * sizeof(a->record[0]);
	struct dns_answer *copy;
	size_t text = 0;
	char *to;

	for (uint32_t i = 0; i < a->n; i++)
		text += a->record[i].name.n + a->record[i].service.n;
	copy = malloc(head + text);
	if (!copy)
		return 0;
	memcpy(copy, a, head);
	to = (char *)copy + head;
	for (uint32_t i = 0; i < a->n; i++) {
		struct slice *const part[] = { &copy->record[i].name, &copy->record[i].service };

		for (int k = 0; k < 2; k++) {
			if (part[k]->n)
				memcpy(to, part[k]->p, part[k]->n);
			part[k]->p = to;
			to += part[k]->n;
		}
	}
	return copy;
}

int dns_question_settle(struct dns_question *q, const struct dns_answer *answer, rt_ms now)
{
	const bool failed = answer->err && answer->err != RT_ABSENT;

	q->answer = copy_of(answer);
	q->expires = now + (failed ? TTL_FAILURE : (rt_ms)answer->ttl) * 1000;
	if (q->answer)
		return 0;
	q->answer = (struct dns_answer *)(uintptr_t)&failure;
	q->expires = now + TTL_FAILURE * 1000;
	return RT_NOMEM;
}
