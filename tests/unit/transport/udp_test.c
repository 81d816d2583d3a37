/* SPDX-License-Identifier: MIT */
/* The actor on UDP: real sockets on loopback, parcels in and out. */
#include "edge.h"
#include "shell.h"

#include <arpa/inet.h>
#include <sys/socket.h>
#include <unistd.h>

#include "sip/route.h"
#include "wire/members.h"

static const char *const listen_words[] = { "udp:127.0.0.1:0", "udp:[::1]:0", "udp:127.0.0.2:0", "udp:224.0.1.75:22999" };
static struct svc *svc;

static int open_actor(void **state)
{
	(void)state;
	svc = shell_open(&transport_actor, listen_words, 4);
	return 0;
}

static int close_actor(void **state)
{
	(void)state;
	shell_close(&svc);
	return 0;
}

struct phone {
	int fd;
	uint16_t port;
};

static struct phone phone_on(const char *ip)
{
	struct sip_hop hop;
	struct sockaddr_storage address;
	socklen_t size;
	struct phone p;

	assert_int_equal(sip_hop_ip(&hop, slice_str(ip), SIP_UDP, 0), 0);
	size = sip_hop_to_sockaddr(&hop, &address);
	p.fd = socket(hop.family == 4 ? AF_INET : AF_INET6, SOCK_DGRAM, 0);
	assert_int_equal(bind(p.fd, (struct sockaddr *)&address, size), 0);
	assert_int_equal(getsockname(p.fd, (struct sockaddr *)&address, &size), 0);
	sip_hop_from_sockaddr(&hop, &address, SIP_UDP);
	p.port = hop.port;
	return p;
}

static void phone_sends(struct phone p, int listener, const void *bytes, size_t n)
{
	struct sockaddr_storage address;
	const socklen_t size = sip_hop_to_sockaddr(&svc->listener[listener].local, &address);

	assert_int_equal(sendto(p.fd, bytes, n, 0, (struct sockaddr *)&address, size), n);
}

/* What came within a tenth of a second, as a C string, and from whom; "" when nothing. */
static const char *phone_hears_from(struct phone p, struct sockaddr_in *from)
{
	static char text[70000];
	struct pollfd f = { .fd = p.fd, .events = POLLIN };
	socklen_t size = sizeof(*from);
	ssize_t n = 0;

	if (poll(&f, 1, 100) > 0)
		n = recvfrom(p.fd, text, sizeof(text) - 1, 0, (struct sockaddr *)from, from ? &size : 0);
	text[n > 0 ? n : 0] = 0;
	return text;
}

static const char *phone_hears(struct phone p)
{
	return phone_hears_from(p, 0);
}

static const char *request(const char *method, const char *via)
{
	static char text[4096];

	snprintf(text, sizeof(text), "%s sip:bob@example.com SIP/2.0\r\nVia: %s\r\nMax-Forwards: 70\r\nFrom: <sip:a@example.com>;tag=1\r\n"
		 "To: <sip:bob@example.com>\r\nCall-ID: c1\r\nCSeq: 1 %s\r\nContent-Length: 0\r\n\r\n", method, via, method);
	return text;
}

static void a_request_arrives_stamped(void **state)
{
	const struct phone p = phone_on("127.0.0.1");
	const char *text = request("INVITE", "SIP/2.0/UDP pc.example.com;branch=z9hG4bKa;rport");
	char want[128];
	struct sip_msg m;

	(void)state;
	phone_sends(p, 0, text, strlen(text));
	shell_until(svc, 1);
	m = shell_msg(&svc->post[0]);
	snprintf(want, sizeof(want), "received=127.0.0.1");
	assert_int_equal(svc->post[0].head.verb, WIRE_ARRIVED);
	assert_int_equal(svc->post[0].head.to, 21);
	assert_int_equal(svc->post[0].head.edge, 7);
	assert_int_equal(svc->post[0].head.listener, 0);
	assert_int_equal(svc->post[0].head.remote.port, p.port);
	assert_true(svc->post[0].head.trail && svc->post[0].head.born);
	assert_true(sip_msg_is_request(&m));
	assert_non_null(memmem(m.text.p, m.text.n, want, strlen(want)));
	snprintf(want, sizeof(want), "rport=%u", p.port);
	assert_non_null(memmem(m.text.p, m.text.n, want, strlen(want)));
	close(p.fd);
}

static void a_request_that_names_its_source_is_untouched(void **state)
{
	const struct phone p = phone_on("::1");
	const char *text = request("OPTIONS", "SIP/2.0/UDP [::1]:5060;branch=z9hG4bKa");

	(void)state;
	phone_sends(p, 1, text, strlen(text));
	shell_until(svc, 1);
	assert_text(svc->post[0].text, text);
	assert_int_equal(svc->post[0].head.listener, 1);
	close(p.fd);
}

/* What is posted for a request; to the right one. `extra`: header lines. */
static int verb_of(struct phone p, const char *start, const char *extra)
{
	const int before = svc->posts;
	char text[1024];

	snprintf(text, sizeof(text), "%s SIP/2.0\r\nVia: SIP/2.0/UDP 127.0.0.1;branch=z9hG4bKa;rport\r\n%sFrom: <sip:a@example.com>;tag=1\r\n"
		 "To: <sip:example.com>\r\nCall-ID: c1\r\nCSeq: 1 %.*s\r\n\r\n", start, extra, (int)strcspn(start, " "), start);
	phone_sends(p, 0, text, strlen(text));
	shell_until(svc, before + 1);
	assert_int_equal(svc->post[before].head.to, svc->post[before].head.verb == WIRE_OFFER ? svc->proxy : svc->transaction);
	return svc->post[before].head.verb;
}

