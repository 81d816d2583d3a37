/* SPDX-License-Identifier: MIT */
/* salvo: which datagrams leave in one send: all of them once, to each place in their order, none cut wrongly. */
#include "kit/test.h"

#include "salvo.h"

static struct edge_way place(uint8_t last, uint16_t port)
{
	return (struct edge_way){ .to = { .proto = SIP_UDP, .family = 4, .port = port, .ip = { 192, 0, 2, last } } };
}

static struct edge_way way[WIRE_BURST];
static const struct edge_way *ways[WIRE_BURST];
static uint32_t size[WIRE_BURST];
static struct salvo plan;

static void make(uint32_t n, bool alone)
{
	for (uint32_t i = 0; i < n; i++)
		ways[i] = &way[i];
	salvo_plan(&plan, ways, size, n, alone);
	assert_int_equal(plan.begin[plan.n], n);
}

static void add(uint32_t i, uint8_t last, uint32_t bytes)
{
	way[i] = place(last, 5060);
	size[i] = bytes;
}

/* The sends as "0 2 3|1|4". */
static const char *sends(void)
{
	static char text[512];
	size_t at = 0;

	for (uint32_t k = 0; k < plan.n; k++)
		for (uint32_t i = plan.begin[k]; i < plan.begin[k + 1]; i++)
			at += (size_t)snprintf(text + at, sizeof(text) - at, "%s%u", i > plan.begin[k] ? " " : k ? "|" : "", plan.order[i]);
	text[at] = 0;
	return text;
}

static void of_one_size_to_one_place_and_a_shorter_one_last(void **state)
{
	(void)state;
	add(0, 1, 700);
	add(1, 2, 500);
	add(2, 1, 700);
	add(3, 1, 450);
	add(4, 2, 900);
	add(5, 1, 450);
	make(6, false);
	assert_string_equal(sends(), "0 2 3|1|4|5");
	make(6, true);
	assert_string_equal(sends(), "0|1|2|3|4|5");
}

static void another_door_address_or_ttl_is_another_way(void **state)
{
	(void)state;
	for (uint32_t i = 0; i < 5; i++)
		add(i, 1, 100);
	way[1].listener = 1;
	way[2].ttl = 4;
	way[3].from = (struct sip_hop){ .proto = SIP_UDP, .family = 4, .ip = { 192, 0, 2, 9 } };
	way[4].to.port = 5062;
	make(5, false);
	assert_int_equal(plan.n, 5);
}

static void what_may_pass_the_mtu_leaves_alone(void **state)
{
	(void)state;
	add(0, 1, SALVO_SIZE + 1);
	add(1, 1, SALVO_SIZE + 1);
	add(2, 1, SALVO_SIZE);
	add(3, 1, SALVO_SIZE);
	make(4, false);
	assert_string_equal(sends(), "0|1|2 3");
}

static void one_send_stays_below_its_bytes(void **state)
{
	(void)state;
	for (uint32_t i = 0; i < WIRE_BURST; i++)
		add(i, 1, SALVO_SIZE);
	make(WIRE_BURST, false);
	assert_int_equal(plan.n, 2);
	assert_int_equal(plan.begin[1], SALVO_BYTES / SALVO_SIZE);
}

/* Whatever comes: each once, to one place in their order, only the last of a send shorter than its first. */
static void any_burst(void **state)
{
	uint64_t chance = 1;

	(void)state;
	for (int round = 0; round < 2000; round++) {
		uint64_t seen = 0;
		int last[4] = { -1, -1, -1, -1 };
		const uint32_t n = 1 + (uint32_t)(rt_mix(chance++, 7) % WIRE_BURST);

		for (uint32_t i = 0; i < n; i++) {
			chance = rt_mix(chance, i);
			add(i, (uint8_t)(chance % 4), 400 + (uint32_t)(chance >> 8) % 3);
		}
		make(n, false);
		for (uint32_t k = 0; k < plan.n; k++) {
			const uint32_t first = size[plan.order[plan.begin[k]]];

			for (uint32_t j = plan.begin[k]; j < plan.begin[k + 1]; j++) {
				const uint8_t d = plan.order[j];

				assert_false(seen >> d & 1);
				seen |= 1ull << d;
				assert_true(last[way[d].to.ip[3]] < d);
				last[way[d].to.ip[3]] = d;
				assert_true(j + 1 == plan.begin[k + 1] ? size[d] <= first : size[d] == first);
			}
		}
		assert_true(seen == (n == 64 ? ~0ull : (1ull << n) - 1));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(of_one_size_to_one_place_and_a_shorter_one_last),
		cmocka_unit_test(another_door_address_or_ttl_is_another_way),
		cmocka_unit_test(what_may_pass_the_mtu_leaves_alone),
		cmocka_unit_test(one_send_stays_below_its_bytes),
		cmocka_unit_test(any_burst),
	};

	return cmocka_run_group_tests_name("transport/salvo", tests, 0, 0);
}
