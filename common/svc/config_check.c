/* SPDX-License-Identifier: MIT */
/* config_check: what no single value can show: addresses that read, files that pair, numbers that agree. */
#include "config_draft.h"
#include "loc/url.h"

#include "rt/log.h"

static int check_listen(struct config_draft *d)
{
	const struct svc_config *c = &d->config;
	bool secure = false;

	for (uint32_t i = 0; i < c->transport_listen.n; i++) {
		const struct slice word = c->transport_listen.word[i];
		struct sip_hop hop;

		if (sip_hop_parse(&hop, word) || hop.proto > SIP_WSS)
			return config_fail(d, "transport.listen",
					   "'" SLICE_FMT "'; it must be udp|tcp|tls|ws|wss:address:port, e.g. udp:0.0.0.0:5060",
					   SLICE_ARG(slice_head(word, 80)));
		secure |= hop.proto == SIP_TLS || hop.proto == SIP_WSS;
	}
	if (secure && c->transport_certificate.n == 0)
		return config_fail(d, "transport.listen", "tls and wss need transport.certificate and transport.key");
	if (c->transport_certificate.n != c->transport_key.n)
		return config_fail(d, "transport.certificate", "%u certificates but %u keys; give one key for each",
				   c->transport_certificate.n, c->transport_key.n);
	return 0;
}

static bool one_of(struct slice text, const char *const words[])
{
	for (; *words; words++)
		if (slice_eq(text, slice_str(*words)))
			return true;
	return false;
}

static int check_words(struct config_draft *d)
{
	static const char *const client[] = { "off", "optional", "required", 0 };
	static const char *const reliable[] = { "sdp", "all", "required", 0 };
	static const char *const service[] = { "echo", "ring", "busy", 0 };
	static const char *const level[] = { "error", "warning", "info", "debug", "trace", 0 };
	const struct svc_config *c = &d->config;
	struct loc_url url;

	if (!one_of(c->transport_client_certificate, client))
		return config_fail(d, "transport.client_certificate", "'" SLICE_FMT "'; it must be off, optional or required",
				   SLICE_ARG(slice_head(c->transport_client_certificate, 60)));
	if (!one_of(c->agent_reliable, reliable))
		return config_fail(d, "agent.reliable", "'" SLICE_FMT "'; it must be sdp, all or required",
				   SLICE_ARG(slice_head(c->agent_reliable, 60)));
	for (uint32_t i = 0; i < c->agent_services.n; i++)
		if (!one_of(c->agent_services.word[i], service))
			return config_fail(d, "agent.services", "'" SLICE_FMT "'; there are echo, ring and busy",
					   SLICE_ARG(slice_head(c->agent_services.word[i], 60)));
	if (!one_of(c->log_level, level))
		return config_fail(d, "log.level", "'" SLICE_FMT "'; it must be error, warning, info, debug or trace",
				   SLICE_ARG(slice_head(c->log_level, 60)));
	if (c->redis_url.n >= SVC_REDIS_URL_MAX || loc_url_parse(&url, c->redis_url))
		return config_fail(d, "redis.url", "'" SLICE_FMT "'; it must be redis://host:port/db, unix:///path?db=0, "
				   "redis+sentinel://host:port,host:port/master-name/db or redis+cluster://host:port,host:port",
				   SLICE_ARG(slice_head(c->redis_url, 80)));
	return 0;
}

/* An IP address, "192.0.2.1/24", or with a port when `port` says so. */
static bool reads_as_address(struct slice word, bool port)
{
	const int slash = slice_find(word, '/');
	char text[96];
	struct sip_hop hop;
	uint32_t bits;

	if (port) {
		struct rt_cursor c = rt_cursor_on(text, sizeof(text));

		if (sip_hop_ip(&hop, word, SIP_UDP, 0) == 0)
			return true;
		rt_cursor_printf(&c, "udp:" SLICE_FMT, SLICE_ARG(word));
		return c.err == 0 && sip_hop_parse(&hop, rt_cursor_text(&c)) == 0;
	}
	if (slash >= 0 && !slice_u32(slice_from(word, (uint32_t)slash + 1), &bits))
		return false;
	if (sip_hop_ip(&hop, slash >= 0 ? slice_head(word, (uint32_t)slash) : word, SIP_UDP, 0))
		return false;
	return slash < 0 || bits <= (hop.family == 4 ? 32u : 128u);
}

