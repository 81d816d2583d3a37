/* SPDX-License-Identifier: MIT */
/* parse: what sip_msg_parse accepts, what it refuses and how, and what it finds. Every text ends at a guard page. */
#include <time.h>

#include "kit/guard.h"
#include "kit/test.h"
#include "limits.h"
#include "sip/msg.h"
#include "sip/uri.h"

#define VIA   "Via: SIP/2.0/UDP 192.0.2.1;branch=z9hG4bK1\r\n"
#define FROM  "From: <sip:a@example.com>;tag=1\r\n"
#define TO    "To: <sip:b@example.com>\r\n"
#define ID    "Call-ID: 1@example.com\r\n"
#define CSEQ  "CSeq: 1 INVITE\r\n"
#define MUST  VIA FROM TO ID CSEQ
#define START "INVITE sip:b@example.com SIP/2.0\r\n"
#define OK200 "SIP/2.0 200 OK\r\n"
#define END   "\r\n"

enum { FINE = 1, NO_ANSWER = 0 };

static struct sip_index room;
static struct sip_fault why;

static int parse(struct sip_msg *m, struct slice text)
{
	why = (struct sip_fault){ 0 };
	memset(&room, 0xa5, sizeof(room));
	return sip_msg_parse(m, &room, guard_copy(text), &why);
}

struct verdict {
	const char *text;
	int want; /* FINE, NO_ANSWER, or a status */
	const char *rule;
};

static void judge(const struct verdict *v, size_t n)
{
	int wrong = 0;

	for (size_t i = 0; i < n; i++) {
		struct sip_msg m = { 0 };
		const int rc = parse(&m, slice_str(v[i].text));
		const bool right = v[i].want == FINE ? rc == 0
						     : rc < 0 && why.status == v[i].want &&
							       strcmp(why.rule, v[i].rule) == 0;

		if (m.index)
			assert_int_equal(sip_msg_check(&room, SIP_INDEX_BYTES(room.nfield), m.text.n), 0);
		if (right)
			continue;
		print_error("rc %d status %d rule %s at %u for:\n%s\n", rc, why.status,
			    why.rule ? why.rule : "-", why.at, v[i].text);
		wrong++;
	}
	assert_int_equal(wrong, 0);
}

#define JUDGE(table) judge(table, sizeof(table) / sizeof((table)[0]))

static void rfc3261_7_1_request_line(void **state)
{
	static const struct verdict v[] = {
		{ START MUST END, FINE, 0 },
		{ "\r\n\r\n" START MUST END, FINE, 0 }, /* 7.5 */
		{ "INVITE sip:b@example.com sip/2.0\r\n" MUST END, FINE, 0 },
		{ "INVITE sip:b@example.com SIP/2.1\r\n" MUST END, 505, "SIP-Version" },
		{ "INVITE sip:b@example.com SIP/12.0\r\n" MUST END, 505, "SIP-Version" },
		{ "INVITE sip:b@example.com SIP/2.0x\r\n" MUST END, 400, "SIP-Version" },
		{ "INVITE sip:b@example.com HTTP/1.1\r\n" MUST END, 400, "SIP-Version" },
		{ "INVITE sip:b@example.com\r\n" MUST END, 400, "Request-Line" },
		{ "INVITE  sip:b@example.com SIP/2.0\r\n" MUST END, 400, "Request-URI" },
		{ "INVITE sip:b@example.com  SIP/2.0\r\n" MUST END, 400, "Request-URI" },
		{ "INVITE sip:b@example.com\tSIP/2.0\r\n" MUST END, 400, "Request-Line" },
		{ "INVITE sip:b@example.com; lr SIP/2.0\r\n" MUST END, 400, "Request-URI" },
		{ "INVITE <sip:b@example.com> SIP/2.0\r\n" MUST END, 400, "Request-URI" },
		{ "INVITE sip:b@example.com?Subject=x SIP/2.0\r\n" MUST END, 400, "Request-URI" },
		{ "INVITE sip:b@exam\x01ple.com SIP/2.0\r\n" MUST END, 400, "control character" },
		{ "INVITE sip:b@example.com SIP/2.0 \r\n" MUST END, 400, "SIP-Version" },
		{ "INVITE  SIP/2.0\r\n" MUST END, 400, "Request-URI" },
		{ "INVITE soap.beep://192.0.2.1 SIP/2.0\r\n" MUST END, FINE, 0 },
		{ "INVITE tel:+15551234;phone-context=x.example SIP/2.0\r\n" MUST END, FINE, 0 },
		{ " INVITE sip:b@example.com SIP/2.0\r\n" MUST END, 400, "Method" },
		{ "INV(TE sip:b@example.com SIP/2.0\r\n" MUST END, 400, "Method" },
		{ "INVITE\tsip:b@example.com SIP/2.0\r\n" MUST END, 400, "Method" },
		{ "(\r\n" MUST END, NO_ANSWER, "start line" },
		{ "( / HTTP/1.1\r\n" MUST END, NO_ANSWER, "start line" },
		{ "INVITE\r\n" MUST END, NO_ANSWER, "start line" },
		{ "INVITE sip:b@example.com SIP/2.0", NO_ANSWER, "start line" },
		{ "", NO_ANSWER, "start line" },
		{ "\r\n", NO_ANSWER, "start line" },
		{ "\r\n\r", NO_ANSWER, "start line" },
		{ "GET / HTTP/1.1\r\nHost: x\r\n\r\n", NO_ANSWER, "SIP-Version" },
	};

	(void)state;
	JUDGE(v);
}

