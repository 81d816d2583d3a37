/* SPDX-License-Identifier: MIT */
/* sock: the sockets of both sides; messages written into them leave at the flush. */
#ifndef STORM_SOCK_H
#define STORM_SOCK_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>

#include "rt/slice.h"

enum { SOCK_BATCH = 64, SOCK_MESSAGE_MAX = 4096, SOCKS_MAX = 16384 };
enum sock_kind { SOCK_CALLER, SOCK_CALLEE, SOCK_LISTENER };

struct ssl_st;

struct sock {
	int fd;
	uint32_t number;
	enum sock_kind kind;
	uint16_t port;
	bool stream, dirty, want_out;
	struct udp_queue *queue;     /* datagrams that wait for the flush */
	struct ssl_st *ssl;
	char *in, *out;              /* of a stream */
	uint32_t in_n, in_size, out_n, out_size;
};

/* What arrived; `from` is the sender of a datagram. Set by main. */
typedef void sock_message_fn(struct sock *s, const struct sockaddr_in *from, struct slice text, uint64_t now);

void sock_open_all(sock_message_fn *fn); /* as the options say; the pid ends with a sentence when it cannot */
struct sock *sock_caller(uint32_t n);    /* taken in turn */
struct sock *sock_callee(uint32_t n);

/* Room for one message of at most SOCK_MESSAGE_MAX bytes, then its length and, for UDP, where it goes. */
char *sock_begin(struct sock *s);
void sock_commit(struct sock *s, uint32_t n, const struct sockaddr_in *to);

void sock_flush_all(void);
void sock_wait(int64_t ns); /* at most; hands over what arrived */

uint64_t sock_lost(void);   /* datagrams that found a full receive buffer of ours, since the start */

uint64_t now_ns(void);

/* Between sock.c, udp.c and stream.c. */
struct sock *sock_new(int fd, enum sock_kind kind, bool stream);
void sock_poll(struct sock *s, bool want_out);
void sock_arrived(struct sock *s, const struct sockaddr_in *from, struct slice text, uint64_t now);

void udp_open(enum sock_kind kind, int port);
char *udp_begin(struct sock *s);
void udp_commit(struct sock *s, uint32_t n, const struct sockaddr_in *to);
void udp_flush(struct sock *s);
void udp_read(struct sock *s);
uint32_t udp_lost(const struct sock *s);

void stream_open_all(void);
char *stream_begin(struct sock *s);
void stream_flush(struct sock *s);
void stream_read(struct sock *s);
void stream_accept(struct sock *listener);

#endif
