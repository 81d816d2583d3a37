/* SPDX-License-Identifier: MIT */
/* offer: the exchanges of RFC 3262 5, RFC 3264, RFC 3311 5 and RFC 3261 13.2.1, message by message. */
#include "kit/test.h"

#include "ua/offer.h"

enum { END = -1 };

struct row { /* one message and what its SDP means */
	int side, in;
	bool sdp;
	enum ua_meaning want;
};

static void play(const char *title, const struct row *row)
{
	struct ua_offer o = { 0 };

	for (int i = 0; row[i].side != END; i++) {
		const enum ua_meaning got = ua_offer_take(&o, (enum ua_side)row[i].side, (enum ua_carrier)row[i].in, row[i].sdp);

		if (got != row[i].want)
			fail_msg("%s: message %d means %d, not %d", title, i, got, row[i].want);
	}
}

#define PLAY(...) play(__func__, (const struct row[]){ __VA_ARGS__, { END, 0, false, UA_NOTHING } })

static void rfc3261_13_2_1_offer_in_invite_answer_in_2xx(void **state)
{
	(void)state;
	PLAY({ UA_THEIRS, UA_IN_INVITE, true, UA_OFFER }, { UA_MINE, UA_IN_1XX, false, UA_NOTHING },
	     { UA_MINE, UA_IN_2XX, true, UA_ANSWER }, { UA_THEIRS, UA_IN_ACK, false, UA_NOTHING });
}

static void rfc3261_13_2_1_offer_in_2xx_answer_in_ack(void **state)
{
	(void)state;
	PLAY({ UA_MINE, UA_IN_INVITE, false, UA_NOTHING }, { UA_THEIRS, UA_IN_1XX, true, UA_COPY },
	     { UA_THEIRS, UA_IN_2XX, true, UA_OFFER }, { UA_MINE, UA_IN_ACK, true, UA_ANSWER });
	PLAY({ UA_MINE, UA_IN_INVITE, false, UA_NOTHING }, { UA_THEIRS, UA_IN_2XX, false, UA_MISSING });
	PLAY({ UA_THEIRS, UA_IN_INVITE, false, UA_NOTHING }, { UA_MINE, UA_IN_2XX, true, UA_OFFER },
	     { UA_THEIRS, UA_IN_ACK, false, UA_MISSING });
}

static void rfc3261_13_2_1_preview_in_an_unreliable_1xx(void **state)
{
	(void)state;
	PLAY({ UA_MINE, UA_IN_INVITE, true, UA_OFFER }, { UA_THEIRS, UA_IN_1XX, true, UA_COPY },
	     { UA_THEIRS, UA_IN_2XX, true, UA_ANSWER }, { UA_THEIRS, UA_IN_2XX, true, UA_COPY });
	PLAY({ UA_MINE, UA_IN_INVITE, true, UA_OFFER }, { UA_THEIRS, UA_IN_2XX, false, UA_MISSING });
}

static void rfc3262_5_answer_in_a_reliable_provisional(void **state)
{
	(void)state;
	PLAY({ UA_MINE, UA_IN_INVITE, true, UA_OFFER }, { UA_THEIRS, UA_IN_REL, true, UA_ANSWER },
	     { UA_MINE, UA_IN_PRACK, false, UA_NOTHING }, { UA_THEIRS, UA_IN_PRACK_2XX, false, UA_NOTHING },
	     { UA_THEIRS, UA_IN_REL, true, UA_COPY }, { UA_THEIRS, UA_IN_2XX, true, UA_COPY },
	     { UA_MINE, UA_IN_ACK, false, UA_NOTHING });
}

static void rfc3262_5_another_offer_in_prack(void **state)
{
	(void)state;
	PLAY({ UA_THEIRS, UA_IN_INVITE, true, UA_OFFER }, { UA_MINE, UA_IN_REL, true, UA_ANSWER },
	     { UA_THEIRS, UA_IN_PRACK, true, UA_OFFER }, { UA_MINE, UA_IN_PRACK_2XX, true, UA_ANSWER },
	     { UA_MINE, UA_IN_2XX, false, UA_NOTHING });
	PLAY({ UA_MINE, UA_IN_INVITE, true, UA_OFFER }, { UA_THEIRS, UA_IN_REL, true, UA_ANSWER },
	     { UA_MINE, UA_IN_PRACK, true, UA_OFFER }, { UA_THEIRS, UA_IN_PRACK_2XX, false, UA_MISSING });
}

static void rfc3262_5_no_offer_in_prack_before_there_is_an_answer(void **state)
{
	(void)state;
	PLAY({ UA_THEIRS, UA_IN_INVITE, true, UA_OFFER }, { UA_MINE, UA_IN_REL, false, UA_NOTHING },
	     { UA_THEIRS, UA_IN_PRACK, true, UA_MISPLACED }, { UA_MINE, UA_IN_2XX, true, UA_ANSWER });
}

static void rfc3262_5_offer_in_a_reliable_provisional_answer_in_prack(void **state)
{
	(void)state;
	PLAY({ UA_THEIRS, UA_IN_INVITE, false, UA_NOTHING }, { UA_MINE, UA_IN_REL, true, UA_OFFER },
	     { UA_THEIRS, UA_IN_PRACK, true, UA_ANSWER }, { UA_MINE, UA_IN_PRACK_2XX, false, UA_NOTHING },
	     { UA_MINE, UA_IN_2XX, false, UA_NOTHING });
	PLAY({ UA_MINE, UA_IN_INVITE, false, UA_NOTHING }, { UA_THEIRS, UA_IN_REL, true, UA_OFFER },
	     { UA_MINE, UA_IN_PRACK, false, UA_MISSING });
}

