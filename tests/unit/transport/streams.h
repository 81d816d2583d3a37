/* SPDX-License-Identifier: MIT */
/* streams: an actor on TCP and UDP, and both ends of connections to it. */
#ifndef TEST_STREAMS_H
#define TEST_STREAMS_H

#include "shell.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

static const char *const listen_words[] = { "tcp:127.0.0.1:0", "udp:127.0.0.1:0" };
static struct svc *svc;

static inline int open_actor(void **state)
{
	(void)state;
	svc = shell_open(&transport_actor, listen_words, 2);
	return 0;
}

static inline int close_actor(void **state)
{
	(void)state;
	shell_close(&svc);
	return 0;
}

static inline struct sip_hop hop(const char *ip, uint16_t port, enum sip_transport proto)
{
	struct sip_hop h;

	assert_int_equal(sip_hop_ip(&h, slice_str(ip), proto, port), 0);
	return h;
}

static inline uint16_t port_of(int fd)
{
	struct sockaddr_in a;
	socklen_t size = sizeof(a);

	assert_int_equal(getsockname(fd, (struct sockaddr *)&a, &size), 0);
	return ntohs(a.sin_port);
}

static inline int dial(void)
{
	struct sockaddr_storage address;
	const socklen_t size = sip_hop_to_sockaddr(&svc->listener[0].local, &address);
	const int fd = socket(AF_INET, SOCK_STREAM, 0), one = 1;

	assert_int_equal(connect(fd, (struct sockaddr *)&address, size), 0);
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	shell_turn(svc, 100);
	return fd;
}

static inline int listen_at(uint16_t port)
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

static inline void say(int fd, const char *text)
{
	assert_int_equal(send(fd, text, strlen(text), MSG_NOSIGNAL), (ssize_t)strlen(text));
}

/* What can be read now, after the actor had its turns; "" when nothing, "EOF" at the end. */
static inline const char *hear(int fd)
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

static inline const char *request(const char *call_id, const char *via, const char *body)
{
	static char text[71000];

	snprintf(text, sizeof(text), "MESSAGE sip:bob@example.com SIP/2.0\r\nVia: %s\r\nMax-Forwards: 70\r\nFrom: <sip:a@example.com>;tag=1\r\n"
		 "To: <sip:bob@example.com>\r\nCall-ID: %s\r\nCSeq: 1 MESSAGE\r\nContent-Length: %zu\r\n\r\n%s", via, call_id,
		 strlen(body), body);
	return text;
}

#define VIA "SIP/2.0/TCP 127.0.0.1:5070;branch=z9hG4bKa"

static const char forwarded[] = "OPTIONS sip:bob@127.0.0.1 SIP/2.0\r\nVia: SIP/2.0/UDP pc.example.com;branch=z9hG4bKa\r\nMax-Forwards: 69\r\n"
				"From: <sip:a@example.com>;tag=1\r\nTo: <sip:bob@example.com>\r\nCall-ID: c1\r\nCSeq: 1 OPTIONS\r\n"
				"Content-Length: 0\r\n\r\n";

#endif
