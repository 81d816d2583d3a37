/* SPDX-License-Identifier: MIT */
/* answer: the responses of a registrar. Pure: drafts. */
#ifndef ANSWER_H
#define ANSWER_H

#include "auth/gruu.h"
#include "loc/store.h"
#include "refusal.h"
#include "rt/arena.h"
#include "sip/draft.h"

struct reg_grant { /* what a 200 says beside the bindings */
	int64_t now;
	bool outbound;              /* RFC 5626 6: Require: outbound */
	uint32_t flow_timer;        /* RFC 5626 5.4: seconds; 0: not said */
	struct slice service_route; /* RFC 3608; "" for none */
	struct slice aor;
	struct rt_key gruu_key;
};

/* NULL: the arena is full. Every final response has a To tag (8.2.6.2). */
struct sip_draft *reg_answer_refusal(struct rt_arena *a, const struct sip_msg *request, struct slice tag,
                                     const struct reg_refusal *why);

/* 10.3 step 8: every binding that stands, with the seconds it has left. */
struct sip_draft *reg_answer_bindings(struct rt_arena *a, const struct sip_msg *request, struct slice tag,
                                      const struct reg_grant *grant, const struct loc_binding *b, int n);

#endif
