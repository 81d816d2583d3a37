/* SPDX-License-Identifier: MIT */
/* call: one REGISTER in hand: its answers, and its own copy while Redis is asked. */
#ifndef CALL_H
#define CALL_H

#include "check.h"
#include "registrar.h"

struct call_question { /* a request, waiting or not */
	const struct wire_head *head;
	const struct sip_msg *msg;
};

/* ---- Answers to a request that does not wait ---- */

/* The To tag: the same for a request that comes twice, so that a stateless answer is the same too (8.2.7). */
struct slice call_tag(struct registrar *self, const struct sip_msg *request);
void call_post(struct registrar *self, const struct call_question *q, const struct sip_draft *d);
void call_refuse(struct registrar *self, const struct call_question *q, const struct reg_refusal *why);
void call_refuse_plainly(struct registrar *self, const struct call_question *q, int status, struct slice reason);

/* Redis is away, or slow: 503, and the phone shall come again at a moment of its own. */
void call_refuse_unstored(struct registrar *self, const struct call_question *q, int err);

struct auth_door call_door(struct registrar *self, const struct svc_domain *domain, const struct sip_msg *request);
void call_challenge(struct registrar *self, const struct call_question *q, const struct auth_door *door, bool stale);

/* ---- Waiting ---- */

/* NULL: no room. */
struct reg_call *call_hold(struct registrar *self, const struct wire_parcel *in, const struct reg_subject *subject);
struct call_question call_asked(const struct reg_call *call);

/* NULL: a reload took it away meanwhile. */
const struct svc_domain *call_domain(struct registrar *self, const struct reg_call *call);

/* ---- The end of a waiting one: the answer, and its memory is given back ---- */

void call_end(struct registrar *self, struct reg_call *call, int status, struct slice reason);
void call_end_unstored(struct registrar *self, struct reg_call *call, int err);
void call_end_with_challenge(struct registrar *self, struct reg_call *call, const struct svc_domain *domain, bool stale);
void call_forget(struct registrar *self, struct reg_call *call); /* without an answer */

#endif
