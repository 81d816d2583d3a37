/* SPDX-License-Identifier: MIT */
/*
 * question: what was asked of the DNS and what it said: a bounded table by type and name, which is the cache, and where
 * searches for the same name meet.
 *
 *   ASKING --answer--> KNOWN --time to live--> forgotten         a question in somebody's hand is never forgotten
 */
#ifndef DNS_QUESTION_H
#define DNS_QUESTION_H

#include "rt/hash.h"
#include "rt/pool.h"
#include "rt/wheel.h"

#include "answer.h"

struct dns_question {
	rt_handle handle;
	uint64_t key;
	void *owner;               /* for whoever asks it */
	struct dns_answer *answer; /* NULL: being asked */
	rt_ms expires;
	uint32_t held;             /* by how many searches */
	uint16_t type;             /* enum dns_type */
	uint8_t name_n;
	char name[DNS_NAME_MAX + 1]; /* lower case, NUL-terminated */
};

struct dns_questions;

struct dns_questions *dns_questions_new(uint32_t max, struct rt_key secret);
void dns_questions_destroy(struct dns_questions **self_p);

/* The question that is being asked or whose answer still holds; NULL when there is none. */
struct dns_question *dns_questions_find(struct dns_questions *self, enum dns_type type, struct slice name, rt_ms now);

/* A new one, without an answer; makes room by forgetting what nobody holds. NULL: all are held. */
struct dns_question *dns_questions_add(struct dns_questions *self, enum dns_type type, struct slice name, rt_ms now);

struct dns_question *dns_questions_get(const struct dns_questions *self, rt_handle h);

/* Its answer has come. 0 | RT_NOMEM (it is then RT_DOWN, and soon forgotten) */
int dns_question_settle(struct dns_question *q, const struct dns_answer *answer, rt_ms now);

#endif
