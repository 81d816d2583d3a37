/* SPDX-License-Identifier: MIT */
/* The actor between two overloaded servers: RFC 7339 on real sockets, time is ours. */
#include "shell.h"

#include <arpa/inet.h>
#include <sys/socket.h>
#include <unistd.h>

#include "edge.h"

static const char *const listen_words[] = { "udp:127.0.0.1:0" };
static struct svc *svc;

static void with_peer(struct svc_config *config)
{
	config->proxy_peers = (struct svc_words){ .word = { SLICE("127.0.0.1") }, .n = 1 };
	config->hop[0].uri = SLICE("sip:127.0.0.3:5070;transport=tcp");
	config->hop[1].uri = SLICE("sip:gw.example.com");
	config->nhop = 2;
}

static int open_actor(void **state)
{
	(void)state;
	svc = shell_open_with(&transport_actor, listen_words, 1, with_peer);
	return 0;
}

static int close_actor(void **state)
{
	(void)state;
	shell_close(&svc);
	return 0;
}

struct neighbour {
	int fd;
	struct sip_hop hop;
};

static struct neighbour neighbour_on(const char *ip)
{
	struct neighbour n;
	struct sockaddr_storage address;
	socklen_t size;

	assert_int_equal(sip_hop_ip(&n.hop, slice_str(ip), SIP_UDP, 0), 0);
	size = sip_hop_to_sockaddr(&n.hop, &address);
	n.fd = socket(AF_INET, SOCK_DGRAM, 0);
	assert_int_equal(bind(n.fd, (struct sockaddr *)&address, size), 0);
	assert_int_equal(getsockname(n.fd, (struct sockaddr *)&address, &size), 0);
	sip_hop_from_sockaddr(&n.hop, &address, SIP_UDP);
	return n;
}

static void says(struct neighbour n, const char *text)
{
	struct sockaddr_storage address;
	const socklen_t size = sip_hop_to_sockaddr(&svc->listener[0].local, &address);

	assert_int_equal(sendto(n.fd, text, strlen(text), 0, (struct sockaddr *)&address, size), strlen(text));
}

static const char *hears(struct neighbour n)
{
	static char text[4096];
	struct pollfd f = { .fd = n.fd, .events = POLLIN };
	ssize_t got = 0;

	if (poll(&f, 1, 100) > 0)
		got = recv(n.fd, text, sizeof(text) - 1, 0);
	text[got > 0 ? got : 0] = 0;
	return text;
}

/* A request of ours, as a transaction gives it: the one with this branch. "" when nothing left. */
static const char *sent(struct neighbour n, const char *method, const char *uri, const char *to, uint64_t branch)
{
	const struct wire_head head = { .verb = WIRE_DEPART, .from = 21, .branch = branch, .loop = 77, .txn = 5, .remote = n.hop };
	char text[1024];

	snprintf(text, sizeof(text), "%s %s SIP/2.0\r\nVia: SIP/2.0/UDP pc.example.com;branch=z9hG4bKa\r\nMax-Forwards: 70\r\n"
		 "From: <sip:a@example.com>;tag=1\r\nTo: %s\r\nCall-ID: c1\r\nCSeq: 1 %s\r\nContent-Length: 0\r\n\r\n", method, uri, to, method);
	shell_give(svc, &head, text, true);
	return hears(n);
}

#define NEW(n, branch) sent((n), "INVITE", "sip:bob@127.0.0.1", "<sip:bob@127.0.0.1>", (branch))

/* The neighbour's answer to what it heard, with these words in place of our offer. */
static void answers(struct neighbour n, const char *request, const char *load)
{
	char text[2048], via[256];

	assert_int_equal(sscanf(strstr(request, "Via: "), "Via: %255[^\r]", via), 1);
	assert_non_null(strstr(via, ";oc;oc-algo=\"loss\""));
	*strstr(via, ";oc") = 0;
	snprintf(text, sizeof(text), "SIP/2.0 100 Trying\r\nVia: %s%s\r\nFrom: <sip:a@example.com>;tag=1\r\nTo: <sip:bob@127.0.0.1>\r\n"
		 "Call-ID: c1\r\nCSeq: 1 INVITE\r\nContent-Length: 0\r\n\r\n", via, load);
	says(n, text);
	shell_until(svc, svc->posts + 1);
}

