/* SPDX-License-Identifier: MIT */
/* via: one Via value, read and written. */
#ifndef SIP_VIA_H
#define SIP_VIA_H

#include "rt/cursor.h"
#include "sip/param.h"
#include "sip/names.h"

struct sip_via {
	struct slice host;     /* sent-by, IPv6 without brackets */
	struct slice branch, received, maddr, rport; /* SLICE_NONE when absent; rport "" without a value;
	                                                received of IPv6 without brackets */
	struct slice params;   /* all of them, as written, without the leading ';' */
	struct slice transport_text;
	uint16_t port;         /* 0 when not written */
	uint8_t transport;     /* enum sip_transport */
	uint8_t flags;         /* enum sip_via_flag of index.h */
	uint8_t ttl;           /* 0 when absent */
};

RT_MUSTUSE
int sip_via_parse(struct sip_via *out, struct slice value); /* 0 | RT_BAD; 20.42, 18.2.1, RFC 3581, RFC 5118 4.5 */

/* Only the protocol and sent-by: what is left of a value whose parameters are broken, enough to answer it. 0 | RT_BAD */
RT_MUSTUSE
int sip_via_sent_by(struct sip_via *out, struct slice value);

/* The first Via value of a message that has no index: read as far as it stands. SLICE_NONE: there is none. */
struct slice sip_via_top(struct slice text);

#endif