static void an_options_to_the_server_itself_is_offered_to_a_proxy_rfc3261_8_2_7(void **state)
{
	const struct phone p = phone_on("127.0.0.1");

	(void)state;
	svc->proxy = 31;
	svc->config.server_names = (struct svc_words){ .n = 1, .word = { SLICE("example.com") } };
	assert_int_equal(verb_of(p, "OPTIONS sip:example.com", ""), WIRE_OFFER);
	assert_int_equal(verb_of(p, "OPTIONS sip:bob@example.com", ""), WIRE_ARRIVED);
	assert_int_equal(verb_of(p, "OPTIONS sip:elsewhere.example.org", ""), WIRE_ARRIVED);
	assert_int_equal(verb_of(p, "OPTIONS sip:example.com", "Route: <sip:example.com;lr>\r\n"), WIRE_ARRIVED);
	assert_int_equal(verb_of(p, "OPTIONS sip:example.com", "Proxy-Authorization: Digest realm=\"a\"\r\n"), WIRE_ARRIVED);
	assert_int_equal(verb_of(p, "MESSAGE sip:example.com", ""), WIRE_ARRIVED);
	svc->proxy = 0;
	assert_int_equal(verb_of(p, "OPTIONS sip:example.com", ""), WIRE_ARRIVED);
	close(p.fd);
}

static void its_answer_leaves_as_it_is(void **state)
{
	static const char answer[] = "SIP/2.0 200 OK\r\nVia: SIP/2.0/UDP 127.0.0.1;branch=z9hG4bKa;rport=%u;received=127.0.0.1\r\n"
				     "From: <sip:a@example.com>;tag=1\r\nTo: <sip:example.com>;tag=2\r\nCall-ID: c1\r\nCSeq: 1 OPTIONS\r\n\r\n";
	const struct phone p = phone_on("127.0.0.1");
	struct wire_head head = { .verb = WIRE_ANSWER, .from = 31 };
	char text[1024];

	(void)state;
	svc->proxy = 31;
	svc->config.server_names = (struct svc_words){ .n = 1, .word = { SLICE("example.com") } };
	verb_of(p, "OPTIONS sip:example.com", "");
	head.remote = svc->post[0].head.remote;
	head.listener = svc->post[0].head.listener;
	snprintf(text, sizeof(text), answer, p.port);
	shell_give(svc, &head, text, true);
	assert_string_equal(phone_hears(p), text);
	close(p.fd);
}

static int offers(void)
{
	int n = 0;

	for (int i = 0; i < svc->posts; i++)
		n += svc->post[i].head.verb == WIRE_OFFER;
	return n;
}

static void asks(struct phone p, const char *call, const char *branch)
{
	char text[1024];

	snprintf(text, sizeof(text), "OPTIONS sip:example.com SIP/2.0\r\nVia: SIP/2.0/UDP 127.0.0.1;branch=z9hG4bK%s;rport\r\nFrom: <sip:a@example.com>;tag=1\r\n"
		 "To: <sip:example.com>\r\nCall-ID: %s\r\nCSeq: 1 OPTIONS\r\n\r\n", branch, call);
	phone_sends(p, 0, text, strlen(text));
}

static void what_a_proxy_answered_is_said_again_for_a_moment(void **state)
{
	const struct phone p = phone_on("127.0.0.1");
	struct wire_head head = { .verb = WIRE_ANSWER, .from = 31 };
	char text[1024], heard[64];

	(void)state;
	svc->proxy = 31;
	svc->config.transaction_t1 = 500;
	svc->config.server_names = (struct svc_words){ .n = 1, .word = { SLICE("example.com") } };
	asks(p, "c1", "a");
	shell_until(svc, 1);
	head.remote = svc->post[0].head.remote;
	head.trail = svc->post[0].head.trail;
	snprintf(text, sizeof(text), "SIP/2.0 200 OK\r\nVia: SIP/2.0/UDP 127.0.0.1;branch=z9hG4bKa;rport=%u;received=127.0.0.1\r\n"
		 "From: <sip:a@example.com>;tag=1\r\nTo: <sip:example.com>;tag=2\r\nCall-ID: c1\r\nCSeq: 1 OPTIONS\r\nAllow: OPTIONS\r\n\r\n", p.port);
	shell_give(svc, &head, text, true);
	assert_string_equal(phone_hears(p), text);

	asks(p, "c2", "b");
	shell_quiet(svc);
	snprintf(text, sizeof(text), "SIP/2.0 200 OK\r\nVia: SIP/2.0/UDP 127.0.0.1;branch=z9hG4bKb;rport=%u;received=127.0.0.1\r\n", p.port);
	snprintf(heard, sizeof(heard), "%s", phone_hears(p));
	assert_memory_equal(heard, text, sizeof(heard) - 1);
	assert_int_equal(offers(), 1);

	asks(p, "c2", "c"); /* 8.2.2.2: by another way; 482 is the proxy's to say */
	shell_until(svc, 2);
	assert_true(svc->post[1].head.flags & WIRE_MERGED);

	svc->transaction = 0; /* no calls go: it is not said */
	asks(p, "c3", "d");
	shell_quiet(svc);
	assert_memory_equal(phone_hears(p), "SIP/2.0 503", 11);
	svc->transaction = 21;
	svc->now += 100;
	asks(p, "c4", "e");
	shell_until(svc, 3);
	assert_int_equal(offers(), 3);
	close(p.fd);
}

