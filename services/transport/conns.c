/* SPDX-License-Identifier: MIT */
#include "conns.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "accept.h"
#include "banlist.h"
#include "reuse.h"
#include "rt/table.h"
#include "tls.h"

enum { SCRATCH = 1 << 16 };

struct conns {
	struct edge *edge;
	struct rt_pool *pool;
	struct rt_table *by_hop;     /* far end, or alias, to flow */
	struct conn *dirty, *dead;
	uint32_t opening;            /* connections of ours that are not open yet */
	uint32_t waiting;            /* messages queued on all of them */
	char scratch[SCRATCH];
};

struct conns *conns_new(struct edge *edge)
{
	const uint32_t max = (uint32_t)svc_config(edge->svc)->transport_connections;
	struct conns *self = calloc(1, sizeof(*self));

	if (!self)
		return 0;
	self->edge = edge;
	self->pool = rt_pool_new(sizeof(struct conn), max);
	self->by_hop = rt_table_new(256);
	if (!self->pool || !self->by_hop)
		conns_destroy(&self);
	return self;
}

static void close_all(struct conns *self)
{
	rt_handle handle;

	for (uint32_t i = 0; i < rt_pool_slots(self->pool); i++) {
		struct conn *conn = rt_pool_at(self->pool, i, &handle);

		if (conn)
			conn_close(conn, RT_DOWN, "shutting down");
	}
}

void conns_destroy(struct conns **self_p)
{
	struct conns *self = *self_p;

	if (!self)
		return;
	if (self->pool && self->by_hop)
		close_all(self);
	rt_table_destroy(&self->by_hop);
	rt_pool_destroy(&self->pool);
	free(self);
	*self_p = 0;
}

/* ---- Finding ---- */

struct conn *conns_any(const struct conns *self, uint64_t flow)
{
	return rt_pool_get(self->pool, flow);
}

struct conn *conns_asker(const struct conns *self, uint64_t flow)
{
	struct conn *conn = rt_pool_get(self->pool, flow);

	return conn && conn->state != CONN_DEAD && !conn->shut ? conn : 0;
}

struct conn *conns_get(const struct conns *self, uint64_t flow)
{
	struct conn *conn = rt_pool_get(self->pool, flow);

	return conn && conn->state <= CONN_OPEN ? conn : 0;
}

/* Somebody who is called by the address of the connection's far end has nothing more to prove. */
static bool is_address(const struct conn *conn, const struct sip_hop *to, struct slice name)
{
	struct sip_hop ip;

	return sip_hop_same(&conn->remote, to) && !conn->outgoing && sip_hop_ip(&ip, name, SIP_TLS, 0) == 0 &&
	       sip_hop_same_ip(&ip, to);
}

/* A connection proves its name once, but may be wanted for another. */
static bool meets(const struct conn *conn, const struct sip_hop *to, struct slice name)
{
	if (conn->remote.proto != SIP_TLS || !svc_config(conn->edge->svc)->transport_verify)
		return true;
	if (conn->state < CONN_OPEN)
		return conn->name && slice_eq_nocase(slice_str(conn->name), name);
	return is_address(conn, to, name) || tls_named(conn, name);
}

static bool better(const struct conn *a, const struct conn *b, uint64_t key)
{
	if ((a->state == CONN_OPEN) != (b->state == CONN_OPEN))
		return a->state == CONN_OPEN;
	return rt_mix(key, a->self) > rt_mix(key, b->self);
}

struct conn *conns_find(const struct conns *self, const struct sip_hop *to, struct slice name, uint64_t key, bool *more)
{
	const int64_t most = svc_config(self->edge->svc)->transport_peer_connections;
	struct conn *best = 0;
	int64_t n = 0, opening = 0;
	uint64_t flow;

