/* SPDX-License-Identifier: MIT */
/* actor: the agent between parcels: what comes as DEPART, what it answers, and what the table of RFC 3262 makes it send again. */
#include "kit/fake_svc.h"

#include "sip/route.h"

enum { ME = 9, TXN = 5, PROXY = 3, EDGE = 2 };

static char *environment[] = { (char[]){ "PEAL_SERVER_DOMAINS=example.com" }, (char[]){ "PEAL_AGENT_SERVICES=echo ring busy" },
			       (char[]){ "PEAL_AGENT_RTP=127.0.0.1:25900-25939" }, 0 };

static struct svc *open_agent(void)
{
	struct svc *svc = fake_new(&agent_actor, ME, environment);
	struct wire_member edge = { .id = EDGE, .tier = WIRE_TRANSPORT, .state = WIRE_LIVE, .version = 1, .host = "here", .nlistener = 1 };

	assert_int_equal(sip_hop_parse(&edge.listener[0].local, SLICE("udp:127.0.0.1:5060")), 0);
	snprintf(edge.listener[0].host, sizeof(edge.listener[0].host), "127.0.0.1");
	edge.listener[0].port = 5060;
	assert_int_equal(wire_members_put(svc->members, &edge), 0);
	fake_member(svc, TXN, WIRE_TRANSACTION);
	fake_member(svc, PROXY, WIRE_PROXY);
	fake_open(svc);
	return svc;
}

static const char sdp[] = "v=0\r\no=- 1 1 IN IP4 192.0.2.1\r\ns=-\r\nc=IN IP4 192.0.2.1\r\nt=0 0\r\nm=audio 4000 RTP/AVP 0\r\n";

static const char *invite(const char *service, const char *extra, const char *body)
{
	static char text[2048];

	snprintf(text, sizeof(text),
		 "INVITE sip:%s@example.com SIP/2.0\r\nVia: SIP/2.0/TCP agent-9.invalid;branch=z9hG4bK1\r\n"
		 "Via: SIP/2.0/UDP 192.0.2.1:5060;branch=z9hG4bK0\r\nMax-Forwards: 69\r\n"
		 "From: <sip:alice@example.com>;tag=a\r\nTo: <sip:%s@example.com>\r\nCall-ID: 1@alice\r\nCSeq: 1 INVITE\r\n"
		 "Contact: <sip:alice@192.0.2.1>\r\n%s%sContent-Length: %zu\r\n\r\n%s",
		 service, service, extra, *body ? "Content-Type: application/sdp\r\n" : "", strlen(body), body);
	return text;
}

static void offer(struct svc *svc, rt_handle txn, const char *text)
{
	const struct wire_head head = { .verb = WIRE_OFFER, .to = ME, .from = TXN, .txn = txn, .edge = ME, .trail = 77 };

	fake_parcel(svc, &head, text);
}

static struct slice field(const struct fake_post *p, enum sip_hdr id)
{
	const struct sip_msg m = { p->text, p->index };

	return sip_msg_get(&m, id);
}

/* The next ANSWER; fails when it is another parcel or another status. */
static const struct fake_post *answered(struct svc *svc, rt_handle txn, int status)
{
	const struct fake_post *const p = fake_next(svc);

	assert_non_null(p);
	assert_int_equal(p->head.verb, WIRE_ANSWER);
	assert_int_equal(p->head.to, TXN);
	assert_int_equal(p->head.txn, txn);
	assert_non_null(p->index);
	assert_int_equal(p->index->status, status);
	return p;
}

/* A request in the dialog that `response` made. */
static const char *inside(const struct fake_post *response, const char *method, int cseq, const char *extra)
{
	static char text[2048];

	snprintf(text, sizeof(text),
		 "%s sip:x@127.0.0.1:5060 SIP/2.0\r\nVia: SIP/2.0/TCP agent-9.invalid;branch=z9hG4bK%d%s\r\nMax-Forwards: 69\r\n"
		 "From: <sip:alice@example.com>;tag=a\r\nTo: " SLICE_FMT "\r\nCall-ID: 1@alice\r\nCSeq: %d %s\r\n%s"
		 "Content-Length: 0\r\n\r\n",
		 method, cseq, method, SLICE_ARG(field(response, SIP_HDR_TO)), cseq, method, extra);
	return text;
}