static void rfc3311_5_1_update_after_the_first_exchange(void **state)
{
	(void)state;
	PLAY({ UA_MINE, UA_IN_INVITE, true, UA_OFFER }, { UA_THEIRS, UA_IN_REL, true, UA_ANSWER },
	     { UA_MINE, UA_IN_PRACK, false, UA_NOTHING }, { UA_MINE, UA_IN_UPDATE, true, UA_OFFER },
	     { UA_THEIRS, UA_IN_UPDATE_2XX, true, UA_ANSWER }, { UA_THEIRS, UA_IN_2XX, false, UA_NOTHING });
	PLAY({ UA_THEIRS, UA_IN_INVITE, false, UA_NOTHING }, { UA_THEIRS, UA_IN_UPDATE, true, UA_TOO_EARLY });
	PLAY({ UA_THEIRS, UA_IN_INVITE, true, UA_OFFER }, { UA_THEIRS, UA_IN_UPDATE, false, UA_NOTHING });
}

static void rfc3311_5_2_two_offers_at_once(void **state)
{
	(void)state;
	PLAY({ UA_THEIRS, UA_IN_INVITE, true, UA_OFFER }, { UA_THEIRS, UA_IN_UPDATE, true, UA_TOO_EARLY });
	PLAY({ UA_THEIRS, UA_IN_INVITE, false, UA_NOTHING }, { UA_MINE, UA_IN_REL, true, UA_OFFER },
	     { UA_THEIRS, UA_IN_UPDATE, true, UA_GLARE }, { UA_THEIRS, UA_IN_PRACK, true, UA_ANSWER });
	PLAY({ UA_MINE, UA_IN_INVITE, true, UA_OFFER }, { UA_THEIRS, UA_IN_2XX, true, UA_ANSWER },
	     { UA_MINE, UA_IN_UPDATE, true, UA_OFFER }, { UA_THEIRS, UA_IN_UPDATE, true, UA_GLARE });
}

static void rfc3261_14_2_re_invite_while_one_is_under_way(void **state)
{
	(void)state;
	PLAY({ UA_MINE, UA_IN_INVITE, true, UA_OFFER }, { UA_THEIRS, UA_IN_2XX, true, UA_ANSWER },
	     { UA_MINE, UA_IN_INVITE, true, UA_OFFER }, { UA_THEIRS, UA_IN_INVITE, true, UA_GLARE },
	     { UA_THEIRS, UA_IN_INVITE, false, UA_GLARE });
	PLAY({ UA_MINE, UA_IN_INVITE, true, UA_OFFER }, { UA_THEIRS, UA_IN_2XX, true, UA_ANSWER },
	     { UA_THEIRS, UA_IN_INVITE, false, UA_NOTHING }, { UA_MINE, UA_IN_2XX, true, UA_OFFER },
	     { UA_THEIRS, UA_IN_ACK, true, UA_ANSWER });
}

static void rfc3311_5_1_a_refused_offer_was_never_made(void **state)
{
	struct ua_offer o = { 0 };

	(void)state;
	assert_int_equal(ua_offer_take(&o, UA_THEIRS, UA_IN_INVITE, true), UA_OFFER);
	assert_true(ua_offer_owed(&o, UA_IN_INVITE));
	assert_int_equal(ua_offer_take(&o, UA_MINE, UA_IN_2XX, true), UA_ANSWER);
	assert_false(ua_offer_owed(&o, UA_IN_INVITE));
	assert_int_equal(ua_offer_take(&o, UA_MINE, UA_IN_UPDATE, true), UA_OFFER);
	ua_offer_failed(&o, UA_IN_INVITE);
	assert_true(o.pending);
	ua_offer_failed(&o, UA_IN_UPDATE);
	assert_false(o.pending);
	assert_true(o.agreed);
	assert_int_equal(ua_offer_take(&o, UA_THEIRS, UA_IN_INVITE, false), UA_NOTHING);
	assert_int_equal(ua_offer_take(&o, UA_MINE, UA_IN_REL, true), UA_OFFER);
	ua_offer_failed(&o, UA_IN_INVITE); /* takes what its provisionals offered with it */
	assert_false(o.pending);
	assert_int_equal(ua_offer_take(&o, UA_THEIRS, UA_IN_ACK, true), UA_MISPLACED);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rfc3261_13_2_1_offer_in_invite_answer_in_2xx),
		cmocka_unit_test(rfc3261_13_2_1_offer_in_2xx_answer_in_ack),
		cmocka_unit_test(rfc3261_13_2_1_preview_in_an_unreliable_1xx),
		cmocka_unit_test(rfc3262_5_answer_in_a_reliable_provisional),
		cmocka_unit_test(rfc3262_5_another_offer_in_prack),
		cmocka_unit_test(rfc3262_5_no_offer_in_prack_before_there_is_an_answer),
		cmocka_unit_test(rfc3262_5_offer_in_a_reliable_provisional_answer_in_prack),
		cmocka_unit_test(rfc3311_5_1_update_after_the_first_exchange),
		cmocka_unit_test(rfc3311_5_2_two_offers_at_once),
		cmocka_unit_test(rfc3261_14_2_re_invite_while_one_is_under_way),
		cmocka_unit_test(rfc3311_5_1_a_refused_offer_was_never_made),
	};

	return cmocka_run_group_tests_name("unit/ua/offer", tests, 0, 0);
}
