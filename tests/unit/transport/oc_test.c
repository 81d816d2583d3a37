/* SPDX-License-Identifier: MIT */
/* Loss-based overload control: RFC 7339 by its own examples, on a virtual clock. */
#include "kit/test.h"

#include "oc.h"
#include "rt/hash.h"

enum { NOW = 1000000 };

static struct oc oc;

static int fresh(void **state)
{
	(void)state;
	memset(&oc, 0, sizeof(oc));
	return 0;
}

static struct sip_hop p2(const char *text)
{
	struct sip_hop hop;

	assert_int_equal(sip_hop_parse(&hop, slice_str(text)), 0);
	return hop;
}

static bool heard(const char *params, rt_ms now)
{
	const struct sip_hop from = p2("udp:192.0.2.2:5060");
	struct oc_said said;

	assert_int_equal(oc_read(&said, slice_str(params)), 0);
	return oc_hear(&oc, &from, &said, now);
}

static uint32_t asked(rt_ms now)
{
	const struct sip_hop peer = p2("udp:192.0.2.2:5060");

	return oc_percent(&oc, &peer, now);
}

/* Of 10,000 requests, so many were held back, in hundredths of a percent. */
static uint32_t held(bool new_ones, rt_ms now)
{
	const struct sip_hop to = p2("udp:192.0.2.2:5060");
	uint32_t n = 0;

	for (uint64_t i = 0; i < 10000; i++)
		n += oc_holds(&oc, &to, new_ones, now, rt_mix(i, 7));
	return n;
}

static void clients_offer_4_1_4_2(void **state)
{
	static const struct { const char *params; bool offered; } row[] = {
		{ "branch=z9hG4bK2d4790.1;oc;oc-algo=\"loss,A\"", true }, /* 6 */
		{ "oc;oc-algo=\"loss\"", true },
		{ "oc;oc-algo=\"rate, LOSS\"", true },
		{ "oc;oc-algo=\"rate\"", false },
		{ "oc;oc-algo=\"lossless\"", false },
		{ "oc;oc-algo=\"\"", false },
		{ "oc", false },
		{ "oc-algo=\"loss\"", false },
		{ "branch=z9hG4bK1", false },
		{ "", false },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++)
		if (oc_offered(slice_str(row[i].params)) != row[i].offered)
			fail_msg("%s", row[i].params);
	assert_false(oc_offered(SLICE_NONE));
}

static void servers_say_6(void **state)
{
	static const struct { const char *params; int err; struct oc_said said; } row[] = {
		{ "branch=z9hG4bK2d4790.1;received=192.0.2.111;oc=0;oc-algo=\"loss\";oc-validity=0", 0, { 0, 0, 0 } },
		{ "branch=z9hG4bK2d4790.3;received=192.0.2.111;oc=20;oc-algo=\"loss\";oc-validity=500;oc-seq=1282321615.782", 0,
		  { 20, 500, 128232161578200 } },
		{ "oc=0;oc-algo=\"loss\";oc-validity=0;oc-seq=1282321892.439", 0, { 0, 0, 128232189243900 } },
		{ "oc=10;oc-algo=\"loss\"", 0, { 10, 500, 0 } },                                /* 4.3: the default */
		{ "oc=10;oc-algo=\"loss\";oc-validity", 0, { 10, 500, 0 } },
		{ "OC=100;OC-Algo=\"Loss\";oc-seq=999999999999.99999", 0, { 100, 500, 99999999999999999 } },
		{ "oc;oc-algo=\"loss\"", RT_ABSENT, { 0 } },                                    /* 6: it does not know of it */
		{ "oc-validity=500;oc-seq=1.0", RT_ABSENT, { 0 } },                             /* 4.3: discarded without oc */
		{ "oc=101;oc-algo=\"loss\"", RT_BAD, { 0 } },                                   /* 7.1: 0 to 100 */
		{ "oc=-1;oc-algo=\"loss\"", RT_BAD, { 0 } },
		{ "oc=10", RT_BAD, { 0 } },
		{ "oc=10;oc-algo=\"rate\"", RT_BAD, { 0 } },
		{ "oc=10;oc-algo=\"loss,A\"", RT_BAD, { 0 } },                                  /* 5.1: the chosen one alone */
		{ "oc=10;oc-algo=\"loss\";oc-validity=4294967296", RT_BAD, { 0 } },
		{ "oc=10;oc-algo=\"loss\";oc-seq=1234567890123.1", RT_BAD, { 0 } },
		{ "oc=10;oc-algo=\"loss\";oc-seq=1.123456", RT_BAD, { 0 } },
		{ "oc=10;oc-algo=\"loss\";oc-seq=.", RT_BAD, { 0 } },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
		struct oc_said said = { 0 };

		if (oc_read(&said, slice_str(row[i].params)) != row[i].err || said.percent != row[i].said.percent ||
		    said.validity != row[i].said.validity || said.seq != row[i].said.seq)
			fail_msg("%s: %u %u %llu", row[i].params, said.percent, said.validity, (unsigned long long)said.seq);
	}
}

