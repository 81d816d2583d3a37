/* SPDX-License-Identifier: MIT */
/* uri: sip, sips and tel URIs as slices of the text they came from. */
#ifndef SIP_URI_H
#define SIP_URI_H

#include "rt/arena.h"
#include "rt/err.h"
#include "rt/slice.h"
#include "sip/names.h"

enum sip_scheme { SIP_SCHEME_NONE, SIP_SCHEME_SIP, SIP_SCHEME_SIPS, SIP_SCHEME_TEL, SIP_SCHEME_OTHER };
enum sip_host { SIP_HOST_NAME, SIP_HOST_IPV4, SIP_HOST_IPV6 };

struct sip_uri {
	struct slice scheme_text; /* "sip"; for OTHER the scheme as written */
	struct slice user, password, host, params, headers; /* SLICE_NONE when absent; params and headers
	                                                       without their leading ';' or '?'; host of IPv6 unbracketed.
	                                                       tel: user is the number, host absent. OTHER: user is all
	                                                       that follows the colon */
	uint16_t port;     /* 0 when not written */
	uint8_t scheme;    /* enum sip_scheme */
	uint8_t host_kind; /* enum sip_host */
};

/* Read a whole URI (an addr-spec). returns 0, or RT_BAD when the text is not a URI at all or a sip, sips or tel one
 * breaks its grammar; any other scheme is 0 with SIP_SCHEME_OTHER. source: RFC 3261 19.1.1, 25.1; RFC 3966; RFC 5118 */
RT_MUSTUSE
int sip_uri_parse(struct sip_uri *out, struct slice text);

bool sip_uri_same(const struct sip_uri *a, const struct sip_uri *b); /* 19.1.4 */

/* Value of a parameter, any case; SLICE_NONE when absent, "" when present without a value. */
struct slice sip_uri_param(const struct sip_uri *u, struct slice name);

/* transport parameter, or what the scheme says: sip UDP, sips TLS; 0 when unwritten for sip (RFC 3263 decides). */
enum sip_transport sip_uri_transport(const struct sip_uri *u);

/* Canonical address of record, the location key: scheme, parameters, headers, password and port dropped, user unescaped
 * (bytes that a user part may not hold stay escaped, upper-case hex), host lowered: "alice@example.com", or "example.com"
 * when there is no user; "+15551234" @ host for tel is the caller's business. RFC 3261 10.3 step 5. 0 | RT_BAD | RT_NOMEM */
RT_MUSTUSE
int sip_uri_aor(const struct sip_uri *u, struct rt_arena *a, struct slice *out);

/* The URI fit for a Request-URI: headers and the method parameter removed, 19.1.5 and 16.6 step 2. */
RT_MUSTUSE
int sip_uri_as_target(const struct sip_uri *u, struct rt_arena *a, struct slice *out);

/* A text equal for equal URIs and (as far as a text can) different for different ones: the binding id of a contact.
 * Scheme and host lowered, needless escapes undone, parameters that 19.1.4 always compares (user, ttl, method, maddr,
 * transport) kept in one order, unknown ones left out, headers sorted. Final equality is sip_uri_same. 0 | RT_NOMEM */
RT_MUSTUSE
int sip_uri_canon(const struct sip_uri *u, struct rt_arena *a, struct slice *out);

#endif
