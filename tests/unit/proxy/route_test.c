/* SPDX-License-Identifier: MIT */
/* route: RFC 3261 16.4 and 16.12, and which requests our Record-Route lets through. */
#include "check.h"
#include "unit/proxy/scene.h"

#define REST "Via: SIP/2.0/UDP 198.51.100.9:5062;branch=z9hG4bKcaller\r\nFrom: <sip:alice@example.com>;tag=a1\r\n" \
	     "Call-ID: c1\r\nCSeq: 2 BYE\r\nContent-Length: 0\r\n"
#define TO   "To: <sip:bob@example.com>;tag=b1\r\n"

static const char *token_for(const struct proxy_way *caller, const struct proxy_way *callee)
{
	static char text[PROXY_TOKEN_BYTES + 1];
	const struct proxy_request invite = scene_request("INVITE sip:bob@example.com SIP/2.0\r\n" SCENE_REST "To: <sip:bob@example.com>\r\n\r\n");
	struct rt_cursor c = rt_cursor_on(text, PROXY_TOKEN_BYTES);

	proxy_token_render(&c, scene.dialog, &invite.msg, caller, callee);
	assert_int_equal(c.err, 0);
	text[c.n] = 0;
	return text;
}

static struct proxy_request routed(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
static struct proxy_request routed(const char *fmt, ...)
{
	char *const text = rt_arena_take(scene.arena, 4096);
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, 4096, fmt, ap);
	va_end(ap);
	return scene_request(text);
}

static void our_top_route_is_removed(void **state)
{
	static const char *const us[] = { "sip:192.0.2.1;lr", "sip:proxy.example.com:5060;lr", "sip:example.com;lr", "sip:sip.example.com;lr",
		                          "sip:192.0.2.1:5060;transport=tcp;lr", "sips:proxy.example.com:5061;lr", "sip:[2001:db8::1];lr",
		                          "sip:farm.example.net;maddr=192.0.2.1;lr" /* 19.1.1: maddr goes before the host */ };
	static const char *const others[] = { "sip:192.0.2.1:5070;lr", "sip:192.0.2.9;lr", "sip:example.net;lr", "sip:[2001:db8::2];lr",
		                              "sip:example.com;maddr=192.0.2.9;lr" };

	(void)state;
	for (size_t i = 0; i < sizeof(us) / sizeof(us[0]); i++) {
		const struct proxy_request r = routed("BYE sip:bob@203.0.113.5 SIP/2.0\r\n" TO REST "Route: <%s>, <sip:next.example.net;lr>\r\n\r\n", us[i]);

		assert_text(sip_msg_value(&r.msg, r.route), "<sip:next.example.net;lr>");
		assert_int_equal(r.route, r.last);
	}
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
		const struct proxy_request r = routed("BYE sip:bob@203.0.113.5 SIP/2.0\r\n" TO REST "Route: <%s>\r\n\r\n", others[i]);

		assert_true(r.route >= 0);
	}
}

static void both_of_a_double_record_route_are_removed(void **state)
{
	const struct proxy_request r = routed("BYE sip:bob@203.0.113.5 SIP/2.0\r\n" TO REST
	                                      "Route: <sip:192.0.2.1;transport=tcp;lr>\r\nRoute: <sip:192.0.2.1;lr>\r\n\r\n");

	(void)state;
	assert_int_equal(r.route, -1);
	assert_int_equal(r.last, -1);
}

static void rfc3261_16_12_1_2_a_strict_router_before_us(void **state)
{
	const struct proxy_request r = routed("BYE sip:%s@192.0.2.1:5060;lr SIP/2.0\r\n" TO REST
	                                      "Route: <sip:p3.example.net;lr>, <sip:bob@203.0.113.5>\r\n\r\n", token_for(0, 0));
	const struct proxy_request lone = routed("BYE sip:%s@192.0.2.1:5060;lr SIP/2.0\r\n" TO REST "Route: <sip:bob@203.0.113.5>\r\n\r\n",
	                                         token_for(0, 0));

	(void)state;
	assert_text(r.target, "sip:bob@203.0.113.5");
	assert_true(r.repaired);
	assert_true(r.signed_route);
	assert_text(sip_msg_value(&r.msg, r.route), "<sip:p3.example.net;lr>");
	assert_int_equal(r.last, r.route);
	assert_text(lone.target, "sip:bob@203.0.113.5");
	assert_int_equal(lone.route, -1);
}

static void our_own_name_is_no_record_route_of_ours(void **state)
{
	const struct proxy_request r = routed("BYE sip:bob@example.com SIP/2.0\r\n" TO REST "Route: <sip:next.example.net;lr>\r\n\r\n");

	(void)state;
	assert_false(r.repaired);
	assert_text(r.target, "sip:bob@example.com");
}

