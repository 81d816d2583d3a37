/* SPDX-License-Identifier: MIT */
/* question, failed: tables that do not grow beyond their bounds. */
#include "kit/test.h"

#include "failed.h"
#include "question.h"

enum { MAX = 8 };

static int setup(void **state)
{
	*state = dns_questions_new(MAX, (struct rt_key){ 1, 2 });
	return *state ? 0 : -1;
}

static int teardown(void **state)
{
	struct dns_questions *q = *state;

	dns_questions_destroy(&q);
	return 0;
}

static struct dns_answer address(uint32_t ttl)
{
	return (struct dns_answer){ .ttl = ttl, .n = 1, .record = { { .ip = { 192, 0, 2, 1 } } } };
}

static struct dns_question *add(struct dns_questions *all, int n, rt_ms now)
{
	char name[32];

	snprintf(name, sizeof(name), "host-%d.test", n);
	return dns_questions_add(all, DNS_A, slice_str(name), now);
}

static void found_by_type_and_name_in_any_case(void **state)
{
	struct dns_questions *all = *state;
	struct dns_question *q = dns_questions_add(all, DNS_A, SLICE("Example.test"), 0);

	assert_string_equal(q->name, "example.test");
	assert_ptr_equal(dns_questions_find(all, DNS_A, SLICE("EXAMPLE.test"), 0), q);
	assert_null(dns_questions_find(all, DNS_AAAA, SLICE("example.test"), 0));
	assert_null(dns_questions_find(all, DNS_A, SLICE("example.tes"), 0));
	assert_null(dns_questions_add(all, DNS_A, slice_of("x", 300), 0));
}

static void an_answer_holds_for_its_time(void **state)
{
	struct dns_questions *all = *state;
	struct dns_question *q = add(all, 1, 0);
	const struct dns_answer a = address(10);

	assert_ptr_equal(dns_questions_find(all, DNS_A, SLICE("host-1.test"), 1000000), q); /* still being asked */
	assert_int_equal(dns_question_settle(q, &a, 5000), 0);
	assert_ptr_equal(dns_questions_find(all, DNS_A, SLICE("host-1.test"), 14999), q);
	assert_null(dns_questions_find(all, DNS_A, SLICE("host-1.test"), 15000));
}

static void a_failure_holds_for_two_seconds(void **state)
{
	struct dns_questions *all = *state;
	struct dns_question *q = add(all, 1, 0);
	const struct dns_answer a = { .err = RT_TIMEOUT, .ttl = 86400 };

	assert_int_equal(dns_question_settle(q, &a, 0), 0);
	assert_int_equal(q->answer->err, RT_TIMEOUT);
	assert_ptr_equal(dns_questions_find(all, DNS_A, SLICE("host-1.test"), 1999), q);
	assert_null(dns_questions_find(all, DNS_A, SLICE("host-1.test"), 2000));
}

static void a_settled_answer_is_a_copy(void **state)
{
	struct dns_questions *all = *state;
	struct dns_question *q = dns_questions_add(all, DNS_NAPTR, SLICE("x.test"), 0);
	char service[] = "SIP+D2U", name[] = "_sip._udp.x.test";
	struct dns_answer a = { .ttl = 9, .n = 2, .record = { { .service = slice_str(service), .name = slice_str(name) },
							      { .service = SLICE(""), .name = SLICE("") } } };

	assert_int_equal(dns_question_settle(q, &a, 0), 0);
	memset(service, 'x', sizeof(service) - 1);
	memset(name, 'x', sizeof(name) - 1);
	assert_text(q->answer->record[0].service, "SIP+D2U");
	assert_text(q->answer->record[0].name, "_sip._udp.x.test");
	assert_int_equal(q->answer->record[1].name.n, 0);
}

/* At the limit, one below, one above: what is over goes first, then what nobody holds; what is asked or held stays. */
static void a_full_table_forgets(void **state)
{
	struct dns_questions *all = *state;
	const struct dns_answer a = address(100), brief = address(1);
	struct dns_question *q[MAX];

	for (int i = 0; i < MAX; i++)
		assert_non_null(q[i] = add(all, i, 0));
	assert_null(add(all, 90, 0)); /* all are being asked */
	for (int i = 0; i < MAX; i++)
		assert_int_equal(dns_question_settle(q[i], i == 5 ? &brief : &a, 0), 0);
	for (int i = 0; i < MAX; i++)
		q[i]->held = i != 5 && i != 2;
	assert_non_null(add(all, 91, 2000));
	assert_null(dns_questions_find(all, DNS_A, SLICE("host-5.test"), 2000));
	assert_non_null(dns_questions_find(all, DNS_A, SLICE("host-2.test"), 2000));
	assert_non_null(add(all, 92, 2000));
	assert_null(dns_questions_find(all, DNS_A, SLICE("host-2.test"), 2000));
	assert_null(add(all, 93, 2000));
}

static void failed_hops(void **state)
{
	static struct dns_failed f;
	struct sip_hop hop[3000];

	(void)state;
	for (uint32_t i = 0; i < 3000; i++) {
		hop[i] = (struct sip_hop){ .ip = { 10, 0, (uint8_t)(i >> 8), (uint8_t)i }, .port = 5060, .proto = SIP_UDP, .family = 4 };
		dns_failed_add(&f, &hop[i], 1000 + i); /* three times what fits: the earliest to end give way */
		assert_true(dns_failed_has(&f, &hop[i], 999 + i));
		assert_false(dns_failed_has(&f, &hop[i], 1000 + i));
	}
	dns_failed_add(&f, &hop[2999], 9000);
	assert_true(dns_failed_has(&f, &hop[2999], 8999));
	dns_failed_drop(&f, &hop[2999]);
	assert_false(dns_failed_has(&f, &hop[2999], 0));
	dns_failed_drop(&f, &hop[2999]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(found_by_type_and_name_in_any_case, setup, teardown),
		cmocka_unit_test_setup_teardown(an_answer_holds_for_its_time, setup, teardown),
		cmocka_unit_test_setup_teardown(a_failure_holds_for_two_seconds, setup, teardown),
		cmocka_unit_test_setup_teardown(a_settled_answer_is_a_copy, setup, teardown),
		cmocka_unit_test_setup_teardown(a_full_table_forgets, setup, teardown),
		cmocka_unit_test(failed_hops),
	};

	return cmocka_run_group_tests_name("dns/question", tests, 0, 0);
}
