/* SPDX-License-Identifier: MIT */
/*
 * depart: requests get our Via as their first header line and go where they are told; responses go by the rules of
 * 18.2.2. Nothing else of a message is touched.
 */
#include "depart.h"

#include "byname.h"
#include "conns.h"
#include "keeps.h"
#include "listen.h"
#include "relief.h"
#include "sip/addr.h"
#include "udp.h"
#include "via.h"

enum {
	VIA_LINE_MAX = 512,
	VIA_LINE_GUESS = 120,
};

struct departure {            /* one request on its way */
	struct edge *edge;
	struct edge_way way;
	struct edge_owed owed;
	uint32_t owner;       /* in the branch: its transaction worker, or 0 when stateless */
	struct slice text;
	const struct sip_index *index; /* NULL: it was not read */
	struct slice name;    /* whom TLS must meet, RFC 5922 */
	uint32_t via_at;
	char via[VIA_LINE_MAX];
	struct slice part[3]; /* start line; our Via; the rest */
};

static struct edge_owed owed_of(const struct wire_head *h)
{
	return (struct edge_owed){
		.to = h->from, .slot = h->slot, .trail = h->trail, .loop = h->loop, .txn = h->txn, .branch = h->branch,
		.context = h->context, .as = h->as, .stateless = h->flags & WIRE_STATELESS,
	};
}

static uint32_t owner_of(const struct edge_owed *owed)
{
	return owed->stateless ? 0 : owed->as ? owed->as : owed->to;
}

static void write_via(struct departure *d, bool alias)
{
	const struct sip_branch branch = { d->owner, d->owed.branch, d->owed.loop };
	const struct via_ours ours = {
		.listener = &d->edge->listener[d->way.listener].known, .branch = &branch, .secret = d->edge->branch_key,
		.to = &d->way.to, .alias = alias, .oc = relief_concerns(d->edge, &d->way.to),
	};
	struct rt_cursor c = rt_cursor_on(d->via, sizeof(d->via));

	via_render(&c, &ours);
	d->part[0] = slice_head(d->text, d->via_at);
	d->part[1] = rt_cursor_text(&c);
	d->part[2] = slice_from(d->text, d->via_at);
}

static int choose_listener(struct departure *d, int like)
{
	const int found = listen_for(d->edge, &d->way.to, like);

	if (found < 0)
		return RT_DOWN;
	d->way.listener = (uint16_t)found;
	return 0;
}

static int by_datagram(struct departure *d)
{
	const int err = choose_listener(d, d->way.listener);

	if (err < 0)
		return err;
	write_via(d, false);
	return udp_send(d->edge->udp, &d->way, d->part, &d->owed);
}

static bool sane(const struct sip_hop *to)
{
	return to->family && to->port && !sip_hop_is_any(to) && !sip_hop_is_multicast(to) && !sip_hop_is_broadcast(to);
}

static int open_connection(struct departure *d, struct conn **out)
{
	int err;

	if (!sane(&d->way.to))
		return RT_DOWN;
	if (d->way.to.proto != SIP_TCP && d->way.to.proto != SIP_TLS)
		return RT_ABSENT; /* nobody can connect to a browser */
	err = choose_listener(d, d->way.listener);
	return err < 0 ? err : conns_open(d->edge->conns, &d->way.to, d->name, d->way.listener, out);
}

/* The connection named; else one to that place; else a new one. */
static int find_connection(struct departure *d, struct conn **out)
{
	struct conn *later;
	bool more;

	if (d->way.flow) {
		*out = conns_get(d->edge->conns, d->way.flow);
		return *out ? 0 : RT_ABSENT;
	}
	*out = conns_find(d->edge->conns, &d->way.to, d->name, rt_mix(d->owed.branch, d->owed.loop), &more);
	if (*out && !(more && d->via_at))
		return 0;
	if (*out) { /* one more for those that come later; this one need not wait for it */
		(void)!open_connection(d, &later);
		return 0;
	}
	return open_connection(d, out);
}

static int send_on(struct departure *d, struct conn *conn)
{
	d->way.to = conn->remote;
	d->way.listener = conn->listener;
	write_via(d, conn->outgoing); /* what we opened, the far end may use to reach us, RFC 5923 */
	return conn_send(conn, d->part, &d->owed);
}

static uint64_t mark_of(const struct departure *d)
{
	uint64_t method = 0; /* its first letters tell the CANCEL and the ACK of a branch from its INVITE */

	memcpy(&method, d->text.p, d->text.n < sizeof(method) ? d->text.n : sizeof(method));
	return rt_mix(rt_mix(d->owed.branch, d->owed.loop), rt_mix(d->owner, method));
}

/* RFC 7339: the peer has too much to do. */
static bool is_unwelcome(const struct departure *d, const struct sip_hop *to)
{
	const struct sip_msg request = { d->text, d->index };

	return relief_withholds(d->edge, to, &request, mark_of(d));
}

static int by_stream(struct departure *d)
{
	struct conn *conn;
	const int err = find_connection(d, &conn);

	if (err < 0)
		return err;
	conn->tentative = false;
	return is_unwelcome(d, &conn->remote) ? RT_NOMEM : send_on(d, conn);
}