static void maddr_that_is_us_is_stripped(void **state)
{
	const struct proxy_request r = routed("BYE sip:bob@example.com;maddr=192.0.2.1;x=y;transport=udp SIP/2.0\r\n" TO REST "\r\n"),
	                           other_port = routed("BYE sip:bob@example.com:5070;maddr=192.0.2.1 SIP/2.0\r\n" TO REST "\r\n"),
	                           other_proto = routed("BYE sip:bob@example.com;maddr=192.0.2.1;transport=tcp SIP/2.0\r\n" TO REST "\r\n"),
	                           elsewhere = routed("BYE sip:bob@example.com;maddr=203.0.113.1 SIP/2.0\r\n" TO REST "\r\n");

	(void)state;
	assert_text(r.target, "sip:bob@example.com;x=y");
	assert_text(other_port.target, "sip:bob@example.com:5070;maddr=192.0.2.1");
	assert_text(other_proto.target, "sip:bob@example.com");
	assert_text(elsewhere.target, "sip:bob@example.com;maddr=203.0.113.1");
}

static void a_token_is_good_for_its_dialog_only(void **state)
{
	static const char form[] = "BYE sip:bob@203.0.113.5 SIP/2.0\r\n%s%s"
	                           "Via: SIP/2.0/UDP 198.51.100.9:5062;branch=z9hG4bKc\r\nCall-ID: %s\r\nCSeq: 2 BYE\r\nRoute: <sip:%s@192.0.2.1;lr>\r\n\r\n";
	const struct {
		const char *from, *to, *call, *token;
		bool good;
	} row[] = {
		{ "From: <sip:a@example.com>;tag=a1\r\n", "To: <sip:b@example.com>;tag=b1\r\n", "c1", token_for(0, 0), true },
		{ "From: <sip:b@example.com>;tag=b1\r\n", "To: <sip:a@example.com>;tag=a1\r\n", "c1", token_for(0, 0), true },
		{ "From: <sip:a@example.com>;tag=a1\r\n", "To: <sip:b@example.com>\r\n", "c1", token_for(0, 0), false },
		{ "From: <sip:a@example.com>;tag=a2\r\n", "To: <sip:b@example.com>;tag=b1\r\n", "c1", token_for(0, 0), false },
		{ "From: <sip:a@example.com>;tag=a1\r\n", "To: <sip:b@example.com>;tag=b1\r\n", "c2", token_for(0, 0), false },
		{ "From: <sip:a@example.com>;tag=a1\r\n", "To: <sip:b@example.com>;tag=b1\r\n", "c1", "d0123456789abcdef", false },
		{ "From: <sip:a@example.com>;tag=a1\r\n", "To: <sip:b@example.com>;tag=b1\r\n", "c1", "bob", false },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
		const struct proxy_request r = routed(form, row[i].from, row[i].to, row[i].call, row[i].token);

		assert_int_equal(r.signed_route, row[i].good);
		assert_int_equal(proxy_check_relay(&scene, &r), row[i].good);
	}
}

static void a_token_tells_the_way_to_either_end(void **state)
{
	struct proxy_way caller = { .flow = 0xabcdef, .edge = 8, .listener = 2 }, callee = { .edge = 7, .listener = 3 };
	char token[PROXY_TOKEN_BYTES + 1];
	struct proxy_way to;

	(void)state;
	assert_int_equal(sip_hop_parse(&caller.remote, SLICE("ws:198.51.100.1:4711")), 0);
	assert_int_equal(sip_hop_parse(&callee.remote, SLICE("udp:[2001:db8::7]:5062")), 0);
	snprintf(token, sizeof(token), "%s", token_for(&caller, &callee));
	to = routed("BYE sip:bob@b.invalid SIP/2.0\r\n" TO REST "Route: <sip:%s@192.0.2.1;lr>\r\n\r\n", token).onward;
	assert_memory_equal(&to.remote, &callee.remote, sizeof(to.remote));
	assert_int_equal(to.edge, 7);
	assert_int_equal(to.listener, 3);
	assert_int_equal(to.flow, 0);
	to = routed("BYE sip:alice@a.invalid SIP/2.0\r\nFrom: <sip:bob@example.com>;tag=b1\r\nTo: <sip:alice@example.com>;tag=a1\r\n"
	            "Via: SIP/2.0/UDP 203.0.113.5;branch=z9hG4bKx\r\nCall-ID: c1\r\nCSeq: 7 BYE\r\nRoute: <sip:%s@192.0.2.1;lr>\r\n\r\n", token).onward;
	assert_memory_equal(&to.remote, &caller.remote, sizeof(to.remote));
	assert_int_equal(to.flow, 0xabcdef);
	assert_int_equal(to.edge, 8);
	token[strlen(token) - 1] = token[strlen(token) - 1] == '0' ? '1' : '0'; /* forged */
	assert_false(routed("BYE sip:bob@b.invalid SIP/2.0\r\n" TO REST "Route: <sip:%s@192.0.2.1;lr>\r\n\r\n", token).signed_route);
}

