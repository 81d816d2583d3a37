/* SPDX-License-Identifier: MIT */
/* registrar: the actor's own memory, shared by actor.c (its life), call.c (answers, waiting) and register.c (the steps of one REGISTER). */
#ifndef REGISTRAR_H
#define REGISTRAR_H

#include "auth/guard.h"
#include "bind.h"
#include "loc/users.h"
#include "auth/sources.h"
#include "svc/actor.h"

struct registrar {
	struct svc *svc;
	struct loc_redis *redis;
	struct loc_users *users;
	struct rt_pool *calls;
	struct rt_key nonce_key, tag_key, gruu_key;
	struct auth_sources sources;
	struct rt_timer sweep, events;
	struct rt_pool *notices; /* struct watch_notice: NOTIFYs under way */
	uint32_t late;        /* calls in REG_ANSWER_LATE */
	struct reg_plan plan; /* scratch of one step: too large for a stack to be comfortable with */
	struct {
		uint64_t *granted, *refused, *challenged, *wrong, *unstored, *notified;
	} count;
};

enum reg_step { REG_AUTHENTICATE, REG_KNOW_TARGET, REG_USE_NONCE, REG_APPLY, REG_SUBSCRIBE, REG_ANSWER_LATE };

enum { REG_NONCE_NAME = 24 };

struct reg_call { /* one REGISTER that waits for something */
	rt_handle handle;
	enum reg_step step;
	struct wire_head head;
	struct sip_msg msg; /* its own copy, in frame */
	char *frame;
	struct slice aor, user; /* in frame */
	struct rt_timer timer;  /* REG_ANSWER_LATE */
	uint32_t max_contacts;  /* of the user; 0: the domain's */
	uint32_t nonce_count;   /* of the credentials that passed, and their nonce as the store names it: without its check digits */
	uint8_t nonce_n;        /* 0: none passed */
	char nonce[REG_NONCE_NAME];
	bool outbound;
};

/* OFFER came. */
void reg_offer(struct registrar *self, const struct wire_parcel *in);

/* The timer of a call whose answer waited. */
void reg_answer_late(struct registrar *self, uint64_t owner);

#endif