/* Whoever asks what we can wants to know whether calls go: with no transaction worker they do not. */
static void an_options_without_a_transaction_worker_is_refused(void **state)
{
	const char *text = "OPTIONS sip:example.com SIP/2.0\r\nVia: SIP/2.0/UDP 127.0.0.1;branch=z9hG4bKa;rport\r\nFrom: <sip:a@example.com>;tag=1\r\n"
			   "To: <sip:example.com>\r\nCall-ID: c1\r\nCSeq: 1 OPTIONS\r\n\r\n";
	const struct phone p = phone_on("127.0.0.1");

	(void)state;
	svc->proxy = 31;
	svc->transaction = 0;
	svc->config.server_names = (struct svc_words){ .n = 1, .word = { SLICE("example.com") } };
	phone_sends(p, 0, text, strlen(text));
	shell_quiet(svc);
	assert_int_equal(svc->posts, 0);
	assert_memory_equal(phone_hears(p), "SIP/2.0 503", 11);
	close(p.fd);
}

static void keep_alives_and_noise_are_silent(void **state)
{
	static const struct slice noise[] = { { "\r\n\r\n", 4 }, { "", 0 }, { "\r\n", 2 }, { "\0", 1 }, { "hello", 5 }, { "\x80\x01\x02", 3 } };
	const struct phone p = phone_on("127.0.0.1");

	(void)state;
	for (size_t i = 0; i < sizeof(noise) / sizeof(noise[0]); i++)
		phone_sends(p, 0, noise[i].p, noise[i].n);
	shell_quiet(svc);
	assert_int_equal(svc->posts, 0);
	assert_string_equal(phone_hears(p), "");
	close(p.fd);
}

static void stun_is_answered_rfc5626_8(void **state)
{
	static const char ask[20] = "\x00\x01\x00\x00\x21\x12\xa4\x42" "abcdefghijkl";
	const struct phone p = phone_on("127.0.0.1");
	const char *answer;

	(void)state;
	phone_sends(p, 0, ask, sizeof(ask));
	shell_turn(svc, 100);
	answer = phone_hears(p);
	assert_memory_equal(answer, "\x01\x01\x00\x0c\x21\x12\xa4\x42" "abcdefghijkl", 20);
	close(p.fd);
}

static void a_malformed_request_is_answered_400(void **state)
{
	const struct phone p = phone_on("127.0.0.1");
	char text[1024], again[2048];
	const char *answer;

	(void)state;
	snprintf(text, sizeof(text), "INVITE sip:bob@example.com SIP/2.0\r\nVia: SIP/2.0/UDP 127.0.0.1:%u;branch=z9hG4bKq;rport\r\n"
		 "From: <sip:a@example.com>;tag=1\r\nTo: <sip:bob@example.com>\r\nCall-ID: c9\r\nCSeq: x INVITE\r\n\r\n", p.port);
	phone_sends(p, 0, text, strlen(text));
	shell_turn(svc, 100);
	answer = phone_hears(p);
	assert_memory_equal(answer, "SIP/2.0 400 Bad CSeq", 20);
	assert_non_null(strstr(answer, "received=127.0.0.1"));
	assert_non_null(strstr(answer, "\r\nTo: <sip:bob@example.com>;tag="));
	strcpy(again, answer);
	phone_sends(p, 0, text, strlen(text)); /* 8.2.7: the same tag for a retransmission */
	shell_turn(svc, 100);
	assert_string_equal(phone_hears(p), again);
	assert_int_equal(svc->posts, 0);
	assert_int_equal(shell_count(svc, "sip_refused_total"), 2);
	close(p.fd);
}

static void ack_and_responses_are_never_answered(void **state)
{
	static const char bad_ack[] = "ACK sip:bob@example.com SIP/2.0\r\nVia: SIP/2.0/UDP 127.0.0.1;branch=z9hG4bKq;rport\r\n"
				      "From: <sip:a@example.com>;tag=1\r\nTo: <sip:bob@example.com>\r\nCall-ID: c9\r\nCSeq: x ACK\r\n\r\n";
	static const char bad_response[] = "SIP/2.0 200 OK\r\nVia: SIP/2.0/UDP 127.0.0.1;branch=z9hG4bKq;rport\r\nCSeq: x INVITE\r\n\r\n";
	const struct phone p = phone_on("127.0.0.1");

	(void)state;
	phone_sends(p, 0, bad_ack, strlen(bad_ack));
	phone_sends(p, 0, bad_response, strlen(bad_response));
	shell_quiet(svc);
	assert_string_equal(phone_hears(p), "");
	assert_int_equal(svc->posts, 0);
	close(p.fd);
}

static void without_a_worker_503_but_never_to_ack(void **state)
{
	const struct phone p = phone_on("127.0.0.1");
	const char *text = request("INVITE", "SIP/2.0/UDP 127.0.0.1;branch=z9hG4bKa;rport"), *answer;

	(void)state;
	svc->transaction = 0;
	phone_sends(p, 0, text, strlen(text));
	shell_turn(svc, 100);
	answer = phone_hears(p);
	assert_memory_equal(answer, "SIP/2.0 503 ", 12);
	assert_non_null(strstr(answer, "\r\nRetry-After: "));
	svc->transaction = 21;
	svc->refuse = RT_NOMEM;
	phone_sends(p, 0, text, strlen(text));
	shell_turn(svc, 100);
	assert_memory_equal(phone_hears(p), "SIP/2.0 503 ", 12);
	text = request("ACK", "SIP/2.0/UDP 127.0.0.1;branch=z9hG4bKa;rport");
	phone_sends(p, 0, text, strlen(text));
	shell_quiet(svc);
	assert_string_equal(phone_hears(p), "");
	close(p.fd);
}

