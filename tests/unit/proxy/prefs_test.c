/* SPDX-License-Identifier: MIT */
/* prefs: RFC 3840 9 values, RFC 3841 7.2 choice of contacts and 9.1 disposition. */
#include "prefs.h"
#include "unit/proxy/scene.h"

static struct sip_msg request(const char *lines)
{
	char *const text = rt_arena_take(scene.arena, 2048);

	snprintf(text, 2048, "INVITE sip:user@example.com SIP/2.0\r\n" SCENE_REST "To: <sip:user@example.com>\r\n%s\r\n", lines);
	return scene_arrived(text).msg;
}

/* "a b c": what is left of the targets, in their order. */
static const char *chosen(const char *lines, const struct proxy_target *from, int n)
{
	struct proxy_target t[PROXY_TARGETS_MAX];
	const struct sip_msg m = request(lines);
	struct rt_cursor c = rt_cursor_on(rt_arena_take(scene.arena, 512), 511);

	memcpy(t, from, sizeof(*t) * (size_t)n);
	n = proxy_prefs_choose(&m, t, n);
	for (int i = 0; i < n; i++) {
		if (i)
			rt_cursor_char(&c, ' ');
		rt_cursor_put(&c, t[i].uri);
	}
	return c.p;
}

#define TARGET(name, can, at) { .uri = SLICE(name), .params = SLICE(can), .q = at }

static void the_example_of_rfc3841_7_2_4(void **state)
{
	static const struct proxy_target t[] = {
		TARGET("u1", "audio;video;methods=\"INVITE,BYE\"", 200),
		TARGET("u2", "audio=\"FALSE\";methods=\"INVITE\";actor=\"msg-taker\"", 200),
		TARGET("u3", "audio;actor=\"msg-taker\";methods=\"INVITE\";video", 300),
		TARGET("u4", "audio;methods=\"INVITE,OPTIONS\"", 200),
		TARGET("u5", "", 500),
	};
	static const struct proxy_target other_order[] = { t[3], t[4], t[2], t[0], t[1] };
	static const char lines[] = "Reject-Contact: *;actor=\"msg-taker\";video\r\nAccept-Contact: *;audio;require\r\n"
	                            "Accept-Contact: *;video;explicit\r\nAccept-Contact: *;methods=\"BYE\";class=\"business\";q=1.0\r\n";

	(void)state;
	assert_string_equal(chosen(lines, t, 5), "u5 u1 u4");
	assert_string_equal(chosen(lines, other_order, 5), "u5 u1 u4");
}

static void nothing_said_leaves_them_as_they_are(void **state)
{
	static const struct proxy_target t[] = { TARGET("a", "audio", 1000), TARGET("b", "", 1000), TARGET("c", "+sip.instance=\"<urn:x>\"", 500) };

	(void)state;
	assert_string_equal(chosen("Accept-Contact: *\r\n", t, 3), "a b c");
}

static void the_method_counts_when_nothing_is_said(void **state)
{
	static const struct proxy_target t[] = { TARGET("msg", "methods=\"MESSAGE\"", 1000), TARGET("phone", "methods=\"ACK,INVITE\"", 1000),
		                                 TARGET("plain", "", 1000) };

	(void)state;
	assert_string_equal(chosen("", t, 3), "phone plain msg"); /* less liked, not dropped */
}

static void require_and_explicit(void **state)
{
	static const struct proxy_target t[] = { TARGET("silent", "audio", 1000), TARGET("yes", "audio;video", 1000),
		                                 TARGET("no", "audio;video=\"FALSE\"", 1000), TARGET("immune", "", 1000) };

	(void)state;
	assert_string_equal(chosen("Accept-Contact: *;video\r\n", t, 4), "yes immune silent no");
	assert_string_equal(chosen("Accept-Contact: *;video;require\r\n", t, 4), "yes immune silent");
	assert_string_equal(chosen("Accept-Contact: *;video;explicit\r\n", t, 4), "yes immune silent no");
	assert_string_equal(chosen("a: *;video;require;explicit\r\n", t, 4), "yes immune");
	assert_string_equal(chosen("Reject-Contact: *;video\r\n", t, 4), "silent no immune");
	assert_string_equal(chosen("Reject-Contact: *\r\n", t, 4), "silent yes no immune"); /* says nothing */
}

