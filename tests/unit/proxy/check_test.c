/* SPDX-License-Identifier: MIT */
/* check: RFC 3261 16.3 step by step, and what the server answers for itself (8.2, 8.3). */
#include "check.h"
#include "redirect.h"
#include "sip/route.h"
#include "uas.h"
#include "unit/proxy/scene.h"

#define REST "From: <sip:alice@example.com>;tag=a1\r\nTo: <sip:bob@example.com>\r\nCall-ID: c1\r\nContent-Length: 0\r\n"
#define VIA  "Via: SIP/2.0/UDP 198.51.100.9:5062;branch=z9hG4bKcaller\r\n"

static int verdict(const char *request)
{
	const struct proxy_request r = scene_request(request);

	return proxy_check(&scene, &r).status;
}

static void step_2_uri_scheme(void **state)
{
	(void)state;
	assert_int_equal(verdict("OPTIONS nobodyKnowsThisScheme:totallyopaquecontent SIP/2.0\r\n" VIA REST "CSeq: 1 OPTIONS\r\n\r\n"), 416);
	assert_int_equal(verdict("OPTIONS tel:+1-212-555-1234 SIP/2.0\r\n" VIA REST "CSeq: 1 OPTIONS\r\n\r\n"), 0);
}

static void step_3_max_forwards(void **state)
{
	(void)state;
	assert_int_equal(verdict("INVITE sip:bob@example.com SIP/2.0\r\n" VIA REST "CSeq: 1 INVITE\r\nMax-Forwards: 0\r\n\r\n"), 483);
	assert_int_equal(verdict("INVITE sip:bob@example.com SIP/2.0\r\n" VIA REST "CSeq: 1 INVITE\r\nMax-Forwards: 1\r\n\r\n"), 0);
	assert_int_equal(verdict("INVITE sip:bob@example.com SIP/2.0\r\n" VIA REST "CSeq: 1 INVITE\r\n\r\n"), 0);
	assert_int_equal(verdict("OPTIONS sip:bob@example.com SIP/2.0\r\n" VIA REST "CSeq: 1 OPTIONS\r\nMax-Forwards: 0\r\n\r\n"), 0);
	assert_int_equal(verdict("SUBSCRIBE sip:example.com SIP/2.0\r\n" VIA REST "CSeq: 1 SUBSCRIBE\r\nMax-Forwards: 0\r\n\r\n"), 0);
}

static void step_4_loop_and_spiral(void **state)
{
	static const char form[] = "INVITE sip:%s@example.com SIP/2.0\r\nVia: SIP/2.0/UDP b.example.net;branch=z9hG4bKb\r\n"
	                           "Via: SIP/2.0/UDP proxy.example.com;branch=%s\r\n" VIA REST "CSeq: 1 INVITE\r\n\r\n";
	const struct proxy_request first = scene_request("INVITE sip:bob@example.com SIP/2.0\r\n" VIA REST "CSeq: 1 INVITE\r\n\r\n");
	const struct sip_branch ours = { .owner = 3, .handle = 99, .loop = first.loop };
	char branch[SIP_BRANCH_BYTES + 8] = "", text[2048];
	struct rt_cursor c = rt_cursor_on(branch, sizeof(branch) - 1);

	(void)state;
	sip_branch_render(&c, &ours, scene.branch);
	assert_int_equal(c.err, 0);
	snprintf(text, sizeof(text), form, "bob", branch);
	assert_int_equal(verdict(text), 482);
	snprintf(text, sizeof(text), form, "carol", branch);
	assert_int_equal(verdict(text), 0);
	branch[30] = branch[30] == '0' ? '1' : '0'; /* somebody else's invention */
	snprintf(text, sizeof(text), form, "bob", branch);
	assert_int_equal(verdict(text), 0);
}

static void step_5_proxy_require(void **state)
{
	const struct proxy_request r = scene_request("INVITE sip:bob@example.com SIP/2.0\r\n" VIA REST
	                                             "CSeq: 1 INVITE\r\nProxy-Require: foo, bar\r\nproxy-require: third\r\n\r\n");
	const struct proxy_refusal no = proxy_check(&scene, &r);

	(void)state;
	assert_int_equal(no.status, 420);
	assert_int_equal(no.header, SIP_HDR_UNSUPPORTED);
	assert_text(no.value, "foo, bar, third");
	assert_int_equal(verdict("INVITE sip:bob@example.com SIP/2.0\r\n" VIA REST "CSeq: 1 INVITE\r\nRequire: foo\r\n\r\n"), 0);
	assert_int_equal(verdict("ACK sip:bob@example.com SIP/2.0\r\n" VIA REST "CSeq: 1 ACK\r\nProxy-Require: foo\r\n\r\n"), 0);
	assert_int_equal(verdict("INVITE sip:bob@example.com SIP/2.0\r\n" VIA REST "CSeq: 1 INVITE\r\nProxy-Require:\r\n\r\n"), 0);
}

