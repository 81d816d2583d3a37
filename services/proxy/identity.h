/* SPDX-License-Identifier: MIT */
/*
 * identity: who calls, as one trusted server tells another, RFC 3325. The trust domain is this server and its peers. Pure.
 *
 *                            from a peer         from anybody else
 *   P-Asserted-Identity      as it came          removed; who knew a password and gave one of the two: <sip:himself>
 *   P-Preferred-Identity     as it came          removed
 *   to anybody but a peer    P-Asserted-Identity is removed when Privacy has `id`
 */
#ifndef PROXY_IDENTITY_H
#define PROXY_IDENTITY_H

#include "request.h"
#include "sip/draft.h"

/* Is it to be told who has proved who he is: does he ask for that, or does proxy.assert? Never where 9.1 has no such header. */
bool proxy_identity_due(const struct proxy_element *e, const struct proxy_request *r);

/* Proxy-Require: privacy (RFC 3323 4.2): is what its Privacy asks for done here? That is `id`, and nothing else. */
bool proxy_identity_serves(const struct sip_msg *m);

/* `to_peer`: the copy goes to one. */
void proxy_identity_request(struct sip_draft *copy, const struct proxy_element *e, const struct proxy_request *r, bool to_peer);
void proxy_identity_response(struct sip_draft *copy, const struct sip_msg *response, bool from_peer, bool to_peer);

#endif
