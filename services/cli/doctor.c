/* SPDX-License-Identifier: MIT */
/*
 * doctor: looks at everything a call needs and says of each trouble how to mend it.
 * A check is one function that fills a finding; the table at the end is the whole examination, in order.
 */
#include <errno.h>
#include <limits.h>
#include <stdarg.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>
#include "cert.h"
#include "masters.h"
#include "node.h"
#include "ping.h"

enum health { WELL, WORRY, ILL };

struct finding {
	enum health health;
	char what[400], mend[400];
};

struct survey { /* what `nodes` says, gathered once */
	int live[WIRE_TIERS];
	int64_t skew_ms; /* the worst clock difference seen */
	struct wire_listener listener[32];
	bool here[32];   /* on this host */
	int nlistener;
	char host[WIRE_HOST_MAX];
};

static struct survey survey;

__attribute__((format(printf, 3, 4))) static void say(struct finding *f, enum health health, const char *fmt, ...)
{
	va_list args;

	f->health = health;
	va_start(args, fmt);
	vsnprintf(f->what, sizeof(f->what), fmt, args);
	va_end(args);
}

__attribute__((format(printf, 2, 3))) static void mend(struct finding *f, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	vsnprintf(f->mend, sizeof(f->mend), fmt, args);
	va_end(args);
}

static void check_config(struct cli *cli, struct finding *f)
{
	const struct svc_config *c = cli_config(cli);

	if (!c) {
		say(f, ILL, "the configuration does not read (see above)");
		mend(f, "correct that line; `peal config print` shows every key with its meaning");
	} else if (c->ndomain == 0) {
		say(f, ILL, "server.domains is empty: nobody can register");
		mend(f, "set server.domains, or PEAL_SERVER_DOMAINS=\"example.com\", or start with deploy/up");
	} else {
		say(f, WELL, "%u domain%s, the first is " SLICE_FMT, c->ndomain, c->ndomain == 1 ? "" : "s", SLICE_ARG(c->domain[0].name));
	}
}

/* Of a cluster: the first master that does not answer. */
static bool misses_a_master(struct cli *cli, char *why, size_t size)
{
	for (uint32_t i = 0; cli->masters; i++)
		if (!masters_at(cli->masters, i, why, size))
			return why[0];
	return false;
}

static void check_redis(struct cli *cli, struct finding *f)
{
	char why[256];

	if (cli_redis_open(cli, why, sizeof(why))) {
		say(f, ILL, "%s: %s", cli_redis_place(cli), why);
		mend(f, "%s", cli_redis_hint(why));
		return;
	}
	if (misses_a_master(cli, why, sizeof(why))) {
		say(f, ILL, "a master does not answer: %s", why);
		mend(f, "start it; with cluster-require-full-coverage yes (as Redis comes) all keys wait for it, unless a replica takes over");
		return;
	}
	redisReply *r = cli_redis(cli, "INFO");
	const char *version = r ? strstr(r->str, "redis_version:") : NULL, *policy = r ? strstr(r->str, "maxmemory_policy:") : NULL;
	const bool saved = r && (strstr(r->str, "aof_enabled:1") || !strstr(r->str, "rdb_last_save_time:0"));
	int major = version ? atoi(version + 14) : 0;

	if (!r) {
		say(f, ILL, "%s does not tell about itself", cli_redis_place(cli));
		mend(f, "the user of redis.url needs the command INFO");
	} else if (major < 6) {
		say(f, ILL, "version %d is too old", major);
		mend(f, "Redis 6.2 or newer");
	} else if (policy && strncmp(policy + 17, "noeviction", 10)) {
		say(f, ILL, "it may throw registrations away when its memory is full (maxmemory-policy " SLICE_FMT ")", (int)strcspn(policy + 17, "\r"),
		    policy + 17);
		mend(f, "redis-cli config set maxmemory-policy noeviction, and the same in redis.conf");
	} else if (!saved || !strstr(r->str, "aof_enabled:1")) {
		say(f, WORRY, "version " SLICE_FMT ", no append-only file: a restart of Redis loses the latest registrations",
		    version ? (int)strcspn(version + 14, "\r") : 0, version ? version + 14 : "");
		mend(f, "redis-cli config set appendonly yes, and the same in redis.conf");
	} else {
		say(f, WELL, "version " SLICE_FMT ", %s", (int)strcspn(version + 14, "\r"), version + 14, cli_redis_place(cli));
	}
	if (r)
		freeReplyObject(r);
}

