/* SPDX-License-Identifier: MIT */
/* frame: messages cut off a stream, whole and one byte at a time, each text ending at a guard page. */
#include "kit/guard.h"
#include "kit/test.h"
#include "limits.h"
#include "sip/frame.h"

#define HEAD  "OPTIONS sip:a SIP/2.0\r\nVia: SIP/2.0/TCP b\r\n"
#define ONE   HEAD "Content-Length: 4\r\n\r\nbody"
#define OTHER "BYE sip:a SIP/2.0\r\nl\t:\r\n 0\r\n\r\n"

static int cut(struct sip_frame *f, struct slice in, struct slice *out, uint32_t *used, uint32_t *ping)
{
	*used = 0xdead;
	*ping = 0xdead;
	*out = SLICE_NONE;
	return sip_frame_cut(f, guard_copy(in), out, used, ping);
}

static int cut_once(const char *text, struct slice *out, uint32_t *used, uint32_t *ping)
{
	struct sip_frame f = { 0 };

	return cut(&f, slice_str(text), out, used, ping);
}

static void two_messages_in_one_read(void **state)
{
	const char *in = ONE OTHER;
	struct sip_frame f = { 0 };
	struct slice out;
	uint32_t used, ping;

	(void)state;
	assert_int_equal(cut(&f, slice_str(in), &out, &used, &ping), 0);
	assert_text(out, ONE);
	assert_int_equal(used, strlen(ONE));
	assert_int_equal(ping, 0);
	assert_int_equal(cut(&f, slice_str(in + used), &out, &used, &ping), 0);
	assert_text(out, OTHER);
	assert_int_equal(used, strlen(OTHER));
}

/* What a connection does: append, cut until RT_MORE, drop what was used. Returns the number of messages. */
static int feed(const char *text, uint32_t step, uint32_t *pings)
{
	static char buffer[4096];
	const uint32_t n = (uint32_t)strlen(text);
	struct sip_frame f = { 0 };
	uint32_t have = 0, messages = 0;

	*pings = 0;
	for (uint32_t at = 0; at < n;) {
		const uint32_t take = n - at < step ? n - at : step;
		uint32_t used, ping;
		struct slice out;
		int rc;

		memcpy(buffer + have, text + at, take);
		have += take;
		at += take;
		while ((rc = cut(&f, slice_of(buffer, have), &out, &used, &ping)) == 0) {
			assert_true(slice_present(out));
			assert_true(used > 0 && used <= have);
			messages += out.n > 0;
			if (out.n)
				assert_text(out, messages % 2 ? ONE : OTHER);
			*pings += ping;
			memmove(buffer, buffer + used, have - used);
			have -= used;
		}
		assert_int_equal(rc, RT_MORE);
		assert_int_equal(used, 0xdead); /* untouched on failure */
	}
	return (int)messages;
}

static void any_number_of_bytes_at_a_time(void **state)
{
	(void)state;
	for (uint32_t step = 1; step < 200; step++) {
		uint32_t pings;

		assert_int_equal(feed(ONE OTHER ONE OTHER, step, &pings), 4);
		assert_int_equal(pings, 0);
		assert_int_equal(feed("\r\n\r\n" ONE "\r\n\r\n\r\n\r\n" OTHER "\r\n\r\n", step, &pings), 2);
		assert_int_equal(pings, 4);
		assert_int_equal(feed("\r\n" ONE "\r\n" OTHER, step, &pings), 2);
		assert_int_equal(pings, 0);
	}
}

static void rfc5626_4_4_1_pings(void **state)
{
	struct slice out;
	uint32_t used, ping;

	(void)state;
	assert_int_equal(cut_once("\r\n\r\n", &out, &used, &ping), 0);
	assert_text(out, "");
	assert_int_equal(used, 4);
	assert_int_equal(ping, 1);
	assert_int_equal(cut_once("\r\n\r\n\r\n", &out, &used, &ping), 0);
	assert_int_equal(used, 4); /* the third CRLF may be half of the next ping */
	assert_int_equal(ping, 1);
	assert_int_equal(cut_once("\r\n\r\n" HEAD, &out, &used, &ping), 0); /* the pong need not wait */
	assert_text(out, "");
	assert_int_equal(used, 4);
	assert_int_equal(ping, 1);
	assert_int_equal(cut_once("\r\n\r\n" ONE, &out, &used, &ping), 0);
	assert_text(out, ONE);
	assert_int_equal(used, 4 + strlen(ONE));
	assert_int_equal(ping, 1);
	assert_int_equal(cut_once("\r\n", &out, &used, &ping), RT_MORE);
	assert_int_equal(cut_once("\r", &out, &used, &ping), RT_MORE);
	assert_int_equal(cut_once("\r\n\r", &out, &used, &ping), RT_MORE);
	assert_int_equal(cut_once("", &out, &used, &ping), RT_MORE);
}