/* A worker that does not answer gets nothing new; what belongs to something in progress it gets, and our own refusals' ACKs nobody. */
static void overload_refuses_what_is_new_and_nothing_else(void **state)
{
	static const char *const other[] = { "ACK", "CANCEL", "BYE", "PRACK" };
	const struct phone p = phone_on("127.0.0.1");
	const char *text = request("INVITE", "SIP/2.0/UDP 127.0.0.1;branch=z9hG4bKa;rport"), *tag;
	char answer[2048], ack[2048];

	(void)state;
	svc->wait = WIRE_STALLED;
	phone_sends(p, 0, text, strlen(text));
	shell_turn(svc, 100);
	strcpy(answer, phone_hears(p));
	assert_memory_equal(answer, "SIP/2.0 503 ", 12);
	assert_non_null(strstr(answer, "\r\nRetry-After: "));
	tag = strstr(answer, "To: <sip:bob@example.com>;tag=");
	assert_non_null(tag);
	text = request("ACK", "SIP/2.0/UDP 127.0.0.1;branch=z9hG4bKa;rport");
	snprintf(ack, sizeof(ack), "%.*s%.46s%s", (int)(strstr(text, "To: ") - text), text, tag, strstr(text, "\r\nCall-ID"));
	phone_sends(p, 0, ack, strlen(ack));
	shell_quiet(svc);
	assert_int_equal(svc->posts, 0);
	for (int i = 0; i < 4; i++) {
		text = request(other[i], "SIP/2.0/UDP 127.0.0.1;branch=z9hG4bKa;rport");
		phone_sends(p, 0, text, strlen(text));
		shell_turn(svc, 100);
		assert_int_equal(svc->posts, i + 1);
	}
	svc->wait = 0;
	text = request("INVITE", "SIP/2.0/UDP 127.0.0.1;branch=z9hG4bKa;rport");
	phone_sends(p, 0, text, strlen(text));
	shell_turn(svc, 100);
	assert_int_equal(svc->posts, 5);
	assert_int_equal(shell_count(svc, "sip_shed_total"), 1);
	close(p.fd);
}

static const char in_dialog[] = "INVITE sip:bob@127.0.0.1 SIP/2.0\r\nVia: SIP/2.0/UDP 127.0.0.1;branch=z9hG4bKd;rport\r\nMax-Forwards: 69\r\n"
					  "From: <sip:a@example.com>;tag=1\r\nTo: <sip:bob@example.com>;tag=2\r\nCall-ID: c1\r\nCSeq: 2 INVITE\r\n"
					  "Content-Length: 0\r\n\r\n";

/* While there is too much, refusals are made without a parse and leave together; what they say is the same. */
static void refusals_at_a_glance_say_what_others_say(void **state)
{
	const struct phone p = phone_on("127.0.0.1");
	struct edge *edge = svc->actor;
	char via[96], ack[2048], slow[2048];
	const char *answer, *tag, *text;

	(void)state;
	svc->wait = WIRE_STALLED;
	text = request("INVITE", "SIP/2.0/UDP 127.0.0.1;branch=z9hG4bKa;rport");
	phone_sends(p, 0, text, strlen(text));
	shell_turn(svc, 100);
	strcpy(slow, phone_hears(p));
	svc->wait = 0;
	edge->shed = (struct shed){ .on = true, .read = 1, .step_ends = svc->now + 10000 };
	for (int i = 0; i < 3; i++) {
		snprintf(via, sizeof(via), "SIP/2.0/UDP 127.0.0.1;branch=z9hG4bK%c;rport", 'a' + i);
		text = request("INVITE", via);
		phone_sends(p, 0, text, strlen(text));
	}
	shell_turn(svc, 100);
	for (int i = 0; i < 3; i++) {
		answer = phone_hears(p);
		assert_memory_equal(answer, slow, strlen("SIP/2.0 503 Service Unavailable\r\nVia: SIP/2.0/UDP 127.0.0.1;branch=z9hG4bK"));
		assert_non_null(strstr(answer, "\r\nRetry-After: "));
		assert_non_null(strstr(answer, ";received=127.0.0.1\r\n"));
		tag = strstr(answer, "To: <sip:bob@example.com>;tag=");
		assert_non_null(tag);
		assert_int_equal(i == 0, memcmp(tag, strstr(slow, "To: "), 46) == 0);
		snprintf(via, sizeof(via), "SIP/2.0/UDP 127.0.0.1;branch=z9hG4bK%c;%s", 'a' + i, i < 2 ? "rport" : "rport=5070;received=127.0.0.1");
		text = request("ACK", via);
		snprintf(ack, sizeof(ack), "%.*s%.46s%s", (int)(strstr(text, "To: ") - text), text, tag, strstr(text, "\r\nCall-ID"));
		phone_sends(p, 0, ack, strlen(ack));
	}
	shell_quiet(svc);
	assert_int_equal(svc->posts, 0);
	assert_int_equal(shell_count(svc, "sip_shed_total"), 4);
	phone_sends(p, 0, in_dialog, strlen(in_dialog));
	shell_turn(svc, 100);
	assert_int_equal(svc->posts, 1);
	assert_string_equal(phone_hears(p), "");
	close(p.fd);
}

