/* SPDX-License-Identifier: MIT */
/*
 * plan: RFC 3263 as one function over what is known. It is run again each time an answer comes in, until nothing it needs is
 * missing; so its text reads in the RFC's order, and whatever can be asked at once is.
 */
#ifndef DNS_PLAN_H
#define DNS_PLAN_H

#include "answer.h"
#include "dns/resolver.h"

struct dns_target { /* what is to be reached */
	char host[DNS_NAME_MAX + 1]; /* lower case, no final dot, no brackets */
	uint8_t host_n;
	uint8_t transport;  /* the explicit one (enum sip_transport), 0: none */
	uint16_t port;      /* 0: not written */
	bool sips;
};

/* From a URI: maddr instead of the host, transport parameter, sips. 0, RT_ABSENT (nothing SIP can go to) */
RT_MUSTUSE
int dns_target_of(struct dns_target *out, const struct sip_uri *uri);

/* Of a response: sent-by and the Via's transport, RFC 3263 5. */
RT_MUSTUSE
int dns_target_of_via(struct dns_target *out, struct slice host, uint16_t port, enum sip_transport proto);

struct dns_plan {
	const struct dns_target *target;
	uint8_t families, transports;
	uint64_t seed;  /* the draws by weight; the same in every run for one search */
	/* The answer to a question, NULL when it is not there yet (and will be asked). */
	const struct dns_answer *(*need)(void *arg, enum dns_type type, struct slice name);
	void *arg;

	struct sip_hop hop[DNS_HOPS_MAX];
	int n;          /* hops found */
	int missing;    /* answers not there yet */
	int err;        /* when n is 0 and nothing is missing: RT_ABSENT, RT_DOWN, RT_TIMEOUT */
};

/* Fill in hop, n, missing and err. Hops found while something is missing are good ones, but better may come before them. */
void dns_plan_run(struct dns_plan *p);

#endif