static void what_we_say_takes_the_place_of_the_offer_5_2_6(void **state)
{
	char room[256];
	struct rt_cursor c = rt_cursor_on(room, sizeof(room));
	const struct oc_said much = { .percent = 20, .validity = 500 }, nothing = { 0 };

	(void)state;
	oc_render(&c, SLICE("branch=z9hG4bK2d4790.3;oc;rport=5062;oc-algo=\"loss,A\";oc-seq=9.9;received=192.0.2.111"), &much, 1282321615782);
	assert_text(rt_cursor_text(&c), ";branch=z9hG4bK2d4790.3;rport=5062;received=192.0.2.111;oc=20;oc-algo=\"loss\";oc-validity=500;oc-seq=1282321615.782");
	c = rt_cursor_on(room, sizeof(room));
	oc_render(&c, SLICE("oc;oc-algo=\"loss\";alias"), &nothing, 1282321892039);
	assert_text(rt_cursor_text(&c), ";alias;oc=0;oc-algo=\"loss\";oc-validity=0;oc-seq=1282321892.039");
}

static void it_holds_for_its_validity_5_7(void **state)
{
	(void)state;
	assert_int_equal(asked(NOW), 0);
	assert_true(heard("oc=20;oc-algo=\"loss\";oc-validity=500;oc-seq=1282321615.782", NOW));
	assert_int_equal(asked(NOW + 499), 20);
	assert_int_equal(asked(NOW + 500), 0);
	assert_true(heard("oc=30;oc-algo=\"loss\";oc-seq=1282321600.1", NOW + 500)); /* what is over counts no more, 5.4 */
	assert_int_equal(asked(NOW + 999), 30);
	assert_true(heard("oc=30;oc-algo=\"loss\";oc-validity=0;oc-seq=1282321892.439", NOW + 600)); /* whatever oc says */
	assert_int_equal(asked(NOW + 600), 0);
	assert_false(heard("oc=30;oc-algo=\"loss\";oc-seq=1282321892.438", NOW + 601)); /* it was on its way */
	assert_int_equal(asked(NOW + 602), 0);
}

static void later_numbers_win_5_4(void **state)
{
	(void)state;
	assert_true(heard("oc=20;oc-algo=\"loss\";oc-seq=100.5", NOW));
	assert_false(heard("oc=70;oc-algo=\"loss\";oc-seq=100.5", NOW + 400));
	assert_int_equal(asked(NOW + 500), 0); /* not prolonged either */
	assert_true(heard("oc=20;oc-algo=\"loss\";oc-seq=100.5", NOW + 600));
	assert_false(heard("oc=70;oc-algo=\"loss\";oc-seq=100.49999", NOW + 601));
	assert_true(heard("oc=40;oc-algo=\"loss\";oc-seq=100.50001", NOW + 602));
	assert_int_equal(asked(NOW + 603), 40);
	assert_true(heard("oc=50;oc-algo=\"loss\";oc-seq=1.0", NOW + 603)); /* 4.4: it began anew */
	assert_int_equal(asked(NOW + 604), 50);
	assert_true(heard("oc=60;oc-algo=\"loss\"", NOW + 605));
	assert_int_equal(asked(NOW + 606), 60);
}

static void a_peer_is_its_address_and_port_5_4(void **state)
{
	const struct sip_hop tcp = p2("tcp:192.0.2.2:5060"), other = p2("udp:192.0.2.2:5070"), another = p2("udp:192.0.2.3:5060");

	(void)state;
	assert_true(heard("oc=100;oc-algo=\"loss\"", NOW));
	assert_int_equal(oc_percent(&oc, &tcp, NOW), 100);
	assert_int_equal(oc_percent(&oc, &other, NOW), 0);
	assert_int_equal(oc_percent(&oc, &another, NOW), 0);
	assert_false(oc_holds(&oc, &other, true, NOW, 0));
}

static void share(uint32_t new_ones, uint32_t others)
{
	const struct sip_hop to = p2("udp:192.0.2.2:5060");

	for (uint32_t i = 0; i < new_ones + others; i++)
		oc_holds(&oc, &to, i < new_ones, NOW, 999);
}

static void within(uint32_t got, uint32_t want)
{
	assert_in_range(got, want - want / 20, want + want / 20);
}

static void the_mix_is_80_to_20_unless_counted_7_2(void **state)
{
	(void)state;
	assert_true(heard("oc=20;oc-algo=\"loss\"", NOW));
	within(held(true, NOW), 2500);
	assert_int_equal(held(false, NOW), 0);
}

static void ten_percent_of_all_are_a_quarter_of_forty_7_2(void **state)
{
	(void)state;
	assert_true(heard("oc=0;oc-algo=\"loss\";oc-validity=0", NOW));
	share(200, 300);
	assert_true(heard("oc=10;oc-algo=\"loss\"", NOW + OC_MIX_MS));
	within(held(true, NOW + OC_MIX_MS), 2500);
}

