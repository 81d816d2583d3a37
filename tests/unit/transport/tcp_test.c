/* SPDX-License-Identifier: MIT */
/* The actor on TCP: framing, flows, reuse, limits. RFC 3261 18, RFC 5626 4.4.1, RFC 5923 */
#include "shell.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

static const char *const listen_words[] = { "tcp:127.0.0.1:0", "udp:127.0.0.1:0" };
static struct svc *svc;

static int open_actor(void **state)
{
	(void)state;
	svc = shell_open(&transport_actor, listen_words, 2);
	return 0;
}

static int close_actor(void **state)
{
	(void)state;
	shell_close(&svc);
	return 0;
}

static struct sip_hop hop(const char *ip, uint16_t port, enum sip_transport proto)
{
	struct sip_hop h;

	assert_int_equal(sip_hop_ip(&h, slice_str(ip), proto, port), 0);
	return h;
}

static uint16_t port_of(int fd)
{
	struct sockaddr_in a;
	socklen_t size = sizeof(a);

	assert_int_equal(getsockname(fd, (struct sockaddr *)&a, &size), 0);
	return ntohs(a.sin_port);
}

static int dial(void)
{
	struct sockaddr_storage address;
	const socklen_t size = sip_hop_to_sockaddr(&svc->listener[0].local, &address);
	const int fd = socket(AF_INET, SOCK_STREAM, 0), one = 1;

	assert_int_equal(connect(fd, (struct sockaddr *)&address, size), 0);
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	shell_turn(svc, 100);
	return fd;
}

static int listen_at(uint16_t port)
{
	struct sockaddr_storage address;
	const struct sip_hop h = hop("127.0.0.1", port, SIP_TCP);
	const socklen_t size = sip_hop_to_sockaddr(&h, &address);
	const int fd = socket(AF_INET, SOCK_STREAM, 0), one = 1;

	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	assert_int_equal(bind(fd, (struct sockaddr *)&address, size), 0);
	assert_int_equal(listen(fd, 8), 0);
	return fd;
}

static void say(int fd, const char *text)
{
	assert_int_equal(send(fd, text, strlen(text), MSG_NOSIGNAL), (ssize_t)strlen(text));
}

/* What can be read now, after the actor had its turns; "" when nothing, "EOF" at the end. */
static const char *hear(int fd)
{
	static char text[1 << 20];
	ssize_t n;

	shell_quiet(svc);
	n = recv(fd, text, sizeof(text) - 1, MSG_DONTWAIT);
	if (n == 0)
		return "EOF";
	text[n > 0 ? n : 0] = 0;
	return text;
}

static const char *request(const char *call_id, const char *via, const char *body)
{
	static char text[70000];

	snprintf(text, sizeof(text), "MESSAGE sip:bob@example.com SIP/2.0\r\nVia: %s\r\nMax-Forwards: 70\r\nFrom: <sip:a@example.com>;tag=1\r\n"
		 "To: <sip:bob@example.com>\r\nCall-ID: %s\r\nCSeq: 1 MESSAGE\r\nContent-Length: %zu\r\n\r\n%s", via, call_id,
		 strlen(body), body);
	return text;
}

#define VIA "SIP/2.0/TCP 127.0.0.1:5070;branch=z9hG4bKa"

static void several_in_one_segment_18_3(void **state)
{
	char text[8192] = "";
	const int fd = dial();

	(void)state;
	strcat(text, request("a", VIA, "one"));
	strcat(text, "\r\n\r\n");
	strcat(text, request("b", VIA, ""));
	strncat(text, request("c", VIA, "three"), 150);
	say(fd, text);
	shell_until(svc, 2);
	assert_text(svc->post[0].text, request("a", VIA, "one"));
	assert_text(svc->post[1].text, request("b", VIA, ""));
	assert_string_equal(hear(fd), "\r\n"); /* the ping between them was answered */
	say(fd, request("c", VIA, "three") + 150);
	shell_until(svc, 3);
	assert_text(svc->post[2].text, request("c", VIA, "three"));
	assert_true(svc->post[0].head.flow != 0);
	assert_int_equal(svc->post[0].head.flow, svc->post[2].head.flow);
	assert_int_equal(svc->post[0].head.remote.proto, SIP_TCP);
	assert_int_equal(svc->post[0].head.remote.port, port_of(fd));
	close(fd);
}

