/* SPDX-License-Identifier: MIT */
/* slot: where the key of a command stands, and its number. Source: the Redis Cluster specification. */
#include "loc/slot.h"

#include "rt/hash.h"

enum { NO_KEY = 0, AFTER_STREAMS = -1 };

/* The first key is the second word of a command, but of these. */
static const struct {
	struct slice verb;
	int at;
} odd[] = {
#define V(verb, at) { { verb, sizeof(verb) - 1 }, at }
	V("PUBLISH", NO_KEY), V("PING", NO_KEY), V("SCRIPT", NO_KEY), V("INFO", NO_KEY), V("CLIENT", NO_KEY), V("CLUSTER", NO_KEY),
	V("TIME", NO_KEY), V("SCAN", NO_KEY), V("MULTI", NO_KEY), V("EXEC", NO_KEY), V("ROLE", NO_KEY), V("DBSIZE", NO_KEY),
	V("ASKING", NO_KEY), V("CONFIG", NO_KEY), V("XGROUP", 2), V("XREAD", AFTER_STREAMS), V("XREADGROUP", AFTER_STREAMS),
	V("EVAL", 3), V("EVALSHA", 3),
#undef V
};

int loc_key_slot(struct slice key)
{
	const int open = slice_find(key, '{');
	const struct slice rest = slice_from(key, open < 0 ? key.n : (uint32_t)open + 1);
	const int close = slice_find(rest, '}');

	return rt_crc16(close > 0 ? slice_head(rest, (uint32_t)close) : key) % LOC_SLOTS;
}

static int key_at(int argc, const struct slice *argv)
{
	for (size_t i = 0; i < sizeof(odd) / sizeof(*odd); i++) {
		if (!slice_eq_nocase(argv[0], odd[i].verb))
			continue;
		for (int k = 1; odd[i].at == AFTER_STREAMS && k < argc; k++)
			if (slice_eq_nocase(argv[k], SLICE("STREAMS")))
				return k + 1;
		return odd[i].at;
	}
	return 1;
}

int loc_command_slot(int argc, const struct slice *argv)
{
	const int at = argc > 0 ? key_at(argc, argv) : NO_KEY;

	return at > NO_KEY && at < argc ? loc_key_slot(argv[at]) : -1;
}
