/* SPDX-License-Identifier: MIT */
/* actor: what stands in the messages and parcels of the transaction tier, and what it does when it is full or refused. */
#include "scene.h"

static struct sip_msg read_text(const struct fake_post *p)
{
	static struct sip_index room[4];
	static int turn;
	struct sip_msg m;

	assert_int_equal(sip_msg_parse(&m, &room[turn], p->text, 0), 0);
	turn = (turn + 1) % 4;
	return m;
}

/* 8.2.6.1: "a delay value into the Timestamp value", where there was one: the 100 that a slow request gets after 3.5 s. */
static void rfc3261_8_2_6_1_delay(void **state)
{
	struct svc *svc = *state;
	const struct fake_post *p;
	struct sip_msg m;

	arrive(svc, REQUEST("OPTIONS", "1", "<sip:bob@example.com>"));
	fake_next(svc);
	while (!(p = fake_next(svc)))
		assert_true(fake_fire(svc, svc->now + 4000));
	m = read_text(p);
	assert_int_equal(m.index->status, 100);
	assert_text(sip_msg_get(&m, SIP_HDR_TIMESTAMP), "54 3.500");
}

/* 8.2.6.1: Timestamp is copied; 8.2.6.2: the Vias in order, no To tag. */
static void rfc3261_8_2_6_trying(void **state)
{
	struct svc *svc = *state;
	const struct fake_post *p;
	struct sip_msg m;

	arrive(svc, INVITE("1"));
	p = fake_next(svc);
	m = read_text(p);
	assert_int_equal(m.index->status, 100);
	assert_text(sip_msg_get(&m, SIP_HDR_TIMESTAMP), "54");
	assert_text(sip_msg_get(&m, SIP_HDR_TO), "<sip:bob@example.com>");
	assert_text(sip_msg_get(&m, SIP_HDR_FROM), "<sip:alice@example.org>;tag=f");
	assert_text(sip_msg_get(&m, SIP_HDR_CSEQ), "7 INVITE");
	assert_int_equal(sip_msg_count(&m, SIP_HDR_VIA), 2);
	assert_text(sip_msg_get(&m, SIP_HDR_VIA), "SIP/2.0/UDP p.example.org;branch=z9hG4bK1;rport=5070;received=192.0.2.7");
	assert_int_equal(p->head.verb, WIRE_DEPART);
	assert_int_equal(p->head.to, TRANSPORT);
	assert_int_equal(p->head.flow, 1234);
	assert_int_equal(p->head.listener, 3);
	assert_int_equal(p->head.remote.port, 5070);
	assert_int_equal(p->head.trail, 99);
}

static void an_offer_says_where_it_came_from(void **state)
{
	struct svc *svc = *state;
	struct wire_head h = head_of(WIRE_ARRIVED, TRANSPORT, SIP_TCP);
	const struct fake_post *p;

	h.flags = WIRE_PEER;
	fake_parcel(svc, &h, INVITE("1"));
	(void)fake_next(svc);
	p = fake_next(svc);
	assert_int_equal(p->head.verb, WIRE_OFFER);
	assert_int_equal(p->head.to, PROXY);
	assert_int_equal(p->head.edge, TRANSPORT);
	assert_int_equal(p->head.flow, 1234);
	assert_int_equal(p->head.listener, 3);
	assert_int_equal(p->head.born, 555);
	assert_int_equal(p->head.trail, 99);
	assert_int_equal(p->head.flags, WIRE_PEER);
	assert_memory_equal(&p->head.remote, &h.remote, sizeof(h.remote));
	assert_memory_equal(&p->head.local, &h.local, sizeof(h.local));
	assert_non_null(p->index);
	assert_int_not_equal(p->head.txn, 0);
}

#define RESPONSE(status, method, tag)                                                                  \
	"SIP/2.0 " status " Said So\r\nVia: SIP/2.0/UDP p.example.org;branch=z9hG4bK1\r\n"                  \
	FIELDS("1", method, "<sip:bob@example.com>;tag=" tag)

