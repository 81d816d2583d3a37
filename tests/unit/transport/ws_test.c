/* SPDX-License-Identifier: MIT */
/* The actor on WebSocket: RFC 7118, RFC 6455. */
#include "shell.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include "upgrade.h"
#include "ws.h"

static const char *const listen_words[] = { "ws:127.0.0.1:0" };
static struct svc *svc;

static int open_actor(void **state)
{
	(void)state;
	svc = shell_open(&transport_actor, listen_words, 1);
	return 0;
}

static int close_actor(void **state)
{
	(void)state;
	shell_close(&svc);
	return 0;
}

/* ---- The upgrade, alone ---- */

#define HEAD "GET / HTTP/1.1\r\nHost: server.example.com\r\n"
#define WS13 "Upgrade: websocket\r\nConnection: keep-alive, Upgrade\r\nSec-WebSocket-Version: 13\r\n"
#define KEY "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
#define SIP "Sec-WebSocket-Protocol: sip\r\n"

static const struct svc_words anywhere;

static const char *upgraded(const char *request, const struct svc_words *origins, int want)
{
	static char text[1024];
	struct rt_cursor c = rt_cursor_on(text, sizeof(text) - 1);
	uint32_t used = 0;

	assert_int_equal(upgrade_answer(slice_str(request), origins, &c, &used), want);
	text[c.n] = 0;
	return text;
}

static void accepted_rfc6455_1_3(void **state)
{
	const char *answer = upgraded(HEAD WS13 KEY SIP "\r\n", &anywhere, 0);

	(void)state;
	assert_memory_equal(answer, "HTTP/1.1 101 ", 13);
	assert_non_null(strstr(answer, "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n")); /* the RFC's example */
	assert_non_null(strstr(answer, "Sec-WebSocket-Protocol: sip\r\n"));
	upgraded(HEAD WS13 KEY "Sec-WebSocket-Protocol: chat, sip\r\n\r\n", &anywhere, 0);
	upgraded(HEAD WS13 KEY "Sec-WebSocket-Protocol: chat\r\n" SIP "\r\n", &anywhere, 0); /* RFC 6455 11.3.4: in several lines */
	upgraded("GET /ws?a=b HTTP/1.1\r\nhost: x\r\nupgrade: WebSocket\r\nconnection: upgrade\r\nsec-websocket-version: 13\r\n" KEY SIP "\r\n",
		 &anywhere, 0);
	assert_string_equal(upgraded(HEAD WS13 KEY SIP "\r", &anywhere, RT_MORE), "");
}

