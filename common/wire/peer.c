/* SPDX-License-Identifier: MIT */
/*
 * peer: a PUSH with ZMQ_IMMEDIATE says EAGAIN both when the other side is full and when it is gone. Its monitor tells
 * which: a full peer is waited for, its parcels are refused but never lost; a gone one is given up.
 */
#include "peer.h"

#include <czmq.h>
#include <sys/epoll.h>

#include "layout.h"

enum {
	FRAME_MAX = SIP_HEAD_MAX + SIP_BODY_MAX + WIRE_PACK_BYTES,
	KEEPALIVE_S = 1, /* a host that vanished is missed within KEEPALIVES seconds, whether something is on its way to it or not */
	KEEPALIVES = 3,
	CONNECT_MS = 1000,
	HANDSHAKE_MS = 1000, /* libzmq would wait 30 s for a greeting that got lost */
};

static void set_int(void *socket, int option, int value)
{
	zmq_setsockopt(socket, option, &value, sizeof(value));
}

/*
 * TCP tells of a peer's life, not ZMTP: libzmq 4.3 aborts when a full PULL, whose peer has hung up, is about to send a
 * heartbeat or to answer one that it finds in its buffer (it has no descriptor to write to any more).
 */
void *peer_socket(int type)
{
	void *socket = zmq_socket(zsys_init(), type);
	const int64_t frame_max = FRAME_MAX;

	if (!socket)
		return 0;
	set_int(socket, ZMQ_LINGER, 0);
	set_int(socket, ZMQ_SNDHWM, WIRE_HWM);
	set_int(socket, ZMQ_RCVHWM, WIRE_HWM);
	set_int(socket, ZMQ_IMMEDIATE, 1);
	set_int(socket, ZMQ_RECONNECT_IVL, WIRE_RETRY);
	set_int(socket, ZMQ_RECONNECT_IVL_MAX, 20 * WIRE_RETRY);
	set_int(socket, ZMQ_TCP_KEEPALIVE, 1);
	set_int(socket, ZMQ_TCP_KEEPALIVE_IDLE, KEEPALIVE_S);
	set_int(socket, ZMQ_TCP_KEEPALIVE_INTVL, KEEPALIVE_S);
	set_int(socket, ZMQ_TCP_KEEPALIVE_CNT, KEEPALIVES);
	set_int(socket, ZMQ_TCP_MAXRT, KEEPALIVES * KEEPALIVE_S * 1000);
	set_int(socket, ZMQ_CONNECT_TIMEOUT, CONNECT_MS);
	set_int(socket, ZMQ_HANDSHAKE_IVL, HANDSHAKE_MS);
	set_int(socket, ZMQ_IPV6, 1);
	zmq_setsockopt(socket, ZMQ_MAXMSGSIZE, &frame_max, sizeof(frame_max));
	return socket;
}

static int open_monitor(struct peer *p, int news)
{
	struct epoll_event e = { .events = EPOLLIN };
	char name[64];
	size_t n = sizeof(p->fd);

	snprintf(name, sizeof(name), "inproc://monitor-%p", p->push);
	p->monitor = zmq_socket(zsys_init(), ZMQ_PAIR);
	if (!p->monitor)
		return RT_NOMEM;
	set_int(p->monitor, ZMQ_LINGER, 0);
	if (zmq_socket_monitor(p->push, name, ZMQ_EVENT_HANDSHAKE_SUCCEEDED | ZMQ_EVENT_DISCONNECTED) ||
	    zmq_connect(p->monitor, name) || zmq_getsockopt(p->monitor, ZMQ_FD, &p->fd, &n) ||
	    epoll_ctl(news, EPOLL_CTL_ADD, p->fd, &e))
		return RT_NOMEM;
	p->news = news;
	return 0;
}

int peer_connect(struct peer *p, const struct peer_keys *keys, int news)
{
	p->push = peer_socket(ZMQ_PUSH);
	if (!p->push)
		return RT_NOMEM;
	p->connected = strncmp(p->endpoint, "inproc:", 7) == 0;
	if (!p->connected && open_monitor(p, news))
		return RT_NOMEM;
	if (keys->in_use && strncmp(p->endpoint, "tcp:", 4) == 0) {
		zmq_setsockopt(p->push, ZMQ_CURVE_SERVERKEY, keys->public_key, 40);
		zmq_setsockopt(p->push, ZMQ_CURVE_PUBLICKEY, keys->public_key, 40);
		zmq_setsockopt(p->push, ZMQ_CURVE_SECRETKEY, keys->secret_key, 40);
	}
	if (zmq_connect(p->push, p->endpoint))
		return RT_CONFIG;
	peer_look(p, 0); /* a ZeroMQ descriptor tells of news only after its socket was found empty once */
	return 0;
}

void peer_close(struct peer *p)
{
	/* The monitor first: libzmq 4.3 leaks an event's address when nobody is left to take it. */
	if (p->push && p->monitor)
		zmq_socket_monitor(p->push, NULL, 0);
	if (p->push)
		zmq_close(p->push);
	if (p->news > 0)
		epoll_ctl(p->news, EPOLL_CTL_DEL, p->fd, 0); /* libzmq closes it some time later */
	if (p->monitor)
		zmq_close(p->monitor);
	p->news = 0;
	p->push = p->monitor = 0;
	wire_pack_clear(&p->pack);
	wire_pack_clear(&p->rewritten);
}

static void take_event(struct peer *p, uint16_t event, rt_ms now)
{
	p->connected = event == ZMQ_EVENT_HANDSHAKE_SUCCEEDED;
	if (p->connected) {
		p->since = 0;
		p->lost = false;
	} else if (!p->lost) {
		p->since = now;
		p->lost = true;
	}
}

void peer_look(struct peer *p, rt_ms now)
{
	zmq_msg_t m;
	uint16_t event;

	if (!p->monitor)
		return;
	zmq_msg_init(&m);
	while (zmq_msg_recv(&m, p->monitor, ZMQ_DONTWAIT) >= 0) {
		if (!zmq_msg_more(&m) || zmq_msg_size(&m) < sizeof(event))
			continue; /* the second frame: the address */
		memcpy(&event, zmq_msg_data(&m), sizeof(event));
		take_event(p, event, now);
	}
	zmq_msg_close(&m);
}

rt_ms peer_deadline(const struct peer *p)
{
	return p->since ? p->since + (p->lost ? WIRE_LOST_PATIENCE : WIRE_PATIENCE) : UINT64_MAX;
}

/* 0, or -1: not now. */
static int send_pack(struct peer *p)
{
	const struct wire_pack *pack = &p->pack;

	if (p->version != WIRE_VERSION) {
		wire_pack_reset(&p->rewritten);
		if (layout_write(&p->rewritten, &p->pack, p->version))
			return -1;
		pack = &p->rewritten;
	}
	return zmq_send(p->push, pack->p, pack->n, ZMQ_DONTWAIT) < 0 ? -1 : 0;
}

bool peer_offer(struct peer *p, rt_ms now, struct wire_tally *tally)
{
	if (send_pack(p) == 0) {
		tally->packs_out++;
		tally->parcels_out += p->pack.count;
		p->refused = 0;
		wire_pack_reset(&p->pack);
		if (p->since)
			peer_look(p, now); /* back, or the pipe of a dead one took a last pack */
		return true;
	}
	p->refused = now;
	peer_look(p, now);
	if (p->connected)
		return false;
	if (!p->since)
		p->since = now;
	if (now <= peer_deadline(p))
		return false;
	tally->lost += p->pack.count;
	p->refused = 0;
	wire_pack_reset(&p->pack);
	return true;
}
