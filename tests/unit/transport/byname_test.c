/* SPDX-License-Identifier: MIT */
/* Answers whose connection is gone, and whose sender does not listen where his request came from, or who named a maddr: RFC 3261 18.2.2,
 * RFC 3263 5. */
#include "shell.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include "kit/dns_server.h"

static const char *const listen_words[] = { "tcp:127.0.0.1:0", "udp:127.0.0.1:0" };
static const char *const zone[] = { "pc.example.test 60 A 127.0.0.3", "gone.example.test 60 A 127.0.0.4", "test 60 SOA 7", 0 };
static struct kit_dns *dns;
static struct svc *svc;
static char server[32];

static void ask_it(struct svc_config *config)
{
	config->proxy_dns_servers = (struct svc_words){ { slice_str(server) }, 1 };
	config->proxy_dns_timeout = 2000;
}

static int open_actor(void **state)
{
	(void)state;
	dns = kit_dns_start(zone);
	snprintf(server, sizeof(server), "127.0.0.1:%d", dns->port);
	svc = shell_open_with(&transport_actor, listen_words, 2, ask_it);
	return 0;
}

static int close_actor(void **state)
{
	(void)state;
	shell_close(&svc);
	kit_dns_stop(&dns);
	return 0;
}

/* A door at 127.0.0.3; nobody has its port at 127.0.0.1. */
static int door_of_the_name(uint16_t *port)
{
	struct sockaddr_in a = { .sin_family = AF_INET, .sin_addr = { htonl(0x7f000003) } };
	socklen_t size = sizeof(a);
	const int door = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);

	assert_int_equal(bind(door, (struct sockaddr *)&a, sizeof(a)), 0);
	assert_int_equal(listen(door, 4), 0);
	assert_int_equal(getsockname(door, (struct sockaddr *)&a, &size), 0);
	*port = ntohs(a.sin_port);
	return door;
}

/* A 200 whose top Via is this one. */
static const char *response(const char *via)
{
	static char text[1024];

	snprintf(text, sizeof(text), "SIP/2.0 200 OK\r\nVia: SIP/2.0/%s\r\nFrom: <sip:a@example.com>;tag=1\r\nTo: <sip:bob@example.com>;tag=2\r\n"
		 "Call-ID: c1\r\nCSeq: 1 INVITE\r\nContent-Length: 0\r\n\r\n", via);
	return text;
}

static void answer(const char *host, uint16_t port)
{
	struct wire_head head = { .verb = WIRE_DEPART, .from = 21, .txn = 5, .flow = 0x123456789 }; /* a connection that was */
	char via[128];

	assert_int_equal(sip_hop_ip(&head.remote, SLICE("127.0.0.1"), SIP_TCP, 40000), 0);
	snprintf(via, sizeof(via), "TCP %s:%u;branch=z9hG4bKa;received=127.0.0.1", host, port);
	shell_give(svc, &head, response(via), true);
}

static int called(int door)
{
	int fd = -1;

	for (int i = 0; i < 200 && fd < 0 && svc->posts == 0; i++) {
		shell_turn(svc, 5);
		fd = accept(door, 0, 0);
	}
	return fd;
}

static void the_sent_by_is_looked_up(void **state)
{
	char heard[1024] = "";
	uint16_t port;
	const int door = door_of_the_name(&port);
	int fd;

	(void)state;
	answer("pc.example.test", port);
	fd = called(door);
	assert_true(fd >= 0);
	shell_quiet(svc);
	assert_true(recv(fd, heard, sizeof(heard) - 1, 0) > 0);
	assert_memory_equal(heard, "SIP/2.0 200 OK\r\n", 16);
	assert_int_equal(svc->posts, 0);
	close(fd);
	close(door);
}

static void who_cannot_be_found_is_told(void **state)
{
	static const char *const hosts[] = { "nobody.example.test", "gone.example.test", "127.0.0.1" };
	uint16_t port;
	const int door = door_of_the_name(&port);

	(void)state;
	for (int i = 0; i < 3; i++) {
		answer(hosts[i], port);
		shell_until(svc, i + 1);
		assert_int_equal(svc->post[i].head.verb, WIRE_UNSENT);
		assert_int_equal(svc->post[i].head.reason, RT_DOWN);
		assert_int_equal(svc->post[i].head.txn, 5);
	}
	close(door);
}

