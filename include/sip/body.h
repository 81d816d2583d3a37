/* SPDX-License-Identifier: MIT */
/* body: what a user agent server must make of a body, RFC 3261 8.2.3. */
#ifndef SIP_BODY_H
#define SIP_BODY_H

#include "sip/msg.h"

/*
 * Must a server that reads nothing but SDP refuse this body (415)? Yes, unless its sender says that it need not be understood
 * (Content-Disposition: ..;handling=optional).
 *   header, value   of the 415: Accept-Encoding, Accept or Accept-Language, the first that is not met
 */
bool sip_body_refused(const struct sip_msg *m, enum sip_hdr *header, struct slice *value);

#endif
