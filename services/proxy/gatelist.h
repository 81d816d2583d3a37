/* SPDX-License-Identifier: MIT */
/*
 * gatelist: the gateways of the moment: the configuration's, and over them those of Redis.
 *
 *   gateways          HASH    "carrier sip:192.0.2.1:5060" -> "priority=1 weight=10 options=30 trust=on"
 *   routes            HASH    "+49" | "example.org" | ".example.org" | "*" -> "carrier"
 *   gateways:version  STRING  another one after each change of the two
 *   gateways:down     HASH    "sip:192.0.2.1:5060" -> "1795300090 TIMEOUT": until when, and why
 *   gateways          channel a word whenever any of them changed; who missed it asks every few seconds
 */
#ifndef PROXY_GATELIST_H
#define PROXY_GATELIST_H

#include "gateway.h"
#include "svc/actor.h"

struct gatelist;

struct gatelist *gatelist_new(struct svc *svc, uint8_t timer_name); /* NULL: no memory */
void gatelist_destroy(struct gatelist **self_p);
bool gatelist_timer(struct gatelist *self, const struct rt_timer *t); /* true: it was its own */
void gatelist_reload(struct gatelist *self);                          /* the configuration changed */

struct gateways *gatelist_now(const struct gatelist *self); /* until the next event */

/* What became of a request to this hop; everybody is told. `why` is a word. */
void gatelist_failed(struct gatelist *self, struct slice uri, const char *why);
void gatelist_worked(struct gatelist *self, struct slice uri);

#endif
