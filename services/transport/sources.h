/* SPDX-License-Identifier: MIT */
/* sources: how many connections each source address holds. Pure; as large as there are addresses with one. */
#ifndef SOURCES_H
#define SOURCES_H

#include "sip/hop.h"

struct sources;

struct sources *sources_new(uint32_t connections_max); /* NULL: out of memory */
void sources_destroy(struct sources **self_p);
bool sources_take(struct sources *self, const struct sip_hop *remote, uint32_t limit); /* one more, unless it has that many */
void sources_give(struct sources *self, const struct sip_hop *remote);

#endif
