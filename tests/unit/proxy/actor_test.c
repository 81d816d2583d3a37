/* SPDX-License-Identifier: MIT */
/* actor: requests, results and timers through the whole proxy. */
#include "stage.h"

static int open_stage(void **state)
{
	char *const environment[] = { (char[]){ "PEAL_SERVER_DOMAINS=example.com strict.example.com" }, (char[]){ "PEAL_SERVER_AUTH=off" },
		                             (char[]){ "PEAL_SERVER_USERS=known" },
		                       (char[]){ "PEAL_DOMAIN_STRICT_EXAMPLE_COM_STATELESS=on" }, 0 };

	(void)state;
	return open_stage_with(environment);
}

/* ---- Calls ---- */

static void a_call(void **state)
{
	static const struct loc_binding bob[] = { CONTACT("sip:bob@203.0.113.5:5070") };
	struct wire_head fork;

	(void)state;
	offer(11, INVITE_TO("sip:bob@example.com"));
	assert_string_equal(asked.aor, "bob@example.com");
	bindings(bob, 1);
	fork = forked("udp:203.0.113.5:5070", "INVITE sip:bob@203.0.113.5:5070 SIP/2.0\r\n");
	assert_int_equal(fork.txn, 11);
	assert_int_equal(fork.edge, EDGE);
	result(&fork, 100, "");
	silence();
	result(&fork, 180, "");
	answered(11, 180, "SIP/2.0 180 Said So\r\nVia: SIP/2.0/UDP 198.51.100.9:5062;branch=z9hG4bKcaller\r\nFrom");
	result(&fork, 200, "");
	answered(11, 200, "To: <sip:bob@example.com>;tag=b0\r\n");
	assert_int_equal(svc->actor->load(svc->self), 0);
	result(&fork, 200, ""); /* RFC 6026: again, when the context is long gone */
	answered(11, 200, "tag=b0");
	result(&fork, 486, "");
	silence();
}

/* RFC 5922 7.3: over TLS the next hop is told by name, also a strict router, whom 16.6 step 6 moves into the Request-URI. */
static void the_next_hop_over_tls_is_named(void **state)
{
	struct loc_binding bob[] = { CONTACT("sip:bob@203.0.113.5:5061;transport=tls") };
	const struct fake_post *p;

	(void)state;
	offer(11, INVITE_TO("sip:bob@example.com"));
	bindings(bob, 1);
	p = next(WIRE_FORK);
	assert_int_equal(p->head.remote.proto, SIP_TLS);
	assert_text(p->name, "203.0.113.5");
	bob[0].path = SLICE("<sip:198.51.100.77:5061;transport=tls>");
	offer(12, INVITE_TO("sip:bob@example.com"));
	bindings(bob, 1);
	p = next(WIRE_FORK);
	assert_text(p->name, "198.51.100.77");
	assert_true(slice_starts_nocase(p->text, SLICE("INVITE sip:198.51.100.77:5061;transport=tls SIP/2.0\r\n")));
	bob[0].path = SLICE("<sip:198.51.100.78;lr>");
	offer(13, INVITE_TO("sip:bob@example.com"));
	bindings(bob, 1);
	p = next(WIRE_FORK);
	assert_int_equal(p->head.remote.proto, SIP_UDP);
	assert_int_equal(p->name.n, 0);
}

static void nobody(void **state)
{
	(void)state;
	offer(11, INVITE_TO("sip:bob@example.com"));
	bindings(0, 0);
	assert_int_equal(asked.users, 1);
	asked.user(asked.arg, asked.token, RT_ABSENT, 0);
	answered(11, 404, "To: <sip:bob@example.com>;tag=");
	offer(12, INVITE_TO("sip:bob@example.com"));
	bindings(0, 0);
	asked.user(asked.arg, asked.token, 0, &(const struct loc_user){ .disabled = false });
	answered(12, 480, 0);
}

static void redis_is_away(void **state)
{
	(void)state;
	offer(11, INVITE_TO("sip:bob@example.com"));
	asked.lookup(asked.arg, asked.token, RT_TIMEOUT, 0, 0, 0);
	answered(11, 503, "Retry-After: ");
}

