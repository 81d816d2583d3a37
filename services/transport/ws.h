/* SPDX-License-Identifier: MIT */
/* ws: SIP over WebSocket, RFC 7118: one SIP message a WebSocket message, text or binary. Frames are wslay's work. */
#ifndef WS_H
#define WS_H

#include "conn.h"

enum { WS_HEAD_MAX = 10 };

uint32_t ws_upgrade(struct conn *conn, struct slice in); /* before it is open: bytes used of the HTTP request */
uint32_t ws_feed(struct conn *conn, struct slice in);    /* after: everything is used */
bool ws_unfinished(const struct conn *conn);             /* a message has begun and not ended */
void ws_end(struct conn *conn);

/* Head of one unmasked frame that holds a whole message; text when it is UTF-8, as browsers like it. Its bytes. Pure. */
uint32_t ws_head(unsigned char out[WS_HEAD_MAX], struct slice message);

#endif
