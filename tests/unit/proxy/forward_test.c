/* SPDX-License-Identifier: MIT */
/* forward: copies compared whole, step by step of RFC 3261 16.6. */
#include "forward.h"
#include "unit/proxy/scene.h"
#include "way.h"

#define HEAD "Via: SIP/2.0/UDP 198.51.100.9:5062;branch=z9hG4bKcaller\r\n"
#define TAIL "From: <sip:alice@example.com>;tag=a1\r\nCall-ID: c1\r\nCSeq: 1 INVITE\r\nContact: <sip:alice@198.51.100.9:5062>\r\n"

/* Forward to a target on the way of a hop like "udp:203.0.113.5:5060"; the copy without its Record-Route tokens. */
static const char *forward(const struct proxy_request *r, const struct proxy_target *t, const char *hop)
{
	static char out[8192];
	struct proxy_attempt a = { .target = t, .breadth = 60 };
	struct sip_hop to;
	struct sip_msg copy;
	char *token;

	assert_int_equal(sip_hop_parse(&to, slice_str(hop)), 0);
	assert_int_equal(proxy_forward_next(&scene, r, t, &a.next), 0);
	assert_int_equal(proxy_way_to(&scene, &r->from, &to, &a.way), 0);
	assert_int_equal(proxy_forward(&scene, r, &a, &copy), 0);
	assert_true(slice_cstr(copy.text, out, sizeof(out)));
	for (token = out; (token = strstr(token, "Record-Route: <sip"));) {
		token = strchr(token, ':') + 6;
		token += *token == 's' ? 2 : 1;
		if (strspn(token, "0123456789abcdef-") >= 17)
			memmove(token, strchr(token, '@'), strlen(strchr(token, '@')) + 1);
	}
	return out;
}

static const char *forward_to(const char *request, const char *uri, const char *hop)
{
	const struct proxy_request r = scene_request(request);
	const struct proxy_target t = { .uri = slice_str(uri), .q = 1000 };

	return forward(&r, &t, hop);
}

static void steps_1_2_3_5_9_the_copy(void **state)
{
	(void)state;
	assert_string_equal(
		forward_to("MESSAGE sip:bob@example.com SIP/2.0\r\n" HEAD "max-forwards: 70\r\nX-Unknown: as it is\r\nDate: broken\r\n"
	                   "From: <sip:alice@example.com>;tag=a1\r\nTo: <sip:bob@example.com>\r\nCall-ID: c1\r\nCSeq: 1 MESSAGE\r\n"
	                   "X-Unknown: twice\r\n\r\nhello",
	                   "sip:bob@203.0.113.5", "udp:203.0.113.5:5060"),
		"MESSAGE sip:bob@203.0.113.5 SIP/2.0\r\n" HEAD "max-forwards: 69\r\nX-Unknown: as it is\r\nDate: broken\r\n"
		"From: <sip:alice@example.com>;tag=a1\r\nTo: <sip:bob@example.com>\r\nCall-ID: c1\r\nCSeq: 1 MESSAGE\r\n"
		"X-Unknown: twice\r\nMax-Breadth: 60\r\nContent-Length: 5\r\n\r\nhello");
}

static void step_3_max_forwards_is_added(void **state)
{
	(void)state;
	assert_non_null(strstr(forward_to("INVITE sip:bob@example.com SIP/2.0\r\n" HEAD "To: <sip:bob@example.com>\r\n" TAIL "\r\n",
	                                  "sip:bob@203.0.113.5", "udp:203.0.113.5:5060"),
	                       "\r\nMax-Forwards: 70\r\n"));
	assert_non_null(strstr(forward_to("INVITE sip:bob@example.com SIP/2.0\r\n" HEAD "Max-Forwards: 1\r\nTo: <sip:bob@example.com>\r\n" TAIL
	                                  "\r\n",
	                                  "sip:bob@203.0.113.5", "udp:203.0.113.5:5060"),
	                       "\r\nMax-Forwards: 0\r\n"));
}

