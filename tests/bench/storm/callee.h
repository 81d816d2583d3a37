/* SPDX-License-Identifier: MIT */
/* callee: the side that is asked. */
#ifndef STORM_CALLEE_H
#define STORM_CALLEE_H

#include "message.h"
#include "op.h"

void callee_request(struct sock *s, const struct sockaddr_in *from, const struct message *m, uint64_t now);
void callee_repeat(struct op *op, int leg); /* it rang long enough, or its 200 or 487 was not acknowledged in time */

#endif
