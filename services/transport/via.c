/* SPDX-License-Identifier: MIT */
#include "via.h"

#include "sip/param.h"
#include "sip/via.h"

bool via_wants_stamp(const struct sip_msg *request, const struct sip_hop *source)
{
	const struct sip_facts *f = &request->index->facts;
	struct sip_hop written;

	if (f->via_flags & (SIP_VIA_RPORT | SIP_VIA_RECEIVED))
		return true;
	if (sip_hop_ip(&written, sip_msg_span(request, f->via_host), source->proto, 0) < 0)
		return true;
	return !sip_hop_same_ip(&written, source);
}

static uint16_t port_or_default(const struct sip_via *via, enum sip_transport proto)
{
	return via->port ? via->port : sip_transport_port(proto);
}

/* maddr is for datagrams only, 18.2.2. */
static bool by_maddr(struct sip_hop *to, uint8_t *ttl, struct slice *name, const struct sip_via *via, enum sip_transport proto)
{
	if (sip_transport_reliable(proto) || !slice_present(via->maddr))
		return false;
	if (sip_hop_ip(to, via->maddr, proto, port_or_default(via, proto)) < 0) {
		*name = via->maddr;
		*to = (struct sip_hop){ .proto = (uint8_t)proto, .port = port_or_default(via, proto) };
		return true;
	}
	if (sip_hop_is_multicast(to))
		*ttl = via->ttl ? via->ttl : 1;
	return true;
}

/* The port of the answer: the source's own when rport was asked for, RFC 3581 4; over a new connection the sent-by's. */
static uint16_t reply_port(const struct sip_via *via, enum sip_transport proto)
{
	uint32_t rport;

	if (!sip_transport_reliable(proto) && slice_present(via->rport) && slice_u32(via->rport, &rport) &&
	    rport > 0 && rport < 65536)
		return (uint16_t)rport;
	return port_or_default(via, proto);
}

static int top_via(struct sip_via *via, const struct sip_msg *m)
{
	return sip_via_parse(via, m->index ? sip_msg_get(m, SIP_HDR_VIA) : sip_via_top(m->text));
}

bool via_behind_nat(const struct sip_msg *response)
{
	struct sip_hop written, seen;
	struct sip_via via;
	uint32_t rport;

	if (top_via(&via, response) < 0)
		return false;
	if (slice_u32(via.rport, &rport) && rport != port_or_default(&via, via.transport))
		return true;
	if (sip_hop_ip(&seen, via.received, SIP_UDP, 0) < 0)
		return false;
	return sip_hop_ip(&written, via.host, SIP_UDP, 0) < 0 || !sip_hop_same_ip(&written, &seen);
}

struct slice via_host(const struct sip_msg *message, uint16_t *port)
{
	struct sip_via via;

	if (top_via(&via, message) < 0)
		return SLICE_NONE;
	*port = via.port;
	return via.host;
}

/*
 * The door wrote received, and rport where it was asked for, of every request: unless there is a maddr, the way back is where the request
 * came from, and the index tells at which port.
 */
static bool by_source(struct sip_hop *to, const struct sip_msg *response, const struct sip_hop *source)
{
	const struct sip_facts *f = response->index ? &response->index->facts : 0;

	if (!f || !source->family || !f->via_host.n || f->via_flags & SIP_VIA_MADDR)
		return false;
	*to = *source;
	if (sip_transport_reliable(source->proto) || !(f->via_flags & SIP_VIA_RPORT))
		to->port = f->via_port ? f->via_port : sip_transport_port(source->proto);
	return true;
}

int via_reply_to(struct sip_hop *to, uint8_t *ttl, struct slice *name, const struct sip_msg *response, const struct sip_hop *source)
{
	struct sip_via via;
	enum sip_transport proto;
	uint16_t port;

	*ttl = 0;
	*name = SLICE_NONE;
	if (by_source(to, response, source))
		return 0;
	if (top_via(&via, response) < 0) { /* a broken one that we refuse: back to where it came from */
		*to = *source;
		return source->family ? 0 : RT_BAD;
	}
	/* How it truly came counts more than what the sender wrote. */
	proto = source->family ? source->proto : via.transport;
	if (by_maddr(to, ttl, name, &via, proto))
		return 0;
	port = reply_port(&via, proto);
	if (slice_present(via.received) && sip_hop_ip(to, via.received, proto, port) == 0)
		return 0;
	if (sip_hop_ip(to, via.host, proto, port) == 0)
		return 0;
	if (!source->family)
		return RT_BAD;
	*to = *source;
	to->port = port;
	return 0;
}

void via_render(struct rt_cursor *c, const struct via_ours *v)
{
	rt_cursor_lit(c, "Via: SIP/2.0/");
	rt_cursor_put(c, sip_transport_name(v->to->proto));
	rt_cursor_char(c, ' ');
	rt_cursor_put(c, slice_str(v->listener->host));
	rt_cursor_char(c, ':');
	rt_cursor_u64(c, v->listener->port);
	rt_cursor_lit(c, ";branch=");
	sip_branch_render(c, v->branch, v->secret);
	if (sip_hop_is_multicast(v->to)) {
		rt_cursor_lit(c, ";maddr=");
		sip_hop_render_host(c, v->to);
		rt_cursor_lit(c, ";ttl=1");
	}
	if (!sip_transport_reliable(v->to->proto))
		rt_cursor_lit(c, ";rport");
	if (v->alias)
		rt_cursor_lit(c, ";alias");
	if (v->oc)
		rt_cursor_lit(c, ";oc;oc-algo=\"loss\"");
	rt_cursor_lit(c, "\r\n");
}

uint32_t via_insert_at(struct slice text)
{
	const char *nl = text.n ? memchr(text.p, '\n', text.n) : 0;

	return nl ? (uint32_t)(nl - text.p) + 1 : 0;
}

int via_quoted_branch(struct sip_branch *out, struct slice quoted, struct rt_key secret)
{
	static const char mark[] = ";branch=";
	const char *line = quoted.n ? memchr(quoted.p, '\n', quoted.n) : 0;
	struct slice via = line ? slice_from(quoted, (uint32_t)(line - quoted.p) + 1) : SLICE_NONE;
	const char *branch;

	if (!slice_starts_nocase(via, SLICE("Via: SIP/2.0/UDP ")))
		return RT_ABSENT;
	branch = memmem(via.p, via.n, mark, sizeof(mark) - 1);
	if (!branch)
		return RT_ABSENT;
	via = slice_from(via, (uint32_t)(branch - via.p) + sizeof(mark) - 1);
	return sip_branch_parse(out, slice_head(via, SIP_BRANCH_BYTES), secret);
}
