/* SPDX-License-Identifier: MIT */
#include "reuse.h"

#include "conns.h"
#include "tls.h"

static bool believed(const struct edge *edge, const struct conn *conn, struct slice host)
{
	if (conn->remote.proto == SIP_TLS)
		return tls_named(conn, host);
	return conn->remote.proto == SIP_TCP && netlist_has(&edge->aliases, &conn->remote);
}

void reuse_claim(struct edge *edge, const struct sip_msg *request, struct conn *conn)
{
	const struct sip_facts *f = &request->index->facts;
	struct sip_hop alias = conn->remote;

	if (!(f->via_flags & SIP_VIA_ALIAS) || conn->outgoing)
		return;
	alias.port = f->via_port ? f->via_port : sip_transport_port(alias.proto);
	if (sip_hop_same(&alias, &conn->remote) || sip_hop_same(&alias, &conn->alias))
		return;
	if (!believed(edge, conn, sip_msg_span(request, f->via_host))) {
		rt_log(RT_LOG_D, "alias.ignored", 0, "peer=%s claim=%s reason=\"%s\"", edge_text(&conn->remote).s, edge_text(&alias).s,
		       alias.proto == SIP_TLS ? "its certificate does not speak for the sent-by" : "not in transport.alias_peers");
		return;
	}
	if (conns_alias(edge->conns, conn, &alias) == 0)
		rt_log(RT_LOG_D, "alias.made", 0, "peer=%s as=%s", edge_text(&conn->remote).s, edge_text(&alias).s);
}