static void one_byte_at_a_time_18_3(void **state)
{
	const char *text = request("a", VIA, "body");
	const int fd = dial();

	(void)state;
	for (size_t i = 0; text[i]; i++) {
		assert_int_equal(send(fd, text + i, 1, 0), 1);
		shell_turn(svc, 20);
	}
	shell_until(svc, 1);
	assert_text(svc->post[0].text, request("a", VIA, "body"));
	close(fd);
}

static void large_messages_pass_up_to_the_limit(void **state)
{
	static char body[70000];
	const int fd = dial();
	const size_t head = strlen(request("a", VIA, "")) + 4;

	(void)state;
	memset(body, 'x', 65535 - head);
	say(fd, request("a", VIA, body));
	shell_until(svc, 1);
	assert_int_equal(svc->post[0].text.n, 65535);
	strcat(body, "x");
	say(fd, request("b", VIA, body));
	assert_memory_equal(hear(fd), "SIP/2.0 413 ", 12);
	shell_wait(svc, 1100); /* the first still waits for its answer, but not for ever */
	assert_string_equal(hear(fd), "EOF");
	assert_int_equal(svc->posts, 1);
	close(fd);
}

static void an_endless_head_is_513(void **state)
{
	static char text[70000];
	const int fd = dial();

	(void)state;
	memset(text, 'x', sizeof(text) - 1);
	memcpy(text, request("a", VIA, ""), strlen(request("a", VIA, "")) - 2);
	memcpy(text + strlen(request("a", VIA, "")) - 2, "X: ", 3);
	(void)!send(fd, text, sizeof(text) - 1, 0);
	assert_memory_equal(hear(fd), "SIP/2.0 513 ", 12);
	assert_string_equal(hear(fd), "EOF");
	close(fd);
}

static void without_content_length_is_400_and_the_end_18_3(void **state)
{
	const int fd = dial();

	(void)state;
	say(fd, "OPTIONS sip:bob@example.com SIP/2.0\r\nVia: " VIA "\r\nMax-Forwards: 70\r\nFrom: <sip:a@example.com>;tag=1\r\n"
		"To: <sip:bob@example.com>\r\nCall-ID: x\r\nCSeq: 1 OPTIONS\r\n\r\n");
	assert_memory_equal(hear(fd), "SIP/2.0 400 ", 12);
	assert_string_equal(hear(fd), "EOF");
	assert_int_equal(svc->posts, 0);
	close(fd);
}

static void noise_ends_the_connection(void **state)
{
	const int fd = dial();

	(void)state;
	say(fd, "GET / HTTP/1.1\nHost: x\n\n");
	assert_string_equal(hear(fd), "EOF");
	close(fd);
}

static void responses_return_on_the_connection_18_2_2(void **state)
{
	const int fd = dial();
	struct wire_head head;
	static const char response[] = "SIP/2.0 200 OK\r\nVia: " VIA ";received=127.0.0.1\r\nFrom: <sip:a@example.com>;tag=1\r\n"
				       "To: <sip:bob@example.com>;tag=2\r\nCall-ID: a\r\nCSeq: 1 MESSAGE\r\nContent-Length: 0\r\n\r\n";

	(void)state;
	say(fd, request("a", VIA, ""));
	shell_until(svc, 1);
	head = svc->post[0].head;
	head.verb = WIRE_DEPART;
	head.from = 21;
	shell_give(svc, &head, response, true);
	shell_give(svc, &head, response, false);
	assert_memory_equal(hear(fd), response, strlen(response));
	close(fd);
}

static void a_half_closed_connection_is_answered(void **state)
{
	static const char response[] = "SIP/2.0 200 OK\r\nVia: " VIA ";received=127.0.0.1\r\nFrom: <sip:a@example.com>;tag=1\r\n"
				       "To: <sip:bob@example.com>;tag=2\r\nCall-ID: a\r\nCSeq: 1 MESSAGE\r\nContent-Length: 0\r\n\r\n";
	struct wire_head head;

	(void)state;
	for (int garbage = 0; garbage <= 1; garbage++) { /* so is one that lost its framing behind a good request */
		const int fd = dial();

		say(fd, request("a", VIA, ""));
		if (garbage)
			say(fd, "x\n");
		else
			shutdown(fd, SHUT_WR);
		shell_until(svc, garbage + 1);
		shell_quiet(svc);
		head = svc->post[garbage].head;
		head.verb = WIRE_DEPART;
		shell_give(svc, &head, response, true);
		assert_string_equal(hear(fd), response);
		assert_string_equal(hear(fd), "EOF");
		close(fd);
	}
	{
		const int fd = dial(); /* nobody answers: it does not stay for ever */

		say(fd, request("a", VIA, ""));
		shutdown(fd, SHUT_WR);
		shell_until(svc, 3);
		assert_string_equal(hear(fd), "");
		shell_wait(svc, 1100);
		assert_string_equal(hear(fd), "EOF");
		shell_wait(svc, 1100);
		shell_quiet(svc);
		assert_int_equal(shell_count(svc, "connections"), 0);
		close(fd);
	}
}