static void refused_rfc6455_4_2(void **state)
{
	static const struct {
		const char *request, *status;
	} cases[] = {
		{ HEAD WS13 KEY "\r\n", "400" },                                          /* no sub-protocol, RFC 7118 4 */
		{ HEAD WS13 KEY "Sec-WebSocket-Protocol: sipx\r\n\r\n", "400" },
		{ HEAD WS13 SIP "\r\n", "400" },                                          /* no key */
		{ HEAD WS13 SIP "Sec-WebSocket-Key: short\r\n\r\n", "400" },
		{ HEAD WS13 KEY KEY SIP "\r\n", "400" },
		{ "GET / HTTP/1.1\r\n" WS13 KEY SIP "\r\n", "400" },                      /* no Host */
		{ "GET / HTTP/1.0\r\nHost: x\r\n" WS13 KEY SIP "\r\n", "400" },
		{ "POST / HTTP/1.1\r\nHost: x\r\n" WS13 KEY SIP "\r\n", "405" },
		{ HEAD "Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n" KEY SIP "\r\n", "426" },
		{ HEAD "Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\n" KEY SIP "\r\n", "426" },
		{ HEAD "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 8\r\n" KEY SIP "\r\n", "426" },
		{ "nonsense\r\n\r\n", "400" },
		{ HEAD "no colon\r\n\r\n", "400" },
		{ "\r\n\r\n", "400" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		if (strncmp(upgraded(cases[i].request, &anywhere, RT_DENIED) + 9, cases[i].status, 3) != 0)
			fail_msg("case %zu", i);
	assert_non_null(strstr(upgraded(cases[10].request, &anywhere, RT_DENIED), "Sec-WebSocket-Version: 13\r\n"));
}

static void origins_are_checked(void **state)
{
	const struct svc_words origins = { .n = 1, .word[0] = SLICE("https://phone.example.com") };

	(void)state;
	upgraded(HEAD WS13 KEY SIP "Origin: https://phone.example.com\r\n\r\n", &origins, 0);
	assert_memory_equal(upgraded(HEAD WS13 KEY SIP "Origin: https://evil.example.com\r\n\r\n", &origins, RT_DENIED) + 9, "403", 3);
	assert_memory_equal(upgraded(HEAD WS13 KEY SIP "\r\n", &origins, RT_DENIED) + 9, "403", 3);
	upgraded(HEAD WS13 KEY SIP "Origin: https://any.example.com\r\n\r\n", &anywhere, 0);
}

static void an_endless_head_is_refused(void **state)
{
	static char text[UPGRADE_HEAD_MAX + 1];

	(void)state;
	memset(text, 'x', UPGRADE_HEAD_MAX - 1);
	upgraded(text, &anywhere, RT_MORE);
	text[UPGRADE_HEAD_MAX - 1] = 'x';
	assert_memory_equal(upgraded(text, &anywhere, RT_DENIED) + 9, "431", 3);
}

static void frame_heads(void **state)
{
	static char big[70000];
	unsigned char h[WS_HEAD_MAX];

	(void)state;
	assert_int_equal(ws_head(h, SLICE("abc")), 2);
	assert_memory_equal(h, "\x81\x03", 2);
	memset(big, 'x', sizeof(big));
	assert_int_equal(ws_head(h, slice_of(big, 125)), 2);
	assert_int_equal(ws_head(h, slice_of(big, 126)), 4);
	assert_memory_equal(h, "\x81\x7e\x00\x7e", 4);
	assert_int_equal(ws_head(h, slice_of(big, 65535)), 4);
	assert_int_equal(ws_head(h, slice_of(big, 65536)), 10);
	assert_memory_equal(h, "\x81\x7f\0\0\0\0\0\x01\0\0", 10);
	assert_int_equal(ws_head(h, SLICE("\xc3\xa4 \xe2\x82\xac \xf0\x9f\x98\x80")), 2);
	assert_int_equal(h[0], 0x81);
	static const char *const binary[] = { "\xff", "\xc3", "\xc0\x80", "\xe0\x80\x80", "\xed\xa0\x80", "\xf4\x90\x80\x80", "\xe2\x82", "\x80" };
	for (size_t i = 0; i < sizeof(binary) / sizeof(binary[0]); i++) {
		ws_head(h, slice_str(binary[i]));
		if (h[0] != 0x82)
			fail_msg("case %zu is no UTF-8", i);
	}
}

/* ---- The actor ---- */

static const char *hear(int fd)
{
	static char text[200000];
	ssize_t n;

	shell_quiet(svc);
	n = recv(fd, text, sizeof(text) - 1, MSG_DONTWAIT);
	if (n == 0)
		return "EOF";
	text[n > 0 ? n : 0] = 0;
	return text;
}

static int dial(void)
{
	struct sockaddr_storage address;
	const socklen_t size = sip_hop_to_sockaddr(&svc->listener[0].local, &address);
	const int fd = socket(AF_INET, SOCK_STREAM, 0);
	static const char ask[] = HEAD WS13 KEY SIP "\r\n";

	assert_int_equal(connect(fd, (struct sockaddr *)&address, size), 0);
	assert_int_equal(send(fd, ask, strlen(ask), 0), (ssize_t)strlen(ask));
	assert_memory_equal(hear(fd), "HTTP/1.1 101 ", 13);
	return fd;
}

/* A masked frame, as browsers send them. */
static size_t frame(unsigned char *out, int first, const char *text, size_t n)
{
	static const unsigned char mask[4] = { 1, 2, 3, 4 };
	size_t at = 0;

	out[at++] = (unsigned char)first;
	if (n < 126) {
		out[at++] = (unsigned char)(0x80 | n);
	} else {
		out[at++] = 0x80 | 126;
		out[at++] = (unsigned char)(n >> 8);
		out[at++] = (unsigned char)n;
	}
	memcpy(out + at, mask, 4);
	at += 4;
	for (size_t i = 0; i < n; i++)
		out[at++] = (unsigned char)text[i] ^ mask[i % 4];
	return at;
}

static void say(int fd, int first, const char *text, size_t n)
{
	unsigned char bytes[66000];
	const size_t size = frame(bytes, first, text, n);

	assert_int_equal(send(fd, bytes, size, MSG_NOSIGNAL), (ssize_t)size);
}

static const char request[] = "MESSAGE sip:bob@example.com SIP/2.0\r\nVia: SIP/2.0/WS df7jal23ls0d.invalid;branch=z9hG4bKa;rport\r\n"
			      "Max-Forwards: 70\r\nFrom: <sip:a@example.com>;tag=1\r\nTo: <sip:bob@example.com>\r\nCall-ID: c\r\n"
			      "CSeq: 1 MESSAGE\r\nContent-Length: 2\r\n\r\nhi";

static void messages_in_frames_rfc7118_5(void **state)
{
	const int fd = dial();
	struct wire_head head;
	static const char response[] = "SIP/2.0 200 OK\r\nVia: SIP/2.0/WS df7jal23ls0d.invalid;branch=z9hG4bKa;rport\r\nFrom: <sip:a@example.com>;tag=1\r\n"
				       "To: <sip:bob@example.com>;tag=2\r\nCall-ID: c\r\nCSeq: 1 MESSAGE\r\nContent-Length: 0\r\n\r\n";
	const char *heard;

	(void)state;
	say(fd, 0x81, request, strlen(request));           /* text */
	say(fd, 0x82, request, strlen(request));           /* binary */
	say(fd, 0x01, request, 10);                        /* in three fragments, a ping between them */
	say(fd, 0x00, request + 10, 100);
	say(fd, 0x89, "hello", 5);
	say(fd, 0x80, request + 110, strlen(request) - 110);
	shell_until(svc, 3);
	assert_memory_equal(hear(fd), "\x8a\x05hello", 7);
	for (int i = 0; i < 3; i++) {
		assert_int_equal(svc->post[i].head.remote.proto, SIP_WS);
		assert_memory_equal(svc->post[i].text.p + svc->post[i].text.n - 4, "\r\nhi", 4);
		assert_non_null(memmem(svc->post[i].text.p, svc->post[i].text.n, "received=127.0.0.1", 18));
	}
	head = svc->post[0].head;
	head.verb = WIRE_DEPART;
	shell_give(svc, &head, response, true);
	heard = hear(fd);
	assert_int_equal((unsigned char)heard[0], 0x81);
	assert_int_equal((unsigned char)heard[1], 126);
	assert_string_equal(heard + 4, response);
	close(fd);
}

static void one_byte_at_a_time(void **state)
{
	const int fd = dial();
	unsigned char bytes[1000];
	const size_t n = frame(bytes, 0x81, request, strlen(request));

	(void)state;
	for (size_t i = 0; i < n; i++) {
		assert_int_equal(send(fd, bytes + i, 1, 0), 1);
		shell_turn(svc, 20);
	}
	shell_until(svc, 1);
	close(fd);
}

static void requests_leave_with_our_ws_via(void **state)
{
	const int fd = dial();
	struct wire_head head;
	const char *heard;

	(void)state;
	say(fd, 0x81, request, strlen(request));
	shell_until(svc, 1);
	head = (struct wire_head){ .verb = WIRE_DEPART, .from = 21, .branch = 5, .flow = svc->post[0].head.flow, .remote = svc->post[0].head.remote };
	shell_give(svc, &head, request, true);
	heard = hear(fd) + 4;
	assert_memory_equal(heard, "MESSAGE sip:bob@example.com SIP/2.0\r\nVia: SIP/2.0/WS 127.0.0.1:", 63);
	close(fd);
	shell_quiet(svc);
	shell_give(svc, &head, request, true);
	assert_int_equal(svc->posts, 2);
	assert_int_equal(svc->post[1].head.reason, RT_ABSENT);
	head.flow = 0;
	shell_give(svc, &head, request, true);
	assert_int_equal(svc->posts, 3);
	assert_int_equal(svc->post[2].head.reason, RT_ABSENT); /* nobody can connect to a browser */
}

static void two_in_one_frame_is_400(void **state)
{
	const int fd = dial();
	char text[2000];

	(void)state;
	snprintf(text, sizeof(text), "%s%s", request, request);
	say(fd, 0x81, text, strlen(text));
	assert_memory_equal(hear(fd) + 4, "SIP/2.0 400 ", 12);
	assert_int_equal(svc->posts, 0);
	close(fd);
}

static void keep_alives_rfc7118_6(void **state)
{
	const int fd = dial();

	(void)state;
	say(fd, 0x81, "\r\n\r\n", 4);
	assert_string_equal(hear(fd), "\x81\x02\r\n");
	say(fd, 0x89, "x", 1);
	assert_string_equal(hear(fd), "\x8a\x01x");
	close(fd);
}

static void broken_frames_end_the_connection_rfc6455_5(void **state)
{
	static const struct {
		unsigned char bytes[16];
		size_t n;
		int code;
	} cases[] = {
		{ { 0x81, 0x02, 'h', 'i' }, 4, 1002 },                    /* not masked */
		{ { 0xc1, 0x82, 0, 0, 0, 0, 'h', 'i' }, 8, 1002 },        /* a reserved bit */
		{ { 0x83, 0x82, 0, 0, 0, 0, 'h', 'i' }, 8, 1002 },        /* an unknown opcode */
		{ { 0x09, 0x82, 0, 0, 0, 0, 'h', 'i' }, 8, 1002 },        /* a ping in fragments */
		{ { 0x80, 0x82, 0, 0, 0, 0, 'h', 'i' }, 8, 1002 },        /* a continuation of nothing */
		{ { 0x81, 0x82, 0, 0, 0, 0, 0xff, 0xff }, 8, 1007 },      /* text that is none */
		{ { 0x82, 0xff, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0 }, 16, 1009 }, /* larger than max_message */
		{ { 0x88, 0x82, 0, 0, 0, 0, 0x03, 0xe8 }, 8, 1000 },      /* a polite end is answered */
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const int fd = dial();
		const unsigned char *heard;

		assert_int_equal(send(fd, cases[i].bytes, cases[i].n, 0), (ssize_t)cases[i].n);
		heard = (const unsigned char *)hear(fd);
		if (heard[0] != 0x88 || (heard[2] << 8 | heard[3]) != cases[i].code)
			fail_msg("case %zu: %02x %d", i, heard[0], heard[2] << 8 | heard[3]);
		assert_string_equal(hear(fd), "EOF");
		close(fd);
	}
	assert_int_equal(svc->posts, 0);
}

static void slow_ones_end(void **state)
{
	const int silent = socket(AF_INET, SOCK_STREAM, 0), slow = dial();
	struct sockaddr_storage address;
	const socklen_t size = sip_hop_to_sockaddr(&svc->listener[0].local, &address);

	(void)state;
	assert_int_equal(connect(silent, (struct sockaddr *)&address, size), 0);
	assert_int_equal(send(silent, "GET / HT", 8, 0), 8);
	say(slow, 0x01, request, 10); /* the first fragment of a message */
	shell_quiet(svc);
	shell_wait(svc, 4100);
	assert_string_equal(hear(silent), "EOF");
	assert_string_equal(hear(slow), "");
	shell_wait(svc, 6000);
	assert_string_equal(hear(slow), "EOF");
	close(silent);
	close(slow);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, open_actor, close_actor)
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(accepted_rfc6455_1_3),
		cmocka_unit_test(refused_rfc6455_4_2),
		cmocka_unit_test(origins_are_checked),
		cmocka_unit_test(an_endless_head_is_refused),
		cmocka_unit_test(frame_heads),
		T(messages_in_frames_rfc7118_5),
		T(one_byte_at_a_time),
		T(requests_leave_with_our_ws_via),
		T(two_in_one_frame_is_400),
		T(keep_alives_rfc7118_6),
		T(broken_frames_end_the_connection_rfc6455_5),
		T(slow_ones_end),
	};

	return cmocka_run_group_tests(tests, 0, 0);
}
