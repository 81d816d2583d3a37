/* SPDX-License-Identifier: MIT */
/* branch: ours opens, anything else does not. */
#include "kit/guard.h"
#include "kit/test.h"
#include "rt/err.h"
#include "sip/route.h"

static const struct rt_key secret = { 0x0123456789abcdef, 42 };

static struct slice render(char text[64], const struct sip_branch *b)
{
	struct rt_cursor c = rt_cursor_on(text, 64);

	sip_branch_render(&c, b, secret);
	assert_int_equal(c.err, 0);
	return rt_cursor_text(&c);
}

static void a_branch_comes_back_as_it_went(void **state)
{
	static const struct sip_branch b[] = { { 0, 0, 0 },
					       { 0xffffff, UINT64_MAX, UINT64_MAX },
					       { 0xa1b2c3, 0x0000010000000007, 0x1122334455667788 } };
	char text[64];

	(void)state;
	for (size_t i = 0; i < sizeof(b) / sizeof(b[0]); i++) {
		const struct slice s = render(text, &b[i]);
		struct sip_branch back;

		assert_int_equal(s.n, SIP_BRANCH_BYTES);
		assert_memory_equal(s.p, "z9hG4bK", 7);
		assert_int_equal(sip_branch_parse(&back, guard_copy(s), secret), 0);
		assert_int_equal(back.owner, b[i].owner);
		assert_true(back.handle == b[i].handle && back.loop == b[i].loop);
	}
	assert_memory_equal(render(text, &b[2]).p, "z9hG4bKa1b2c30000010000000007", 29);
}

static void every_changed_byte_is_noticed(void **state)
{
	const struct sip_branch b = { 7, 1 << 24, 99 };
	struct sip_branch back;
	char text[64];
	const struct slice s = render(text, &b);

	(void)state;
	for (uint32_t i = 0; i < s.n; i++) {
		const char was = text[i];

		text[i] = was == '0' ? '1' : '0';
		assert_true(sip_branch_parse(&back, s, secret) == (i < 7 || i == 37 ? RT_ABSENT : RT_BAD));
		text[i] = 'g';
		assert_int_equal(sip_branch_parse(&back, s, secret), i == 6 && was == 'g' ? 0 : RT_ABSENT);
		text[i] = was;
	}
	assert_int_equal(sip_branch_parse(&back, s, (struct rt_key){ 1, 2 }), RT_BAD);
	for (uint32_t n = 0; n < s.n; n++)
		assert_int_equal(sip_branch_parse(&back, guard_copy(slice_head(s, n)), secret), RT_ABSENT);
	assert_int_equal(sip_branch_parse(&back, SLICE_NONE, secret), RT_ABSENT);
}

static void a_service_contact_comes_back_as_it_went(void **state)
{
	const struct sip_service s = { SLICE("echo"), 0xa1b2c3, 0x1122334455667788 };
	struct sip_service back;
	char text[64];
	struct rt_cursor c = rt_cursor_on(text, sizeof(text));
	struct slice user;

	(void)state;
	sip_service_render(&c, &s, secret);
	user = rt_cursor_text(&c);
	assert_int_equal(sip_service_parse(&back, guard_copy(user), secret), 0);
	assert_text(back.name, "echo");
	assert_int_equal(back.agent, s.agent);
	assert_true(back.dialog == s.dialog);
	for (uint32_t i = 0; i < user.n; i++) { /* every changed byte is noticed */
		const char was = text[i];

		text[i] = was == '0' ? '1' : '0';
		assert_int_not_equal(sip_service_parse(&back, user, secret), 0);
		text[i] = was;
	}
	for (uint32_t n = 0; n < user.n; n++)
		assert_int_not_equal(sip_service_parse(&back, guard_copy(slice_head(user, n)), secret), 0);
	assert_int_equal(sip_service_parse(&back, user, (struct rt_key){ 1, 2 }), RT_BAD);
	assert_int_equal(sip_service_parse(&back, SLICE_NONE, secret), RT_ABSENT);
	assert_int_equal(sip_service_parse(&back, SLICE("bob"), secret), RT_ABSENT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_branch_comes_back_as_it_went),
		cmocka_unit_test(every_changed_byte_is_noticed),
		cmocka_unit_test(a_service_contact_comes_back_as_it_went),
	};
	return cmocka_run_group_tests(tests, 0, 0);
}
