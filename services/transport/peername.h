/* SPDX-License-Identifier: MIT */
/* peername: whose certificate this is, RFC 5922 7. Pure. */
#ifndef PEERNAME_H
#define PEERNAME_H

#include <openssl/x509.h>

#include "rt/slice.h"

/*
 * Does the certificate speak for this domain or address? The identities are the domains of sip URIs and the DNS names among
 * the alternative names; the common name only when there are no alternative names at all. Compared whole and without case:
 * a wildcard is no identity of a SIP domain (7.2). An address must stand there as an address.
 */
bool peername_is(X509 *certificate, struct slice name);

#endif
