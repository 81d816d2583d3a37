/* SPDX-License-Identifier: MIT */
/* phone_run: `peal call`, `register`, `options` and `message`: the words become an errand, and a phone of a moment does it. */
#include "phone.h"

#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>
#include "cli.h"
#include "password.h"
#include "ping.h"
#include "sip/uri.h"

/* ---- Where the server is ---- */

/* "192.0.2.1", "[2001:db8::1]:5060", "sip.example.com:5062", "example.com" (RFC 3263), any of them behind "udp:", "tcp:" or "tls:". */
static int resolve(const char *word, enum sip_transport proto, struct phone_errand *e)
{
	static const char *const prefix[] = { [SIP_UDP] = "udp:", [SIP_TCP] = "tcp:", [SIP_TLS] = "tls:" };
	char text[192];
	struct sip_uri uri;

	for (int t = SIP_UDP; t <= SIP_TLS; t++)
		if (!strncmp(word, prefix[t], 4)) {
			proto = (enum sip_transport)t;
			word += 4;
			break;
		}
	snprintf(text, sizeof(text), "sip:%s%s" SLICE_FMT, word, proto ? ";transport=" : "", SLICE_ARG(proto ? sip_transport_param(proto) : SLICE("")));
	if (sip_uri_parse(&uri, slice_str(text)))
		return cli_fail("\"%s\" is no address; it should look like 192.0.2.1:5060 or tcp:sip.example.com", word);
	e->nhop = phone_dns(&uri, &e->name_servers, e->hop, PHONE_HOPS);
	return e->nhop > 0 ? 0 : cli_fail("%s leads nowhere from here (RFC 3263); name the server: --server HOST[:PORT]", word);
}

/* A server of this host whose configuration we can read, when the domain is one of its own. */
static bool at_home(struct cli *cli, struct slice host, struct sip_hop *out)
{
	const struct svc_config *const c = cli_config(cli);
	struct sip_hop hop;

	if (!c || !svc_config_domain(c, host))
		return false;
	for (uint32_t i = 0; i < c->transport_listen.n; i++)
		if (sip_hop_parse(&hop, c->transport_listen.word[i]) == 0 && hop.proto == SIP_UDP) {
			*out = ping_target(&hop);
			return true;
		}
	return false;
}

/* RFC 5922 7.3: the name the address was found by: that of --server, when it is one, else the domain. */
static struct slice name_of(const struct cli *cli, const struct sip_uri *uri)
{
	const char *word = cli->server;
	struct sip_uri server;
	char text[128];

	if (word && (!strncmp(word, "udp:", 4) || !strncmp(word, "tcp:", 4) || !strncmp(word, "tls:", 4)))
		word += 4;
	snprintf(text, sizeof(text), "sip:%s", word ? word : "");
	if (word && sip_uri_parse(&server, slice_str(text)) == 0 && server.host_kind == SIP_HOST_NAME)
		return rt_arena_copy(cli->arena, server.host);
	return slice_head(uri->host, UINT8_MAX);
}

static int find_server(struct cli *cli, const struct sip_uri *uri, struct phone_errand *e)
{
	const struct svc_config *const c = cli_config(cli);

	if (c)
		e->name_servers = c->proxy_dns_servers;
	if (cli->server)
		return resolve(cli->server, sip_uri_transport(uri), e);
	if (at_home(cli, uri->host, &e->hop[0])) {
		e->nhop = 1;
		return 0;
	}
	e->nhop = phone_dns(uri, &e->name_servers, e->hop, PHONE_HOPS);
	return e->nhop > 0 ? 0 : cli_fail(SLICE_FMT " leads nowhere from here (RFC 3263); name the server: --server HOST[:PORT]", SLICE_ARG(uri->host));
}

/* ---- The words ---- */

