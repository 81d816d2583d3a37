/* SPDX-License-Identifier: MIT */
/* body: RFC 3261 8.2.3, 20.11: what must be understood, and what is asked for instead. */
#include "kit/test.h"
#include "sip/body.h"

static void refused(const char *fields, const char *body, enum sip_hdr want, const char *value)
{
	static struct sip_index room;
	char text[1024];
	enum sip_hdr header = SIP_HDR_OTHER;
	struct slice what = SLICE("");
	struct sip_fault why = { 0 };
	struct sip_msg m;

	snprintf(text, sizeof(text),
	         "OPTIONS sip:example.com SIP/2.0\r\nVia: SIP/2.0/UDP a;branch=z9hG4bK1\r\nFrom: <sip:a@b>;tag=1\r\nTo: <sip:example.com>\r\n"
	         "Call-ID: 1\r\nCSeq: 1 OPTIONS\r\nMax-Forwards: 70\r\n%sContent-Length: %zu\r\n\r\n%s",
	         fields, strlen(body), body);
	if (sip_msg_parse(&m, &room, slice_str(text), &why))
		fail_msg("%s", why.rule);
	assert_int_equal(sip_body_refused(&m, &header, &what), want != SIP_HDR_OTHER);
	assert_int_equal(header, want);
	if (value)
		assert_text(what, value);
}

#define REQUIRED "Content-Disposition: render;handling=required\r\n"

static void rfc3261_8_2_3(void **state)
{
	(void)state;
	refused("Content-Type: text/odd\r\n" REQUIRED, "x", SIP_HDR_ACCEPT, "application/sdp");
	refused("Content-Type: text/odd\r\nContent-Encoding: gzip\r\n" REQUIRED, "x", SIP_HDR_ACCEPT_ENCODING, "identity");
	refused("Content-Type: application/sdp;charset=utf-8\r\nContent-Language: fr, de\r\n" REQUIRED, "x", SIP_HDR_ACCEPT_LANGUAGE, "en");
	refused("Content-Type: Application/SDP\r\nContent-Language: fr, en-GB\r\nContent-Encoding: identity\r\n" REQUIRED, "x", SIP_HDR_OTHER, 0);
	refused("Content-Type: text/odd\r\nContent-Disposition: render;handling=optional\r\n", "x", SIP_HDR_OTHER, 0);
	refused("Content-Type: text/odd\r\nContent-Disposition: render\r\n", "x", SIP_HDR_ACCEPT, "application/sdp");
	refused("Content-Type: text/odd\r\n", "x", SIP_HDR_ACCEPT, "application/sdp");
	refused("Content-Type: application/sdp\r\n", "x", SIP_HDR_OTHER, 0);
	refused("Content-Type: text/odd\r\n" REQUIRED, "", SIP_HDR_OTHER, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(rfc3261_8_2_3) };

	return cmocka_run_group_tests(tests, 0, 0);
}
