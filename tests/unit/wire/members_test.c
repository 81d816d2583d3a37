/* SPDX-License-Identifier: MIT */
/* members_test: the table of actors, the choice among them, and their records. */
#include "kit/guard.h"
#include "kit/test.h"
#include "wire/members.h"
#include "wire/pack.h"

static struct wire_member member(uint32_t id, enum wire_tier tier)
{
	return (struct wire_member){
		.id = id, .tier = (uint8_t)tier, .state = WIRE_LIVE, .version = 1, .oldest = 1, .seen = 1000, .host = "edge-1", .ipc = "ipc:///run/peal/1"
	};
}

static struct wire_members *five_workers(void)
{
	struct wire_members *self = wire_members_new();

	for (uint32_t id = 1; id <= 5; id++) {
		const struct wire_member m = member(id, WIRE_TRANSACTION);

		assert_int_equal(wire_members_put(self, &m), 0);
	}
	return self;
}

static void a_member_that_leaves_moves_only_its_share(void **state)
{
	struct wire_members *self = five_workers();
	uint32_t before[2000], moved = 0, third = 0;

	(void)state;
	for (uint64_t key = 0; key < 2000; key++)
		before[key] = wire_members_pick(self, WIRE_TRANSACTION, key);
	wire_members_drop(self, 3);
	for (uint64_t key = 0; key < 2000; key++) {
		const uint32_t now = wire_members_pick(self, WIRE_TRANSACTION, key);

		third += before[key] == 3;
		moved += now != before[key];
		if (before[key] != 3)
			assert_int_equal(now, before[key]);
	}
	assert_int_equal(moved, third);
	assert_in_range(third, 300, 500); /* a fifth */
	wire_members_destroy(&self);
}

static void the_choice_does_not_depend_on_the_order_of_arrival(void **state)
{
	struct wire_members *a = five_workers(), *b = wire_members_new();

	(void)state;
	for (uint32_t id = 5; id >= 1; id--) {
		const struct wire_member m = member(id, WIRE_TRANSACTION);

		assert_int_equal(wire_members_put(b, &m), 0);
	}
	for (uint64_t key = 0; key < 500; key++)
		assert_int_equal(wire_members_pick(a, WIRE_TRANSACTION, key), wire_members_pick(b, WIRE_TRANSACTION, key));
	wire_members_destroy(&a);
	wire_members_destroy(&b);
}

/* The one that had a key before a newcomer took it, and the one that drains: both are found by leaving one out. */
static void who_had_it_before(void **state)
{
	struct wire_members *self = five_workers();
	const struct wire_member newcomer = member(6, WIRE_TRANSACTION), stranger = member(7, WIRE_PROXY);
	struct wire_member drains = member(2, WIRE_TRANSACTION);
	uint32_t before[500];

	(void)state;
	for (uint64_t key = 0; key < 500; key++)
		before[key] = wire_members_pick(self, WIRE_TRANSACTION, key);
	assert_int_equal(wire_members_put(self, &newcomer), 0);
	assert_int_equal(wire_members_put(self, &stranger), 0);
	drains.state = WIRE_DRAINING;
	assert_int_equal(wire_members_put(self, &drains), 0);
	for (uint64_t key = 0; key < 500; key++)
		assert_int_equal(wire_members_pick_other(self, WIRE_TRANSACTION, key, 6), before[key]);
	assert_int_equal(wire_members_pick_other(self, WIRE_PROXY, 1, 7), 0);
	wire_members_destroy(&self);
}

static void nobody_draining_or_of_another_tier_is_chosen(void **state)
{
	struct wire_members *self = five_workers();
	struct wire_member m = member(1, WIRE_TRANSACTION);

	(void)state;
	assert_int_equal(wire_members_pick(self, WIRE_PROXY, 1), 0);
	for (m.id = 1, m.state = WIRE_DRAINING; m.id <= 4; m.id++)
		assert_int_equal(wire_members_put(self, &m), 0);
	for (uint64_t key = 0; key < 100; key++)
		assert_int_equal(wire_members_pick(self, WIRE_TRANSACTION, key), 5);
	m.id = 5;
	assert_int_equal(wire_members_put(self, &m), 0);
	assert_int_equal(wire_members_pick(self, WIRE_TRANSACTION, 1), 0);
	assert_non_null(wire_members_get(self, 5)); /* still reached by who knows its id */
	wire_members_destroy(&self);
}

