/* SPDX-License-Identifier: MIT */
/* resolver: RFC 3263 against a real name server (kit/dns_server.h), over sockets and in real time. */
#include "kit/dns_server.h"

#include "dns/resolver.h"
#include "rt/clock.h"

static const char *const zone[] = {
	/* RFC 3263 4.1's own example */
	"example.test 60 NAPTR 50 50 s SIPS+D2T _sips._tcp.example.test",
	"example.test 60 NAPTR 90 50 s SIP+D2T _sip._tcp.example.test",
	"example.test 60 NAPTR 100 50 s SIP+D2U _sip._udp.example.test",
	"_sip._tcp.example.test 60 SRV 0 1 5060 server1.example.test",
	"_sip._tcp.example.test 60 SRV 0 2 5060 server2.example.test",
	"_sips._tcp.example.test 60 SRV 0 1 5061 server1.example.test",
	"_sip._udp.example.test 60 SRV 0 1 5062 server1.example.test",
	"server1.example.test 60 A 192.0.2.1",
	"server2.example.test 60 A 192.0.2.2",
	"example.test 60 A 192.0.2.9",
	/* the same order: the preference decides, and failover may go on to the next transport */
	"both.test 60 NAPTR 10 20 S sip+d2u _sip._udp.both.test",
	"both.test 60 NAPTR 10 10 s SIP+D2T _sip._tcp.both.test",
	"_sip._udp.both.test 60 SRV 0 1 5060 one.both.test",
	"_sip._tcp.both.test 60 SRV 0 1 5060 one.both.test",
	"one.both.test 60 A 192.0.2.3",
	/* SRV only */
	"srv.test 60 A 192.0.2.8",
	"_sip._tcp.srv.test 60 SRV 20 0 5070 second.srv.test",
	"_sip._tcp.srv.test 60 SRV 10 0 5071 first.srv.test",
	"first.srv.test 60 A 192.0.2.4",
	"second.srv.test 60 A 192.0.2.5",
	/* addresses only */
	"alias.test 60 CNAME plain.test",
	"plain.test 60 A 192.0.2.6",
	"plain.test 60 A 192.0.2.7",
	"dual.test 60 A 192.0.2.10",
	"dual.test 60 AAAA 2001:db8::10",
	/* decidedly not */
	"_sip._udp.never.test 60 SRV 0 0 0 .",
	"never.test 60 A 192.0.2.11",
	/* an SRV set larger than a datagram, and than nine */
	"_sip._udp.many.test 60 SRV 1 0 5060 a-rather-long-name-of-a-server-number-01.many.test",
	"_sip._udp.many.test 60 SRV 2 0 5060 a-rather-long-name-of-a-server-number-02.many.test",
	"_sip._udp.many.test 60 SRV 3 0 5060 a-rather-long-name-of-a-server-number-03.many.test",
	"_sip._udp.many.test 60 SRV 4 0 5060 a-rather-long-name-of-a-server-number-04.many.test",
	"_sip._udp.many.test 60 SRV 5 0 5060 a-rather-long-name-of-a-server-number-05.many.test",
	"_sip._udp.many.test 60 SRV 6 0 5060 a-rather-long-name-of-a-server-number-06.many.test",
	"_sip._udp.many.test 60 SRV 7 0 5060 a-rather-long-name-of-a-server-number-07.many.test",
	"_sip._udp.many.test 60 SRV 8 0 5060 a-rather-long-name-of-a-server-number-08.many.test",
	"_sip._udp.many.test 60 SRV 9 0 5060 a-rather-long-name-of-a-server-number-09.many.test",
	"_sip._udp.many.test 60 SRV 10 0 5060 a-rather-long-name-of-a-server-number-10.many.test",
	"_sip._udp.many.test 60 SRV 11 0 5060 a-rather-long-name-of-a-server-number-11.many.test",
	"_sip._udp.many.test 60 SRV 12 0 5060 a-rather-long-name-of-a-server-number-12.many.test",
	"_sip._udp.many.test 60 SRV 13 0 5060 a-rather-long-name-of-a-server-number-13.many.test",
	"_sip._udp.many.test 60 SRV 14 0 5060 a-rather-long-name-of-a-server-number-14.many.test",
	"a-rather-long-name-of-a-server-number-01.many.test 60 A 192.0.2.101",
	"a-rather-long-name-of-a-server-number-02.many.test 60 A 192.0.2.102",
	"a-rather-long-name-of-a-server-number-03.many.test 60 A 192.0.2.103",
	"a-rather-long-name-of-a-server-number-04.many.test 60 A 192.0.2.104",
	"a-rather-long-name-of-a-server-number-05.many.test 60 A 192.0.2.105",
	"a-rather-long-name-of-a-server-number-06.many.test 60 A 192.0.2.106",
	"a-rather-long-name-of-a-server-number-07.many.test 60 A 192.0.2.107",
	"a-rather-long-name-of-a-server-number-08.many.test 60 A 192.0.2.108",
	"a-rather-long-name-of-a-server-number-09.many.test 60 A 192.0.2.109",
	"a-rather-long-name-of-a-server-number-10.many.test 60 A 192.0.2.110",
	"a-rather-long-name-of-a-server-number-11.many.test 60 A 192.0.2.111",
	"a-rather-long-name-of-a-server-number-12.many.test 60 A 192.0.2.112",
	"a-rather-long-name-of-a-server-number-13.many.test 60 A 192.0.2.113",
	"a-rather-long-name-of-a-server-number-14.many.test 60 A 192.0.2.114",
	/* trouble */
	"hole.test 0 DROP",
	"half.test 0 DROP AAAA",
	"half.test 60 A 192.0.2.20",
	"slow.test 0 DELAY 60",
	"slow.test 60 A 192.0.2.21",
	"zero.test 0 A 192.0.2.22",
	"short.test 1 A 192.0.2.23",
	"broken.test 0 SERVFAIL",
	"some.test 60 A 192.0.2.24",
	"_sip._udp.some.test 60 SRV 1 0 5060 hole.test",
	"_sip._udp.some.test 60 SRV 2 0 5060 some.test",
	"test 60 SOA 2",
	0,
};