static void values_rfc3840_9(void **state)
{
	static const struct {
		const char *asked, *known;
		bool agrees;
	} row[] = {
		{ "audio", "audio", true },
		{ "audio", "audio=\"TRUE\"", true },
		{ "audio=\"FALSE\"", "audio", false },
		{ "audio=\"!FALSE\"", "audio", true },
		{ "methods=\"BYE\"", "methods=\"INVITE,BYE\"", true },
		{ "methods=\"bye\"", "methods=\"INVITE , BYE\"", true },
		{ "methods=\"INFO\"", "methods=\"INVITE,BYE\"", false },
		{ "class=\"business\"", "class=\"personal\"", false },
		{ "class=\"!business\"", "class=\"personal\"", true },
		{ "class=\"business\"", "class=\"!business\"", false },
		{ "class=\"business\"", "class=\"!personal\"", true },
		{ "priority=\"#5\"", "priority=\"#1:10\"", true },
		{ "priority=\"#>=5\"", "priority=\"#4\"", false },
		{ "priority=\"#<=-1.5\"", "priority=\"#-2\"", true },
		{ "priority=\"#=5\"", "priority=\"#5\"", true },
		{ "priority=\"#5\"", "priority=\"urgent\"", false },
		{ "priority=\"#x\"", "priority=\"#5\"", false },
		{ "+sip.extra=\"<A,b>\"", "+sip.extra=\"<c>,<A,b>\"", true },
		{ "+sip.extra=\"<a,b>\"", "+sip.extra=\"<A,b>\"", false },
		{ "language=\"en,de\"", "LANGUAGE=\"fr,de\"", true },
		{ "audio;video=\"FALSE\"", "audio;video", false },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
		const struct proxy_prefs_match m = proxy_prefs_match(slice_str(row[i].asked), slice_str(row[i].known));

		if (m.agrees != row[i].agrees || m.known != m.asked || !m.asked)
			fail_msg("%s against %s: %d, %d of %d", row[i].asked, row[i].known, m.agrees, m.known, m.asked);
	}
}

static void a_parameter_that_is_no_feature_does_not_count(void **state)
{
	const struct proxy_prefs_match m = proxy_prefs_match(SLICE("q=1.0;explicit;require;foo;audio;text"), SLICE("audio;foo"));

	(void)state;
	assert_int_equal(m.asked, 2);
	assert_int_equal(m.known, 1);
	assert_true(m.agrees);
}

static void disposition_rfc3841_9_1(void **state)
{
	const struct proxy_policy plain = { .mode = SVC_PROXY, .fork = SVC_PARALLEL, .recurse = false };
	struct sip_msg m = request("Request-Disposition: redirect, no-fork\r\nd: Sequential, recurse, queue, no-cancel, unheard-of\r\n");
	struct proxy_policy p = proxy_prefs_dispose(&m, plain, false);

	(void)state;
	assert_int_equal(p.mode, SVC_REDIRECT);
	assert_int_equal(p.fork, SVC_SERIAL);
	assert_true(p.single);
	assert_true(p.recurse);
	assert_int_equal(proxy_prefs_dispose(&m, plain, true).mode, SVC_PROXY); /* the callee has decided */
	m = request("Request-Disposition: proxy, fork, parallel, no-recurse\r\n");
	p = proxy_prefs_dispose(&m, (struct proxy_policy){ .mode = SVC_REDIRECT, .fork = SVC_SERIAL, .recurse = true, .single = true }, false);
	assert_int_equal(p.mode, SVC_PROXY);
	assert_int_equal(p.fork, SVC_ALL);
	assert_false(p.single);
	assert_false(p.recurse);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_example_of_rfc3841_7_2_4),
		cmocka_unit_test(nothing_said_leaves_them_as_they_are),
		cmocka_unit_test(the_method_counts_when_nothing_is_said),
		cmocka_unit_test(require_and_explicit),
		cmocka_unit_test(values_rfc3840_9),
		cmocka_unit_test(a_parameter_that_is_no_feature_does_not_count),
		cmocka_unit_test(disposition_rfc3841_9_1),
	};

	return cmocka_run_group_tests(tests, scene_open, scene_close);
}
