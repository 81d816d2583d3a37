/* SPDX-License-Identifier: MIT */
/*
 * token: the user part of our Record-Route and Path URIs. It makes promises without any state:
 *
 *   d <mac 16> [ - <way to the caller> - <way to the callee> ]        Record-Route, for one dialog
 *   f <mac 16> - <way to the phone>                                   Path, RFC 3327, RFC 5626 5.1
 *
 *   mac   keyed hash of Call-ID, the caller's tag and the ways: later requests with this Route belong to a dialog we
 *         forwarded the first request of, and may be relayed; it tells nothing to anyone else and costs four hashes
 *   way   how to reach an end whose Contact cannot be reached by its address alone (a connection, a WebSocket, a NAT):
 *         "0" when the address will do. RFC 5626 5.3 calls this a flow token
 *
 * The tag tells the direction: a request whose From tag fits the mac goes to the callee, one whose To tag fits to the caller.
 */
#ifndef PROXY_TOKEN_H
#define PROXY_TOKEN_H

#include "rt/cursor.h"
#include "rt/hash.h"
#include "sip/hop.h"
#include "sip/msg.h"

struct proxy_way { /* how a message reaches its next hop */
	struct sip_hop remote;
	uint64_t flow;     /* connection at the edge; 0: any connection, or a datagram */
	uint32_t edge;     /* transport actor; 0: no way known */
	uint16_t listener;
};

enum { PROXY_TOKEN_BYTES = 1 + 16 + 2 * (1 + 64) };

/* `caller`, `callee`: NULL when their addresses will do. */
void proxy_token_render(struct rt_cursor *c, struct rt_key key, const struct sip_msg *request,
                        const struct proxy_way *caller, const struct proxy_way *callee);

/* Is this user part a token of ours that fits this request? *to: the way onwards, edge 0 when none is told. */
bool proxy_token_fits(struct slice user, struct rt_key key, const struct sip_msg *request, struct proxy_way *to);

/* The flow token of a Path: whoever knows it may send to this phone over its flow, and that is its purpose. */
void proxy_token_render_flow(struct rt_cursor *c, struct rt_key key, const struct proxy_way *phone);
bool proxy_token_is_flow(struct slice user, struct rt_key key, struct proxy_way *to);

/* By their shape alone: a token of either kind; a flow token. */
bool proxy_token_looks(struct slice user);
bool proxy_token_claims_flow(struct slice user);

#endif