static void a_response_finds_another_way_18_2_2(void **state)
{
	const int door = listen_at(0);
	const int fd = dial();
	char response[1024];
	struct wire_head head;
	int back;

	(void)state;
	say(fd, request("a", VIA, ""));
	shell_until(svc, 1);
	head = svc->post[0].head;
	head.verb = WIRE_DEPART;
	head.from = 21;
	setsockopt(fd, SOL_SOCKET, SO_LINGER, &(struct linger){ 1, 0 }, sizeof(struct linger)); /* a reset */
	close(fd);
	shell_quiet(svc);
	snprintf(response, sizeof(response), "SIP/2.0 200 OK\r\nVia: SIP/2.0/TCP pc.example.com:%u;branch=z9hG4bKa;received=127.0.0.1\r\n"
		 "From: <sip:a@example.com>;tag=1\r\nTo: <sip:bob@example.com>;tag=2\r\nCall-ID: a\r\nCSeq: 1 MESSAGE\r\n"
		 "Content-Length: 0\r\n\r\n", port_of(door));
	shell_give(svc, &head, response, true);
	shell_quiet(svc);
	back = accept(door, 0, 0);
	assert_string_equal(hear(back), response);
	close(back);
	close(door);
}

static const char forwarded[] = "OPTIONS sip:bob@127.0.0.1 SIP/2.0\r\nVia: SIP/2.0/UDP pc.example.com;branch=z9hG4bKa\r\nMax-Forwards: 69\r\n"
				"From: <sip:a@example.com>;tag=1\r\nTo: <sip:bob@example.com>\r\nCall-ID: c1\r\nCSeq: 1 OPTIONS\r\n"
				"Content-Length: 0\r\n\r\n";

static void requests_open_and_share_a_connection_18_1_1(void **state)
{
	const int door = listen_at(0);
	const struct wire_head head = { .verb = WIRE_DEPART, .from = 21, .branch = 0x2000003, .remote = hop("127.0.0.1", port_of(door), SIP_TCP) };
	char want[128];
	const char *heard;
	int fd;

	(void)state;
	shell_give(svc, &head, forwarded, true);
	shell_give(svc, &head, forwarded, true); /* while connecting */
	shell_quiet(svc);
	shell_give(svc, &head, forwarded, true); /* and after */
	fd = accept(door, 0, 0);
	heard = hear(fd);
	snprintf(want, sizeof(want), "OPTIONS sip:bob@127.0.0.1 SIP/2.0\r\nVia: SIP/2.0/TCP 127.0.0.1:%u;branch=z9hG4bK", svc->listener[0].port);
	assert_memory_equal(heard, want, strlen(want));
	assert_non_null(strstr(heard, ";alias\r\n")); /* RFC 5923 5 */
	assert_null(strstr(heard, ";rport"));
	for (int i = 0; i < 3; i++) {
		heard = strstr(heard, "OPTIONS sip:");
		assert_non_null(heard);
		heard++;
	}
	fcntl(door, F_SETFL, O_NONBLOCK);
	assert_true(accept(door, 0, 0) < 0); /* one connection for all */
	assert_int_equal(svc->posts, 0);
	close(fd);
	close(door);
}

static int accepted(int door)
{
	fcntl(door, F_SETFL, O_NONBLOCK);
	shell_quiet(svc);
	return accept(door, 0, 0);
}

