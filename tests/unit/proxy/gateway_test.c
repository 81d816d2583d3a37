/* SPDX-License-Identifier: MIT */
/* gateway: the longest route, the order of hops, marks and trunks. */
#include "gateway.h"
#include "kit/test.h"

static struct gateways *g;

static int make(void **state)
{
	(void)state;
	g = gateways_new();
	return !g;
}

static int drop(void **state)
{
	(void)state;
	gateways_destroy(&g);
	return 0;
}

static void hop(const char *group, const char *text)
{
	struct svc_hop h = { .group = slice_str(group) };
	char why[SVC_GATEWAY_WHY];

	assert_int_equal(svc_hop_read(&h, slice_str(text), why), 0);
	assert_int_equal(gateways_add_hop(g, &h), 0);
}

static void route(const char *what, const char *group)
{
	const struct svc_route r = { slice_str(what), slice_str(group) };

	assert_int_equal(gateways_add_route(g, &r), 0);
}

static void goes(int group, const char *to)
{
	if (!to)
		assert_int_equal(group, -1);
	else if (group < 0)
		fail_msg("no route, %s expected", to);
	else
		assert_text(gateways_group(g, group), to);
}

static void the_longest_route_wins(void **state)
{
	(void)state;
	route("+49", "de");
	route("+4930", "berlin");
	route("0", "local");
	route("example.org", "org");
	route(".example.org", "below");
	route("a.b.example.org", "ab");
	gateways_seal(g);
	goes(gateways_of_number(g, SLICE("+4930123")), "berlin");
	goes(gateways_of_number(g, SLICE("+4930")), "berlin");
	goes(gateways_of_number(g, SLICE("+493")), "de");
	goes(gateways_of_number(g, SLICE("+44")), 0);
	goes(gateways_of_number(g, SLICE("0301")), "local");
	goes(gateways_of_domain(g, SLICE("Example.ORG")), "org");
	goes(gateways_of_domain(g, SLICE("example.org.")), "org");
	goes(gateways_of_domain(g, SLICE("x.example.org")), "below");
	goes(gateways_of_domain(g, SLICE("y.x.example.org")), "below");
	goes(gateways_of_domain(g, SLICE("a.b.example.org")), "ab");
	goes(gateways_of_domain(g, SLICE("badexample.org")), 0);
	goes(gateways_of_domain(g, SLICE("org")), 0);
	goes(gateways_of_domain(g, SLICE("")), 0);
}

static void the_rest_and_the_later_of_two(void **state)
{
	(void)state;
	route("*", "old");
	route("*", "middle");
	route("*", "rest");
	route("+49", "de");
	gateways_seal(g);
	goes(gateways_of_number(g, SLICE("112")), "rest");
	goes(gateways_of_domain(g, SLICE("example.net")), "rest");
	goes(gateways_of_domain(g, SLICE("192.0.2.1")), 0); /* the Contact of a dialog, perhaps */
	goes(gateways_of_number(g, SLICE("+491")), "de");
}

/* As many routes as fit, and not one more. */
static void the_last_route_that_fits(void **state)
{
	char number[16];

	(void)state;
	for (int i = 0; i < GATEWAY_ROUTES; i++) {
		snprintf(number, sizeof(number), "+%07d", i);
		route(number, i % 2 ? "odd" : "even");
	}
	const struct svc_route more = { SLICE("+9"), SLICE("even") };
	assert_int_equal(gateways_add_route(g, &more), RT_BIG);
	gateways_seal(g);
	goes(gateways_of_number(g, SLICE("+00163831")), "odd");
	goes(gateways_of_number(g, SLICE("+00163841")), 0);
	goes(gateways_of_number(g, SLICE("+00000009")), "even");
}

static struct slice first(uint64_t seed, int64_t now)
{
	const struct gateway_hop *out[GATEWAY_TRIES];

	return gateways_order(g, 0, seed, now, 0, out) ? out[0]->uri : SLICE("");
}

static void order_by_priority_then_weight(void **state)
{
	const struct gateway_hop *out[GATEWAY_TRIES];
	int heavy = 0;

	(void)state;
	hop("a", "sip:192.0.2.3 priority=2");
	hop("a", "sip:192.0.2.1 priority=1 weight=30");
	hop("a", "sip:192.0.2.2 priority=1 weight=10");
	hop("a", "sip:192.0.2.4 priority=1 weight=0");
	hop("b", "sip:192.0.2.9 priority=0");
	gateways_seal(g);
	for (uint64_t seed = 0; seed < 4000; seed++) {
		assert_int_equal(gateways_order(g, 0, seed, 100, 0, out), 4);
		assert_text(out[3]->uri, "sip:192.0.2.3");
		assert_text(out[2]->uri, "sip:192.0.2.4");
		heavy += slice_eq(out[0]->uri, SLICE("sip:192.0.2.1"));
	}
	assert_in_range(heavy, 2850, 3150); /* three of four */
	assert_true(slice_eq(first(7, 100), first(7, 100)));
}

