/* SPDX-License-Identifier: MIT */
#include "ws.h"

#include <stdlib.h>
#include <wslay/wslay.h>

#include "arrive.h"
#include "stream.h"
#include "upgrade.h"

struct ws {
	wslay_event_context_ptr frames;
	struct slice feed;    /* what wslay may read now */
	bool unfinished;
};

/* ---- Out ---- */

static uint32_t utf8_tail(unsigned char lead)
{
	return lead < 0x80 ? 0 : lead >= 0xc2 && lead < 0xe0 ? 1 : (lead & 0xf0) == 0xe0 ? 2 : lead >= 0xf0 && lead < 0xf5 ? 3 : 9;
}

/* Overlong forms, surrogates and what lies beyond U+10FFFF show in the second byte, RFC 3629 4. */
static bool second_fits(unsigned char lead, unsigned char second)
{
	const unsigned char low = lead == 0xe0 ? 0xa0 : lead == 0xf0 ? 0x90 : 0x80;
	const unsigned char high = lead == 0xed ? 0x9f : lead == 0xf4 ? 0x8f : 0xbf;

	return second >= low && second <= high;
}

static bool is_utf8(struct slice s)
{
	const unsigned char *p = (const unsigned char *)s.p;

	for (uint32_t i = 0; i < s.n;) {
		const uint32_t tail = utf8_tail(p[i]);

		if (tail > s.n - i - 1 || (tail && !second_fits(p[i], p[i + 1])))
			return false;
		for (uint32_t k = 2; k <= tail; k++)
			if ((p[i + k] & 0xc0) != 0x80)
				return false;
		i += tail + 1;
	}
	return true;
}

uint32_t ws_head(unsigned char out[WS_HEAD_MAX], struct slice message)
{
	const int length_bytes = message.n < 126 ? 0 : message.n < 65536 ? 2 : 8;

	out[0] = (unsigned char)(0x80 | (is_utf8(message) ? WSLAY_TEXT_FRAME : WSLAY_BINARY_FRAME));
	out[1] = (unsigned char)(length_bytes == 0 ? message.n : length_bytes == 2 ? 126 : 127);
	for (int i = 0; i < length_bytes; i++)
		out[2 + i] = (unsigned char)((uint64_t)message.n >> 8 * (length_bytes - 1 - i));
	return 2 + (uint32_t)length_bytes;
}

/* ---- In ---- */

static ssize_t give_bytes(wslay_event_context_ptr frames, uint8_t *buffer, size_t n, int flags, void *arg)
{
	struct ws *ws = ((struct conn *)arg)->ws;
	const uint32_t take = ws->feed.n < n ? ws->feed.n : (uint32_t)n;

	(void)flags;
	if (take == 0) {
		wslay_event_set_error(frames, WSLAY_ERR_WOULDBLOCK);
		return -1;
	}
	memcpy(buffer, ws->feed.p, take);
	ws->feed = slice_from(ws->feed, take);
	return (ssize_t)take;
}

/* Pongs and close frames that wslay makes. */
static ssize_t take_bytes(wslay_event_context_ptr frames, const uint8_t *data, size_t n, int flags, void *arg)
{
	(void)flags;
	if (conn_send_raw(arg, slice_of((const char *)data, (uint32_t)n)) < 0) {
		wslay_event_set_error(frames, WSLAY_ERR_CALLBACK_FAILURE);
		return -1;
	}
	return (ssize_t)n;
}

static void frame_begins(wslay_event_context_ptr frames, const struct wslay_event_on_frame_recv_start_arg *frame, void *arg)
{
	(void)frames;
	if (!wslay_is_ctrl_frame(frame->opcode))
		((struct conn *)arg)->ws->unfinished = true;
}

static void message_ends(wslay_event_context_ptr frames, const struct wslay_event_on_msg_recv_arg *message, void *arg)
{
	struct conn *conn = arg;

	(void)frames;
	if (wslay_is_ctrl_frame(message->opcode))
		return;
	conn->ws->unfinished = false;
	stream_whole(conn, slice_of((const char *)message->msg, (uint32_t)message->msg_length));
}

static int begin_frames(struct conn *conn)
{
	static const struct wslay_event_callbacks callbacks = {
		.recv_callback = give_bytes, .send_callback = take_bytes, .on_frame_recv_start_callback = frame_begins,
		.on_msg_recv_callback = message_ends,
	};
	struct ws *ws = calloc(1, sizeof(*ws));

	if (!ws)
		return RT_NOMEM;
	if (wslay_event_context_server_init(&ws->frames, &callbacks, conn) != 0) {
		free(ws);
		return RT_NOMEM;
	}
	wslay_event_config_set_max_recv_msg_length(ws->frames, (uint64_t)svc_config(conn->edge->svc)->transport_max_message);
	conn->ws = ws;
	return 0;
}

uint32_t ws_upgrade(struct conn *conn, struct slice in)
{
	char text[512];
	struct rt_cursor out = rt_cursor_on(text, sizeof(text));
	uint32_t used = 0;
	int err = upgrade_answer(in, &svc_config(conn->edge->svc)->transport_origins, &out, &used);

	if (err == RT_MORE)
		return 0;
	if (conn_send_raw(conn, rt_cursor_text(&out)) < 0 || (err == 0 && begin_frames(conn) < 0)) {
		conn_close(conn, RT_NOMEM, "out of memory");
		return 0;
	}
	if (err == 0) {
		conn_opened(conn);
		return used;
	}
	rt_log(RT_LOG_W, "ws.refused", 0, "peer=%s answer=%s", edge_text(&conn->remote).s,
	       rt_log_safe(slice_head(slice_from(rt_cursor_text(&out), 9), 3)));
	conn_finish(conn, "upgrade refused");
	return used;
}

uint32_t ws_feed(struct conn *conn, struct slice in)
{
	struct ws *ws = conn->ws;
	int err;

	ws->feed = in;
	err = wslay_event_recv(ws->frames);
	if (err == 0 && wslay_event_want_write(ws->frames))
		err = wslay_event_send(ws->frames);
	if (conn->state != CONN_OPEN)
		return in.n;
	if (err != 0) { /* wslay gave up without a word: close frame, status 1002 */
		(void)!conn_send_raw(conn, SLICE("\x88\x02\x03\xea"));
		conn_finish(conn, "WebSocket failed");
	} else if (wslay_event_get_close_sent(ws->frames))
		conn_finish(conn, wslay_event_get_close_received(ws->frames) ? "closed by peer" : "WebSocket protocol error");
	return in.n;
}

bool ws_unfinished(const struct conn *conn)
{
	return conn->ws && conn->ws->unfinished;
}

void ws_end(struct conn *conn)
{
	if (!conn->ws)
		return;
	wslay_event_context_free(conn->ws->frames);
	free(conn->ws);
	conn->ws = 0;
}
