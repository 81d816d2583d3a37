/* SPDX-License-Identifier: MIT */
/* gate: numbers and domains behind gateways, failover, health and trunks, through the whole proxy. */
#include "stage.h"

static int open_stage(void **state)
{
	char *const environment[] = {
		(char[]){ "PEAL_SERVER_DOMAINS=example.com secure.example.com" },
		(char[]){ "PEAL_SERVER_AUTH=off" },
		(char[]){ "PEAL_SERVER_USERS=known" },
		(char[]){ "PEAL_DOMAIN_SECURE_EXAMPLE_COM_AUTH_CALLS=on" },
		(char[]){ "PEAL_PROXY_RELAY=users" },
		(char[]){ "PEAL_PROXY_GATEWAY_TIMEOUT=2000" },
		(char[]){ "PEAL_GATEWAY_PAIR_ONE=sip:192.0.2.50 options=0 priority=1" },
		(char[]){ "PEAL_GATEWAY_PAIR_TWO=sip:192.0.2.51:5070;transport=tcp options=0 priority=2" },
		(char[]){ "PEAL_GATEWAY_NAMED_ONE=sip:gw.example.org options=0" },
		(char[]){ "PEAL_GATEWAY_TRUNK_ONE=sip:198.51.100.9:5062 options=0 trust=on" }, /* from_worker's source */
		(char[]){ "PEAL_ROUTE_PAIR=+49 routed.test" },
		(char[]){ "PEAL_ROUTE_NAMED=+44" },
		(char[]){ "PEAL_ROUTE_TRUNK=+1" },
		0,
	};

	(void)state;
	return open_stage_with(environment);
}

static int open_probing_stage(void **state)
{
	char *const environment[] = { (char[]){ "PEAL_SERVER_DOMAINS=example.com" }, (char[]){ "PEAL_SERVER_AUTH=off" }, (char[]){ "PEAL_SERVER_USERS=known" },
		                      (char[]){ "PEAL_GATEWAY_PAIR_ONE=sip:192.0.2.60 options=20 priority=1" },
		                      (char[]){ "PEAL_GATEWAY_PAIR_TWO=sip:192.0.2.61 options=0 priority=2" },
		                      (char[]){ "PEAL_ROUTE_PAIR=+49" }, (char[]){ "PEAL_PROXY_RELAY=any" }, 0 };

	(void)state;
	return open_stage_with(environment);
}

/* An INVITE to a number of ours that is nobody's, up to the moment it leaves. */
static void call(rt_handle txn, const char *invite)
{
	offer(txn, invite);
	bindings(0, 0);
	asked.user(asked.arg, asked.token, RT_ABSENT, 0);
	fake_flush(svc);
}

#define NUMBER INVITE_TO("sip:+49-30-1@example.com")
#define AT_ONE "INVITE sip:+49301@192.0.2.50;user=phone SIP/2.0\r\n"
#define AT_TWO "INVITE sip:+49301@192.0.2.51:5070;user=phone SIP/2.0\r\n"

static void a_number_of_nobody(void **state)
{
	struct wire_head fork;

	(void)state;
	call(11, NUMBER);
	fork = forked("udp:192.0.2.50:5060", AT_ONE);
	result(&fork, 486, "");
	answered(11, 486, 0); /* busy is an answer, not a failure */
	silence();
}

static void a_number_that_is_somebodys(void **state)
{
	static const struct loc_binding bob[] = { CONTACT("sip:bob@203.0.113.5:5070") };
	struct wire_head fork;

	(void)state;
	offer(11, NUMBER);
	assert_string_equal(asked.aor, "+49-30-1@example.com");
	bindings(bob, 1);
	fork = forked("udp:203.0.113.5:5070", 0);
	result(&fork, 200, "");
	answered(11, 200, 0);
	offer(12, NUMBER); /* he is away: 480, not a call to the other end of the world */
	bindings(0, 0);
	asked.user(asked.arg, asked.token, 0, &(const struct loc_user){ .disabled = false });
	answered(12, 480, 0);
}

static void a_tel_uri_rfc3261_19_1_6(void **state)
{
	struct wire_head fork;

	(void)state;
	call(11, INVITE_TO("tel:+49(30)1"));
	fork = forked("udp:192.0.2.50:5060", AT_ONE);
	result(&fork, 603, "");
	answered(11, 603, 0);
}

static void no_route(void **state)
{
	(void)state;
	call(11, INVITE_TO("sip:+331@example.com"));
	answered(11, 404, 0);
}

static void failover_rfc3263_4_3(void **state)
{
	struct wire_head one, two;

	(void)state;
	call(11, NUMBER);
	one = forked("udp:192.0.2.50:5060", AT_ONE);
	result(&one, 503, "");
	two = forked("tcp:192.0.2.51:5070", AT_TWO);
	assert_true(two.slot != one.slot);
	result(&two, 180, "");
	answered(11, 180, 0);
	result(&two, 200, "");
	answered(11, 200, 0);
	call(12, NUMBER); /* the first one is marked */
	two = forked("tcp:192.0.2.51:5070", AT_TWO);
	failed(&two, RT_DOWN);
	one = forked("udp:192.0.2.50:5060", AT_ONE); /* but last is not never */
	failed(&one, RT_TIMEOUT);
	answered(12, 408, 0);
	fake_run_until(svc, svc->now + 33000); /* marks run out where no OPTIONS are sent */
	call(13, NUMBER);
	one = forked("udp:192.0.2.50:5060", AT_ONE);
	result(&one, 404, "");
	answered(13, 404, 0);
}

