/* SPDX-License-Identifier: MIT */
/* sip: what the grammar costs: parsing the messages of a call, rendering what a proxy makes of them, cutting a stream. */
#include "measure.h"
#include "sip/addr.h"
#include "sip/draft.h"
#include "sip/stamp.h"
#include "sip/frame.h"
#include "sip/param.h"
#include "sip/route.h"
#include "sip/uri.h"
#include "sip/via.h"

#define SDP                                                                                                                          \
	"v=0\r\no=- 3724394400 3724394405 IN IP4 192.0.2.1\r\ns=call\r\nc=IN IP4 192.0.2.1\r\nt=0 0\r\nm=audio 40000 RTP/AVP 0 8 101\r\n" \
	"a=rtpmap:0 PCMU/8000\r\na=rtpmap:8 PCMA/8000\r\na=rtpmap:101 telephone-event/8000\r\na=fmtp:101 0-15\r\na=sendrecv\r\n"
#define CALLER "Via: SIP/2.0/UDP 192.0.2.1:5062;rport=5062;branch=z9hG4bK5f0c2a310000000001000004i0;received=192.0.2.1\r\n"
#define PROXY "Via: SIP/2.0/UDP 198.51.100.1:5060;branch=z9hG4bK00000a0000000100000042deadbeef.00112233445566\r\n"
#define PARTIES(tag) \
	"From: <sip:a0001001@example.com>;tag=9822cb28\r\nTo: <sip:a0000000@example.com>" tag "\r\nCall-ID: 5f0c2a310000000001000004@storm\r\n"
#define ROUTE "<sip:0a1b2c3d4e5f60718293a4b5@198.51.100.1:5060;lr>\r\n"

static const char invite[] = "INVITE sip:a0000000@example.com SIP/2.0\r\n"
			     "Via: SIP/2.0/UDP 192.0.2.1:5062;rport;branch=z9hG4bK5f0c2a310000000001000004i0\r\n"
			     "Max-Forwards: 70\r\n" PARTIES("") "CSeq: 1 INVITE\r\nContact: <sip:a0001001@192.0.2.1:5062>\r\n"
			     "Allow: INVITE, ACK, CANCEL, BYE, OPTIONS, MESSAGE\r\nSupported: replaces, timer\r\nUser-Agent: storm/2\r\n"
			     "Content-Type: application/sdp\r\nContent-Length: 223\r\n\r\n" SDP;
static const char ringing[] = "SIP/2.0 180 Ringing\r\n" PROXY CALLER "Record-Route: " ROUTE PARTIES(";tag=callee0")
			      "CSeq: 1 INVITE\r\nContact: <sip:a0000000-0@192.0.2.2:7100>\r\nUser-Agent: storm/2\r\nContent-Length: 0\r\n\r\n";
static const char answered[] = "SIP/2.0 200 OK\r\n" PROXY CALLER "Record-Route: " ROUTE PARTIES(";tag=callee0")
			       "CSeq: 1 INVITE\r\nContact: <sip:a0000000-0@192.0.2.2:7100>\r\nUser-Agent: storm/2\r\n"
			       "Content-Type: application/sdp\r\nContent-Length: 223\r\n\r\n" SDP;
static const char bye[] = "BYE sip:a0000000-0@192.0.2.2:7100 SIP/2.0\r\n"
			  "Via: SIP/2.0/UDP 192.0.2.1:5062;rport;branch=z9hG4bK5f0c2a310000000001000004b0\r\nRoute: " ROUTE
			  "Max-Forwards: 70\r\n" PARTIES(";tag=callee0") "CSeq: 2 BYE\r\nUser-Agent: storm/2\r\nContent-Length: 0\r\n\r\n";
static const char registration[] = "REGISTER sip:example.com SIP/2.0\r\n"
				   "Via: SIP/2.0/UDP 192.0.2.1:5062;rport;branch=z9hG4bK5f0c2a310000000001000004r0\r\n"
				   "Max-Forwards: 70\r\nFrom: <sip:a0000000@example.com>;tag=9822cb28\r\nTo: <sip:a0000000@example.com>\r\n"
				   "Call-ID: 5f0c2a31-a0000000@storm\r\nCSeq: 17 REGISTER\r\nContact: <sip:a0000000-0@192.0.2.2:7100>\r\n"
				   "Authorization: Digest username=\"a0000000\", realm=\"example.com\", nonce=\"6f1a2b3c4d5e6f708192a3b4c5d6e7f8\","
				   " uri=\"sip:example.com\", response=\"0123456789abcdef0123456789abcdef\", algorithm=MD5, qop=auth,"
				   " nc=00000001, cnonce=\"9822cb28\"\r\n"
				   "Expires: 3600\r\nUser-Agent: storm/2\r\nContent-Length: 0\r\n\r\n";

struct bench {
	struct slice text;
	struct sip_index room;
	struct sip_msg msg;
	struct rt_arena *arena;
};

static void parse(void *arg, uint32_t times)
{
	struct bench *const b = arg;

	while (times--) {
		if (sip_msg_parse(&b->msg, &b->room, b->text, 0))
			abort();
		measure_use(&b->room);
	}
}

static void check(void *arg, uint32_t times)
{
	const struct bench *const b = arg;

	while (times--)
		if (sip_msg_check(b->msg.index, SIP_INDEX_BYTES(b->msg.index->nfield), b->msg.text.n))
			abort();
}