static void rfc3261_7_2_status_line(void **state)
{
	static const struct verdict v[] = {
		{ OK200 MUST END, FINE, 0 },
		{ "SIP/2.0 100 \r\n" MUST END, FINE, 0 },
		{ "SIP/2.0 200\r\n" MUST END, FINE, 0 },
		{ "sip/2.0 699 \xd0\x94\xd0\xb0\ttab\r\n" MUST END, FINE, 0 },
		{ "SIP/2.0 099 Low\r\n" MUST END, NO_ANSWER, "Status-Line" },
		{ "SIP/2.0 700 High\r\n" MUST END, NO_ANSWER, "Status-Line" },
		{ "SIP/2.0 20 OK\r\n" MUST END, NO_ANSWER, "Status-Line" },
		{ "SIP/2.0 2000 OK\r\n" MUST END, NO_ANSWER, "Status-Line" },
		{ "SIP/2.0 +20 OK\r\n" MUST END, NO_ANSWER, "Status-Line" },
		{ "SIP/2.0  200 OK\r\n" MUST END, NO_ANSWER, "Status-Line" },
		{ "SIP/3.0 200 OK\r\n" MUST END, NO_ANSWER, "Status-Line" },
		{ "SIP/2.0\r\n" MUST END, NO_ANSWER, "Status-Line" },
		{ "SIP/2.0 200 O\x07K\r\n" MUST END, NO_ANSWER, "control character" },
		{ OK200 VIA FROM TO ID END, NO_ANSWER, "CSeq" },
		{ OK200 VIA FROM TO ID "CSeq: 1\r\n" END, NO_ANSWER, "CSeq" },
		{ OK200 MUST "Content-Length: 5\r\n\r\nabc", NO_ANSWER, "Content-Length" },
		{ OK200 MUST "Contact: oops\r\n" END, FINE, 0 }, /* its reader's business, not the way's */
	};

	(void)state;
	JUDGE(v);
}

static void rfc3261_7_3_1_header_lines(void **state)
{
	static const struct verdict v[] = {
		{ START MUST "Subject \t : x\r\n" END, FINE, 0 },
		{ START MUST "Subject:\r\n" END, FINE, 0 },
		{ START MUST "Subject: a\r\n b\r\n\tc\r\n" END, FINE, 0 },
		{ START MUST "Subject: a\r\n \r\n" END, FINE, 0 },
		{ START MUST "Subject\r\n" END, 400, "header-name" },
		{ START MUST ": x\r\n" END, 400, "header-name" },
		{ START MUST "Sub ject: x\r\n" END, 400, "header-name" },
		{ START MUST "Sub(ject: x\r\n" END, 400, "header-name" },
		{ START MUST "Subject\r\n : x\r\n" END, 400, "header-name" },
		{ START " Subject: x\r\n" MUST END, 400, "header-name" },
		{ START MUST "Subject: a\x01z\r\n" END, 400, "control character" },
		{ START MUST "Subject: a\x7fz\r\n" END, 400, "control character" },
		{ START MUST "Subject: a\rz\r\n" END, 400, "CRLF" },
		{ START MUST "Subject: a\\\x01z\r\n" END, 400, "control character" },
		{ START MUST "Subject: \"a\x01z\"\r\n" END, 400, "control character" },
		{ START MUST "Subject: \"a\\\x01z\"\r\n" END, FINE, 0 }, /* 25.1 quoted-pair */
		{ START MUST "Subject: \"a\\\\\x01z\"\r\n" END, 400, "control character" },
		{ START MUST "Subject: \"a\\\rz\"\r\n" END, 400, "CRLF" },
		{ START MUST "Subject: \xff\xfe\x80\r\n" END, FINE, 0 },
		{ START MUST "Subject: tab\there\r\n" END, FINE, 0 },
		{ START MUST "Date: yesterday\r\nWarning: 1812 overture\r\n" END, FINE, 0 }, /* 16.3 step 1 */
		{ START MUST, 400, "empty line" },
		{ START MUST "\r", 400, "empty line" },
		{ START MUST "Subject: cut", 400, "empty line" },
	};

	(void)state;
	JUDGE(v);
}

