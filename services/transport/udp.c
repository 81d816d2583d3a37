/* SPDX-License-Identifier: MIT */
/*
 * udp: one burst in, one burst out.
 *
 *   recvmmsg -> in[64] -> arrive (parses in place)          udp_send -> outbox -> flush: sendmmsg, 64 at a time, salvo.c says which in one send
 *
 * The outbox keeps what the kernel has no room for, in order, until the socket is writable; when it is full, so are we.
 */
#include "udp.h"

#include <errno.h>
#include <linux/sock_diag.h>
#include <netinet/in.h>
#include <netinet/udp.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include "arrive.h"
#include "banlist.h"
#include "icmp.h"
#include "listen.h"
#include "overload.h"
#include "salvo.h"
#include "stun.h"

enum {
	DATAGRAM_MAX = 65536,
	PAYLOAD_MAX = 65507,   /* of a datagram over IPv4 */
	AGAIN = 4,             /* datagrams at once: more are on their way, so ask again */
	WAIT_MAX = 60000,      /* ms: no queue is that long */
	WAIT_FULL = 120,       /* ms that a full receive buffer counts for: what is lost comes again */
};

struct datagram {
	uint32_t at, n;        /* in bytes[]; n 0: it is gone */
	struct edge_way way;
	struct edge_owed owed;
};

struct udp {
	struct edge *edge;
	uint32_t dropped[WIRE_LISTENERS_MAX * EDGE_SOCKETS_MAX]; /* SO_RXQ_OVFL as last seen */
	struct mmsghdr in[WIRE_BURST];
	struct iovec in_vec[WIRE_BURST];
	struct sockaddr_storage in_from[WIRE_BURST];
	char in_control[WIRE_BURST][UDP_CONTROL];
	struct mmsghdr out[WIRE_BURST];
	struct iovec out_vec[WIRE_BURST];
	struct sockaddr_storage out_to[WIRE_BURST];
	char out_control[WIRE_BURST][UDP_CONTROL];
	uint32_t pressed;      /* ms that the fill of the buffer being read counts for */
	bool full;             /* the last burst was */
	bool alone;            /* the kernel refused segments in this flush */
	uint32_t pick[WIRE_BURST]; /* of queue[]: the batch in hand */
	struct salvo salvo;
	uint32_t nout, nbytes;
	struct datagram queue[TRANSPORT_DATAGRAMS];
	char bytes[TRANSPORT_DATAGRAM_BYTES];
	char buffer[WIRE_BURST][DATAGRAM_MAX];
};

/* ---- In ---- */

/* Slot i ready to receive again: the kernel writes over what the last datagram needed. */
static void prepare_in(struct udp *self, int i)
{
	self->in_vec[i] = (struct iovec){ self->buffer[i], DATAGRAM_MAX };
	self->in[i].msg_hdr = (struct msghdr){
		.msg_name = &self->in_from[i], .msg_namelen = sizeof(self->in_from[i]),
		.msg_iov = &self->in_vec[i], .msg_iovlen = 1,
		.msg_control = self->in_control[i], .msg_controllen = UDP_CONTROL,
	};
}

struct udp *udp_new(struct edge *edge)
{
	struct udp *self = calloc(1, sizeof(*self)); /* pages are touched as they are needed */

	if (!self)
		return 0;
	self->edge = edge;
	for (int i = 0; i < WIRE_BURST; i++)
		prepare_in(self, i);
	return self;
}

void udp_destroy(struct udp **self_p)
{
	free(*self_p);
	*self_p = 0;
}

/* Since the kernel took it; a clock that was set meanwhile tells nothing. */
static uint32_t waited_since(const struct timespec *came, uint64_t now)
{
	const uint64_t then = (uint64_t)came->tv_sec * 1000 + (uint64_t)came->tv_nsec / 1000000;

	return now > then && now - then < WAIT_MAX ? (uint32_t)(now - then) : 0;
}

