/* SPDX-License-Identifier: MIT */
/* udp: datagrams in by recvmmsg, out by sendmmsg, and ICMP errors back to who must know. */
#ifndef UDP_H
#define UDP_H

#include "edge.h"

struct udp *udp_new(struct edge *edge); /* NULL: out of memory */
void udp_destroy(struct udp **self_p);

/* A socket is ready; `number` is listener * EDGE_SOCKETS_MAX + socket. */
void udp_ready(struct udp *self, uint32_t number, uint32_t events);

/*
 * Queue one datagram, made of two parts, for the end of the burst.
 * returns 0, RT_BIG (no datagram holds that much), RT_NOMEM (the queue is full), RT_DOWN (no such place to send to)
 */
RT_MUSTUSE
int udp_send(struct udp *self, const struct edge_way *way, const struct slice part[3], const struct edge_owed *owed);
void udp_flush(struct udp *self);
/* Is this a place that a datagram can be sent to? */
bool udp_can_reach(const struct edge *edge, const struct edge_way *way);

/* control.c: what goes along with a datagram to sendmsg; msg_control has UDP_CONTROL bytes, msg_controllen begins at 0. */
enum { UDP_CONTROL = 128 };
struct msghdr;
void udp_add_control(struct msghdr *m, int level, int type, const void *value, size_t n);
void udp_write_control(const struct edge *edge, struct msghdr *m, const struct edge_way *way); /* an answer leaves a wildcard socket from the address it was asked at */

uint32_t udp_waiting(const struct udp *self); /* datagrams not sent yet */

#endif