/* 18.1.1: a request over 1300 bytes that was meant for UDP tries TCP to the same place, and UDP again if nobody listens. */
static int by_stream_or_datagram(struct departure *d)
{
	struct edge *edge = d->edge;
	struct departure tcp = *d;
	struct conn *conn;

	tcp.way.to.proto = SIP_TCP;
	if (!sane(&tcp.way.to) || refusals_has(&edge->closed, &tcp.way.to, svc_now(edge->svc)) ||
	    find_connection(&tcp, &conn) < 0)
		return by_datagram(d);
	if (large_is_repeat(&edge->large, mark_of(d), conn->self))
		return 0;
	if (conn->state == CONN_CONNECTING && !conn->out) {
		conn->tentative = true;
		conn_arm(conn);
	}
	if (send_on(&tcp, conn) < 0)
		return by_datagram(d);
	conn_may_use_udp(conn, tcp.part[0].n, tcp.part[1].n);
	return 0;
}

static int depart_request(struct departure *d)
{
	d->via_at = via_insert_at(d->text);
	if (d->via_at == 0)
		return RT_DOWN;
	if (d->way.flow || sip_transport_reliable(d->way.to.proto))
		return by_stream(d);
	if (is_unwelcome(d, &d->way.to))
		return RT_NOMEM;
	if (d->text.n + VIA_LINE_GUESS > TRANSPORT_UDP_REQUEST_MAX && d->way.to.proto == SIP_UDP)
		return by_stream_or_datagram(d);
	return by_datagram(d);
}

/*
 * Who is asked again when a flow is gone is the proxy; but an ACK, and the CANCEL of a branch, have nobody who would look for another
 * way. They go to the address their Route or Request-URI names, unless a phone relies on its flow (`ob`, RFC 5626 5.3).
 */
static int without_flow(struct departure *d)
{
	const bool routed = d->index && d->index->first[SIP_HDR_ROUTE] != SIP_NO_FIELD;
	const struct sip_msg m = { d->text, d->index };
	enum sip_transport proto;
	struct sip_addr addr;
	struct sip_uri uri;

	if (!d->way.flow || !d->index || (d->index->method != SIP_ACK && d->index->method != SIP_CANCEL) ||
	    (routed ? sip_addr_uri(sip_msg_get(&m, SIP_HDR_ROUTE), &addr, &uri) : sip_uri_parse(&uri, sip_msg_target(&m))) ||
	    slice_present(sip_uri_param(&uri, SLICE("ob"))))
		return RT_ABSENT;
	proto = uri.scheme == SIP_SCHEME_SIPS ? SIP_TLS : sip_uri_transport(&uri) ? sip_uri_transport(&uri) : SIP_UDP;
	if (sip_hop_ip(&d->way.to, uri.host, proto, uri.port ? uri.port : sip_transport_port(proto)) < 0)
		return RT_ABSENT;
	d->way.flow = 0;
	d->name = uri.host;
	return depart_request(d);
}

/* 18.1.1: a request that took a new TCP connection only for its size. */
static int by_udp_after_all(struct edge *edge, const struct conn *conn, const struct chunk *chunk)
{
	struct departure d = {
		.edge = edge, .way = { .to = conn->remote, .listener = conn->listener }, .owed = chunk->owed,
		.owner = owner_of(&chunk->owed),
	};

	d.way.to.proto = SIP_UDP;
	if (choose_listener(&d, -1) < 0)
		return RT_DOWN;
	write_via(&d, false);
	d.part[0] = slice_of(chunk->bytes, chunk->via_at);
	d.part[2] = slice_of(chunk->bytes + chunk->via_at + chunk->via_n, chunk->n - chunk->via_at - chunk->via_n);
	return udp_send(edge->udp, &d.way, d.part, &d.owed);
}

/* RFC 3263 5: by the sent-by. */
static int by_sent_by(struct edge *edge, struct slice response, const struct sip_hop *failed, uint16_t listener, const struct edge_owed *owed)
{
	const struct sip_msg m = { .text = response };
	uint16_t port;
	const struct slice host = via_host(&m, &port);

	return byname_send(edge->byname, response, host, port, failed, listener, owed);
}

int depart_otherwise(struct edge *edge, const struct conn *conn, const struct chunk *chunk)
{
	if (chunk->via_n)
		return by_udp_after_all(edge, conn, chunk);
	if (chunk->by_name)
		return by_sent_by(edge, slice_of(chunk->bytes, chunk->n), &conn->remote, conn->listener, &chunk->owed);
	return RT_DOWN;
}

/* A connection to somebody who listens there himself. */
static int connect_back(struct edge *edge, const struct edge_way *way, const struct sip_msg *m, struct conn **out)
{
	uint16_t port;
	struct departure d = { .edge = edge, .way = *way, .name = via_host(m, &port) };

	d.way.flow = 0;
	return find_connection(&d, out);
}

/* 18.2.2, reliable transports: the connection of the request, else a new one to received and the sent-by's port, else to where
 * RFC 3263 5 finds the sent-by. */