static struct sip_hop at(const char *ip, uint16_t port)
{
	struct sip_hop h;

	assert_int_equal(sip_hop_ip(&h, slice_str(ip), SIP_UDP, port), 0);
	return h;
}

static const char forwarded[] = "OPTIONS sip:bob@127.0.0.1 SIP/2.0\r\nVia: SIP/2.0/UDP pc.example.com;branch=z9hG4bKa\r\nMax-Forwards: 69\r\n"
				"From: <sip:a@example.com>;tag=1\r\nTo: <sip:bob@example.com>\r\nCall-ID: c1\r\nCSeq: 1 OPTIONS\r\n"
				"Content-Length: 0\r\n\r\n";

static void a_request_departs_and_its_response_comes_home(void **state)
{
	const struct phone p = phone_on("127.0.0.1");
	struct wire_head head = { .verb = WIRE_DEPART, .from = 21, .branch = 0x2000003, .loop = 77, .txn = 5, .remote = at("127.0.0.1", p.port) };
	char heard[2048], want[128], response[2048], branch[80] = "";
	const char *rest;

	(void)state;
	shell_give(svc, &head, forwarded, true);
	strcpy(heard, phone_hears(p));
	snprintf(want, sizeof(want), "OPTIONS sip:bob@127.0.0.1 SIP/2.0\r\nVia: SIP/2.0/UDP 127.0.0.1:%u;branch=z9hG4bK", svc->listener[0].port);
	assert_memory_equal(heard, want, strlen(want));
	rest = strstr(heard, ";rport\r\nVia: SIP/2.0/UDP pc.example.com;branch=z9hG4bKa\r\n");
	assert_non_null(rest);
	assert_string_equal(strchr(rest + 8, 'V'), strstr(forwarded, "Via"));

	shell_give(svc, &head, forwarded, false); /* a retransmission is the same bytes */
	assert_string_equal(phone_hears(p), heard);

	assert_int_equal(sscanf(strstr(heard, "branch="), "branch=%79[^;]", branch), 1);
	snprintf(response, sizeof(response), "SIP/2.0 200 OK\r\nVia: SIP/2.0/UDP 127.0.0.1:%u;branch=%s;rport=%u;received=127.0.0.1\r\n"
		 "Via: SIP/2.0/UDP pc.example.com;branch=z9hG4bKa\r\nFrom: <sip:a@example.com>;tag=1\r\n"
		 "To: <sip:bob@example.com>;tag=2\r\nCall-ID: c1\r\nCSeq: 1 OPTIONS\r\nContent-Length: 0\r\n\r\n",
		 svc->listener[0].port, branch, svc->listener[0].port);
	phone_sends(p, 0, response, strlen(response));
	shell_until(svc, 1);
	assert_int_equal(svc->post[0].head.verb, WIRE_ARRIVED);
	assert_int_equal(svc->post[0].head.to, 21);
	assert_int_equal(svc->post[0].head.branch, 0x2000003);
	assert_int_equal(svc->post[0].head.loop, 77);
	assert_text(svc->post[0].text, response);

	branch[20] ^= 1; /* forged */
	snprintf(response, sizeof(response), "SIP/2.0 200 OK\r\nVia: SIP/2.0/UDP 127.0.0.1:%u;branch=%s\r\nFrom: <sip:a@example.com>;tag=1\r\n"
		 "To: <sip:bob@example.com>;tag=2\r\nCall-ID: c1\r\nCSeq: 1 OPTIONS\r\nContent-Length: 0\r\n\r\n",
		 svc->listener[0].port, branch);
	phone_sends(p, 0, response, strlen(response));
	shell_quiet(svc);
	assert_int_equal(svc->posts, 1);
	close(p.fd);
}

static void a_stateless_response_goes_to_a_proxy_16_11(void **state)
{
	const struct phone p = phone_on("127.0.0.1");
	struct wire_head head = { .verb = WIRE_DEPART, .flags = WIRE_STATELESS, .from = 31, .branch = 0xfeed, .loop = 1,
				  .remote = at("127.0.0.1", p.port) };
	char response[2048], branch[80] = "";

	(void)state;
	shell_give(svc, &head, forwarded, true);
	assert_int_equal(sscanf(strstr(phone_hears(p), "branch="), "branch=%79[^;]", branch), 1);
	snprintf(response, sizeof(response), "SIP/2.0 404 Not Found\r\nVia: SIP/2.0/UDP 127.0.0.1:%u;branch=%s\r\nFrom: <sip:a@example.com>;tag=1\r\n"
		 "To: <sip:bob@example.com>;tag=2\r\nCall-ID: c1\r\nCSeq: 1 OPTIONS\r\nContent-Length: 0\r\n\r\n",
		 svc->listener[0].port, branch);
	phone_sends(p, 0, response, strlen(response));
	shell_until(svc, 1);
	assert_int_equal(svc->post[0].head.to, 31);
	close(p.fd);
}

