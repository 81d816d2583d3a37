/* SPDX-License-Identifier: MIT */
/* Connections the actor opens, shares and is lent: RFC 3261 18.1.1, RFC 5923. */
#include "streams.h"

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

/* Its flow is gone: an ACK goes where it says itself, a BYE is the proxy's to send again. */
static void an_ack_outlives_its_flow_18_1_1(void **state)
{
	static const struct {
		const char *method, *host, *more;
	} row[] = {
		{ "BYE", "127.0.0.1", "" }, { "ACK", "127.0.0.1", ";ob" }, { "ACK", "pc.example.com", "" },
		{ "ACK", "127.0.0.1", "" }, { "CANCEL", "127.0.0.1", "" },
	};
	const int door = listen_at(0);
	const struct wire_head head = { .verb = WIRE_DEPART, .from = 21, .branch = 0x2000003, .flow = 0x123456789,
		                        .remote = hop("127.0.0.1", 5079, SIP_TCP) };
	char start[128], text[512];
	int fd = -1;

	(void)state;
	fcntl(door, F_SETFL, O_NONBLOCK);
	for (uint32_t i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
		snprintf(start, sizeof(start), "%s sip:bob@%s:%u;transport=tcp%s", row[i].method, row[i].host, port_of(door), row[i].more);
		snprintf(text, sizeof(text), "%s SIP/2.0\r\nVia: SIP/2.0/UDP a.example.com;branch=z9hG4bKa\r\nFrom: <sip:a@example.com>;tag=1\r\n"
			 "To: <sip:bob@example.com>;tag=2\r\nCall-ID: a\r\nCSeq: 1 %s\r\nContent-Length: 0\r\n\r\n", start,
			 row[i].method);
		shell_give(svc, &head, text, true);
		shell_quiet(svc);
		if (i < 3) {
			assert_int_equal(accept(door, 0, 0), -1);
			assert_int_equal(svc->posts, i + 1);
			assert_int_equal(svc->post[i].head.verb, WIRE_UNSENT);
			continue;
		}
		if (fd < 0)
			fd = accept(door, 0, 0);
		assert_memory_equal(hear(fd), start, strlen(start));
	}
	assert_int_equal(svc->posts, 3);
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

/* A full backlog at this door: the next SYN is not answered. */
static void fill_up(int door, int fill[16])
{
	const struct sip_hop there = hop("127.0.0.1", port_of(door), SIP_TCP);
	struct sockaddr_storage address;
	const socklen_t size = sip_hop_to_sockaddr(&there, &address);

	listen(door, 0);
	for (int i = 0; i < 16; i++) {
		fill[i] = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
		(void)!connect(fill[i], (struct sockaddr *)&address, size);
	}
}

static void empty(int fill[16])
{
	for (int i = 0; i < 16; i++)
		close(fill[i]);
}

static void connecting_takes_no_longer_than_told(void **state)
{
	struct wire_head head = { .verb = WIRE_DEPART, .from = 21, .branch = 1, .remote = hop("127.0.0.1", 0, SIP_TCP) };
	const int door = listen_at(0);
	int fill[16];

	(void)state;
	head.remote.port = port_of(door);
	fill_up(door, fill);
	shell_give(svc, &head, forwarded, true);
	shell_quiet(svc);
	shell_wait(svc, 3900);
	assert_int_equal(svc->posts, 0);
	shell_wait(svc, 200);
	assert_int_equal(svc->posts, 1);
	assert_int_equal(svc->post[0].head.reason, RT_TIMEOUT);
	empty(fill);
	close(door);
}

static void room_for_many(struct svc_config *config)
{
	config->transport_connections = 2 * TRANSPORT_CONNECTS;
}

/* Peers that do not answer take no more than their share; a peer that does is reached all the same when one of them is given up. */
static void no_more_are_opened_at_once_than_told(void **state)
{
	struct wire_head head = { .verb = WIRE_DEPART, .from = 21, .branch = 1 };
	const struct sip_hop any = hop("0.0.0.0", 0, SIP_TCP);
	struct sockaddr_storage address;
	const socklen_t size = sip_hop_to_sockaddr(&any, &address);
	const int dead = socket(AF_INET, SOCK_STREAM, 0), door = listen_at(0);
	int fill[16], fd;

	(void)state;
	shell_close(&svc);
	svc = shell_open_with(&transport_actor, listen_words, 2, room_for_many);
	assert_int_equal(bind(dead, (struct sockaddr *)&address, size), 0);
	fill_up(dead, fill);
	for (int i = 0; i < TRANSPORT_CONNECTS; i++) {
		char ip[24];

		snprintf(ip, sizeof(ip), "127.0.%d.%d", 1 + i / 250, 1 + i % 250);
		head.remote = hop(ip, port_of(dead), SIP_TCP);
		shell_give(svc, &head, forwarded, true);
	}
	shell_quiet(svc);
	assert_int_equal(svc->posts, 0);
	head.remote = hop("127.0.0.1", port_of(door), SIP_TCP);
	shell_give(svc, &head, forwarded, true);
	assert_int_equal(svc->posts, 1);
	assert_int_equal(svc->post[0].head.verb, WIRE_UNSENT);
	assert_int_equal(svc->post[0].head.reason, RT_NOMEM);
	svc->posts = 0;
	shell_wait(svc, 4100); /* they are given up */
	assert_int_equal(svc->posts, TRANSPORT_CONNECTS);
	shell_give(svc, &head, forwarded, true);
	fd = accepted(door);
	assert_true(fd >= 0);
	assert_memory_equal(hear(fd), "OPTIONS ", 8);
	empty(fill);
	close(fd);
	close(door);
	close(dead);
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
	here.sin_port = htons(port_of(door));
	assert_int_equal(bind(fd, (struct sockaddr *)&here, sizeof(here)), 0);
	fill_up(door, fill);
	snprintf(text, sizeof(text), "%.*sX-Pad: %01200d\r\n%s", (int)(strstr(forwarded, "Content") - forwarded), forwarded, 7,
		 strstr(forwarded, "Content"));
	shell_give(svc, &head, text, true);
	shell_wait(svc, 900);
	assert_string_equal(hear(fd), "");
	shell_wait(svc, 200);
	assert_memory_equal(hear(fd), "OPTIONS ", 8);
	assert_string_equal(hear(fd), "");
	assert_int_equal(svc->posts, 0);
	empty(fill);
	close(door);
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
		T(requests_open_and_share_a_connection_18_1_1),
		T(an_ack_outlives_its_flow_18_1_1),
		T(several_connections_to_one_peer_when_configured),
		T(nobody_listens_is_told),
		T(connecting_takes_no_longer_than_told),
		T(no_more_are_opened_at_once_than_told),
		T(large_requests_prefer_tcp_18_1_1),
		T(a_large_request_waits_a_second_for_tcp),
		T(an_alias_over_tcp_needs_a_listed_peer_rfc5923),
	};

	return cmocka_run_group_tests(tests, 0, 0);
}
