/* SPDX-License-Identifier: MIT */
#include "conn.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include "conns.h"
#include "depart.h"
#include "stream.h"

enum {
	OUT_CHUNKS_MAX = 4096,    /* messages waiting on one connection */
	OUT_BYTES_MAX = 1 << 21,  /* their bytes */
	GATHER = 16,              /* messages in one write */
	IN_FIRST = 2048,          /* bytes of the first buffer for an unfinished message */
	LINGER_MS = 1000,         /* for the peer to read our last answer */
	READS = 4,                /* turns of the scratch in one event */
};

/* ---- Time ---- */

static rt_ms seconds(int64_t s)
{
	return (rt_ms)s * 1000;
}

static rt_ms deadline(const struct conn *conn, const char **why)
{
	const struct svc_config *config = svc_config(conn->edge->svc);
	rt_ms due = conn->heard + seconds(config->transport_idle_timeout);

	*why = "idle";
	if (conn->state == CONN_CONNECTING) {
		*why = "connect timeout";
		return conn->born + (rt_ms)config->transport_connect_timeout;
	}
	if (conn->state == CONN_CLOSING) {
		*why = "closed by us";
		return conn->moved + LINGER_MS;
	}
	if (conn->begun && conn->begun + seconds(config->transport_message_timeout) < due) {
		*why = "message timeout";
		due = conn->begun + seconds(config->transport_message_timeout);
	}
	if (conn->out && conn->moved + seconds(config->transport_message_timeout) < due) {
		*why = "peer does not read";
		due = conn->moved + seconds(config->transport_message_timeout);
	}
	return due;
}

void conn_arm(struct conn *conn)
{
	const char *why;
	const rt_ms due = deadline(conn, &why), now = svc_now(conn->edge->svc);

	if (rt_timer_running(&conn->timer) && conn->timer.due <= due)
		return; /* it fires early and looks again: cheaper than moving it for every byte */
	svc_timer_start(conn->edge->svc, &conn->timer, conn->self, 'C', due > now ? (uint32_t)(due - now) : 0);
}

void conn_expired(struct conn *conn)
{
	const char *why;

	if (deadline(conn, &why) <= svc_now(conn->edge->svc))
		conn_close(conn, RT_TIMEOUT, why);
	else
		conn_arm(conn);
}

/* ---- End ---- */

static void drop_chunk(struct conn *conn)
{
	struct chunk *c = conn->out;

	conn->out = c->next;
	if (!conn->out)
		conn->out_tail = &conn->out;
	conn->out_chunks--;
	conn->out_bytes -= c->n - c->at;
	conns_waiting(conn->edge->conns, -1);
	free(c);
}

void conn_close(struct conn *conn, enum rt_err reason, const char *why)
{
	const bool never_open = conn->state == CONN_CONNECTING;

	if (conn->state == CONN_DEAD)
		return;
	conn->state = CONN_DEAD;
	rt_log(RT_LOG_D, "conn.close", 0, "peer=%s flow=%llx reason=\"%s\" unsent=%u", edge_text(&conn->remote).s,
	       (unsigned long long)conn->self, why, conn->out_chunks);
	close(conn->fd);
	svc_timer_stop(conn->edge->svc, &conn->timer);
	while (conn->out) {
		if (!(never_open && conn->out->via_n && depart_by_udp(conn->edge, conn, conn->out) == 0) &&
		    conn->out->owed.to)
			edge_unsent(conn->edge, &conn->out->owed, reason);
		drop_chunk(conn);
	}
	free(conn->in);
	conn->in = 0;
	conns_bury(conn->edge->conns, conn);
}

void conn_finish(struct conn *conn, const char *why)
{
	if (conn->state == CONN_DEAD || conn->state == CONN_CLOSING)
		return;
	rt_log(RT_LOG_D, "conn.finish", 0, "peer=%s flow=%llx reason=\"%s\"", edge_text(&conn->remote).s,
	       (unsigned long long)conn->self, why);
	conn->state = CONN_CLOSING;
	conn->moved = svc_now(conn->edge->svc);
	conn_arm(conn);
	conns_dirty(conn->edge->conns, conn);
}

/* ---- Out ---- */

static void watch(struct conn *conn, bool out)
{
	if (conn->want_out == out)
		return;
	conn->want_out = out;
	edge_poll_change(conn->edge, conn->fd, EPOLLIN | (out ? EPOLLOUT : 0), conn->self);
}

int conn_send(struct conn *conn, const struct slice part[3], const struct edge_owed *owed)
{
	const uint32_t n = part[0].n + part[1].n + part[2].n;
	struct chunk *c;
	char *p;

	if (conn->state > CONN_OPEN)
		return RT_ABSENT;
	if (conn->out_chunks >= OUT_CHUNKS_MAX || conn->out_bytes + n > OUT_BYTES_MAX)
		return RT_NOMEM;
	c = malloc(sizeof(*c) + n);
	if (!c)
		return RT_NOMEM;
	*c = (struct chunk){ .n = n };
	if (owed)
		c->owed = *owed;
	p = c->bytes;
	for (int i = 0; i < 3; p += part[i].n, i++)
		if (part[i].n)
			memcpy(p, part[i].p, part[i].n);
	if (!conn->out)
		conn->moved = svc_now(conn->edge->svc);
	*conn->out_tail = c;
	conn->out_tail = &c->next;
	conn->out_chunks++;
	conn->out_bytes += n;
	conns_waiting(conn->edge->conns, 1);
	conns_dirty(conn->edge->conns, conn);
	return 0;
}