static void load_and_sight_do_not_change_the_generation(void **state)
{
	struct wire_members *self = five_workers();
	const uint32_t before = wire_members_generation(self);
	struct wire_member m = member(2, WIRE_TRANSACTION);

	(void)state;
	m.load = 99;
	m.seen = 5000;
	assert_int_equal(wire_members_put(self, &m), 0);
	assert_int_equal(wire_members_generation(self), before);
	assert_int_equal(wire_members_get(self, 2)->load, 99);
	m.state = WIRE_DRAINING;
	assert_int_equal(wire_members_put(self, &m), 0);
	assert_int_not_equal(wire_members_generation(self), before);
	wire_members_destroy(&self);
}

static void the_unseen_expire(void **state)
{
	struct wire_members *self = five_workers();
	struct wire_member m = member(2, WIRE_TRANSACTION);

	(void)state;
	m.seen = 2000;
	assert_int_equal(wire_members_put(self, &m), 0);
	assert_int_equal(wire_members_expire(self, 1000), 0);
	assert_int_equal(wire_members_expire(self, 1001), 4);
	assert_int_equal(wire_members_pick(self, WIRE_TRANSACTION, 77), 2);
	wire_members_destroy(&self);
}

static void the_table_has_an_end(void **state)
{
	struct wire_members *self = wire_members_new();
	struct wire_member m = member(1, WIRE_PROXY);

	(void)state;
	for (m.id = 1; m.id <= WIRE_MEMBERS_MAX; m.id++)
		assert_int_equal(wire_members_put(self, &m), 0);
	assert_int_equal(wire_members_put(self, &m), RT_NOMEM);
	m.id = 7;
	assert_int_equal(wire_members_put(self, &m), 0); /* a known one is still updated */
	wire_members_destroy(&self);
}

/* ---- Listeners ---- */

static struct wire_member edge(void)
{
	struct wire_member m = member(9, WIRE_TRANSPORT);

	m.nlistener = 3;
	assert_int_equal(sip_hop_parse(&m.listener[0].local, SLICE("udp:192.0.2.1:5060")), 0);
	strcpy(m.listener[0].host, "sip.example.com");
	m.listener[0].port = 5060;
	assert_int_equal(sip_hop_parse(&m.listener[1].local, SLICE("tcp:0.0.0.0:5070")), 0);
	strcpy(m.listener[1].host, "198.51.100.4");
	m.listener[1].port = 443;
	assert_int_equal(sip_hop_parse(&m.listener[2].local, SLICE("udp:[2001:db8::1]:5060")), 0);
	strcpy(m.listener[2].host, "[2001:db8::1]");
	m.listener[2].port = 5060;
	return m;
}

static void a_listener_of_the_right_kind(void **state)
{
	const struct wire_member m = edge();

	(void)state;
	assert_int_equal(wire_member_listener(&m, SIP_UDP, 4, -1), 0);
	assert_int_equal(wire_member_listener(&m, SIP_UDP, 6, 0), 2);
	assert_int_equal(wire_member_listener(&m, SIP_TCP, 4, 2), 1);
	assert_int_equal(wire_member_listener(&m, SIP_UDP, 6, 2), 2);
	assert_int_equal(wire_member_listener(&m, SIP_TLS, 4, 0), -1);
	assert_int_equal(wire_member_listener(&m, SIP_UDP, 4, 99), 0);
}

