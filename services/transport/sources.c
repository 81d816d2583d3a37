/* SPDX-License-Identifier: MIT */
#include "sources.h"

#include <stdlib.h>

#include "rt/pool.h"
#include "rt/table.h"

struct source {
	struct sip_hop ip;
	uint32_t held;
};

struct sources {
	struct rt_pool *pool;
	struct rt_table *table;
};

struct sources *sources_new(uint32_t connections_max)
{
	struct sources *self = calloc(1, sizeof(*self));

	if (!self)
		return 0;
	self->pool = rt_pool_new(sizeof(struct source), connections_max);
	self->table = rt_table_new(64);
	if (!self->pool || !self->table)
		sources_destroy(&self);
	return self;
}

void sources_destroy(struct sources **self_p)
{
	struct sources *self = *self_p;

	if (self && self->pool)
		rt_pool_destroy(&self->pool);
	if (self && self->table)
		rt_table_destroy(&self->table);
	free(self);
	*self_p = 0;
}

static uint64_t key_of(const struct sip_hop *remote)
{
	struct sip_hop ip = { .family = remote->family };

	memcpy(ip.ip, remote->ip, sizeof(ip.ip));
	return sip_hop_hash(&ip);
}

static struct source *find(const struct sources *self, const struct sip_hop *remote, rt_handle *handle)
{
	const uint64_t key = key_of(remote);

	for (uint32_t i = 0; rt_table_each(self->table, key, &i, handle);) {
		struct source *s = rt_pool_get(self->pool, *handle);

		if (s && sip_hop_same_ip(&s->ip, remote))
			return s;
	}
	return 0;
}

bool sources_take(struct sources *self, const struct sip_hop *remote, uint32_t limit)
{
	rt_handle handle;
	struct source *s = find(self, remote, &handle);

	if (!s) {
		s = rt_pool_take(self->pool, &handle);
		if (!s)
			return false;
		s->ip = *remote;
		if (rt_table_put(self->table, key_of(remote), handle) < 0) {
			rt_pool_give(self->pool, handle);
			return false;
		}
	}
	if (s->held >= limit)
		return false;
	s->held++;
	return true;
}

void sources_give(struct sources *self, const struct sip_hop *remote)
{
	rt_handle handle;
	struct source *s = find(self, remote, &handle);

	if (!s || --s->held > 0)
		return;
	rt_table_drop(self->table, key_of(remote), handle);
	rt_pool_give(self->pool, handle);
}