enum { FDS = 16 };

struct result {
	bool done;
	int err, n, order;
	struct sip_hop hop[DNS_HOPS_MAX];
};

struct world {
	struct kit_dns *server;
	struct dns_resolver *r;
	struct pollfd fd[FDS];
	int nfd, finished;
	struct result result[64];
};

static void watch(void *arg, int fd, bool read, bool write)
{
	struct world *w = arg;
	int i = 0;

	while (i < w->nfd && w->fd[i].fd != fd)
		i++;
	assert_true(i < FDS);
	w->fd[i] = (struct pollfd){ fd, (short)((read ? POLLIN : 0) | (write ? POLLOUT : 0)), 0 };
	w->nfd += i == w->nfd;
}

static void unwatch(void *arg, int fd)
{
	struct world *w = arg;

	for (int i = 0; i < w->nfd; i++)
		if (w->fd[i].fd == fd)
			w->fd[i] = w->fd[--w->nfd];
}

static void on_done(void *arg, uint64_t token, int err, const struct sip_hop *hops, int n)
{
	struct world *w = arg;
	struct result *r = &w->result[token];

	assert_false(r->done);
	*r = (struct result){ .done = true, .err = err, .n = n, .order = w->finished++ };
	if (n)
		memcpy(r->hop, hops, (size_t)n * sizeof(*hops));
}

enum { V4 = 1, V6 = 2, ALL = 1 << SIP_UDP | 1 << SIP_TCP | 1 << SIP_TLS | 1 << SIP_WS | 1 << SIP_WSS };