#define INVITE "INVITE sip:bob@example.com SIP/2.0\r\n" HEAD "Max-Forwards: 70\r\nTo: <sip:bob@example.com>\r\n" TAIL "Content-Length: 0\r\n"

static void step_4_one_record_route_on_top(void **state)
{
	(void)state;
	assert_string_equal(forward_to(INVITE "Record-Route: <sip:first.example.net;lr>\r\n\r\n", "sip:bob@203.0.113.5", "udp:203.0.113.5:5060"),
	                    "INVITE sip:bob@203.0.113.5 SIP/2.0\r\n" HEAD
	                    "Max-Forwards: 69\r\nTo: <sip:bob@example.com>\r\n" TAIL
	                    "Content-Length: 0\r\nRecord-Route: <sip:@proxy.example.com:5060;lr>\r\n"
	                    "Record-Route: <sip:first.example.net;lr>\r\nMax-Breadth: 60\r\n\r\n");
}

static void step_4_two_when_the_transport_changes(void **state)
{
	(void)state;
	assert_non_null(strstr(forward_to(INVITE "\r\n", "sip:bob@203.0.113.5;transport=tcp", "tcp:203.0.113.5:5060"),
	                       "Record-Route: <sip:@proxy.example.com:5060;transport=tcp;lr>\r\n"
	                       "Record-Route: <sip:@proxy.example.com:5060;lr>\r\n"));
	assert_non_null(strstr(forward_to(INVITE "\r\n", "sip:bob@[2001:db8::9]", "udp:[2001:db8::9]:5060"),
	                       "Record-Route: <sip:@[2001:db8::1]:5060;lr>\r\n"
	                       "Record-Route: <sip:@proxy.example.com:5060;lr>\r\n"));
}

static struct slice record_route_of(const struct proxy_request *r)
{
	const struct proxy_target t = { .uri = SLICE("sip:bob@203.0.113.5") };
	struct proxy_attempt a = { .target = &t, .breadth = 60 };
	struct sip_msg copy;
	struct sip_hop to;

	assert_int_equal(sip_hop_parse(&to, SLICE("udp:203.0.113.5:5060")), 0);
	assert_int_equal(proxy_way_to(&scene, &r->from, &to, &a.way), 0);
	assert_int_equal(proxy_forward_next(&scene, r, &t, &a.next), 0);
	assert_int_equal(proxy_forward(&scene, r, &a, &copy), 0);
	return sip_msg_get(&copy, SIP_HDR_RECORD_ROUTE);
}

/* Is the way back to the caller in the Record-Route of this request? */
static bool remembers_the_caller(const char *vias)
{
	char text[1024];
	struct proxy_request r;

	snprintf(text, sizeof(text), "INVITE sip:bob@example.com SIP/2.0\r\n%sTo: <sip:bob@example.com>\r\n" TAIL "\r\n", vias);
	r = scene_request(text);
	return slice_find(slice_from(record_route_of(&r), 6), '-') > 0;
}

static void step_4_the_way_back_through_a_nat(void **state)
{
	(void)state;
	assert_false(remembers_the_caller("Via: SIP/2.0/UDP 198.51.100.9:5062;branch=z9hG4bK1\r\n"));
	assert_true(remembers_the_caller("Via: SIP/2.0/UDP 10.0.0.9:5062;branch=z9hG4bK1\r\n"));
	assert_true(remembers_the_caller("Via: SIP/2.0/UDP 198.51.100.9:5060;branch=z9hG4bK1\r\n"));
	assert_false(remembers_the_caller("Via: SIP/2.0/UDP p1;branch=z9hG4bK1, SIP/2.0/UDP 10.0.0.9;branch=z9hG4bK2\r\n"));
}