static void check_schema(struct cli *cli, struct finding *f)
{
	redisReply *r = cli_redis(cli, "GET schema");

	if (!r || r->type == REDIS_REPLY_NIL) {
		say(f, WORRY, "no `schema` in this Redis: no worker has used it yet");
		mend(f, "start the workers (deploy/up), or name their Redis: --redis URL");
	} else if (strcmp(r->str, "1")) {
		say(f, ILL, "the data are of layout %s, this program knows 1", r->str);
		mend(f, "use the version of Peal that wrote them, or another database of Redis");
	} else {
		say(f, WELL, "layout 1");
	}
	if (r)
		freeReplyObject(r);
}

static void gather(struct cli *cli, const struct wire_member *m, void *arg)
{
	struct survey *s = arg;
	const int64_t skew = (int64_t)m->seen - (int64_t)time(NULL) * 1000;

	(void)cli;
	if (skew > 1500 && skew > s->skew_ms)
		s->skew_ms = skew;
	if (!node_fresh(m) || m->state != WIRE_LIVE || m->tier >= WIRE_TIERS)
		return;
	s->live[m->tier]++;
	for (int i = 0; i < m->nlistener && s->nlistener < 32; i++) {
		if (!m->listener[i].local.family)
			continue;
		s->here[s->nlistener] = !strcmp(m->host, s->host);
		s->listener[s->nlistener++] = m->listener[i];
	}
}

static void check_workers(struct cli *cli, struct finding *f)
{
	char missing[128] = "";

	gethostname(survey.host, sizeof(survey.host) - 1);
	node_each(cli, gather, &survey);
	for (int t = WIRE_TRANSPORT; t <= WIRE_REGISTRAR; t++) {
		if (!survey.live[t])
			snprintf(missing + strlen(missing), sizeof(missing) - strlen(missing), " %s", wire_tier_name((enum wire_tier)t));
	}
	if (missing[0]) {
		say(f, ILL, "no live worker of:%s", missing);
		mend(f, "deploy/up; if it was up, read the end of <state>/log/*.log (peal node ls shows the rest)");
	} else {
		say(f, WELL, "%d transport, %d transaction, %d proxy, %d registrar", survey.live[WIRE_TRANSPORT], survey.live[WIRE_TRANSACTION],
		    survey.live[WIRE_PROXY], survey.live[WIRE_REGISTRAR]);
	}
}

/* Addresses the server itself answers, and nobody who does. */
static void check_services(struct cli *cli, struct finding *f)
{
	const struct svc_config *const c = cli_config(cli);
	const uint32_t n = c ? c->agent_services.n : 0;

	if (n && !survey.live[WIRE_AGENT]) {
		say(f, ILL, "agent.services names " SLICE_FMT "%s, but no agent worker lives: callers hear 404 or 480", SLICE_ARG(c->agent_services.word[0]),
		    n > 1 ? " and more" : "");
		mend(f, "start peal-agent (or peal-node), or make agent.services empty");
	} else if (n) {
		say(f, WELL, "%u, by %d agent worker%s", n, survey.live[WIRE_AGENT], survey.live[WIRE_AGENT] == 1 ? "" : "s");
	} else {
		say(f, WELL, "none; agent.services = \"echo ring busy\" gives people something to try their phones with");
	}
}

static void check_clock(struct cli *cli, struct finding *f)
{
	redisReply *r = cli_redis(cli, "TIME");
	const long long ahead = r && r->elements ? atoll(r->element[0]->str) - (long long)time(NULL) : 0;

	if (ahead > 2 || ahead < -2 || survey.skew_ms) {
		say(f, ILL, "clocks differ by %lld s: registrations end too early or too late", survey.skew_ms ? (long long)survey.skew_ms / 1000 : ahead);
		mend(f, "run NTP (systemd-timesyncd, chrony) on every host, Redis' too");
	} else {
		say(f, WELL, "the same here, in Redis and at the workers");
	}
	if (r)
		freeReplyObject(r);
}