static void a_response_departs_by_its_via(void **state)
{
	const struct phone p = phone_on("127.0.0.1"), q = phone_on("127.0.0.1");
	struct wire_head head = { .verb = WIRE_DEPART, .from = 21, .txn = 5, .listener = 2, .remote = at("127.0.0.1", 9) };
	char response[1024];
	struct sockaddr_in from;

	(void)state;
	snprintf(response, sizeof(response), "SIP/2.0 200 OK\r\nVia: SIP/2.0/UDP pc.example.com:%u;branch=z9hG4bKa;received=127.0.0.1;rport=%u\r\n"
		 "From: <sip:a@example.com>;tag=1\r\nTo: <sip:bob@example.com>;tag=2\r\nCall-ID: c1\r\nCSeq: 1 OPTIONS\r\n"
		 "Content-Length: 0\r\n\r\n", q.port, p.port);
	for (int indexed = 0; indexed < 2; indexed++) { /* with an index nothing is read again: the source is what the door wrote */
		head.remote.port = indexed ? p.port : 9;
		shell_give(svc, &head, response, indexed);
		assert_memory_equal(phone_hears_from(p, &from), "SIP/2.0 200", 11);
		assert_string_equal(inet_ntoa(from.sin_addr), "127.0.0.2"); /* from the listener it came to */
		assert_int_equal(ntohs(from.sin_port), svc->listener[2].port);
	}
	close(p.fd);
	close(q.fd);
}

static void nobody_there_is_told_18_4(void **state)
{
	const struct phone gone = phone_on("127.0.0.1");
	struct wire_head head = { .verb = WIRE_DEPART, .from = 21, .branch = 0x2000003, .loop = 77, .remote = at("127.0.0.1", gone.port) };

	(void)state;
	close(gone.fd);
	shell_give(svc, &head, forwarded, true);
	shell_until(svc, 1);
	assert_int_equal(svc->post[0].head.verb, WIRE_UNSENT);
	assert_int_equal(svc->post[0].head.reason, RT_DOWN);
	assert_int_equal(svc->post[0].head.to, 21);
	assert_int_equal(svc->post[0].head.branch, 0x2000003);
}

static void one_that_cannot_go_does_not_stop_the_rest(void **state)
{
	const struct phone p = phone_on("127.0.0.1");
	const struct sip_hop bad[] = { at("255.255.255.255", 5060), at("127.0.0.1", 0), at("0.0.0.0", 5060), at("240.0.0.1", 5060) };
	struct sip_index room;
	struct sip_msg m;

	(void)state;
	assert_int_equal(sip_msg_parse(&m, &room, slice_str(forwarded), 0), 0);
	for (int i = 0; i < 4; i++)
		for (int good = 0; good <= 1; good++) {
			const struct wire_head head = { .verb = WIRE_DEPART, .from = 21, .branch = 0x2000003, .context = 9, .slot = 3, .txn = 5,
							.remote = good ? at("127.0.0.1", p.port) : bad[i] };
			const struct wire_parcel in = { .head = &head, .msg = m };

			transport_actor.parcel(svc->actor, &in);
		}
	transport_actor.flush(svc->actor);
	shell_quiet(svc);
	for (int i = 0; i < 4; i++)
		assert_memory_equal(phone_hears(p), "OPTIONS", 7);
	assert_int_equal(svc->posts, 4);
	for (int i = 0; i < 4; i++) {
		assert_int_equal(svc->post[i].head.verb, WIRE_UNSENT);
		assert_int_equal(svc->post[i].head.reason, RT_DOWN);
		assert_int_equal(svc->post[i].head.context, 9);
		assert_int_equal(svc->post[i].head.slot, 3);
		assert_int_equal(svc->post[i].head.txn, 5);
	}
	close(p.fd);
}

/* One send of many: they arrive as so many, in their order, and one more that does not fit behind them. */
static void many_to_one_place_arrive_one_by_one(void **state)
{
	static const char answer[] = "SIP/2.0 180 Ringing\r\nVia: SIP/2.0/UDP 127.0.0.1:%u;branch=z9hG4bKa%02d\r\nFrom: <sip:a@example.com>;tag=1\r\n"
				     "To: <sip:bob@example.com>;tag=2\r\nCall-ID: c1%.*s\r\nCSeq: 1 INVITE\r\n\r\n";
	const struct phone p = phone_on("127.0.0.1"), q = phone_on("127.0.0.1");
	const struct phone to[] = { p, q };
	char text[1024];

	(void)state;
	for (int i = 0; i < 100; i++) {
		const struct wire_head head = { .verb = WIRE_DEPART, .from = 21, .txn = 5, .remote = at("127.0.0.1", to[i % 2].port) };
		struct sip_index room;
		struct wire_parcel in = { .head = &head };

		snprintf(text, sizeof(text), answer, to[i % 2].port, i, i % 20 == 18 ? 1 : 0, "x");
		assert_int_equal(sip_msg_parse(&in.msg, &room, slice_str(text), 0), 0);
		transport_actor.parcel(svc->actor, &in);
	}
	transport_actor.flush(svc->actor);
	for (int i = 0; i < 100; i++) {
		snprintf(text, sizeof(text), answer, to[i % 2].port, i, i % 20 == 18 ? 1 : 0, "x");
		assert_string_equal(phone_hears(to[i % 2]), text);
	}
	assert_string_equal(phone_hears(p), "");
	assert_int_equal(shell_count(svc, "sip_sent_total"), 100);
	assert_int_equal(svc->posts, 0);
	close(p.fd);
	close(q.fd);
}

