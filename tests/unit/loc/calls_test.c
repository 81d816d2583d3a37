/* SPDX-License-Identifier: MIT */
/* calls_test: the lines of tx:<worker id>, both ways. */
#include "kit/test.h"
#include "loc/calls.h"

static const char call_line[] =
	"{\"call_id\":\"a84b@\\\"x\\\"\",\"trail\":\"0000000000000063\",\"remote\":\"udp:198.51.100.9:5060\","
	"\"local\":\"udp:192.0.2.1:5060\",\"edge\":3,\"listener\":1,"
	"\"flow\":\"0000000000000007\",\"key\":\"00000000000000a1\",\"check\":\"00000000000000b2\",\"merge\":\"00000000000000c3\","
	"\"to_tag\":5,\"proxy\":6,\"cancelled\":1,\"reply\":\"SIP/2.0 180 Ringing\\u000d\\u000a\"}\n";
static const char branch_line[] =
	"{\"owner\":4,\"branch\":\"0000000000000012\",\"loop\":\"ffffffffffffffff\",\"remote\":\"tls:[2001:db8::1]:5061\",\"edge\":3,"
	"\"listener\":2,\"flow\":\"0000000000000000\",\"name\":\"b.example.com\",\"request\":\"INVITE sip:b@192.0.2.7 SIP/2.0\\u000d\\u000a\"}\n";

static struct sip_hop hop(const char *text)
{
	struct sip_hop h;

	assert_int_equal(sip_hop_parse(&h, slice_str(text)), 0);
	return h;
}

static struct rt_arena *arena(void)
{
	static struct rt_arena *a;

	if (!a)
		a = rt_arena_new(1 << 16);
	rt_arena_reset(a);
	return a;
}

static void a_call_both_ways(void **state)
{
	char room[1024];
	struct rt_cursor c = rt_cursor_on(room, sizeof(room));
	struct loc_call call = {
		.call_id = SLICE("a84b@\"x\""), .trail = 99, .flow = 7, .key = 0xa1, .check = 0xb2, .merge = 0xc3, .edge = 3, .listener = 1,
		.to_tag = 5, .proxy = 6, .cancelled = 1, .reply = SLICE("SIP/2.0 180 Ringing\r\n"), .remote = hop("udp:198.51.100.9:5060"),
		.local = hop("udp:192.0.2.1:5060"),
	}, back;

	(void)state;
	loc_call_render(&c, &call);
	assert_text(rt_cursor_text(&c), call_line);
	assert_int_equal(loc_call_parse(&back, rt_cursor_text(&c), arena()), 0);
	assert_text(back.reply, "SIP/2.0 180 Ringing\r\n");
	assert_text(back.call_id, "a84b@\"x\"");
	assert_true(sip_hop_same(&back.remote, &call.remote));
	assert_true(sip_hop_same(&back.local, &call.local));
	assert_int_equal(back.key, 0xa1);
	assert_int_equal(back.check, 0xb2);
	assert_int_equal(back.merge, 0xc3);
	assert_int_equal(back.cancelled, 1);
}

static void a_branch_both_ways(void **state)
{
	char room[1024];
	struct rt_cursor c = rt_cursor_on(room, sizeof(room));
	struct loc_call_branch branch = {
		.branch = 18, .loop = UINT64_MAX, .owner = 4, .edge = 3, .listener = 2, .name = SLICE("b.example.com"),
		.request = SLICE("INVITE sip:b@192.0.2.7 SIP/2.0\r\n"), .remote = hop("tls:[2001:db8::1]:5061"),
	}, back;

	(void)state;
	loc_call_branch_render(&c, &branch);
	assert_text(rt_cursor_text(&c), branch_line);
	assert_int_equal(loc_call_branch_parse(&back, rt_cursor_text(&c), arena()), 0);
	assert_text(back.request, "INVITE sip:b@192.0.2.7 SIP/2.0\r\n");
	assert_text(back.name, "b.example.com");
	assert_int_equal(back.loop, UINT64_MAX);
	assert_int_equal(back.owner, 4);
}

/* What stands in Redis was written by whoever may write there. */
static void lines_that_are_none_are_refused(void **state)
{
	static const char *const bad[] = {
		"", "{}", "[]", "{\"owner\":4}", "{\"owner\":\"x\",\"branch\":\"12\"}", "nonsense",
	};
	struct loc_call_branch branch;
	struct loc_call call;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		assert_int_equal(loc_call_parse(&call, slice_str(bad[i]), arena()), RT_BAD);
		assert_int_equal(loc_call_branch_parse(&branch, slice_str(bad[i]), arena()), RT_BAD);
	}
	for (uint32_t n = 0; n + 2 < sizeof(branch_line); n++)
		assert_int_equal(loc_call_branch_parse(&branch, slice_of(branch_line, n), arena()), RT_BAD);
	assert_int_equal(loc_call_parse(&call, slice_str(branch_line), arena()), RT_BAD);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_call_both_ways),
		cmocka_unit_test(a_branch_both_ways),
		cmocka_unit_test(lines_that_are_none_are_refused),
	};

	return cmocka_run_group_tests(tests, 0, 0);
}
