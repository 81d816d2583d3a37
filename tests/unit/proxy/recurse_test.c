/* SPDX-License-Identifier: MIT */
/* recurse: RFC 3261 16.7 step 4, the contacts of a 3xx as targets. */
#include "stage.h"

static int open_stage(void **state)
{
	char *const environment[] = { (char[]){ "PEAL_SERVER_DOMAINS=example.com" }, (char[]){ "PEAL_SERVER_AUTH=off" }, 0 };

	(void)state;
	return open_stage_with(environment);
}

/* A call for bob, who wants to be followed, has gone to the one phone he has. */
static struct wire_head bob_is_asked(void)
{
	static const struct loc_binding bob[] = { CONTACT("sip:bob@203.0.113.5") };

	offer(11, INVITE_TO("sip:bob@example.com"));
	bindings_with(bob, 1, (struct loc_policy){ -1, -1, 1, -1, -1 });
	return forked("udp:203.0.113.5:5060", 0);
}

static void a_3xx_is_followed_where_he_wants_it(void **state)
{
	struct wire_head fork = bob_is_asked();

	(void)state;
	result(&fork, 302, "Contact: <sip:bob@203.0.113.5>, <sip:bob@203.0.113.9>\r\n");
	fork = forked("udp:203.0.113.9:5060", "INVITE sip:bob@203.0.113.9 SIP/2.0\r\n");
	silence();
	result(&fork, 302, "Contact: <sip:bob@203.0.113.5>\r\n"); /* nothing new: now it is an answer */
	answered(11, 302, "Contact: <sip:bob@203.0.113.5>\r\n");
}

static void what_is_left_of_a_3xx_rfc3261_16_7_step_4(void **state)
{
	struct wire_head fork = bob_is_asked();

	(void)state;
	result(&fork, 302, "Contact: <mailto:bob@example.com>, <sip:bob@203.0.113.9?Subject=x>\r\n");
	fork = forked("udp:203.0.113.9:5060", "INVITE sip:bob@203.0.113.9 SIP/2.0\r\n");
	result(&fork, 486, "");
	answered(11, 302, "Contact: <mailto:bob@example.com>\r\n");
}

static void a_3xx_without_targets_rfc3261_21_3(void **state)
{
	struct wire_head fork;

	(void)state;
	for (int i = 0; i < 2; i++) {
		const int status = i ? 305 : 380;

		fork = bob_is_asked();
		result(&fork, status, "Contact: <sip:203.0.113.9>\r\n");
		answered(11, status, "Contact: <sip:203.0.113.9>\r\n");
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(a_3xx_is_followed_where_he_wants_it, open_stage, close_stage),
		cmocka_unit_test_setup_teardown(what_is_left_of_a_3xx_rfc3261_16_7_step_4, open_stage, close_stage),
		cmocka_unit_test_setup_teardown(a_3xx_without_targets_rfc3261_21_3, open_stage, close_stage),
	};

	return cmocka_run_group_tests(tests, 0, 0);
}