static int read_uri(struct cli *cli, const char *word, struct slice *text, struct sip_uri *uri)
{
	*text = strchr(word, ':') && (!strncmp(word, "sip", 3) || !strncmp(word, "tel:", 4))
			? slice_str(word) : rt_arena_printf(cli->arena, "sip:%s", word);
	if (sip_uri_parse(uri, *text) || uri->scheme == SIP_SCHEME_OTHER)
		return cli_fail("\"%s\" is no SIP address; it should look like sip:bob@example.com", word);
	return 0;
}

/* Who we are: --from, or --user at the domain called; else a caller of none of its domains, whom nobody asks for a password. */
static int read_caller(struct cli *cli, const struct sip_uri *to, struct phone_errand *e)
{
	struct sip_uri from;

	if (cli->from && read_uri(cli, cli->from, &e->from, &from))
		return CLI_USAGE;
	if (!cli->from && cli->user)
		e->from = rt_arena_printf(cli->arena, "sip:%s@" SLICE_FMT, cli->user, SLICE_ARG(to->host));
	else if (!cli->from)
		e->from = e->kind == PHONE_REGISTER ? e->uri : SLICE("sip:peal@peal.invalid");
	if (sip_uri_parse(&from, e->from))
		return cli_fail("\"" SLICE_FMT "\" is no caller", SLICE_ARG(e->from)), CLI_USAGE;
	e->user = cli->user ? slice_str(cli->user) : slice_present(from.user) ? from.user : SLICE("peal");
	return 0;
}

static int read_password(struct cli *cli, struct phone_errand *e)
{
	static char password[PASSWORD_MAX];

	if (!cli->password_stdin && !cli->user)
		return 0;
	if (password_read(password, cli->password_stdin))
		return CLI_FAILED;
	e->password = slice_str(password);
	return 0;
}

/* ---- The phone ---- */

