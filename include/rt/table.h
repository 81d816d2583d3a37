/* SPDX-License-Identifier: MIT */
/*
 * table: hash multimap from a 64-bit key to a 64-bit value (a handle). Open addressing; grows by doubling,
 * moving a few entries a call so that no single insert is slow. The caller compares the real keys.
 * Any value but UINT64_MAX; a put or a drop ends every walk of rt_table_each.
 */
#ifndef RT_TABLE_H
#define RT_TABLE_H

#include <stdbool.h>
#include <stdint.h>

struct rt_table;

struct rt_table *rt_table_new(uint32_t room); /* entries before the first growth */
void rt_table_destroy(struct rt_table **self_p);
int rt_table_put(struct rt_table *self, uint64_t key, uint64_t value); /* 0 | RT_NOMEM */
bool rt_table_drop(struct rt_table *self, uint64_t key, uint64_t value);
uint32_t rt_table_count(const struct rt_table *self);

/* Every value under a key:  uint64_t v; for (uint32_t i = 0; rt_table_each(t, key, &i, &v);) ...   */
bool rt_table_each(const struct rt_table *self, uint64_t key, uint32_t *iter, uint64_t *value);

#endif
