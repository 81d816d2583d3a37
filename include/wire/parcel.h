/* SPDX-License-Identifier: MIT */
/*
 * parcel: what one actor hands another. Many travel as one pack, one ZeroMQ frame:
 *
 *   pack     | head 16 | parcel | parcel | ...            up to WIRE_PACK_PARCELS, WIRE_PACK_BYTES
 *   parcel   | head 160 | index: fixed + 12*nfield | text: head + body | name | pad to 8 |
 *
 * Host byte order: a deployment is one architecture, and the pack's magic refuses anything else.
 * A parcel is read where it lies; opening one checks bounds and never parses.
 * A parcel given to an actor is valid during that call only; what must stay is copied.
 */
#ifndef WIRE_PARCEL_H
#define WIRE_PARCEL_H

#include "rt/arena.h"
#include "rt/err.h"
#include "rt/pool.h"
#include "rt/wheel.h"
#include "sip/hop.h"
#include "sip/msg.h"

enum wire_tier { WIRE_NO_TIER, WIRE_TRANSPORT, WIRE_TRANSACTION, WIRE_PROXY, WIRE_REGISTRAR, WIRE_AGENT, WIRE_TIERS };

/*
 * Verbs, in the present tense. "echoes" = the receiver puts the field back into what it sends in reply.
 *
 * ARRIVED   transport -> transaction: a message off the network (top Via already stamped with received and rport).
 *             from, edge = the transport; flow, listener, remote, local: where it came in; born.
 *             WIRE_HOME: from an agent, for its own user agent: the transaction OFFERs it back to `edge`.
 *             Request: `to` chosen by wire_request_key. Response to one of our branches: `to` = owner, branch = handle from
 *             the checked branch; when the owner is gone, `to` = its successor by wire_response_key, context = the owner. transport -> proxy: response whose branch has owner 0 (stateless, 16.11).
 * OFFER     transaction -> proxy | registrar: decide this request. txn = server transaction handle (0: ACK for a 2xx, or a request
 *             that has no transaction); flags WIRE_MERGED when 8.2.2.2 matched. edge, flow, listener, remote, local, born as arrived.
 *           transport -> proxy: a plain OPTIONS to the server itself, of which nothing need be kept (8.2.7). txn 0; WIRE_MERGED as far as the transport knows.
 * ABANDON   transaction -> proxy: the server transaction txn got a CANCEL (already answered 200), or (reason RT_DOWN, RT_TIMEOUT)
 *             died by transport error or timer H. To the same actor that got its OFFER. For a CANCEL msg = the CANCEL.
 * ANSWER    proxy | registrar -> transaction: send this response on server transaction txn. A late 2xx is sent even when Accepted.
 *             txn 0: a response to a request that has no transaction (stateless UAS): flow, edge, listener, remote as offered. To whom the
 *             OFFER came from: a transport takes it as a DEPART.
 *             A 2xx to an INVITE ends its other client transactions: who rings gets a CANCEL (16.7 step 10), who has said nothing yet, as soon as
 *             he does (9.1). Of them only a 2xx is still told.
 *             WIRE_FORGET: nothing need be kept after it, whoever missed it asks again and is answered again (8.2.7).
 * FORK      proxy -> transaction (the one that owns the server transaction): open a client transaction for msg (without our Via) to
 *             `remote` by `edge`, `flow` (0: any connection to remote), `listener`. txn, context, slot: echoed in each RESULT. loop: goes into the branch.
 *             reason: seconds of Timer C is the proxy's business, not here.
 * GIVE_UP   proxy -> transaction: CANCEL the client transaction `branch` (sent at once; the proxy asks only after a provisional, 9.1).
 *             text (no index): header lines to add, e.g. "Reason: SIP;cause=200;text=\"Call completed elsewhere\"\r\n".
 *             flags WIRE_FORGET: no CANCEL, just end the transaction (Timer C without answer).
 * RESULT    transaction -> proxy: what became of a FORK. txn, context, slot echoed; branch = client transaction handle. Response in msg (our Via still on
 *             top), or no msg and reason: RT_TIMEOUT (Timer B, F), RT_DOWN (could not be sent), RT_ABSENT (flow gone), RT_NOMEM (overload).
 *             Over TLS name_n bytes of domain name lie behind the message's text: whom the far end must prove to be (RFC 5922 7.3). DEPART, too.
 * DEPART    transaction | proxy -> transport: put on a network. Request: transport inserts the Via: branch from (from, branch, loop), or
 *             (0, branch, loop) when flags WIRE_STATELESS. To `remote`, over `flow` when not 0, from `listener`.
 *             Response: text as it is, by 18.2.2 with flow, remote and listener of the request. txn, branch: echoed in UNSENT.
 * UNSENT    transport -> transaction | proxy: a DEPART could not be sent. reason RT_DOWN, RT_ABSENT (flow gone), RT_TIMEOUT (connect), RT_NOMEM.
 *             txn, branch, context, slot echoed. No message.
 * ALIASES   transport -> proxy: all peers that are reached over connections of theirs here, RFC 5923. text (no index): wire/aliases.h.
 * EASE      transport -> transport: the peer `remote` said by how much requests to it are to be fewer, RFC 7339. text (no index): parameters of the Via.
 * ECHO      any -> any: liveness. The receiver sends it back with WIRE_BACK; txn is the asker's token.
 */
