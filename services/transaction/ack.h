/* SPDX-License-Identifier: MIT */
/* ack, cancel: the two requests a client transaction makes by itself, from the request it was born from. Without Via: the transport
 * writes the one of the original. */
#ifndef TXN_ACK_H
#define TXN_ACK_H

#include "rt/arena.h"
#include "sip/msg.h"

/* ACK for a final response of 300 to 699, RFC 3261 17.1.1.3. 0 | RT_NOMEM | RT_BAD */
RT_MUSTUSE
int txn_ack(struct rt_arena *a, const struct sip_msg *invite, const struct sip_msg *response, struct sip_msg *out);

/* CANCEL, 9.1. `lines`: header lines to add ("Reason: ...\r\n"), or absent. 0 | RT_NOMEM | RT_BAD */
RT_MUSTUSE
int txn_cancel(struct rt_arena *a, const struct sip_msg *invite, struct slice lines, struct sip_msg *out);

#endif