static void reopen(struct world *w, uint8_t families, uint8_t transports)
{
	const struct dns_hooks hooks = { w, watch, unwatch };
	struct dns_options o = { .timeout_ms = 800, .families = families, .transports = transports, .seed = 1, .nserver = 1 };
	char server[32];

	snprintf(server, sizeof(server), "127.0.0.1:%d", w->server->port);
	o.servers[0] = slice_str(server);
	dns_resolver_destroy(&w->r);
	memset(w->result, 0, sizeof(w->result));
	w->finished = 0;
	w->r = dns_resolver_new(&o, &hooks, rt_clock_ms());
	assert_non_null(w->r);
}

static int setup(void **state)
{
	struct world *w = calloc(1, sizeof(*w));

	w->server = kit_dns_start(zone);
	*state = w;
	reopen(w, V4, ALL);
	return 0;
}

static int teardown(void **state)
{
	struct world *w = *state;

	dns_resolver_destroy(&w->r);
	assert_int_equal(w->nfd, 0);
	kit_dns_stop(&w->server);
	free(w);
	return 0;
}

static void turn(struct world *w, int most_ms)
{
	const rt_ms now = rt_clock_ms(), next = dns_resolver_tick(w->r, now);
	const rt_ms wait = next > now ? next - now : 0;
	struct pollfd fd[FDS];
	const int n = w->nfd;

	memcpy(fd, w->fd, sizeof(fd));
	poll(fd, (nfds_t)n, wait < (rt_ms)most_ms ? (int)wait : most_ms);
	for (int i = 0; i < n; i++)
		if (fd[i].revents)
			dns_resolver_ready(w->r, fd[i].fd, fd[i].revents & (POLLIN | POLLERR | POLLHUP), fd[i].revents & POLLOUT,
					   rt_clock_ms());
}

static void ask(struct world *w, uint64_t token, const char *text)
{
	struct sip_uri uri;

	assert_int_equal(sip_uri_parse(&uri, slice_str(text)), 0);
	w->result[token].done = false;
	assert_int_equal(dns_resolve(w->r, &uri, rt_clock_ms(), on_done, w, token), 0);
}

static const struct result *wait_for(struct world *w, uint64_t token)
{
	const rt_ms end = rt_clock_ms() + 3000;

	while (!w->result[token].done && rt_clock_ms() < end)
		turn(w, 50);
	assert_true(w->result[token].done);
	return &w->result[token];
}

static char *as_text(const struct result *r, char room[2048])
{
	struct rt_cursor c = rt_cursor_on(room, 2047);

	if (r->err)
		rt_cursor_printf(&c, "%s", rt_err_name(r->err));
	for (int i = 0; i < r->n; i++) {
		if (i)
			rt_cursor_char(&c, ' ');
		sip_hop_render(&c, &r->hop[i]);
	}
	room[c.n] = 0;
	return room;
}

static void check(struct world *w, const char *uri, const char *want)
{
	char room[2048];
	const struct result *r;

	ask(w, 0, uri);
	r = wait_for(w, 0);
	if (strcmp(as_text(r, room), want))
		fail_msg("%s\n goes to %s\n not to  %s", uri, room, want);
}

