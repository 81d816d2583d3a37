/* SPDX-License-Identifier: MIT */
/*
 * conn: one stream connection. conns.h holds them all.
 *
 *   CONNECTING --writable--> OPEN --framing lost--> CLOSING --flushed, peer closed or 1 s--> DEAD --reaped--> (slot free)
 *        \_________________ error, timeout, peer closed _______________________________________/
 *
 * A connection without an unfinished message owns no buffer: bytes are read into one scratch shared by all, messages are
 * cut out of it in place, and only a remainder is kept.
 */
#ifndef CONN_H
#define CONN_H

#include "edge.h"
#include "sip/frame.h"

enum conn_state { CONN_CONNECTING, CONN_OPEN, CONN_CLOSING, CONN_DEAD };

struct chunk {                    /* one message waiting to be written */
	struct chunk *next;
	struct edge_owed owed;
	uint32_t n, at;           /* bytes, and how many of them are out */
	uint16_t via_at, via_n;   /* our Via, when the request may go by UDP instead, 18.1.1; else 0 */
	char bytes[];
};

struct conn {
	struct edge *edge;
	rt_handle self;           /* the flow */
	int fd;
	uint8_t state;            /* enum conn_state */
	bool outgoing, dirty, want_out, shut;
	uint16_t listener;
	struct sip_hop remote, local;
	struct sip_hop alias;     /* RFC 5923: also reachable as; family 0: no */
	struct sip_frame frame;
	char *in;                 /* an unfinished message, or NULL */
	uint32_t in_n, in_size;
	struct chunk *out, **out_tail;
	uint32_t out_chunks, out_bytes;
	struct rt_timer timer;
	rt_ms born, heard, begun, moved; /* opened; last byte in; first byte of the unfinished message; last byte out */
	struct conn *next;        /* in the list of dirty or of dead ones */
};

/* Queue three parts as one message; written when the burst ends. 0, or RT_NOMEM when too much waits already. */
RT_MUSTUSE
int conn_send(struct conn *conn, const struct slice part[3], const struct edge_owed *owed);
void conn_may_use_udp(struct conn *conn, uint32_t via_at, uint32_t via_n); /* of the message just queued */

void conn_ready(struct conn *conn, uint32_t events);  /* from epoll */
void conn_write(struct conn *conn);                   /* what waits, as far as the kernel takes it */
void conn_expired(struct conn *conn);                 /* its timer */
void conn_arm(struct conn *conn);                     /* its timer to the nearest deadline */
void conn_finish(struct conn *conn, const char *why); /* write what waits, then close */
void conn_close(struct conn *conn, enum rt_err reason, const char *why); /* now; senders of what waits hear `reason` */

#endif
