/* SPDX-License-Identifier: MIT */
/* plan: RFC 3263 4.1, 4.2 and 5, in their order. */
#include "plan.h"

#include "order.h"
#include "rt/hash.h"

enum { SRV_PREFIX = 16 };

/* ---- The target ---- */

static int set_host(struct dns_target *out, struct slice host)
{
	if (host.n > 2 && host.p[0] == '[')
		host = slice_of(host.p + 1, host.n - 2);
	if (host.n > 1 && host.p[host.n - 1] == '.')
		host.n--;
	if (!host.n || host.n > DNS_NAME_MAX)
		return RT_ABSENT;
	for (uint32_t i = 0; i < host.n; i++)
		out->host[i] = (char)(host.p[i] >= 'A' && host.p[i] <= 'Z' ? host.p[i] + 32 : host.p[i]);
	out->host_n = (uint8_t)host.n;
	return 0;
}

/* sips runs over TLS whatever carries it, and never over UDP, 26.2.2. 0: cannot be. */
static uint8_t secured(uint8_t transport)
{
	if (transport == SIP_UDP)
		return 0;
	return transport == SIP_WS || transport == SIP_WSS ? SIP_WSS : SIP_TLS;
}

int dns_target_of(struct dns_target *out, const struct sip_uri *uri)
{
	const struct slice maddr = sip_uri_param(uri, SLICE("maddr")), written = sip_uri_param(uri, SLICE("transport"));

	if (uri->scheme != SIP_SCHEME_SIP && uri->scheme != SIP_SCHEME_SIPS)
		return RT_ABSENT;
	*out = (struct dns_target){ .port = uri->port, .sips = uri->scheme == SIP_SCHEME_SIPS };
	if (written.n) {
		out->transport = (uint8_t)sip_transport_find(written);
		if (out->sips)
			out->transport = secured(out->transport);
		if (!out->transport || out->transport == SIP_TRANSPORT_OTHER)
			return RT_ABSENT;
	}
	return set_host(out, maddr.n ? maddr : uri->host); /* 4: "TARGET" */
}

int dns_target_of_via(struct dns_target *out, struct slice host, uint16_t port, enum sip_transport proto)
{
	*out = (struct dns_target){ .port = port, .transport = (uint8_t)proto };
	if (!proto || proto == SIP_TRANSPORT_OTHER)
		return RT_ABSENT;
	return set_host(out, host);
}

static struct slice host_of(const struct dns_plan *p)
{
	return slice_of(p->target->host, p->target->host_n);
}

/* ---- Hops ---- */

static bool is_usable(const struct dns_plan *p, uint8_t transport)
{
	return p->transports >> transport & 1;
}

static void add_hop(struct dns_plan *p, struct sip_hop hop)
{
	if (p->n == DNS_HOPS_MAX || !(p->families & (hop.family == 6 ? 2 : 1)))
		return;
	for (int i = 0; i < p->n; i++)
		if (sip_hop_same(&p->hop[i], &hop))
			return;
	p->hop[p->n++] = hop;
}

static const struct dns_answer *need(struct dns_plan *p, enum dns_type type, struct slice name)
{
	const struct dns_answer *a = p->need(p->arg, type, name);

	if (!a)
		p->missing++;
	else if (a->err && a->err != RT_ABSENT)
		p->err = a->err;
	return a;
}

static void add_addresses_of(struct dns_plan *p, enum dns_type type, struct slice name, uint8_t transport, uint16_t port)
{
	const struct dns_answer *a = need(p, type, name);

	for (uint32_t i = 0; a && i < a->n; i++) {
		struct sip_hop hop = { .port = port, .proto = transport, .family = type == DNS_AAAA ? 6 : 4 };

		memcpy(hop.ip, a->record[i].ip, type == DNS_AAAA ? 16 : 4);
		add_hop(p, hop);
	}
}

/* 4.2: "an A or AAAA record lookup"; IPv6 first, RFC 6724 2.1. */
static void add_addresses(struct dns_plan *p, struct slice name, uint8_t transport, uint16_t port)
{
	struct sip_hop hop;

	if (!transport)
		return;
	if (!port)
		port = sip_transport_port(transport);
	if (sip_hop_ip(&hop, name, transport, port) == 0) { /* an SRV target may not be numeric, but some are */
		add_hop(p, hop);
		return;
	}
	if (p->families & 2)
		add_addresses_of(p, DNS_AAAA, name, transport, port);
	if (p->families & 1)
		add_addresses_of(p, DNS_A, name, transport, port);
}

