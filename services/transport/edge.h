/* SPDX-License-Identifier: MIT */
/*
 * edge: the state of one transport actor, and the few nouns every file of this folder shares.
 *
 * One actor, one thread: nothing here is locked. Files below actor.c get the whole edge and touch only their own part.
 */
#ifndef EDGE_H
#define EDGE_H

#include "svc/actor.h"
#include "sip/netlist.h"
#include "bucket.h"
#include "large.h"
#include "oc.h"
#include "refusals.h"
#include "shed.h"

enum { EDGE_SOCKETS_MAX = 16 }; /* udp_sockets of one listener */

struct edge_listener {
	struct wire_listener known;  /* as the membership tells it: bound address, advertised host and port */
	int fd[EDGE_SOCKETS_MAX];    /* streams use the first only */
	int nfd;
	bool wildcard, multicast;
	bool closed;                 /* its number is free: a reload took it away */
	struct sip_hop asked;        /* as transport.listen has it: known.local may hold the port the kernel chose */
};

struct edge_way {                 /* how bytes reach somebody */
	struct sip_hop to;        /* protocol, address and port */
	struct sip_hop from;      /* our own address when it must be a certain one; family 0: whatever fits */
	uint64_t flow;            /* connection; 0: none in particular */
	uint16_t listener;        /* number in edge.listener */
	uint8_t ttl;              /* of a multicast datagram; 0: the system's */
};

struct edge_origin {              /* where a message came in */
	struct sip_hop remote, local;
	uint64_t flow;
	uint16_t listener;
	uint32_t waited;          /* ms in the kernel, of a datagram */
};

struct edge_owed {                /* who hears UNSENT; to == 0: nobody */
	uint32_t to;
	uint32_t as;                   /* owner of the branch, when that is not `to` */
	uint16_t slot;
	bool stateless;
	uint64_t trail, loop;
	rt_handle txn, branch, context;
};

struct edge_counters {
	uint64_t *received, *sent, *refused, *ignored, *unsent, *throttled, *flooded, *banned, *scanners, *kept, *keepalives, *kernel_drops, *shed, *dropped, *shed_share, *waited, *withheld, *stun, *refrains, *opened, *closed, *connections;
};

struct udp;
struct volley;
struct accept;
struct conns;
struct tls;
struct banlist;
struct keeps;
struct byname;
struct reuse;
struct refrain;
struct wire_seen;

struct edge {
	struct svc *svc;
	struct rt_arena *arena;       /* one message at a time: reset before each */
	struct rt_key branch_key, tag_key;
	struct edge_listener listener[WIRE_LISTENERS_MAX];
	int nlistener;
	int poll;                     /* epoll of every socket of this actor */
	struct udp *udp;
	struct volley *volley;
	struct accept *accept;
	struct conns *conns;
	struct tls *tls;
	struct bucket *answers;       /* answers to garbage, per source */
	struct bucket *requests;      /* new requests, per source; NULL: any number */
	struct bucket *messages;      /* of any kind, before they are parsed; NULL: any number */
	int64_t request_rate;         /* what these two were made for */
	struct banlist *bans;
	struct keeps *keeps;
	struct byname *byname;
	struct reuse *reuse;
	struct refrain *refrain;
	struct wire_seen *seen;       /* OPTIONS to the server itself, 8.2.2.2 */
	struct netlist trusted, aliases, balancers;
	struct netlist neighbours;    /* with whom overload is spoken about: peers, and gateways by address */
	struct oc oc;                 /* what they said */
	struct large asked;           /* requests that went to them */
	struct large large;
	struct refusals closed;       /* to TCP, tried for a large request's sake only */
	struct refusals bounced;      /* answers by UDP came back as ICMP errors */
	struct shed shed;
	uint32_t worker;              /* the transaction actor of the last request */
	struct edge_counters count;
};

struct edge_text { /* an address in words, for log lines */
	char s[64];
};
struct edge_text edge_text(const struct sip_hop *hop);

/* Tell the sender of a DEPART that it came to nothing. */
void edge_unsent(struct edge *edge, const struct edge_owed *owed, enum rt_err reason);

/* Whose timer it is; a connection's owner is its flow. */
enum edge_timer { EDGE_TIMER_BANS = 'B', EDGE_TIMER_CONN = 'C', EDGE_TIMER_DNS = 'D', EDGE_TIMER_KEEP = 'K', EDGE_TIMER_REUSE = 'R' };

/* What epoll hands back for a socket that is not a connection; connections hand back their handle, which is never this small. */
enum edge_kind { EDGE_UDP = 1, EDGE_ACCEPT };
static inline uint64_t edge_mark(enum edge_kind kind, uint32_t number)
{
	return (uint64_t)kind << 16 | number;
}

int edge_poll_add(struct edge *edge, int fd, uint32_t events, uint64_t mark);    /* 0 | RT_DOWN */
void edge_poll_change(struct edge *edge, int fd, uint32_t events, uint64_t mark);

#endif
