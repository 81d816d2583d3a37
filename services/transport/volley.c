/* SPDX-License-Identifier: MIT */
/*
 * volley: a lane for each address and size.
 *
 *   add -> lane of its kind, else a free one        flush: sendmmsg, one header a lane -> segments
 */
#include "volley.h"

#include <errno.h>
#include <netinet/udp.h>
#include <stdlib.h>
#include <sys/socket.h>

#include "icmp.h"
#include "salvo.h"
#include "udp.h"

enum {
	LANES = 64,
	LANE_BYTES = 16384,
	SEGMENT_MAX = 1200,   /* bytes: larger ones may not fit the way's MTU, and leave alone */
	SEGMENTS_MAX = 64,    /* of one send: UDP_MAX_SEGMENTS of older kernels */
};

struct lane {
	struct edge_way way;
	uint32_t size;        /* of each datagram */
	uint32_t n;
	char bytes[LANE_BYTES];
};

struct volley {
	struct edge *edge;
	bool alone;           /* the kernel does not take segments */
	uint32_t used;
	struct mmsghdr out[LANES];
	struct iovec vec[LANES];
	struct sockaddr_storage to[LANES];
	char control[LANES][UDP_CONTROL];
	struct lane lane[LANES];
};

struct volley *volley_new(struct edge *edge)
{
	struct volley *self = calloc(1, sizeof(*self)); /* pages are touched as they are needed */

	if (self)
		self->edge = edge;
	return self;
}

void volley_destroy(struct volley **self_p)
{
	free(*self_p);
	*self_p = 0;
}

/* ---- In ---- */

static bool takes(const struct volley *self, const struct lane *l, const struct edge_way *way, uint32_t size)
{
	return l->size == size && l->way.to.port == way->to.port && l->way.listener == way->listener && sip_hop_same(&l->way.to, &way->to) &&
	       sip_hop_same(&l->way.from, &way->from) && size <= SEGMENT_MAX && !self->alone && l->n < SEGMENTS_MAX && (l->n + 1) * size <= LANE_BYTES;
}

static struct lane *lane_for(struct volley *self, const struct edge_way *way, uint32_t size)
{
	struct lane *l;

	for (uint32_t i = 0; i < self->used; i++)
		if (takes(self, &self->lane[i], way, size))
			return &self->lane[i];
	if (self->used == LANES)
		volley_flush(self);
	l = &self->lane[self->used++];
	l->way = *way;
	l->size = size;
	l->n = 0;
	return l;
}

int volley_add(struct volley *self, const struct edge_way *way, struct slice text)
{
	struct lane *l;

	if (text.n > LANE_BYTES)
		return RT_BIG;
	if (!udp_can_reach(self->edge, way))
		return RT_DOWN;
	l = lane_for(self, way, text.n);
	memcpy(l->bytes + l->n++ * l->size, text.p, text.n);
	return 0;
}

/* ---- Out ---- */

static void prepare(struct volley *self, uint32_t i)
{
	struct lane *l = &self->lane[i];
	struct msghdr *m = &self->out[i].msg_hdr;
	const uint16_t size = (uint16_t)l->size;

	self->vec[i] = (struct iovec){ l->bytes, (size_t)l->size * l->n };
	*m = (struct msghdr){
		.msg_name = &self->to[i], .msg_namelen = sip_hop_to_sockaddr(&l->way.to, &self->to[i]),
		.msg_iov = &self->vec[i], .msg_iovlen = 1, .msg_control = self->control[i],
	};
	memset(self->control[i], 0, UDP_CONTROL);
	udp_write_control(self->edge, m, &l->way);
	if (l->n > 1)
		udp_add_control(m, SOL_UDP, UDP_SEGMENT, &size, sizeof(size));
}

/* From now on each leaves alone. */
static void send_alone(struct volley *self, const struct lane *l)
{
	self->alone = true;
	for (uint32_t i = 0; i < l->n; i++)
		(void)!udp_send(self->edge->udp, &l->way, (struct slice[3]){ slice_of(l->bytes + i * l->size, l->size) }, 0);
}

/* The lanes from `from` that leave by one socket; where the next begins. */
static uint32_t send_some(struct volley *self, uint32_t from)
{
	struct edge *edge = self->edge;
	const uint16_t listener = self->lane[from].way.listener;
	const int fd = edge->listener[listener].fd[0];
	uint32_t n = 0;
	int sent;

	for (; from + n < self->used && self->lane[from + n].way.listener == listener; n++)
		prepare(self, from + n);
	sent = sendmmsg(fd, self->out + from, n, MSG_DONTWAIT);
	if (sent < 0 && !salvo_is_refused(errno) && errno != EAGAIN) {
		icmp_read(edge, fd); /* an earlier datagram's error, reported late */
		sent = sendmmsg(fd, self->out + from, n, MSG_DONTWAIT);
	}
	for (int i = 0; i < sent; i++)
		*edge->count.sent += self->lane[from + (uint32_t)i].n;
	if (sent > 0)
		return from + (uint32_t)sent;
	if (sent < 0 && self->lane[from].n > 1 && salvo_is_refused(errno))
		send_alone(self, &self->lane[from]);
	return from + 1;
}

void volley_flush(struct volley *self)
{
	for (uint32_t at = 0; at < self->used;)
		at = send_some(self, at);
	self->used = 0;
}
