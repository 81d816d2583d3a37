/* SPDX-License-Identifier: MIT */
/* branch: our own branch parameters and the Contacts of services, written and opened. */
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

/* ---- Contacts of services ---- */

enum { SERVICE_HEX = 6 + 16 + 8 };

static uint32_t service_check(const struct sip_service *s, struct rt_key secret)
{
	const uint64_t words[3] = { rt_hash(secret, s->name.p, s->name.n), s->agent & 0xffffff, s->dialog };

	return (uint32_t)rt_hash(secret, words, sizeof(words));
}

void sip_service_render(struct rt_cursor *c, const struct sip_service *s, struct rt_key secret)
{
	rt_cursor_put(c, s->name);
	rt_cursor_char(c, '-');
	rt_cursor_hex(c, s->agent & 0xffffff, 6);
	rt_cursor_hex(c, s->dialog, 16);
	rt_cursor_hex(c, service_check(s, secret), 8);
}

int sip_service_parse(struct sip_service *out, struct slice user, struct rt_key secret)
{
	const uint32_t name_n = user.n > SERVICE_HEX ? user.n - SERVICE_HEX - 1 : 0;
	const struct slice hex = slice_from(user, name_n + 1);
	struct sip_service s = { .name = slice_head(user, name_n) };
	uint64_t agent, check;

	if (!name_n || user.p[name_n] != '-' || !slice_hex_u64(slice_head(hex, 6), &agent) ||
	    !slice_hex_u64(slice_of(hex.p + 6, 16), &s.dialog) || !slice_hex_u64(slice_of(hex.p + 22, 8), &check))
		return RT_ABSENT;
	s.agent = (uint32_t)agent;
	if (service_check(&s, secret) != check)
		return RT_BAD;
	*out = s;
	return 0;
}
