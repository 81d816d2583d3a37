/* SPDX-License-Identifier: MIT */
/*
 * aliases: peers that are reached over a connection they opened (RFC 5923), as every proxy knows them.
 *
 * A transport tells each proxy all of its own (ALIASES), whenever they change and every few seconds: a list that was lost is repeated,
 * and one that is out of date costs nothing, since the edge has the last word on its connections. One line each:
 *
 *   tls:192.0.2.7:5061 2 1f00000003 sip.example.net      the peer's address and the port it advertised, listener, flow in hex, sent-by host
 */
#ifndef WIRE_ALIASES_H
#define WIRE_ALIASES_H

#include "rt/cursor.h"
#include "wire/members.h"

enum { WIRE_ALIASES_MAX = 256 }; /* of one edge; it keeps others to itself */

struct wire_alias {
	struct sip_hop hop;
	struct slice host; /* IPv6 without brackets */
	uint64_t flow;
	uint32_t edge;
	uint16_t listener;
};

void wire_alias_render(struct rt_cursor *c, const struct wire_alias *alias);

struct wire_aliases;

struct wire_aliases *wire_aliases_new(void); /* NULL: out of memory */
void wire_aliases_destroy(struct wire_aliases **self_p);

/* What `edge` tells takes the place of what it told before. Lists of edges that are members no more go.
 * 0 (nothing new) | 1 | RT_NOMEM | RT_BAD */
RT_MUSTUSE
int wire_aliases_take(struct wire_aliases *self, const struct wire_members *members, uint32_t edge, struct slice text);
uint32_t wire_aliases_count(const struct wire_aliases *self);

/* The live edge that is connected with the peer at this address: `like` when it is one of several. 0: none. O(connections of the peer) */
uint32_t wire_aliases_edge(const struct wire_aliases *self, const struct wire_members *members, const struct sip_hop *hop, uint32_t like);

/*
 * A connection to the peer that advertises host:port over this transport: no DNS is asked.
 *   like   an edge that goes first
 *   key    chooses among several connections
 *   returns an alias valid until the next take, or NULL
 */
const struct wire_alias *wire_aliases_named(const struct wire_aliases *self, const struct wire_members *members, struct slice host,
					    uint16_t port, enum sip_transport proto, uint32_t like, uint64_t key);

#endif
