/* SPDX-License-Identifier: MIT */
/* greeting: what a fresh connection says first, and what its answers tell: whether we are where we want to be. No I/O. */
#ifndef GREETING_H
#define GREETING_H

#include <hiredis/hiredis.h>
#include "loc/url.h"
#include "rt/slice.h"

enum greeting { GREET_AUTH, GREET_SELECT, GREET_PING, GREET_ROLE, GREET_MODE, GREETINGS_MAX, GREETING_WORDS = 3 };

/* Which of them this server is told, in order; by_sentinel: a sentinel said that it is the master. Returns how many. */
int greeting_plan(const struct loc_url *url, bool by_sentinel, uint8_t out[GREETINGS_MAX]);

/* The command, of as many words as it returns; the slices live as long as url and number. */
int greeting_words(enum greeting what, const struct loc_url *url, char number[16], struct slice out[GREETING_WORDS]);

/* Why this answer means that we are at the wrong place, in `why`; false when all is well. */
bool greeting_is_unwelcome(const struct loc_url *url, enum greeting what, const redisReply *r, char *why, size_t size);

#endif