/* One reader's line is another's half: a bare LF or CR is refused, never guessed about. */
static void bare_line_ends_are_refused(void **state)
{
	static const struct verdict v[] = {
		{ "INVITE sip:b@example.com SIP/2.0\n"
		  "Via: SIP/2.0/UDP 192.0.2.1;branch=z9hG4bK1\nFrom: <sip:a@example.com>;tag=1\n"
		  "To: <sip:b@example.com>\nCall-ID: 1@example.com\nCSeq: 1 INVITE\n\n",
		  400, "CRLF" },
		{ START MUST "Subject: x\nRoute: <sip:evil.example;lr>\r\n" END, 400, "CRLF" },
		{ START MUST "Subject: x\n\r\n" END, 400, "CRLF" },
		{ START MUST "Subject: x\n y\r\n" END, 400, "CRLF" },
		{ START MUST "\n", 400, "CRLF" },
		{ START MUST "Subject: x\r\r\n" END, 400, "CRLF" },
		{ "\n" START MUST END, NO_ANSWER, "CRLF" },
	};
	struct sip_msg m = { 0 };

	(void)state;
	JUDGE(v);
	assert_int_equal(parse(&m, slice_str(v[0].text)), RT_BAD);
	assert_text(sip_msg_get(&m, SIP_HDR_CALL_ID), "1@example.com"); /* enough to answer with */
}

static void what_must_be_there_and_what_only_once(void **state)
{
	static const struct verdict v[] = {
		{ START FROM TO ID CSEQ END, NO_ANSWER, "Via" },
		{ START VIA TO ID CSEQ END, 400, "From" },
		{ START VIA FROM ID CSEQ END, 400, "To" },
		{ START VIA FROM TO CSEQ END, 400, "Call-ID" },
		{ START VIA FROM TO ID END, 400, "CSeq" },
		{ START MUST "f: <sip:x@example.com>\r\n" END, 400, "From" },
		{ START MUST "t: <sip:x@example.com>\r\n" END, 400, "To" },
		{ START MUST "i: 2\r\n" END, 400, "Call-ID" },
		{ START MUST "cseq: 1 INVITE\r\n" END, 400, "CSeq" },
		{ START MUST "Max-Forwards: 1\r\nMax-Forwards: 1\r\n" END, 400, "Max-Forwards" },
		{ START MUST "l: 0\r\nContent-Length: 0\r\n" END, 400, "Content-Length" },
		{ START MUST "l: 0\r\nContent-Length: 3\r\n" END "abc", 400, "Content-Length" },
		{ START MUST "v: SIP/2.0/TCP b.example\r\nSubject: a\r\nSubject: b\r\n" END, FINE, 0 },
		/* an ACK is never answered, 17.1.1.3 */
		{ "ACK sip:b@example.com SIP/2.0\r\n" VIA FROM TO ID CSEQ END, NO_ANSWER, "CSeq.method" },
	};

	(void)state;
	JUDGE(v);
}

