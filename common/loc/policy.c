/* SPDX-License-Identifier: MIT */
/* policy: words to numbers. */
#include "policy.h"

static const char *const modes[] = { "proxy", "redirect", 0 };
static const char *const forks[] = { "parallel", "serial", "all", 0 };
static const char *const switches[] = { "off", "on", 0 };

static int find(const redisReply *r, const char *const *words)
{
	for (int i = 0; r->type == REDIS_REPLY_STRING && words[i]; i++)
		if (slice_eq_nocase(slice_of(r->str, (uint32_t)r->len), slice_str(words[i])))
			return i;
	return -1;
}

static int seconds(const redisReply *r)
{
	enum { HOUR = 3600 };
	uint32_t n;

	if (r->type != REDIS_REPLY_STRING || !slice_u32(slice_of(r->str, (uint32_t)r->len), &n))
		return -1;
	return n > HOUR ? HOUR : (int)n;
}

int policy_read(struct loc_policy *out, const redisReply *reply)
{
	if (reply->type != REDIS_REPLY_ARRAY || reply->elements != 5)
		return RT_BAD;
	out->mode = find(reply->element[0], modes);
	out->fork = find(reply->element[1], forks);
	out->recurse = find(reply->element[2], switches);
	out->queue = seconds(reply->element[3]);
	out->wake = seconds(reply->element[4]);
	return 0;
}
