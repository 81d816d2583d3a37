/* SPDX-License-Identifier: MIT */
/* masters: a Redis Cluster as the operator's command sees it: a connection to each master, a command to the one that has its key. */
#ifndef CLI_MASTERS_H
#define CLI_MASTERS_H

#include "cli.h"
#include "loc/url.h"

struct masters;

struct masters *masters_open(const struct loc_url *url, char *why, size_t size); /* NULL with the reason */
void masters_close(struct masters **self_p);

/* The connection to one after the other; NULL after the last, or with a reason in `why` that is not "". */
redisContext *masters_at(struct masters *self, uint32_t i, char *why, size_t size);

/*
 * Queue a command in the protocol (of redisFormatCommand: it is freed here) / the answer to the oldest; NULL: its node went away.
 * MULTI is answered OK and does nothing: keys of several nodes know no transaction, so that the commands go one by one, in order.
 */
void masters_queue(struct masters *self, char *text, int n);
redisReply *masters_next(struct masters *self);
const char *masters_trouble(const struct masters *self);

#endif
