/* SPDX-License-Identifier: MIT */
/*
 * resolver: from a URI to the ordered list of hops to try, RFC 3263, by c-ares. Asynchronous with one deadline for the whole
 * search; a slow search delays nobody else. The owner polls descriptors through hooks and drives time.
 */
#ifndef DNS_RESOLVER_H
#define DNS_RESOLVER_H

#include "rt/err.h"
#include "rt/wheel.h"
#include "sip/hop.h"
#include "sip/uri.h"

enum { DNS_HOPS_MAX = 32 };

struct dns_resolver;

struct dns_hooks { /* how the owner's loop watches descriptors */
	void *arg;
	void (*watch)(void *arg, int fd, bool read, bool write);
	void (*unwatch)(void *arg, int fd);
};

struct dns_options {
	struct slice servers[8]; /* address[:port]; none: the system's */
	int nserver;
	uint32_t timeout_ms;     /* one whole search */
	uint8_t families;        /* bit 0: IPv4 usable, bit 1: IPv6 usable */
	uint8_t transports;      /* bit n: enum sip_transport n can be used */
	uint32_t seed;           /* for weights */
};

/* err: 0, RT_ABSENT (no such name or nothing usable), RT_TIMEOUT, RT_DOWN. hops in the order to try; valid during the call. */
typedef void dns_done_fn(void *self, uint64_t token, int err, const struct sip_hop *hops, int n);

struct dns_resolver *dns_resolver_new(const struct dns_options *options, const struct dns_hooks *hooks, rt_ms now);
void dns_resolver_destroy(struct dns_resolver **self_p); /* pending searches end with RT_DOWN */

/*
 * Where a request for this URI (next hop: topmost Route or Request-URI) goes: explicit transport, port and numeric rules, maddr, NAPTR, SRV, A, AAAA.
 * Numeric hosts and cached names answer before this returns. 0 | RT_NOMEM (too many searches)
 */
RT_MUSTUSE
int dns_resolve(struct dns_resolver *self, const struct sip_uri *uri, rt_ms now, dns_done_fn *done, void *arg, uint64_t token);

/* Where a response goes when its connection is gone: sent-by host without port, RFC 3263 5. */
RT_MUSTUSE
int dns_resolve_response(struct dns_resolver *self, struct slice host, uint16_t port, enum sip_transport proto, rt_ms now,
                         dns_done_fn *done, void *arg, uint64_t token);

void dns_resolver_ready(struct dns_resolver *self, int fd, bool read, bool write, rt_ms now);
rt_ms dns_resolver_tick(struct dns_resolver *self, rt_ms now); /* returns when to be called next */

/* A hop that timed out or refused: for `seconds` it goes to the end of every list. A hop that answered is well again. */
void dns_hop_failed(struct dns_resolver *self, const struct sip_hop *hop, rt_ms now, uint32_t seconds);
void dns_hop_worked(struct dns_resolver *self, const struct sip_hop *hop);

#endif