/* 9.2: "The To tag of the response to the CANCEL and the To tag in the response to the original request SHOULD be the same." */
static void rfc3261_9_2_tag_of_the_200(void **state)
{
	struct svc *svc = *state;
	struct wire_head answer = head_of(WIRE_ANSWER, PROXY, SIP_UDP);
	struct sip_msg m;

	arrive(svc, INVITE("1"));
	(void)fake_next(svc);
	answer.txn = fake_next(svc)->head.txn;
	fake_parcel(svc, &answer, RESPONSE("180", "INVITE", "ringing"));
	(void)fake_next(svc);
	arrive(svc, REQUEST("CANCEL", "1", "<sip:bob@example.com>"));
	m = read_text(fake_next(svc));
	assert_int_equal(m.index->status, 200);
	assert_text(sip_msg_get(&m, SIP_HDR_TO), "<sip:bob@example.com>;tag=ringing");
	assert_text(sip_msg_get(&m, SIP_HDR_CSEQ), "7 CANCEL");
}

static void a_cancel_before_any_answer_gets_a_tag_of_ours(void **state)
{
	struct svc *svc = *state;
	struct sip_msg m;

	arrive(svc, INVITE("1"));
	svc->seen = svc->npost;
	arrive(svc, REQUEST("CANCEL", "1", "<sip:bob@example.com>"));
	m = read_text(fake_next(svc));
	assert_int_equal(m.index->facts.to_tag.n, 16);
}

static void respond(struct svc *svc, rt_handle branch, const char *text, enum sip_transport proto, uint64_t flow)
{
	struct wire_head h = head_of(WIRE_ARRIVED, TRANSPORT, proto);

	h.branch = branch;
	h.flow = flow;
	h.trail = 1;
	fake_parcel(svc, &h, text);
}

/* 17.1.1.3: to the same place, under the same branch, as the INVITE. */
static void ack_and_cancel_go_where_the_invite_went(void **state)
{
	struct svc *svc = *state;
	const rt_handle branch = fork_invite(svc, SIP_UDP);
	struct wire_head give_up = head_of(WIRE_GIVE_UP, PROXY, SIP_UDP);
	const struct fake_post *p;
	struct sip_msg m;

	respond(svc, branch, RESPONSE("180", "INVITE", "b"), SIP_UDP, 9);
	p = fake_next(svc);
	assert_int_equal(p->head.verb, WIRE_RESULT);
	assert_int_equal(p->head.to, PROXY);
	assert_int_equal(p->head.context, 800);
	assert_int_equal(p->head.txn, 700);
	assert_int_equal(p->head.slot, 5);
	assert_int_equal(p->head.branch, branch);
	assert_int_equal(p->head.flow, 9);
	assert_int_equal(p->head.trail, 99);
	give_up.branch = branch;
	fake_parcel_text(svc, &give_up, "Reason: SIP;cause=200;text=\"Call completed elsewhere\"\r\n");
	p = fake_next(svc);
	m = fake_msg(p);
	assert_text(sip_msg_method(&m), "CANCEL");
	assert_text(sip_msg_get(&m, SIP_HDR_REASON), "SIP;cause=200;text=\"Call completed elsewhere\"");
	assert_int_equal(p->head.branch, branch);
	assert_int_equal(p->head.loop, 4242);
	assert_int_equal(p->head.flow, 1234);
	assert_int_equal(p->head.listener, 3);
	respond(svc, branch, RESPONSE("487", "INVITE", "b"), SIP_UDP, 0);
	p = fake_next(svc);
	m = fake_msg(p);
	assert_text(sip_msg_method(&m), "ACK");
	assert_text(sip_msg_get(&m, SIP_HDR_TO), "<sip:bob@example.com>;tag=b");
	assert_int_equal(p->head.branch, branch);
	assert_int_equal(p->head.loop, 4242);
	assert_int_equal(p->head.flow, 1234);
}

/* RFC 5922 7.3: whom TLS must meet is told with the INVITE, and with its CANCEL and ACK. */
static void the_name_of_the_next_hop_goes_along(void **state)
{
	struct svc *svc = *state;
	struct wire_head fork = head_of(WIRE_FORK, PROXY, SIP_TLS), give_up = head_of(WIRE_GIVE_UP, PROXY, SIP_TLS);
	const struct fake_post *p;

	fork.name_n = 10;
	fake_parcel(svc, &fork, INVITE("1") "biloxi.com");
	p = fake_next(svc);
	assert_int_equal(p->head.verb, WIRE_DEPART);
	assert_text(p->text, INVITE("1"));
	assert_text(p->name, "biloxi.com");
	give_up.branch = p->head.branch;
	respond(svc, give_up.branch, RESPONSE("180", "INVITE", "b"), SIP_TLS, 9);
	assert_int_equal(fake_next(svc)->head.verb, WIRE_RESULT);
	fake_parcel_text(svc, &give_up, "Reason: SIP;cause=200\r\n");
	p = fake_next(svc);
	assert_true(slice_starts_nocase(p->text, SLICE("CANCEL ")));
	assert_text(p->name, "biloxi.com");
	respond(svc, give_up.branch, RESPONSE("487", "INVITE", "b"), SIP_TLS, 9);
	p = fake_next(svc);
	assert_true(slice_starts_nocase(p->text, SLICE("ACK ")));
	assert_text(p->name, "biloxi.com");
}