/* The socket's count so far; less than before: it is a new socket. */
static void count_drops(struct udp *self, uint32_t number, uint32_t drops)
{
	const uint32_t fresh = drops - (drops < self->dropped[number] ? 0 : self->dropped[number]);

	self->dropped[number] = drops;
	*self->edge->count.kernel_drops += fresh;
	if (fresh)
		shed_lost(&self->edge->shed, svc_now(self->edge->svc), fresh);
}

/* The address it was sent to, of a wildcard socket; when; and what the kernel lost since. */
static void read_control(struct udp *self, struct msghdr *m, uint32_t number, struct edge_origin *o)
{
	struct sip_hop *local = &o->local;

	for (struct cmsghdr *c = CMSG_FIRSTHDR(m); c; c = CMSG_NXTHDR(m, c)) {
		if (c->cmsg_level == IPPROTO_IP && c->cmsg_type == IP_PKTINFO) {
			const struct in_pktinfo *info = (const void *)CMSG_DATA(c);

			memcpy(local->ip, &info->ipi_addr, 4);
		} else if (c->cmsg_level == IPPROTO_IPV6 && c->cmsg_type == IPV6_PKTINFO) {
			const struct in6_pktinfo *info = (const void *)CMSG_DATA(c);

			memcpy(local->ip, &info->ipi6_addr, 16);
		} else if (c->cmsg_level == SOL_SOCKET && c->cmsg_type == SO_RXQ_OVFL) {
			uint32_t drops;

			memcpy(&drops, CMSG_DATA(c), sizeof(drops));
			count_drops(self, number, drops);
		} else if (c->cmsg_level == SOL_SOCKET && c->cmsg_type == SO_TIMESTAMPNS) {
			struct timespec came;

			memcpy(&came, CMSG_DATA(c), sizeof(came));
			o->waited = waited_since(&came, svc_wall_ms(self->edge->svc));
			o->waited = o->waited < self->pressed ? self->pressed : o->waited;
		}
	}
}

/* A keep-alive is nothing but CR and LF (RFC 5626 4.4.1); some phones send one NUL. */
static bool keep_alive(struct slice d)
{
	for (uint32_t i = 0; i < d.n && i < 8; i++)
		if (d.p[i] != '\r' && d.p[i] != '\n' && d.p[i] != 0)
			return false;
	return d.n <= 8;
}

static void answer_stun(struct udp *self, struct slice d, const struct edge_origin *o)
{
	char bytes[STUN_ANSWER_MAX];
	struct rt_cursor c = rt_cursor_on(bytes, sizeof(bytes));
	const struct edge_way way = { .to = o->remote, .from = o->local, .listener = o->listener };

	++*self->edge->count.stun;
	if (stun_answer(&c, d, &o->remote) == 0)
		(void)!udp_send(self, &way, (struct slice[3]){ rt_cursor_text(&c) }, 0);
}

static void take(struct udp *self, uint32_t number, int i)
{
	struct msghdr *m = &self->in[i].msg_hdr;
	const struct slice d = slice_of(self->buffer[i], self->in[i].msg_len);
	struct edge *edge = self->edge;
	const struct edge_listener *l = &edge->listener[number / EDGE_SOCKETS_MAX];
	struct edge_origin o = { .local = l->known.local, .listener = (uint16_t)(number / EDGE_SOCKETS_MAX) };

	sip_hop_from_sockaddr(&o.remote, &self->in_from[i], SIP_UDP);
	if (banlist_stops(edge->bans, &o.remote))
		return;
	if (l->multicast) { /* a group only hears; what is answered leaves from an address of our own */
		const int speaker = listen_for(edge, &o.remote, -1);

		if (speaker < 0)
			return;
		o.listener = (uint16_t)speaker;
	}
	if (m->msg_controllen)
		read_control(self, m, number, &o);
	if (o.remote.port == 0 || (m->msg_flags & MSG_TRUNC) || keep_alive(d))
		return;
	if (stun_is(d))
		answer_stun(self, d, &o);
	else
		arrive(edge, d, &o);
}

/*
 * At five times the capacity a buffer of megabytes is full before anything in it is old. The kernel takes back what was read by quarters
 * of the buffer, so the first one says nothing.
 */