static void values_that_routing_needs(void **state)
{
	static const struct verdict v[] = {
		{ START VIA FROM TO ID "CSeq: 4294967295 INVITE\r\n" END, FINE, 0 },
		{ START VIA FROM TO ID "CSeq: 4294967296 INVITE\r\n" END, 400, "CSeq" },
		{ START VIA FROM TO ID "CSeq: -1 INVITE\r\n" END, 400, "CSeq" },
		{ START VIA FROM TO ID "CSeq: 1INVITE\r\n" END, 400, "CSeq" },
		{ START VIA FROM TO ID "CSeq: INVITE\r\n" END, 400, "CSeq" },
		{ START VIA FROM TO ID "CSeq: 1 invite\r\n" END, 400, "CSeq.method" },
		{ START VIA FROM TO ID "CSeq: 1 INVITE x\r\n" END, 400, "CSeq" },
		{ START VIA FROM TO ID "CSeq: 1\r\n INVITE\r\n" END, FINE, 0 },
		{ START MUST "Max-Forwards: 255\r\n" END, FINE, 0 },
		{ START MUST "Max-Forwards: 256\r\n" END, 400, "Max-Forwards" },
		{ START MUST "Max-Forwards: 1 1\r\n" END, 400, "Max-Forwards" },
		{ START MUST "Max-Forwards:\r\n" END, 400, "Max-Forwards" },
		{ START VIA FROM TO "Call-ID: a b\r\n" CSEQ END, 400, "Call-ID" },
		{ START VIA FROM TO "Call-ID:\r\n" CSEQ END, 400, "Call-ID" },
		{ START VIA "From: <sip:a@example.com>;tag=\r\n" TO ID CSEQ END, 400, "From.tag" },
		{ START VIA "From: <sip:a@example.com>;tag\r\n" TO ID CSEQ END, 400, "From.tag" },
		{ START VIA "From: <sip:a@example.com>\r\n" TO ID CSEQ END, FINE, 0 }, /* RFC 2543 */
		{ START VIA "From: \"a <sip:a@example.com>\r\n" TO ID CSEQ END, 400, "From" },
		{ START VIA FROM "To: b@example.com\r\n" ID CSEQ END, 400, "To" },
		{ START VIA FROM "To: isbn:2983792873\r\n" ID CSEQ END, FINE, 0 },
		{ START "Via: SIP/2.0/UDP\r\n" FROM TO ID CSEQ END, NO_ANSWER, "Via" },
		{ START MUST "Via: SIP/2.0/UDP\r\n" END, 400, "Via" },
		{ START MUST "Via: SIP/2.0/UDP a.example,,SIP/2.0/UDP b.example\r\n" END, 400, "Via" },
		{ START MUST "Contact: *\r\n" END, 400, "Contact" },
		{ START MUST "Contact:\r\n" END, 400, "Contact" },
		{ START MUST "Contact: <sip:a@example.com\r\n" END, 400, "Contact" },
		{ START MUST "Contact: sip:a@example.com?a=b\r\n" END, 400, "Contact" },
		{ START MUST "Route: <sip:p.example;lr>, <sip:q.example;lr>\r\n" END, FINE, 0 },
		{ START MUST "Route: sip:p.example;lr\r\n" END, 400, "Route" },
		{ START MUST "Route: <sip:p.example;lr>,\r\n" END, 400, "Route" },
		{ START MUST "Record-Route: <sip:>\r\n" END, 400, "Record-Route" },
		{ START MUST "Supported: a,,b ,\r\n" END, FINE, 0 },
		{ "REGISTER sip:example.com SIP/2.0\r\n" VIA FROM TO ID "CSeq: 1 REGISTER\r\nContact: *\r\n" END,
		  FINE, 0 },
	};

	(void)state;
	JUDGE(v);
}

static void rfc3261_18_3_content_length(void **state)
{
	static const struct verdict v[] = {
		{ START MUST "Content-Length: 3\r\n\r\nabc", FINE, 0 },
		{ START MUST "Content-Length: 3\r\n\r\nabcd", FINE, 0 },
		{ START MUST "Content-Length: 4\r\n\r\nabc", 400, "Content-Length" },
		{ START MUST "Content-Length: -1\r\n\r\nabc", 400, "Content-Length" },
		{ START MUST "Content-Length: +1\r\n\r\nabc", 400, "Content-Length" },
		{ START MUST "Content-Length: 1, 1\r\n\r\nabc", 400, "Content-Length" },
		{ START MUST "Content-Length: 0x1\r\n\r\nabc", 400, "Content-Length" },
		{ START MUST "Content-Length: 18446744073709551617\r\n\r\nabc", 400, "Content-Length" },
		{ START MUST "Content-Length:\r\n\r\nabc", 400, "Content-Length" },
		{ START MUST "Content-Length:\r\n  0003 \r\n\r\nabc", FINE, 0 },
	};
	struct sip_msg m = { 0 };

	(void)state;
	JUDGE(v);
	assert_int_equal(parse(&m, slice_str(v[1].text)), 0);
	assert_text(sip_msg_body(&m), "abc");
	assert_int_equal(m.text.n, strlen(v[1].text) - 1);
	assert_int_equal(parse(&m, SLICE(START MUST "\r\nall of it\0 is body")), 0);
	assert_int_equal(sip_msg_body(&m).n, 18);
}