static int answer_by_stream(struct edge *edge, const struct edge_way *way, const struct sip_msg *m, const struct edge_owed *owed)
{
	struct conn *conn = way->flow ? conns_asker(edge->conns, way->flow) : 0;
	const struct slice part[3] = { m->text };
	int err = conn ? 0 : connect_back(edge, way, m, &conn);

	if (err == RT_DOWN && owed)
		return by_sent_by(edge, m->text, &way->to, way->listener, owed);
	if (err == 0)
		err = conn_send(conn, part, owed);
	if (err == 0 && owed && conn->state == CONN_CONNECTING)
		conn_may_ask_name(conn);
	return err;
}

int depart_again(struct edge *edge, const struct conn *conn, const struct chunk *chunk)
{
	const struct sip_msg m = { .text = slice_of(chunk->bytes, chunk->n) };
	struct edge_way way = { .listener = conn->listener };
	struct slice name;

	if (!slice_starts_nocase(m.text, SLICE("SIP/2.0 ")) || via_reply_to(&way.to, &way.ttl, &name, &m, &conn->remote) < 0)
		return RT_ABSENT;
	/* Nothing is lost with a provisional one: whoever began a call and hung up the connection is still put through. */
	return answer_by_stream(edge, &way, &m, chunk->owed.to && !slice_starts_nocase(m.text, SLICE("SIP/2.0 1")) ? &chunk->owed : 0);
}

int depart_answer_to(struct edge *edge, struct slice response, const struct sip_hop *to, uint16_t listener,
		     const struct edge_owed *owed)
{
	const struct sip_msg m = { .text = response };
	const struct slice part[3] = { response };
	struct edge_way way = { .to = *to, .listener = listener };
	struct conn *conn;
	int err;

	if (!sip_transport_reliable(to->proto)) {
		const int from = listen_for(edge, to, listener);

		way.listener = (uint16_t)from;
		return from < 0 ? RT_DOWN : udp_send(edge->udp, &way, part, owed);
	}
	err = connect_back(edge, &way, &m, &conn);
	return err < 0 ? err : conn_send(conn, part, owed);
}

static int answer(struct edge *edge, const struct sip_msg *response, struct edge_way way, const struct sip_hop *source,
		  const struct edge_owed *owed)
{
	const struct sip_msg with_load = relief_answer(edge, response, source), *const m = &with_load;
	const struct slice part[3] = { m->text };
	struct slice name = SLICE_NONE;
	int listener;

	if (way.flow && conns_asker(edge->conns, way.flow))
		return answer_by_stream(edge, &way, m, owed);
	if (via_reply_to(&way.to, &way.ttl, &name, m, source) < 0) {
		if (!source->family)
			return RT_DOWN;
		way.to = *source; /* no Via that reads: back to where it came from */
	}
	if (slice_present(name))
		return byname_send(edge->byname, m->text, name, way.to.port, &way.to, way.listener, owed);
	if (sip_transport_reliable(way.to.proto))
		return answer_by_stream(edge, &way, m, owed);
	if (refusals_has(&edge->bounced, &way.to, svc_now(edge->svc)) && by_sent_by(edge, m->text, &way.to, way.listener, owed) == 0)
		return 0;
	listener = listen_for(edge, &way.to, way.listener);
	if (listener < 0)
		return RT_DOWN;
	if (listener != way.listener)
		way.from = (struct sip_hop){ 0 };
	way.listener = (uint16_t)listener;
	if (keeps_concerns(m))
		keeps_note(edge->keeps, &way, m);
	return udp_send(edge->udp, &way, part, owed);
}

int depart_answer(struct edge *edge, const struct sip_msg *m, const struct edge_origin *origin)
{
	const struct edge_way way = {
		.to = origin->remote, .from = origin->local, .flow = origin->flow, .listener = origin->listener,
	};

	return answer(edge, m, way, &origin->remote, 0);
}

void depart(struct edge *edge, const struct wire_parcel *in)
{
	const struct wire_head *h = in->head;
	const struct edge_owed owed = owed_of(h);
	const struct edge_way way = { .to = h->remote, .from = h->local, .flow = h->flow, .listener = h->listener };
	int err;

	rt_arena_reset(edge->arena);
	if (slice_starts_nocase(in->msg.text, SLICE("SIP/2.0 "))) {
		err = answer(edge, &in->msg, way, &h->remote, &owed);
	} else {
		struct departure d = { .edge = edge, .way = way, .owed = owed,
				       .owner = owner_of(&owed),
				       .text = in->msg.text, .index = in->msg.index, .name = in->name };

		err = depart_request(&d);
		if (err == RT_ABSENT)
			err = without_flow(&d);
	}
	if (err == 0)
		return;
	rt_log(RT_LOG_D, "sip.unsent", h->trail, "to=%s flow=%llx reason=%s", edge_text(&h->remote).s,
	       (unsigned long long)h->flow, rt_err_name(err));
	edge_unsent(edge, &owed, err == RT_ABSENT || err == RT_NOMEM ? err : RT_DOWN);
}