static void peers_are_offered_it_and_strangers_are_not_5_1(void **state)
{
	const struct neighbour peer = neighbour_on("127.0.0.1"), gateway = neighbour_on("127.0.0.3"), stranger = neighbour_on("127.0.0.2");

	(void)state;
	assert_non_null(strstr(NEW(peer, 1), ";oc;oc-algo=\"loss\"\r\n"));
	assert_non_null(strstr(NEW(gateway, 2), ";oc;oc-algo=\"loss\"\r\n"));
	assert_null(strstr(NEW(stranger, 3), "oc-algo"));
	close(peer.fd);
	close(gateway.fd);
	close(stranger.fd);
}

static void what_is_new_stays_here_while_a_peer_wants_nothing_5_5(void **state)
{
	const struct neighbour peer = neighbour_on("127.0.0.1"), other = neighbour_on("127.0.0.1");
	const char *first;

	(void)state;
	first = NEW(peer, 1);
	answers(peer, first, ";oc=100;oc-algo=\"loss\";oc-validity=2000;oc-seq=1282321615.782");
	assert_string_equal(NEW(peer, 2), "");
	assert_int_equal(svc->post[svc->posts - 1].head.verb, WIRE_UNSENT);
	assert_int_equal(svc->post[svc->posts - 1].head.reason, RT_NOMEM);
	assert_int_equal(svc->post[svc->posts - 1].head.branch, 2);
	assert_int_equal(shell_count(svc, "sip_withheld_total"), 1);
	assert_true(*NEW(peer, 1));                                                                          /* it was sent before */
	assert_true(*sent(peer, "ACK", "sip:bob@127.0.0.1", "<sip:bob@127.0.0.1>;tag=2", 1));
	assert_true(*sent(peer, "CANCEL", "sip:bob@127.0.0.1", "<sip:bob@127.0.0.1>", 1));
	assert_true(*sent(peer, "BYE", "sip:bob@127.0.0.1", "<sip:bob@127.0.0.1>;tag=2", 3));
	assert_true(*sent(peer, "INVITE", "sip:bob@127.0.0.1", "<sip:bob@127.0.0.1>;tag=2", 4));            /* in a dialog */
	assert_true(*sent(peer, "INVITE", "urn:service:sos", "<urn:service:sos>", 5));
	assert_true(*NEW(other, 6));
	shell_wait(svc, 2000);
	assert_true(*NEW(peer, 7));
	close(peer.fd);
	close(other.fd);
}

static void it_ends_when_the_peer_says_so_5_7(void **state)
{
	const struct neighbour peer = neighbour_on("127.0.0.1");

	(void)state;
	answers(peer, NEW(peer, 1), ";oc=100;oc-algo=\"loss\";oc-validity=60000;oc-seq=1282321615.782");
	assert_string_equal(NEW(peer, 2), "");
	answers(peer, sent(peer, "INVITE", "urn:service:sos", "<urn:service:sos>", 3), ";oc=0;oc-algo=\"loss\";oc-validity=0;oc-seq=1282321892.439");
	assert_true(*NEW(peer, 4));
	close(peer.fd);
}

static void other_workers_are_believed_about_peers_only(void **state)
{
	const struct neighbour peer = neighbour_on("127.0.0.1"), stranger = neighbour_on("127.0.0.2");
	const struct neighbour *const both[] = { &peer, &stranger };

	(void)state;
	for (int i = 0; i < 2; i++) {
		const struct wire_head head = { .verb = WIRE_EASE, .from = 8, .remote = both[i]->hop };
		const struct wire_parcel in = { .head = &head, .msg = { SLICE("branch=z9hG4bK1;oc=100;oc-algo=\"loss\";oc-seq=1.0"), 0 } };

		svc->what->parcel(svc->actor, &in);
	}
	assert_string_equal(NEW(peer, 1), "");
	assert_true(*NEW(stranger, 2));
	close(peer.fd);
	close(stranger.fd);
}