static void check_buffers(struct cli *cli, struct finding *f)
{
	const struct svc_config *c = cli_config(cli);
	FILE *file = fopen("/proc/sys/net/core/rmem_max", "re");
	long long most = 0;

	if (file) {
		if (fscanf(file, "%lld", &most) != 1)
			most = 0;
		fclose(file);
	}
	if (c && most && most < c->transport_buffer) {
		say(f, WORRY, "the kernel allows %lld bytes for a socket, transport.buffer asks for %lld: bursts of UDP are lost", most,
		    (long long)c->transport_buffer);
		mend(f, "sysctl -w net.core.rmem_max=%lld (and a line in /etc/sysctl.d)", (long long)c->transport_buffer);
	} else {
		say(f, WELL, "%lld bytes for a socket", most);
	}
}

static void check_certificates(struct cli *cli, struct finding *f)
{
	const struct svc_config *c = cli_config(cli);
	const uint32_t n = c ? c->transport_certificate.n : 0;
	int first = INT_MAX;
	char until[16], why[200];

	if (!n)
		say(f, WELL, "none: neither TLS nor WSS");
	for (uint32_t i = 0; i < n; i++) {
		const struct slice file = c->transport_certificate.word[i];
		int days;

		if (!cert_read(file, &days, until, why, sizeof(why))) {
			say(f, WORRY, SLICE_FMT ": %s", SLICE_ARG(slice_head(file, 150)), why);
			mend(f, "transport.certificate names it; may only the workers read it, ask as their user");
			return;
		}
		if (days >= first)
			continue;
		first = days;
		say(f, days < 0 ? ILL : days < 14 ? WORRY : WELL, SLICE_FMT " %s on %s", SLICE_ARG(slice_head(file, 150)), days < 0 ? "ended" : "ends", until);
	}
	if (f->health != WELL)
		mend(f, "put a new one into its place, then `peal config apply`");
}

/* TCP, TLS, WS and WSS: does somebody accept? */
static bool accepts(const struct sip_hop *to)
{
	struct sockaddr_storage address;
	const struct timeval wait = { 2, 0 };
	const int fd = socket(to->family == 6 ? AF_INET6 : AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return false;
	setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &wait, sizeof(wait));
	const bool ok = connect(fd, (struct sockaddr *)&address, sip_hop_to_sockaddr(to, &address)) == 0;
	close(fd);
	return ok;
}

static void check_ports(struct cli *cli, struct finding *f)
{
	char text[300];
	struct rt_cursor c = rt_cursor_on(text, sizeof(text) - 1);
	int asked = 0;

	(void)cli;
	for (int i = 0; i < survey.nlistener; i++) {
		const struct sip_hop to = ping_target(&survey.listener[i].local);

		if (!survey.here[i] || to.proto == SIP_UDP)
			continue;
		asked++;
		if (!accepts(&to)) {
			sip_hop_render(&c, &to);
			text[c.n] = '\0';
			say(f, ILL, "%s is announced, but nobody accepts there: %s", text, strerror(errno));
			mend(f, "read the end of <state>/log/transport*.log; is another program on that port (ss -ltnp)?");
			return;
		}
	}
	say(f, WELL, "%d listener%s announced, %d connection%s tried from here", survey.nlistener, survey.nlistener == 1 ? "" : "s", asked,
	    asked == 1 ? "" : "s");
}

