/* SPDX-License-Identifier: MIT */
/* order: NAPTR by order and preference, SRV by priority and weight. */
#include "kit/test.h"

#include "order.h"

static struct dns_answer srv(const uint16_t (*row)[2], uint32_t n)
{
	struct dns_answer a = { .n = n };

	for (uint32_t i = 0; i < n; i++)
		a.record[i] = (struct dns_record){ .order = row[i][0], .preference = row[i][1] };
	return a;
}

static void rfc2782_priorities_first(void **state)
{
	static const uint16_t row[][2] = { { 20, 9 }, { 10, 1 }, { 65535, 0 }, { 10, 0 }, { 20, 0 }, { 0, 0 } };
	const struct dns_answer a = srv(row, 6);
	uint8_t picked[DNS_RECORDS_MAX];

	(void)state;
	for (uint64_t seed = 0; seed < 500; seed++) {
		uint32_t seen = 0;

		assert_int_equal(dns_order_srv(&a, seed, picked), 6);
		for (int i = 0; i < 6; i++) {
			seen |= 1u << picked[i];
			assert_true(i == 0 || a.record[picked[i - 1]].order <= a.record[picked[i]].order);
		}
		assert_int_equal(seen, 63);
	}
}

/* "larger weights SHOULD be given a proportionately higher probability of being selected" */
static void rfc2782_weights_in_proportion(void **state)
{
	static const uint16_t row[][2] = { { 1, 10 }, { 1, 60 }, { 1, 30 }, { 1, 0 } };
	const struct dns_answer a = srv(row, 4);
	uint32_t first[4] = { 0 }, second[4] = { 0 };
	uint8_t picked[DNS_RECORDS_MAX];
	const uint32_t draws = 20000;

	(void)state;
	for (uint64_t seed = 0; seed < draws; seed++) {
		(void)dns_order_srv(&a, seed, picked);
		first[picked[0]]++;
		second[picked[1]]++;
	}
	assert_in_range(first[0], draws * 8 / 100, draws * 12 / 100);
	assert_in_range(first[1], draws * 57 / 100, draws * 62 / 100);
	assert_in_range(first[2], draws * 27 / 100, draws * 33 / 100);
	assert_in_range(first[3], 1, draws * 3 / 100); /* "a very small chance" */
	assert_true(second[0] > draws / 10 && second[2] > draws / 5);
}

static void the_same_seed_is_the_same_order(void **state)
{
	static const uint16_t row[][2] = { { 1, 1 }, { 1, 1 }, { 1, 1 }, { 1, 1 }, { 1, 1 }, { 1, 1 } };
	const struct dns_answer a = srv(row, 6);
	uint8_t one[DNS_RECORDS_MAX], two[DNS_RECORDS_MAX];
	int differ = 0;

	(void)state;
	for (uint64_t seed = 0; seed < 50; seed++) {
		(void)dns_order_srv(&a, seed, one);
		(void)dns_order_srv(&a, seed, two);
		assert_memory_equal(one, two, 6);
		(void)dns_order_srv(&a, seed + 1000, two);
		differ += memcmp(one, two, 6) != 0;
	}
	assert_true(differ > 40);
}

static void all_of_weight_zero(void **state)
{
	static const uint16_t row[][2] = { { 1, 0 }, { 1, 0 }, { 1, 0 } };
	const struct dns_answer a = srv(row, 3), none = { .n = 0 };
	uint8_t picked[DNS_RECORDS_MAX];

	(void)state;
	assert_int_equal(dns_order_srv(&a, 7, picked), 3);
	assert_int_equal(dns_order_srv(&none, 7, picked), 0);
}

static struct dns_record naptr(uint16_t order, uint16_t preference, char flag, const char *service)
{
	return (struct dns_record){ order, preference, 0, flag, slice_str(service), SLICE("x.test"), { 0 } };
}

enum { ALL = 1 << SIP_UDP | 1 << SIP_TCP | 1 << SIP_TLS | 1 << SIP_WS | 1 << SIP_WSS };

static void rfc3263_4_1_services(void **state)
{
	const struct dns_answer a = { .n = 8, .record = {
		naptr(10, 5, 's', "E2U+sip"), naptr(10, 5, 'u', "SIP+D2U"),    naptr(20, 9, 's', "SIP+D2U"),
		naptr(20, 3, 's', "sip+d2t"), naptr(20, 1, 's', "SIP+D2S"),    naptr(30, 1, 's', "SIPS+D2T"),
		naptr(20, 7, 's', "SIP+D2W"), naptr(40, 1, 's', "SIPS+D2W"),
	} };
	uint8_t picked[DNS_RECORDS_MAX], proto[DNS_RECORDS_MAX];

	(void)state;
	assert_int_equal(dns_order_naptr(&a, false, ALL, picked, proto), 3);
	assert_int_equal(proto[0], SIP_TCP);
	assert_int_equal(proto[1], SIP_WS);
	assert_int_equal(proto[2], SIP_UDP);
	assert_int_equal(picked[2], 2);
	assert_int_equal(dns_order_naptr(&a, true, ALL, picked, proto), 1); /* "MUST discard any services that do not contain SIPS" */
	assert_int_equal(proto[0], SIP_TLS);
	assert_int_equal(dns_order_naptr(&a, true, 1 << SIP_WSS, picked, proto), 1);
	assert_int_equal(proto[0], SIP_WSS);
	assert_int_equal(dns_order_naptr(&a, false, 1 << SIP_TLS, picked, proto), 1);
	assert_int_equal(dns_order_naptr(&a, true, 1 << SIP_UDP, picked, proto), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rfc2782_priorities_first),
		cmocka_unit_test(rfc2782_weights_in_proportion),
		cmocka_unit_test(the_same_seed_is_the_same_order),
		cmocka_unit_test(all_of_weight_zero),
		cmocka_unit_test(rfc3263_4_1_services),
	};

	return cmocka_run_group_tests_name("dns/order", tests, 0, 0);
}
