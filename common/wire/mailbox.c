/* SPDX-License-Identifier: MIT */
/*
 * mailbox: two PULL sockets in, one peer a place out.
 *
 *   actor id --(hash)--> seat --> peer { endpoint, PUSH, open pack }
 */
#include "wire/mailbox.h"

#include <czmq.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "layout.h"
#include "peer.h"
#include "rt/hash.h"

enum {
	PEERS_MAX = WIRE_MEMBERS_MAX,
	SEATS = 1024, /* four times WIRE_MEMBERS_MAX: probes stay short */
};

struct seat {
	uint32_t id; /* 0: free */
	uint16_t peer;
};

struct wire_mailbox {
	void *inner, *outer;
	int inner_fd, outer_fd;
	char file[WIRE_ENDPOINT_MAX]; /* of the ipc address; libzmq leaves it behind */
	bool turn;        /* whose turn it is to be received from: outer, inner */
	bool empty[2];    /* it was found so, or did not say that something came: asking costs two system calls */
	bool dry;         /* both were, at the last receive */
	struct peer_keys keys;
	zmq_msg_t in;
	char *aligned;    /* a received frame that libzmq laid at an odd address */
	uint32_t aligned_size;
	struct wire_pack rewritten; /* a received pack of an older version, as one of ours */
	int news;         /* epoll descriptor over the peers' monitors */
	uint32_t npeer, nopen;
	uint16_t open[PEERS_MAX]; /* peers with parcels in their pack */
	struct wire_tally tally;
	struct seat seat[SEATS];
	struct peer peer[PEERS_MAX];
};

struct wire_mailbox *wire_mailbox_new(void)
{
	struct wire_mailbox *self = calloc(1, sizeof(*self));

	if (!self)
		return 0;
	zmq_msg_init(&self->in);
	self->inner_fd = self->outer_fd = -1;
	self->news = epoll_create1(EPOLL_CLOEXEC);
	if (self->news < 0)
		wire_mailbox_destroy(&self);
	return self;
}

static void close_socket(void **socket_p)
{
	if (*socket_p)
		zmq_close(*socket_p);
	*socket_p = 0;
}

void wire_mailbox_destroy(struct wire_mailbox **self_p)
{
	struct wire_mailbox *self = *self_p;

	if (!self)
		return;
	for (uint32_t i = 0; i < self->npeer; i++)
		peer_close(&self->peer[i]);
	close_socket(&self->inner);
	close_socket(&self->outer);
	if (self->file[0])
		unlink(self->file);
	if (self->news >= 0)
		close(self->news);
	zmq_msg_close(&self->in);
	free(self->aligned);
	wire_pack_clear(&self->rewritten);
	free(self);
	*self_p = 0;
}

int wire_mailbox_secure(struct wire_mailbox *self, const uint8_t secret[32])
{
	struct peer_keys *keys = &self->keys;

	if (!zmq_has("curve") || !zmq_z85_encode(keys->secret_key, secret, 32) ||
	    zmq_curve_public(keys->public_key, keys->secret_key))
		return RT_CONFIG;
	keys->in_use = true;
	return 0;
}

/* ---- In ---- */

static bool begins(const char *text, const char *with)
{
	return strncmp(text, with, strlen(with)) == 0;
}

int wire_mailbox_bind(struct wire_mailbox *self, const char *address, char bound[108])
{
	const bool inner = begins(address, "inproc:");
	void **socket_p = inner ? &self->inner : &self->outer;
	const int on = 1;
	size_t n = WIRE_ENDPOINT_MAX, fd_n = sizeof(int);

	if (!*socket_p)
		*socket_p = peer_socket(ZMQ_PULL);
	if (!*socket_p)
		return RT_CONFIG;
	if (self->keys.in_use && begins(address, "tcp:")) {
		zmq_setsockopt(*socket_p, ZMQ_CURVE_SERVER, &on, sizeof(on));
		zmq_setsockopt(*socket_p, ZMQ_CURVE_SECRETKEY, self->keys.secret_key, 40);
	}
	if (zmq_bind(*socket_p, address) || zmq_getsockopt(*socket_p, ZMQ_LAST_ENDPOINT, bound, &n) ||
	    zmq_getsockopt(*socket_p, ZMQ_FD, inner ? &self->inner_fd : &self->outer_fd, &fd_n))
		return RT_CONFIG;
	if (begins(bound, "ipc:///"))
		snprintf(self->file, sizeof(self->file), "%s", bound + strlen("ipc://"));
	return 0;
}

int wire_mailbox_inner(const struct wire_mailbox *self)
{
	return self->inner_fd;
}

int wire_mailbox_outer(const struct wire_mailbox *self)
{
	return self->outer_fd;
}

