/* SPDX-License-Identifier: MIT */
/*
 * udp: one burst in, one burst out.
 *
 *   recvmmsg -> in[64] -> arrive (parses in place)          udp_send -> outbox -> flush: sendmmsg, 64 at a time
 *
 * The outbox keeps what the kernel has no room for, in order, until the socket is writable; when it is full, so are we.
 */
#include "udp.h"

#include <errno.h>
#include <linux/sock_diag.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include "arrive.h"
#include "banlist.h"
#include "icmp.h"
#include "listen.h"
#include "overload.h"
#include "stun.h"

enum {
	DATAGRAM_MAX = 65536,
	PAYLOAD_MAX = 65507,   /* of a datagram over IPv4 */
	AGAIN = 4,             /* datagrams at once: more are on their way, so ask again */
	WAIT_MAX = 60000,      /* ms: no queue is that long */
	WAIT_FULL = 120,       /* ms that a full receive buffer counts for: what is lost comes again */
};

struct datagram {
	uint32_t at, n;        /* in bytes[] */
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

void udp_add_control(struct msghdr *m, int level, int type, const void *value, size_t n)
{
	struct cmsghdr *c = (void *)((char *)m->msg_control + m->msg_controllen);

	c->cmsg_level = level;
	c->cmsg_type = type;
	c->cmsg_len = CMSG_LEN(n);
	memcpy(CMSG_DATA(c), value, n);
	m->msg_controllen += CMSG_SPACE(n);
}

void udp_write_control(const struct edge *edge, struct msghdr *m, const struct edge_way *way)
{
	const bool chosen = edge->listener[way->listener].wildcard && way->from.family &&
			    !sip_hop_is_any(&way->from) && !sip_hop_is_multicast(&way->from);
	const int ttl = way->ttl;

	if (chosen && way->from.family == 4) {
		struct in_pktinfo info = { 0 };

		memcpy(&info.ipi_spec_dst, way->from.ip, 4);
		udp_add_control(m, IPPROTO_IP, IP_PKTINFO, &info, sizeof(info));
	} else if (chosen) {
		struct in6_pktinfo info = { 0 };

		memcpy(&info.ipi6_addr, way->from.ip, 16);
		udp_add_control(m, IPPROTO_IPV6, IPV6_PKTINFO, &info, sizeof(info));
	}
	if (ttl)
		udp_add_control(m, way->to.family == 4 ? IPPROTO_IP : IPPROTO_IPV6, way->to.family == 4 ? IP_TTL : IPV6_HOPLIMIT,
			    &ttl, sizeof(ttl));
}

/* The next datagrams of one listener, up to a batch, made ready. */
static int prepare_out(struct udp *self, uint32_t from)
{
	int n = 0;

	for (uint32_t i = from; i < self->nout && n < WIRE_BURST; i++, n++) {
		const struct datagram *d = &self->queue[i];
		struct msghdr *m = &self->out[n].msg_hdr;

		if (d->way.listener != self->queue[from].way.listener)
			break;
		self->out_vec[n] = (struct iovec){ self->bytes + d->at, d->n };
		*m = (struct msghdr){
			.msg_name = &self->out_to[n], .msg_namelen = sip_hop_to_sockaddr(&d->way.to, &self->out_to[n]),
			.msg_iov = &self->out_vec[n], .msg_iovlen = 1, .msg_control = self->out_control[n],
		};
		memset(self->out_control[n], 0, UDP_CONTROL);
		udp_write_control(self->edge, m, &d->way);
	}
	return n;
}

static bool would_block(int error)
{
	return error == EAGAIN || error == EWOULDBLOCK || error == ENOBUFS || error == ENOMEM;
}

/*
 * Send the first of the queue from `from`: how many went, 0 when the kernel has no room. A datagram that cannot go is told
 * of and counts as gone: the rest of the batch must not wait for it.
 */
static uint32_t send_some(struct udp *self, uint32_t from)
{
	struct edge *edge = self->edge;
	const struct datagram *first = &self->queue[from];
	const int fd = edge->listener[first->way.listener].fd[0];
	const int n = prepare_out(self, from);
	int sent = sendmmsg(fd, self->out, (unsigned)n, MSG_DONTWAIT);

	if (sent < 0 && !would_block(errno)) {
		icmp_read(edge, fd); /* the error may be an earlier datagram's, reported late */
		sent = sendmmsg(fd, self->out, (unsigned)n, MSG_DONTWAIT);
	}
	if (sent > 0) {
		*edge->count.sent += (uint64_t)sent;
		return (uint32_t)sent;
	}
	if (would_block(errno)) {
		edge_poll_change(edge, fd, EPOLLIN | EPOLLOUT,
				 edge_mark(EDGE_UDP, (uint32_t)first->way.listener * EDGE_SOCKETS_MAX));
		return 0;
	}
	rt_log(RT_LOG_D, "udp.unsent", first->owed.trail, "bytes=%u error=\"%s\"", first->n, strerror(errno));
	edge_unsent(edge, &first->owed, RT_DOWN);
	return 1;
}

/* What is left moves to the front. */
static void keep_from(struct udp *self, uint32_t done)
{
	const uint32_t at = done < self->nout ? self->queue[done].at : self->nbytes;

	for (uint32_t i = done; i < self->nout; i++) {
		self->queue[i - done] = self->queue[i];
		self->queue[i - done].at -= at;
	}
	memmove(self->bytes, self->bytes + at, self->nbytes - at);
	self->nout -= done;
	self->nbytes -= at;
}

void udp_flush(struct udp *self)
{
	uint32_t done = 0, n = 1;

	while (done < self->nout && n > 0) {
		n = send_some(self, done);
		done += n;
	}
	if (done)
		keep_from(self, done);
}

uint32_t udp_waiting(const struct udp *self)
{
	return self->nout;
}