static void a_hop_that_is_down_comes_last_and_comes_back(void **state)
{
	const struct gateway_hop *out[GATEWAY_TRIES];

	(void)state;
	hop("a", "sip:192.0.2.1 priority=1");
	hop("a", "sip:192.0.2.2 priority=2");
	hop("b", "sip:192.0.2.1 priority=1");
	gateways_seal(g);
	assert_text(first(1, 100), "sip:192.0.2.1");
	assert_true(gateways_mark(g, SLICE("sip:192.0.2.1"), 150, 100));
	assert_false(gateways_mark(g, SLICE("sip:192.0.2.1"), 160, 100)); /* longer, but nothing new */
	assert_false(gateways_mark(g, SLICE("sip:192.0.2.7"), 160, 100));
	assert_text(first(1, 100), "sip:192.0.2.2");
	assert_int_equal(gateways_order(g, 0, 1, 100, 0, out), 2); /* last is not never */
	assert_text(first(1, 160), "sip:192.0.2.1");
	assert_true(gateways_mark(g, SLICE("sip:192.0.2.1"), 0, 100));
	assert_text(first(1, 100), "sip:192.0.2.1");
	assert_true(gateways_at(g, 2)->twin);
	assert_false(gateways_at(g, 0)->twin);
	assert_null(gateways_at(g, 3));
}

static void marks_outlive_a_change(void **state)
{
	struct gateways *old;

	(void)state;
	hop("a", "sip:192.0.2.1");
	hop("a", "sip:192.0.2.2 priority=2");
	gateways_seal(g);
	gateways_mark(g, SLICE("sip:192.0.2.1"), 150, 100);
	old = g;
	g = gateways_new();
	hop("a", "sip:192.0.2.2 priority=2");
	hop("a", "sip:192.0.2.1 priority=5");
	hop("a", "sip:192.0.2.1 priority=1"); /* the later one */
	gateways_seal(g);
	gateways_inherit(g, old);
	gateways_destroy(&old);
	assert_text(first(1, 100), "sip:192.0.2.2");
	assert_text(first(1, 150), "sip:192.0.2.1");
}

static void nobody_is_sent_back_what_he_sent(void **state)
{
	const struct gateway_hop *out[GATEWAY_TRIES];
	struct sip_hop sender;

	(void)state;
	hop("a", "sip:192.0.2.1");
	hop("a", "sip:gw.example.org");
	gateways_seal(g);
	assert_int_equal(sip_hop_parse(&sender, SLICE("udp:192.0.2.1:5060")), 0);
	assert_int_equal(gateways_order(g, 0, 1, 100, &sender, out), 1);
	assert_text(out[0]->uri, "sip:gw.example.org");
	sender.port = 5062;
	assert_int_equal(gateways_order(g, 0, 1, 100, &sender, out), 2);
}

static bool trusted(const char *source)
{
	struct sip_hop h;

	assert_int_equal(sip_hop_parse(&h, slice_str(source)), 0);
	return gateways_trust(g, &h);
}

static void trunks_are_known_by_address(void **state)
{
	(void)state;
	hop("a", "sip:192.0.2.1:5080 trust=on");
	hop("a", "sip:192.0.2.2");
	hop("b", "sip:[2001:db8::1] trust=on");
	gateways_seal(g);
	assert_true(trusted("udp:192.0.2.1:5080"));
	assert_true(trusted("tls:192.0.2.1:40000"));
	assert_false(trusted("udp:192.0.2.2:5060"));
	assert_true(trusted("udp:[2001:db8::1]:5060"));
	assert_false(trusted("udp:[2001:db8::2]:5060"));
}

static void nothing_at_all(void **state)
{
	struct sip_hop h = { .family = 4 };

	(void)state;
	gateways_seal(g);
	goes(gateways_of_number(g, SLICE("1")), 0);
	goes(gateways_of_domain(g, SLICE("example.com")), 0);
	assert_false(gateways_trust(g, &h));
	assert_false(gateways_mark(g, SLICE("sip:192.0.2.1"), 1, 0));
}

static void the_last_hop_and_the_last_group_that_fit(void **state)
{
	char name[32], text[32];
	struct svc_hop more = { .group = SLICE("one-more"), .uri = SLICE("sip:192.0.2.1") };

	(void)state;
	for (int i = 0; i < GATEWAY_HOPS; i++) {
		snprintf(name, sizeof(name), "g%d", i % GATEWAY_GROUPS);
		snprintf(text, sizeof(text), "sip:10.0.%d.%d", i / 256, i % 256);
		hop(name, text);
	}
	assert_int_equal(gateways_add_hop(g, &more), RT_BIG);
	more.group = SLICE("g0");
	assert_int_equal(gateways_add_hop(g, &more), RT_BIG);
	gateways_seal(g);
	assert_non_null(gateways_at(g, GATEWAY_HOPS - 1));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(the_longest_route_wins, make, drop),
		cmocka_unit_test_setup_teardown(the_rest_and_the_later_of_two, make, drop),
		cmocka_unit_test_setup_teardown(the_last_route_that_fits, make, drop),
		cmocka_unit_test_setup_teardown(order_by_priority_then_weight, make, drop),
		cmocka_unit_test_setup_teardown(a_hop_that_is_down_comes_last_and_comes_back, make, drop),
		cmocka_unit_test_setup_teardown(marks_outlive_a_change, make, drop),
		cmocka_unit_test_setup_teardown(nobody_is_sent_back_what_he_sent, make, drop),
		cmocka_unit_test_setup_teardown(trunks_are_known_by_address, make, drop),
		cmocka_unit_test_setup_teardown(nothing_at_all, make, drop),
		cmocka_unit_test_setup_teardown(the_last_hop_and_the_last_group_that_fit, make, drop),
	};

	return cmocka_run_group_tests(tests, 0, 0);
}
