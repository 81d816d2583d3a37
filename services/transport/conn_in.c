/* SPDX-License-Identifier: MIT */
/* conn_in: bytes in, through TLS if there is any, to whoever cuts messages out of them. */
#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>

#include "conns.h"
#include "stream.h"
#include "tls.h"
#include "ws.h"

enum {
	IN_FIRST = 2048, /* bytes of the first buffer for an unfinished message */
	READS = 4,       /* turns in one event: others wait too */
};

/* Room to read into: behind an unfinished message, else the scratch of all. NULL: out of memory. */
static char *room(struct conn *conn, uint32_t *n)
{
	const uint32_t whole = conn->frame.head_n + conn->frame.body_n;
	uint32_t size = conn->in_size;
	char *bigger;

	if (!conn->in || conn->state > CONN_OPEN)
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
		conn->in_size = 0;
	} else if (conn->in) {
		memmove(conn->in, rest.p, rest.n);
	} else {
		conn->in_size = rest.n < IN_FIRST / 2 ? IN_FIRST : rest.n * 2;
		conn->in = malloc(conn->in_size);
		if (!conn->in)
			return RT_NOMEM;
		memcpy(conn->in, rest.p, rest.n);
	}
	conn->in_n = rest.n;
	return 0;
}

/* The clock of an unfinished message starts with its first byte; a lone CR or LF is no message. */
static void mark_begun(struct conn *conn)
{
	const bool unfinished = ws_unfinished(conn) || (conn->in && conn->in[0] != '\r' && conn->in[0] != '\n');

	if (!unfinished)
		conn->begun = 0;
	else if (!conn->begun)
		conn->begun = svc_now(conn->edge->svc);
	if (conn->begun)
		conn_arm(conn);
}

/* Feed until nothing more is used: the upgrade of a WebSocket may have frames behind it. */
static uint32_t feed(struct conn *conn, struct slice all)
{
	uint32_t used = 0;

	if (conn->state == CONN_UPGRADING)
		used = ws_upgrade(conn, all);
	if (conn->state == CONN_OPEN && used < all.n)
		used += conn->ws ? ws_feed(conn, slice_from(all, used)) : stream_feed(conn, slice_from(all, used));
	return used;
}

static void take(struct conn *conn, char *at, uint32_t n)
{
	const struct slice all = conn->in ? slice_of(conn->in, conn->in_n + n) : slice_of(at, n);
	uint32_t used;

	conn->heard = svc_now(conn->edge->svc);
	if (conn->state > CONN_OPEN)
		return; /* closing: what still comes is read and forgotten */
	used = feed(conn, all);
	if (conn->state > CONN_OPEN)
		return;
	if (used && !conn->ws)
		conn->begun = 0;
	if (keep(conn, all, used) < 0)
		conn_close(conn, RT_NOMEM, "out of memory");
	else
		mark_begun(conn);
}

static ssize_t read_plain(const struct conn *conn, char *p, uint32_t n)
{
	const ssize_t got = recv(conn->fd, p, n, MSG_DONTWAIT);

	if (got >= 0)
		return got;
	return errno == EAGAIN || errno == EINTR ? RT_MORE : RT_DOWN;
}

/* The peer says no more, but may still listen: TCP is two halves. Nothing asked, nothing to wait for. */
static void ended(struct conn *conn)
{
	const bool open = !conn->tls && !conn->ws && conn->state == CONN_OPEN && (conn->answered < conn->asked || conn->out);

	conn->deaf = true;
	if (open)
		conn_finish(conn, "closed by peer");
	else if (conn->state != CONN_CLOSING || conn->shut)
		conn_lose(conn, "closed by peer");
}

void conn_read(struct conn *conn)
{
	for (int i = 0; conn->state != CONN_DEAD && !conn->deaf && (i < READS || (conn->tls && tls_pending(conn))); i++) {
		uint32_t size = 0;
		char *p = room(conn, &size);
		const ssize_t n = !p ? RT_NOMEM : conn->tls ? tls_read(conn, p, size) : read_plain(conn, p, size);

		if (n == RT_MORE)
			return;
		if (n == 0) {
			ended(conn);
			return;
		}
		if (n < 0) {
			conn_lose(conn, n == RT_NOMEM ? "out of memory" : "read failed");
			return;
		}
		take(conn, p, (uint32_t)n);
	}
}