static void never_an_open_relay(void **state)
{
	struct proxy_request r = scene_request("INVITE sip:bob@carrier.example.net SIP/2.0\r\n" VIA REST "CSeq: 1 INVITE\r\n\r\n");

	(void)state;
	assert_false(proxy_check_relay(&scene, &r));
	r.peer = true;
	assert_true(proxy_check_relay(&scene, &r));
	r.peer = false;
	r.allowed = true;
	assert_true(proxy_check_relay(&scene, &r));
	scene_configure((char[]){ "PEAL_PROXY_RELAY=none" }, 0);
	assert_false(proxy_check_relay(&scene, &r));
	r.signed_route = true;
	assert_true(proxy_check_relay(&scene, &r));
	r.signed_route = r.allowed = false;
	scene_configure((char[]){ "PEAL_PROXY_RELAY=any" }, 0);
	assert_true(proxy_check_relay(&scene, &r));
	scene_configure(0, 0);
}

/* ---- 8.2 ---- */

static const char *answer(const char *request)
{
	static char out[4096];
	const struct proxy_request r = scene_request(request);
	struct sip_msg m;

	assert_int_equal(sip_draft_render(proxy_uas_answer(&scene, &r), scene.arena, &m), 0);
	assert_true(slice_cstr(m.text, out, sizeof(out)));
	return out;
}

static void is_answered(const char *request, int status, const char *line)
{
	const char *const text = answer(request);
	char start[32];

	snprintf(start, sizeof(start), "SIP/2.0 %d ", status);
	assert_int_equal(strncmp(text, start, strlen(start)), 0);
	if (line)
		assert_non_null(strstr(text, line));
}

#define TO_US(method, more) method " sip:example.com SIP/2.0\r\n" VIA REST "CSeq: 1 " method "\r\n" more "\r\n"

static void uas_rfc3261_8_2(void **state)
{
	(void)state;
	is_answered(TO_US("OPTIONS", ""), 200, "\r\nAllow: ");
	is_answered(TO_US("OPTIONS", ""), 200, "\r\nAccept-Encoding: identity\r\n");
	is_answered(TO_US("FOO", ""), 405, "\r\nAllow: OPTIONS, REGISTER, SUBSCRIBE\r\n");
	is_answered(TO_US("OPTIONS", ""), 200, "\r\nAllow-Events: reg\r\n");
	is_answered(TO_US("SUBSCRIBE", "Event: presence\r\n"), 489, "\r\nAllow-Events: reg\r\n"); /* RFC 6665 4.2.1.1 */
	is_answered(TO_US("INVITE", ""), 404, 0);
	is_answered(TO_US("BYE", ""), 481, 0);
	is_answered(TO_US("REFER", ""), 405, "\r\nAllow: ");
	is_answered("INVITE sip:example.com SIP/2.0\r\n" VIA "From: <sip:a@example.com>;tag=1\r\nTo: <sip:example.com>;tag=2\r\n"
	            "Call-ID: c\r\nCSeq: 2 INVITE\r\n\r\n", 481, 0);
	is_answered(TO_US("OPTIONS", "Require: foo, path, bar\r\n"), 420, "\r\nUnsupported: foo, bar\r\n");
	is_answered(TO_US("OPTIONS", "Require: path\r\n"), 200, 0);
}

static void uas_rfc3261_8_2_2_2_merged(void **state)
{
	struct proxy_request r = scene_request(TO_US("OPTIONS", ""));
	struct sip_msg m;

	(void)state;
	r.merged = true;
	assert_int_equal(sip_draft_render(proxy_uas_answer(&scene, &r), scene.arena, &m), 0);
	assert_int_equal(m.index->status, 482);
}

static void uas_rfc3261_8_2_3_a_body_that_must_be_read(void **state)
{
	static const char body[] = "OPTIONS sip:example.com SIP/2.0\r\n" VIA "From: <sip:a@b>;tag=1\r\nTo: <sip:b@b>\r\nCall-ID: c\r\n"
	                           "CSeq: 1 OPTIONS\r\nContent-Type: application/x-unknown\r\nContent-Disposition: render;handling=%s\r\n"
	                           "Content-Length: 2\r\n\r\nhi";
	char text[1024];

	(void)state;
	snprintf(text, sizeof(text), body, "required");
	is_answered(text, 415, "\r\nAccept: ");
	snprintf(text, sizeof(text), body, "optional");
	is_answered(text, 200, 0);
}