static void a_silent_gateway_gives_way(void **state)
{
	struct wire_head one, two;
	const struct fake_post *p;

	(void)state;
	call(11, NUMBER);
	one = forked("udp:192.0.2.50:5060", AT_ONE);
	fake_run_until(svc, svc->now + 1900);
	silence();
	fake_run_until(svc, svc->now + 200);
	two = forked("tcp:192.0.2.51:5070", AT_TWO);
	result(&one, 180, ""); /* too late, 9.1 lets us say so now */
	p = next(WIRE_GIVE_UP);
	assert_int_equal(p->head.branch, 5000u + one.slot);
	fake_run_until(svc, svc->now + 5000);
	silence(); /* the last one is waited for */
	result(&two, 200, "");
	answered(11, 200, 0);
	result(&one, 180, ""); /* and when all is over */
	next(WIRE_GIVE_UP);
	failed(&one, RT_TIMEOUT);
	silence();
}

static void who_rings_is_waited_for(void **state)
{
	struct wire_head one;

	(void)state;
	call(11, NUMBER);
	one = forked("udp:192.0.2.50:5060", AT_ONE);
	result(&one, 100, "");
	fake_run_until(svc, svc->now + 10000);
	silence();
	result(&one, 486, "");
	answered(11, 486, 0);
}

static void a_cancel_ends_the_search_for_gateways(void **state)
{
	struct wire_head one, abandon = from_worker(WIRE_ABANDON);

	(void)state;
	call(11, NUMBER);
	one = forked("udp:192.0.2.50:5060", AT_ONE);
	result(&one, 180, "");
	answered(11, 180, 0);
	abandon.txn = 11;
	fake_parcel(svc, &abandon, "CANCEL sip:x@example.com SIP/2.0\r\n" COMMON("1 CANCEL") "From: <sip:a@b>;tag=1\r\nTo: <sip:b@b>\r\n\r\n");
	next(WIRE_GIVE_UP);
	result(&one, 503, "");
	answered(11, 500, 0);
	silence();
}

static void a_gateway_by_name(void **state)
{
	struct wire_head one, two;

	(void)state;
	call(11, INVITE_TO("sip:+441@example.com"));
	assert_int_equal(asked.searches, 1);
	hops(0, "udp:203.0.113.1:5060", "udp:203.0.113.2:5060");
	one = forked("udp:203.0.113.1:5060", "INVITE sip:+441@gw.example.org;user=phone SIP/2.0\r\n");
	failed(&one, RT_TIMEOUT);
	two = forked("udp:203.0.113.2:5060", "INVITE sip:+441@gw.example.org;user=phone SIP/2.0\r\n");
	result(&two, 486, "");
	answered(11, 486, 0);
	call(12, INVITE_TO("sip:+441@example.com"));
	hops(RT_ABSENT, 0, 0);
	answered(12, 404, 0);
}

static void a_domain_rfc3261_16_6_step_2(void **state)
{
	struct wire_head fork;

	(void)state;
	offer(11, INVITE_TO("sip:bob@routed.test"));
	fork = forked("udp:192.0.2.50:5060", "INVITE sip:bob@routed.test SIP/2.0\r\n");
	result(&fork, 503, "");
	fork = forked("tcp:192.0.2.51:5070", "INVITE sip:bob@routed.test SIP/2.0\r\n");
	result(&fork, 486, "");
	answered(11, 486, 0);
}

/* It is trusted, so it may call on; but not itself. */
static void a_trunk(void **state)
{
	struct wire_head h = from_worker(WIRE_OFFER);
	struct wire_head fork;

	(void)state;
	offer(11, INVITE_TO("sip:bob@routed.test"));
	fork = forked("udp:192.0.2.50:5060", 0);
	result(&fork, 486, "");
	answered(11, 486, 0);
	call(12, INVITE_TO("sip:+1555@example.com"));
	answered(12, 404, 0);
	h.txn = 13;
	assert_int_equal(sip_hop_parse(&h.remote, SLICE("udp:198.51.100.10:5062")), 0);
	fake_parcel(svc, &h, INVITE_TO("sip:bob@routed.test"));
	answered(13, 403, 0);
}

