/* SPDX-License-Identifier: MIT */
/* target: RFC 3261 16.5, bindings as targets, 3xx contacts, GRUUs. */
#include "sip/route.h"
#include "target.h"
#include "unit/proxy/scene.h"

#define REST "Via: SIP/2.0/UDP 198.51.100.9:5062;branch=z9hG4bKc\r\nFrom: <sip:alice@example.com>;tag=a1\r\nTo: <sip:b@example.com>\r\n" \
	     "Call-ID: c1\r\nCSeq: 1 MESSAGE\r\n\r\n"

static struct proxy_address place(const char *uri, int want)
{
	char *const text = rt_arena_take(scene.arena, 1024);
	struct proxy_request r;
	struct proxy_address to;

	snprintf(text, 1024, "MESSAGE %s SIP/2.0\r\n" REST, uri);
	r = scene_request(text);
	assert_int_equal(proxy_target_place(&scene, &r, &to), want);
	return to;
}

static void is_user(const char *uri, const char *aor)
{
	const struct proxy_address to = place(uri, 0);

	assert_int_equal(to.place, PROXY_USER);
	assert_text(to.aor, aor);
}

static void who_is_meant(void **state)
{
	(void)state;
	is_user("sip:bob@example.com", "bob@example.com");
	is_user("sip:%62ob@EXAMPLE.com:5060;x=y", "bob@example.com");
	is_user("sip:bob@192.0.2.1", "bob@example.com");           /* our address: our first domain */
	is_user("sips:bob@secure.example.com", "bob@secure.example.com");
	is_user("tel:+1-212-555.0100", "+12125550100@example.com"); /* RFC 3966 5.1.1 */
	assert_int_equal(place("sip:example.com", 0).place, PROXY_HERE);
	assert_int_equal(place("sip:192.0.2.1:5060;transport=tcp", 0).place, PROXY_HERE);
	assert_int_equal(place("sip:bob@192.0.2.1:5099", 0).place, PROXY_AWAY);
	assert_int_equal(place("sip:bob@example.com:5099", 0).place, PROXY_AWAY); /* another server on that host */
	assert_int_equal(place("sip:bob@example.net", 0).place, PROXY_AWAY);
	assert_int_equal(place("sip:192.0.2.77", 0).place, PROXY_AWAY);
	assert_int_equal(place("sip:bob@example.com;maddr=203.0.113.5", 0).place, PROXY_AWAY); /* "the only target URI" */
}

static bool is_service(const char *uri, struct proxy_target *t)
{
	char text[1024];
	struct proxy_address to;
	struct proxy_request r;

	snprintf(text, sizeof(text), "INVITE %s SIP/2.0\r\n" SCENE_REST "To: <%s>\r\nMax-Forwards: 70\r\nContent-Length: 0\r\n\r\n", uri, uri);
	r = scene_request(rt_arena_printf(scene.arena, "%s%c", text, 0).p);
	assert_int_equal(proxy_target_place(&scene, &r, &to), 0);
	return proxy_target_service(&scene, &r, &to, t);
}

