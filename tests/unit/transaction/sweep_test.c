/* SPDX-License-Identifier: MIT */
/* sweep: what becomes of transactions whose neighbour died. */
#include "scene.h"

/* 17.1.4: its connections went with the transport. One that was answered may be answered again, over another connection. */
static void a_request_that_went_with_its_transport_is_given_up_at_once(void **state)
{
	struct svc *svc = *state;
	struct wire_head fork = head_of(WIRE_FORK, PROXY, SIP_TCP), ringing = head_of(WIRE_ARRIVED, TRANSPORT, SIP_TCP);
	const struct fake_post *p;
	const rt_ms began = svc->now;

	ringing.branch = fork_invite(svc, SIP_TCP);
	fake_parcel(svc, &ringing, "SIP/2.0 180 Ringing\r\nVia: SIP/2.0/TCP us;branch=z9hG4bKx\r\n" FIELDS("1", "INVITE", "<sip:bob@example.com>;tag=r"));
	fork.context = 77;
	fake_parcel(svc, &fork, INVITE("2"));
	svc->seen = svc->npost;
	wire_members_drop(svc->members, TRANSPORT);
	fake_run_until(svc, began + 500);
	p = fake_next(svc);
	assert_non_null(p);
	assert_int_equal(p->head.verb, WIRE_RESULT);
	assert_int_equal(p->head.reason, RT_ABSENT);
	assert_int_equal(p->head.context, 77);
	assert_null(fake_next(svc));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(a_request_that_went_with_its_transport_is_given_up_at_once, scene_open, scene_close),
	};

	return cmocka_run_group_tests_name("transaction/sweep", tests, 0, 0);
}