/* The frame's bytes at an address that a head may be read from; NULL when memory ran out. */
static const void *aligned_bytes(struct wire_mailbox *self, size_t n)
{
	const void *data = zmq_msg_data(&self->in);

	if ((uintptr_t)data % 8 == 0)
		return data;
	if (self->aligned_size < n) {
		free(self->aligned);
		self->aligned = malloc(n);
		self->aligned_size = self->aligned ? (uint32_t)n : 0;
	}
	return self->aligned ? memcpy(self->aligned, data, n) : 0;
}

/* Walk what was received, after rewriting it when an older worker wrote it. */
static int open_walk(struct wire_mailbox *self, struct wire_walk *walk, const void *p, size_t n)
{
	int err;

	if (!p || wire_walk_open(walk, p, n) == 0)
		return p ? 0 : RT_NOMEM;
	wire_pack_reset(&self->rewritten);
	err = layout_read(&self->rewritten, p, n);
	return err ? err : wire_walk_open(walk, self->rewritten.p, self->rewritten.n);
}

void wire_mailbox_told(struct wire_mailbox *self, bool inner, bool outer)
{
	const bool told[2] = { outer, inner };

	for (int i = 0; i < 2; i++)
		self->empty[i] = !told[i] && (self->dry || self->empty[i]);
}

/* The next message of this socket into self->in. */
static bool take_from(struct wire_mailbox *self, bool inner)
{
	void *socket = inner ? self->inner : self->outer;

	if (!self->empty[inner])
		self->empty[inner] = !socket || zmq_msg_recv(&self->in, socket, ZMQ_DONTWAIT) < 0;
	return !self->empty[inner];
}

int wire_mailbox_receive(struct wire_mailbox *self, struct wire_walk *walk, bool *trusted)
{
	self->dry = false;
	for (int tries = 0; tries < 2; tries++) {
		*trusted = self->turn;
		self->turn = !self->turn;
		if (!take_from(self, *trusted))
			continue;
		if (open_walk(self, walk, aligned_bytes(self, zmq_msg_size(&self->in)), zmq_msg_size(&self->in))) {
			self->tally.bad_in++;
			return RT_BAD;
		}
		self->tally.packs_in++;
		return 1;
	}
	self->dry = true;
	self->empty[0] = self->empty[1] = false;
	return 0;
}

/* ---- Who is where ---- */

static struct seat *seat_of(struct wire_mailbox *self, uint32_t id) /* its own, or the free one it would take */
{
	uint32_t at = (uint32_t)rt_mix(id, 0) % SEATS;

	while (self->seat[at].id && self->seat[at].id != id)
		at = (at + 1) % SEATS;
	return &self->seat[at];
}

static struct peer *peer_of(struct wire_mailbox *self, uint32_t id)
{
	const struct seat *seat = seat_of(self, id);

	return id && seat->id ? &self->peer[seat->peer] : 0;
}

/* The peer at this endpoint, connected when it is new. */
static int find_peer(struct wire_mailbox *self, const char *endpoint, uint16_t *out)
{
	uint32_t at = self->npeer;
	struct peer *p;
	int err;

	for (uint32_t i = 0; i < self->npeer; i++) {
		if (self->peer[i].actors && strcmp(self->peer[i].endpoint, endpoint) == 0) {
			*out = (uint16_t)i;
			return 0;
		}
		if (!self->peer[i].actors)
			at = i;
	}
	if (at == PEERS_MAX || strlen(endpoint) >= WIRE_ENDPOINT_MAX)
		return RT_NOMEM;
	p = &self->peer[at];
	*p = (struct peer){ 0 };
	snprintf(p->endpoint, sizeof(p->endpoint), "%s", endpoint);
	err = peer_connect(p, &self->keys, self->news);
	if (err) {
		peer_close(p);
		return err;
	}
	if (at == self->npeer)
		self->npeer++;
	*out = (uint16_t)at;
	return 0;
}

int wire_mailbox_join(struct wire_mailbox *self, uint32_t id, const char *endpoint, uint8_t version)
{
	struct seat *seat = seat_of(self, id);
	uint16_t peer;
	int err;

	if (seat->id && strcmp(self->peer[seat->peer].endpoint, endpoint) == 0)
		return 0;
	if (seat->id)
		wire_mailbox_leave(self, id);
	err = find_peer(self, endpoint, &peer);
	if (err)
		return err;
	self->peer[peer].actors++;
	self->peer[peer].version = version;
	*seat_of(self, id) = (struct seat){ id, peer };
	return 0;
}

/* Close the hole a seat leaves, so that probes still find those behind it. */
static void free_seat(struct wire_mailbox *self, struct seat *seat)
{
	uint32_t at = (uint32_t)(seat - self->seat);

	seat->id = 0;
	for (;;) {
		struct seat moved;

		at = (at + 1) % SEATS;
		moved = self->seat[at];
		if (!moved.id)
			return;
		self->seat[at].id = 0;
		*seat_of(self, moved.id) = moved;
	}
}

