/* SPDX-License-Identifier: MIT */
/*
 * probe: OPTIONS to gateways, each by one proxy of the cluster, as often as its hop says. A final response other than 503 means that
 * it is up; 503 or silence at every address that its URI leads to, that it is down.
 */
#ifndef PROXY_PROBE_H
#define PROXY_PROBE_H

#include "job.h"

struct probes;

struct probes *probes_new(struct proxy *p); /* NULL: no memory */
void probes_destroy(struct probes **self_p);
bool probes_timer(struct probes *self, const struct rt_timer *t);           /* true: it was its own */
void probes_result(struct probes *self, const struct wire_parcel *result);  /* of a FORK without a server transaction */

#endif
