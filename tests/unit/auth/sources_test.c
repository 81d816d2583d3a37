/* SPDX-License-Identifier: MIT */
/* sources: free at first, then later and later, forgotten in time, and never more memory. */
#include "kit/test.h"

#include "auth/sources.h"

static struct sip_hop hop(const char *text)
{
	struct sip_hop h;

	assert_int_equal(0, sip_hop_parse(&h, slice_str(text)));
	return h;
}

static void failures_cost_more_and_more(void **state)
{
	static const uint32_t want[] = { 0, 0, 0, 0, 0, 250, 500, 1000, 2000, 4000, 4000, 4000 };
	static struct auth_sources s;
	struct sip_hop from = hop("udp:192.0.2.1:5060");

	(void)state;
	for (size_t i = 0; i < sizeof(want) / sizeof(*want); i++) {
		from.port++; /* another port is no other source */
		assert_int_equal(want[i], auth_sources_fail(&s, &from, 1000000));
	}
	from = hop("udp:192.0.2.2:5060");
	assert_int_equal(0, auth_sources_fail(&s, &from, 1000000));
}

static void time_forgives(void **state)
{
	static struct auth_sources s;
	const struct sip_hop from = hop("tcp:[2001:db8::1]:5060");
	rt_ms now = 1000000;

	(void)state;
	for (int i = 0; i < 8; i++)
		auth_sources_fail(&s, &from, now);
	assert_int_equal(2000, auth_sources_fail(&s, &from, now));
	assert_int_equal(2000, auth_sources_fail(&s, &from, now + AUTH_SOURCES_FORGET));
	assert_int_equal(0, auth_sources_fail(&s, &from, now + 20 * (rt_ms)AUTH_SOURCES_FORGET));
}

static void loopback_is_never_slowed(void **state)
{
	static struct auth_sources s;
	const struct sip_hop from = hop("udp:127.0.0.5:5060");

	(void)state;
	for (int i = 0; i < 100; i++)
		assert_int_equal(0, auth_sources_fail(&s, &from, 1000000));
}

/* More addresses than places: an attacker keeps his place against some who merely mistype. */
static void many_addresses_share_the_room(void **state)
{
	static struct auth_sources s;
	const struct sip_hop attacker = hop("udp:198.51.100.7:5060");
	struct sip_hop other = hop("udp:10.0.0.0:5060");

	(void)state;
	for (int i = 0; i < 40; i++)
		auth_sources_fail(&s, &attacker, 1000000);
	for (int i = 0; i < 4 * AUTH_SOURCES_ROOM; i++) {
		other.ip[2] = (uint8_t)(i >> 8);
		other.ip[3] = (uint8_t)i;
		assert_int_equal(0, auth_sources_fail(&s, &other, 1000000));
	}
	assert_int_equal(AUTH_SOURCES_DELAY_MAX, auth_sources_fail(&s, &attacker, 1000000));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(failures_cost_more_and_more),
		cmocka_unit_test(time_forgives),
		cmocka_unit_test(loopback_is_never_slowed),
		cmocka_unit_test(many_addresses_share_the_room),
	};

	return cmocka_run_group_tests(tests, 0, 0);
}