static void a_mix_of_450_to_50_7_2(void **state)
{
	(void)state;
	assert_true(heard("oc=0;oc-algo=\"loss\";oc-validity=0", NOW));
	share(450, 50);
	assert_true(heard("oc=45;oc-algo=\"loss\"", NOW + OC_MIX_MS));
	within(held(true, NOW + OC_MIX_MS), 5000);
}

static void a_handful_of_requests_is_no_mix(void **state)
{
	(void)state;
	assert_true(heard("oc=0;oc-algo=\"loss\";oc-validity=0", NOW));
	share(1, OC_MIX_LEAST - 2);
	assert_true(heard("oc=20;oc-algo=\"loss\"", NOW + OC_MIX_MS));
	within(held(true, NOW + OC_MIX_MS), 2500);
}

static void all_is_all_that_is_new_and_never_the_rest(void **state)
{
	(void)state;
	assert_true(heard("oc=100;oc-algo=\"loss\"", NOW));
	assert_int_equal(held(true, NOW), 10000);
	assert_int_equal(held(false, NOW), 0);
	assert_true(heard("oc=0;oc-algo=\"loss\";oc-validity=500", NOW));
	assert_int_equal(held(true, NOW), 0);
}

static void others_hear_of_changes_and_now_and_then(void **state)
{
	const struct sip_hop from = p2("udp:192.0.2.2:5060");
	const struct oc_said said = { .percent = 20, .validity = 500 }, more = { .percent = 30, .validity = 500 }, over = { 0 };

	(void)state;
	assert_true(oc_hear(&oc, &from, &over, NOW));
	assert_false(oc_is_news(&oc, &from, &over, NOW));
	assert_true(oc_hear(&oc, &from, &said, NOW));
	assert_true(oc_is_news(&oc, &from, &said, NOW));
	assert_false(oc_is_news(&oc, &from, &said, NOW + 249));
	assert_true(oc_is_news(&oc, &from, &said, NOW + 250));
	assert_true(oc_hear(&oc, &from, &more, NOW + 251));
	assert_true(oc_is_news(&oc, &from, &more, NOW + 251));
	assert_true(oc_hear(&oc, &from, &over, NOW + 252));
	assert_true(oc_is_news(&oc, &from, &over, NOW + 252));
	assert_false(oc_is_news(&oc, &from, &over, NOW + 10000));
}

static void urgent_5_10_1(void **state)
{
	static const struct { const char *uri, *to, *more; bool urgent; } row[] = {
		{ "sip:bob@example.com", "<sip:bob@example.com>", "", false },
		{ "sip:bob@example.com", "<sip:bob@example.com>", "Resource-Priority: ets.0\r\n", true },
		{ "urn:service:sos", "<urn:service:sos>", "", true },
		{ "urn:service:sos.fire", "<sip:112@example.com>", "", true },
		{ "sip:psap@example.com", "<URN:Service:SOS.police>", "", true },
		{ "urn:service:counseling", "<urn:service:counseling>", "", false },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
		char text[1024];
		struct sip_index room;
		struct sip_msg m;

		snprintf(text, sizeof(text), "INVITE %s SIP/2.0\r\nVia: SIP/2.0/UDP a;branch=z9hG4bKa\r\nMax-Forwards: 70\r\nFrom: <sip:a@example.com>;tag=1\r\n"
			 "To: %s\r\nCall-ID: c1\r\nCSeq: 1 INVITE\r\n%sContent-Length: 0\r\n\r\n", row[i].uri, row[i].to, row[i].more);
		assert_int_equal(sip_msg_parse(&m, &room, slice_str(text), 0), 0);
		if (oc_is_urgent(&m) != row[i].urgent)
			fail_msg("%s %s %s", row[i].uri, row[i].to, row[i].more);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(clients_offer_4_1_4_2, fresh),
		cmocka_unit_test_setup(servers_say_6, fresh),
		cmocka_unit_test_setup(what_we_say_takes_the_place_of_the_offer_5_2_6, fresh),
		cmocka_unit_test_setup(it_holds_for_its_validity_5_7, fresh),
		cmocka_unit_test_setup(later_numbers_win_5_4, fresh),
		cmocka_unit_test_setup(a_peer_is_its_address_and_port_5_4, fresh),
		cmocka_unit_test_setup(the_mix_is_80_to_20_unless_counted_7_2, fresh),
		cmocka_unit_test_setup(ten_percent_of_all_are_a_quarter_of_forty_7_2, fresh),
		cmocka_unit_test_setup(a_mix_of_450_to_50_7_2, fresh),
		cmocka_unit_test_setup(a_handful_of_requests_is_no_mix, fresh),
		cmocka_unit_test_setup(all_is_all_that_is_new_and_never_the_rest, fresh),
		cmocka_unit_test_setup(others_hear_of_changes_and_now_and_then, fresh),
		cmocka_unit_test_setup(urgent_5_10_1, fresh),
	};

	return cmocka_run_group_tests(tests, 0, 0);
}