/* RFC 5626 5.3: from the home proxy it leads down the flow; from the phone itself it only says which flow it came by. */
static void a_flow_token_leads_to_its_phone(void **state)
{
	static const char form[] = "MESSAGE sip:alice@a.invalid SIP/2.0\r\nTo: <sip:alice@a.example.net>\r\nVia: SIP/2.0/UDP h;branch=z9hG4bKh\r\n"
	                           "From: <sip:x@y>;tag=1\r\nCall-ID: c9\r\nCSeq: 1 MESSAGE\r\nRoute: <sip:%s@192.0.2.1;lr;ob>\r\n\r\n";
	struct proxy_way phone = { .flow = 0x1234, .edge = 8 };
	char token[PROXY_TOKEN_BYTES + 1] = "", text[1024];
	struct rt_cursor c = rt_cursor_on(token, PROXY_TOKEN_BYTES);
	struct proxy_request r;

	(void)state;
	assert_int_equal(sip_hop_parse(&phone.remote, SLICE("ws:198.51.100.1:4711")), 0);
	proxy_token_render_flow(&c, scene.dialog, &phone);
	r = routed(form, token);
	assert_true(r.signed_route);
	assert_true(r.flow_only);
	assert_int_equal(r.onward.flow, 0x1234);
	snprintf(text, sizeof(text), form, token);
	r = scene_arrived(text);
	r.from = phone;
	assert_int_equal(proxy_route(&scene, &r), 0);
	assert_int_equal(r.route, -1);
	assert_false(r.signed_route);
	token[3] = token[3] == '0' ? '1' : '0'; /* forged */
	snprintf(text, sizeof(text), form, token);
	r = scene_arrived(text);
	assert_int_equal(proxy_route(&scene, &r), RT_DENIED);
	assert_false(r.signed_route);
	snprintf(text, sizeof(text), form, "anything");
	r = scene_arrived(text);
	assert_int_equal(proxy_route(&scene, &r), RT_DENIED);
}

static void rfc5393_4_2_the_loop_part_changes_with_what_decides(void **state)
{
	static const char *const changed[] = {
		"BYE sip:carol@example.com SIP/2.0\r\n" TO REST "\r\n",
		"BYE sip:bob@example.com SIP/2.0\r\n" TO REST "Route: <sip:192.0.2.1;lr>\r\n\r\n",
		"BYE sip:bob@example.com SIP/2.0\r\nTo: <sip:bob@example.com>;tag=b2\r\n" REST "\r\n",
		"BYE sip:bob@example.com SIP/2.0\r\n" TO REST "Proxy-Require: x\r\n\r\n",
		"BYE sip:bob@example.com SIP/2.0\r\n" TO REST "Proxy-Authorization: Digest realm=\"x\"\r\n\r\n",
	};
	const uint64_t same = scene_request("BYE sip:bob@example.com SIP/2.0\r\n" TO REST "\r\n").loop;

	(void)state;
	assert_true(same == scene_request("BYE sip:bob@example.com SIP/2.0\r\nVia: SIP/2.0/UDP other;branch=z9hG4bKother\r\n" TO REST
	                                  "Max-Forwards: 12\r\nSubject: x\r\n\r\n").loop);
	for (size_t i = 0; i < sizeof(changed) / sizeof(changed[0]); i++)
		assert_true(same != scene_request(changed[i]).loop);
}

static void rfc3261_16_11_without_a_transaction_the_ack_gets_the_branch_of_its_invite(void **state)
{
#define OF_ONE(method, to, more) method " sip:bob@example.com SIP/2.0\r\nVia: SIP/2.0/UDP 198.51.100.9:5062;branch=z9hG4bKcaller\r\n" \
	"From: <sip:alice@example.com>;tag=a1\r\nTo: <sip:bob@example.com>" to "\r\nCall-ID: c1\r\nCSeq: 2 " method "\r\n" more "\r\n"
	static const char *const others[] = { OF_ONE("ACK", ";tag=b2", ""), OF_ONE("CANCEL", "", "") };
	struct proxy_request invite = scene_arrived(OF_ONE("INVITE", "", "Proxy-Authorization: Digest realm=\"x\"\r\n"));

	(void)state;
	invite.stateless = true;
	assert_int_equal(proxy_route(&scene, &invite), 0);
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
		struct proxy_request r = scene_arrived(others[i]);

		r.stateless = true;
		assert_int_equal(proxy_route(&scene, &r), 0);
		assert_true(r.loop == invite.loop);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(our_top_route_is_removed),
		cmocka_unit_test(both_of_a_double_record_route_are_removed),
		cmocka_unit_test(rfc3261_16_12_1_2_a_strict_router_before_us),
		cmocka_unit_test(our_own_name_is_no_record_route_of_ours),
		cmocka_unit_test(maddr_that_is_us_is_stripped),
		cmocka_unit_test(a_token_is_good_for_its_dialog_only),
		cmocka_unit_test(a_token_tells_the_way_to_either_end),
		cmocka_unit_test(a_flow_token_leads_to_its_phone),
		cmocka_unit_test(rfc5393_4_2_the_loop_part_changes_with_what_decides),
		cmocka_unit_test(rfc3261_16_11_without_a_transaction_the_ack_gets_the_branch_of_its_invite),
	};

	return cmocka_run_group_tests(tests, scene_open, scene_close);
}