static void redis_is_away_but_he_was_seen_before(void **state)
{
	static const struct loc_binding bob[] = { CONTACT("sip:bob@203.0.113.5:5070") };
	static const struct loc_policy none = { -1, -1, -1, -1, -1 };

	(void)state;
	offer(11, INVITE_TO("sip:bob@example.com"));
	asked.lookup(asked.arg, asked.token, RT_STALE, bob, 1, &none);
	forked("udp:203.0.113.5:5070", "INVITE sip:bob@203.0.113.5:5070 SIP/2.0\r\n");
	assert_int_equal(*svc_counter(svc, "loc_stale_answers_total", ""), 1);
}

static void a_late_answer_of_redis_finds_nobody(void **state)
{
	static const struct loc_binding bob[] = { CONTACT("sip:bob@203.0.113.5") };
	struct wire_head abandon = from_worker(WIRE_ABANDON);

	(void)state;
	offer(11, INVITE_TO("sip:bob@example.com"));
	abandon.txn = 11;
	fake_parcel(svc, &abandon, "CANCEL sip:bob@example.com SIP/2.0\r\n" COMMON("1 CANCEL") "From: <sip:a@b>;tag=1\r\nTo: <sip:b@b>\r\n\r\n");
	answered(11, 487, 0);
	bindings(bob, 1);
	silence();
}

static void no_secure_way_rfc5630_5_3(void **state)
{
	static const struct loc_binding bob[] = { CONTACT("sip:bob@203.0.113.5") };

	(void)state;
	offer(11, INVITE_TO("sips:bob@example.com"));
	bindings(bob, 1);
	answered(11, 480, "Warning: 380 peal \"SIPS Not Allowed\"\r\n");
}

/* ---- His own policy ---- */

static void redirected_by_his_own_policy(void **state)
{
	static const struct loc_binding bob[] = { CONTACT("sip:bob@203.0.113.5") };

	(void)state;
	offer(11, INVITE_TO("sip:bob@example.com"));
	bindings_with(bob, 1, (struct loc_policy){ SVC_REDIRECT, -1, -1, -1, -1 });
	answered(11, 302, "Contact: <sip:bob@203.0.113.5>;expires=");
	silence();
}

static void serial_by_his_own_policy(void **state)
{
	static const struct loc_binding bob[] = { CONTACT("sip:bob@203.0.113.5"), CONTACT("sip:bob@203.0.113.6") };
	struct wire_head fork;

	(void)state;
	offer(11, INVITE_TO("sip:bob@example.com"));
	bindings_with(bob, 2, (struct loc_policy){ -1, SVC_SERIAL, -1, -1, -1 });
	fork = forked("udp:203.0.113.5:5060", "Max-Breadth: 60\r\n");
	silence();
	result(&fork, 486, "");
	fork = forked("udp:203.0.113.6:5060", "Max-Breadth: 60\r\n");
	result(&fork, 200, "");
	answered(11, 200, 0);
}

/* Every branch a context has room for, the last one as well. */
static void as_many_phones_as_there_are_branches(void **state)
{
	struct loc_binding bob[PROXY_BRANCHES_MAX];
	char contact[PROXY_BRANCHES_MAX][32], hop[32];

	(void)state;
	for (int i = 0; i < PROXY_BRANCHES_MAX; i++) {
		snprintf(contact[i], sizeof(contact[i]), "sip:bob@203.0.113.%d", i + 1);
		bob[i] = (struct loc_binding)CONTACT("");
		bob[i].contact = slice_str(contact[i]);
	}
	offer(11, INVITE_TO("sip:bob@example.com"));
	bindings(bob, PROXY_BRANCHES_MAX);
	for (int i = 0; i < PROXY_BRANCHES_MAX; i++) {
		snprintf(hop, sizeof(hop), "udp:203.0.113.%d:5060", i + 1);
		forked(hop, 0);
	}
	silence();
}

/* ---- Next hops, RFC 3263 4.3 ---- */

static void the_next_hop_after_a_failure(void **state)
{
	static const struct loc_binding bob[] = { CONTACT("sip:bob@pc.example.net") };
	struct wire_head first, second;

	(void)state;
	offer(11, INVITE_TO("sip:bob@example.com"));
	bindings(bob, 1);
	assert_int_equal(asked.searches, 1);
	hops(0, "udp:203.0.113.1:5060", "tcp:203.0.113.2:5060");
	first = forked("udp:203.0.113.1:5060", 0);
	failed(&first, RT_TIMEOUT);
	second = forked("tcp:203.0.113.2:5060", "transport=tcp;lr>");
	assert_int_not_equal(first.slot, second.slot);
	result(&first, 486, ""); /* too late to matter */
	silence();
	result(&second, 503, "");
	answered(11, 500, "SIP/2.0 500 ");
}