/* 4.1 and 4.2: what needs no DNS at all, and answers before dns_resolve returns. */
static void rfc3263_numeric_hosts(void **state)
{
	static const struct {
		const char *uri, *want;
	} row[] = {
		{ "sip:192.0.2.1", "udp:192.0.2.1:5060" },
		{ "sip:192.0.2.1:5070", "udp:192.0.2.1:5070" },
		{ "sip:192.0.2.1;transport=tcp", "tcp:192.0.2.1:5060" },
		{ "sip:192.0.2.1;transport=TLS", "tls:192.0.2.1:5061" },
		{ "sip:192.0.2.1;transport=ws", "ws:192.0.2.1:80" },
		{ "sips:192.0.2.1", "tls:192.0.2.1:5061" },
		{ "sips:192.0.2.1:5070", "tls:192.0.2.1:5070" },
		{ "sips:192.0.2.1;transport=tcp", "tls:192.0.2.1:5061" },
		{ "sips:192.0.2.1;transport=ws", "wss:192.0.2.1:443" },
		{ "sips:192.0.2.1;transport=udp", "ABSENT" },
		{ "sip:192.0.2.1;transport=sctp", "ABSENT" },
		{ "sip:192.0.2.1;transport=pigeon", "ABSENT" },
		{ "sip:[2001:db8::1]", "udp:[2001:db8::1]:5060" },
		{ "sip:[2001:db8::1]:5070;transport=tcp", "tcp:[2001:db8::1]:5070" },
		{ "sip:alice@example.test;maddr=192.0.2.5", "udp:192.0.2.5:5060" },
		{ "sip:alice@example.test:5080;maddr=192.0.2.5;transport=tcp", "tcp:192.0.2.5:5080" },
		{ "tel:+15551234", "ABSENT" },
	};
	struct world *w = *state;
	char room[2048];

	reopen(w, V4 | V6, ALL);
	for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
		ask(w, 0, row[i].uri);
		assert_true(w->result[0].done);
		if (strcmp(as_text(&w->result[0], room), row[i].want))
			fail_msg("%s\n goes to %s\n not to  %s", row[i].uri, room, row[i].want);
	}
	assert_int_equal(kit_dns_count(w->server, 0, 0), 0);
}

/* 4.1: the records of the lowest order we can use decide; a sips URI takes only SIPS services. */
static void rfc3263_4_1_naptr(void **state)
{
	struct world *w = *state;

	check(w, "sip:bob@example.test", "tls:192.0.2.1:5061");
	check(w, "sips:bob@example.test", "tls:192.0.2.1:5061");
	reopen(w, V4, 1 << SIP_UDP);
	check(w, "sip:bob@example.test", "udp:192.0.2.1:5062");
	check(w, "sips:bob@example.test", "ABSENT");
	reopen(w, V4, ALL);
	check(w, "sip:bob@both.test", "tcp:192.0.2.3:5060 udp:192.0.2.3:5060");
}

static void rfc3263_4_2_explicit_transport_or_port(void **state)
{
	struct world *w = *state;

	check(w, "sip:bob@example.test;transport=udp", "udp:192.0.2.1:5062");
	assert_int_equal(kit_dns_count(w->server, "example.test", "NAPTR"), 0);
	check(w, "sip:bob@example.test:5070", "udp:192.0.2.9:5070");
	check(w, "sip:bob@example.test:5060;transport=tcp", "tcp:192.0.2.9:5060");
	check(w, "sips:bob@example.test:5070", "tls:192.0.2.9:5070");
	check(w, "sips:bob@example.test;transport=tcp", "tls:192.0.2.1:5061");
	check(w, "sip:bob@example.test;transport=tls", "tls:192.0.2.1:5061");
	check(w, "sip:bob@example.test;transport=ws", "ws:192.0.2.9:80");
	check(w, "sip:carol@other.test;maddr=plain.test;transport=tcp", "tcp:192.0.2.6:5060 tcp:192.0.2.7:5060");
}

/* 4.1: no NAPTR: a query for each transport; 4.2: no SRV: addresses, UDP for sip, TLS for sips. */
static void rfc3263_without_naptr_and_without_srv(void **state)
{
	struct world *w = *state;

	check(w, "sip:srv.test", "tcp:192.0.2.4:5071 tcp:192.0.2.5:5070");
	assert_int_equal(kit_dns_count(w->server, "_sip._udp.srv.test", "SRV"), 1);
	check(w, "sips:srv.test", "tls:192.0.2.8:5061");
	check(w, "sip:plain.test", "udp:192.0.2.6:5060 udp:192.0.2.7:5060");
	check(w, "sip:PLAIN.Test.", "udp:192.0.2.6:5060 udp:192.0.2.7:5060");
	check(w, "sips:plain.test", "tls:192.0.2.6:5061 tls:192.0.2.7:5061");
	check(w, "sip:alias.test", "udp:192.0.2.6:5060 udp:192.0.2.7:5060");
	check(w, "sip:nobody.test", "ABSENT");
	check(w, "sip:never.test;transport=udp", "ABSENT"); /* RFC 2782: a target of "." */
	reopen(w, V4, 1 << SIP_TCP);
	check(w, "sip:plain.test", "tcp:192.0.2.6:5060 tcp:192.0.2.7:5060");
}

