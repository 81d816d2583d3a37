/* SPDX-License-Identifier: MIT */
/* sources: who fails often is answered late. A small table of addresses, its size fixed. Pure. */
#ifndef SOURCES_H
#define SOURCES_H

#include "rt/wheel.h"
#include "sip/hop.h"

enum {
	SOURCES_ROOM = 1024,  /* addresses remembered */
	SOURCES_FREE = 5,     /* failures that cost nothing: people mistype */
	SOURCES_FORGET = 10000, /* ms until one failure is forgotten */
	SOURCES_DELAY = 250,  /* ms for the first failure after that; each doubles it */
	SOURCES_DELAY_MAX = 4000,
};

struct reg_sources {
	struct {
		uint8_t ip[16];
		uint32_t failures;
		rt_ms since; /* when the count was last brought up to date */
	} entry[SOURCES_ROOM];
};

/* One more failure of this address; how long the answer waits, ms. Loopback never does. */
uint32_t reg_sources_fail(struct reg_sources *self, const struct sip_hop *source, rt_ms now);

#endif
