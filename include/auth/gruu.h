/* SPDX-License-Identifier: MIT */
/*
 * gruu: URIs that lead to one device, RFC 5627. Nothing is stored: a public one names the instance, a temporary one carries it sealed.
 *
 *   public     sip:alice@example.com;gr=urn:uuid:f81d4fae-7dec-11d0-a765-00a0c91e6bf6
 *   temporary  sip:tgruu.<base64url of MAC 8 | sealed: salt 4, Call-ID's hash 4, length 1, user, instance>@example.com;gr
 */
#ifndef AUTH_GRUU_H
#define AUTH_GRUU_H

#include "rt/arena.h"
#include "rt/cursor.h"
#include "rt/hash.h"
#include "sip/param.h"
#include "sip/uri.h"

/*
 * For the Contact of a 200 to REGISTER, without quotes; sips: where the contact is (RFC 5630 3.3: both exist, the phone gets its own kind).
 *   contact   the URI that is registered
 *   instance  as it is stored, in angle brackets
 *   key       svc_secret(svc, "gruu")
 */
void auth_gruu_public(struct rt_cursor *c, struct slice contact, struct slice aor, struct slice instance);
void auth_gruu_temporary(struct rt_cursor *c, struct rt_key key, struct slice contact, struct slice aor, struct slice instance,
                         struct slice call_id);

struct auth_gruu {
	struct slice user;     /* of the address of record; the domain is the URI's host */
	struct slice instance; /* in angle brackets */
	uint32_t call;         /* hash of the Call-ID it was given to; temporary ones only */
	bool temporary;
};

/* Read a Request-URI of one of our domains. 0, RT_ABSENT (no gr parameter), RT_BAD (not one of ours: answer 404), RT_NOMEM */
RT_MUSTUSE
int auth_gruu_read(const struct sip_uri *uri, struct rt_key key, struct rt_arena *a, struct auth_gruu *out);

/* Does it lead to this binding? A temporary one dies when the device registers with another Call-ID (RFC 5627 3.1). */
bool auth_gruu_names(const struct auth_gruu *self, struct slice instance, struct slice call_id);

#endif