static void a_service_is_the_agents(void **state)
{
	const struct wire_member agent = { .id = 9, .tier = WIRE_AGENT, .state = WIRE_LIVE, .version = 1, .host = "a" };
	struct wire_members *const members = (struct wire_members *)(uintptr_t)scene.members;
	const struct sip_service s = { SLICE("echo"), 9, 77 }, gone = { SLICE("echo"), 10, 77 };
	char uri[128];
	struct rt_cursor c = rt_cursor_on(uri, sizeof(uri) - 1);
	struct proxy_target t;

	(void)state;
	scene_configure((char[]){ "PEAL_AGENT_SERVICES=echo" }, 0);
	assert_false(is_service("sip:echo@example.com", &t)); /* no agent lives */
	assert_int_equal(wire_members_put(members, &agent), 0);
	assert_true(is_service("sip:echo@example.com", &t));
	assert_int_equal(t.way.edge, 9);
	assert_text(t.uri, "sip:echo@example.com");
	assert_false(is_service("sip:ring@example.com", &t));
	assert_false(is_service("sip:echo@example.net", &t));
	rt_cursor_lit(&c, "sip:");
	sip_service_render(&c, &s, scene.branch);
	rt_cursor_lit(&c, "@192.0.2.1:5060");
	uri[c.n] = 0;
	assert_true(is_service(uri, &t));
	uri[c.n - sizeof("@192.0.2.1:5060") + 1 - 1] ^= 1; /* forged */
	assert_false(is_service(uri, &t));
	c.n = 0;
	rt_cursor_lit(&c, "sip:");
	sip_service_render(&c, &gone, scene.branch);
	rt_cursor_lit(&c, "@192.0.2.1:5060");
	uri[c.n] = 0;
	assert_false(is_service(uri, &t));
	wire_members_drop(members, 9);
	scene_configure(0, 0);
}

static struct loc_binding binding(const char *uri)
{
	return (struct loc_binding){ .contact = slice_str(uri), .path = SLICE(""), .received = SLICE(""), .instance = SLICE(""),
		                     .call_id = SLICE("c"), .expires_at = 1795300060, .q = 1000 };
}

static int targets(const char *uri, const struct loc_binding *b, int n, struct proxy_target *t)
{
	const struct proxy_address to = place(uri, 0);
	char *const text = rt_arena_take(scene.arena, 1024);
	struct proxy_request r;

	snprintf(text, 1024, "MESSAGE %s SIP/2.0\r\n" REST, uri);
	r = scene_request(text);
	return proxy_target_bindings(&scene, &r, &to, b, n, t);
}

static void each_uri_once_and_only_sip(void **state)
{
	struct loc_binding b[] = { binding("sip:bob@203.0.113.5;method=INVITE?Subject=x"), binding("sip:bob@203.0.113.5:5060"),
		                   binding("sip:%62ob@203.0.113.5;method=INVITE?Subject=x"), binding("mailto:bob@example.com"),
		                   binding("sip:bob@203.0.113.6") };
	struct proxy_target t[PROXY_TARGETS_MAX];

	(void)state;
	b[0].q = 500;
	b[4].expires_at = 1795300000;
	assert_int_equal(targets("sip:bob@example.com", b, 5, t), 2);
	assert_text(t[0].uri, "sip:bob@203.0.113.5");
	assert_int_equal(t[0].q, 500);
	assert_text(t[1].uri, "sip:bob@203.0.113.5:5060"); /* 19.1.4: a written port is another URI */
}

static void sips_goes_to_sips_only(void **state)
{
	struct loc_binding b[] = { binding("sip:bob@203.0.113.5"), binding("sips:bob@203.0.113.6") };
	struct proxy_target t[PROXY_TARGETS_MAX];

	(void)state;
	assert_int_equal(targets("sips:bob@example.com", b, 2, t), 1);
	assert_text(t[0].uri, "sips:bob@203.0.113.6");
	assert_int_equal(targets("sip:bob@example.com", b, 2, t), 2);
}

static void the_way_back(void **state)
{
	struct loc_binding b[] = { binding("sip:bob@10.0.0.5"), binding("sip:bob@b.invalid;transport=ws"), binding("sip:bob@203.0.113.7"),
		                   binding("sip:bob@10.0.0.8") };
	struct proxy_target t[PROXY_TARGETS_MAX];

	(void)state;
	b[0].received = SLICE("udp:203.0.113.5:40001");
	b[0].edge = 7;
	b[1].received = SLICE("ws:203.0.113.6:40002");
	b[1].edge = 8;
	b[1].flow = 99;
	b[1].reg_id = 1;
	b[2].edge = 7;
	b[3].received = SLICE("udp:203.0.113.8:5060");
	b[3].edge = 7;
	b[3].path = SLICE("<sip:p1;lr>");
	assert_int_equal(targets("sip:bob@example.com", b, 4, t), 4);
	assert_int_equal(t[0].way.remote.port, 40001);
	assert_false(t[0].outbound);
	assert_int_equal(t[1].way.flow, 99);
	assert_true(t[1].outbound);
	assert_int_equal(t[2].way.edge, 0);
	assert_int_equal(t[3].way.edge, 0);
	assert_text(t[3].path, "<sip:p1;lr>");
}