/* 18.1.1: a large request left by TCP although UDP was asked for; its ACK follows the connection. */
static void ack_follows_the_connection_of_the_response(void **state)
{
	struct svc *svc = *state;
	const rt_handle branch = fork_invite(svc, SIP_UDP);
	const struct fake_post *p;

	respond(svc, branch, RESPONSE("486", "INVITE", "b"), SIP_TCP, 77);
	p = fake_next(svc);
	assert_int_equal(p->head.remote.proto, SIP_TCP);
	assert_int_equal(p->head.flow, 77);
	assert_int_equal(fake_counter(svc, "txn_client_live"), 0); /* Timer D of a reliable transport is zero */
}

/* ---- Several workers ---- */

static void member(struct svc *svc, uint32_t id, uint8_t state)
{
	struct wire_member m = { .id = id, .tier = WIRE_TRANSACTION, .state = state, .version = 1, .host = "here" };

	assert_int_equal(wire_members_put(svc->members, &m), 0);
}

#define CANCEL(n) REQUEST("CANCEL", n, "<sip:bob@example.com>")
#define ACK(n)	  REQUEST("ACK", n, "<sip:bob@example.com>;tag=b")

static void goes_to(struct svc *svc, const char *text, uint8_t verb, uint32_t to)
{
	const struct fake_post *p;

	arrive(svc, text);
	p = fake_next(svc);
	assert_int_equal(p->head.verb, verb);
	assert_int_equal(p->head.to, to);
	assert_int_equal(p->head.edge, TRANSPORT);
	assert_int_equal(p->head.flow, 1234);
	assert_null(fake_next(svc));
}

/* A new worker has taken a share of requests whose transactions are still with the old one. */
static void a_new_worker_asks_the_one_before(void **state)
{
	struct svc *svc = *state;

	member(svc, 21, WIRE_LIVE);
	goes_to(svc, CANCEL("1"), WIRE_ARRIVED, 21);
	goes_to(svc, ACK("2"), WIRE_ARRIVED, 21);
	fake_run_until(svc, svc->now + 33000); /* no ACK for a failure comes so late */
	goes_to(svc, ACK("3"), WIRE_OFFER, PROXY);
	goes_to(svc, CANCEL("4"), WIRE_ARRIVED, 21);
	fake_run_until(svc, svc->now + 190000);
	goes_to(svc, CANCEL("5"), WIRE_OFFER, PROXY);
}

static void a_draining_worker_keeps_its_transactions(void **state)
{
	struct svc *svc = *state;

	member(svc, 21, WIRE_LIVE);
	fake_run_until(svc, svc->now + 300000);
	goes_to(svc, CANCEL("1"), WIRE_OFFER, PROXY);
	member(svc, 21, WIRE_DRAINING);
	goes_to(svc, CANCEL("2"), WIRE_ARRIVED, 21);
	goes_to(svc, ACK("3"), WIRE_ARRIVED, 21);
}

#define OPTIONS(n) REQUEST("OPTIONS", n, "<sip:bob@example.com>")