static void several_connections_to_one_peer_when_configured(void **state)
{
	const int door = listen_at(0);
	struct wire_head head = { .verb = WIRE_DEPART, .from = 21, .remote = hop("127.0.0.1", port_of(door), SIP_TCP) };
	int fd[3], used = 0;
	char first[2048];

	(void)state;
	svc->config.transport_peer_connections = 3;
	for (int i = 0; i < 3; i++) { /* one more with each request; the first does not wait for it */
		head.branch = 0x2000003 + (uint64_t)i;
		shell_give(svc, &head, forwarded, true);
		fd[i] = accepted(door);
		assert_true(fd[i] >= 0);
	}
	for (int i = 0; i < 30; i++) {
		head.branch = 0x3000000 + (uint64_t)i;
		shell_give(svc, &head, forwarded, true);
	}
	assert_true(accepted(door) < 0);
	for (int i = 0; i < 3; i++)
		used += strlen(hear(fd[i])) > 1000;
	assert_int_equal(used, 3);
	head.branch = 0x3000005;
	for (int i = 0; i < 3; i++) { /* one branch keeps to one of them */
		shell_give(svc, &head, forwarded, true);
		for (used = 0; used < 3 && !*strcpy(first, hear(fd[used])); used++)
			;
		assert_true(used < 3);
		if (i)
			assert_int_equal(fd[used], head.txn);
		head.txn = (rt_handle)fd[used];
	}
	for (int i = 0; i < 3; i++)
		close(fd[i]);
	close(door);
	assert_int_equal(svc->posts, 0);
}

static void nobody_listens_is_told(void **state)
{
	const int door = listen_at(0);
	struct wire_head head = { .verb = WIRE_DEPART, .from = 21, .branch = 0x2000003, .remote = hop("127.0.0.1", port_of(door), SIP_TCP) };

	(void)state;
	close(door);
	shell_give(svc, &head, forwarded, true);
	shell_until(svc, 1);
	assert_int_equal(svc->post[0].head.verb, WIRE_UNSENT);
	assert_int_equal(svc->post[0].head.reason, RT_DOWN);
	assert_int_equal(svc->post[0].head.branch, 0x2000003);

	head.flow = 0x123456789; /* a flow of an earlier life */
	shell_give(svc, &head, forwarded, true);
	assert_int_equal(svc->posts, 2);
	assert_int_equal(svc->post[1].head.reason, RT_ABSENT);
}

static void connecting_takes_no_longer_than_told(void **state)
{
	struct wire_head head = { .verb = WIRE_DEPART, .from = 21, .branch = 1, .remote = hop("127.0.0.1", 0, SIP_TCP) };
	const int door = listen_at(0);
	int fill[16];

	(void)state;
	listen(door, 0);
	head.remote.port = port_of(door);
	for (int i = 0; i < 16; i++) { /* a full backlog: the next SYN is not answered */
		struct sockaddr_storage address;
		const socklen_t size = sip_hop_to_sockaddr(&head.remote, &address);

		fill[i] = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
		(void)!connect(fill[i], (struct sockaddr *)&address, size);
	}
	shell_give(svc, &head, forwarded, true);
	shell_quiet(svc);
	shell_wait(svc, 3900);
	assert_int_equal(svc->posts, 0);
	shell_wait(svc, 200);
	assert_int_equal(svc->posts, 1);
	assert_int_equal(svc->post[0].head.reason, RT_TIMEOUT);
	for (int i = 0; i < 16; i++)
		close(fill[i]);
	close(door);
}

static void a_slow_message_ends_the_connection(void **state)
{
	const int fd = dial(), quiet = dial();

	(void)state;
	say(fd, "OPTIONS sip:bob@exa");
	shell_quiet(svc);
	shell_wait(svc, 6000);
	say(fd, "m"); /* a byte now and then does not help */
	shell_quiet(svc);
	assert_string_equal(hear(fd), "");
	shell_wait(svc, 4100);
	assert_string_equal(hear(fd), "EOF");
	assert_string_equal(hear(quiet), "");
	shell_wait(svc, 3600000);
	assert_string_equal(hear(quiet), "EOF");
	close(fd);
	close(quiet);
}

static void a_source_has_its_limit(void **state)
{
	int fd[18];

	(void)state;
	for (int i = 0; i < 18; i++)
		fd[i] = dial();
	for (int i = 0; i < 18; i++)
		assert_string_equal(hear(fd[i]), i < 16 ? "" : "EOF");
	assert_int_equal(shell_count(svc, "connections"), 16);
	close(fd[0]);
	shell_quiet(svc);
	assert_int_equal(shell_count(svc, "connections"), 15);
	fd[0] = dial();
	assert_string_equal(hear(fd[0]), "");
	for (int i = 0; i < 18; i++)
		close(fd[i]);
}

