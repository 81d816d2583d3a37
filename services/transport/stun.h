/* SPDX-License-Identifier: MIT */
/* stun: Binding requests that keep a UDP flow open, RFC 5626 8 and RFC 5389. Pure. */
#ifndef STUN_H
#define STUN_H

#include "sip/hop.h"

enum { STUN_ANSWER_MAX = 128 };

bool stun_is(struct slice datagram); /* two zero bits, whole words, the magic cookie; SIP never begins so */

/* The answer to a Binding request from `source`: its reflexive address, or 420 when it asks for something unknown.
 * 0, RT_BAD (malformed, or no Binding request: say nothing) */
RT_MUSTUSE
int stun_answer(struct rt_cursor *out, struct slice datagram, const struct sip_hop *source);

#endif