/* The address this host uses towards the server. */
static int local_address(const struct sip_hop *server, struct sip_hop *out)
{
	struct sockaddr_storage to, mine;
	socklen_t n = sizeof(mine);
	const int fd = socket(server->family == 6 ? AF_INET6 : AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	const int err = fd < 0 || connect(fd, (struct sockaddr *)&to, sip_hop_to_sockaddr(server, &to)) ||
			getsockname(fd, (struct sockaddr *)&mine, &n);

	if (fd >= 0)
		close(fd);
	if (err)
		return cli_fail("no way to the server from here");
	sip_hop_from_sockaddr(out, &mine, SIP_UDP);
	return 0;
}

/* The configuration of a phone: three listeners at ports the kernel chooses. */
static int configure(const struct phone_errand *e, struct svc_config **out)
{
	static char listen[256], pair[2][64], verify[64], ca[600], level[32];
	const char *const checked = getenv("PEAL_TRANSPORT_VERIFY"), *const authorities = getenv("PEAL_TRANSPORT_CA");
	char ip[64], path[2][32], error[512];
	char *environment[8] = { listen, level };
	struct rt_cursor c = rt_cursor_on(ip, sizeof(ip) - 1);
	struct sip_hop local;
	bool tls = false;
	int n = 2;

	for (int i = 0; i < e->nhop; i++)
		tls |= e->hop[i].proto == SIP_TLS;
	if (local_address(&e->hop[0], &local))
		return CLI_FAILED;
	sip_hop_render_host(&c, &local);
	ip[c.n] = '\0';
	snprintf(listen, sizeof(listen), "PEAL_TRANSPORT_LISTEN=udp:%s:0 tcp:%s:0%s%s%s", ip, ip, tls ? " tls:" : "",
		 tls ? ip : "", tls ? ":0" : "");
	snprintf(level, sizeof(level), "PEAL_LOG_LEVEL=error");
	if (tls) {
		if (phone_tls_pair(path[0], path[1]))
			return cli_fail("no memory for a certificate");
		snprintf(pair[0], sizeof(pair[0]), "PEAL_TRANSPORT_CERTIFICATE=%s", path[0]);
		snprintf(pair[1], sizeof(pair[1]), "PEAL_TRANSPORT_KEY=%s", path[1]);
		snprintf(verify, sizeof(verify), "PEAL_TRANSPORT_VERIFY=%s", checked ? checked : "on");
		snprintf(ca, sizeof(ca), "PEAL_TRANSPORT_CA=%s", authorities ? authorities : "");
		environment[n++] = pair[0];
		environment[n++] = pair[1];
		environment[n++] = verify;
		environment[n++] = ca;
	}
	return svc_config_load(out, NULL, environment, error) ? cli_fail("%s", error) : 0;
}

static int go(const struct phone_errand *e)
{
	const struct svc_actor *const actors[] = { &transport_actor, &transaction_actor, &phone_actor, NULL };
	struct svc_config *config = NULL;
	int err = configure(e, &config);

	if (err)
		return err;
	phone_errand = e;
	phone_result = PHONE_SILENT;
	rt_log_open("peal", RT_LOG_E);
	err = svc_solo(config, actors);
	svc_config_destroy(&config);
	return err ? cli_fail("the phone did not start: %s", rt_err_text(err)) : phone_result < 0 ? PHONE_SILENT : phone_result;
}

static int run(struct cli *cli, enum phone_errand_kind kind, int64_t seconds, int64_t timeout)
{
	struct phone_errand e = { .kind = kind, .required = cli->rel, .json = cli->json };
	struct sip_uri uri;

	seconds = cli_number("seconds", cli->seconds, seconds, 0, 86400);
	timeout = cli_number("timeout", cli->timeout, timeout, 1, 3600);
	if (seconds < 0 || timeout < 0 || read_uri(cli, cli->arg[0], &e.uri, &uri))
		return CLI_USAGE;
	e.seconds = (uint32_t)seconds;
	e.timeout_ms = (uint32_t)timeout * 1000;
	e.audio = slice_str(cli->audio);
	if (kind == PHONE_MESSAGE)
		e.text = slice_str(cli->arg[1]);
	if (kind == PHONE_REGISTER && cli->narg > 1)
		e.contact = slice_str(cli->arg[1]);
	if (read_caller(cli, &uri, &e) || find_server(cli, &uri, &e))
		return CLI_USAGE;
	e.name = name_of(cli, &uri);
	if (read_password(cli, &e))
		return CLI_FAILED;
	if (kind == PHONE_REGISTER) { /* the Request-URI is the domain, 10.2 */
		if (!cli->from)
			e.from = e.uri;
		e.user = cli->user || !uri.user.n ? e.user : uri.user;
		e.uri = rt_arena_printf(cli->arena, uri.host_kind == SIP_HOST_IPV6 ? "sip:[" SLICE_FMT "]" : "sip:" SLICE_FMT, SLICE_ARG(uri.host));
	}
	return go(&e);
}

static int call(struct cli *cli)
{
	return run(cli, PHONE_CALL, 3, 60);
}

static int enrol(struct cli *cli)
{
	return run(cli, PHONE_REGISTER, 300, 32);
}

static int ask_options(struct cli *cli)
{
	return run(cli, PHONE_OPTIONS, 0, 32);
}

static int message(struct cli *cli)
{
	return run(cli, PHONE_MESSAGE, 0, 32);
}

static const struct cli_verb call_verb[] = { { "", "URI", "place a test call and show what happens", 1, 1, call } };
static const struct cli_verb register_verb[] = { { "", "URI [CONTACT]", "register an address, for --seconds", 1, 2, enrol } };
static const struct cli_verb options_verb[] = { { "", "URI", "ask what is there", 1, 1, ask_options } };
static const struct cli_verb message_verb[] = { { "", "URI TEXT", "send a text", 2, 2, message } };

const struct cli_noun noun_call = { "call", "a test call, as a phone places it", call_verb, 1 };
const struct cli_noun noun_register = { "register", "a registration, as a phone makes it", register_verb, 1 };
const struct cli_noun noun_options = { "options", "one OPTIONS, as a phone sends it", options_verb, 1 };
const struct cli_noun noun_message = { "message", "one MESSAGE, as a phone sends it", message_verb, 1 };
