/* SPDX-License-Identifier: MIT */
/* sources: who fails often is answered late, by the registrar and by the proxy. A small table of addresses, its size fixed. Pure. */
#ifndef AUTH_SOURCES_H
#define AUTH_SOURCES_H

#include "rt/wheel.h"
#include "sip/hop.h"

enum {
	AUTH_SOURCES_ROOM = 1024,  /* addresses remembered */
	AUTH_SOURCES_FREE = 5,     /* failures that cost nothing: people mistype */
	AUTH_SOURCES_FORGET = 10000, /* ms until one failure is forgotten */
	AUTH_SOURCES_DELAY = 250,  /* ms for the first failure after that; each doubles it */
	AUTH_SOURCES_DELAY_MAX = 4000,
	AUTH_LATE_MAX = 1024, /* answers one actor holds back at a time; more failures than that are answered 503 at once */
};

struct auth_sources {
	struct {
		uint8_t ip[16];
		uint32_t failures;
		rt_ms since; /* when the count was last brought up to date */
	} entry[AUTH_SOURCES_ROOM];
};

/* One more failure of this address; how long the answer waits, ms. Loopback never does. */
uint32_t auth_sources_fail(struct auth_sources *self, const struct sip_hop *source, rt_ms now);

#endif