static void request_that_departs_comes_home(void **state)
{
	struct svc *svc = open_agent();
	const struct wire_head head = { .verb = WIRE_DEPART, .to = ME, .from = TXN, .branch = 0x1234, .loop = 7, .edge = ME, .trail = 5 };
	const struct fake_post *p;
	struct sip_branch b;
	struct sip_msg m;

	(void)state;
	fake_parcel(svc, &head, invite("echo", "", ""));
	p = fake_next(svc);
	assert_non_null(p);
	assert_int_equal(p->head.verb, WIRE_ARRIVED);
	assert_int_equal(p->head.to, TXN);
	assert_int_equal(p->head.edge, ME);
	assert_true(p->head.flags & WIRE_HOME);
	assert_int_equal(p->head.trail, 5);
	m = (struct sip_msg){ p->text, p->index };
	assert_int_equal(sip_msg_count(&m, SIP_HDR_VIA), 3);
	assert_int_equal(sip_branch_parse(&b, sip_msg_span(&m, m.index->facts.via_branch), svc_secret(svc, "branch")), 0);
	assert_int_equal(b.owner, TXN);
	assert_int_equal(b.handle, 0x1234);
	assert_int_equal(b.loop, 7);
	fake_destroy(&svc);
}

static void response_that_departs_finds_its_owner(void **state)
{
	struct svc *svc = open_agent();
	struct wire_head head = { .verb = WIRE_DEPART, .to = ME, .from = TXN, .branch = 0x1234, .loop = 7, .edge = ME };
	const struct fake_post *p;
	char text[2048];
	struct slice via;

	(void)state;
	fake_parcel(svc, &head, invite("echo", "", ""));
	via = field(fake_next(svc), SIP_HDR_VIA);
	snprintf(text, sizeof(text),
		 "SIP/2.0 180 Ringing\r\nVia: " SLICE_FMT "\r\nVia: SIP/2.0/UDP 192.0.2.1;branch=z9hG4bK0\r\nFrom: <sip:a@example.com>;tag=a\r\n"
		 "To: <sip:echo@example.com>;tag=b\r\nCall-ID: 1@alice\r\nCSeq: 1 INVITE\r\nContent-Length: 0\r\n\r\n",
		 SLICE_ARG(via));
	head.branch = 0;
	head.txn = 3;
	fake_parcel(svc, &head, text);
	p = fake_next(svc);
	assert_non_null(p);
	assert_int_equal(p->head.verb, WIRE_ARRIVED);
	assert_int_equal(p->head.to, TXN);
	assert_int_equal(p->head.branch, 0x1234);
	assert_int_equal(p->head.loop, 7);
	assert_int_equal(p->index->status, 180);
	fake_destroy(&svc);
}

static void rfc3262_3_ring_is_sent_again_until_its_prack(void **state)
{
	struct svc *svc = open_agent();
	const struct fake_post *first, *copy;
	char rack[128];
	uint32_t rseq;

	(void)state;
	offer(svc, 11, invite("ring", "Supported: 100rel\r\n", ""));
	first = answered(svc, 11, 180);
	assert_text(field(first, SIP_HDR_REQUIRE), "100rel");
	assert_true(slice_u32(field(first, SIP_HDR_RSEQ), &rseq));
	fake_run_until(svc, svc->now + 510);
	copy = answered(svc, 11, 180);
	assert_true(slice_eq(copy->text, first->text));
	snprintf(rack, sizeof(rack), "RAck: %u 1 INVITE\r\n", rseq);
	offer(svc, 12, inside(first, "PRACK", 2, rack));
	answered(svc, 12, 200);
	fake_run_until(svc, svc->now + 30000);
	assert_null(fake_next(svc));
	offer(svc, 13, inside(first, "PRACK", 3, rack));
	answered(svc, 13, 481);
	fake_destroy(&svc);
}

static void rfc3262_3_nobody_acknowledges(void **state)
{
	struct svc *svc = open_agent();
	const struct fake_post *p = 0, *last = 0;

	(void)state;
	offer(svc, 11, invite("ring", "Require: 100rel\r\n", ""));
	fake_run_until(svc, svc->now + 33000);
	while ((p = fake_next(svc)))
		last = p;
	assert_non_null(last);
	assert_int_equal(last->index->status, 504);
	fake_destroy(&svc);
}

