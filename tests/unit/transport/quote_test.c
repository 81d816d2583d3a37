/* SPDX-License-Identifier: MIT */
/* A request quoted by an ICMP error names its transaction. RFC 3261 18.4 */
#include "kit/test.h"

#include "via.h"

static const struct rt_key secret = { 3, 4 };

static struct slice quote(char out[512], const char *via_head, uint32_t cut)
{
	const struct sip_branch branch = { 17, 0x1000005, 0xabc };
	struct rt_cursor c = rt_cursor_on(out, 512);

	rt_cursor_printf(&c, "INVITE sip:bob@192.0.2.4 SIP/2.0\r\n%s;branch=", via_head);
	sip_branch_render(&c, &branch, secret);
	rt_cursor_lit(&c, ";rport\r\nMax-Forwards: 69\r\n");
	return slice_of(out, c.n - cut);
}

static void our_branch_is_found(void **state)
{
	struct sip_branch b;
	char text[512];

	(void)state;
	assert_int_equal(via_quoted_branch(&b, quote(text, "Via: SIP/2.0/UDP 192.0.2.1:5060", 0), secret), 0);
	assert_int_equal(b.owner, 17);
	assert_int_equal(b.handle, 0x1000005);
	assert_int_equal(via_quoted_branch(&b, quote(text, "Via: SIP/2.0/UDP 192.0.2.1:5060", 26), secret), 0); /* ends with the branch */
}

static void what_is_not_ours_is_not_believed(void **state)
{
	struct sip_branch b;
	char text[512];

	(void)state;
	assert_true(via_quoted_branch(&b, quote(text, "Via: SIP/2.0/UDP 192.0.2.1:5060", 27), secret) < 0); /* quoted too little */
	assert_true(via_quoted_branch(&b, quote(text, "Via: SIP/2.0/UDP 192.0.2.1:5060", 0), (struct rt_key){ 9, 9 }) < 0);
	assert_true(via_quoted_branch(&b, quote(text, "Route: <sip:192.0.2.1;lr>", 0), secret) < 0);
	assert_true(via_quoted_branch(&b, SLICE("SIP/2.0 200 OK\r\n"), secret) < 0);
	assert_true(via_quoted_branch(&b, SLICE_NONE, secret) < 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(our_branch_is_found),
		cmocka_unit_test(what_is_not_ours_is_not_believed),
	};

	return cmocka_run_group_tests(tests, 0, 0);
}
