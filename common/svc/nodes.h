/* SPDX-License-Identifier: MIT */
/* nodes: the shell's words to Redis about members; the layout is told in include/wire/members.h. */
#ifndef NODES_H
#define NODES_H

#include "loc/redis.h"
#include "loop.h"

struct slice nodes_render(struct svc_loop *loop, const struct wire_member *m); /* in the arena; SLICE_NONE when it is full */

RT_MUSTUSE
int nodes_write(struct svc_loop *loop, loc_redis_fn *fn, void *arg); /* the records of this loop's actors, seen now. 0 | RT_DOWN | RT_NOMEM */
void nodes_erase(struct svc_loop *loop, uint32_t id);
void nodes_publish(struct svc_loop *loop); /* that something changed */
RT_MUSTUSE
int nodes_read(struct svc_loop *loop, loc_redis_fn *fn, void *arg); /* all records. 0 | RT_DOWN */
RT_MUSTUSE
int nodes_watch(struct svc_loop *loop, loc_message_fn *fn, void *arg);

/* Give a Redis that came back empty what only running processes still know; last_id: the highest member id seen. */
void nodes_restore(struct svc_loop *loop, uint32_t last_id);

#endif