static void a_name_that_leads_nowhere(void **state)
{
	static const struct loc_binding bob[] = { CONTACT("sip:bob@pc.example.net"), CONTACT("sip:bob@203.0.113.5") };
	struct wire_head fork;

	(void)state;
	offer(11, INVITE_TO("sip:bob@example.com"));
	bindings(bob, 2);
	fork = forked("udp:203.0.113.5:5060", 0);
	hops(RT_ABSENT, 0, 0);
	silence();
	result(&fork, 486, "");
	answered(11, 404, 0); /* one of class 4xx, the first that came */
}

static void a_lost_flow_rfc5626(void **state)
{
	static const struct loc_binding phone[] = {
		{ .contact = SLICE("sip:bob@203.0.113.5;transport=tcp"), .received = SLICE("tcp:203.0.113.5:40001"), .instance = SLICE("<urn:x>"),
		  .flow = 1, .edge = EDGE, .listener = 1, .reg_id = 1, .expires_at = FAKE_EPOCH + 100000, .q = 1000 },
		{ .contact = SLICE("sip:bob@203.0.113.5;transport=tcp"), .received = SLICE("tcp:203.0.113.5:40002"), .instance = SLICE("<urn:x>"),
		  .flow = 2, .edge = EDGE, .listener = 1, .reg_id = 2, .expires_at = FAKE_EPOCH + 100000, .q = 1000 },
	};
	struct wire_head fork;

	(void)state;
	offer(11, INVITE_TO("sip:bob@example.com"));
	bindings(phone, 2);
	fork = forked("tcp:203.0.113.5:40001", 0);
	assert_int_equal(fork.flow, 1);
	silence();
	failed(&fork, RT_ABSENT);
	fork = forked("tcp:203.0.113.5:40002", 0);
	assert_int_equal(fork.flow, 2);
	failed(&fork, RT_ABSENT);
	answered(11, 480, 0);
}

static void a_connection_that_is_gone_is_opened_again(void **state)
{
	static const struct loc_binding phone[] = {
		{ .contact = SLICE("sip:bob@203.0.113.5:5080;transport=tcp"), .received = SLICE("tcp:203.0.113.5:40001"), .flow = 1, .edge = EDGE,
		  .listener = 1, .expires_at = FAKE_EPOCH + 100000, .q = 1000 },
	};
	struct wire_head fork;

	(void)state;
	offer(11, INVITE_TO("sip:bob@example.com"));
	bindings(phone, 1);
	fork = forked("tcp:203.0.113.5:40001", 0);
	failed(&fork, RT_ABSENT);
	fork = forked("tcp:203.0.113.5:5080", 0);
	assert_int_equal(fork.flow, 0);
	result(&fork, 200, "");
	answered(11, 200, 0);
}

static void a_large_request_goes_by_tcp_first_rfc3261_18_1_1(void **state)
{
	static const struct loc_binding bob[] = { CONTACT("sip:bob@203.0.113.5") };
	char text[3000];
	struct wire_head fork;

	(void)state;
	snprintf(text, sizeof(text), "INVITE sip:bob@example.com SIP/2.0\r\n" COMMON("1 INVITE") "From: <sip:a@example.net>;tag=a1\r\n"
	         "To: <sip:bob@example.com>\r\nContact: <sip:a@198.51.100.9:5062>\r\nContent-Length: 1500\r\n\r\n%1500s", "x");
	offer(11, text);
	bindings(bob, 1);
	fork = forked("tcp:203.0.113.5:5060", "transport=tcp;lr>");
	failed(&fork, RT_DOWN);
	fork = forked("udp:203.0.113.5:5060", 0);
	result(&fork, 200, "");
	answered(11, 200, 0);
}

/* ---- 16.7 ---- */