static void a_uri_says_ws_for_both_rfc7118_5_2_2(void **state)
{
	static const char record[] = "{\"tier\":\"transport\",\"id\":7,\"version\":1,\"host\":\"a\",\"pid\":1,\"state\":\"live\",\"load\":0,\"seen\":1,"
		"\"ipc\":\"\",\"tcp\":\"\",\"listeners\":[\"ws:192.0.2.1:80 as a.test:80\",\"wss:192.0.2.1:443 as a.test:443\"]}";
	struct wire_members *self = wire_members_new();
	struct wire_member m;

	(void)state;
	assert_int_equal(wire_member_parse(&m, slice_str(record)), 0);
	assert_int_equal(wire_members_put(self, &m), 0);
	assert_true(wire_members_own(self, SLICE("a.test"), 80, SIP_WS));
	assert_true(wire_members_own(self, SLICE("a.test"), 443, SIP_WS));
	assert_true(wire_members_own(self, SLICE("a.test"), 443, SIP_WSS));
	assert_false(wire_members_own(self, SLICE("a.test"), 80, SIP_WSS)); /* sips */
	assert_false(wire_members_own(self, SLICE("a.test"), 443, SIP_TLS));
	wire_members_destroy(&self);
}

static void our_own_addresses_advertised_or_bound(void **state)
{
	static const struct {
		const char *host;
		uint16_t port;
		enum sip_transport proto;
		bool own;
	} row[] = {
		{ "sip.example.com", 5060, SIP_UDP, true },
		{ "SIP.Example.COM", 0, (enum sip_transport)0, true },
		{ "sip.example.com", 5061, SIP_UDP, false },
		{ "sip.example.com", 5060, SIP_TCP, false },
		{ "192.0.2.1", 5060, (enum sip_transport)0, true },
		{ "192.0.2.1", 5070, (enum sip_transport)0, false },
		{ "198.51.100.4", 443, SIP_TCP, true },
		{ "198.51.100.4", 5070, SIP_TCP, false }, /* bound to any address: only what is advertised is known */
		{ "2001:db8::1", 5060, SIP_UDP, true },
		{ "[2001:DB8:0::1]", 0, SIP_UDP, true },
		{ "2001:db8::2", 5060, SIP_UDP, false },
		{ "example.com", 5060, SIP_UDP, false },
		{ "", 0, (enum sip_transport)0, false },
	};
	struct wire_members *self = wire_members_new();
	const struct wire_member m = edge();

	(void)state;
	assert_int_equal(wire_members_put(self, &m), 0);
	for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++)
		if (wire_members_own(self, slice_str(row[i].host), row[i].port, row[i].proto) != row[i].own)
			fail_msg("%s:%u %d", row[i].host, row[i].port, row[i].proto);
	wire_members_destroy(&self);
}

/* ---- Records ---- */

static void a_record_reads_back_as_it_was_written(void **state)
{
	struct wire_member m = edge(), back;
	char text[4096];
	struct rt_cursor c = rt_cursor_on(text, sizeof(text));

	(void)state;
	m.load = 3;
	m.pid = 4711;
	m.seen = 1795300000123;
	m.state = WIRE_DRAINING;
	strcpy(m.host, "edge \"1\"\\\x01");
	strcpy(m.tcp, "tcp://192.0.2.1:7017");
	assert_int_equal(wire_member_render(&m, &c), 0);
	memset(&back, 0xff, sizeof(back));
	assert_int_equal(wire_member_parse(&back, guard_copy(rt_cursor_text(&c))), 0);
	assert_memory_equal(&back, &m, sizeof(m));
}

static void the_record_of_the_contract_reads(void **state)
{
	static const char json[] =
		"{\"tier\":\"transport\",\"id\":17,\"version\":1,\"oldest\":1,\"host\":\"edge-1\",\"pid\":4711,\"state\":\"live\",\"load\":3,"
		"\"seen\":1795300000123,\"ipc\":\"ipc:///run/peal/17\",\"tcp\":\"tcp://192.0.2.1:7017\","
		"\"listeners\":[\"udp:192.0.2.1:5060 as sip.example.com:5060\"]}";
	struct wire_member m;

	(void)state;
	assert_int_equal(wire_member_parse(&m, slice_str(json)), 0);
	assert_int_equal(m.tier, WIRE_TRANSPORT);
	assert_int_equal(m.id, 17);
	assert_int_equal(m.nlistener, 1);
	assert_string_equal(m.listener[0].host, "sip.example.com");
	assert_int_equal(m.listener[0].local.port, 5060);
	assert_string_equal(m.tcp, "tcp://192.0.2.1:7017");
}