/* A text of the head, a filler line, and the end; the filler's bytes are `fill`. */
static struct slice with_filler(const char *name, uint32_t fill)
{
	static char text[70000];
	const uint32_t n = (uint32_t)snprintf(text, sizeof(text), START MUST "%s: ", name);

	memset(text + n, 'x', fill);
	memcpy(text + n + fill, "\r\n\r\n", 4);
	return slice_of(text, n + fill + 4);
}

static void limit_head_65535(void **state)
{
	const uint32_t rest = with_filler("Subject", 0).n;
	struct sip_msg m = { 0 };

	(void)state;
	assert_int_equal(parse(&m, with_filler("Subject", SIP_HEAD_MAX - rest - 1)), 0);
	assert_int_equal(parse(&m, with_filler("Subject", SIP_HEAD_MAX - rest)), 0);
	assert_int_equal(m.index->head_n, SIP_HEAD_MAX);
	assert_int_equal(parse(&m, with_filler("Subject", SIP_HEAD_MAX - rest + 1)), RT_BIG);
	assert_int_equal(why.status, 513);
	assert_text(sip_msg_get(&m, SIP_HDR_CALL_ID), "1@example.com");
}

/* 64 KB of the bytes that cost most: each must be looked at a bounded number of times. */
static void a_hostile_line_costs_its_length(void **state)
{
	static const char *const unit[] = { "\\\x01", "\x01", "\"\\\x01", "\"\"", "<", ",", ";a", "\r\n ", "%41", ":", "@", "[" };
	static const char *const name[] = { "Subject", "Contact", "Via", "From", "Route", "Call-ID", "Max-Forwards" };
	static char text[70000];

	(void)state;
	for (size_t u = 0; u < sizeof(unit) / sizeof(unit[0]); u++) {
		for (size_t h = 0; h < sizeof(name) / sizeof(name[0]); h++) {
			uint32_t n = (uint32_t)sprintf(text, START MUST "%s: \"sip:", name[h]);
			const clock_t start = clock();
			struct sip_msg m = { 0 };

			while (n < 65000)
				n += (uint32_t)sprintf(text + n, "%s", unit[u]);
			n += (uint32_t)sprintf(text + n, "\r\n\r\n");
			(void)parse(&m, slice_of(text, n));
			if (clock() - start > CLOCKS_PER_SEC / 10)
				fail_msg("%s full of %s took %ld us", name[h], unit[u], (long)(clock() - start));
		}
	}
}

static struct slice with_fields(int fields)
{
	static char text[SIP_FIELDS_MAX * 8 + 1000];
	uint32_t n = (uint32_t)snprintf(text, sizeof(text), START MUST "Allow: A5");

	for (int i = 6; i < fields; i++)
		n += (uint32_t)snprintf(text + n, sizeof(text) - n, ", A%d", i);
	n += (uint32_t)snprintf(text + n, sizeof(text) - n, "\r\n\r\n");
	return slice_of(text, n);
}

static void limit_250_values(void **state)
{
	struct sip_msg m = { 0 };

	(void)state;
	assert_int_equal(parse(&m, with_fields(SIP_FIELDS_MAX - 1)), 0);
	assert_int_equal(m.index->nfield, SIP_FIELDS_MAX - 1);
	assert_int_equal(parse(&m, with_fields(SIP_FIELDS_MAX)), 0);
	assert_int_equal(m.index->nfield, SIP_FIELDS_MAX);
	assert_int_equal(sip_msg_count(&m, SIP_HDR_ALLOW), SIP_FIELDS_MAX - 5);
	assert_int_equal(parse(&m, with_fields(SIP_FIELDS_MAX + 1)), RT_BIG);
	assert_int_equal(why.status, 513);
}

static struct slice with_target(uint32_t bytes)
{
	static char text[SIP_URI_MAX + 1000];
	const char *host = "@example.com";
	const uint32_t user = bytes - 4 - (uint32_t)strlen(host);
	uint32_t n = (uint32_t)sprintf(text, "INVITE sip:");