static void rfc3262_3_prack_after_the_final_response(void **state)
{
	struct svc *svc = open_agent();
	const struct wire_head cancel = { .verb = WIRE_ABANDON, .to = ME, .from = TXN, .txn = 11 };
	const struct fake_post *first;
	char rack[128];
	uint32_t rseq;

	(void)state;
	offer(svc, 11, invite("ring", "Supported: 100rel\r\n", ""));
	first = answered(svc, 11, 180);
	assert_true(slice_u32(field(first, SIP_HDR_RSEQ), &rseq));
	snprintf(rack, sizeof(rack), "RAck: %u 1 INVITE\r\n", rseq);
	fake_parcel(svc, &cancel, 0);
	answered(svc, 11, 487);
	offer(svc, 12, inside(first, "PRACK", 2, rack));
	answered(svc, 12, 200);
	offer(svc, 13, inside(first, "BYE", 3, ""));
	answered(svc, 13, 481);
	fake_run_until(svc, svc->now + 40000);
	assert_null(fake_next(svc));
	fake_destroy(&svc);
}

static void rfc3261_13_3_1_1_a_ringing_phone_says_so_every_minute(void **state)
{
	struct svc *svc = open_agent();

	(void)state;
	offer(svc, 11, invite("ring", "", ""));
	assert_absent(field(answered(svc, 11, 180), SIP_HDR_RSEQ));
	fake_run_until(svc, svc->now + 60010);
	answered(svc, 11, 180);
	assert_null(fake_next(svc));
	fake_destroy(&svc);
}

static void rfc3261_8_2_2_2_merged_request(void **state)
{
	struct svc *svc = open_agent();

	(void)state;
	offer(svc, 11, invite("ring", "", ""));
	answered(svc, 11, 180);
	offer(svc, 12, invite("ring", "", ""));
	answered(svc, 12, 482);
	fake_destroy(&svc);
}

static void rfc3261_13_3_1_4_the_200_until_its_ack(void **state)
{
	struct svc *svc = open_agent();
	const struct fake_post *ok;

	(void)state;
	offer(svc, 11, invite("echo", "", sdp));
	ok = answered(svc, 11, 200);
	fake_run_until(svc, svc->now + 510);
	answered(svc, 11, 200);
	offer(svc, 0, inside(ok, "ACK", 1, ""));
	fake_run_until(svc, svc->now + 10000);
	assert_null(fake_next(svc));
	offer(svc, 12, inside(ok, "BYE", 2, ""));
	answered(svc, 12, 200);
	fake_destroy(&svc);
}

static void the_contact_names_agent_and_call(void **state)
{
	struct svc *svc = open_agent();
	struct sip_service s;
	struct slice contact, user;

	(void)state;
	offer(svc, 11, invite("echo", "", sdp));
	contact = field(answered(svc, 11, 200), SIP_HDR_CONTACT);
	user = slice_from(contact, sizeof("<sip:") - 1);
	user = slice_head(user, (uint32_t)slice_find(user, '@'));
	assert_int_equal(sip_service_parse(&s, user, svc_secret(svc, "branch")), 0);
	assert_text(s.name, "echo");
	assert_int_equal(s.agent, ME);
	fake_destroy(&svc);
}

static void a_drain_ends_every_call(void **state)
{
	struct svc *svc = open_agent();
	const struct fake_post *p, *ok;

	(void)state;
	offer(svc, 11, invite("echo", "", sdp));
	ok = answered(svc, 11, 200);
	offer(svc, 0, inside(ok, "ACK", 1, ""));
	svc->actor->drain(svc->self);
	p = fake_next(svc);
	assert_non_null(p);
	assert_int_equal(p->head.verb, WIRE_ARRIVED);
	assert_int_equal(p->index->method, SIP_BYE);
	assert_int_equal(svc->actor->load(svc->self), 0);
	offer(svc, 12, invite("ring", "", ""));
	answered(svc, 12, 480);
	fake_destroy(&svc);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(request_that_departs_comes_home),
		cmocka_unit_test(response_that_departs_finds_its_owner),
		cmocka_unit_test(rfc3262_3_ring_is_sent_again_until_its_prack),
		cmocka_unit_test(rfc3262_3_nobody_acknowledges),
		cmocka_unit_test(rfc3262_3_prack_after_the_final_response),
		cmocka_unit_test(rfc3261_13_3_1_1_a_ringing_phone_says_so_every_minute),
		cmocka_unit_test(rfc3261_8_2_2_2_merged_request),
		cmocka_unit_test(rfc3261_13_3_1_4_the_200_until_its_ack),
		cmocka_unit_test(the_contact_names_agent_and_call),
		cmocka_unit_test(a_drain_ends_every_call),
	};

	return cmocka_run_group_tests_name("unit/agent/actor", tests, 0, 0);
}