static void answer_to_maddr(const char *maddr, uint16_t port)
{
	struct wire_head head = { .verb = WIRE_DEPART, .from = 21, .txn = 5, .listener = 1 };
	char via[128];

	assert_int_equal(sip_hop_ip(&head.remote, SLICE("127.0.0.1"), SIP_UDP, 40000), 0);
	snprintf(via, sizeof(via), "UDP 127.0.0.1:%u;branch=z9hG4bKa;maddr=%s", port, maddr);
	shell_give(svc, &head, response(via), true);
}

static void a_name_in_maddr_is_looked_up(void **state)
{
	struct sockaddr_in a = { .sin_family = AF_INET, .sin_addr = { htonl(0x7f000003) } };
	socklen_t size = sizeof(a);
	const int door = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0);
	char heard[1024] = "";
	ssize_t n = -1;

	(void)state;
	assert_int_equal(bind(door, (struct sockaddr *)&a, sizeof(a)), 0);
	assert_int_equal(getsockname(door, (struct sockaddr *)&a, &size), 0);
	answer_to_maddr("pc.example.test", ntohs(a.sin_port));
	for (int i = 0; i < 200 && n < 0; i++) {
		shell_turn(svc, 5);
		n = recv(door, heard, sizeof(heard) - 1, 0);
	}
	assert_true(n > 0);
	assert_memory_equal(heard, "SIP/2.0 200 OK\r\n", 16);
	assert_int_equal(svc->posts, 0);
	answer_to_maddr("nobody.example.test", ntohs(a.sin_port));
	shell_until(svc, 1);
	assert_int_equal(svc->post[0].head.verb, WIRE_UNSENT);
	assert_int_equal(svc->post[0].head.txn, 5);
	close(door);
}

/* 18.2.2: ICMP tells that nobody is where the request came from; the answer's next copy goes where DNS finds its sender. */
static void an_answer_that_bounced_is_looked_up(void **state)
{
	struct sockaddr_in a = { .sin_family = AF_INET, .sin_addr = { htonl(0x7f000003) } };
	struct wire_head head = { .verb = WIRE_DEPART, .from = 21, .txn = 5, .listener = 1 };
	socklen_t size = sizeof(a);
	const int door = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0);
	char via[128], heard[1024] = "";
	ssize_t n = -1;

	(void)state;
	assert_int_equal(bind(door, (struct sockaddr *)&a, sizeof(a)), 0);
	assert_int_equal(getsockname(door, (struct sockaddr *)&a, &size), 0);
	assert_int_equal(sip_hop_ip(&head.remote, SLICE("127.0.0.1"), SIP_UDP, ntohs(a.sin_port)), 0);
	snprintf(via, sizeof(via), "UDP pc.example.test:%u;branch=z9hG4bKa;received=127.0.0.1", ntohs(a.sin_port));
	shell_give(svc, &head, response(via), true);
	shell_quiet(svc);
	assert_true(recv(door, heard, sizeof(heard) - 1, 0) < 0);
	shell_give(svc, &head, response(via), true); /* its transaction repeats it */
	for (int i = 0; i < 200 && n < 0; i++) {
		shell_turn(svc, 5);
		n = recv(door, heard, sizeof(heard) - 1, 0);
	}
	assert_true(n > 0);
	assert_memory_equal(heard, "SIP/2.0 200 OK\r\n", 16);
	assert_int_equal(svc->posts, 0);
	close(door);
}

static void the_end_comes_while_it_is_looked_up(void **state)
{
	uint16_t port;
	const int door = door_of_the_name(&port);

	(void)state;
	answer("pc.example.test", port);
	shell_turn(svc, 50); /* the connection is refused, the question asked; the actor is closed next */
	close(door);
}

#define T(f) cmocka_unit_test_setup_teardown(f, open_actor, close_actor)
int main(void)
{
	const struct CMUnitTest tests[] = {
		T(the_sent_by_is_looked_up),
		T(who_cannot_be_found_is_told),
		T(a_name_in_maddr_is_looked_up),
		T(an_answer_that_bounced_is_looked_up),
		T(the_end_comes_while_it_is_looked_up),
	};

	return cmocka_run_group_tests(tests, 0, 0);
}