static void a_trunk_has_no_password(void **state)
{
	static const char invite[] = "INVITE sip:bob@example.com SIP/2.0\r\n" COMMON("1 INVITE")
		"From: <sip:alice@secure.example.com>;tag=a1\r\nTo: <sip:bob@example.com>\r\nContact: <sip:a@198.51.100.9>\r\n\r\n";
	struct wire_head h = from_worker(WIRE_OFFER);

	(void)state;
	assert_int_equal(sip_hop_parse(&h.remote, SLICE("udp:198.51.100.10:5062")), 0);
	h.txn = 11;
	fake_parcel(svc, &h, invite);
	assert_true(answered(11, 407, 0)->head.flags & WIRE_FORGET); /* 8.2.7 */
	offer(12, invite);
	assert_string_equal(asked.aor, "bob@example.com");
	bindings(0, 0);
	asked.user(asked.arg, asked.token, RT_ABSENT, 0);
	answered(12, 404, 0);
}

/* ---- Health ---- */

/* Up to the next OPTIONS, to the first of the two addresses of its URI. */
static struct wire_head probed(void)
{
	const int before = asked.searches;
	struct wire_head fork;

	fake_member(svc, WORKER, WIRE_TRANSACTION);
	for (int s = 0; asked.searches == before && s < 21; s++)
		fake_run_until(svc, svc->now + 1000);
	assert_int_equal(asked.searches, before + 1);
	hops(0, "udp:192.0.2.60:5060", "udp:192.0.2.62:5060");
	fork = forked("udp:192.0.2.60:5060", "OPTIONS sip:192.0.2.60 SIP/2.0\r\n");
	assert_int_equal(fork.txn, 0);
	return fork;
}

static void goes_to(rt_handle txn, const char *hop)
{
	struct wire_head fork;

	call(txn, NUMBER);
	fork = forked(hop, 0);
	result(&fork, 486, "");
	answered(txn, 486, 0);
}

static void options_take_a_hop_out_and_back_rfc3261_11(void **state)
{
	struct wire_head one, two;

	(void)state;
	one = probed();
	result(&one, 100, "");
	result(&one, 503, "");
	two = forked("udp:192.0.2.62:5060", "Accept: application/sdp\r\n");
	goes_to(11, "udp:192.0.2.60:5060"); /* not decided yet */
	failed(&two, RT_DOWN);
	goes_to(12, "udp:192.0.2.61:5060");
	one = probed();
	result(&one, 405, ""); /* whatever it says, it speaks */
	goes_to(13, "udp:192.0.2.60:5060");
}

static void the_second_address_will_do(void **state)
{
	struct wire_head one, two;

	(void)state;
	one = probed();
	failed(&one, RT_TIMEOUT);
	two = forked("udp:192.0.2.62:5060", 0);
	result(&one, 503, ""); /* of an address that is done with */
	result(&two, 200, "");
	goes_to(11, "udp:192.0.2.60:5060");
}

static void silence_means_down(void **state)
{
	(void)state;
	probed();
	fake_run_until(svc, svc->now + 9000);
	forked("udp:192.0.2.62:5060", 0);
	goes_to(11, "udp:192.0.2.60:5060");
	fake_run_until(svc, svc->now + 9000);
	goes_to(12, "udp:192.0.2.61:5060");
}

static void our_own_trouble_is_not_its_fault(void **state)
{
	struct wire_head one;

	(void)state;
	one = probed();
	failed(&one, RT_NOMEM);
	silence();
	goes_to(11, "udp:192.0.2.60:5060");
}

/* Another proxy of the cluster may be the one that asks. */
static void one_proxy_asks_for_all(void **state)
{
	(void)state;
	fake_member(svc, WORKER, WIRE_TRANSACTION);
	for (uint32_t id = 20; id < 60; id++)
		fake_member(svc, id, WIRE_PROXY);
	for (int i = 0; i < 10; i++)
		fake_run_until(svc, svc->now + 20000);
	assert_int_equal(asked.searches, 0); /* with these ids; a member more or less moves it */
	for (uint32_t id = 20; id < 60; id++)
		wire_members_drop(svc->members, id);
	fake_run_until(svc, svc->now + 20000);
	assert_in_range(asked.searches, 1, 2); /* at once, and when its second comes */
}

#define STAGED(test) cmocka_unit_test_setup_teardown(test, open_stage, close_stage)
#define PROBING(test) cmocka_unit_test_setup_teardown(test, open_probing_stage, close_stage)

int main(void)
{
	const struct CMUnitTest tests[] = {
		STAGED(a_number_of_nobody),
		STAGED(a_number_that_is_somebodys),
		STAGED(a_tel_uri_rfc3261_19_1_6),
		STAGED(no_route),
		STAGED(failover_rfc3263_4_3),
		STAGED(a_silent_gateway_gives_way),
		STAGED(who_rings_is_waited_for),
		STAGED(a_cancel_ends_the_search_for_gateways),
		STAGED(a_gateway_by_name),
		STAGED(a_domain_rfc3261_16_6_step_2),
		STAGED(a_trunk),
		STAGED(a_trunk_has_no_password),
		PROBING(options_take_a_hop_out_and_back_rfc3261_11),
		PROBING(the_second_address_will_do),
		PROBING(our_own_trouble_is_not_its_fault),
		PROBING(silence_means_down),
		PROBING(one_proxy_asks_for_all),
	};

	return cmocka_run_group_tests(tests, 0, 0);
}