static void trusted_peers_are_marked(void **state)
{
	const struct phone p = phone_on("127.0.0.1"), q = phone_on("127.0.0.9");
	const char *text = request("OPTIONS", "SIP/2.0/UDP 127.0.0.1;branch=z9hG4bKa;rport");

	(void)state;
	svc->config.proxy_peers = (struct svc_words){ .n = 1, .word[0] = SLICE("127.0.0.8/29") };
	assert_int_equal(transport_actor.reload(svc->actor), 0);
	phone_sends(p, 0, text, strlen(text));
	shell_until(svc, 1);
	phone_sends(q, 0, text, strlen(text));
	shell_until(svc, 2);
	assert_int_equal(svc->post[0].head.flags & WIRE_PEER, 0);
	assert_int_equal(svc->post[1].head.flags & WIRE_PEER, WIRE_PEER);
	close(p.fd);
	close(q.fd);
}

static void a_group_is_heard_and_answered_from_an_address_10_2_6(void **state)
{
	const struct phone p = phone_on("127.0.0.1");
	const struct sip_hop group = at("224.0.1.75", 22999);
	const struct in_addr loopback = { htonl(INADDR_LOOPBACK) };
	const char *text = request("REGISTER", "SIP/2.0/UDP 127.0.0.1;branch=z9hG4bKa;rport;maddr=224.0.1.75"), *answer;
	struct sockaddr_storage address;
	const socklen_t size = sip_hop_to_sockaddr(&group, &address);

	(void)state;
	assert_int_equal(svc->listeners, 3); /* others are not told of it */
	setsockopt(p.fd, IPPROTO_IP, IP_MULTICAST_IF, &loopback, sizeof(loopback));
	assert_true(sendto(p.fd, text, strlen(text), 0, (struct sockaddr *)&address, size) > 0);
	shell_until(svc, 1);
	assert_int_equal(svc->post[0].head.listener, 0);
	assert_true(sip_hop_same_ip(&svc->post[0].head.local, &group));
	svc->transaction = 0;
	text = request("REGISTER", "SIP/2.0/UDP 127.0.0.1;branch=z9hG4bKb;rport");
	assert_true(sendto(p.fd, text, strlen(text), 0, (struct sockaddr *)&address, size) > 0);
	shell_turn(svc, 100);
	answer = phone_hears(p);
	assert_memory_equal(answer, "SIP/2.0 503 ", 12);
	close(p.fd);
}

static void a_flood_is_turned_away(void **state)
{
	const struct phone p = phone_on("127.0.0.1"), q = phone_on("127.0.0.9");
	const char *text = request("INVITE", "SIP/2.0/UDP 127.0.0.1;branch=z9hG4bKa;rport");

	(void)state;
	svc->config.transport_source_rate = 3;
	assert_int_equal(transport_actor.reload(svc->actor), 0);
	for (int i = 0; i < 4; i++)
		phone_sends(p, 0, text, strlen(text));
	shell_until(svc, 3);
	shell_quiet(svc);
	assert_int_equal(svc->posts, 3);
	assert_memory_equal(phone_hears(p), "SIP/2.0 503 ", 12);
	assert_int_equal(shell_count(svc, "sip_throttled_total"), 1);
	text = request("ACK", "SIP/2.0/UDP 127.0.0.1;branch=z9hG4bKa;rport"); /* what was let in is finished */
	phone_sends(p, 0, text, strlen(text));
	shell_until(svc, 4);
	text = request("INVITE", "SIP/2.0/UDP 127.0.0.1;branch=z9hG4bKa;rport");
	phone_sends(q, 0, text, strlen(text)); /* others are not concerned */
	shell_until(svc, 5);
	svc->now += 400;
	phone_sends(p, 0, text, strlen(text)); /* three a second: one each third of it */
	shell_until(svc, 6);
	for (int i = 0; i < 200; i++)
		phone_sends(p, 0, text, strlen(text));
	shell_quiet(svc);
	assert_int_equal(svc->posts, 6);
	assert_true(shell_count(svc, "sip_refused_total") <= TRANSPORT_ANSWERS_BURST + TRANSPORT_ANSWERS); /* nor is it answered for ever */
	assert_true(shell_count(svc, "sip_flooded_total") >= 50);  /* and most of it is not even parsed */
	close(p.fd);
	close(q.fd);
}

static void scanners_hear_nothing(void **state)
{
	static const char *const agents[] = { "friendly-scanner", "Mozilla FRIENDLY-scanner/2", "(sipvicious)", "unfriendly-scanner", "sip" };
	const struct phone p = phone_on("127.0.0.1");
	const char *text = request("REGISTER", "SIP/2.0/UDP 127.0.0.1;branch=z9hG4bKa");
	char with[1024];

	(void)state;
	svc->config.transport_scanners = (struct svc_words){ { SLICE("friendly-scanner"), SLICE("sipvicious") }, 2 };
	for (int i = 0; i < 5; i++) {
		snprintf(with, sizeof(with), "%.*s\r\nUser-Agent: %s\r\n\r\n", (int)strlen(text) - 4, text, agents[i]);
		phone_sends(p, 0, with, strlen(with));
	}
	shell_quiet(svc);
	assert_int_equal(svc->posts, 2);
	assert_int_equal(shell_count(svc, "sip_scanners_total"), 3);
	assert_string_equal(phone_hears(p), "");
	close(p.fd);
}

