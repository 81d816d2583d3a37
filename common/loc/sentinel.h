/* SPDX-License-Identifier: MIT */
/* sentinel: which server is the master? A link of its own to one sentinel after the other, until one says. */
#ifndef SENTINEL_H
#define SENTINEL_H

#include "link.h"

struct sentinel;

struct sentinel *sentinel_new(const struct loc_url *url, uint32_t timeout_ms, rt_ms now); /* NULL: no memory */
void sentinel_destroy(struct sentinel **self_p);

/* Ask the next one. Then give it its time and its readiness until sentinel_answer says something. */
void sentinel_ask(struct sentinel *self, rt_ms now);
void sentinel_tick(struct sentinel *self, rt_ms now);
void sentinel_ready(struct sentinel *self, uint32_t ready, rt_ms now);
const struct loc_link *sentinel_link(const struct sentinel *self); /* whose descriptor is to be polled */

/* 0: the master is at `out` (user, password and db as asked for); RT_MORE; RT_DOWN (why: sentinel_trouble) */
int sentinel_answer(struct sentinel *self, struct loc_url *out);
const char *sentinel_trouble(const struct sentinel *self);

#endif
