/* SPDX-License-Identifier: MIT */
/* scan: all keys of a pattern, a batch at a time. For an operator's rare commands; no worker does this. */
#include <time.h>
#include <unistd.h>
#include "masters.h"
#include "scan.h"

enum { BATCH = 500 };

void scan_progress(struct scan *self, const char *what, bool last)
{
	const time_t now = time(NULL);

	if (!last && (now == self->told || !isatty(STDERR_FILENO)))
		return;
	self->told = now;
	fprintf(stderr, "%s%lld %s%s", isatty(STDERR_FILENO) ? "\r" : "", (long long)self->seen, what, last ? "\n" : " so far");
}

/* { cursor, { key .. } }; "0" is the end. */
static bool is_answer(const redisReply *r)
{
	return r && r->type == REDIS_REPLY_ARRAY && r->elements == 2 && r->element[0]->type == REDIS_REPLY_STRING &&
	       r->element[1]->type == REDIS_REPLY_ARRAY;
}

static int scan_one(struct scan *self, redisContext *redis, const char *pattern)
{
	char at[24] = "0";

	do {
		redisReply *r = redisCommand(redis, "SCAN %s MATCH %s COUNT %d", at, pattern, BATCH);
		int status;

		if (!is_answer(r)) {
			status = cli_fail("Redis does not list its keys: %s", r && r->str ? r->str : redis->errstr);
			if (r)
				freeReplyObject(r);
			return status;
		}
		snprintf(at, sizeof(at), "%s", r->element[0]->str);
		status = self->batch(self, r->element[1]);
		freeReplyObject(r);
		if (status)
			return status;
	} while (strcmp(at, "0"));
	return CLI_DONE;
}

int scan_keys(struct scan *self, const char *pattern)
{
	char why[256] = "";
	redisContext *redis = self->redis ? self->redis : self->cli->redis;

	if (redis)
		return scan_one(self, redis, pattern);
	for (uint32_t i = 0; (redis = masters_at(self->cli->masters, i, why, sizeof(why))); i++) {
		const int status = scan_one(self, redis, pattern);

		if (status)
			return status;
	}
	return why[0] ? cli_fail("%s: %s", cli_redis_place(self->cli), why) : CLI_DONE;
}