static void challenges_of_all_branches_rfc3261_16_7_step_7(void **state)
{
	static const struct loc_binding bob[] = { CONTACT("sip:bob@203.0.113.5"), CONTACT("sip:bob@203.0.113.6") };
	struct wire_head first, second;

	(void)state;
	offer(11, INVITE_TO("sip:bob@example.com"));
	bindings(bob, 2);
	first = forked("udp:203.0.113.5:5060", "Max-Breadth: 30\r\n");
	second = forked("udp:203.0.113.6:5060", "Max-Breadth: 30\r\n");
	result(&first, 407, "Proxy-Authenticate: Digest realm=\"r0\", nonce=\"n\"\r\n");
	silence();
	result(&second, 401, "WWW-Authenticate: Digest realm=\"r1\", nonce=\"n\"\r\n");
	answered(11, 407, "Proxy-Authenticate: Digest realm=\"r0\", nonce=\"n\"\r\n");
	assert_non_null(strstr(svc->post[svc->npost - 1].text.p, "WWW-Authenticate: Digest realm=\"r1\", nonce=\"n\"\r\n"));
}

static void more_challenges_than_a_message_holds(void **state)
{
	enum { PHONES = 8 };
	static const struct loc_binding bob[PHONES] = {
		CONTACT("sip:1@203.0.113.5"), CONTACT("sip:2@203.0.113.5"), CONTACT("sip:3@203.0.113.5"), CONTACT("sip:4@203.0.113.5"),
		CONTACT("sip:5@203.0.113.5"), CONTACT("sip:6@203.0.113.5"), CONTACT("sip:7@203.0.113.5"), CONTACT("sip:8@203.0.113.5"),
	};
	struct wire_head fork[PHONES];
	char many[1600];
	size_t n = 0;

	(void)state;
	while (n + 40 < sizeof(many))
		n += (size_t)snprintf(many + n, sizeof(many) - n, "WWW-Authenticate: Digest realm=\"r\"\r\n");
	offer(11, INVITE_TO("sip:bob@example.com"));
	bindings(bob, PHONES);
	for (int i = 0; i < PHONES; i++)
		fork[i] = forked("udp:203.0.113.5:5060", 0);
	for (int i = 0; i < PHONES; i++)
		result(&fork[i], 401, many);
	answered(11, 401, many); /* those of one branch */
}

static void the_first_2xx_ends_a_fork_16_7_step10(void **state)
{
	static const struct loc_binding bob[] = { CONTACT("sip:bob@203.0.113.5"), CONTACT("sip:bob@203.0.113.6") };
	struct wire_head first, second;

	(void)state;
	offer(11, INVITE_TO("sip:bob@example.com"));
	bindings(bob, 2);
	first = forked("udp:203.0.113.5:5060", 0);
	second = forked("udp:203.0.113.6:5060", 0);
	result(&first, 180, "");
	answered(11, 180, 0);
	result(&second, 200, "");
	answered(11, 200, 0); /* with which the transaction cancels the other */
	result(&first, 487, "");
	silence();
	result(&first, 200, ""); /* it said yes before the CANCEL came, 16.7 step 5 */
	answered(11, 200, 0);
}

static void a_cancel_carries_its_reason(void **state)
{
	static const struct loc_binding bob[] = { CONTACT("sip:bob@203.0.113.5") };
	struct wire_head fork, abandon = from_worker(WIRE_ABANDON);

	(void)state;
	offer(11, INVITE_TO("sip:bob@example.com"));
	bindings(bob, 1);
	fork = forked("udp:203.0.113.5:5060", 0);
	result(&fork, 180, "");
	answered(11, 180, 0);
	abandon.txn = 11;
	fake_parcel(svc, &abandon, "CANCEL sip:bob@example.com SIP/2.0\r\n" COMMON("1 CANCEL") "From: <sip:a@b>;tag=1\r\nTo: <sip:b@b>\r\n"
	            "Reason: Q.850;cause=16\r\nReason: SIP;cause=600;text=\"x\"\r\n\r\n");
	assert_text(next(WIRE_GIVE_UP)->text, "Reason: Q.850;cause=16\r\nReason: SIP;cause=600;text=\"x\"\r\n");
	result(&fork, 487, "");
	answered(11, 487, "tag=b0");
}