static void a_gruu_is_one_device_rfc5627(void **state)
{
	struct loc_binding b[] = { binding("sip:bob@203.0.113.5"), binding("sip:bob@203.0.113.6") };
	struct proxy_target t[PROXY_TARGETS_MAX];

	(void)state;
	b[0].instance = SLICE("<urn:uuid:f81d4fae-7dec-11d0-a765-00a0c91e6bf6>");
	b[1].instance = SLICE("<urn:uuid:00000000-7dec-11d0-a765-00a0c91e6bf6>");
	is_user("sip:bob@example.com;gr=urn:uuid:f81d4fae-7dec-11d0-a765-00a0c91e6bf6", "bob@example.com");
	assert_int_equal(targets("sip:bob@example.com;gr=urn:uuid:f81d4fae-7dec-11d0-a765-00a0c91e6bf6", b, 2, t), 1);
	assert_text(t[0].uri, "sip:bob@203.0.113.5");
	assert_int_equal(targets("sip:bob@example.com;gr=urn:uuid:11111111-7dec-11d0-a765-00a0c91e6bf6", b, 2, t), 0);
	place("sip:tgruu.AAAAAAAAAAAAAAAA@example.com;gr", RT_ABSENT);
}

static void recursion_tries_each_contact_once(void **state)
{
	static const char response[] = "SIP/2.0 302 Moved\r\nVia: SIP/2.0/UDP 192.0.2.1;branch=z9hG4bK1\r\nFrom: <sip:a@b>;tag=1\r\nTo: <sip:b@b>;tag=2\r\n"
	                               "Call-ID: c\r\nCSeq: 1 INVITE\r\nContact: <sip:bob@203.0.113.5>, <sip:bob@203.0.113.9>;q=0.5\r\n"
	                               "Contact: <sip:bob@203.0.113.9>, <mailto:b@b>, <sip:bob@203.0.113.10?Subject=x>\r\n\r\n";
	const struct proxy_target first = { .uri = SLICE("sip:bob@203.0.113.5") };
	const struct proxy_target *const known[] = { &first };
	const struct proxy_request r = scene_request("INVITE sip:bob@example.com SIP/2.0\r\n" SCENE_REST "To: <sip:bob@example.com>\r\n\r\n");
	struct sip_index *const room = rt_arena_take(scene.arena, sizeof(*room));
	struct proxy_target t[PROXY_TARGETS_MAX];
	struct sip_msg m;

	(void)state;
	assert_int_equal(sip_msg_parse(&m, room, slice_str(response), 0), 0);
	assert_int_equal(proxy_target_contacts(&scene, &r, &m, known, 1, t), 2);
	assert_text(t[0].uri, "sip:bob@203.0.113.9");
	assert_int_equal(t[0].q, 500);
	assert_text(t[1].uri, "sip:bob@203.0.113.10");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(who_is_meant),
cmocka_unit_test(a_service_is_the_agents),
		cmocka_unit_test(each_uri_once_and_only_sip),
		cmocka_unit_test(sips_goes_to_sips_only),
		cmocka_unit_test(the_way_back),
		cmocka_unit_test(a_gruu_is_one_device_rfc5627),
		cmocka_unit_test(recursion_tries_each_contact_once),
	};

	return cmocka_run_group_tests(tests, scene_open, scene_close);
}