static uint32_t pressure(int fd)
{
	uint32_t info[SK_MEMINFO_VARS] = { 0 };
	socklen_t n = sizeof(info);
	uint64_t part;

	if (getsockopt(fd, SOL_SOCKET, SO_MEMINFO, info, &n) < 0 || !info[SK_MEMINFO_RCVBUF])
		return 0;
	part = (uint64_t)info[SK_MEMINFO_RMEM_ALLOC] * 4 * WAIT_FULL / info[SK_MEMINFO_RCVBUF];
	return part > WAIT_FULL ? (uint32_t)(part - WAIT_FULL) / 3 : 0;
}

/* While some were read others came: they join the burst, so that packs are fuller. Where few come nobody asks again. */
static void receive(struct udp *self, uint32_t number, int fd)
{
	int at = 0, n;

	self->pressed = self->full ? pressure(fd) : 0;
	do {
		n = recvmmsg(fd, self->in + at, (unsigned)(WIRE_BURST - at), MSG_DONTWAIT, 0);
		for (int i = at; i < at + n; i++) {
			take(self, number, i);
			prepare_in(self, i);
		}
		at += n;
	} while (n >= AGAIN && at < WIRE_BURST);
	self->full = at >= WIRE_BURST;
}

void udp_ready(struct udp *self, uint32_t number, uint32_t events)
{
	const struct edge_listener *l = &self->edge->listener[number / EDGE_SOCKETS_MAX];
	const int fd = l->fd[number % EDGE_SOCKETS_MAX];

	if (events & EPOLLERR)
		icmp_read(self->edge, fd);
	if (events & EPOLLIN)
		receive(self, number, fd);
	if (events & EPOLLOUT) {
		edge_poll_change(self->edge, fd, EPOLLIN, edge_mark(EDGE_UDP, number));
		udp_flush(self);
	}
}

/* ---- Out ---- */

bool udp_can_reach(const struct edge *edge, const struct edge_way *way)
{
	const struct edge_listener *l = &edge->listener[way->listener];

	return way->to.port && !sip_hop_is_any(&way->to) && !sip_hop_is_broadcast(&way->to) && l->nfd && l->known.local.proto == SIP_UDP;
}

int udp_send(struct udp *self, const struct edge_way *way, const struct slice part[3], const struct edge_owed *owed)
{
	const uint32_t n = part[0].n + part[1].n + part[2].n;
	struct datagram *d;
	char *p;

	if (n > PAYLOAD_MAX)
		return RT_BIG;
	if (!udp_can_reach(self->edge, way))
		return RT_DOWN;
	if (self->nout == TRANSPORT_DATAGRAMS || n > TRANSPORT_DATAGRAM_BYTES - self->nbytes)
		udp_flush(self);
	if (self->nout == TRANSPORT_DATAGRAMS || n > TRANSPORT_DATAGRAM_BYTES - self->nbytes)
		return RT_NOMEM;
	d = &self->queue[self->nout++];
	*d = (struct datagram){ self->nbytes, n, *way, owed ? *owed : (struct edge_owed){ 0 } };
	p = self->bytes + self->nbytes;
	for (int i = 0; i < 3; i++) {
		if (part[i].n)
			memcpy(p, part[i].p, part[i].n);
		p += part[i].n;
	}
	self->nbytes += n;
	return 0;
}

/* Those that wait from *at on for one listener, up to a batch, made ready; *at: where the first of them stands. */
static void prepare_out(struct udp *self, uint32_t *at)
{
	const struct edge_way *way[WIRE_BURST];
	uint32_t size[WIRE_BURST], n = 0;

	while (*at < self->nout && !self->queue[*at].n)
		++*at;
	for (uint32_t i = *at; i < self->nout && n < WIRE_BURST; i++) {
		const struct datagram *d = &self->queue[i];

		if (d->n && d->way.listener != self->queue[*at].way.listener)
			break;
		if (!d->n)
			continue;
		self->pick[n] = i;
		size[n] = d->n;
		way[n++] = &d->way;
	}
	salvo_plan(&self->salvo, way, size, n, self->alone);
}

static struct datagram *picked(struct udp *self, uint32_t place)
{
	return &self->queue[self->pick[self->salvo.order[place]]];
}

