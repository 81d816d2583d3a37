/* SPDX-License-Identifier: MIT */
/*
 * store: bindings of an address of record, shared by every registrar and proxy.
 *
 * Never blocks: each call queues one Redis command; the answer comes to `done` exactly once. All bindings of one AoR
 * are one hash, reg:<aor>, so one Lua script makes a REGISTER atomic. Layout: common/loc/README.md.
 */
#ifndef LOC_STORE_H
#define LOC_STORE_H

#include "limits.h"
#include "loc/redis.h"

struct loc_binding {
	struct slice id;           /* field name: "<urn:uuid:..>#1", or "c:" + canonical contact */
	struct slice contact;      /* URI exactly as registered */
	struct slice params;       /* other Contact parameters as registered (without q, expires), "" when none */
	struct slice path;         /* Path values joined by ", "; "" when none */
	struct slice received;     /* source address when only it leads back (a connection, a NAT): "udp:198.51.100.9:40112" (sip_hop text), else "" */
	struct slice instance;     /* +sip.instance without quotes, "" when none */
	struct slice call_id;      /* ordering, RFC 3261 10.3 step 7 */
	struct slice user_agent;
	uint64_t flow;             /* connection at the edge, 0 when none */
	int64_t expires_at;        /* wall clock, seconds since 1970 */
	int64_t registered_at, updated_at;
	uint32_t edge;             /* transport actor that heard it */
	uint32_t cseq;
	uint32_t reg_id;           /* RFC 5626, 0 when none */
	uint16_t listener;         /* listener of the edge */
	uint16_t q;                /* 0..1000; 1000 when not written */
};

/* err: 0; RT_STALE (a binding is newer: CSeq order, nothing was written); RT_BIG (more contacts than allowed, nothing was written);
 * RT_DENIED (the nonce count was used before, nothing was written);
 * RT_DOWN, RT_TIMEOUT (Redis away; whether it was written is unknown for TIMEOUT); RT_BAD (the script refused, logged).
 * b: what now stands, highest q first, then newest first; expired ones left out. Valid during the call. */
typedef void loc_done_fn(void *self, uint64_t token, int err, const struct loc_binding *b, int n);

/* Current bindings. 0 | RT_DOWN */
RT_MUSTUSE
int loc_store_fetch(struct loc_redis *redis, struct slice aor, int64_t now, loc_done_fn *done, void *arg, uint64_t token);

struct loc_change {
	struct slice aor;
	const struct loc_binding *b; /* what this REGISTER says; expires_at <= now removes */
	int n;                       /* 0 with remove_all: "Contact: *" */
	bool remove_all;
	struct slice call_id;        /* of the REGISTER */
	uint32_t cseq;
	int max_contacts;            /* policy */
	bool replace_oldest;         /* instead of RT_BIG */
	int64_t now;
	struct slice domain;         /* for the index */
	struct slice nonce;          /* of the credentials, absent without: each count of it serves once, */
	uint32_t nonce_count;        /* but this very request (Call-ID, CSeq) may come again, when it changes nothing */
	int64_t nonce_until;         /* when the nonce is stale anyway */
};

/* Apply one REGISTER whole or not at all; answers with what now stands. RFC 3261 10.3 steps 6 to 8. 0 | RT_DOWN | RT_NOMEM */
RT_MUSTUSE
int loc_store_apply(struct loc_redis *redis, const struct loc_change *change, loc_done_fn *done, void *arg, uint64_t token);

/* Bindings and policy together: one write, one answer. Both are valid during the call; policy is NULL unless err is 0 or RT_STALE:
 * Redis is away, and this is an earlier answer (loc_lookup_remember). What is remembered is answered before this returns. 0 | RT_DOWN */
struct loc_policy;
typedef void loc_lookup_fn(void *self, uint64_t token, int err, const struct loc_binding *b, int n, const struct loc_policy *policy);
RT_MUSTUSE
int loc_lookup(struct loc_redis *redis, struct slice aor, int64_t now, loc_lookup_fn *done, void *arg, uint64_t token);

/* From now on keep the last answers of loc_lookup on this connection, so many: each for `away` seconds should Redis be away, and for `fresh`
 * while it stands: Redis tells of every change (CLIENT TRACKING), and where it cannot, it is asked each time. 0 | RT_NOMEM */
RT_MUSTUSE
int loc_lookup_remember(struct loc_redis *redis, uint32_t entries, uint32_t away, uint32_t fresh);

/* The next lookup of this one is asked of Redis, whatever is remembered. */
void loc_lookup_forget(struct loc_redis *redis, struct slice aor);

/* The binding id of a contact without instance and reg-id: "c:" + canonical URI, then "#" and the parameters that count only when both
 * URIs have them (19.1.4). A URI we cannot read names itself. 0 | RT_NOMEM */
struct rt_arena;
RT_MUSTUSE
int loc_contact_id(struct slice uri, struct rt_arena *a, struct slice *out);

/* Has this nonce count been used? For whoever writes nothing else with it (the proxy): 0, RT_DENIED (used), RT_DOWN, RT_TIMEOUT, RT_BAD;
 * RT_STALE: Redis is away, and it was not used here (loc_nonce_remember; then `done` may be called before this returns). 0 | RT_DOWN */
typedef void loc_nonce_fn(void *self, uint64_t token, int err);
RT_MUSTUSE
int loc_nonce_use(struct loc_redis *redis, struct slice nonce, uint32_t count, int64_t seconds, loc_nonce_fn *done, void *arg,
                  uint64_t token);

/* From now on remember the counts of so many nonces on this connection, for the time Redis is away. 0 | RT_NOMEM */
RT_MUSTUSE
int loc_nonce_remember(struct loc_redis *redis, uint32_t entries);

/* One record as JSON both ways (the value of a hash field). */
struct rt_cursor;
void loc_binding_render(struct rt_cursor *c, const struct loc_binding *b);
RT_MUSTUSE
int loc_binding_parse(struct loc_binding *out, struct slice id, struct slice json, struct rt_arena *a); /* 0 | RT_BAD | RT_NOMEM */

#endif
