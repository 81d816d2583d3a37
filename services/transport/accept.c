/* SPDX-License-Identifier: MIT */
/* accept: who may come in. */
#include "accept.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "banlist.h"
#include "conns.h"
#include "sources.h"

enum { ACCEPTS = 64 };

struct accept {
	struct edge *edge;
	struct sources *sources;
	int spare;                   /* a descriptor kept for the moment when there is none left */
};

struct accept *accept_new(struct edge *edge)
{
	struct accept *self = calloc(1, sizeof(*self));

	if (!self)
		return 0;
	self->edge = edge;
	self->spare = open("/dev/null", O_RDONLY | O_CLOEXEC);
	self->sources = sources_new((uint32_t)svc_config(edge->svc)->transport_connections);
	if (!self->sources)
		accept_destroy(&self);
	return self;
}

void accept_destroy(struct accept **self_p)
{
	struct accept *self = *self_p;

	if (!self)
		return;
	if (self->spare >= 0)
		close(self->spare);
	sources_destroy(&self->sources);
	free(self);
	*self_p = 0;
}

/* No descriptor is left: take the waiting connection with the spare one and end it, or the listener would stay readable. */
static void accept_and_refuse(struct accept *self, int listener)
{
	if (self->spare >= 0)
		close(self->spare);
	self->spare = accept4(listener, 0, 0, SOCK_CLOEXEC);
	if (self->spare >= 0)
		close(self->spare);
	self->spare = open("/dev/null", O_RDONLY | O_CLOEXEC);
	rt_log(RT_LOG_W, "conn.refused", 0, "reason=\"no file descriptor left\" hint=\"raise the limit of open files (ulimit -n, "
	       "LimitNOFILE)\"");
}

static void refused(const struct sip_hop *remote, const char *limit)
{
	rt_log(RT_LOG_W, "conn.refused", 0, "peer=%s reason=\"%s reached\"", edge_text(remote).s, limit);
}

static bool take_source(struct accept *self, const struct sip_hop *remote)
{
	if (sources_take(self->sources, remote, (uint32_t)svc_config(self->edge->svc)->transport_source_connections))
		return true;
	refused(remote, "transport.source_connections");
	return false;
}

static void admit(struct accept *self, int fd, struct sip_hop *remote, uint16_t number)
{
	const struct edge_listener *l = &self->edge->listener[number];
	const bool balancer = netlist_has(&self->edge->balancers, remote);
	struct sockaddr_storage address;
	socklen_t size = sizeof(address);
	struct conn *conn;

	if (banlist_stops(self->edge->bans, remote) || (!balancer && !take_source(self, remote))) {
		close(fd);
		return;
	}
	conn = conns_adopt(self->edge->conns, fd, remote, number, balancer ? CONN_INTRODUCING : CONN_OPEN);
	if (!conn) {
		refused(remote, "transport.connections");
		if (!balancer)
			sources_give(self->sources, remote);
		return;
	}
	conn->counted = !balancer;
	if (l->wildcard && getsockname(fd, (struct sockaddr *)&address, &size) == 0)
		sip_hop_from_sockaddr(&conn->local, &address, l->known.local.proto);
	if (!balancer && conn_begin(conn) < 0)
		conn_close(conn, RT_DOWN, "TLS cannot be begun");
}

int accept_introduced(struct accept *self, struct conn *conn, const struct sip_hop *client)
{
	if (banlist_stops(self->edge->bans, client))
		return RT_DENIED;
	if (!take_source(self, client))
		return RT_NOMEM;
	conn->counted = true;
	return conns_move(self->edge->conns, conn, client);
}

void accept_ready(struct accept *self, uint32_t number)
{
	const uint16_t at = (uint16_t)(number / EDGE_SOCKETS_MAX);
	struct edge_listener *l = &self->edge->listener[at];

	for (int i = 0; i < ACCEPTS && l->nfd; i++) {
		struct sockaddr_storage address;
		socklen_t size = sizeof(address);
		struct sip_hop remote;
		const int fd = accept4(l->fd[0], (struct sockaddr *)&address, &size, SOCK_NONBLOCK | SOCK_CLOEXEC);

		if (fd < 0 && (errno == EMFILE || errno == ENFILE))
			accept_and_refuse(self, l->fd[0]);
		if (fd < 0)
			return;
		sip_hop_from_sockaddr(&remote, &address, l->known.local.proto);
		admit(self, fd, &remote, at);
	}
}

void accept_ended(struct accept *self, const struct conn *conn)
{
	if (conn->counted)
		sources_give(self->sources, &conn->remote);
}