static void a_place_of_the_list_may_be_free(void **state)
{
	static const char json[] = "{\"tier\":\"transport\",\"id\":17,\"version\":1,\"oldest\":1,\"host\":\"edge-1\",\"pid\":1,\"state\":\"live\","
				   "\"load\":0,\"seen\":1,\"ipc\":\"\",\"tcp\":\"\",\"listeners\":[\"-\",\"udp:192.0.2.1:5060 as sip.example.com:5060\"]}";
	struct wire_members *members = wire_members_new();
	struct wire_member m;
	char text[1024];
	struct rt_cursor c = rt_cursor_on(text, sizeof(text));

	(void)state;
	assert_int_equal(wire_member_parse(&m, slice_str(json)), 0);
	assert_int_equal(m.nlistener, 2);
	assert_int_equal(m.listener[0].local.family, 0);
	assert_int_equal(wire_member_listener(&m, SIP_UDP, 0, 0), 1);
	assert_int_equal(wire_member_render(&m, &c), 0);
	assert_text(rt_cursor_text(&c), json);
	assert_int_equal(wire_members_put(members, &m), 0);
	assert_false(wire_members_own(members, SLICE("0.0.0.0"), 0, (enum sip_transport)0));
	assert_true(wire_members_own(members, SLICE("sip.example.com"), 0, (enum sip_transport)0));
	wire_members_destroy(&members);
}

static void a_newer_worker_may_say_more(void **state)
{
	static const char json[] = " { \"later\" : {\"a\":[1,2,{\"b\":\"}]\\\"\"}]} , \"tier\" : \"proxy\" ,\"id\": 5, \"version\":2,"
				   "\"state\":\"live\", \"more\": -1.5e3, \"last\": null } ";
	struct wire_member m;

	(void)state;
	assert_int_equal(wire_member_parse(&m, slice_str(json)), 0);
	assert_int_equal(m.id, 5);
}