static void a_response_that_leads_nowhere_is_dropped(void **state)
{
	static const struct loc_binding bob[] = { CONTACT("sip:bob@203.0.113.5") };
	struct wire_head fork, h = from_worker(WIRE_RESULT);

	(void)state;
	offer(11, INVITE_TO("sip:bob@example.com"));
	bindings(bob, 1);
	fork = forked("udp:203.0.113.5:5060", 0);
	h.context = fork.context;
	h.slot = fork.slot;
	fake_parcel(svc, &h, "SIP/2.0 200 OK\r\nVia: SIP/2.0/UDP 192.0.2.1:5060;branch=z9hG4bKours\r\nFrom: <sip:a@b>;tag=1\r\n"
	                     "To: <sip:b@b>;tag=2\r\nCall-ID: c1\r\nCSeq: 1 INVITE\r\n\r\n");
	silence();
	result(&fork, 486, "");
	answered(11, 486, 0);
}

/* ---- 16.11 ---- */

static void an_ack_is_forwarded_without_state(void **state)
{
	static const char ack[] = "ACK sip:bob@203.0.113.5:5070 SIP/2.0\r\n" COMMON("1 ACK") "Route: <sip:%s@192.0.2.1:5060;lr>\r\n"
	                          "From: <sip:alice@example.net>;tag=a1\r\nTo: <sip:bob@example.com>;tag=b0\r\nContent-Length: 0\r\n\r\n";
	static const struct loc_binding bob[] = { CONTACT("sip:bob@203.0.113.5:5070") };
	const struct fake_post *first, *second;
	struct wire_head fork;
	char text[1024], token[32] = "";
	const char *at;

	(void)state;
	offer(11, INVITE_TO("sip:bob@example.com"));
	bindings(bob, 1);
	at = strstr(svc->post[svc->npost - 1].text.p, "Record-Route: <sip:");
	assert_non_null(at);
	sscanf(at + 19, "%31[^@]", token);
	fork = forked("udp:203.0.113.5:5070", 0);
	result(&fork, 200, "");
	answered(11, 200, 0);
	snprintf(text, sizeof(text), ack, token);
	offer(0, text);
	offer(0, text);
	first = next(WIRE_DEPART);
	second = next(WIRE_DEPART);
	assert_int_equal(first->head.to, EDGE);
	assert_true(first->head.flags & WIRE_STATELESS);
	assert_true(first->head.branch == second->head.branch);
	assert_int_equal(asked.lookups, 1);
	snprintf(text, sizeof(text), ack, "d0123456789abcdef"); /* no dialog of ours: dropped, for nothing answers an ACK */
	offer(0, text);
	silence();
}

/* The transaction offers what is for such a domain without a handle. */
static void a_stateless_domain(void **state)
{
	static const struct loc_binding bob[] = { CONTACT("sip:bob@203.0.113.5"), CONTACT("sip:bob@203.0.113.6") };
	const struct fake_post *invite, *again, *cancel, *own;
	char ack[1024];

	(void)state;
	offer(0, INVITE_TO("sip:bob@strict.example.com"));
	bindings(bob, 2);
	invite = next(WIRE_DEPART);
	silence();
	assert_int_equal(svc->actor->load(svc->self), 0);
	offer(0, INVITE_TO("sip:bob@strict.example.com"));
	bindings(bob, 2);
	again = next(WIRE_DEPART);
	assert_true(again->head.branch == invite->head.branch && again->head.loop == invite->head.loop);
	offer(0, "CANCEL sip:bob@strict.example.com SIP/2.0\r\n" COMMON("1 CANCEL") "From: <sip:alice@example.net>;tag=a1\r\n"
	         "To: <sip:bob@strict.example.com>\r\nContent-Length: 0\r\n\r\n");
	bindings(bob, 1);
	cancel = next(WIRE_DEPART);
	assert_true(cancel->head.branch == invite->head.branch && cancel->head.loop == invite->head.loop);
	offer(0, "CANCEL sip:bob@example.com SIP/2.0\r\n" COMMON("1 CANCEL") "From: <sip:alice@example.net>;tag=a1\r\n"
	         "To: <sip:bob@example.com>\r\nContent-Length: 0\r\n\r\n");
	answered(0, 481, 0);
	offer(0, INVITE_TO("sip:bob@strict.example.com"));
	bindings_with(bob, 1, (struct loc_policy){ SVC_REDIRECT, -1, -1, -1, -1 });
	own = answered(0, 302, "Contact: <sip:bob@203.0.113.5>");
	const struct sip_msg m = fake_msg(own);
	snprintf(ack, sizeof(ack), "ACK sip:bob@strict.example.com SIP/2.0\r\n" COMMON("1 ACK") "From: <sip:alice@example.net>;tag=a1\r\n"
	         "To: " SLICE_FMT "\r\nContent-Length: 0\r\n\r\n", SLICE_ARG(sip_msg_get(&m, SIP_HDR_TO)));
	offer(0, ack); /* for our own answer, 8.2.7: it is not for bob */
	silence();
	assert_int_equal(asked.lookups, 4);
}

