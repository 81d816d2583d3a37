/* SPDX-License-Identifier: MIT */
/* stamp: what who receives a request writes into its topmost Via. RFC 3261 18.2.1, RFC 3581 4, RFC 6223 4.3. */
#ifndef SIP_STAMP_H
#define SIP_STAMP_H

#include "rt/arena.h"
#include "sip/msg.h"

struct sip_stamp {
	struct slice ip; /* becomes received, whatever it said; absent: received and rport stay as they are */
	uint16_t port;   /* the value of rport, where there is an rport; 0: none */
	uint32_t keep;   /* seconds, where keep is offered without a value; 0: it stays so */
};

/*
 * The request with its topmost Via stamped: text and index, facts included, as a parse of that text would give them.
 *
 *   request  possibly broken, if only the sent-by of its topmost Via could be read
 *   returns  0, RT_NOMEM (arena full), RT_BIG (the head passes SIP_HEAD_MAX), RT_BAD (that Via does not read)
 */
RT_MUSTUSE
int sip_msg_stamp(struct sip_msg *out, struct rt_arena *a, const struct sip_msg *request, const struct sip_stamp *stamp);

#endif
