/* SPDX-License-Identifier: MIT */
/* wait: callers who wait for a user, on a clock of the test's: what they are told and when, RFC 3262 3 and RFC 3261 13.3.1.1. */
#include "stage.h"

#define RELIABLY(uri) "INVITE " uri " SIP/2.0\r\n" COMMON("1 INVITE") "From: <sip:alice@example.net>;tag=a1\r\nTo: <" uri ">\r\n" \
	"Contact: <sip:alice@198.51.100.9:5062>\r\nSupported: 100rel\r\nContent-Length: 0\r\n\r\n"

static const struct loc_binding bob[] = { CONTACT("sip:bob@203.0.113.5:5070") };

static int open_stage(void **state)
{
	char *const environment[] = { (char[]){ "PEAL_SERVER_DOMAINS=example.com" }, (char[]){ "PEAL_SERVER_USERS=any" }, (char[]){ "PEAL_SERVER_AUTH=off" }, 0 };

	(void)state;
	memset(&script_run, 0, sizeof(script_run));
	return open_stage_with(environment);
}

static struct loc_policy queue_for(int seconds)
{
	return (struct loc_policy){ -1, -1, -1, seconds, -1 };
}

static struct loc_policy wake_for(int seconds)
{
	return (struct loc_policy){ -1, -1, -1, -1, seconds };
}

/* What the queue answers: so many ahead, and whether it is his turn. */
static void place(const char *ahead, const char *turn)
{
	redisReply word[3] = { { .type = REDIS_REPLY_STRING, .str = (char *)(uintptr_t)ahead, .len = strlen(ahead) },
		               { .type = REDIS_REPLY_STRING, .str = (char *)(uintptr_t)turn, .len = strlen(turn) },
		               { .type = REDIS_REPLY_STRING, .str = (char *)(uintptr_t)"1000", .len = 4 } };
	redisReply *list[3] = { &word[0], &word[1], &word[2] };
	const redisReply reply = { .type = REDIS_REPLY_ARRAY, .elements = 3, .element = list };

	assert_true(script_run.n > 0);
	script_answers(0, &reply);
	fake_flush(svc);
}

static void news(const char *text)
{
	listener.fn(listener.arg, SLICE("queue"), slice_str(text));
	fake_flush(svc);
}

static struct wire_head busy_caller(rt_handle txn, const char *invite, int seconds)
{
	struct wire_head fork;

	offer(txn, invite);
	bindings_with(bob, 1, queue_for(seconds));
	fork = forked("udp:203.0.113.5:5070", 0);
	result(&fork, 486, "");
	assert_non_null(strstr(script_run.words, "queue:bob@example.com bob@example.com stand 3-"));
	return fork;
}

static void he_is_told_his_place_and_each_minute_again(void **state)
{
	(void)state;
	busy_caller(11, INVITE_TO("sip:bob@example.com"), 600);
	silence();
	place("2", "0");
	answered(11, 182, "SIP/2.0 182 Queued, 2 ahead of you\r\n");
	fake_run_until(svc, svc->now + 59000); /* Redis is silent meanwhile: he stands where he stood */
	silence();
	for (int minute = 0; minute < 9; minute++) { /* Timer C, 185 s, is long over: nothing rings */
		fake_run_until(svc, svc->now + 60000);
		answered(11, 182, "Contact: <sip:queue-");
		silence();
	}
	fake_run_until(svc, svc->now + 2000);
	answered(11, 486, "SIP/2.0 486 Said So\r\n"); /* the phone's own */
	assert_non_null(strstr(script_run.words, " leave 3-"));
}

static void his_turn_forwards_him_again(void **state)
{
	struct wire_head first, second;
	char turn[64];

	(void)state;
	first = busy_caller(11, INVITE_TO("sip:bob@example.com"), 60);
	place("0", "0");
	answered(11, 182, "SIP/2.0 182 Queued, you are next\r\n");
	snprintf(turn, sizeof(turn), "turn 3-%llu bob@example.com", (unsigned long long)first.context);
	news("turn 4-1 bob@example.com"); /* somebody else's */
	news("moved carol@example.com");
	assert_int_equal(asked.lookups, 1);
	news(turn);
	assert_int_equal(asked.lookups, 2);
	bindings_with(bob, 1, queue_for(60));
	second = forked("udp:203.0.113.5:5070", 0);
	assert_int_not_equal(first.slot, second.slot);
	result(&first, 486, ""); /* a copy of what was said long ago */
	silence();
	result(&second, 486, "");
	assert_non_null(strstr(script_run.words, " back 3-"));
	silence();
	news(turn);
	bindings_with(bob, 1, queue_for(60));
	second = forked("udp:203.0.113.5:5070", 0);
	result(&second, 603, "");
	answered(11, 603, 0); /* final, and the phone is the next caller's */
	assert_non_null(strstr(script_run.words, " leave 3-"));
	assert_string_equal(script_run.words + strlen(script_run.words) - 2, " 1");
}

static void no_room_is_what_the_phone_said(void **state)
{
	(void)state;
	busy_caller(11, INVITE_TO("sip:bob@example.com"), 60);
	place("-1", "0");
	answered(11, 486, 0);
	busy_caller(12, INVITE_TO("sip:bob@example.com"), 60);
	scripts_time_out();
	fake_flush(svc);
	answered(12, 486, 0);
}