static void a_peer_that_does_not_read_is_bounded(void **state)
{
	static char big[60000];
	const int fd = dial(), small = 4096;
	struct wire_head head;
	int sent = 0;

	(void)state;
	setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &small, sizeof(small));
	say(fd, request("a", VIA, ""));
	shell_until(svc, 1);
	head = svc->post[0].head;
	head.verb = WIRE_DEPART;
	memset(big, 'x', sizeof(big) - 1);
	memcpy(big, "SIP/2.0 200 OK\r\n", 16);
	while (svc->posts == 1 && sent < 10000) {
		shell_give(svc, &head, big, false);
		sent++;
	}
	assert_int_equal(svc->posts, 2);
	assert_int_equal(svc->post[1].head.reason, RT_NOMEM);
	shell_wait(svc, 10100); /* nothing moved for message_timeout: the connection and all that waits on it go */
	assert_true(svc->posts > 20);
	assert_int_equal(svc->post[svc->posts - 1].head.reason, RT_TIMEOUT);
	close(fd);
}

static void large_requests_prefer_tcp_18_1_1(void **state)
{
	static char text[3000];
	const int door = listen_at(0);
	const struct wire_head head = { .verb = WIRE_DEPART, .from = 21, .branch = 0x2000003, .loop = 5, .remote = hop("127.0.0.1", port_of(door), SIP_UDP) };
	struct sockaddr_in here = { .sin_family = AF_INET, .sin_port = htons(port_of(door)), .sin_addr = { htonl(INADDR_LOOPBACK) } };
	const int fd = socket(AF_INET, SOCK_DGRAM, 0);
	char tcp[4000], want[128];
	int conn;

	(void)state;
	assert_int_equal(bind(fd, (struct sockaddr *)&here, sizeof(here)), 0);
	snprintf(text, sizeof(text), "%.*sX-Pad: %01200d\r\n%s", (int)(strstr(forwarded, "Content") - forwarded), forwarded, 7,
		 strstr(forwarded, "Content"));
	shell_give(svc, &head, text, true);
	shell_quiet(svc);
	conn = accept(door, 0, 0);
	strcpy(tcp, hear(conn));
	snprintf(want, sizeof(want), "OPTIONS sip:bob@127.0.0.1 SIP/2.0\r\nVia: SIP/2.0/TCP 127.0.0.1:%u;branch=z9hG4bK", svc->listener[0].port);
	assert_memory_equal(tcp, want, strlen(want));
	assert_string_equal(hear(fd), "");
	shell_give(svc, &head, text, true); /* what its transaction repeats for UDP is not repeated on TCP */
	assert_string_equal(hear(conn), "");
	close(conn);
	close(door);
	shell_quiet(svc);

	shell_give(svc, &head, text, true); /* nobody listens on TCP: by UDP after all */
	shell_quiet(svc);
	snprintf(want, sizeof(want), "OPTIONS sip:bob@127.0.0.1 SIP/2.0\r\nVia: SIP/2.0/UDP 127.0.0.1:%u;branch=z9hG4bK", svc->listener[1].port);
	assert_memory_equal(hear(fd), want, strlen(want));
	shell_give(svc, &head, text, true); /* repeated by UDP at once */
	assert_memory_equal(hear(fd), want, strlen(want));
	assert_int_equal(shell_count(svc, "connections_opened_total"), 2);
	assert_int_equal(svc->posts, 0);
	close(fd);
}

static void a_large_request_waits_a_second_for_tcp(void **state)
{
	static char text[3000];
	struct sockaddr_in here = { .sin_family = AF_INET, .sin_addr = { htonl(INADDR_LOOPBACK) } };
	const int door = listen_at(0), fd = socket(AF_INET, SOCK_DGRAM, 0);
	const struct wire_head head = { .verb = WIRE_DEPART, .from = 21, .branch = 0x2000003, .remote = hop("127.0.0.1", port_of(door), SIP_UDP) };
	int fill[16];

	(void)state;
	listen(door, 0);
	here.sin_port = htons(port_of(door));
	assert_int_equal(bind(fd, (struct sockaddr *)&here, sizeof(here)), 0);
	for (int i = 0; i < 16; i++) {
		fill[i] = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
		(void)!connect(fill[i], (struct sockaddr *)&here, sizeof(here));
	}
	snprintf(text, sizeof(text), "%.*sX-Pad: %01200d\r\n%s", (int)(strstr(forwarded, "Content") - forwarded), forwarded, 7,
		 strstr(forwarded, "Content"));
	shell_give(svc, &head, text, true);
	shell_wait(svc, 900);
	assert_string_equal(hear(fd), "");
	shell_wait(svc, 200);
	assert_memory_equal(hear(fd), "OPTIONS ", 8);
	assert_string_equal(hear(fd), "");
	assert_int_equal(svc->posts, 0);
	for (int i = 0; i < 16; i++)
		close(fill[i]);
	close(door);
	close(fd);
}