static void both_families(void **state)
{
	struct world *w = *state;
	char room[2048];

	check(w, "sip:dual.test", "udp:192.0.2.10:5060");
	reopen(w, V6, ALL);
	check(w, "sip:dual.test", "udp:[2001:db8::10]:5060");
	check(w, "sip:plain.test", "ABSENT");
	reopen(w, V4 | V6, ALL);
	ask(w, 0, "sip:dual.test");
	(void)wait_for(w, 0);
	as_text(&w->result[0], room); /* which is first depends on this host's routes */
	assert_int_equal(w->result[0].n, 2);
	assert_non_null(strstr(room, "udp:[2001:db8::10]:5060"));
	assert_non_null(strstr(room, "udp:192.0.2.10:5060"));
}

static void more_than_nine_targets_in_order(void **state)
{
	struct world *w = *state;
	const struct result *r;

	ask(w, 0, "sip:many.test;transport=udp");
	r = wait_for(w, 0);
	assert_int_equal(r->n, 14);
	for (int i = 0; i < 14; i++)
		assert_int_equal(r->hop[i].ip[3], 101 + i);
	assert_true(kit_dns_count(w->server, "_sip._udp.many.test", "SRV") >= 1);
}

/* RFC 3263 5: sent-by of a Via whose connection is gone. */
static void rfc3263_5_responses(void **state)
{
	static const struct {
		const char *host;
		uint16_t port;
		uint8_t proto;
		const char *want;
	} row[] = {
		{ "192.0.2.1", 0, SIP_UDP, "udp:192.0.2.1:5060" },
		{ "192.0.2.1", 5070, SIP_TLS, "tls:192.0.2.1:5070" },
		{ "2001:db8::1", 0, SIP_TCP, "ABSENT" }, /* only IPv4 is usable here */
		{ "example.test", 5070, SIP_TCP, "tcp:192.0.2.9:5070" },
		{ "example.test", 0, SIP_TLS, "tls:192.0.2.1:5061" },
		{ "srv.test", 0, SIP_TCP, "tcp:192.0.2.4:5071 tcp:192.0.2.5:5070" },
		{ "plain.test", 0, SIP_UDP, "udp:192.0.2.6:5060 udp:192.0.2.7:5060" },
		{ "nobody.test", 0, SIP_UDP, "ABSENT" },
	};
	struct world *w = *state;
	char room[2048];

	for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
		w->result[0].done = false;
		assert_int_equal(dns_resolve_response(w->r, slice_str(row[i].host), row[i].port, row[i].proto, rt_clock_ms(),
						      on_done, w, 0),
				 0);
		(void)wait_for(w, 0);
		if (strcmp(as_text(&w->result[0], room), row[i].want))
			fail_msg("%s\n goes to %s\n not to  %s", row[i].host, room, row[i].want);
	}
	assert_int_equal(kit_dns_count(w->server, 0, "NAPTR"), 0);
}

/* ---- Cache ---- */

static void answers_are_kept_and_given_at_once(void **state)
{
	struct world *w = *state;
	int asked;

	check(w, "sip:bob@example.test", "tls:192.0.2.1:5061");
	asked = kit_dns_count(w->server, 0, 0);
	ask(w, 1, "sip:carol@EXAMPLE.test");
	assert_true(w->result[1].done);
	assert_int_equal(kit_dns_count(w->server, 0, 0), asked);
}

