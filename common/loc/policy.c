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

int policy_read(struct loc_policy *out, const redisReply *reply)
{
	if (reply->type != REDIS_REPLY_ARRAY || reply->elements != 3)
		return RT_BAD;
	out->mode = find(reply->element[0], modes);
	out->fork = find(reply->element[1], forks);
	out->recurse = find(reply->element[2], switches);
	return 0;
}
