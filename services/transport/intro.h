/* SPDX-License-Identifier: MIT */
/* intro: the PROXY protocol, with which a load balancer introduces the client it speaks for; versions 1 and 2. Pure. */
#ifndef INTRO_H
#define INTRO_H

#include "sip/hop.h"

enum { INTRO_MAX = 1024 }; /* bytes; the specification bounds version 1 at 107 and wants 536 for version 2 */

/*
 * Read the introduction at the front of a connection.
 *   in      what was read so far, nothing of what follows it
 *   client  address of the client; proto is left alone; unchanged when the balancer speaks for itself (LOCAL, UNKNOWN)
 *   need    on RT_MORE: bytes that belong to the introduction for certain and may be read now
 * returns 0, RT_MORE, RT_BAD
 */
RT_MUSTUSE
int intro_read(struct slice in, struct sip_hop *client, uint32_t *need);

#endif