static void step_4_sips_for_a_sips_request(void **state)
{
	(void)state;
	assert_non_null(strstr(forward_to(INVITE "\r\n", "sips:bob@203.0.113.5", "tls:203.0.113.5:5061"),
	                       "Record-Route: <sips:@proxy.example.com:5061;lr>\r\n"));
}

#define INSIDE(method) method " sip:bob@example.com SIP/2.0\r\n" HEAD "To: <sip:bob@example.com>;tag=b1\r\n" \
	"From: <sip:alice@example.com>;tag=a1\r\nCall-ID: c1\r\nCSeq: 2 " method "\r\n\r\n"

static void step_4_inside_a_dialog_whose_way_we_are_on(void **state)
{
	struct proxy_request r = scene_request(INSIDE("INVITE"));

	(void)state;
	assert_int_equal(record_route_of(&r).n, 0);
	r.signed_route = true;
	assert_int_not_equal(record_route_of(&r).n, 0);
	r = scene_request(INSIDE("INFO"));
	r.signed_route = true;
	assert_int_equal(record_route_of(&r).n, 0);
}

static void step_4_each_notify_rfc6665_4_3(void **state)
{
	const struct proxy_request r = scene_request(INSIDE("NOTIFY"));

	(void)state;
	assert_int_not_equal(record_route_of(&r).n, 0);
}

static void step_4_not_when_it_makes_no_dialog(void **state)
{
	(void)state;
	assert_null(strstr(forward_to("OPTIONS sip:bob@example.com SIP/2.0\r\n" HEAD "To: <sip:bob@example.com>\r\n"
	                              "From: <sip:a@b>;tag=1\r\nCall-ID: c\r\nCSeq: 1 OPTIONS\r\n\r\n",
	                              "sip:bob@203.0.113.5", "udp:203.0.113.5:5060"),
	                   "Record-Route"));
}

static void step_5_our_credentials_end_here(void **state)
{
	const char *copy = forward_to(INVITE
	                              "Proxy-Authorization: Digest username=\"alice\", realm=\"example.com\", nonce=\"n\", uri=\"u\", response=\"r\"\r\n"
	                              "Proxy-Authorization: Digest username=\"alice\", realm=\"other.example.net\", nonce=\"n\", uri=\"u\", response=\"r\"\r\n"
	                              "\r\n",
	                              "sip:bob@203.0.113.5", "udp:203.0.113.5:5060");

	(void)state;
	assert_null(strstr(copy, "realm=\"example.com\""));
	assert_non_null(strstr(copy, "realm=\"other.example.net\""));
}

static void step_5_path_rfc3327_5_1(void **state)
{
	static const char request[] = "REGISTER sip:registrar.example.net SIP/2.0\r\n" HEAD "Max-Forwards: 70\r\nTo: <sip:a@example.net>\r\n"
	                              "From: <sip:a@example.net>;tag=1\r\nCall-ID: c\r\nCSeq: 1 REGISTER\r\nSupported: %s\r\n\r\n";
	char text[1024];

	(void)state;
	snprintf(text, sizeof(text), request, "outbound, path");
	assert_non_null(strstr(forward_to(text, "sip:registrar.example.net", "udp:203.0.113.5:5060"), "@proxy.example.com:5060;lr;ob>\r\n"));
	assert_null(strstr(forward_to(text, "sip:registrar.example.net", "udp:203.0.113.5:5060"), "Record-Route"));
	snprintf(text, sizeof(text), request, "gruu");
	assert_null(strstr(forward_to(text, "sip:registrar.example.net", "udp:203.0.113.5:5060"), "Path"));
}

static void step_6_path_becomes_route_rfc3327_5_4(void **state)
{
	const struct proxy_request r = scene_request(INVITE "Route: <sip:192.0.2.1:5060;lr>\r\n\r\n");
	const struct proxy_target t = { .uri = SLICE("sip:bob@203.0.113.5"), .path = SLICE("<sip:p1.example.net;lr>, \"a, b\" <sip:p2;lr>"),
		                        .q = 1000 };

	(void)state;
	assert_non_null(strstr(forward(&r, &t, "udp:203.0.113.5:5060"),
	                       "\r\nRoute: <sip:p1.example.net;lr>\r\nRoute: \"a, b\" <sip:p2;lr>\r\n"));
}