/* A response of ours to a request with this Via, sent back to who asked. */
static const char *answered(struct neighbour n, const char *offer)
{
	const struct wire_head head = { .verb = WIRE_DEPART, .from = 21, .txn = 5, .remote = n.hop };
	char text[1024];

	snprintf(text, sizeof(text), "SIP/2.0 200 OK\r\nVia: SIP/2.0/UDP p1.example.net:%u;branch=z9hG4bK2d4790.1;received=%s%s, SIP/2.0/UDP b;oc\r\n"
		 "From: <sip:a@example.com>;tag=1\r\nTo: <sip:bob@example.com>;tag=2\r\nCall-ID: c1\r\nCSeq: 1 OPTIONS\r\nContent-Length: 4\r\n\r\nbody",
		 n.hop.port, n.hop.ip[3] == 1 ? "127.0.0.1" : "127.0.0.2", offer);
	shell_give(svc, &head, text, true);
	return hears(n);
}

static void overload_us(void)
{
	struct edge *edge = svc->actor;

	for (int i = 0; i < 1000; i += 10)
		shed_waited(&edge->shed, svc->now + i, 10 * SHED_TARGET);
	svc->now += 1000;
}

static void peers_that_ask_are_told_our_load_5_1_5_2(void **state)
{
	const struct neighbour peer = neighbour_on("127.0.0.1");
	const char *text;
	unsigned percent = 0;

	(void)state;
	text = answered(peer, ";oc;oc-algo=\"loss,A\"");
	assert_non_null(strstr(text, ";received=127.0.0.1;oc=0;oc-algo=\"loss\";oc-validity=0;oc-seq=1795300000.123, SIP/2.0/UDP b;oc\r\nFrom: "));
	assert_string_equal(text + strlen(text) - 8, "\r\n\r\nbody");
	overload_us();
	text = answered(peer, ";oc;oc-algo=\"loss,A\"");
	assert_non_null(strstr(text, "127.0.0.1;oc="));
	assert_int_equal(sscanf(strstr(text, "127.0.0.1;oc="), "127.0.0.1;oc=%u;oc-algo=\"loss\";oc-validity=500;oc-seq=1795300000.123", &percent), 1);
	assert_in_range(percent, 50, 100);
	assert_null(strstr(answered(peer, ""), "oc-"));
	assert_null(strstr(answered(peer, ";oc;oc-algo=\"A\""), "oc-seq"));
	close(peer.fd);
}

static void strangers_are_told_nothing_11(void **state)
{
	const struct neighbour stranger = neighbour_on("127.0.0.2");

	(void)state;
	overload_us();
	assert_non_null(strstr(answered(stranger, ";oc;oc-algo=\"loss\""), ";received=127.0.0.2;oc;oc-algo=\"loss\", SIP/2.0/UDP b;oc\r\n"));
	close(stranger.fd);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(peers_are_offered_it_and_strangers_are_not_5_1, open_actor, close_actor),
		cmocka_unit_test_setup_teardown(what_is_new_stays_here_while_a_peer_wants_nothing_5_5, open_actor, close_actor),
		cmocka_unit_test_setup_teardown(it_ends_when_the_peer_says_so_5_7, open_actor, close_actor),
		cmocka_unit_test_setup_teardown(other_workers_are_believed_about_peers_only, open_actor, close_actor),
		cmocka_unit_test_setup_teardown(peers_that_ask_are_told_our_load_5_1_5_2, open_actor, close_actor),
		cmocka_unit_test_setup_teardown(strangers_are_told_nothing_11, open_actor, close_actor),
	};

	return cmocka_run_group_tests(tests, 0, 0);
}