static void what_is_not_there_is_known_too(void **state)
{
	struct world *w = *state;
	int asked;

	check(w, "sip:nobody.test:5060", "ABSENT");
	asked = kit_dns_count(w->server, "nobody.test", "A");
	assert_int_equal(asked, 1);
	ask(w, 1, "sip:nobody.test:5060");
	assert_true(w->result[1].done);
	usleep(2100 * 1000); /* the zone's SOA says 2 s */
	check(w, "sip:nobody.test:5060", "ABSENT");
	assert_int_equal(kit_dns_count(w->server, "nobody.test", "A"), 2);
}

static void a_time_to_live_ends(void **state)
{
	struct world *w = *state;

	check(w, "sip:short.test:5060", "udp:192.0.2.23:5060");
	check(w, "sip:short.test:5060", "udp:192.0.2.23:5060");
	assert_int_equal(kit_dns_count(w->server, "short.test", "A"), 1);
	usleep(1100 * 1000);
	check(w, "sip:short.test:5060", "udp:192.0.2.23:5060");
	assert_int_equal(kit_dns_count(w->server, "short.test", "A"), 2);
	check(w, "sip:zero.test:5060", "udp:192.0.2.22:5060");
	check(w, "sip:zero.test:5060", "udp:192.0.2.22:5060");
	assert_int_equal(kit_dns_count(w->server, "zero.test", "A"), 2);
}

static void searches_for_one_name_are_one(void **state)
{
	struct world *w = *state;

	for (uint64_t i = 0; i < 20; i++)
		ask(w, i, "sip:slow.test:5060");
	for (uint64_t i = 0; i < 20; i++)
		assert_int_equal(wait_for(w, i)->n, 1);
	assert_int_equal(kit_dns_count(w->server, "slow.test", "A"), 1);
}

/* ---- Trouble ---- */

static void a_black_hole_delays_only_its_own(void **state)
{
	struct world *w = *state;
	const rt_ms began = rt_clock_ms();
	const struct result *r;

	ask(w, 1, "sip:hole.test:5060");
	ask(w, 2, "sip:plain.test:5060");
	ask(w, 3, "sip:slow.test:5060");
	assert_int_equal(wait_for(w, 3)->n, 1);
	assert_true(w->result[2].done);
	assert_false(w->result[1].done);
	assert_true(rt_clock_ms() - began < 500);
	r = wait_for(w, 1);
	assert_int_equal(r->err, RT_TIMEOUT);
	assert_int_equal(r->n, 0);
	assert_true(rt_clock_ms() - began >= 650 && rt_clock_ms() - began < 1100);
}

/* The whole search has one deadline; what is known by then is used. */
static void a_deadline_takes_what_there_is(void **state)
{
	struct world *w = *state;
	const rt_ms began = rt_clock_ms();

	check(w, "sip:some.test;transport=udp", "udp:192.0.2.24:5060");
	assert_true(rt_clock_ms() - began < 1100);
	reopen(w, V4 | V6, ALL);
	check(w, "sip:half.test:5060", "udp:192.0.2.20:5060");
}

static void a_broken_server_is_down_not_absent(void **state)
{
	struct world *w = *state;

	check(w, "sip:broken.test:5060", "DOWN");
}

static void no_server_at_all(void **state)
{
	struct world *w = *state;
	const struct dns_hooks hooks = { w, watch, unwatch };
	struct dns_options o = { .timeout_ms = 400, .families = V4, .transports = ALL, .nserver = 1 };

	o.servers[0] = SLICE("127.0.0.1:9"); /* discard: nobody listens */
	dns_resolver_destroy(&w->r);
	w->r = dns_resolver_new(&o, &hooks, rt_clock_ms());
	ask(w, 0, "sip:example.test:5060");
	assert_int_not_equal(wait_for(w, 0)->err, 0);
	assert_int_not_equal(w->result[0].err, RT_ABSENT);
	o.servers[0] = SLICE("no address");
	assert_null(dns_resolver_new(&o, &hooks, rt_clock_ms()));
}