	for (uint32_t i = 0; rt_table_each(self->by_hop, sip_hop_hash(to), &i, &flow);) {
		struct conn *conn = conns_get(self, flow);

		if (!conn || !(sip_hop_same(&conn->remote, to) || sip_hop_same(&conn->alias, to)) || !meets(conn, to, name))
			continue;
		n++;
		opening += conn->state < CONN_OPEN;
		if (!best || better(conn, best, key))
			best = conn;
	}
	*more = n < most && !opening;
	return best;
}

int conns_alias(struct conns *self, struct conn *conn, const struct sip_hop *alias)
{
	if (conn->alias.family)
		rt_table_drop(self->by_hop, sip_hop_hash(&conn->alias), conn->self);
	conn->alias = (struct sip_hop){ 0 };
	if (rt_table_put(self->by_hop, sip_hop_hash(alias), conn->self) < 0)
		return RT_NOMEM;
	conn->alias = *alias;
	return 0;
}

int conns_move(struct conns *self, struct conn *conn, const struct sip_hop *remote)
{
	rt_table_drop(self->by_hop, sip_hop_hash(&conn->remote), conn->self);
	conn->remote = *remote;
	return rt_table_put(self->by_hop, sip_hop_hash(remote), conn->self);
}

void conns_asked(struct conns *self, uint64_t flow)
{
	struct conn *conn = conns_asker(self, flow);

	if (conn)
		conn->asked++;
}

/* ---- Opening ---- */

static void set(int fd, int level, int name, int value)
{
	(void)setsockopt(fd, level, name, &value, sizeof(value));
}

struct conn *conns_adopt(struct conns *self, int fd, const struct sip_hop *remote, uint16_t listener, enum conn_state state)
{
	const uint32_t events = EPOLLIN | (state == CONN_CONNECTING ? EPOLLOUT : 0);
	rt_handle flow = 0;
	struct conn *conn = rt_pool_take(self->pool, &flow);

	if (!conn || edge_poll_add(self->edge, fd, events, flow) < 0 ||
	    rt_table_put(self->by_hop, sip_hop_hash(remote), flow) < 0) {
		rt_pool_give(self->pool, flow);
		close(fd);
		return 0;
	}
	conn->edge = self->edge;
	conn->self = flow;
	conn->fd = fd;
	conn->state = (uint8_t)state;
	conn->outgoing = state == CONN_CONNECTING;
	conn->watched = events;
	conn->listener = listener;
	conn->remote = *remote;
	conn->local = self->edge->listener[listener].known.local;
	conn->born = conn->heard = conn->moved = svc_now(self->edge->svc);
	set(fd, IPPROTO_TCP, TCP_NODELAY, 1);
	set(fd, SOL_SOCKET, SO_KEEPALIVE, 1);
	conn_arm(conn);
	++*self->edge->count.opened;
	*self->edge->count.connections = rt_pool_live(self->pool);
	rt_log(RT_LOG_D, "conn.open", 0, "peer=%s flow=%llx way=%s", edge_text(remote).s, (unsigned long long)flow,
	       conn->outgoing ? "out" : "in");
	return conn;
}

