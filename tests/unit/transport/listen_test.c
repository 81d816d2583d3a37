/* SPDX-License-Identifier: MIT */
/* Addresses that come and go with a reload: numbers stay, what cannot be had changes nothing. */
#include "shell.h"

#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

static const char *const listen_words[] = { "udp:127.0.0.1:0", "tcp:127.0.0.1:0", "udp:224.0.1.75:22998" };
static struct svc *svc;

static int open_actor(void **state)
{
	(void)state;
	svc = shell_open(&transport_actor, listen_words, 3);
	return 0;
}

static int close_actor(void **state)
{
	(void)state;
	shell_close(&svc);
	return 0;
}

static int reload(int n, const char *const words[])
{
	for (int i = 0; i < n; i++)
		svc->config.transport_listen.word[i] = slice_str(words[i]);
	svc->config.transport_listen.n = (uint32_t)n;
	return transport_actor.reload(svc->actor);
}

/* -1 when nobody listens there. */
static int dial(const struct sip_hop *to)
{
	struct sockaddr_storage address;
	const socklen_t size = sip_hop_to_sockaddr(to, &address);
	const int fd = socket(AF_INET, to->proto == SIP_UDP ? SOCK_DGRAM : SOCK_STREAM, 0);

	if (connect(fd, (struct sockaddr *)&address, size) == 0)
		return fd;
	close(fd);
	return -1;
}

/* Does a request sent there arrive, and as that listener's? */
static void arrives_at(int fd, int listener)
{
	static const char text[] = "OPTIONS sip:example.com SIP/2.0\r\nVia: SIP/2.0/UDP 127.0.0.1:9;branch=z9hG4bKa\r\nMax-Forwards: 70\r\n"
				   "From: <sip:a@example.com>;tag=1\r\nTo: <sip:example.com>\r\nCall-ID: c1\r\nCSeq: 1 OPTIONS\r\n"
				   "Content-Length: 0\r\n\r\n";
	const int before = svc->posts;

	assert_int_equal(send(fd, text, sizeof(text) - 1, MSG_NOSIGNAL), sizeof(text) - 1);
	shell_until(svc, before + 1);
	assert_int_equal(svc->post[before].head.listener, listener);
}

static void one_goes_and_another_comes(void **state)
{
	static const char *const later[] = { "tcp:127.0.0.1:0", "udp:127.0.0.2:0", "udp:224.0.1.75:22998", "tcp:127.0.0.2:0" };
	const struct wire_listener old_udp = svc->listener[0], old_tcp = svc->listener[1];
	const int tcp = dial(&old_tcp.local);
	int fd;

	(void)state;
	assert_int_equal(svc->listeners, 2); /* others need not know of the group */
	shell_turn(svc, 50);
	assert_int_equal(reload(1, later), 0);
	assert_int_equal(svc->listeners, 2);
	assert_int_equal(svc->listener[0].local.family, 0); /* its number is free */
	assert_true(sip_hop_same(&svc->listener[1].local, &old_tcp.local));
	arrives_at(tcp, 1); /* who stays notices nothing */
	assert_int_equal(reload(4, later), 0);
	assert_int_equal(svc->listeners, 3); /* the group is not told */
	assert_int_equal(svc->listener[0].local.proto, SIP_UDP); /* taken again */
	assert_false(sip_hop_same(&svc->listener[0].local, &old_udp.local));
	assert_int_equal(svc->listener[2].local.proto, SIP_TCP); /* the number the group had */
	fd = dial(&svc->listener[0].local);
	arrives_at(fd, 0);
	close(fd);
	arrives_at(tcp, 1);
	close(tcp);
}

static void connections_of_an_address_that_goes_end(void **state)
{
	static const char *const later[] = { "udp:127.0.0.1:0" };
	const struct sip_hop old = svc->listener[1].local;
	const int tcp = dial(&old);
	char byte;

	(void)state;
	arrives_at(tcp, 1);
	assert_int_equal(reload(1, later), 0);
	assert_int_equal(svc->listeners, 1);
	assert_int_equal(dial(&old), -1);
	shell_quiet(svc);
	assert_int_equal(shell_count(svc, "connections"), 1); /* what was asked may be answered */
	shell_wait(svc, 1100);
	shell_quiet(svc);
	assert_int_equal(recv(tcp, &byte, 1, MSG_DONTWAIT), 0);
	shell_wait(svc, 1100);
	assert_int_equal(shell_count(svc, "connections"), 0);
	close(tcp);
}

static void what_cannot_be_had_changes_nothing(void **state)
{
	static const char *const bad[][2] = {
		{ "udp:127.0.0.2:0", "udp:192.0.2.1:5060" }, /* no interface has it */
		{ "udp:127.0.0.2:0", "carrier-pigeon" },
		{ "sctp:127.0.0.1:5060", "udp:127.0.0.2:0" },
	};
	const struct wire_listener udp = svc->listener[0], tcp = svc->listener[1];
	int fd;

	(void)state;
	for (int i = 0; i < 3; i++)
		assert_true(reload(2, bad[i]) < 0);
	svc->config.transport_advertise = (struct svc_words){ { SLICE("udp:127.0.0.9:1=sip.example.com") }, 1 }; /* names no listener */
	assert_true(reload(3, listen_words) < 0);
	assert_true(sip_hop_same(&svc->listener[0].local, &udp.local) && sip_hop_same(&svc->listener[1].local, &tcp.local));
	fd = dial(&udp.local);
	arrives_at(fd, 0);
	close(fd);
	fd = dial(&tcp.local);
	arrives_at(fd, 1);
	close(fd);
}

static void another_name_is_told(void **state)
{
	(void)state;
	svc->config.transport_advertise = (struct svc_words){ { SLICE("sip.example.com:5099") }, 1 };
	assert_int_equal(reload(3, listen_words), 0);
	assert_string_equal(svc->listener[0].host, "sip.example.com");
	assert_int_equal(svc->listener[1].port, 5099);
}

#define T(f) cmocka_unit_test_setup_teardown(f, open_actor, close_actor)
int main(void)
{
	const struct CMUnitTest tests[] = {
		T(one_goes_and_another_comes),
		T(connections_of_an_address_that_goes_end),
		T(what_cannot_be_had_changes_nothing),
		T(another_name_is_told),
	};

	return cmocka_run_group_tests(tests, 0, 0);
}