static void uas_rfc3261_8_2_7_the_same_tag_each_time(void **state)
{
	char first[4096];

	(void)state;
	snprintf(first, sizeof(first), "%s", answer(TO_US("OPTIONS", "")));
	assert_string_equal(first, answer(TO_US("OPTIONS", "")));
	assert_non_null(strstr(first, "To: <sip:bob@example.com>;tag="));
}

/* ---- 8.3 ---- */

static void redirect_rfc3261_8_3(void **state)
{
	const struct proxy_request r = scene_request("INVITE sip:bob@redirect.example.com SIP/2.0\r\n" VIA REST "CSeq: 1 INVITE\r\n\r\n");
	const struct proxy_target t[] = {
		{ .contact = SLICE("sip:bob@203.0.113.5"), .q = 1000, .expires_at = scene.now + 60 },
		{ .contact = SLICE("sip:bob@redirect.example.com"), .q = 900, .expires_at = scene.now + 60 },
		{ .contact = SLICE("sip:bob@203.0.113.6;transport=tcp"), .q = 250, .expires_at = scene.now + 3600 },
	};
	char text[2048];
	struct sip_msg m;
	int left;

	(void)state;
	assert_int_equal(sip_draft_render(proxy_redirect(&scene, &r, t, 3, &left), scene.arena, &m), 0);
	assert_int_equal(left, 2);
	assert_int_equal(m.index->status, 302);
	assert_true(slice_cstr(m.text, text, sizeof(text)));
	assert_non_null(strstr(text, "Contact: <sip:bob@203.0.113.5>;expires=60\r\n"
	                             "Contact: <sip:bob@203.0.113.6;transport=tcp>;q=0.250;expires=3600\r\n"));
	assert_null(proxy_redirect(&scene, &r, t + 1, 1, &left));
	assert_int_equal(left, 0);
}

static void rfc3261_21_4_16_extension_required(void **state)
{
	static const char *const row[][2] = {
		{ "Supported: timer, 100rel\r\n", 0 }, { "Require: timer\r\nSupported: 100rel\r\n", 0 }, { "Supported: TIMER\r\n", "100rel" },
		{ "", "timer, 100rel" },
	};
	struct proxy_refusal no;

	(void)state;
	scene_configure((char[]){ "PEAL_DOMAIN_EXAMPLE_COM_REQUIRE=timer 100rel" }, 0);
	const struct svc_domain *const domain = svc_config_domain(scene.config, SLICE("example.com"));
	for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
		char text[512];

		snprintf(text, sizeof(text), "INVITE sip:bob@example.com SIP/2.0\r\n" VIA REST "CSeq: 1 INVITE\r\n%s\r\n", row[i][0]);
		const struct proxy_request r = scene_request(text);

		no = proxy_check_extensions(&scene, &r, domain);
		assert_int_equal(no.status, row[i][1] ? 421 : 0);
		if (row[i][1]) {
			assert_int_equal(no.header, SIP_HDR_REQUIRE);
			assert_text(no.value, row[i][1]);
		}
		assert_int_equal(proxy_check_extensions(&scene, &r, 0).status, 0);
	}
	const struct proxy_request message = scene_request("MESSAGE sip:bob@example.com SIP/2.0\r\n" VIA REST "CSeq: 1 MESSAGE\r\n\r\n");
	assert_int_equal(proxy_check_extensions(&scene, &message, domain).status, 0);
	scene_configure(0, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(step_2_uri_scheme),
		cmocka_unit_test(step_3_max_forwards),
		cmocka_unit_test(step_4_loop_and_spiral),
		cmocka_unit_test(step_5_proxy_require),
		cmocka_unit_test(never_an_open_relay),
		cmocka_unit_test(rfc3261_21_4_16_extension_required),
		cmocka_unit_test(uas_rfc3261_8_2),
		cmocka_unit_test(uas_rfc3261_8_2_2_2_merged),
		cmocka_unit_test(uas_rfc3261_8_2_3_a_body_that_must_be_read),
		cmocka_unit_test(uas_rfc3261_8_2_7_the_same_tag_each_time),
		cmocka_unit_test(redirect_rfc3261_8_3),
	};

	return cmocka_run_group_tests(tests, scene_open, scene_close);
}
