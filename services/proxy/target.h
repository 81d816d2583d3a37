/* SPDX-License-Identifier: MIT */
/* target: Determining Request Targets, RFC 3261 16.5. */
#ifndef PROXY_TARGET_H
#define PROXY_TARGET_H

#include "auth/gruu.h"
#include "loc/store.h"
#include "request.h"

enum proxy_place {
	PROXY_HERE, /* this server itself is asked */
	PROXY_USER, /* a user of our domains: the location service knows */
	PROXY_AWAY, /* a place that is not ours: the Request-URI is the only target */
};

struct proxy_address {
	enum proxy_place place;
	const struct svc_domain *domain; /* USER: whose */
	struct slice aor;                /* USER: key of the location service, 10.3 step 5 */
	struct auth_gruu gruu;
	bool device;                     /* only bindings the GRUU names, RFC 5627 */
};

/* What the Request-URI, after 16.4, is the address of. 0 | RT_BAD | RT_ABSENT (a GRUU that is not ours: 404) | RT_NOMEM */
RT_MUSTUSE
int proxy_target_place(const struct proxy_element *e, const struct proxy_request *r, struct proxy_address *out);

struct proxy_target { /* one element of the target set */
	struct slice uri;      /* what becomes the Request-URI, 16.6 step 2 */
	struct slice contact;  /* as registered, for a redirect */
	struct slice params;   /* other parameters of the Contact: what it can, RFC 3840; "" none */
	struct slice path;     /* Path of the binding, "a, b": becomes its Route (RFC 3327 5.4); "" none */
	struct slice hop;      /* URI of the gateway it is sent to; absent: where `uri` leads */
	struct slice instance; /* of the device, RFC 5626; "" unknown */
	struct proxy_way way;  /* how it registered, when only that way leads back; edge 0: go by address */
	int64_t expires_at;
	uint16_t q;            /* 0..1000 */
	bool outbound;         /* the way is the only way: its loss is a 430, RFC 5626 */
	bool fixed;            /* not ours to change: no recursion, no rewriting */
};

enum { PROXY_TARGETS_MAX = PROXY_BRANCHES_MAX };

/*
 * A service of the agent's (configuration: agent.services), or a dialog of one, as the only target; false: this is none.
 */
bool proxy_target_service(const struct proxy_element *e, const struct proxy_request *r, const struct proxy_address *to,
                          struct proxy_target *out);

/* The Request-URI as the only target. */
void proxy_target_away(const struct proxy_request *r, struct proxy_target *out);

/* The bindings of a user, each once (19.1.4), in their order. Bindings a request may not be sent to are left out. How many. */
int proxy_target_bindings(const struct proxy_element *e, const struct proxy_request *r, const struct proxy_address *to,
                          const struct loc_binding *b, int n, struct proxy_target out[PROXY_TARGETS_MAX]);

/* The Contacts of a 3xx as targets, except those in `known`, 16.7 step 4. How many. */
int proxy_target_contacts(const struct proxy_element *e, const struct proxy_request *r, const struct sip_msg *response,
                          const struct proxy_target *const known[], int nknown,
                          struct proxy_target out[PROXY_TARGETS_MAX]);

/* The 3xx without those of its Contacts that are in `known`: what it says to the caller, who may try the others. How many; 0: none. */
int proxy_target_rest(const struct proxy_element *e, const struct proxy_request *r, const struct sip_msg *response,
                      const struct proxy_target *const known[], int nknown, struct sip_msg *out);

#endif