static int check_addresses(struct config_draft *d)
{
	const struct svc_config *c = &d->config;
	const struct {
		const char *where;
		const struct svc_words *words;
		bool port;
		const char *right;
	} row[] = {
		{ "proxy.peers", &c->proxy_peers, false, "an address or network, e.g. 192.0.2.0/24" },
		{ "transport.alias_peers", &c->transport_alias_peers, false, "an address or network, e.g. 192.0.2.7" },
		{ "transport.balancers", &c->transport_balancers, false, "an address or network, e.g. 192.0.2.8" },
		{ "proxy.dns_servers", &c->proxy_dns_servers, true, "address or address:port, e.g. 192.0.2.53" },
	};

	for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++)
		for (uint32_t k = 0; k < row[i].words->n; k++)
			if (!reads_as_address(row[i].words->word[k], row[i].port))
				return config_fail(d, row[i].where, "'" SLICE_FMT "'; it must be %s",
						   SLICE_ARG(slice_head(row[i].words->word[k], 80)), row[i].right);
	for (uint32_t i = 0; i < c->proxy_routes.n; i++)
		if (slice_find(c->proxy_routes.word[i], '=') < 1)
			return config_fail(d, "proxy.routes", "'" SLICE_FMT "'; it must be domain=sip:host[:port][;transport=tcp]",
					   SLICE_ARG(slice_head(c->proxy_routes.word[i], 80)));
	return 0;
}

/* Peers connect to what stands here, so it cannot be every address. */
static bool is_any(struct slice bus)
{
	const struct slice host = slice_from(bus, sizeof("tcp://") - 1);
	static const char *const any[] = { "*", "0.0.0.0", "[::]", "::", 0 };

	for (int i = 0; any[i]; i++)
		if (slice_starts_nocase(host, slice_str(any[i])) &&
		    (host.n == strlen(any[i]) || host.p[strlen(any[i])] == ':'))
			return true;
	return host.n == 0;
}

/* "0.0.0.0:40000-40999", and what is told instead of an address that is none. */
static int check_media(struct config_draft *d)
{
	const struct slice rtp = d->config.agent_rtp, told = d->config.agent_rtp_advertise;
	uint32_t colon = rtp.n, low, high;
	struct slice ports;
	int dash;

	while (colon > 0 && rtp.p[colon - 1] != ':')
		colon--;
	ports = slice_from(rtp, colon);
	dash = slice_find(ports, '-');
	if (colon < 2 || dash < 1 || !reads_as_address(slice_head(rtp, colon - 1), false) ||
	    !slice_u32(slice_head(ports, (uint32_t)dash), &low) || !slice_u32(slice_from(ports, (uint32_t)dash + 1), &high) ||
	    low < 1 || high > 65535 || low > high)
		return config_fail(d, "agent.rtp", "'" SLICE_FMT "'; it must be address:low-high, e.g. 0.0.0.0:40000-40999",
				   SLICE_ARG(slice_head(rtp, 80)));
	if (told.n && !reads_as_address(told, false))
		return config_fail(d, "agent.rtp_advertise", "'" SLICE_FMT "'; it must be an address, e.g. 192.0.2.1",
				   SLICE_ARG(slice_head(told, 80)));
	return 0;
}

static int check_endpoints(struct config_draft *d)
{
	const struct svc_config *c = &d->config;

	if (c->server_bus.n && (!slice_starts_nocase(c->server_bus, SLICE("tcp://")) || is_any(c->server_bus)))
		return config_fail(d, "server.bus",
				   "'" SLICE_FMT "'; it must be tcp://address or tcp://interface that other hosts reach, e.g. tcp://192.0.2.1",
				   SLICE_ARG(slice_head(c->server_bus, 80)));
	if (c->server_health.n && !reads_as_address(c->server_health, true))
		return config_fail(d, "server.health", "'" SLICE_FMT "'; it must be address:port, e.g. 127.0.0.1:8080",
				   SLICE_ARG(slice_head(c->server_health, 80)));
	if (c->server_state.n == 0)
		return config_fail(d, "server.state", "empty; it must name a folder, e.g. /var/lib/peal");
	return 0;
}

static int check_numbers(struct config_draft *d)
{
	const struct svc_config *c = &d->config;

	if (c->registrar_min_expires > c->registrar_max_expires)
		return config_fail(d, "registrar.min_expires", "%lld is more than registrar.max_expires (%lld)",
				   (long long)c->registrar_min_expires, (long long)c->registrar_max_expires);
	if (c->registrar_default_expires < c->registrar_min_expires || c->registrar_default_expires > c->registrar_max_expires)
		return config_fail(d, "registrar.default_expires", "%lld is not between min_expires (%lld) and max_expires (%lld)",
				   (long long)c->registrar_default_expires, (long long)c->registrar_min_expires,
				   (long long)c->registrar_max_expires);
	if (c->transaction_t1 > c->transaction_t2)
		return config_fail(d, "transaction.t1", "%lld is more than transaction.t2 (%lld)", (long long)c->transaction_t1,
				   (long long)c->transaction_t2);
	return 0;
}

int config_check(struct config_draft *d)
{
	int err = check_listen(d);

	if (!err)
		err = check_words(d);
	if (!err)
		err = check_addresses(d);
	if (!err)
		err = check_media(d);
	if (!err)
		err = check_endpoints(d);
	return err ? err : check_numbers(d);
}
