/* SPDX-License-Identifier: MIT */
/* refrain: what a proxy said, said again: to whom, for how long, and never to who asks anything else. */
#include "kit/test.h"

#include "refrain.h"

enum { PROXY = 31, TRAIL = 77 };

static const struct rt_key key = { 1, 2 };
static const struct sip_hop phone = { .proto = SIP_UDP, .family = 4, .port = 5062, .ip = { 192, 0, 2, 1 } };
static struct refrain refrain;
static char text[2048], said[2048];
static struct sip_index room;

static int forget(void **state)
{
	(void)state;
	memset(&refrain, 0, sizeof(refrain));
	return 0;
}

static struct sip_msg read_text(void)
{
	struct sip_msg m;

	assert_int_equal(sip_msg_parse(&m, &room, slice_str(text), 0), 0);
	return m;
}

static struct sip_msg ask(const char *start, const char *via, const char *from, const char *to, const char *extra)
{
	snprintf(text, sizeof(text), "%s SIP/2.0\r\nVia: SIP/2.0/UDP 192.0.2.1:5062;%s\r\nMax-Forwards: 70\r\nFrom: %s;tag=1\r\nTo: %s\r\n"
		 "Call-ID: c1\r\nCSeq: 7 %.*s\r\n%s\r\n", start, via, from, to, (int)strcspn(start, " "), start, extra);
	return read_text();
}

static struct sip_msg plain(void)
{
	return ask("OPTIONS sip:example.com", "branch=z9hG4bKa", "<sip:a@example.org>", "<sip:example.com>", "Accept: application/sdp\r\nUser-Agent: t\r\n");
}

static uint64_t question_of(struct sip_msg m)
{
	return refrain_question(&m, &phone, key);
}

static struct sip_msg answer(const char *status, const char *end)
{
	snprintf(text, sizeof(text), "SIP/2.0 %s\r\nVia: SIP/2.0/UDP 192.0.2.1:5062;branch=z9hG4bKx\r\nFrom: <sip:a@example.org>;tag=9\r\n"
		 "To: <sip:example.com>;tag=8\r\nCall-ID: x\r\nCSeq: 1 OPTIONS\r\n%sContent-Length: 0\r\n\r\n", status, end);
	return read_text();
}

static void learn(uint64_t question, const char *status, const char *end, rt_ms now)
{
	struct sip_msg m;

	refrain_asked(&refrain, question, TRAIL, now);
	m = answer(status, end);
	refrain_heard(&refrain, &m, PROXY, TRAIL, now);
}

static int say(uint64_t question, uint32_t proxy, rt_ms now)
{
	struct rt_cursor c = rt_cursor_on(said, sizeof(said) - 1);
	const struct sip_msg m = plain();
	const int err = refrain_say(&refrain, &c, question, &m, proxy, SLICE("tt"), now);

	said[c.n] = 0;
	return err;
}

static void the_same_words_for_another_request_rfc3261_8_2_6(void **state)
{
	const uint64_t q = question_of(plain());

	(void)state;
	assert_int_equal(say(q, PROXY, 1000), RT_ABSENT);
	learn(q, "200 OK", "Allow: OPTIONS\r\nSupported: path\r\n", 1000);
	assert_int_equal(say(q, PROXY, 1001), 0);
	assert_string_equal(said, "SIP/2.0 200 OK\r\nVia: SIP/2.0/UDP 192.0.2.1:5062;branch=z9hG4bKa\r\nFrom: <sip:a@example.org>;tag=1\r\n"
			    "To: <sip:example.com>;tag=tt\r\nCall-ID: c1\r\nCSeq: 7 OPTIONS\r\nAllow: OPTIONS\r\nSupported: path\r\n"
			    "Content-Length: 0\r\n\r\n");
}

static void for_a_moment_and_then_the_proxy_is_asked(void **state)
{
	const uint64_t q = question_of(plain());

	(void)state;
	learn(q, "200 OK", "", 1000);
	assert_int_equal(say(q, PROXY, 1000 + REFRAIN_AGAIN - 1), 0);
	assert_int_equal(say(q, PROXY, 1000 + REFRAIN_AGAIN), RT_ABSENT);
	refrain_asked(&refrain, q, TRAIL + 1, 1000 + REFRAIN_AGAIN); /* one asks, the others need not */
	assert_int_equal(say(q, PROXY, 1000 + REFRAIN_AGAIN + REFRAIN_PATIENCE - 1), 0);
	assert_int_equal(say(q, PROXY, 1000 + REFRAIN_AGAIN + REFRAIN_PATIENCE), RT_ABSENT);
	refrain_asked(&refrain, q, TRAIL + 2, 1000 + REFRAIN_LIFE - 1);
	assert_int_equal(say(q, PROXY, 1000 + REFRAIN_LIFE - 1), 0);
	assert_int_equal(say(q, PROXY, 1000 + REFRAIN_LIFE), RT_ABSENT);
}

static void only_what_this_proxy_said_and_only_a_200(void **state)
{
	const uint64_t q = question_of(plain());
	struct sip_msg m;

	(void)state;
	learn(q, "200 OK", "", 1000);
	assert_int_equal(say(q, PROXY + 1, 1000), RT_ABSENT);
	learn(q, "407 Proxy Authentication Required", "", 1001);
	assert_int_equal(say(q, PROXY, 1001), RT_ABSENT);
	refrain_asked(&refrain, q, TRAIL, 1002);
	m = answer("200 OK", "");
	refrain_heard(&refrain, &m, PROXY, TRAIL + 1, 1002); /* of another request */
	assert_int_equal(say(q, PROXY, 1002), RT_ABSENT);
	refrain_heard(&refrain, &m, PROXY, 0, 1002);
	assert_int_equal(say(q, PROXY, 1002), RT_ABSENT);
}

