/* SPDX-License-Identifier: MIT */
/* cred: Digest credentials and challenges, RFC 3261 22, RFC 8760, RFC 2617/7616. */
#ifndef SIP_CRED_H
#define SIP_CRED_H

#include "rt/err.h"
#include "rt/slice.h"

struct sip_cred { /* unquoted but not unescaped; SLICE_NONE when absent */
	struct slice username, realm, nonce, uri, response, algorithm, cnonce, opaque, qop, nc;
	struct slice stale; /* challenges only */
};

/* One Authorization, Proxy-Authorization, WWW- or Proxy-Authenticate value. 0 | RT_BAD | RT_ABSENT (not Digest) */
RT_MUSTUSE
int sip_cred_parse(struct sip_cred *out, struct slice value);

#endif
