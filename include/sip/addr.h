/* SPDX-License-Identifier: MIT */
/* addr: name-addr and addr-spec with parameters: From, To, Contact, Route, Record-Route, Path, Refer-To. */
#ifndef SIP_ADDR_H
#define SIP_ADDR_H

#include "sip/param.h"
#include "sip/uri.h"

struct sip_addr {
	struct slice display; /* as written, quotes included; SLICE_NONE when absent */
	struct slice uri;     /* the URI's text, without <> */
	struct slice params;  /* header parameters without the leading ';'; SLICE_NONE when absent */
	bool brackets;        /* written with <> */
};

/* One value as the index holds it. Without <>, everything after the first ';' belongs to the header, and a ',' or '?'
 * in the URI is a fault (RFC 3261 20). 0 | RT_BAD */
RT_MUSTUSE
int sip_addr_parse(struct sip_addr *out, struct slice value);

/* The two steps in one: the value and its URI. 0 | RT_BAD */
RT_MUSTUSE
int sip_addr_uri(struct slice value, struct sip_addr *addr, struct sip_uri *uri);

#endif