/* Requests over UDP that a draining worker had the share of may be retransmissions of what it answered. */
static void a_draining_worker_is_asked_about_retransmissions(void **state)
{
	static const char *const requests[] = { OPTIONS("1"), OPTIONS("2"), OPTIONS("3"), OPTIONS("4"), OPTIONS("5"), OPTIONS("6"), OPTIONS("7"),
						OPTIONS("8"), OPTIONS("9"), OPTIONS("10"), OPTIONS("11"), OPTIONS("12") };
	enum { N = sizeof(requests) / sizeof(requests[0]) };
	struct svc *svc = *state;
	struct wire_head tcp = head_of(WIRE_ARRIVED, TRANSPORT, SIP_TCP), back = head_of(WIRE_ARRIVED, 21, SIP_UDP);
	const struct fake_post *p;
	int asked = 0;

	member(svc, 21, WIRE_DRAINING);
	for (int i = 0; i < N; i++) {
		arrive(svc, requests[i]);
		p = fake_next(svc);
		assert_null(fake_next(svc));
		if (p->head.verb == WIRE_OFFER)
			continue; /* it was ours before, too */
		assert_int_equal(p->head.verb, WIRE_ARRIVED);
		assert_int_equal(p->head.to, 21);
		fake_parcel(svc, &back, requests[i]); /* new to it */
		assert_int_equal(fake_next(svc)->head.verb, WIRE_OFFER);
		arrive(svc, requests[i]); /* now it is ours: absorbed */
		assert_null(fake_next(svc));
		asked++;
	}
	assert_true(asked > 0 && asked < N);
	fake_parcel(svc, &tcp, OPTIONS("20")); /* no retransmissions there */
	assert_int_equal(fake_next(svc)->head.verb, WIRE_OFFER);
}

static void a_draining_worker_gives_back_what_is_new(void **state)
{
	struct svc *svc = *state;
	struct wire_head h = head_of(WIRE_ARRIVED, 21, SIP_UDP);
	const struct fake_post *p;

	member(svc, SELF, WIRE_DRAINING);
	fake_parcel(svc, &h, OPTIONS("1"));
	assert_int_equal(fake_next(svc)->head.verb, WIRE_OFFER); /* nobody else is there */
	member(svc, 21, WIRE_LIVE);
	fake_parcel(svc, &h, OPTIONS("2"));
	p = fake_next(svc);
	assert_int_equal(p->head.verb, WIRE_ARRIVED);
	assert_int_equal(p->head.to, 21);
	fake_parcel(svc, &h, OPTIONS("1")); /* known: absorbed */
	assert_null(fake_next(svc));
}

/* What was handed over is not handed on; what matches here never goes away. */
static void handed_over_once(void **state)
{
	struct svc *svc = *state;
	struct wire_head h = head_of(WIRE_ARRIVED, 21, SIP_UDP);

	member(svc, 21, WIRE_DRAINING);
	fake_parcel(svc, &h, CANCEL("1"));
	assert_int_equal(fake_next(svc)->head.verb, WIRE_OFFER);
	arrive(svc, INVITE("2"));
	svc->seen = svc->npost;
	fake_parcel(svc, &h, CANCEL("2"));
	assert_int_equal(fake_next(svc)->head.verb, WIRE_DEPART);
	assert_int_equal(fake_next(svc)->head.verb, WIRE_ABANDON);
}

/* ---- Full, refused ---- */

static void shrink(struct svc *svc, uint32_t max)
{
	struct txn *self = svc->self;

	txn_slots_destroy(&self->slots);
	self->slots = txn_slots_new(max);
	assert_non_null(self->slots);
}

/* No room for a server transaction: 503 with Retry-After and a To tag by which its ACK is known. */
static void full_of_servers_503(void **state)
{
	struct svc *svc = *state;
	const struct fake_post *p;
	struct sip_msg m;
	char ack[1024];

	shrink(svc, 1);
	arrive(svc, INVITE("1"));
	svc->seen = svc->npost;
	arrive(svc, INVITE("2"));
	p = fake_next(svc);
	assert_int_equal(p->head.verb, WIRE_DEPART);
	assert_int_equal(p->head.txn, 0);
	m = read_text(p);
	assert_int_equal(m.index->status, 503);
	assert_true(slice_present(sip_msg_get(&m, SIP_HDR_RETRY_AFTER)));
	assert_null(fake_next(svc));
	snprintf(ack, sizeof(ack), REQUEST("ACK", "2", "<sip:bob@example.com>;tag=%.*s"),
		 SLICE_ARG(sip_msg_span(&m, m.index->facts.to_tag)));
	arrive(svc, ack);
	assert_null(fake_next(svc));
	arrive(svc, REQUEST("ACK", "2", "<sip:bob@example.com>;tag=another"));
	assert_int_equal(fake_next(svc)->head.verb, WIRE_OFFER);
	assert_int_equal(fake_counter(svc, "txn_refused_total"), 1);
}

