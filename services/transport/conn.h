/* SPDX-License-Identifier: MIT */
/*
 * conn: one stream connection. conns.h holds them all.
 *
 *   CONNECTING --> HANDSHAKING --> UPGRADING --> OPEN ---> CLOSING ---> DEAD --reaped--> (slot free)
 *   INTRODUCING     tls, wss        ws, wss        |         |
 *   opened; PROXY     |               |            |         +- framing lost, or the peer says no more: its requests are
 *        |            |               |            |            answered for a second, then it is shut, and a second later gone
 *        +------------+---------------+------------+- error, timeout: DEAD at once
 *
 * A connection without an unfinished message owns no buffer: bytes are read into one scratch shared by all, messages are
 * cut out of it in place, and only a remainder is kept.
 */
#ifndef CONN_H
#define CONN_H

#include "edge.h"
#include "sip/frame.h"

enum conn_state { CONN_CONNECTING, CONN_INTRODUCING, CONN_HANDSHAKING, CONN_UPGRADING, CONN_OPEN, CONN_CLOSING, CONN_DEAD };

enum { CONN_NAME_MAX = 256 };

struct chunk {                    /* one message waiting to be written */
	struct chunk *next;
	struct edge_owed owed;
	uint32_t n, at;           /* bytes, and how many of them are out */
	uint16_t via_at, via_n;   /* our Via, when the request may go by UDP instead, 18.1.1; else 0 */
	bool by_name;             /* an answer whose sent-by may be looked up when nobody listens, 18.2.2 */
	char bytes[];
};

struct tls_link;
struct ws;

struct conn {
	struct edge *edge;
	rt_handle self;           /* the flow */
	int fd;
	uint8_t state;            /* enum conn_state */
	bool opening;             /* by us, and not open yet */
	bool outgoing, dirty, counted; /* opened by us; in the list; among those of its source */
	bool tentative;           /* opened only because a request is large, 18.1.1 */
	bool deaf, shut;          /* the peer says no more; we say no more */
	bool lost;                /* broken: what is not at the peer never will be, by this connection */
	bool disbelieved;         /* it claimed to be somebody it is not, and that was logged */
	uint32_t asked, answered; /* requests that came in, final responses that went out */
	uint32_t watched;         /* events epoll tells of */
	uint16_t listener;
	struct sip_hop remote, local;
	struct sip_hop alias;     /* RFC 5923: also reachable as; family 0: no */
	char *alias_host;         /* the sent-by it was claimed with; NULL: no alias */
	struct sip_frame frame;
	char *in;                 /* an unfinished message, or NULL */
	uint32_t in_n, in_size;
	struct chunk *out, *out_last;
	struct chunk *told;       /* answers written to a peer that says no more, until it has them */
	uint32_t out_chunks, out_bytes;
	struct rt_timer timer;
	rt_ms born, heard, begun, moved; /* opened; last byte in; first byte of the unfinished message; last byte out */
	struct conn *next;        /* in the list of dirty or of dead ones */
	struct tls_link *tls;     /* NULL: plain */
	struct ws *ws;            /* NULL: a stream of messages */
	char *name;               /* whom TLS must meet there; "" when nobody in particular */
};

/* conn.c: its life */
int conn_begin(struct conn *conn);                    /* after connect or accept: the first step. 0, or a failure: close it */
void conn_ready(struct conn *conn, uint32_t events);  /* from epoll */
void conn_opened(struct conn *conn);                  /* everything below SIP is done */
void conn_expired(struct conn *conn);                 /* its timer */
void conn_arm(struct conn *conn);                     /* its timer to the nearest deadline */
void conn_finish(struct conn *conn, const char *why); /* answer what was asked, write what waits, then close */
void conn_shut(struct conn *conn);                    /* our half */
void conn_close(struct conn *conn, enum rt_err reason, const char *why); /* now; senders of what waits hear `reason` */
void conn_lose(struct conn *conn, const char *why);   /* it broke: close it; answers take another way, 18.2.2 */

/* conn_in.c */
void conn_read(struct conn *conn);

/* conn_out.c. Sending queues; the burst's end writes. 0, RT_NOMEM when too much waits already, RT_ABSENT when it is closing */
RT_MUSTUSE
int conn_send(struct conn *conn, const struct slice part[3], const struct edge_owed *owed); /* three parts of one message */
RT_MUSTUSE
int conn_send_raw(struct conn *conn, struct slice bytes); /* no message: pongs, frames, HTTP */
void conn_may_ask_name(struct conn *conn);            /* of the answer just queued, likewise */
void conn_may_use_udp(struct conn *conn, uint32_t via_at, uint32_t via_n); /* of the message just queued */
void conn_write(struct conn *conn);                   /* what waits, as far as the kernel takes it */
void conn_drop_chunk(struct conn *conn);              /* the first that waits */
void conn_drop_told(struct conn *conn);               /* the peer has it, or has it another way */
void conn_watch(struct conn *conn);                   /* ask epoll for what is wanted now */

#endif
