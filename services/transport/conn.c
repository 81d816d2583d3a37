/* SPDX-License-Identifier: MIT */
#include "conn.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "accept.h"
#include "conns.h"
#include "depart.h"
#include "intro.h"
#include "reuse.h"
#include "tls.h"
#include "ws.h"

enum {
	CLOSED_MS = 600000,  /* until TCP is tried again where nobody listened */
	LINGER_MS = 1000,    /* for us to answer, and again for the peer to read it */
	TENTATIVE_MS = 1000, /* to connect where UDP was meant: a caller waits */
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
	if (conn->state == CONN_CONNECTING && conn->tentative) {
		*why = "connect timeout, UDP instead";
		return conn->born + TENTATIVE_MS;
	}
	if (conn->state < CONN_OPEN) {
		*why = conn->state == CONN_CONNECTING ? "connect timeout" : "handshake timeout";
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
	svc_timer_start(conn->edge->svc, &conn->timer, conn->self, EDGE_TIMER_CONN, due > now ? (uint32_t)(due - now) : 0);
}

void conn_expired(struct conn *conn)
{
	const char *why;

	if (conn->state == CONN_DEAD)
		return;
	if (deadline(conn, &why) > svc_now(conn->edge->svc)) {
		conn_arm(conn);
	} else if (conn->state == CONN_CLOSING && !conn->shut && !conn->out) {
		conn_shut(conn);
		conn_arm(conn);
	} else {
		conn_close(conn, RT_TIMEOUT, why);
	}
}

/* ---- End ---- */

static void forget_input(struct conn *conn)
{
	free(conn->in);
	conn->in = 0;
	conn->in_n = conn->in_size = 0;
	conn->begun = 0;
}

/* One that came by a connection is answered by another, but not by a third: who resets each would keep us busy. */
static bool goes_another_way(const struct conn *conn, const struct chunk *chunk, bool never_open)
{
	if (never_open)
		return depart_otherwise(conn->edge, conn, chunk) == 0;
	return conn->lost && !conn->outgoing && depart_again(conn->edge, conn, chunk) == 0;
}

void conn_lose(struct conn *conn, const char *why)
{
	conn->lost = true;
	conn_close(conn, RT_DOWN, why);
}

void conn_close(struct conn *conn, enum rt_err reason, const char *why)
{
	const bool never_open = conn->state == CONN_CONNECTING;

	if (conn->state == CONN_DEAD)
		return;
	rt_log(RT_LOG_D, "conn.close", 0, "peer=%s flow=%llx reason=\"%s\" unsent=%u", edge_text(&conn->remote).s,
	       (unsigned long long)conn->self, why, conn->out_chunks);
	conn->state = CONN_DEAD;
	if (never_open && conn->tentative)
		refusals_note(&conn->edge->closed, &conn->remote, svc_now(conn->edge->svc) + CLOSED_MS);
	if (conn->tls)
		tls_end(conn);
	ws_end(conn);
	close(conn->fd);
	svc_timer_stop(conn->edge->svc, &conn->timer);
	while (conn->out) {
		if (!goes_another_way(conn, conn->out, never_open) && conn->out->owed.to)
			edge_unsent(conn->edge, &conn->out->owed, reason);
		conn_drop_chunk(conn);
	}
	while (conn->told) {
		(void)goes_another_way(conn, conn->told, false);
		conn_drop_told(conn);
	}
	forget_input(conn);
	free(conn->name);
	conn->name = 0;
	conns_bury(conn->edge->conns, conn);
	free(conn->alias_host);
	conn->alias_host = 0;
}

/* Everything is out of a connection that ends: say so to the peer; it answers by closing. */
void conn_shut(struct conn *conn)
{
	conn->shut = true;
	while (conn->told)
		conn_drop_told(conn);
	conn->moved = svc_now(conn->edge->svc);
	if (conn->tls)
		tls_bye(conn);
	(void)shutdown(conn->fd, SHUT_WR);
}

void conn_finish(struct conn *conn, const char *why)
{
	if (conn->state >= CONN_CLOSING)
		return;
	rt_log(RT_LOG_D, "conn.finish", 0, "peer=%s flow=%llx reason=\"%s\"", edge_text(&conn->remote).s,
	       (unsigned long long)conn->self, why);
	conn->state = CONN_CLOSING;
	conn->moved = svc_now(conn->edge->svc);
	reuse_ended(conn->edge->reuse, conn);
	conn_arm(conn);
	conns_dirty(conn->edge->conns, conn);
}

/* ---- Steps to OPEN ---- */

void conn_opened(struct conn *conn)
{
	conn->state = CONN_OPEN;
	conns_settled(conn->edge->conns, conn);
	conn->heard = conn->moved = svc_now(conn->edge->svc);
	conn->begun = 0;
	svc_timer_stop(conn->edge->svc, &conn->timer);
	conn_arm(conn);
	conns_dirty(conn->edge->conns, conn);
}

/* What follows a plain or a secured connection: the upgrade of a WebSocket, or nothing. */
static void carried(struct conn *conn)
{
	if (conn->remote.proto != SIP_WS && conn->remote.proto != SIP_WSS) {
		conn_opened(conn);
		return;
	}
	conn->state = CONN_UPGRADING;
	conn_arm(conn);
}

int conn_begin(struct conn *conn)
{
	if (conn->remote.proto == SIP_TLS || conn->remote.proto == SIP_WSS) {
		conn->state = CONN_HANDSHAKING;
		conn_arm(conn);
		return tls_begin(conn);
	}
	carried(conn);
	return 0;
}

static void connected(struct conn *conn)
{
	int error = 0;
	socklen_t size = sizeof(error);

	(void)getsockopt(conn->fd, SOL_SOCKET, SO_ERROR, &error, &size);
	if (error)
		conn_close(conn, RT_DOWN, strerror(error));
	else if (conn_begin(conn) < 0)
		conn_close(conn, RT_DOWN, "TLS cannot be begun");
}

/* What a balancer says of its client is read to the byte: TLS may begin right behind it. */
static void introduce(struct conn *conn)
{
	struct sip_hop client = conn->remote;
	uint32_t need = 1;
	int err = RT_MORE;

	if (!conn->in)
		conn->in = malloc(INTRO_MAX);
	if (!conn->in) {
		conn_close(conn, RT_NOMEM, "out of memory");
		return;
	}
	while (err == RT_MORE) {
		const ssize_t n = recv(conn->fd, conn->in + conn->in_n, need, MSG_DONTWAIT);

		if (n < 0 && (errno == EAGAIN || errno == EINTR))
			return;
		if (n <= 0) {
			conn_close(conn, RT_DOWN, "closed by peer");
			return;
		}
		conn->in_n += (uint32_t)n;
		err = intro_read(slice_of(conn->in, conn->in_n), &client, &need);
	}
	forget_input(conn);
	if (err == 0 && !sip_hop_same(&client, &conn->remote))
		err = accept_introduced(conn->edge->accept, conn, &client);
	if (err == 0)
		err = conn_begin(conn);
	if (err < 0)
		conn_close(conn, RT_DOWN, "no PROXY introduction");
}

static void handshake(struct conn *conn)
{
	const int err = tls_step(conn);

	if (err == 0)
		carried(conn);
	else if (err != RT_MORE)
		conn_close(conn, RT_DOWN, "TLS handshake failed");
}

void conn_ready(struct conn *conn, uint32_t events)
{
	if (conn->state == CONN_CONNECTING && (events & (EPOLLOUT | EPOLLERR | EPOLLHUP)))
		connected(conn);
	if (conn->state == CONN_INTRODUCING)
		introduce(conn);
	if (conn->state == CONN_HANDSHAKING)
		handshake(conn);
	if (conn->state < CONN_UPGRADING || conn->state == CONN_DEAD) {
		conn_watch(conn);
		return;
	}
	if (conn->deaf && (events & (EPOLLERR | EPOLLHUP)))
		conn_lose(conn, "closed by peer");
	else if ((events & (EPOLLIN | EPOLLERR | EPOLLHUP)) || conn->tls)
		conn_read(conn);
	if (conn->state == CONN_CLOSING && conn->in)
		forget_input(conn);
	if ((events & EPOLLOUT) || (conn->tls && conn->out))
		conn_write(conn);
	conn_watch(conn);
}