/* clang-format off */
#define WIRE_VERB_MAP(X) \
	X(ARRIVED, 1) X(OFFER, 2) X(ABANDON, 3) X(ANSWER, 4) X(FORK, 5) X(GIVE_UP, 6) X(RESULT, 7) X(DEPART, 8) X(UNSENT, 9) X(ECHO, 10) \
	X(ALIASES, 11) X(EASE, 12)
/* clang-format on */
enum wire_verb {
#define X(name, n) WIRE_##name = n,
	WIRE_VERB_MAP(X)
#undef X
	WIRE_VERBS = 13,
};

enum wire_flag {
	WIRE_MERGED = 1 << 0,    /* OFFER: same From tag, Call-ID, CSeq as another transaction in progress */
	WIRE_STATELESS = 1 << 1, /* DEPART: branch is a hash, no transaction waits */
	WIRE_FORGET = 1 << 2,    /* GIVE_UP: without a CANCEL; ANSWER: the transaction may end with it */
	WIRE_BACK = 1 << 3,      /* ECHO: this is the answer */
	WIRE_PEER = 1 << 4,      /* ARRIVED, OFFER: the source is a configured, trusted peer */
	WIRE_HOME = 1 << 5,      /* ARRIVED: the edge itself decides it (an agent is a transport and a user agent in one) */
};

struct wire_head {
	uint32_t size;      /* bytes of the parcel, head and padding included; multiple of 8 */
	uint8_t verb;       /* enum wire_verb */
	uint8_t flags;      /* enum wire_flag */
	int16_t reason;     /* enum rt_err, 0 when none */
	uint32_t to, from;  /* actor ids; `from` is filled by svc_post */
	uint64_t trail;     /* follows one request through every tier and every log line */
#ifdef PEAL_NEXT
	uint64_t next;      /* see pack.h */
#endif
	rt_handle txn;      /* server transaction */
	rt_handle branch;   /* client transaction */
	rt_handle context;  /* response context of the proxy */
	uint64_t loop;      /* loop-detection part of the branch */
	uint64_t flow;      /* connection at `edge`; 0: none */
	uint32_t edge;      /* transport actor */
	uint16_t slot;      /* branch number in the context */
	uint16_t listener;  /* listener number at `edge` */
	uint64_t born;      /* arrival, wall clock ms since 1970: queue age */
	struct sip_hop remote, local;
	uint32_t index_n, text_n; /* bytes */
	uint8_t name_n;     /* FORK, DEPART: bytes of the domain name behind the text; 0: unknown */
	uint8_t spare[27];  /* zero */
	uint32_t as;        /* DEPART of a request: the owner its branch names, when that is not `from`; 0: it is */
};
#ifndef PEAL_NEXT
_Static_assert(sizeof(struct wire_head) == 160, "the head is 160 bytes");
#endif

struct wire_parcel { /* an opened view; borrowed */
	const struct wire_head *head;
	struct sip_msg msg;  /* index NULL when the parcel has none; text then holds text_n bytes */
	struct slice name;   /* right behind msg.text; absent when name_n is 0 */
};

const char *wire_verb_name(uint8_t verb);
const char *wire_tier_name(enum wire_tier tier); /* "transport" */
enum wire_tier wire_tier_find(struct slice name);

/* The key of 17.2.3 as a hash, equal for a request, its retransmissions, its CANCEL and its ACK for a failure:
 * branch and sent-by, or for RFC 2543 (no cookie) Request-URI, From tag, Call-ID, CSeq number, top Via. REGISTERs of one phone have one
 * key, their Call-ID, so that those it sends back to back do not overtake each other on their way to the registrar. */
uint64_t wire_request_key(const struct sip_msg *request);

/* The same key of the request that a response to one of our branches answers in the end: from the Via below ours. 0: there is none that reads. */
uint64_t wire_response_key(const struct sip_msg *response);

#endif