static void failed_hops_go_last_until_they_are_well(void **state)
{
	struct world *w = *state;
	struct sip_hop bad;

	assert_int_equal(sip_hop_parse(&bad, SLICE("udp:192.0.2.6:5060")), 0);
	dns_hop_failed(w->r, &bad, rt_clock_ms(), 30);
	check(w, "sip:plain.test", "udp:192.0.2.7:5060 udp:192.0.2.6:5060");
	check(w, "sips:plain.test", "tls:192.0.2.6:5061 tls:192.0.2.7:5061");
	dns_hop_worked(w->r, &bad);
	check(w, "sip:plain.test", "udp:192.0.2.6:5060 udp:192.0.2.7:5060");
	dns_hop_failed(w->r, &bad, rt_clock_ms() - 31000, 30);
	check(w, "sip:plain.test", "udp:192.0.2.6:5060 udp:192.0.2.7:5060");
	dns_hop_failed(w->r, &bad, rt_clock_ms(), 30);
	check(w, "sip:192.0.2.6", "udp:192.0.2.6:5060"); /* the only one there is */
}

static void localhost_needs_nobody(void **state)
{
	struct world *w = *state;

	ask(w, 0, "sip:localhost");
	assert_true(w->result[0].done);
	check(w, "sip:localhost", "udp:127.0.0.1:5060");
	check(w, "sip:phone.localhost:5070;transport=tcp", "tcp:127.0.0.1:5070");
	assert_int_equal(kit_dns_count(w->server, 0, 0), 0);
}

static void pending_searches_end_with_the_resolver(void **state)
{
	struct world *w = *state;

	ask(w, 1, "sip:hole.test");
	ask(w, 2, "sip:slow.test");
	dns_resolver_destroy(&w->r);
	assert_null(w->r);
	assert_int_equal(w->result[1].err, RT_DOWN);
	assert_int_equal(w->result[2].err, RT_DOWN);
	reopen(w, V4, ALL);
}

/* What a proxy does in on_done: ask for something else, at once. */
static void again(void *arg, uint64_t token, int err, const struct sip_hop *hops, int n)
{
	struct world *w = arg;

	(void)err, (void)hops, (void)n;
	ask(w, token + 1, token % 2 ? "sip:plain.test" : "sip:192.0.2.77");
}

static void a_search_may_be_begun_from_an_answer(void **state)
{
	struct world *w = *state;
	struct sip_uri uri;

	assert_int_equal(sip_uri_parse(&uri, SLICE("sip:slow.test:5060")), 0);
	assert_int_equal(dns_resolve(w->r, &uri, rt_clock_ms(), again, w, 1), 0);
	assert_int_equal(dns_resolve(w->r, &uri, rt_clock_ms(), again, w, 4), 0);
	assert_int_equal(wait_for(w, 2)->n, 2);
	assert_int_equal(wait_for(w, 5)->n, 1);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(rfc3263_numeric_hosts),
		TEST(rfc3263_4_1_naptr),
		TEST(rfc3263_4_2_explicit_transport_or_port),
		TEST(rfc3263_without_naptr_and_without_srv),
		TEST(both_families),
		TEST(more_than_nine_targets_in_order),
		TEST(rfc3263_5_responses),
		TEST(answers_are_kept_and_given_at_once),
		TEST(what_is_not_there_is_known_too),
		TEST(a_time_to_live_ends),
		TEST(searches_for_one_name_are_one),
		TEST(a_black_hole_delays_only_its_own),
		TEST(a_deadline_takes_what_there_is),
		TEST(a_broken_server_is_down_not_absent),
		TEST(no_server_at_all),
		TEST(failed_hops_go_last_until_they_are_well),
		TEST(localhost_needs_nobody),
		TEST(pending_searches_end_with_the_resolver),
		TEST(a_search_may_be_begun_from_an_answer),
	};

	return cmocka_run_group_tests_name("dns/resolver", tests, 0, 0);
}