	memset(text + n, 'u', user);
	n += user;
	n += (uint32_t)sprintf(text + n, "%s SIP/2.0\r\n" MUST END, host);
	return slice_of(text, n);
}

static void limit_request_uri_8192(void **state)
{
	struct sip_msg m = { 0 };

	(void)state;
	assert_int_equal(parse(&m, with_target(SIP_URI_MAX - 1)), 0);
	assert_int_equal(parse(&m, with_target(SIP_URI_MAX)), 0);
	assert_int_equal(m.index->target.n, SIP_URI_MAX);
	assert_int_equal(parse(&m, with_target(SIP_URI_MAX + 1)), RT_BIG);
	assert_int_equal(why.status, 414);
}

static struct slice with_body(uint32_t bytes)
{
	static char text[SIP_BODY_MAX + 1000];
	const uint32_t n = (uint32_t)sprintf(text, START MUST END);

	memset(text + n, 0, bytes);
	return slice_of(text, n + bytes);
}

static void limit_body_1_mebibyte(void **state)
{
	struct sip_msg m = { 0 };

	(void)state;
	assert_int_equal(parse(&m, with_body(SIP_BODY_MAX - 1)), 0);
	assert_int_equal(parse(&m, with_body(SIP_BODY_MAX)), 0);
	assert_int_equal(m.index->body_n, SIP_BODY_MAX);
	assert_int_equal(parse(&m, with_body(SIP_BODY_MAX + 1)), RT_BIG);
	assert_int_equal(why.status, 413);
}

static void facts_of_a_request(void **state)
{
	struct sip_msg m = { 0 };
	const struct sip_facts *f = &room.facts;

	(void)state;
	assert_int_equal(
		parse(&m, SLICE("SUBSCRIBE sips:al%69ce:pw@[2001:db8::1]:5071;lr SIP/2.0\r\n"
				"V : SIP / 2.0 / TLS [2001:db8::9] : 5099 ;received=192.0.2.9;rport; alias;keep;"
				"maddr=224.0.1.75;branch=Z9HG4bKx,\r\n SIP/2.0/UDP second.example\r\n"
				"f: \"A, \\\" B\" <sip:a@example.com;x=y> ; TAG = f1\r\n"
				"T: sip:b@example.com;tag=t1\r\n"
				"I: id\r\nCSEQ: 0007\r\n\tSUBSCRIBE\r\nMAX-FORWARDS: 0\r\n\r\n")),
		0);
	assert_int_equal(room.method, SIP_SUBSCRIBE);
	assert_int_equal(f->uri_scheme, SIP_SCHEME_SIPS);
	assert_text(sip_msg_span(&m, f->uri_user), "al%69ce");
	assert_text(sip_msg_span(&m, f->uri_host), "2001:db8::1");
	assert_int_equal(f->uri_port, 5071);
	assert_text(sip_msg_span(&m, f->via_host), "2001:db8::9");
	assert_int_equal(f->via_port, 5099);
	assert_int_equal(f->via_transport, SIP_TLS);
	assert_text(sip_msg_span(&m, f->via_branch), "Z9HG4bKx");
	assert_int_equal(f->via_flags, SIP_VIA_COOKIE | SIP_VIA_RPORT | SIP_VIA_RECEIVED | SIP_VIA_ALIAS |
					       SIP_VIA_MADDR | SIP_VIA_KEEP);
	assert_text(sip_msg_span(&m, f->from_tag), "f1");
	assert_text(sip_msg_span(&m, f->to_tag), "t1");
	assert_int_equal(f->cseq, 7);
	assert_int_equal(f->max_forwards, 0);
	assert_int_equal(sip_msg_count(&m, SIP_HDR_VIA), 2);
	assert_text(sip_msg_target(&m), "sips:al%69ce:pw@[2001:db8::1]:5071;lr");
	assert_text(sip_msg_method(&m), "SUBSCRIBE");
}

static void facts_of_a_response(void **state)
{
	struct sip_msg m = { 0 };

	(void)state;
	assert_int_equal(parse(&m, SLICE("\r\nSIP/2.0 486 Busy  Here\r\n" MUST END)), 0);
	assert_false(sip_msg_is_request(&m));
	assert_int_equal(room.status, 486);
	assert_int_equal(room.method, SIP_INVITE);
	assert_text(sip_msg_method(&m), "INVITE");
	assert_text(sip_msg_target(&m), "Busy  Here");
	assert_int_equal(m.text.p[0], 'S');
	assert_int_equal(room.facts.max_forwards, -1);
	assert_int_equal(room.facts.uri_scheme, SIP_SCHEME_NONE);
}

