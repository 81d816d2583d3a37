/* SPDX-License-Identifier: MIT */
/* lapse: what a worker does that did not run for seconds. */
#include "scene.h"

enum { AWAY = 5000 };

/* Nothing happens in between: not even a timer. */
static void be_away(struct svc *svc)
{
	fake_run_until(svc, svc->now + 1000);
	svc->now += AWAY;
	svc->seen = svc->npost;
}

static void arrive_at(struct svc *svc, uint64_t born, enum sip_transport proto, const char *text)
{
	struct wire_head h = head_of(WIRE_ARRIVED, TRANSPORT, proto);

	h.born = born;
	fake_parcel(svc, &h, text);
}

/* It was sent again after T1, perhaps to another worker; over a connection nothing is sent twice. */
static void a_datagram_from_before_it_woke_is_left_to_its_repetition(void **state)
{
	struct svc *svc = *state;
	uint64_t before;

	be_away(svc);
	before = svc_wall_ms(svc) - AWAY / 2;
	arrive_at(svc, before, SIP_UDP, INVITE("1"));
	assert_null(fake_next(svc));
	arrive_at(svc, before, SIP_TCP, INVITE("2"));
	assert_non_null(fake_next(svc));
	svc->seen = svc->npost;
	arrive_at(svc, svc_wall_ms(svc), SIP_UDP, INVITE("1"));
	assert_non_null(fake_next(svc));
}

static void a_datagram_waits_as_long_as_it_must_when_there_was_no_lapse(void **state)
{
	struct svc *svc = *state;

	fake_run_until(svc, svc->now + AWAY);
	svc->seen = svc->npost;
	arrive_at(svc, svc_wall_ms(svc) - AWAY / 2, SIP_UDP, INVITE("1"));
	assert_non_null(fake_next(svc));
}

/* The INVITE of a caller, forked; its branch. */
static rt_handle ringing_call(struct svc *svc)
{
	struct wire_head fork = head_of(WIRE_FORK, PROXY, SIP_UDP);
	const struct fake_post *p;

	arrive_at(svc, svc_wall_ms(svc), SIP_UDP, INVITE("1"));
	while ((p = fake_next(svc)) && p->head.verb != WIRE_OFFER)
		;
	assert_non_null(p);
	fork.txn = p->head.txn;
	fork.context = 800;
	fake_parcel(svc, &fork, INVITE("1"));
	while ((p = fake_next(svc)) && !(p->head.verb == WIRE_DEPART && p->head.branch))
		;
	assert_non_null(p);
	return p->head.branch;
}

#define BUSY "SIP/2.0 486 Busy Here\r\nVia: SIP/2.0/UDP us;branch=z9hG4bKx\r\n" \
	     "Via: SIP/2.0/UDP p.example.org;branch=z9hG4bK1;rport=5070;received=192.0.2.7\r\n" FIELDS("1", "INVITE", "<sip:bob@example.com>;tag=r")

/* Does the 486 of this branch go to the caller (else to the proxy)? */
static bool is_finished_here(struct svc *svc, rt_handle branch)
{
	struct wire_head h = head_of(WIRE_ARRIVED, TRANSPORT, SIP_UDP);
	const struct fake_post *p;

	svc->seen = svc->npost;
	h.branch = branch;
	fake_parcel(svc, &h, BUSY);
	while ((p = fake_next(svc)))
		if (p->head.verb == WIRE_RESULT || (p->head.verb == WIRE_DEPART && !p->head.branch))
			return p->head.verb == WIRE_DEPART;
	fail_msg("the 486 went nowhere");
	return false;
}

static void proxy_is_another_process(struct svc *svc)
{
	struct wire_member m = *wire_members_get(svc->members, PROXY);

	m.pid = 4711;
	assert_int_equal(wire_members_put(svc->members, &m), 0);
}

/* 16.7: as after a proxy's death. */
static void a_call_is_finished_here_when_its_proxy_missed_us(void **state)
{
	struct svc *svc = *state;
	const rt_handle branch = ringing_call(svc);

	proxy_is_another_process(svc);
	be_away(svc);
	fake_run_until(svc, svc->now + 300);
	svc->forgotten++; /* Redis has told */
	fake_run_until(svc, svc->now + 2000);
	assert_true(is_finished_here(svc, branch));
}

static void a_call_stays_its_proxys_when_nobody_missed_us(void **state)
{
	struct svc *svc = *state;
	const rt_handle branch = ringing_call(svc);

	proxy_is_another_process(svc);
	be_away(svc);
	fake_run_until(svc, svc->now + 2000);
	assert_false(is_finished_here(svc, branch));
}

static bool is_taken(struct svc *svc, enum sip_transport proto, const char *text)
{
	svc->seen = svc->npost;
	arrive_at(svc, svc_wall_ms(svc), proto, text);
	return fake_next(svc) != 0;
}

/* It would never be answered, and each repetition hears that somebody is at work. Over a connection nothing is sent twice. */
static void a_proxy_that_may_not_see_us_yet_is_asked_nothing_by_datagram(void **state)
{
	struct svc *svc = *state;

	proxy_is_another_process(svc);
	be_away(svc);
	assert_false(is_taken(svc, SIP_UDP, INVITE("1")));
	assert_true(is_taken(svc, SIP_TCP, INVITE("2")));
	fake_run_until(svc, svc->now + 600);
	assert_false(is_taken(svc, SIP_UDP, INVITE("1")));
	fake_run_until(svc, svc->now + 1000);
	assert_true(is_taken(svc, SIP_UDP, INVITE("1")));
}

#define T(name) cmocka_unit_test_setup_teardown(name, scene_open, scene_close)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(a_datagram_from_before_it_woke_is_left_to_its_repetition),
		T(a_datagram_waits_as_long_as_it_must_when_there_was_no_lapse),
		T(a_call_is_finished_here_when_its_proxy_missed_us),
		T(a_proxy_that_may_not_see_us_yet_is_asked_nothing_by_datagram),
		T(a_call_stays_its_proxys_when_nobody_missed_us),
	};

	return cmocka_run_group_tests_name("transaction/lapse", tests, 0, 0);
}
