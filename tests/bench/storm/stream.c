/* SPDX-License-Identifier: MIT */
/* stream: TCP and TLS connections: callers open theirs at start, callees take what the server opens. */
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <stdlib.h>
#include <unistd.h>

#include "counts.h"
#include "message.h"
#include "options.h"
#include "sock.h"

enum { READ_ROOM = 65536 };

static SSL_CTX *as_client, *as_server;

static void no_delay(int fd)
{
	const int one = 1;

	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
}

static void make_contexts(void)
{
	as_client = SSL_CTX_new(TLS_client_method());
	as_server = SSL_CTX_new(TLS_server_method());
	if (!as_client || !as_server || SSL_CTX_use_certificate_chain_file(as_server, options.cert) != 1 ||
	    SSL_CTX_use_PrivateKey_file(as_server, options.key, SSL_FILETYPE_PEM) != 1)
		die("cannot read the certificate %s and its key %s", options.cert, options.key);
	SSL_CTX_set_mode(as_client, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
	SSL_CTX_set_mode(as_server, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
}

static void open_listener(int port)
{
	const int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0), one = 1;
	const struct sockaddr_in a = address_of(options.local, port);

	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	if (bind(fd, (const struct sockaddr *)&a, sizeof(a)) || listen(fd, 1024))
		die("tcp %s:%d: %m", options.local, port);
	sock_new(fd, SOCK_LISTENER, true);
}

static void open_caller(void)
{
	const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	const struct sockaddr_in a = address_of(options.local, 0);
	SSL *ssl = 0;

	no_delay(fd);
	if (bind(fd, (const struct sockaddr *)&a, sizeof(a)) ||
	    connect(fd, (const struct sockaddr *)&options.target, sizeof(options.target)))
		die("cannot connect to %s: %m", options.target_text);
	if (options.proto == PROTO_TLS) {
		ssl = SSL_new(as_client);
		if (!ssl || SSL_set_fd(ssl, fd) != 1 || SSL_connect(ssl) != 1)
			die("no TLS handshake with %s", options.target_text);
	}
	fcntl(fd, F_SETFL, O_NONBLOCK);
	sock_new(fd, SOCK_CALLER, true)->ssl = ssl;
}

void stream_open_all(void)
{
	if (options.proto == PROTO_TLS)
		make_contexts();
	for (int i = 0; i < (int)options.callees; i++)
		open_listener((int)options.callee_port + i);
	for (int i = 0; i < (int)options.callers; i++)
		open_caller();
}

void stream_accept(struct sock *listener)
{
	int fd;

	while ((fd = accept4(listener->fd, 0, 0, SOCK_NONBLOCK | SOCK_CLOEXEC)) >= 0) {
		struct sock *const s = sock_new(fd, SOCK_CALLEE, true);

		no_delay(fd);
		if (options.proto != PROTO_TLS)
			continue;
		s->ssl = SSL_new(as_server);
		SSL_set_fd(s->ssl, fd);
		SSL_set_accept_state(s->ssl);
	}
}

static void grow(char **buffer, uint32_t *size, uint32_t wanted)
{
	while (*size < wanted)
		*size = *size ? *size * 2 : 4 * READ_ROOM;
	*buffer = realloc(*buffer, *size);
	if (!*buffer)
		die("out of memory");
}

char *stream_begin(struct sock *s)
{
	if (s->out_size - s->out_n < SOCK_MESSAGE_MAX)
		grow(&s->out, &s->out_size, s->out_n + SOCK_MESSAGE_MAX);
	return s->out + s->out_n;
}

static void end(struct sock *s)
{
	if (s->kind == SOCK_CALLER)
		die("the server closed a caller's connection");
	if (s->ssl)
		SSL_free(s->ssl);
	close(s->fd); /* leaves the poller too */
	s->ssl = 0;
	s->fd = -1;
	s->in_n = s->out_n = 0;
	counts.closed++;
}

/* Bytes moved; 0: would block; -1: over. */
static int ssl_moved(struct sock *s, int n)
{
	if (n > 0)
		return n;
	const int why = SSL_get_error(s->ssl, n);

	if (why == SSL_ERROR_WANT_READ || why == SSL_ERROR_WANT_WRITE)
		return 0;
	ERR_clear_error();
	return -1;
}

static int put(struct sock *s, const char *p, uint32_t n)
{
	if (s->ssl)
		return ssl_moved(s, SSL_write(s->ssl, p, (int)n));
	const ssize_t sent = send(s->fd, p, n, MSG_NOSIGNAL);

	return sent >= 0 ? (int)sent : errno == EAGAIN ? 0 : -1;
}

static int get(struct sock *s, char *p, uint32_t n)
{
	if (s->ssl)
		return ssl_moved(s, SSL_read(s->ssl, p, (int)n));
	const ssize_t got = recv(s->fd, p, n, 0);

	return got > 0 ? (int)got : got < 0 && errno == EAGAIN ? 0 : -1;
}

void stream_flush(struct sock *s)
{
	uint32_t at = 0;
	int n = 1;

	while (s->fd >= 0 && at < s->out_n && (n = put(s, s->out + at, s->out_n - at)) > 0)
		at += (uint32_t)n;
	if (n < 0) {
		counts.send_errors++;
		end(s);
		return;
	}
	if (s->fd < 0)
		at = s->out_n; /* nobody is there to read it */
	if (at)
		memmove(s->out, s->out + at, s->out_n - at);
	s->out_n -= at;
	sock_poll(s, s->out_n > 0);
}

static void cut(struct sock *s, uint64_t now)
{
	static const struct sockaddr_in nobody;
	uint32_t at = 0, n;

	while (s->fd >= 0 && (n = message_cut(slice_of(s->in + at, s->in_n - at)))) {
		uint32_t lead = 0;

		while (s->in[at + lead] == '\r' || s->in[at + lead] == '\n')
			lead++;
		sock_arrived(s, &nobody, slice_of(s->in + at + lead, n - lead), now);
		at += n;
	}
	memmove(s->in, s->in + at, s->in_n - at);
	s->in_n -= at;
}

void stream_read(struct sock *s)
{
	int n;

	do {
		if (s->in_size - s->in_n < READ_ROOM)
			grow(&s->in, &s->in_size, s->in_n + READ_ROOM);
		n = get(s, s->in + s->in_n, s->in_size - s->in_n);
		if (n < 0) {
			end(s);
			return;
		}
		s->in_n += (uint32_t)n;
		if (n > 0)
			cut(s, now_ns());
	} while (n > 0);
}