static void forget_open(struct wire_mailbox *self, uint16_t peer)
{
	uint32_t kept = 0;

	for (uint32_t i = 0; i < self->nopen; i++)
		if (self->open[i] != peer)
			self->open[kept++] = self->open[i];
	self->nopen = kept;
}

void wire_mailbox_leave(struct wire_mailbox *self, uint32_t id)
{
	struct seat *seat = seat_of(self, id);
	struct peer *p = &self->peer[seat->peer];

	if (!id || !seat->id)
		return;
	if (--p->actors == 0) {
		self->tally.lost += p->pack.count;
		forget_open(self, seat->peer);
		peer_close(p);
	}
	free_seat(self, seat);
}

int wire_mailbox_reconnect(struct wire_mailbox *self, uint32_t id)
{
	struct peer *p = peer_of(self, id);
	struct peer fresh = { 0 };

	if (!p)
		return RT_ABSENT;
	self->tally.lost += p->pack.count;
	forget_open(self, (uint16_t)(p - self->peer));
	peer_close(p);
	fresh.actors = p->actors;
	fresh.version = p->version;
	memcpy(fresh.endpoint, p->endpoint, sizeof(fresh.endpoint));
	*p = fresh;
	return peer_connect(p, &self->keys, self->news);
}

/* ---- Out ---- */

static bool given_up(const struct peer *p, rt_ms now)
{
	return now > peer_deadline(p);
}

/* Would the parcel make the open pack larger than one should be? Then that goes first; or, kept, it may grow so far. */
static bool makes_room(struct wire_mailbox *self, struct peer *p, uint32_t size, rt_ms now)
{
	const struct wire_pack *pack = &p->pack;

	if (pack->count == 0 || (!wire_pack_full(pack) && pack->n + size <= WIRE_PACK_BYTES))
		return true;
	if (p->refused != now && peer_offer(p, now, &self->tally))
		return true;
	return pack->count < WIRE_KEPT_PARCELS && pack->n + size <= WIRE_KEPT_BYTES;
}

int wire_mailbox_post(struct wire_mailbox *self, const struct wire_head *head, const struct sip_msg *msg, rt_ms now)
{
	struct peer *p = peer_of(self, head->to);
	uint32_t size;

	if (!p)
		return RT_ABSENT;
	if (given_up(p, now)) {
		peer_look(p, now);
		if (given_up(p, now))
			return RT_ABSENT;
	}
	size = (uint32_t)sizeof(*head) + (msg ? msg->text.n + SIP_INDEX_BYTES(msg->index ? msg->index->nfield : 0) : 0);
	if (!makes_room(self, p, size, now)) {
		self->tally.refused++;
		return RT_NOMEM;
	}
	if (wire_pack_add(&p->pack, head, msg))
		return RT_NOMEM;
	if (!p->open) {
		p->open = true;
		self->open[self->nopen++] = (uint16_t)(p - self->peer);
	}
	return 0;
}

rt_ms wire_mailbox_flush(struct wire_mailbox *self, rt_ms now)
{
	uint32_t kept = 0;

	for (uint32_t i = 0; i < self->nopen; i++) {
		struct peer *p = &self->peer[self->open[i]];

		if (p->pack.count && !peer_offer(p, now, &self->tally))
			self->open[kept++] = self->open[i];
		else
			p->open = false;
	}
	self->nopen = kept;
	return kept ? now + WIRE_RETRY : UINT64_MAX;
}

uint32_t wire_mailbox_waiting(const struct wire_mailbox *self)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < self->nopen; i++)
		n += self->peer[self->open[i]].pack.count;
	return n;
}

bool wire_mailbox_knows(struct wire_mailbox *self, uint32_t id)
{
	return peer_of(self, id) != 0;
}

bool wire_mailbox_reaches(struct wire_mailbox *self, uint32_t id, rt_ms now)
{
	struct peer *p = peer_of(self, id);

	if (p)
		peer_look(p, now);
	return p && !given_up(p, now);
}

int wire_mailbox_news(const struct wire_mailbox *self)
{
	return self->news;
}

rt_ms wire_mailbox_look(struct wire_mailbox *self, rt_ms now)
{
	rt_ms due = UINT64_MAX;

	for (uint32_t i = 0; i < self->npeer; i++) {
		struct peer *p = &self->peer[i];

		if (!p->actors)
			continue;
		peer_look(p, now);
		if (!given_up(p, now) && peer_deadline(p) < due)
			due = peer_deadline(p) + 1;
	}
	return due;
}

const struct wire_tally *wire_mailbox_tally(const struct wire_mailbox *self)
{
	return &self->tally;
}