static int begin_connect(struct conns *self, const struct sip_hop *to, uint16_t listener)
{
	const struct edge_listener *l = &self->edge->listener[listener];
	struct sockaddr_storage address;
	struct sip_hop from = l->known.local;
	const int fd = socket(to->family == 4 ? AF_INET : AF_INET6, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	socklen_t size;

	if (fd < 0)
		return -1;
	from.port = 0;
	size = sip_hop_to_sockaddr(&from, &address);
	set(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, 1);
	if (!l->wildcard && bind(fd, (struct sockaddr *)&address, size) < 0)
		goto failed;
	size = sip_hop_to_sockaddr(to, &address);
	if (connect(fd, (struct sockaddr *)&address, size) == 0 || errno == EINPROGRESS)
		return fd;
failed:
	close(fd);
	return -1;
}

int conns_open(struct conns *self, const struct sip_hop *to, struct slice name, uint16_t listener, struct conn **out)
{
	struct conn *conn;
	int fd;

	if (rt_pool_live(self->pool) >= (uint32_t)svc_config(self->edge->svc)->transport_connections)
		return RT_NOMEM;
	if (self->opening >= TRANSPORT_CONNECTS) {
		rt_log(RT_LOG_W, "conn.refused", 0, "peer=%s reason=\"%d others are being opened and do not answer\"", edge_text(to).s,
		       TRANSPORT_CONNECTS);
		return RT_NOMEM;
	}
	fd = begin_connect(self, to, listener);
	if (fd < 0) {
		rt_log(RT_LOG_D, "conn.failed", 0, "peer=%s error=\"%s\"", edge_text(to).s, strerror(errno));
		return RT_DOWN;
	}
	conn = conns_adopt(self, fd, to, listener, CONN_CONNECTING);
	if (!conn)
		return RT_NOMEM;
	conn->opening = true;
	self->opening++;
	if (to->proto == SIP_TLS) {
		conn->name = calloc(1, CONN_NAME_MAX);
		if (!conn->name || !slice_cstr(name, conn->name, CONN_NAME_MAX)) {
			conn_close(conn, RT_DOWN, "no name to ask for");
			return RT_DOWN;
		}
	}
	*out = conn;
	return 0;
}

void conns_settled(struct conns *self, struct conn *conn)
{
	self->opening -= conn->opening;
	conn->opening = false;
}

/* ---- Ending ---- */

void conns_end_banned(struct conns *self)
{
	rt_handle handle;

	for (uint32_t i = 0; i < rt_pool_slots(self->pool); i++) {
		struct conn *conn = rt_pool_at(self->pool, i, &handle);

		if (conn && !conn->outgoing && conn->state != CONN_DEAD && banlist_stops(self->edge->bans, &conn->remote))
			conn_close(conn, RT_DENIED, "its source is banned");
	}
}

void conns_end_listener(struct conns *self, uint16_t number)
{
	rt_handle handle;

	for (uint32_t i = 0; i < rt_pool_slots(self->pool); i++) {
		struct conn *conn = rt_pool_at(self->pool, i, &handle);

		if (conn && conn->listener == number && conn->state == CONN_OPEN)
			conn_finish(conn, "its address is not listened at any more");
		else if (conn && conn->listener == number && conn->state < CONN_OPEN)
			conn_close(conn, RT_DOWN, "its address is not listened at any more");
	}
}

/* ---- The end of a burst ---- */

char *conns_scratch(struct conns *self, uint32_t *size)
{
	*size = SCRATCH;
	return self->scratch;
}

void conns_dirty(struct conns *self, struct conn *conn)
{
	if (conn->dirty || conn->state == CONN_DEAD)
		return;
	conn->dirty = true;
	conn->next = self->dirty;
	self->dirty = conn;
}

void conns_bury(struct conns *self, struct conn *conn)
{
	conns_settled(self, conn);
	rt_table_drop(self->by_hop, sip_hop_hash(&conn->remote), conn->self);
	if (conn->alias.family) {
		rt_table_drop(self->by_hop, sip_hop_hash(&conn->alias), conn->self);
		reuse_ended(self->edge->reuse, conn);
	}
	accept_ended(self->edge->accept, conn);
	++*self->edge->count.closed;
	if (conn->dirty)
		return; /* its turn comes in the flush */
	conn->next = self->dead;
	self->dead = conn;
}

void conns_flush(struct conns *self)
{
	while (self->dirty) {
		struct conn *conn = self->dirty;

		self->dirty = conn->next;
		if (conn->state == CONN_DEAD) {
			conn->next = self->dead;
			self->dead = conn;
			continue;
		}
		conn->dirty = false;
		conn_write(conn);
	}
	while (self->dead) {
		struct conn *conn = self->dead;

		self->dead = conn->next;
		rt_pool_give(self->pool, conn->self);
	}
	*self->edge->count.connections = rt_pool_live(self->pool);
}

void conns_waiting(struct conns *self, int more)
{
	self->waiting += (uint32_t)more;
}

uint32_t conns_busy(const struct conns *self)
{
	return self->waiting;
}