static void full_of_clients_nomem(void **state)
{
	struct svc *svc = *state;
	struct wire_head fork = head_of(WIRE_FORK, PROXY, SIP_UDP);
	const struct fake_post *p;

	shrink(svc, 1);
	(void)fork_invite(svc, SIP_UDP);
	fork.context = 801;
	fork.slot = 6;
	fake_parcel(svc, &fork, INVITE("2"));
	p = fake_next(svc);
	assert_int_equal(p->head.verb, WIRE_RESULT);
	assert_int_equal(p->head.reason, RT_NOMEM);
	assert_int_equal(p->head.to, PROXY);
	assert_int_equal(p->head.context, 801);
	assert_int_equal(p->head.slot, 6);
}

static int proxy_is_full(const struct wire_head *h)
{
	return h->to == PROXY ? RT_NOMEM : 0;
}

static void a_refused_offer_is_503(void **state)
{
	struct svc *svc = *state;
	struct sip_msg m;

	svc->refuse = proxy_is_full;
	arrive(svc, INVITE("1"));
	m = read_text(fake_next(svc));
	assert_int_equal(m.index->status, 100);
	m = read_text(fake_next(svc));
	assert_int_equal(m.index->status, 503);
	assert_true(sip_msg_has(&m, SIP_HDR_RETRY_AFTER));
	arrive(svc, REQUEST("ACK", "1", "<sip:bob@example.com>;tag=x"));
	arrive(svc, REQUEST("OPTIONS", "2", "<sip:bob@example.com>"));
	m = read_text(fake_next(svc));
	assert_int_equal(m.index->status, 503);
	assert_null(fake_next(svc));
	assert_int_equal(svc->actor->load(svc->self), 0);
}

static int refusal; /* what the transport's mailbox says */

static int transport_refuses(const struct wire_head *h)
{
	return h->to == TRANSPORT ? refusal : 0;
}

static int16_t result_when_refused(struct svc *svc, enum sip_transport proto, int err)
{
	struct wire_head fork = head_of(WIRE_FORK, PROXY, proto);
	const struct fake_post *p;

	refusal = err;
	svc->refuse = transport_refuses;
	fake_parcel(svc, &fork, INVITE("1"));
	p = fake_next(svc);
	return p ? p->head.reason : 0;
}

/* A full mailbox is a lost datagram, but a lost request on a connection; a transport that is gone is gone for both. */
static void a_refused_departure(void **state)
{
	struct svc *svc = *state;

	assert_int_equal(result_when_refused(svc, SIP_UDP, RT_NOMEM), 0);
	assert_int_equal(result_when_refused(svc, SIP_TCP, RT_NOMEM), RT_NOMEM);
	assert_int_equal(result_when_refused(svc, SIP_UDP, RT_ABSENT), RT_ABSENT);
	assert_int_equal(result_when_refused(svc, SIP_TCP, RT_ABSENT), RT_ABSENT);
	assert_int_equal(fake_counter(svc, "txn_client_live"), 1);
}

/* A response that the proxy's mailbox refuses is lost to the proxy, not to the machine: the ACK still goes. */
static void a_refused_result(void **state)
{
	struct svc *svc = *state;
	const rt_handle branch = fork_invite(svc, SIP_UDP);
	struct sip_msg m;

	svc->refuse = proxy_is_full;
	respond(svc, branch, RESPONSE("486", "INVITE", "b"), SIP_UDP, 0);
	m = fake_msg(fake_next(svc));
	assert_text(sip_msg_method(&m), "ACK");
	assert_null(fake_next(svc));
}

static void an_echo_comes_back(void **state)
{
	struct svc *svc = *state;
	struct wire_head h = head_of(WIRE_ECHO, 77, SIP_UDP);
	const struct fake_post *p;

	h.txn = 4711;
	fake_parcel(svc, &h, 0);
	p = fake_next(svc);
	assert_int_equal(p->head.verb, WIRE_ECHO);
	assert_int_equal(p->head.to, 77);
	assert_int_equal(p->head.txn, 4711);
	assert_int_equal(p->head.flags, WIRE_BACK);
	h.flags = WIRE_BACK;
	fake_parcel(svc, &h, 0);
	assert_null(fake_next(svc));
}