static void check_advertised(struct cli *cli, struct finding *f)
{
	(void)cli;
	for (int i = 0; i < survey.nlistener; i++) {
		const struct wire_listener *l = &survey.listener[i];
		struct sip_hop host;

		if (sip_hop_ip(&host, slice_str(l->host), SIP_UDP, l->port))
			continue; /* a name: the phones' DNS decides */
		if (sip_hop_is_any(&host)) {
			say(f, ILL, "a listener advertises %s: no phone can answer to that", l->host);
			mend(f, "set transport.advertise to the address or name phones reach this host by");
			return;
		}
		if (sip_hop_is_loopback(&host) && !sip_hop_is_loopback(&l->local)) {
			say(f, WORRY, "a listener advertises %s: phones on other hosts cannot follow that", l->host);
			mend(f, "set transport.advertise (PEAL_TRANSPORT_ADVERTISE) to the address or name phones reach this host by");
			return;
		}
	}
	if (survey.nlistener)
		say(f, WELL, "%s:%u and %d more", survey.listener[0].host, survey.listener[0].port, survey.nlistener - 1);
	else
		say(f, WORRY, "no listener is announced");
}

static void check_sip(struct cli *cli, struct finding *f)
{
	struct sip_hop to;

	if (!ping_find(cli, &to) && survey.nlistener) {
		say(f, WELL, "no UDP listener to ask at; `peal options sip:DOMAIN --server tls:HOST` (or tcp:) asks another");
		return;
	}
	if (!to.family) {
		say(f, ILL, "nowhere to ask: no live transport announces a UDP listener");
		mend(f, "start one (deploy/up), with udp: among transport.listen");
		return;
	}
	const struct ping answer = ping_options(&to, ping_domain(cli, &to), 4000);
	if (answer.status == 200) {
		say(f, WELL, "OPTIONS answered 200 in %d ms", answer.ms);
	} else if (answer.status) {
		say(f, ILL, "OPTIONS answered %d", answer.status);
		mend(f, "503: a tier is missing or overloaded (peal node ls); others: the log of the proxy says why");
	} else {
		say(f, ILL, "OPTIONS: %s", answer.reason);
		mend(f, "a firewall on this host, or a tier that does not take parcels: read <state>/log/*.log");
	}
}

static const struct {
	const char *name;
	void (*run)(struct cli *cli, struct finding *f);
	bool needs_redis;
} checks[] = {
	{ "config", check_config, false },   { "redis", check_redis, false },             { "schema", check_schema, true },
	{ "workers", check_workers, true },  { "services", check_services, true },        { "clock", check_clock, true },
	{ "buffers", check_buffers, false }, { "certificate", check_certificates, false }, { "ports", check_ports, true },
	{ "advertised", check_advertised, true }, { "sip", check_sip, true },
};
enum { CHECKS = sizeof(checks) / sizeof(checks[0]) };

static void print_finding(const char *name, const struct finding *f)
{
	static const char *const sign[] = { "ok  ", "warn", "BAD " };

	printf("%s  %-11s %s\n", sign[f->health], name, f->what);
	if (f->mend[0])
		printf("                  mend: %s\n", f->mend);
}

static int run(struct cli *cli)
{
	static const char *const titles[] = { "check", "state", "finding", "mend" }, *const words[] = { "ok", "warning", "bad" };
	struct cli_out *out = cli->json ? cli_out_new(cli, titles, 4) : NULL;
	int ill = 0, worries = 0;

	for (int i = 0; i < CHECKS; i++) {
		struct finding f = { .health = WELL };

		if (checks[i].needs_redis && !cli->redis && !cli->masters)
			continue;
		checks[i].run(cli, &f);
		ill += f.health == ILL;
		worries += f.health == WORRY;
		if (!out) {
			print_finding(checks[i].name, &f);
			continue;
		}
		cli_out_text(out, slice_str(checks[i].name));
		cli_out_text(out, slice_str(words[f.health]));
		cli_out_text(out, slice_str(f.what));
		cli_out_text(out, slice_str(f.mend));
	}
	if (!out)
		printf("%d to mend, %d to look at\n", ill, worries);
	cli_out_end(&out);
	return ill ? CLI_FAILED : CLI_DONE;
}

static const struct cli_verb verbs[] = {
	{ "", "", "what is wrong here, and how to mend it", 0, 0, run },
};
const struct cli_noun noun_doctor = { "doctor", "examines the server and its surroundings", verbs, 1 };
