/* SPDX-License-Identifier: MIT */
/* branch: our own branch parameters, written and opened. */
#include "sip/route.h"

enum { OWNER_AT = 7, HANDLE_AT = 13, CHECK_AT = 29, DOT_AT = 37, LOOP_AT = 38 };
_Static_assert(LOOP_AT + 16 == SIP_BRANCH_BYTES, "the drawing in route.h");

static uint32_t check_of(const struct sip_branch *b, struct rt_key secret)
{
	const uint64_t words[3] = { b->owner & 0xffffff, b->handle, b->loop };

	return (uint32_t)rt_hash(secret, words, sizeof(words));
}

void sip_branch_render(struct rt_cursor *c, const struct sip_branch *b, struct rt_key secret)
{
	rt_cursor_lit(c, "z9hG4bK");
	rt_cursor_hex(c, b->owner & 0xffffff, 6);
	rt_cursor_hex(c, b->handle, 16);
	rt_cursor_hex(c, check_of(b, secret), 8);
	rt_cursor_char(c, '.');
	rt_cursor_hex(c, b->loop, 16);
}

int sip_branch_parse(struct sip_branch *out, struct slice branch, struct rt_key secret)
{
	struct sip_branch b;
	uint64_t owner, check;

	if (branch.n != SIP_BRANCH_BYTES || memcmp(branch.p, "z9hG4bK", OWNER_AT) != 0 ||
	    branch.p[DOT_AT] != '.' || !slice_hex_u64(slice_of(branch.p + OWNER_AT, 6), &owner) ||
	    !slice_hex_u64(slice_of(branch.p + HANDLE_AT, 16), &b.handle) ||
	    !slice_hex_u64(slice_of(branch.p + CHECK_AT, 8), &check) ||
	    !slice_hex_u64(slice_of(branch.p + LOOP_AT, 16), &b.loop))
		return RT_ABSENT;
	b.owner = (uint32_t)owner;
	if (check_of(&b, secret) != check)
		return RT_BAD;
	*out = b;
	return 0;
}