/* ---- SRV ---- */

/* The targets of a service; false when the service has no SRV records (or it is not known yet). */
static bool add_srv(struct dns_plan *p, struct slice service, uint8_t transport)
{
	const struct dns_answer *a = need(p, DNS_SRV, service);
	uint8_t picked[DNS_RECORDS_MAX];
	uint32_t n;

	if (!a || !a->n)
		return false;
	n = dns_order_srv(a, rt_mix(p->seed, transport), picked);
	for (uint32_t i = 0; i < n; i++) {
		const struct dns_record *rec = &a->record[picked[i]];

		if (rec->name.n) /* "." : decidedly no such service, RFC 2782 */
			add_addresses(p, rec->name, transport, rec->port);
	}
	return true;
}

/* "_sip._udp.example.com", 4.2; NULL name when WebSocket: RFC 7118 defines no such service name. */
static struct slice service_name(const struct dns_plan *p, uint8_t transport, char room[SRV_PREFIX + DNS_NAME_MAX])
{
	static const char *const prefix[] = { [SIP_UDP] = "_sip._udp.", [SIP_TCP] = "_sip._tcp.", [SIP_TLS] = "_sips._tcp.",
					      [SIP_SCTP] = "_sip._sctp." };
	struct rt_cursor c = rt_cursor_on(room, SRV_PREFIX + DNS_NAME_MAX);

	if (transport >= sizeof(prefix) / sizeof(prefix[0]) || !prefix[transport])
		return SLICE_NONE;
	rt_cursor_put(&c, slice_str(prefix[transport]));
	rt_cursor_put(&c, host_of(p));
	return c.n > DNS_NAME_MAX ? SLICE_NONE : rt_cursor_text(&c);
}

static bool add_service(struct dns_plan *p, uint8_t transport)
{
	char room[SRV_PREFIX + DNS_NAME_MAX];
	const struct slice name = service_name(p, transport, room);

	return slice_present(name) && add_srv(p, name, transport);
}

/* ---- 4.1 ---- */

static uint8_t default_transport(const struct dns_plan *p)
{
	static const uint8_t plain[] = { SIP_UDP, SIP_TCP, SIP_TLS };

	for (size_t i = p->target->sips ? 2 : 0; i < sizeof(plain); i++)
		if (is_usable(p, plain[i]))
			return plain[i];
	return 0;
}

/* The NAPTR records decide the transport, and name the SRV records. False when none is of use. */
static bool add_naptr(struct dns_plan *p, const struct dns_answer *a)
{
	uint8_t picked[DNS_RECORDS_MAX], proto[DNS_RECORDS_MAX];
	const uint32_t n = dns_order_naptr(a, p->target->sips, p->transports, picked, proto);
	bool found = false;

	for (uint32_t i = 0; i < n; i++)
		found |= add_srv(p, a->record[picked[i]].name, proto[i]);
	if (n && !found && !p->missing)
		add_addresses(p, host_of(p), proto[0], 0); /* 4.2: "If no SRV records were found" */
	return n > 0;
}

/* "the client constructs SRV queries for those transport protocols it supports, and does a query for each" */
static void add_each_service(struct dns_plan *p)
{
	static const uint8_t all[] = { SIP_UDP, SIP_TCP, SIP_TLS };
	bool found = false;

	for (size_t i = 0; i < sizeof(all); i++)
		if (is_usable(p, all[i]) && (all[i] == SIP_TLS) == p->target->sips)
			found |= add_service(p, all[i]);
	if (!found && !p->missing)
		add_addresses(p, host_of(p), default_transport(p), 0);
}

static void find_all(struct dns_plan *p)
{
	const struct dns_answer *a = need(p, DNS_NAPTR, host_of(p));

	if (a && !add_naptr(p, a))
		add_each_service(p);
}

void dns_plan_run(struct dns_plan *p)
{
	const struct dns_target *t = p->target;
	const uint8_t transport = t->transport ? t->transport : default_transport(p);
	struct sip_hop hop;

	p->n = p->missing = 0;
	p->err = RT_ABSENT;
	if (t->transport && !is_usable(p, t->transport))
		return;
	if (sip_hop_ip(&hop, host_of(p), transport, t->port) == 0 || t->port)
		add_addresses(p, host_of(p), transport, t->port);
	else if (!t->transport)
		find_all(p);
	else if (!add_service(p, transport) && !p->missing)
		add_addresses(p, host_of(p), transport, 0);
}