static void who_comes_while_others_wait_stands_behind_them(void **state)
{
	(void)state;
	news("wait bob@example.com");
	offer(11, INVITE_TO("sip:bob@example.com"));
	bindings_with(bob, 1, queue_for(5));
	assert_non_null(strstr(script_run.words, " 0 1 sip:alice@example.net")); /* fresh */
	place("3", "0");
	answered(11, 182, "3 ahead of you");
	fake_run_until(svc, svc->now + 5000);
	answered(11, 486, "SIP/2.0 486 Busy Here\r\n"); /* no phone was asked: ours */
	fake_run_until(svc, svc->now + 10000);
	offer(12, INVITE_TO("sip:bob@example.com")); /* nobody has been heard of for a while */
	bindings_with(bob, 1, queue_for(5));
	forked("udp:203.0.113.5:5070", 0);
	fake_run_until(svc, svc->now + 300000);
	answered(12, 408, 0);
	(void)fake_next(svc);
}

static void prack_of(rt_handle txn, const char *contact, uint32_t number, const char *tag)
{
	char text[1024];

	snprintf(text, sizeof(text), "PRACK %s SIP/2.0\r\n" COMMON("2 PRACK") "From: <sip:alice@example.net>;tag=a1\r\n"
	         "To: <sip:bob@example.com>;tag=%s\r\nRAck: %u 1 INVITE\r\nContent-Length: 0\r\n\r\n", contact, tag, number);
	offer(txn, text);
}

static void cut(const char *text, const char *from, const char *until, char *out, size_t size)
{
	const char *const at = strstr(text, from) + strlen(from);

	snprintf(out, size, "%.*s", (int)(strstr(at, until) - at), at);
}

static void a_sleeping_phone_is_waited_for_reliably(void **state)
{
	char first[4096], again[4096], contact[256], number[32], tag[64];
	const struct fake_post *p;

	(void)state;
	offer(11, RELIABLY("sip:bob@example.com"));
	bindings_with(0, 0, wake_for(100));
	p = answered(11, 183, "Require: 100rel\r\n");
	assert_true(slice_cstr(p->text, first, sizeof(first)));
	cut(first, "RSeq: ", "\r\n", number, sizeof(number));
	cut(first, "Contact: <", ">", contact, sizeof(contact));
	cut(first, "To: <sip:bob@example.com>;tag=", "\r\n", tag, sizeof(tag));
	fake_run_until(svc, svc->now + 499);
	silence();
	fake_run_until(svc, svc->now + 1); /* T1, and 2*T1 after that */
	p = answered(11, 183, 0);
	assert_true(slice_cstr(p->text, again, sizeof(again)));
	assert_string_equal(first, again);
	fake_run_until(svc, svc->now + 1000);
	answered(11, 183, 0);
	prack_of(12, contact, (uint32_t)atoi(number), "another");
	answered(12, 481, 0);
	prack_of(13, contact, (uint32_t)atoi(number) + 1, tag);
	answered(13, 481, 0);
	prack_of(14, contact, (uint32_t)atoi(number), tag);
	answered(14, 200, 0);
	fake_run_until(svc, svc->now + 50000);
	silence();
	fake_run_until(svc, svc->now + 8500); /* a minute after it was said: once more, with the next number */
	answered(11, 183, 0);
	prack_of(15, contact, (uint32_t)atoi(number) + 1, tag);
	answered(15, 200, 0);
	fake_run_until(svc, svc->now + 40000);
	answered(11, 480, 0);
	prack_of(16, contact, (uint32_t)atoi(number) + 1, tag);
	answered(16, 481, 0); /* the dialog is over */
}

static void nobody_acknowledges(void **state)
{
	(void)state;
	offer(11, RELIABLY("sip:bob@example.com"));
	bindings_with(0, 0, wake_for(100));
	for (int copies = 0; copies < 7; copies++) /* 0, 0.5, 1.5, 3.5, 7.5, 15.5, 31.5 s */
		answered(11, copies < 7 ? 183 : 504, (fake_run_until(svc, svc->now + (copies < 6 ? 500u << copies : 0)), "RSeq: "));
	fake_run_until(svc, svc->now + 499);
	silence();
	fake_run_until(svc, svc->now + 1); /* 64*T1 */
	answered(11, 504, 0);
}

static void a_worker_that_leaves_lets_nobody_wait(void **state)
{
	(void)state;
	busy_caller(11, INVITE_TO("sip:bob@example.com"), 600);
	place("0", "0");
	answered(11, 182, 0);
	svc->actor->drain(svc->self);
	fake_flush(svc);
	answered(11, 486, 0);
	assert_int_equal(svc->actor->load(svc->self), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(he_is_told_his_place_and_each_minute_again, open_stage, close_stage),
		cmocka_unit_test_setup_teardown(his_turn_forwards_him_again, open_stage, close_stage),
		cmocka_unit_test_setup_teardown(no_room_is_what_the_phone_said, open_stage, close_stage),
		cmocka_unit_test_setup_teardown(who_comes_while_others_wait_stands_behind_them, open_stage, close_stage),
		cmocka_unit_test_setup_teardown(a_sleeping_phone_is_waited_for_reliably, open_stage, close_stage),
		cmocka_unit_test_setup_teardown(nobody_acknowledges, open_stage, close_stage),
		cmocka_unit_test_setup_teardown(a_worker_that_leaves_lets_nobody_wait, open_stage, close_stage),
	};

	return cmocka_run_group_tests(tests, 0, 0);
}
