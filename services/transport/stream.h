/* SPDX-License-Identifier: MIT */
/* stream: SIP messages cut off the bytes of a connection, 18.3, with the CRLF keep-alive of RFC 5626. */
#ifndef STREAM_H
#define STREAM_H

#include "conn.h"

/* Take every whole message off the front of `in`: bytes used. May end the connection when no message can be cut any more. */
uint32_t stream_feed(struct conn *conn, struct slice in);

/* One message that came whole by itself, in a WebSocket message. */
void stream_whole(struct conn *conn, struct slice message);

#endif
