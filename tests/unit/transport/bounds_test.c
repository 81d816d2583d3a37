/* SPDX-License-Identifier: MIT */
/* The small tables that keep a source within bounds: bucket, sources, netlist. */
#include "kit/test.h"

#include "bans.h"
#include "bucket.h"
#include "limits.h"
#include "sip/netlist.h"
#include "sources.h"

static struct sip_hop ip(const char *text)
{
	struct sip_hop h;

	assert_int_equal(sip_hop_ip(&h, slice_str(text), SIP_UDP, 5060), 0);
	return h;
}

static void a_bucket_empties_and_fills(void **state)
{
	struct bucket *b = bucket_new(10, 3);

	(void)state;
	for (int i = 0; i < 3; i++)
		assert_true(bucket_take(b, 42, 1000));
	assert_false(bucket_take(b, 42, 1000));
	assert_true(bucket_take(b, 43, 1000));  /* another source has its own */
	assert_false(bucket_take(b, 42, 1099)); /* 10 a second: one each 100 ms */
	assert_true(bucket_take(b, 42, 1100));
	assert_false(bucket_take(b, 42, 1100));
	for (int i = 0; i < 3; i++)
		assert_true(bucket_take(b, 42, 100000)); /* never more than the burst */
	assert_false(bucket_take(b, 42, 100000));
	bucket_destroy(&b);
	assert_null(b);
}

static void bans_are_networks_until_their_time(void **state)
{
	static const char *const bad[] = { "", "example.com", "192.0.2.1/33", "2001:db8::/129", "192.0.2.1/", "192.0.2" };
	struct bans *b = bans_new();
	struct sip_hop h = ip("192.0.2.7");

	(void)state;
	assert_false(bans_has(b, &h, 100));
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(bans_add(b, slice_str(bad[i]), 200), RT_BAD);
	assert_int_equal(bans_add(b, SLICE("192.0.2.7"), 200), 0);
	assert_int_equal(bans_add(b, SLICE("198.51.100.77/22"), INT64_MAX), 0);
	assert_int_equal(bans_add(b, SLICE("2001:db8:1::/48"), 200), 0);
	assert_int_equal(bans_count(b), 3);
	assert_true(bans_has(b, &h, 199));
	assert_false(bans_has(b, &h, 200));
	h = ip("192.0.2.8");
	assert_false(bans_has(b, &h, 100));
	h = ip("198.51.103.255");
	assert_true(bans_has(b, &h, 1000));
	h = ip("198.51.104.0");
	assert_false(bans_has(b, &h, 1000));
	h = ip("2001:db8:1:ffff::1");
	assert_true(bans_has(b, &h, 100));
	h = ip("2001:db8:2::1");
	assert_false(bans_has(b, &h, 100));
	assert_int_equal(bans_add(b, SLICE("192.0.2.7"), 300), 0); /* twice: the longer one */
	assert_int_equal(bans_count(b), 3);
	h = ip("192.0.2.7");
	assert_true(bans_has(b, &h, 250));
	bans_clear(b);
	assert_false(bans_has(b, &h, 100));
	bans_destroy(&b);
}

static void bans_are_full_at_their_limit(void **state)
{
	struct bans *b = bans_new();
	char text[32];
	struct sip_hop h = ip("10.0.63.255");

	(void)state;
	for (int i = 0; i < TRANSPORT_BANS; i++) {
		snprintf(text, sizeof(text), "10.0.%d.%d", i >> 8, i & 255);
		assert_int_equal(bans_add(b, slice_str(text), 10), 0);
	}
	assert_int_equal(bans_add(b, SLICE("10.1.0.0"), 10), RT_BIG);
	assert_int_equal(bans_add(b, SLICE("10.0.0.1"), 20), 0);
	assert_true(bans_has(b, &h, 9));
	h = ip("10.1.0.0");
	assert_false(bans_has(b, &h, 9));
	bans_destroy(&b);
}

static void a_source_holds_no_more_than_its_limit(void **state)
{
	struct sources *s = sources_new(16);
	const struct sip_hop a = ip("192.0.2.1"), b = ip("2001:db8::1");
	struct sip_hop other_port = a;

	(void)state;
	other_port.port = 40000;
	assert_true(sources_take(s, &a, 2));
	assert_true(sources_take(s, &other_port, 2));
	assert_false(sources_take(s, &a, 2));
	assert_true(sources_take(s, &b, 2));
	sources_give(s, &a);
	assert_true(sources_take(s, &a, 2));
	sources_give(s, &a);
	sources_give(s, &a);
	sources_give(s, &b);
	for (int round = 0; round < 100; round++) /* what is given back is room again */
		for (int i = 0; i < 16; i++) {
			char text[32];
			struct sip_hop h;

			snprintf(text, sizeof(text), "10.0.%d.%d", round, i);
			h = ip(text);
			assert_true(sources_take(s, &h, 1));
			if (round < 99)
				sources_give(s, &h);
		}
	assert_false(sources_take(s, &a, 1)); /* sixteen sources are all there is room for */
	sources_destroy(&s);
}

static void networks_cover_addresses(void **state)
{
	static const struct {
		const char *word, *address;
		bool in;
	} cases[] = {
		{ "192.0.2.7", "192.0.2.7", true },       { "192.0.2.7", "192.0.2.8", false },
		{ "192.0.2.0/24", "192.0.2.255", true },  { "192.0.2.0/24", "192.0.3.0", false },
		{ "10.0.0.0/9", "10.127.0.1", true },     { "10.0.0.0/9", "10.128.0.1", false },
		{ "0.0.0.0/0", "203.0.113.1", true },     { "0.0.0.0/0", "2001:db8::1", false },
		{ "2001:db8::/32", "2001:db8:1::", true }, { "2001:db8::/33", "2001:db8:8000::", false },
		{ "[2001:db8::1]", "2001:db8::1", true },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct netlist list = { .n = 0 };
		const struct sip_hop h = ip(cases[i].address);

		assert_int_equal(netlist_add(&list, slice_str(cases[i].word)), 0);
		if (netlist_has(&list, &h) != cases[i].in)
			fail_msg("%s in %s", cases[i].address, cases[i].word);
	}
}

static void words_that_are_no_network(void **state)
{
	static const char *const words[] = { "", "example.com", "192.0.2.0/33", "2001:db8::/129", "192.0.2.0/", "192.0.2.0/x" };
	struct netlist list = { .n = 0 };

	(void)state;
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		assert_int_equal(netlist_add(&list, slice_str(words[i])), RT_BAD);
	for (int i = 0; i < NETLIST_MAX; i++)
		assert_int_equal(netlist_add(&list, SLICE("192.0.2.1")), 0);
	assert_int_equal(netlist_add(&list, SLICE("192.0.2.1")), RT_BIG);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_bucket_empties_and_fills),
		cmocka_unit_test(a_source_holds_no_more_than_its_limit),
		cmocka_unit_test(bans_are_networks_until_their_time),
		cmocka_unit_test(bans_are_full_at_their_limit),
		cmocka_unit_test(networks_cover_addresses),
		cmocka_unit_test(words_that_are_no_network),
	};

	return cmocka_run_group_tests(tests, 0, 0);
}
