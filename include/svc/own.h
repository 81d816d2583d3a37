/* SPDX-License-Identifier: MIT */
/* own: is that us? The one answer of all tiers. */
#ifndef SVC_OWN_H
#define SVC_OWN_H

#include "sip/uri.h"
#include "svc/config.h"
#include "wire/members.h"

/*
 * Does this sip or sips URI name this server: a domain or another name of ours (a port that was written must be one we listen on), or the
 * address of a listener with its port and transport? Its user part does not matter. RFC 3261 16.4, 16.5, 10.3 step 1
 */
bool svc_own(const struct svc_config *config, const struct wire_members *members, const struct sip_uri *uri);

#endif