static void a_response_without_a_transaction(void **state)
{
	struct wire_head h = from_worker(WIRE_ARRIVED);
	const struct fake_post *p;
	struct sip_hop to;

	(void)state;
	h.from = EDGE;
	fake_parcel(svc, &h, "SIP/2.0 200 OK\r\nVia: SIP/2.0/UDP 192.0.2.1:5060;branch=z9hG4bKours\r\n"
	                     "Via: SIP/2.0/UDP pc.example.net;rport=5062;received=198.51.100.9;branch=z9hG4bKc\r\nFrom: <sip:a@b>;tag=1\r\n"
	                     "To: <sip:b@b>;tag=2\r\nCall-ID: c1\r\nCSeq: 1 MESSAGE\r\n\r\n");
	p = next(WIRE_DEPART);
	assert_int_equal(sip_hop_parse(&to, SLICE("udp:198.51.100.9:5062")), 0);
	assert_true(sip_hop_same(&to, &p->head.remote));
	assert_int_equal(strncmp(p->text.p, "SIP/2.0 200 OK\r\nVia: SIP/2.0/UDP pc.example.net", 47), 0);
	fake_parcel(svc, &h, "SIP/2.0 200 OK\r\nVia: SIP/2.0/UDP 192.0.2.1:5060;branch=z9hG4bKours\r\nFrom: <sip:a@b>;tag=1\r\n"
	                     "To: <sip:b@b>;tag=2\r\nCall-ID: c1\r\nCSeq: 1 MESSAGE\r\n\r\n");
	silence();
}

static void no_relay(void **state)
{
	(void)state;
	offer(11, INVITE_TO("sip:bob@carrier.example.net"));
	answered(11, 403, 0);
	assert_int_equal(asked.searches, 0);
}

/* ---- Overload ---- */

static int refuse_forks(const struct wire_head *head)
{
	return head->verb == WIRE_FORK ? RT_NOMEM : 0;
}

static void a_full_mailbox_is_an_answer(void **state)
{
	static const struct loc_binding bob[] = { CONTACT("sip:bob@203.0.113.5"), CONTACT("sip:bob@203.0.113.6") };

	(void)state;
	svc->refuse = refuse_forks;
	offer(11, INVITE_TO("sip:bob@example.com"));
	bindings(bob, 2);
	answered(11, 500, 0);
	silence();
}

int main(void)
{
#define STAGED(test) cmocka_unit_test_setup_teardown(test, open_stage, close_stage)
	const struct CMUnitTest tests[] = {
		STAGED(a_call),
		STAGED(the_next_hop_over_tls_is_named),
		STAGED(nobody),
		STAGED(redis_is_away),
		STAGED(redis_is_away_but_he_was_seen_before),
		STAGED(a_late_answer_of_redis_finds_nobody),
		STAGED(no_secure_way_rfc5630_5_3),
		STAGED(redirected_by_his_own_policy),
		STAGED(serial_by_his_own_policy),
		STAGED(as_many_phones_as_there_are_branches),
		STAGED(the_next_hop_after_a_failure),
		STAGED(a_name_that_leads_nowhere),
		STAGED(a_lost_flow_rfc5626),
		STAGED(a_connection_that_is_gone_is_opened_again),
		STAGED(a_large_request_goes_by_tcp_first_rfc3261_18_1_1),
		STAGED(challenges_of_all_branches_rfc3261_16_7_step_7),
		STAGED(more_challenges_than_a_message_holds),
		STAGED(the_first_2xx_ends_a_fork_16_7_step10),
		STAGED(a_cancel_carries_its_reason),
		STAGED(a_response_that_leads_nowhere_is_dropped),
		STAGED(an_ack_is_forwarded_without_state),
		STAGED(a_stateless_domain),
		STAGED(a_response_without_a_transaction),
		STAGED(no_relay),
		STAGED(a_full_mailbox_is_an_answer),
	};

	return cmocka_run_group_tests(tests, 0, 0);
}
