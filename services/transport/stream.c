/* SPDX-License-Identifier: MIT */
#include "stream.h"

#include "arrive.h"

enum { PONGS_MAX = 8 }; /* answered of the pings in one read */

static void pong(struct conn *conn, uint32_t pings)
{
	for (uint32_t i = 0; i < pings && i < PONGS_MAX; i++)
		if (conn_send(conn, (struct slice[3]){ SLICE("\r\n") }, 0) < 0)
			return; /* more waits already than the peer reads */
}

static struct edge_origin origin_of(const struct conn *conn)
{
	return (struct edge_origin){
		.remote = conn->remote, .local = conn->local, .flow = conn->self, .listener = conn->listener,
	};
}

/* Where the next message begins cannot be known any more, or it is too large to wait for: say so and end. */
static void lost(struct conn *conn, struct slice head, int status)
{
	const struct edge_origin origin = origin_of(conn);

	arrive_unframed(conn->edge, head, &origin, status);
	conn_finish(conn, status == 400 ? "framing lost" : "message too large");
}

static uint64_t limit_of(const struct conn *conn)
{
	return (uint64_t)svc_config(conn->edge->svc)->transport_max_message;
}

/* An unfinished message that is already over the configured limit, or says that it will be: its status, or 0. */
static int too_large(const struct conn *conn, uint32_t waiting)
{
	if (!conn->frame.head_n)
		return waiting > limit_of(conn) ? 513 : 0;
	return (uint64_t)conn->frame.head_n + conn->frame.body_n > limit_of(conn) ? 413 : 0;
}

static int status_of(const struct conn *conn, int err)
{
	return err == RT_BAD ? 400 : conn->frame.head_n ? 413 : 513;
}

/* One message of `in`: bytes used, 0 when there is no whole one yet, or the connection was ended. */
static uint32_t take(struct conn *conn, struct slice in)
{
	const struct edge_origin origin = origin_of(conn);
	struct slice message;
	uint32_t used = 0, pings = 0;
	const int err = sip_frame_cut(&conn->frame, in, &message, &used, &pings);
	const int status = err == RT_MORE ? too_large(conn, in.n) : err < 0 ? status_of(conn, err) : 0;

	if (status) {
		lost(conn, err == RT_MORE ? slice_head(in, conn->frame.head_n ? conn->frame.head_n : in.n) : message, status);
		return 0;
	}
	if (err == RT_MORE)
		return 0;
	pong(conn, pings);
	if (message.n > limit_of(conn))
		lost(conn, message, 413);
	else if (message.n)
		arrive(conn->edge, message, &origin);
	return used;
}

uint32_t stream_feed(struct conn *conn, struct slice in)
{
	uint32_t at = 0, used = 1;

	while (at < in.n && used && conn->state == CONN_OPEN) {
		used = take(conn, slice_from(in, at));
		at += used;
	}
	return at;
}

void stream_whole(struct conn *conn, struct slice message)
{
	const struct edge_origin origin = origin_of(conn);

	if (slice_trim(message).n)
		arrive(conn->edge, message, &origin);
	else
		pong(conn, message.n / 4); /* RFC 7118 6 leaves the CRLF keep-alive of RFC 5626 in use */
}