static void step_6_a_strict_next_hop(void **state)
{
	const char *copy = forward_to(INVITE "Route: <sip:192.0.2.1:5060;lr>, <sip:strict.example.net>, <sip:last.example.net;lr>\r\n\r\n",
	                              "sip:bob@203.0.113.5", "udp:203.0.113.9:5060");

	(void)state;
	assert_int_equal(strncmp(copy, "INVITE sip:strict.example.net SIP/2.0\r\n", 39), 0);
	assert_null(strstr(copy, "192.0.2.1"));
	assert_non_null(strstr(copy, "Route: <sip:last.example.net;lr>\r\nRoute: <sip:bob@203.0.113.5>\r\n"));
}

static void next_is(const char *request, const struct proxy_target *t, const char *host, const char *hop)
{
	const struct proxy_request r = scene_request(request);
	struct proxy_next next;
	struct sip_hop got, want;

	assert_int_equal(proxy_forward_next(&scene, &r, t, &next), 0);
	assert_text(next.uri.host, host);
	if (!hop) {
		assert_int_equal(proxy_forward_numeric(&next, &got), RT_ABSENT);
		return;
	}
	assert_int_equal(proxy_forward_numeric(&next, &got), 0);
	assert_int_equal(sip_hop_parse(&want, slice_str(hop)), 0);
	assert_true(sip_hop_same(&got, &want));
}

static void step_7_which_uri_is_asked_for(void **state)
{
	const struct proxy_target plain = { .uri = SLICE("sip:bob@203.0.113.5") },
	                          named = { .uri = SLICE("sip:bob@pc.example.net") },
	                          tcp = { .uri = SLICE("sip:bob@203.0.113.5;transport=tcp") },
	                          sips = { .uri = SLICE("sips:bob@203.0.113.5") },
	                          maddr = { .uri = SLICE("sip:bob@pc.example.net:5070;maddr=203.0.113.6") },
	                          path = { .uri = SLICE("sip:bob@203.0.113.5"), .path = SLICE("<sip:198.51.100.1:5080;lr>") };

	(void)state;
	next_is(INVITE "\r\n", &plain, "203.0.113.5", "udp:203.0.113.5:5060");
	next_is(INVITE "\r\n", &named, "pc.example.net", 0);
	next_is(INVITE "\r\n", &tcp, "203.0.113.5", "tcp:203.0.113.5:5060");
	next_is(INVITE "\r\n", &sips, "203.0.113.5", "tls:203.0.113.5:5061");
	next_is(INVITE "\r\n", &maddr, "pc.example.net", "udp:203.0.113.6:5070");
	next_is(INVITE "\r\n", &path, "198.51.100.1", "udp:198.51.100.1:5080");
	next_is(INVITE "Route: <sip:192.0.2.1;lr>, <sip:203.0.113.77;lr>\r\n\r\n", &plain, "203.0.113.77", "udp:203.0.113.77:5060");
}

static void own_is(const char *uri, const char *hop)
{
	const struct proxy_request r = scene_request(INVITE "\r\n");
	const struct proxy_target t = { .uri = slice_str(uri) };
	struct sip_hop got, want;
	struct proxy_next next;

	assert_int_equal(proxy_forward_next(&scene, &r, &t, &next), 0);
	assert_int_equal(proxy_forward_own(&scene, &r, &next, &got), hop ? 0 : RT_ABSENT);
	if (!hop)
		return;
	assert_int_equal(sip_hop_parse(&want, slice_str(hop)), 0);
	assert_true(sip_hop_same(&got, &want));
}

