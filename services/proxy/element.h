/* SPDX-License-Identifier: MIT */
/* element: what the pure files may know of the world while one event is handled: configuration, members, keys, time. */
#ifndef PROXY_ELEMENT_H
#define PROXY_ELEMENT_H

#include "rt/arena.h"
#include "rt/hash.h"
#include "sip/uri.h"
#include "svc/config.h"
#include "wire/aliases.h"
#include "wire/members.h"

struct proxy_element {
	const struct svc_config *config;
	const struct wire_members *members;
	const struct wire_aliases *aliases; /* peers reached over connections of theirs, RFC 5923 */
	struct rt_arena *arena; /* lives until the end of the event */
	struct rt_key branch;   /* checks our branches */
	struct rt_key dialog;   /* signs our Record-Route values */
	struct rt_key tag;      /* makes our To tags */
	struct rt_key nonce;
	struct rt_key gruu;     /* opens temporary GRUUs */
	int64_t now;            /* seconds since 1970 */
};

/* Does this URI name this server: one of its domains, other names or listeners? Its user part does not matter. */
bool proxy_element_is(const struct proxy_element *e, const struct sip_uri *uri);

/*
 * The domain whose users this URI is about: a configured domain, or the first one when the host is merely another name or
 * an address of this server. NULL: not ours.
 */
const struct svc_domain *proxy_element_domain(const struct proxy_element *e, const struct sip_uri *uri);

/* The listener a message came in by, or will leave by; NULL when that transport went away. */
const struct wire_listener *proxy_element_listener(const struct proxy_element *e, uint32_t edge, uint16_t listener);

#endif
