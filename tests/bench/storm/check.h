/* SPDX-License-Identifier: MIT */
/* check: does a message hold what RFC 3261 says it must, at each end of a call through a proxy? */
#ifndef STORM_CHECK_H
#define STORM_CHECK_H

#include "message.h"
#include "op.h"

/* An answer to our request of that kind, of any status. */
enum fault check_answer(const struct op *op, const struct message *m, char kind);

/* A request as it reaches contact k; answered tells an ACK for a 2xx from one for a failure. */
enum fault check_request(const struct op *op, const struct message *m, int k, bool success_ack);

/* The To tag that contact k answers with. */
struct slice check_leg_tag(const struct op *op, int k, char room[OP_TAG_MAX]);

#endif