static void values_are_split_outside_quotes_and_brackets(void **state)
{
	static const char *const want[] = { "\"a, b\\\",<\" <sip:a,1@example.com>;x=\"1,2\"",
					    "<sip:b@example.com>", "sip:c@example.com", "\"\"<sip:d@example.com>" };
	struct sip_msg m = { 0 };
	int i = 0;

	(void)state;
	assert_int_equal(parse(&m, SLICE(START MUST "Contact : \"a, b\\\",<\" <sip:a,1@example.com>;x=\"1,2\" ,\r\n"
						    " <sip:b@example.com>,sip:c@example.com\r\n"
						    "Subject: a, b\r\n"
						    "m: \"\"<sip:d@example.com>\r\n\r\n")),
			 0);
	for (int f = sip_msg_first(&m, SIP_HDR_CONTACT); f >= 0; f = sip_msg_next(&m, f), i++) {
		assert_text(sip_msg_value(&m, f), want[i]);
		assert_int_equal(room.field[f].line, i < 3 ? 5 : 7);
	}
	assert_int_equal(i, 4);
	assert_text(sip_msg_get(&m, SIP_HDR_SUBJECT), "a, b");
	assert_int_equal(room.lines, 8);
}

static void lists_of_tokens_are_searched_in_any_case(void **state)
{
	struct sip_msg m = { 0 };

	(void)state;
	assert_int_equal(parse(&m, SLICE(START MUST "Supported: path , Outbound\r\nk: 100rel\r\nRequire:\r\n"
						    "X-Odd: 1\r\nx-odd: 2\r\n\r\n")),
			 0);
	assert_true(sip_msg_lists(&m, SIP_HDR_SUPPORTED, SLICE("outbound")));
	assert_true(sip_msg_lists(&m, SIP_HDR_SUPPORTED, SLICE("100REL")));
	assert_false(sip_msg_lists(&m, SIP_HDR_SUPPORTED, SLICE("out")));
	assert_false(sip_msg_lists(&m, SIP_HDR_PROXY_REQUIRE, SLICE("path")));
	assert_true(sip_msg_has(&m, SIP_HDR_REQUIRE));
	assert_text(sip_msg_get(&m, SIP_HDR_REQUIRE), "");
	assert_absent(sip_msg_get(&m, SIP_HDR_ROUTE));
	assert_text(sip_msg_get_other(&m, SLICE("X-ODD")), "1");
	assert_absent(sip_msg_get_other(&m, SLICE("X-Od")));
}

static void the_fault_says_where(void **state)
{
	const char *text = START MUST "Max-Forwards: many\r\nl: 9\r\n\r\n";
	struct sip_msg m = { 0 };

	(void)state;
	assert_int_equal(parse(&m, slice_str(text)), RT_BAD);
	assert_string_equal(why.rule, "Content-Length"); /* framing first, values after */
	assert_int_equal(why.at, strstr(text, "9\r\n\r\n") - text);
	assert_int_equal(sip_msg_parse(&m, &room, slice_str(text), 0), RT_BAD); /* why may be absent */
	assert_int_equal(sip_msg_parse(&m, &room, SLICE_NONE, 0), RT_BAD);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rfc3261_7_1_request_line),
		cmocka_unit_test(rfc3261_7_2_status_line),
		cmocka_unit_test(rfc3261_7_3_1_header_lines),
		cmocka_unit_test(bare_line_ends_are_refused),
		cmocka_unit_test(what_must_be_there_and_what_only_once),
		cmocka_unit_test(values_that_routing_needs),
		cmocka_unit_test(rfc3261_18_3_content_length),
		cmocka_unit_test(limit_head_65535),
		cmocka_unit_test(a_hostile_line_costs_its_length),
		cmocka_unit_test(limit_250_values),
		cmocka_unit_test(limit_request_uri_8192),
		cmocka_unit_test(limit_body_1_mebibyte),
		cmocka_unit_test(facts_of_a_request),
		cmocka_unit_test(facts_of_a_response),
		cmocka_unit_test(values_are_split_outside_quotes_and_brackets),
		cmocka_unit_test(lists_of_tokens_are_searched_in_any_case),
		cmocka_unit_test(the_fault_says_where),
	};
	return cmocka_run_group_tests(tests, 0, 0);
}
