/* SPDX-License-Identifier: MIT */
/* sdp: descriptions of RFC 3264 and RFC 4566 read, answers and offers written. */
#include "kit/test.h"

#include "ua/sdp.h"

/* RFC 3264 10.1, Alice's offer */
static const char alice[] = "v=0\r\n"
			    "o=alice 2890844526 2890844526 IN IP4 host.anywhere.com\r\n"
			    "s=\r\n"
			    "c=IN IP4 192.0.2.101\r\n"
			    "t=0 0\r\n"
			    "m=audio 49170 RTP/AVP 0 97\r\n"
			    "a=rtpmap:0 PCMU/8000\r\n"
			    "a=rtpmap:97 iLBC/8000\r\n"
			    "m=video 51372 RTP/AVP 31\r\n"
			    "c=IN IP6 2001:db8::1\r\n"
			    "a=rtpmap:31 H261/90000\r\n"
			    "a=sendonly\r\n";

static struct ua_sdp_local me(void)
{
	struct ua_sdp_local l = { .id = 7, .version = 1 };

	assert_int_equal(sip_hop_ip(&l.addr, SLICE("198.51.100.1"), SIP_UDP, 4000), 0);
	return l;
}

static void rfc3264_10_1_offer_reads(void **state)
{
	struct ua_sdp s;
	char text[64];
	struct rt_cursor c = rt_cursor_on(text, sizeof(text));

	(void)state;
	assert_int_equal(ua_sdp_parse(&s, slice_str(alice)), 0);
	assert_int_equal(s.n, 2);
	assert_text(s.origin, "alice 2890844526 2890844526 IN IP4 host.anywhere.com");
	assert_text(s.media[0].kind, "audio");
	assert_text(s.media[0].formats, "0 97");
	assert_text(s.media[0].lines, "a=rtpmap:0 PCMU/8000\r\na=rtpmap:97 iLBC/8000\r\n");
	assert_int_equal(s.media[0].flow, UA_SENDRECV);
	sip_hop_render(&c, &s.media[0].addr);
	assert_text(rt_cursor_text(&c), "udp:192.0.2.101:49170");
	assert_int_equal(s.media[1].addr.family, 6);
	assert_int_equal(s.media[1].flow, UA_SENDONLY);
	assert_int_equal(ua_sdp_audio(&s), 0);
}

static void rfc3264_6_answer_takes_the_audio_and_refuses_the_rest(void **state)
{
	const struct ua_sdp_local l = me();
	struct ua_sdp s;
	char text[1024];
	struct rt_cursor c = rt_cursor_on(text, sizeof(text));

	(void)state;
	assert_int_equal(ua_sdp_parse(&s, slice_str(alice)), 0);
	assert_int_equal(ua_sdp_answer(&c, &s, &l), 0);
	assert_int_equal(c.err, 0);
	assert_text(rt_cursor_text(&c), "v=0\r\no=peal 7 1 IN IP4 198.51.100.1\r\ns=-\r\nc=IN IP4 198.51.100.1\r\nt=0 0\r\n"
					"m=audio 4000 RTP/AVP 0 97\r\na=rtpmap:0 PCMU/8000\r\na=rtpmap:97 iLBC/8000\r\n"
					"a=sendrecv\r\nm=video 0 RTP/AVP 31\r\n");
}

static void rfc3264_6_1_directions_are_mirrored(void **state)
{
	(void)state;
	assert_int_equal(ua_sdp_mirror(UA_SENDRECV), UA_SENDRECV);
	assert_int_equal(ua_sdp_mirror(UA_SENDONLY), UA_RECVONLY);
	assert_int_equal(ua_sdp_mirror(UA_RECVONLY), UA_SENDONLY);
	assert_int_equal(ua_sdp_mirror(UA_INACTIVE), UA_INACTIVE);
}

static void an_offer_of_ours_reads(void **state)
{
	const struct ua_sdp_local l = me();
	struct ua_sdp s;
	char text[1024];
	struct rt_cursor c = rt_cursor_on(text, sizeof(text));

	(void)state;
	ua_sdp_offer(&c, &l);
	assert_int_equal(c.err, 0);
	assert_int_equal(ua_sdp_parse(&s, rt_cursor_text(&c)), 0);
	assert_int_equal(ua_sdp_audio(&s), 0);
	assert_int_equal(s.media[0].addr.port, 4000);
	assert_text(s.media[0].formats, "0 8");
}

static void nothing_to_accept_is_488(void **state)
{
	static const char *const none[] = {
		"v=0\no=- 1 1 IN IP4 0.0.0.0\n",                                    /* no stream */
		"v=0\no=- 1 1 IN IP4 0.0.0.0\nm=video 4 RTP/AVP 31\n",
		"v=0\no=- 1 1 IN IP4 0.0.0.0\nm=audio 0 RTP/AVP 0\n",               /* switched off */
		"v=0\no=- 1 1 IN IP4 0.0.0.0\nm=audio 4 RTP/SAVP 0\n",              /* encrypted */
		"v=0\no=- 1 1 IN IP4 0.0.0.0\nm=audio 4 RTP/AVP\n",                 /* no format */
	};
	const struct ua_sdp_local l = me();
	char text[512];

	(void)state;
	for (size_t i = 0; i < sizeof(none) / sizeof(none[0]); i++) {
		struct rt_cursor c = rt_cursor_on(text, sizeof(text));
		struct ua_sdp s;

		assert_int_equal(ua_sdp_parse(&s, slice_str(none[i])), 0);
		assert_int_equal(ua_sdp_answer(&c, &s, &l), RT_ABSENT);
	}
}

static void what_is_no_description_is_refused(void **state)
{
	static const char *const bad[] = { "", "v=1\r\n", "v=0", "o=- 1 1 IN IP4 0.0.0.0\r\n", "v=0\no=x\nm=audio x RTP/AVP 0\n",
					   "v=0\no=x\nm=audio 65536 RTP/AVP 0\n", "v=0\no=x\nhello\n", "v=0\no=x\nm=\n" };
	struct ua_sdp s;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		if (ua_sdp_parse(&s, slice_str(bad[i])) != RT_BAD)
			fail_msg("accepted \"%s\"", bad[i]);
}

static void streams_up_to_the_limit(void **state)
{
	char text[2048];
	struct rt_cursor c = rt_cursor_on(text, sizeof(text));
	struct ua_sdp s;

	(void)state;
	rt_cursor_lit(&c, "v=0\r\no=x\r\n");
	for (int i = 0; i < UA_SDP_MEDIA_MAX; i++)
		rt_cursor_lit(&c, "m=audio 4 RTP/AVP 0\r\n");
	assert_int_equal(ua_sdp_parse(&s, rt_cursor_text(&c)), 0);
	assert_int_equal(s.n, UA_SDP_MEDIA_MAX);
	rt_cursor_lit(&c, "m=audio 4 RTP/AVP 0\r\n");
	assert_int_equal(ua_sdp_parse(&s, rt_cursor_text(&c)), RT_BIG);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rfc3264_10_1_offer_reads),
		cmocka_unit_test(rfc3264_6_answer_takes_the_audio_and_refuses_the_rest),
		cmocka_unit_test(rfc3264_6_1_directions_are_mirrored),
		cmocka_unit_test(an_offer_of_ours_reads),
		cmocka_unit_test(nothing_to_accept_is_488),
		cmocka_unit_test(what_is_no_description_is_refused),
		cmocka_unit_test(streams_up_to_the_limit),
	};

	return cmocka_run_group_tests_name("unit/ua/sdp", tests, 0, 0);
}