/* N and N-1 talk, N+1 and N-1 do not. */
static void the_version_that_both_have(void **state)
{
	enum { N = WIRE_VERSION, LAST = WIRE_VERSION_OLDEST };
	static const struct {
		int version, oldest, speaks;
	} row[] = {
		{ N, LAST, N }, { N + 1, N, N }, { N + 2, N + 1, 0 }, { LAST, LAST, LAST }, { LAST - 1, LAST - 1, 0 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
		struct wire_member m = member(1, WIRE_PROXY);

		m.version = (uint8_t)row[i].version;
		m.oldest = (uint8_t)row[i].oldest;
		assert_int_equal(wire_member_speaks(&m), row[i].speaks);
	}
}

static void who_names_no_oldest_version_has_one_alone(void **state)
{
	struct wire_member m;

	(void)state;
	assert_int_equal(wire_member_parse(&m, SLICE("{\"tier\":\"proxy\",\"id\":5,\"version\":9,\"state\":\"live\"}")), 0);
	assert_int_equal(m.oldest, 9);
}

static void records_that_do_not_read(void **state)
{
	static const char *const json[] = {
		"", "{}", "[]", "null", "{", "{\"tier\":\"proxy\"", "{\"tier\":\"proxy\",\"id\":1,\"version\":1,\"state\":\"live\"",
		"{\"tier\":\"proxy\",\"id\":0,\"version\":1,\"state\":\"live\"}",
		"{\"tier\":\"proxy\",\"id\":16777216,\"version\":1,\"state\":\"live\"}",
		"{\"tier\":\"king\",\"id\":1,\"version\":1,\"state\":\"live\"}",
		"{\"tier\":\"proxy\",\"id\":1,\"version\":1,\"state\":\"asleep\"}",
		"{\"tier\":\"proxy\",\"id\":1,\"version\":0,\"state\":\"live\"}",
		"{\"tier\":\"proxy\",\"id\":1,\"version\":1,\"state\":\"live\"}x",
		"{\"tier\":\"proxy\",\"id\":1,\"version\":1,\"state\":\"live\",}",
		"{\"tier\":\"proxy\",\"id\":-1,\"version\":1,\"state\":\"live\"}",
		"{\"tier\":\"proxy\",\"id\":1,\"version\":1,\"state\":\"live\",\"listeners\":[\"udp:192.0.2.1:5060\"]}",
		"{\"tier\":\"proxy\",\"id\":1,\"version\":1,\"state\":\"live\",\"listeners\":[\"udp:192.0.2.1:5060 as :5060\"]}",
		"{\"tier\":\"proxy\",\"id\":1,\"version\":1,\"state\":\"live\",\"listeners\":[\"udp:192.0.2.1:5060 as a\\u000d\\u000aX:5060\"]}",
		"{\"tier\":\"proxy\",\"id\":1,\"version\":1,\"state\":\"live\",\"host\":\"\\u0000\"}",
		"{\"tier\":\"proxy\",\"id\":1,\"version\":1,\"state\":\"live\",\"host\":\"unfinished}",
		"{\"tier\":\"proxy\",\"id\":1,\"version\":1,\"state\":\"live\",\"host\":\"\\",
		"{\"tier\":\"proxy\",\"id\":1,\"version\":1,\"state\":\"live\",\"host\":"
		"\"0123456789012345678901234567890123456789012345678901234567890123456789\"}",
	};
	struct wire_member m = { .id = 7 };

	(void)state;
	for (size_t i = 0; i < sizeof(json) / sizeof(json[0]); i++) {
		if (wire_member_parse(&m, guard_copy(slice_str(json[i]))) != RT_BAD)
			fail_msg("read: %s", json[i]);
		assert_int_equal(m.id, 7);
	}
	assert_int_equal(wire_member_parse(&m, SLICE_NONE), RT_BAD);
}

static void a_record_cut_anywhere_does_not_read(void **state)
{
	struct wire_member m = edge(), back;
	char text[4096];
	struct rt_cursor c = rt_cursor_on(text, sizeof(text));

	(void)state;
	assert_int_equal(wire_member_render(&m, &c), 0);
	for (uint32_t n = 0; n < c.n; n++)
		assert_int_equal(wire_member_parse(&back, guard_copy(slice_of(text, n))), RT_BAD);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_member_that_leaves_moves_only_its_share),
		cmocka_unit_test(the_choice_does_not_depend_on_the_order_of_arrival),
		cmocka_unit_test(who_had_it_before),
		cmocka_unit_test(nobody_draining_or_of_another_tier_is_chosen),
		cmocka_unit_test(load_and_sight_do_not_change_the_generation),
		cmocka_unit_test(the_unseen_expire),
		cmocka_unit_test(the_table_has_an_end),
		cmocka_unit_test(a_listener_of_the_right_kind),
		cmocka_unit_test(a_uri_says_ws_for_both_rfc7118_5_2_2),
		cmocka_unit_test(our_own_addresses_advertised_or_bound),
		cmocka_unit_test(a_record_reads_back_as_it_was_written),
		cmocka_unit_test(the_record_of_the_contract_reads),
		cmocka_unit_test(a_place_of_the_list_may_be_free),
		cmocka_unit_test(a_newer_worker_may_say_more),
		cmocka_unit_test(the_version_that_both_have),
		cmocka_unit_test(who_names_no_oldest_version_has_one_alone),
		cmocka_unit_test(records_that_do_not_read),
		cmocka_unit_test(a_record_cut_anywhere_does_not_read),
	};

	return cmocka_run_group_tests(tests, 0, 0);
}
