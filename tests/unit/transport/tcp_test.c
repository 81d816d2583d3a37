/* SPDX-License-Identifier: MIT */
/* The actor on TCP: framing, flows, answers, limits. RFC 3261 18, RFC 5626 4.4.1 */
#include "streams.h"

static void several_in_one_segment_18_3(void **state)
{
	char text[8192] = "";
	const int fd = dial();

	(void)state;
	strcat(text, request("a", VIA, "one"));
	strcat(text, "\r\n\r\n");
	strcat(text, request("b", VIA, ""));
	snprintf(text + strlen(text), 151, "%.150s", request("c", VIA, "three"));
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

/* Who closes altogether looks like one who says no more until he is written to. */
static void a_response_that_was_refused_finds_another_way_18_2_2(void **state)
{
	const int door = listen_at(0);
	char response[1024];
	struct wire_head head;
	int fd, back;

	(void)state;
	for (uint32_t acked = 0; acked <= 1; acked++) { /* what a peer has is not sent twice */
		fd = dial();
		say(fd, request("a", VIA, ""));
		shell_until(svc, acked + 1);
		head = svc->post[acked].head;
		head.verb = WIRE_DEPART;
		head.from = 21;
		snprintf(response, sizeof(response), "SIP/2.0 200 OK\r\nVia: SIP/2.0/TCP pc.example.com:%u;branch=z9hG4bKa;"
			 "received=127.0.0.1\r\nFrom: <sip:a@example.com>;tag=1\r\nTo: <sip:bob@example.com>;tag=2\r\nCall-ID: a\r\n"
			 "CSeq: 1 MESSAGE\r\nContent-Length: 0\r\n\r\n", port_of(door));
		if (acked)
			shutdown(fd, SHUT_WR);
		else
			close(fd);
		shell_quiet(svc);
		shell_give(svc, &head, response, true);
		shell_quiet(svc);
		if (acked) {
			assert_string_equal(hear(fd), response);
			close(fd);
			shell_quiet(svc);
			assert_int_equal(fcntl(door, F_SETFL, O_NONBLOCK), 0);
			assert_int_equal(accept(door, 0, 0), -1);
			continue;
		}
		back = accept(door, 0, 0);
		assert_string_equal(hear(back), response);
		close(back);
	}
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
		T(a_response_that_was_refused_finds_another_way_18_2_2),
		T(a_slow_message_ends_the_connection),
		T(a_source_has_its_limit),
		T(a_peer_that_does_not_read_is_bounded),
		T(a_balancer_introduces_its_clients),
	};

	return cmocka_run_group_tests(tests, 0, 0);
}
