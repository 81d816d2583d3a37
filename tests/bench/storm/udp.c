/* SPDX-License-Identifier: MIT */
/* udp: datagrams by the batch, both ways. */
#include <errno.h>
#include <linux/sock_diag.h>
#include <stdlib.h>
#include <sys/socket.h>

#include "counts.h"
#include "options.h"
#include "sock.h"

enum { BUFFER = 8 << 20, ROUNDS = 4 };

struct udp_queue {
	unsigned n;
	struct mmsghdr head[SOCK_BATCH];
	struct iovec part[SOCK_BATCH];
	struct sockaddr_in to[SOCK_BATCH];
	char text[SOCK_BATCH][SOCK_MESSAGE_MAX];
};

/* Headers that point at the queue's own parts, once for all. */
static struct udp_queue *queue_new(void)
{
	struct udp_queue *const q = calloc(1, sizeof(*q));

	if (!q)
		die("out of memory");
	for (int i = 0; i < SOCK_BATCH; i++) {
		q->part[i] = (struct iovec){ q->text[i], SOCK_MESSAGE_MAX };
		q->head[i].msg_hdr = (struct msghdr){ .msg_name = &q->to[i], .msg_namelen = sizeof(q->to[i]),
			                              .msg_iov = &q->part[i], .msg_iovlen = 1 };
	}
	return q;
}

void udp_open(enum sock_kind kind, int port)
{
	const int fd = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0), size = BUFFER;
	const struct sockaddr_in a = address_of(options.local, port);

	setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof(size));
	setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size)); /* root may pass net.core.rmem_max */
	setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &size, sizeof(size));
	if (bind(fd, (const struct sockaddr *)&a, sizeof(a)))
		die("udp %s:%d: %m", options.local, port);
	sock_new(fd, kind, false)->queue = queue_new();
}

char *udp_begin(struct sock *s)
{
	if (s->queue->n == SOCK_BATCH)
		udp_flush(s);
	return s->queue->text[s->queue->n];
}

void udp_commit(struct sock *s, uint32_t n, const struct sockaddr_in *to)
{
	struct udp_queue *const q = s->queue;

	q->part[q->n].iov_len = n;
	q->to[q->n++] = *to;
}

void udp_flush(struct sock *s)
{
	struct udp_queue *const q = s->queue;
	unsigned at = 0;

	while (at < q->n) {
		const int n = sendmmsg(s->fd, q->head + at, q->n - at, 0);

		if (n > 0) {
			at += (unsigned)n;
		} else if (errno != EINTR) {
			counts.send_errors++;
			at++; /* that one is lost, as on a wire */
		}
	}
	q->n = 0;
}

void udp_read(struct sock *s)
{
	static struct udp_queue *in;

	if (!in)
		in = queue_new();
	for (int round = 0; round < ROUNDS; round++) {
		for (int i = 0; i < SOCK_BATCH; i++)
			in->head[i].msg_hdr.msg_namelen = sizeof(in->to[i]);
		const int n = recvmmsg(s->fd, in->head, SOCK_BATCH, MSG_DONTWAIT, 0);
		const uint64_t now = n > 0 ? now_ns() : 0;

		for (int i = 0; i < n; i++)
			sock_arrived(s, &in->to[i], slice_of(in->text[i], in->head[i].msg_len), now);
		if (n < SOCK_BATCH)
			return;
	}
}

uint32_t udp_lost(const struct sock *s)
{
	uint32_t info[SK_MEMINFO_VARS] = { 0 };
	socklen_t n = sizeof(info);

	return getsockopt(s->fd, SOL_SOCKET, SO_MEMINFO, info, &n) ? 0 : info[SK_MEMINFO_DROPS];
}