static void an_answer_too_long_or_in_another_order_is_not_learned(void **state)
{
	const uint64_t q = question_of(plain());
	char long_line[REFRAIN_BYTES + 16] = "Allow: ";
	struct sip_msg m;

	(void)state;
	memset(long_line + 7, 'A', REFRAIN_BYTES);
	memcpy(long_line + 7 + REFRAIN_BYTES, "\r\n", 3);
	learn(q, "200 OK", long_line, 1000);
	assert_int_equal(say(q, PROXY, 1000), RT_ABSENT);
	refrain_asked(&refrain, q, TRAIL, 1000);
	snprintf(text, sizeof(text), "SIP/2.0 200 OK\r\nVia: SIP/2.0/UDP h;branch=z9hG4bKx\r\nAllow: OPTIONS\r\nFrom: <sip:a@example.org>;tag=9\r\n"
		 "To: <sip:example.com>;tag=8\r\nCall-ID: x\r\nCSeq: 1 OPTIONS\r\n\r\n");
	m = read_text();
	refrain_heard(&refrain, &m, PROXY, TRAIL, 1000);
	assert_int_equal(say(q, PROXY, 1000), RT_ABSENT);
}

static void another_target_caller_or_source_is_another_question(void **state)
{
	const uint64_t q = question_of(plain());
	struct sip_hop other = phone;
	struct sip_msg m;

	(void)state;
	assert_true(q != 0);
	m = ask("OPTIONS sip:example.com", "branch=z9hG4bKother;rport=5062;received=192.0.2.1", "\"B\" <sip:b@example.org>", "<sip:b@example.com>", "");
	assert_true(question_of(m) == q); /* what cannot matter does not */
	m = ask("OPTIONS sip:example.com;x", "branch=z9hG4bKa", "<sip:a@example.org>", "<sip:example.com>", "");
	assert_true(question_of(m) && question_of(m) != q);
	m = ask("OPTIONS sip:example.com", "branch=z9hG4bKa", "<sip:a@example.net>", "<sip:example.com>", "");
	assert_true(question_of(m) && question_of(m) != q);
	m = plain();
	other.port++;
	assert_true(refrain_question(&m, &other, key) == q);
	other.ip[3]++;
	assert_true(refrain_question(&m, &other, key) && refrain_question(&m, &other, key) != q);
}

/* RFC 3261 8.2.2, 8.2.3, 11, 16.3 steps 3 to 6: whatever a check could refuse is asked of the proxy each time. */
static void what_could_be_answered_otherwise_is_no_question(void **state)
{
	static const char *const extra[] = {
		"Require: path\r\n", "Proxy-Require: x\r\n", "Route: <sip:example.com;lr>\r\n", "Proxy-Authorization: Digest realm=\"a\"\r\n",
		"Authorization: Digest realm=\"a\"\r\n", "Via: SIP/2.0/UDP 192.0.2.9;branch=z9hG4bKb\r\n", "Record-Route: <sip:192.0.2.9;lr>\r\n",
		"Content-Type: text/plain\r\nContent-Length: 2\r\n\r\nhi", "Content-Encoding: gzip\r\n", "Max-Breadth: 1\r\n", "X-Unknown: 1\r\n",
		"Timestamp: 1\r\n",
	};
	const char *const a = "<sip:a@example.org>", *const us = "<sip:example.com>";
	struct sip_hop stream = phone;
	struct sip_msg m;

	(void)state;
	for (size_t i = 0; i < sizeof(extra) / sizeof(extra[0]); i++)
		assert_true(question_of(ask("OPTIONS sip:example.com", "branch=z9hG4bKa", a, us, extra[i])) == 0);
	assert_true(question_of(ask("OPTIONS sip:bob@example.com", "branch=z9hG4bKa", a, us, "")) == 0);
	assert_true(question_of(ask("MESSAGE sip:example.com", "branch=z9hG4bKa", a, us, "")) == 0);
	assert_true(question_of(ask("OPTIONS sip:example.com", "branch=a", a, us, "")) == 0);
	assert_true(question_of(ask("OPTIONS sip:example.com", "branch=z9hG4bKa;maddr=192.0.2.7", a, us, "")) == 0);
	assert_true(question_of(ask("OPTIONS sip:example.com", "branch=z9hG4bKa", a, "<sip:example.com>;tag=5", "")) == 0);
	snprintf(text, sizeof(text), "OPTIONS sip:example.com SIP/2.0\r\nVia: SIP/2.0/UDP h;branch=z9hG4bKa\r\nMax-Forwards: 0\r\nFrom: %s;tag=1\r\n"
		 "To: %s\r\nCall-ID: c\r\nCSeq: 1 OPTIONS\r\n\r\n", a, us);
	assert_true(question_of(read_text()) == 0);
	stream.proto = SIP_TCP;
	m = plain();
	assert_true(refrain_question(&m, &stream, key) == 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(the_same_words_for_another_request_rfc3261_8_2_6, forget),
		cmocka_unit_test_setup(for_a_moment_and_then_the_proxy_is_asked, forget),
		cmocka_unit_test_setup(only_what_this_proxy_said_and_only_a_200, forget),
		cmocka_unit_test_setup(an_answer_too_long_or_in_another_order_is_not_learned, forget),
		cmocka_unit_test_setup(another_target_caller_or_source_is_another_question, forget),
		cmocka_unit_test_setup(what_could_be_answered_otherwise_is_no_question, forget),
	};

	return cmocka_run_group_tests_name("transport/refrain", tests, 0, 0);
}