static void render(struct bench *b, struct sip_draft *d)
{
	struct sip_msg out;

	if (sip_draft_render(d, b->arena, &out))
		abort();
	measure_use(out.text.p);
	rt_arena_reset(b->arena);
}

/* What a transport adds to an arriving request (18.2.1, RFC 3581). */
static void stamp(void *arg, uint32_t times)
{
	const struct sip_stamp stamp = { .ip = SLICE("192.0.2.1"), .port = 5062 };
	struct bench *const b = arg;
	struct sip_msg out;

	while (times--) {
		if (sip_msg_stamp(&out, b->arena, &b->msg, &stamp))
			abort();
		measure_use(out.text.p);
		rt_arena_reset(b->arena);
	}
}

/* 16.6: Request-URI, Max-Forwards, Record-Route, Max-Breadth. The Via is the transport's. */
static void forward(void *arg, uint32_t times)
{
	struct bench *const b = arg;

	while (times--) {
		struct sip_draft *const d = sip_draft_from(b->arena, &b->msg);

		sip_draft_target(d, SLICE("sip:a0000000-0@192.0.2.2:7100"));
		sip_draft_set(d, SIP_HDR_MAX_FORWARDS, SLICE("69"));
		sip_draft_push(d, SIP_HDR_RECORD_ROUTE, SLICE("<sip:0a1b2c3d4e5f60718293a4b5@198.51.100.1:5060;lr>"));
		sip_draft_set(d, SIP_HDR_MAX_BREADTH, SLICE("60"));
		render(b, d);
	}
}

/* 16.7 step 3: our Via comes off. */
static void backward(void *arg, uint32_t times)
{
	struct bench *const b = arg;

	while (times--) {
		struct sip_draft *const d = sip_draft_from(b->arena, &b->msg);

		sip_draft_pop(d, SIP_HDR_VIA);
		render(b, d);
	}
}

static void reply(void *arg, uint32_t times)
{
	struct bench *const b = arg;

	while (times--)
		render(b, sip_draft_reply(b->arena, &b->msg, 100, SLICE_NONE, SLICE_NONE));
}

static void cut(void *arg, uint32_t times)
{
	const struct bench *const b = arg;

	while (times--) {
		struct sip_frame f = { 0 };
		struct slice out;
		uint32_t used, ping;

		if (sip_frame_cut(&f, b->text, &out, &used, &ping) || used != b->text.n)
			abort();
		measure_use(out.p);
	}
}

static void uri(void *arg, uint32_t times)
{
	struct sip_uri u;

	(void)arg;
	while (times--) {
		if (sip_uri_parse(&u, SLICE("sip:alice@example.com:5061;transport=tcp;lr")))
			abort();
		measure_use(&u);
	}
}

static void aor(void *arg, uint32_t times)
{
	struct bench *const b = arg;
	struct sip_uri u;
	struct slice out;

	if (sip_uri_parse(&u, SLICE("sip:alice@Example.com;transport=tcp")))
		abort();
	while (times--) {
		if (sip_uri_aor(&u, b->arena, &out))
			abort();
		measure_use(out.p);
		rt_arena_reset(b->arena);
	}
}

static void via(void *arg, uint32_t times)
{
	struct sip_via v;

	(void)arg;
	while (times--) {
		if (sip_via_parse(&v, SLICE("SIP/2.0/UDP 192.0.2.1:5062;rport=5062;branch=z9hG4bK5f0c2a310000000001000004i0;received=192.0.2.1")))
			abort();
		measure_use(&v);
	}
}

static void branch(void *arg, uint32_t times)
{
	const struct rt_key key = { 1, 2 };
	const struct sip_branch b = { 10, 0x100000042, 0x1122334455667788 };

	(void)arg;
	while (times--) {
		char room[SIP_BRANCH_BYTES];
		struct rt_cursor c = rt_cursor_on(room, sizeof(room));
		struct sip_branch back;

		sip_branch_render(&c, &b, key);
		if (sip_branch_parse(&back, rt_cursor_text(&c), key))
			abort();
	}
}

static struct bench on(const char *text)
{
	struct bench b = { .text = slice_str(text) };

	b.arena = rt_arena_new(1 << 16);
	return b;
}

static void with(const char *what, measure_fn *fn, const char *text)
{
	struct bench b = on(text);
	char name[80];

	parse(&b, 1);
	snprintf(name, sizeof(name), "%s, %u bytes", what, b.text.n);
	measure(name, fn, &b);
	rt_arena_destroy(&b.arena);
}

int main(int argc, char **argv)
{
	struct bench b = on(invite);

	measure_only = argc > 1 ? argv[1] : 0;
	with("parse INVITE", parse, invite);
	with("parse 180", parse, ringing);
	with("parse 200", parse, answered);
	with("parse BYE", parse, bye);
	with("parse REGISTER with digest", parse, registration);
	with("check the index of an INVITE", check, invite);
	with("stamp received and rport, INVITE", stamp, invite);
	with("render a forwarded INVITE", forward, invite);
	with("render a forwarded 200", backward, answered);
	with("render 100 to an INVITE", reply, invite);
	with("cut an INVITE off a stream", cut, invite);
	measure("parse a URI", uri, &b);
	measure("address of record of a URI", aor, &b);
	measure("parse a Via", via, &b);
	measure("make and read our branch", branch, &b);
	rt_arena_destroy(&b.arena);
	return 0;
}