static void no_usable_length_is_bad(void **state)
{
	static const char *const text[] = {
		HEAD "\r\n",
		HEAD "Content-Length: -1\r\n\r\n",
		HEAD "Content-Length: five\r\n\r\n",
		HEAD "Content-Length:\r\n\r\n",
		HEAD "Content-Length: 1 2\r\n\r\n",
		HEAD "Content-Length: 99999999999999999999\r\n\r\n",
		HEAD "Content-Length: 1\r\nl: 2\r\n\r\n",
		HEAD "X-Content-Length: 1\r\n\r\n",
		HEAD "Subject: a\r\n Content-Length: 1\r\n\r\n",
		HEAD "Content-Length\r\n : 1\r\n\r\n",
		"\r\r\n\r\n",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(text) / sizeof(text[0]); i++) {
		struct slice out;
		uint32_t used, ping;

		assert_int_equal(cut_once(text[i], &out, &used, &ping), RT_BAD);
		assert_text(out, text[i]); /* the head, to answer 400 from */
	}
}

static void twice_the_same_length_is_one_length(void **state)
{
	struct slice out;
	uint32_t used, ping;

	(void)state;
	assert_int_equal(cut_once(HEAD "l: 1\r\nCONTENT-LENGTH : 01\r\n\r\nxyz", &out, &used, &ping), 0);
	assert_int_equal(out.p[out.n - 1], 'x');
}

static void a_bare_lf_is_bad_at_once(void **state)
{
	struct slice out;
	uint32_t used, ping;

	(void)state;
	assert_int_equal(cut_once("OPTIONS sip:a SIP/2.0\nVia: ", &out, &used, &ping), RT_BAD);
	assert_int_equal(cut_once("\n", &out, &used, &ping), RT_BAD);
	assert_int_equal(cut_once(HEAD "Subject: a\n", &out, &used, &ping), RT_BAD);
}

static struct slice with_head(uint32_t n)
{
	static char text[SIP_HEAD_MAX + 100];
	const char *tail = "\r\nl: 0\r\n\r\n";
	const uint32_t start = (uint32_t)sprintf(text, HEAD "Subject: ");

	memset(text + start, 'x', n - start);
	memcpy(text + n - strlen(tail), tail, strlen(tail));
	return slice_of(text, n);
}

static void limit_head_65535(void **state)
{
	struct sip_frame f = { 0 };
	struct slice out;
	uint32_t used, ping;

	(void)state;
	assert_int_equal(cut(&f, with_head(SIP_HEAD_MAX - 1), &out, &used, &ping), 0);
	assert_int_equal(cut(&f, with_head(SIP_HEAD_MAX), &out, &used, &ping), 0);
	assert_int_equal(out.n, SIP_HEAD_MAX);
	assert_int_equal(cut(&f, with_head(SIP_HEAD_MAX + 1), &out, &used, &ping), RT_BIG);
	assert_int_equal(f.head_n, 0); /* 513 */
	assert_int_equal(out.n, SIP_HEAD_MAX);
	f = (struct sip_frame){ 0 };
	assert_int_equal(cut(&f, slice_head(with_head(SIP_HEAD_MAX + 1), SIP_HEAD_MAX - 1), &out, &used, &ping), RT_MORE);
	assert_int_equal(cut(&f, slice_head(with_head(SIP_HEAD_MAX + 1), SIP_HEAD_MAX), &out, &used, &ping), RT_BIG);
}

static void limit_body_1_mebibyte(void **state)
{
	static char text[SIP_BODY_MAX + 200];
	struct slice out;
	uint32_t used, ping, n;
	struct sip_frame f = { 0 };

	(void)state;
	n = (uint32_t)sprintf(text, HEAD "Content-Length: %d\r\n\r\n", SIP_BODY_MAX);
	assert_int_equal(cut(&f, slice_of(text, n + SIP_BODY_MAX - 1), &out, &used, &ping), RT_MORE);
	assert_int_equal(cut(&f, slice_of(text, n + SIP_BODY_MAX), &out, &used, &ping), 0);
	assert_int_equal(out.n, n + SIP_BODY_MAX);
	n = (uint32_t)sprintf(text, HEAD "Content-Length: %d\r\n\r\n", SIP_BODY_MAX + 1);
	assert_int_equal(cut(&f, slice_of(text, n), &out, &used, &ping), RT_BIG);
	assert_int_equal(f.head_n, n); /* 413: the head is there to answer from */
	assert_int_equal(out.n, n);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(two_messages_in_one_read),
		cmocka_unit_test(any_number_of_bytes_at_a_time),
		cmocka_unit_test(rfc5626_4_4_1_pings),
		cmocka_unit_test(no_usable_length_is_bad),
		cmocka_unit_test(twice_the_same_length_is_one_length),
		cmocka_unit_test(a_bare_lf_is_bad_at_once),
		cmocka_unit_test(limit_head_65535),
		cmocka_unit_test(limit_body_1_mebibyte),
	};
	return cmocka_run_group_tests(tests, 0, 0);
}
