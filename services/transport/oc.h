/* SPDX-License-Identifier: MIT */
/*
 * oc: loss-based overload control between neighbours, RFC 7339: what the parameters of a Via say, and which requests are not sent
 * because of it. Pure: time and chance are arguments.
 *
 *   we send       ;oc;oc-algo="loss"                                                  we do as we are told, 5.1
 *   we are told   ;oc=20;oc-algo="loss";oc-validity=500;oc-seq=1282321615.782         20 of 100 requests fewer, for 500 ms
 *
 * The share is one of all requests, but only those that begin something are held back (5.10.1), so of these it is a larger one, 7.2:
 * when 40 of 100 are new, oc=10 holds back a quarter of the new ones. The mix is counted for each peer.
 */
#ifndef OC_H
#define OC_H

#include "rt/cursor.h"
#include "rt/wheel.h"
#include "sip/hop.h"
#include "sip/msg.h"

enum {
	OC_VALIDITY = 500,    /* ms, when none is given, 4.3 */
	OC_NEW = 80,          /* of 100 requests, while nothing was counted, 7.2 */
	OC_MIX_MS = 5000,     /* how often the mix is looked at, 7.2, */
	OC_MIX_LEAST = 100,   /* and of how many requests at least */
	OC_PLACES = 1024,
	OC_ROOM = 128,        /* bytes that oc_render adds at most */
};

struct oc_said {              /* by the Via of a response */
	uint8_t percent;
	uint32_t validity;    /* ms; 0: it is over */
	uint64_t seq;         /* in 1/100000; 0: none was given */
};

struct oc_peer {
	uint64_t place;       /* hash of address and port, 5.4; 0: nobody */
	rt_ms until;          /* what was said holds, and so long is its number remembered */
	uint64_t seq;
	uint8_t percent;
	uint8_t told;         /* the percentage that other workers know, */
	rt_ms told_at;        /* and since when */
	uint8_t share;        /* new ones of 100 requests; 0: not counted yet */
	rt_ms since;          /* they are counted */
	uint32_t fresh, others;
};

struct oc { /* what two peers in one place forget of each other costs a few requests more */
	struct oc_peer at[OC_PLACES];
};

/* Does the sender of a request with these Via parameters do as it is told, by the algorithm that we know? */
bool oc_offered(struct slice params);

/* What a server tells us in our Via. 0; RT_ABSENT: nothing; RT_BAD: it makes no sense, or is not loss-based */
RT_MUSTUSE
int oc_read(struct oc_said *out, struct slice params);

/* These Via parameters, each with its ';', and what we have to say in place of what the sender offered. `ms`: a clock that goes on. */
void oc_render(struct rt_cursor *c, struct slice params, const struct oc_said *say, uint64_t ms);

/* Take it over. False: it is older than what we know, or the same, 5.4. */
bool oc_hear(struct oc *self, const struct sip_hop *from, const struct oc_said *said, rt_ms now);

/* What holds now. */
uint32_t oc_percent(const struct oc *self, const struct sip_hop *peer, rt_ms now);

/* Must other workers hear of what was just taken over? Each change, and each half of a validity. True: they were told now. */
bool oc_is_news(struct oc *self, const struct sip_hop *from, const struct oc_said *said, rt_ms now);

/* Is this request to be held back? `fresh`: it may be. chance: any number, another one for each request. */
bool oc_holds(struct oc *self, const struct sip_hop *to, bool fresh, rt_ms now, uint64_t chance);

/* What goes first whatever happens: Resource-Priority, and calls for help (RFC 5031), 5.10.1. */
bool oc_is_urgent(const struct sip_msg *request);

#endif