static void prepare_send(struct udp *self, uint32_t k)
{
	const uint32_t begin = self->salvo.begin[k], end = self->salvo.begin[k + 1];
	const struct datagram *const first = picked(self, begin);
	const uint16_t size = (uint16_t)first->n;
	struct msghdr *m = &self->out[k].msg_hdr;

	for (uint32_t i = begin; i < end; i++)
		self->out_vec[i] = (struct iovec){ self->bytes + picked(self, i)->at, picked(self, i)->n };
	*m = (struct msghdr){
		.msg_name = &self->out_to[k], .msg_namelen = sip_hop_to_sockaddr(&first->way.to, &self->out_to[k]),
		.msg_iov = &self->out_vec[begin], .msg_iovlen = end - begin, .msg_control = self->out_control[k],
	};
	memset(self->out_control[k], 0, UDP_CONTROL);
	udp_write_control(self->edge, m, &first->way);
	if (end - begin > 1)
		udp_add_control(m, SOL_UDP, UDP_SEGMENT, &size, sizeof(size));
}

static bool would_block(int error)
{
	return error == EAGAIN || error == EWOULDBLOCK || error == ENOBUFS || error == ENOMEM;
}

/* The datagrams of one send are off the queue; why not 0: they did not go. */
static void let_go(struct udp *self, uint32_t k, int why)
{
	for (uint32_t i = self->salvo.begin[k]; i < self->salvo.begin[k + 1]; i++) {
		struct datagram *d = picked(self, i);

		if (why) {
			rt_log(RT_LOG_D, "udp.unsent", d->owed.trail, "bytes=%u error=\"%s\"", d->n, strerror(why));
			edge_unsent(self->edge, &d->owed, RT_DOWN);
		} else {
			++*self->edge->count.sent;
		}
		d->n = 0;
	}
}

/*
 * Send a batch of those from *at on: false when the kernel has no room. A datagram that cannot go is told of and counts as
 * gone: the rest must not wait for it.
 */
static bool send_some(struct udp *self, uint32_t *at)
{
	struct edge *edge = self->edge;
	int fd, sent;
	uint16_t listener;

	prepare_out(self, at);
	if (*at == self->nout)
		return false;
	listener = self->queue[*at].way.listener;
	fd = edge->listener[listener].fd[0];
	for (uint32_t k = 0; k < self->salvo.n; k++)
		prepare_send(self, k);
	sent = sendmmsg(fd, self->out, self->salvo.n, MSG_DONTWAIT);
	if (sent < 0 && !would_block(errno)) {
		icmp_read(edge, fd); /* the error may be an earlier datagram's, reported late */
		sent = sendmmsg(fd, self->out, self->salvo.n, MSG_DONTWAIT);
	}
	for (int k = 0; k < sent; k++)
		let_go(self, (uint32_t)k, 0);
	if (sent > 0)
		return true;
	if (would_block(errno)) {
		edge_poll_change(edge, fd, EPOLLIN | EPOLLOUT, edge_mark(EDGE_UDP, (uint32_t)listener * EDGE_SOCKETS_MAX));
		return false;
	}
	if (self->salvo.begin[1] > 1 && salvo_is_refused(errno))
		self->alone = true; /* the rest of this flush: the way may be to blame, not the kernel */
	else
		let_go(self, 0, errno);
	return true;
}

/* What is left moves to the front. */
static void keep_waiting(struct udp *self)
{
	uint32_t n = 0, at = 0;

	for (uint32_t i = 0; i < self->nout; i++) {
		struct datagram d = self->queue[i];

		if (!d.n)
			continue;
		memmove(self->bytes + at, self->bytes + d.at, d.n);
		d.at = at;
		at += d.n;
		self->queue[n++] = d;
	}
	self->nout = n;
	self->nbytes = at;
}

void udp_flush(struct udp *self)
{
	uint32_t at = 0;

	if (!self->nout)
		return;
	self->alone = false;
	while (send_some(self, &at))
		;
	keep_waiting(self);
}

uint32_t udp_waiting(const struct udp *self)
{
	return self->nout;
}