static void step_7_a_name_of_ours_leads_back_here(void **state)
{
	(void)state;
	own_is("sip:bob@example.com", "udp:192.0.2.1:5060");
	own_is("sip:bob@sip.example.com:5060;transport=tcp", "tcp:192.0.2.1:5060");
	own_is("sip:bob@example.com:5099", 0);
	own_is("sip:bob@example.com;transport=ws", 0);
	own_is("sip:bob@example.com;maddr=pc.example.net", 0);
	own_is("sips:bob@example.com", 0);
	own_is("sip:bob@pc.example.net", 0);
}

static void step_7_static_routes(void **state)
{
	const struct proxy_target away = { .uri = SLICE("sip:bob@carrier.example.net"), .fixed = true };

	(void)state;
	scene_configure((char[]){ "PEAL_PROXY_ROUTES=carrier.example.net=sip:203.0.113.50:5080;transport=tcp" }, 0);
	next_is(INVITE "\r\n", &away, "203.0.113.50", "tcp:203.0.113.50:5080");
	scene_configure(0, 0);
}

static void step_7_by_which_edge(void **state)
{
	const struct proxy_way from = { .edge = 7, .listener = 0 };
	struct proxy_way way;
	struct sip_hop hop;

	(void)state;
	assert_int_equal(sip_hop_parse(&hop, SLICE("tcp:203.0.113.5:5060")), 0);
	assert_int_equal(proxy_way_to(&scene, &from, &hop, &way), 0);
	assert_int_equal(way.edge, 7);
	assert_int_equal(way.listener, 1);
	assert_int_equal(sip_hop_parse(&hop, SLICE("ws:203.0.113.5:80")), 0);
	assert_int_equal(proxy_way_to(&scene, &from, &hop, &way), 0);
	assert_int_equal(way.edge, 8);
	assert_int_equal(sip_hop_parse(&hop, SLICE("wss:203.0.113.5:443")), 0);
	assert_int_equal(proxy_way_to(&scene, &from, &hop, &way), RT_ABSENT);
}

static void large_requests_rfc3261_18_1_1(void **state)
{
	char request[2400];
	struct proxy_request r;
	struct sip_msg m;
	int body;

	(void)state;
	for (body = 600; body < 1600; body += 500) {
		snprintf(request, sizeof(request), "INVITE sip:bob@example.com SIP/2.0\r\n" HEAD "To: <sip:b@b>\r\n" TAIL "\r\n%*s", body, "x");
		r = scene_request(request);
		m = r.msg;
		assert_int_equal(proxy_forward_is_large(&m), body > 1000);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(steps_1_2_3_5_9_the_copy),
		cmocka_unit_test(step_3_max_forwards_is_added),
		cmocka_unit_test(step_4_one_record_route_on_top),
		cmocka_unit_test(step_4_two_when_the_transport_changes),
		cmocka_unit_test(step_4_the_way_back_through_a_nat),
		cmocka_unit_test(step_4_sips_for_a_sips_request),
		cmocka_unit_test(step_4_inside_a_dialog_whose_way_we_are_on),
		cmocka_unit_test(step_4_each_notify_rfc6665_4_3),
		cmocka_unit_test(step_4_not_when_it_makes_no_dialog),
		cmocka_unit_test(step_5_our_credentials_end_here),
		cmocka_unit_test(step_5_path_rfc3327_5_1),
		cmocka_unit_test(step_6_path_becomes_route_rfc3327_5_4),
		cmocka_unit_test(step_6_a_strict_next_hop),
		cmocka_unit_test(step_7_which_uri_is_asked_for),
		cmocka_unit_test(step_7_a_name_of_ours_leads_back_here),
		cmocka_unit_test(step_7_static_routes),
		cmocka_unit_test(step_7_by_which_edge),
		cmocka_unit_test(large_requests_rfc3261_18_1_1),
	};

	return cmocka_run_group_tests(tests, scene_open, scene_close);
}