static void an_offered_keep_is_taken_rfc6223(void **state)
{
	static const char *const methods[] = { "REGISTER", "INVITE", "OPTIONS" };
	const struct phone p = phone_on("127.0.0.1");

	(void)state;
	svc->config.transport_keep = 25;
	for (int i = 0; i < 3; i++) {
		const char *text = request(methods[i], "SIP/2.0/UDP 127.0.0.1;branch=z9hG4bKa;keep");

		phone_sends(p, 0, text, strlen(text));
		shell_until(svc, i + 1);
		assert_int_equal(memmem(svc->post[i].text.p, svc->post[i].text.n, ";keep=25\r\n", 10) != 0, i < 2);
		assert_null(memmem(svc->post[i].text.p, svc->post[i].text.n, "received", 8)); /* sent-by says it already */
	}
	close(p.fd);
}

/* The registrar's answer leaves for a phone whose Via says `host`. */
static void registered(struct phone p, const char *host, const char *contact)
{
	struct wire_head head = { .verb = WIRE_DEPART, .from = 21, .txn = 5, .remote = at("127.0.0.1", p.port) };
	char response[1024];

	snprintf(response, sizeof(response), "SIP/2.0 200 OK\r\nVia: SIP/2.0/UDP %s;branch=z9hG4bKa;received=127.0.0.1;rport=%u\r\n"
		 "From: <sip:a@example.com>;tag=1\r\nTo: <sip:a@example.com>;tag=2\r\nCall-ID: c1\r\nCSeq: 1 REGISTER\r\n%s"
		 "Content-Length: 0\r\n\r\n", host, p.port, contact);
	shell_give(svc, &head, response, true);
	assert_memory_equal(phone_hears(p), "SIP/2.0 200", 11);
}

static void phones_behind_nat_are_kept_reachable(void **state)
{
	const struct phone p = phone_on("127.0.0.1"), q = phone_on("127.0.0.1");
	char host[32];

	(void)state;
	svc->config.transport_keep = 25;
	snprintf(host, sizeof(host), "127.0.0.1:%u", q.port);
	registered(p, "192.168.1.2:5060", "Contact: <sip:a@192.168.1.2>;expires=60\r\n");
	registered(q, host, "Contact: <sip:a@127.0.0.1>;expires=60\r\n"); /* no NAT there */
	assert_int_equal(shell_count(svc, "nat_contacts"), 1);
	shell_wait(svc, 25000);
	assert_string_equal(phone_hears(p), "\r\n\r\n");
	registered(p, "192.168.1.2:5060", "Contact: <sip:a@192.168.1.2>;expires=60\r\n"); /* refreshed: still one of it */
	shell_wait(svc, 25000);
	assert_string_equal(phone_hears(p), "\r\n\r\n");
	assert_string_equal(phone_hears(p), "");
	assert_string_equal(phone_hears(q), "");
	shell_wait(svc, 61000); /* its registration is over */
	assert_int_equal(shell_count(svc, "nat_contacts"), 0);
	registered(p, "192.168.1.2:5060", "Contact: <sip:a@192.168.1.2>;expires=60\r\n");
	registered(p, "192.168.1.2:5060", ""); /* it went */
	assert_int_equal(shell_count(svc, "nat_contacts"), 0);
	shell_wait(svc, 25000);
	assert_string_equal(phone_hears(p), "");
	close(p.fd);
	close(q.fd);
}

static void too_large_for_a_datagram_is_told(void **state)
{
	static char text[70000];
	const struct phone p = phone_on("127.0.0.1");
	struct wire_head head = { .verb = WIRE_DEPART, .from = 21, .branch = 1, .remote = at("127.0.0.1", p.port) };
	const size_t n = strlen(forwarded);

	(void)state;
	memcpy(text, forwarded, n);
	memset(text + n, 'x', 65507 - n - 160);
	shell_give(svc, &head, text, false);
	assert_true(strlen(phone_hears(p)) > 65000);
	assert_int_equal(svc->posts, 0);
	memset(text + n, 'x', 65507 - n);
	shell_give(svc, &head, text, false);
	assert_int_equal(svc->posts, 1);
	assert_int_equal(svc->post[0].head.reason, RT_DOWN);
	close(p.fd);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, open_actor, close_actor)
	const struct CMUnitTest tests[] = {
		T(a_request_arrives_stamped),
		T(a_request_that_names_its_source_is_untouched),
		T(an_options_to_the_server_itself_is_offered_to_a_proxy_rfc3261_8_2_7),
		T(its_answer_leaves_as_it_is),
		T(what_a_proxy_answered_is_said_again_for_a_moment),
		T(an_options_without_a_transaction_worker_is_refused),
		T(keep_alives_and_noise_are_silent),
		T(stun_is_answered_rfc5626_8),
		T(a_malformed_request_is_answered_400),
		T(ack_and_responses_are_never_answered),
		T(without_a_worker_503_but_never_to_ack),
		T(overload_refuses_what_is_new_and_nothing_else),
		T(refusals_at_a_glance_say_what_others_say),
		T(a_request_departs_and_its_response_comes_home),
		T(a_stateless_response_goes_to_a_proxy_16_11),
		T(a_response_departs_by_its_via),
		T(nobody_there_is_told_18_4),
		T(one_that_cannot_go_does_not_stop_the_rest),
		T(many_to_one_place_arrive_one_by_one),
		T(trusted_peers_are_marked),
		T(a_group_is_heard_and_answered_from_an_address_10_2_6),
		T(a_flood_is_turned_away),
		T(an_offered_keep_is_taken_rfc6223),
		T(phones_behind_nat_are_kept_reachable),
		T(scanners_hear_nothing),
		T(too_large_for_a_datagram_is_told),
	};

	return cmocka_run_group_tests(tests, 0, 0);
}
