/* SPDX-License-Identifier: MIT */
#include "advertise.h"

#include <stdio.h>

#include "rt/log.h"

struct word {                    /* "udp:127.0.0.1:5060=sip.example.com:5061" */
	struct sip_hop listen;   /* family 0: for every listener */
	struct slice host;       /* IPv6 without brackets */
	uint16_t port;           /* 0: the listener's own */
};

/* "host", "host:port", "[v6]", "[v6]:port" or a bare IPv6 address. */
static bool read_host_port(struct slice s, struct word *out)
{
	const int colon = slice_find(s, ':');
	struct slice port = SLICE_NONE;
	uint32_t number;

	out->host = s;
	if (s.n && s.p[0] == '[') {
		const int close = slice_find(s, ']');

		if (close < 0)
			return false;
		out->host = slice_of(s.p + 1, (uint32_t)close - 1);
		port = slice_from(s, (uint32_t)close + 1);
		if (port.n && port.p[0] != ':')
			return false;
		port = slice_from(port, 1);
	} else if (colon >= 0 && slice_find(slice_from(s, (uint32_t)colon + 1), ':') < 0) {
		out->host = slice_head(s, (uint32_t)colon);
		port = slice_from(s, (uint32_t)colon + 1);
		if (port.n == 0)
			return false;
	}
	if (port.n == 0)
		return true;
	if (!slice_u32(port, &number) || number == 0 || number > 65535)
		return false;
	out->port = (uint16_t)number;
	return true;
}

static bool host_is_sane(struct slice host)
{
	struct sip_hop ip;

	if (host.n == 0 || host.n > WIRE_HOST_MAX - 3)
		return false;
	if (sip_hop_ip(&ip, host, SIP_UDP, 0) == 0)
		return !sip_hop_is_any(&ip) && !sip_hop_is_multicast(&ip) && !sip_hop_is_broadcast(&ip);
	for (uint32_t i = 0; i < host.n; i++) {
		const char c = host.p[i];

		if (!(c >= 'a' && c <= 'z') && !(c >= 'A' && c <= 'Z') && !(c >= '0' && c <= '9') && c != '.' && c != '-')
			return false;
	}
	return host.p[0] != '-' && host.p[0] != '.';
}

static bool read_word(struct slice text, struct word *out)
{
	const int equals = slice_find(text, '=');

	*out = (struct word){ 0 };
	if (equals >= 0 && sip_hop_parse(&out->listen, slice_head(text, (uint32_t)equals)) < 0)
		return false;
	return read_host_port(slice_from(text, (uint32_t)(equals + 1)), out) && host_is_sane(out->host);
}

int advertise_check(const struct svc_words *words, const struct wire_listener *listeners, int n, char error[256])
{
	for (uint32_t i = 0; i < words->n; i++) {
		struct word w;
		bool met = false;

		if (!read_word(words->word[i], &w)) {
			snprintf(error, 256, "transport.advertise: \"%s\" is not host[:port] or listen=host[:port]",
				 rt_log_safe(words->word[i]));
			return RT_CONFIG;
		}
		for (int k = 0; k < n; k++)
			met = met || sip_hop_same(&w.listen, &listeners[k].local);
		if (w.listen.family && !met) {
			snprintf(error, 256, "transport.advertise: \"%s\" names no address of transport.listen",
				 rt_log_safe(words->word[i]));
			return RT_CONFIG;
		}
	}
	return 0;
}

/* An IP literal speaks for listeners of its own family, a name for all. */
static bool fits(const struct word *w, const struct wire_listener *l)
{
	struct sip_hop ip;

	if (w->listen.family)
		return sip_hop_same(&w->listen, &l->local);
	return sip_hop_ip(&ip, w->host, SIP_UDP, 0) < 0 || ip.family == l->local.family;
}

static void say_host(struct wire_listener *l, struct slice host)
{
	const bool v6 = slice_find(host, ':') >= 0;

	snprintf(l->host, sizeof(l->host), v6 ? "[" SLICE_FMT "]" : SLICE_FMT, SLICE_ARG(host));
}

/* The port of a word without "listen=" is that of UDP and TCP, which share one (18.2.1); tls, ws and wss keep their own. */
static void use_word(struct wire_listener *l, const struct word *w)
{
	const bool plain = l->local.proto == SIP_UDP || l->local.proto == SIP_TCP;

	say_host(l, w->host);
	l->port = w->port && (plain || w->listen.family) ? w->port : l->local.port;
}

static bool by_words(struct wire_listener *l, const struct svc_words *words)
{
	struct word w;

	for (int exact = 1; exact >= 0; exact--)
		for (uint32_t i = 0; i < words->n; i++)
			if (read_word(words->word[i], &w) && (w.listen.family != 0) == exact && fits(&w, l)) {
				use_word(l, &w);
				return true;
			}
	return false;
}

static void use_address(struct wire_listener *l, const struct sip_hop *address)
{
	char text[WIRE_HOST_MAX];
	struct rt_cursor c = rt_cursor_on(text, sizeof(text));

	sip_hop_render_ip(&c, address);
	say_host(l, rt_cursor_text(&c));
	l->port = l->local.port;
}

static struct sip_hop loopback(uint8_t family)
{
	struct sip_hop hop = { .family = family };

	if (family == 4) {
		hop.ip[0] = 127;
		hop.ip[3] = 1;
	} else {
		hop.ip[15] = 1;
	}
	return hop;
}

static int by_wildcard(struct wire_listener *l, const struct local_address *here, char error[256])
{
	const int six = l->local.family == 6;
	const struct sip_hop *found = here->route[six].family ? &here->route[six] : &here->global[six];
	const struct sip_hop alone = loopback(l->local.family);

	if (!found->family) {
		use_address(l, &alone);
		return 0;
	}
	if (here->container) {
		char text[64];
		struct rt_cursor c = rt_cursor_on(text, sizeof(text));

		sip_hop_render(&c, &l->local);
		snprintf(error, 256, "listening on " SLICE_FMT " inside a container, whose address nobody outside can reach; set "
			 "PEAL_TRANSPORT_ADVERTISE=<address or name of the host> (transport.advertise)",
			 SLICE_ARG(rt_cursor_text(&c)));
		return RT_CONFIG;
	}
	use_address(l, found);
	return 0;
}

int advertise_find(struct wire_listener *l, const struct svc_words *words, const struct local_address *here, char error[256])
{
	if (by_words(l, words))
		return 0;
	if (sip_hop_is_multicast(&l->local) || !sip_hop_is_any(&l->local)) {
		use_address(l, &l->local);
		return 0;
	}
	return by_wildcard(l, here, error);
}