static void a_balancer_introduces_its_clients(void **state)
{
	int fd;

	(void)state;
	svc->config.transport_balancers = (struct svc_words){ .n = 1, .word[0] = SLICE("127.0.0.1") };
	assert_int_equal(transport_actor.reload(svc->actor), 0);
	fd = dial();
	say(fd, "PROXY TCP4 192.0.2.77 198.51.100.1 40000 5060\r\n");
	say(fd, request("a", "SIP/2.0/TCP 10.0.0.1;branch=z9hG4bKa", ""));
	shell_until(svc, 1);
	assert_int_equal(svc->post[0].head.remote.port, 40000);
	assert_non_null(memmem(svc->post[0].text.p, svc->post[0].text.n, "received=192.0.2.77", 19));
	setsockopt(fd, SOL_SOCKET, SO_LINGER, &(struct linger){ 1, 0 }, sizeof(struct linger));
	close(fd);
	shell_quiet(svc);
	assert_int_equal(shell_count(svc, "connections"), 0);
	for (int i = 0; i < 17; i++) { /* the limit of a source counts clients, not the balancer */
		fd = dial();
		say(fd, "PROXY TCP4 192.0.2.77 198.51.100.1 40000 5060\r\n");
		assert_string_equal(hear(fd), i < 16 ? "" : "EOF");
	}
	fd = dial();
	say(fd, "OPTIONS sip:a SIP/2.0\r\n");
	shell_quiet(svc);
	assert_int_equal(shell_count(svc, "connections"), 16); /* no introduction, no connection */
	close(fd);
	fd = dial();
	shell_wait(svc, 4100); /* and one that says nothing is not waited for */
	assert_string_equal(hear(fd), "EOF");
	close(fd);
}

static void an_alias_over_tcp_needs_a_listed_peer_rfc5923(void **state)
{
	const int fd = dial();
	const struct wire_head head = { .verb = WIRE_DEPART, .from = 21, .branch = 0x2000003, .remote = hop("127.0.0.1", 5079, SIP_TCP) };

	(void)state;
	say(fd, request("a", "SIP/2.0/TCP 127.0.0.1:5079;branch=z9hG4bKa;alias", ""));
	shell_until(svc, 1);
	shell_give(svc, &head, forwarded, true);
	shell_until(svc, 2);
	assert_int_equal(svc->post[1].head.verb, WIRE_UNSENT); /* not believed, and nobody listens there */
	svc->config.transport_alias_peers = (struct svc_words){ .n = 1, .word[0] = SLICE("127.0.0.1") };
	assert_int_equal(transport_actor.reload(svc->actor), 0);
	say(fd, request("b", "SIP/2.0/TCP 127.0.0.1:5079;branch=z9hG4bKb;alias", ""));
	shell_until(svc, 3);
	shell_give(svc, &head, forwarded, true);
	assert_memory_equal(hear(fd), "OPTIONS sip:bob@127.0.0.1 SIP/2.0\r\nVia: SIP/2.0/TCP ", 52);
	close(fd);
	shell_quiet(svc);
	shell_give(svc, &head, forwarded, true); /* gone with its connection */
	shell_until(svc, 4);
	assert_int_equal(svc->post[3].head.verb, WIRE_UNSENT);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, open_actor, close_actor)
	const struct CMUnitTest tests[] = {
		T(several_in_one_segment_18_3),
		T(one_byte_at_a_time_18_3),
		T(large_messages_pass_up_to_the_limit),
		T(an_endless_head_is_513),
		T(without_content_length_is_400_and_the_end_18_3),
		T(noise_ends_the_connection),
		T(responses_return_on_the_connection_18_2_2),
		T(a_half_closed_connection_is_answered),
		T(a_response_finds_another_way_18_2_2),
		T(requests_open_and_share_a_connection_18_1_1),
		T(several_connections_to_one_peer_when_configured),
		T(nobody_listens_is_told),
		T(connecting_takes_no_longer_than_told),
		T(a_slow_message_ends_the_connection),
		T(a_source_has_its_limit),
		T(a_peer_that_does_not_read_is_bounded),
		T(large_requests_prefer_tcp_18_1_1),
		T(a_large_request_waits_a_second_for_tcp),
		T(a_balancer_introduces_its_clients),
		T(an_alias_over_tcp_needs_a_listed_peer_rfc5923),
	};

	return cmocka_run_group_tests(tests, 0, 0);
}