void conn_may_use_udp(struct conn *conn, uint32_t via_at, uint32_t via_n)
{
	struct chunk *c = conn->out;

	while (c->next)
		c = c->next;
	c->via_at = (uint16_t)via_at;
	c->via_n = (uint16_t)via_n;
}

/* Bytes written, or RT_MORE, RT_DOWN. */
static ssize_t write_some(struct conn *conn)
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

static void wrote(struct conn *conn, uint32_t n)
{
	conn->moved = svc_now(conn->edge->svc);
	while (conn->out && n > 0) {
		struct chunk *c = conn->out;
		const uint32_t part = n < c->n - c->at ? n : c->n - c->at;

		c->at += part;
		conn->out_bytes -= part;
		n -= part;
		if (c->at < c->n)
			return;
		++*conn->edge->count.sent;
		drop_chunk(conn);
	}
}

void conn_write(struct conn *conn)
{
	if (conn->state != CONN_OPEN && conn->state != CONN_CLOSING)
		return;
	while (conn->out) {
		const ssize_t n = write_some(conn);

		if (n == RT_MORE)
			break;
		if (n < 0) {
			conn_close(conn, RT_DOWN, "write failed");
			return;
		}
		wrote(conn, (uint32_t)n);
	}
	watch(conn, conn->out != 0);
	if (conn->out)
		conn_arm(conn);
	else if (conn->state == CONN_CLOSING && !conn->shut) {
		conn->shut = true;
		(void)shutdown(conn->fd, SHUT_WR);
	}
}

/* ---- In ---- */

/* Room to read into: behind an unfinished message, else the scratch of all. NULL: out of memory. */
static char *room(struct conn *conn, uint32_t *n)
{
	const uint32_t whole = conn->frame.head_n + conn->frame.body_n;
	uint32_t size = conn->in_size;
	char *bigger;

	if (!conn->in)
		return conns_scratch(conn->edge->conns, n);
	if (conn->in_n == size) {
		size = whole > size ? whole : size * 2;
		bigger = realloc(conn->in, size);
		if (!bigger)
			return 0;
		conn->in = bigger;
		conn->in_size = size;
	}
	*n = conn->in_size - conn->in_n;
	return conn->in + conn->in_n;
}

/* Keep what is left of `all` after the messages that were taken from its front. */
static int keep(struct conn *conn, struct slice all, uint32_t used)
{
	const struct slice rest = slice_from(all, used);

	if (rest.n == 0) {
		free(conn->in);
		conn->in = 0;
		conn->in_n = conn->in_size = 0;
	} else if (conn->in) {
		memmove(conn->in, rest.p, rest.n);
		conn->in_n = rest.n;
	} else {
		conn->in_size = rest.n < IN_FIRST / 2 ? IN_FIRST : rest.n * 2;
		conn->in = malloc(conn->in_size);
		if (!conn->in)
			return RT_NOMEM;
		memcpy(conn->in, rest.p, rest.n);
		conn->in_n = rest.n;
	}
	return 0;
}

/* The clock of an unfinished message starts with its first byte; a lone CR or LF is no message. */
static void mark_begun(struct conn *conn)
{
	const bool unfinished = conn->in && conn->in[0] != '\r' && conn->in[0] != '\n';

	if (!unfinished)
		conn->begun = 0;
	else if (!conn->begun)
		conn->begun = svc_now(conn->edge->svc);
	if (conn->begun)
		conn_arm(conn);
}

static void take(struct conn *conn, char *at, uint32_t n)
{
	const struct slice all = conn->in ? slice_of(conn->in, conn->in_n + n) : slice_of(at, n);
	uint32_t used;

	conn->heard = svc_now(conn->edge->svc);
	if (conn->state != CONN_OPEN)
		return; /* closing: what still comes is read and forgotten */
	used = stream_feed(conn, all);
	if (used)
		conn->begun = 0;
	if (conn->state == CONN_OPEN && keep(conn, all, used) < 0)
		conn_close(conn, RT_NOMEM, "out of memory");
	else
		mark_begun(conn);
}

static void receive(struct conn *conn)
{
	for (int i = 0; i < READS && conn->state != CONN_DEAD; i++) {
		uint32_t size;
		char *p = room(conn, &size);
		const ssize_t n = p ? recv(conn->fd, p, size, MSG_DONTWAIT) : -1;

		if (n < 0 && p && (errno == EAGAIN || errno == EINTR))
			return;
		if (n <= 0) {
			conn_close(conn, RT_DOWN, !p ? "out of memory" : n ? strerror(errno) : "closed by peer");
			return;
		}
		take(conn, p, (uint32_t)n);
		if ((uint32_t)n < size)
			return;
	}
}

static void connected(struct conn *conn)
{
	int error = 0;
	socklen_t size = sizeof(error);

	(void)getsockopt(conn->fd, SOL_SOCKET, SO_ERROR, &error, &size);
	if (error) {
		conn_close(conn, RT_DOWN, strerror(error));
		return;
	}
	conn->state = CONN_OPEN;
	conn->heard = conn->moved = svc_now(conn->edge->svc);
	svc_timer_stop(conn->edge->svc, &conn->timer);
	conn_arm(conn);
	conn_write(conn);
}

void conn_ready(struct conn *conn, uint32_t events)
{
	if (conn->state == CONN_CONNECTING) {
		if (events & (EPOLLOUT | EPOLLERR | EPOLLHUP))
			connected(conn);
		return;
	}
	if (events & EPOLLOUT)
		conn_write(conn);
	if (conn->state != CONN_DEAD && events & (EPOLLIN | EPOLLERR | EPOLLHUP))
		receive(conn);
}