static void strange_parcels_do_no_harm(void **state)
{
	struct svc *svc = *state;

	for (int verb = 0; verb < 256; verb++) {
		struct wire_head h = head_of((uint8_t)verb, PROXY, SIP_UDP);

		h.branch = h.txn = h.context = 0xffffffffffffffff;
		fake_parcel(svc, &h, 0);
		fake_parcel_text(svc, &h, "no message");
		fake_parcel(svc, &h, RESPONSE("200", "INVITE", "b"));
	}
	assert_int_equal(svc->actor->load(svc->self), 0);
}

/* Nothing is left when all timers have run; a million such slots are what TXN_SLOTS_MAX is about. */
static void load_of_transactions_that_only_linger_is_zero(void **state)
{
	struct svc *svc = *state;
	struct wire_head answer = head_of(WIRE_ANSWER, PROXY, SIP_UDP);

	arrive(svc, INVITE("1"));
	assert_int_equal(svc->actor->load(svc->self), 1);
	(void)fake_next(svc);
	answer.txn = fake_next(svc)->head.txn;
	fake_parcel(svc, &answer, RESPONSE("200", "INVITE", "b"));
	assert_int_equal(svc->actor->load(svc->self), 0);
	assert_int_equal(fake_counter(svc, "txn_server_live"), 1);
	fake_run_until(svc, svc->now + 33000);
	assert_int_equal(fake_counter(svc, "txn_server_live"), 0);
}

static void a_reload_changes_the_timers_of_new_transactions(void **state)
{
	static char *const environment[] = { (char *)(uintptr_t) "PEAL_TRANSACTION_T1=100", 0 };
	struct svc *svc = *state;
	char error[512];
	uint32_t before;

	svc_config_destroy(&svc->config);
	assert_int_equal(svc_config_load(&svc->config, 0, environment, error), 0);
	assert_int_equal(svc->actor->reload(svc->self), 0);
	(void)fork_invite(svc, SIP_UDP);
	before = svc->npost;
	fake_run_until(svc, svc->now + 350); /* 100, 300 */
	assert_int_equal(svc->npost - before, 2);
}

static void a_request_that_came_home_is_offered_to_its_edge(void **state)
{
	enum { AGENT = 40 };
	struct svc *svc = *state;
	struct wire_head h = head_of(WIRE_ARRIVED, AGENT, SIP_TCP);
	const struct fake_post *p;
	bool offered = false;

	fake_member(svc, AGENT, WIRE_AGENT);
	h.edge = AGENT;
	h.flags = WIRE_HOME;
	fake_parcel(svc, &h, INVITE("home"));
	while ((p = fake_next(svc))) {
		assert_int_equal(p->head.to, AGENT);
		offered |= p->head.verb == WIRE_OFFER;
	}
	assert_true(offered);
	fake_parcel(svc, &h, REQUEST("ACK", "homeack", "<sip:bob@example.com>;tag=t"));
	p = fake_next(svc);
	assert_non_null(p);
	assert_int_equal(p->head.verb, WIRE_OFFER);
	assert_int_equal(p->head.to, AGENT);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, scene_open, scene_close)
	const struct CMUnitTest tests[] = {
		TEST(rfc3261_8_2_6_1_delay),
		TEST(rfc3261_8_2_6_trying),
		TEST(a_request_that_came_home_is_offered_to_its_edge),
		TEST(an_offer_says_where_it_came_from),
		TEST(rfc3261_9_2_tag_of_the_200),
		TEST(the_name_of_the_next_hop_goes_along),
		TEST(a_cancel_before_any_answer_gets_a_tag_of_ours),
		TEST(ack_and_cancel_go_where_the_invite_went),
		TEST(ack_follows_the_connection_of_the_response),
		TEST(a_new_worker_asks_the_one_before),
		TEST(a_draining_worker_keeps_its_transactions),
		TEST(a_draining_worker_is_asked_about_retransmissions),
		TEST(a_draining_worker_gives_back_what_is_new),
		TEST(handed_over_once),
		TEST(full_of_servers_503),
		TEST(full_of_clients_nomem),
		TEST(a_refused_offer_is_503),
		TEST(a_refused_departure),
		TEST(a_refused_result),
		TEST(an_echo_comes_back),
		TEST(strange_parcels_do_no_harm),
		TEST(load_of_transactions_that_only_linger_is_zero),
		TEST(a_reload_changes_the_timers_of_new_transactions),
	};

	return cmocka_run_group_tests_name("transaction/actor", tests, 0, 0);
}
