/* SPDX-License-Identifier: MIT */
/* conn_out: messages wait as chunks, each with the address of who must hear when it cannot go. */
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include "conns.h"
#include "tls.h"
#include "ws.h"

enum {
	GATHER = 16,      /* messages in one write */
	RECORD = 16384,   /* bytes of the largest TLS record */
};

static struct chunk *new_chunk(const struct conn *conn, uint32_t n)
{
	struct chunk *c;

	if (conn->out_chunks >= TRANSPORT_QUEUE || n > TRANSPORT_QUEUE_BYTES || conn->out_bytes > TRANSPORT_QUEUE_BYTES - n)
		return 0;
	c = malloc(sizeof(*c) + n);
	if (c)
		*c = (struct chunk){ .n = n };
	return c;
}

static void queue(struct conn *conn, struct chunk *c)
{
	if (!conn->out)
		conn->moved = svc_now(conn->edge->svc);
	if (conn->out)
		conn->out_last->next = c;
	else
		conn->out = c;
	conn->out_last = c;
	conn->out_chunks++;
	conn->out_bytes += c->n;
	conns_waiting(conn->edge->conns, 1);
	conns_dirty(conn->edge->conns, conn);
}

static void copy(char *p, const struct slice part[3])
{
	for (int i = 0; i < 3; p += part[i].n, i++)
		if (part[i].n)
			memcpy(p, part[i].p, part[i].n);
}

/* The head of a WebSocket frame depends on the payload, so its room is left in front and what is too much is skipped. */
static void put_frame_head(struct chunk *c)
{
	unsigned char head[WS_HEAD_MAX];
	const uint32_t n = ws_head(head, slice_of(c->bytes + WS_HEAD_MAX, c->n - WS_HEAD_MAX));

	c->at = WS_HEAD_MAX - n;
	memcpy(c->bytes + c->at, head, n);
}

static bool is_final(struct slice message)
{
	return slice_starts_nocase(message, SLICE("SIP/2.0 ")) && message.n > 8 && message.p[8] != '1';
}

int conn_send(struct conn *conn, const struct slice part[3], const struct edge_owed *owed)
{
	const uint32_t head = conn->ws ? WS_HEAD_MAX : 0;
	struct chunk *c;

	if (conn->state == CONN_DEAD || conn->shut)
		return RT_ABSENT;
	c = new_chunk(conn, head + part[0].n + part[1].n + part[2].n);
	if (!c)
		return RT_NOMEM;
	if (owed)
		c->owed = *owed;
	copy(c->bytes + head, part);
	conn->answered += is_final(slice_of(c->bytes + head, c->n - head));
	if (head)
		put_frame_head(c);
	queue(conn, c);
	return 0;
}

int conn_send_raw(struct conn *conn, struct slice bytes)
{
	struct chunk *c;

	if (conn->state == CONN_DEAD || conn->shut)
		return RT_ABSENT;
	c = new_chunk(conn, bytes.n);
	if (!c)
		return RT_NOMEM;
	memcpy(c->bytes, bytes.p, bytes.n);
	queue(conn, c);
	return 0;
}

void conn_may_use_udp(struct conn *conn, uint32_t via_at, uint32_t via_n)
{
	conn->out_last->via_at = (uint16_t)via_at;
	conn->out_last->via_n = (uint16_t)via_n;
}

void conn_may_ask_name(struct conn *conn)
{
	conn->out_last->by_name = true;
}

static struct chunk *unqueue(struct conn *conn)
{
	struct chunk *c = conn->out;

	conn->out = c->next;
	conn->out_chunks--;
	conn->out_bytes -= c->n;
	conns_waiting(conn->edge->conns, -1);
	return c;
}

void conn_drop_chunk(struct conn *conn)
{
	free(unqueue(conn));
}

/* ---- A peer that says no more may still listen, or be gone altogether: then TCP refuses what was written to it. ---- */

void conn_drop_told(struct conn *conn)
{
	struct chunk *c = conn->told;

	conn->told = c->next;
	free(c);
}

static void written(struct conn *conn)
{
	struct chunk *c = unqueue(conn);

	if (!conn->deaf) {
		free(c);
		return;
	}
	c->next = conn->told;
	conn->told = c;
}

/* Acknowledged, or so long ago that it would have been refused by now. */
static bool is_read(const struct conn *conn)
{
	struct tcp_info info = { 0 };
	socklen_t size = sizeof(info);

	return getsockopt(conn->fd, IPPROTO_TCP, TCP_INFO, &info, &size) == 0 && info.tcpi_state == TCP_CLOSE_WAIT &&
	       info.tcpi_unacked == 0;
}

void conn_watch(struct conn *conn)
{
	bool out = conn->state == CONN_CONNECTING || (conn->out && conn->state >= CONN_OPEN);
	uint32_t events;

	if (conn->state == CONN_DEAD)
		return;
	out = out || (conn->tls && tls_wants_out(conn));
	events = (conn->deaf ? 0 : EPOLLIN) | (out ? EPOLLOUT : 0);
	if (conn->watched == events)
		return;
	conn->watched = events;
	edge_poll_change(conn->edge, conn->fd, events, conn->self);
}

static ssize_t write_plain(const struct conn *conn)
{
	struct iovec vec[GATHER];
	struct msghdr m = { .msg_iov = vec };
	ssize_t n;

	for (struct chunk *c = conn->out; c && m.msg_iovlen < GATHER; c = c->next)
		vec[m.msg_iovlen++] = (struct iovec){ c->bytes + c->at, c->n - c->at };
	n = sendmsg(conn->fd, &m, MSG_NOSIGNAL | MSG_DONTWAIT);
	if (n >= 0)
		return n;
	return errno == EAGAIN || errno == EINTR ? RT_MORE : RT_DOWN;
}

/* Small messages share a record and a write. What OpenSSL wants to see again when it could not write is still in front. */
static ssize_t write_tls(struct conn *conn)
{
	const struct chunk *c = conn->out;
	uint32_t size, n = 0;
	char *p;

	if (!c->next)
		return tls_write(conn, c->bytes + c->at, c->n - c->at);
	p = conns_scratch(conn->edge->conns, &size);
	for (; c && n < RECORD; c = c->next) {
		const uint32_t part = c->n - c->at < RECORD - n ? c->n - c->at : RECORD - n;

		memcpy(p + n, c->bytes + c->at, part);
		n += part;
	}
	return tls_write(conn, p, n);
}

static void wrote(struct conn *conn, uint32_t n)
{
	conn->moved = svc_now(conn->edge->svc);
	while (conn->out && n > 0) {
		struct chunk *c = conn->out;
		const uint32_t part = n < c->n - c->at ? n : c->n - c->at;

		c->at += part;
		n -= part;
		if (c->at < c->n)
			return;
		++*conn->edge->count.sent;
		written(conn);
	}
}

void conn_write(struct conn *conn)
{
	if (conn->state != CONN_OPEN && conn->state != CONN_CLOSING)
		return;
	while (conn->out) {
		const ssize_t n = conn->tls ? write_tls(conn) : write_plain(conn);

		if (n == RT_MORE)
			break;
		if (n < 0) {
			conn_lose(conn, "write failed");
			return;
		}
		wrote(conn, (uint32_t)n);
	}
	conn_watch(conn);
	if (conn->out)
		conn_arm(conn);
	else if (conn->state == CONN_CLOSING && !conn->shut && conn->answered >= conn->asked && (!conn->told || is_read(conn)))
		conn_shut(conn);
}
