/* SPDX-License-Identifier: MIT */
/* ping: asks the server for a sign of life the way a phone would: OPTIONS over UDP, answered by every tier on the way. */
#include "ping.h"

#include <errno.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>
#include "node.h"
#include "rt/clock.h"

static int open_socket(const struct sip_hop *to, struct sip_hop *local)
{
	struct sockaddr_storage address, mine;
	socklen_t n = sizeof(mine);
	const int fd = socket(to->family == 6 ? AF_INET6 : AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return -1;
	if (connect(fd, (struct sockaddr *)&address, sip_hop_to_sockaddr(to, &address)) || getsockname(fd, (struct sockaddr *)&mine, &n)) {
		close(fd);
		return -1;
	}
	sip_hop_from_sockaddr(local, &mine, SIP_UDP);
	return fd;
}

static struct slice write_options(struct rt_cursor *c, struct slice domain, const struct sip_hop *local)
{
	uint64_t dice[2];

	rt_random(dice, sizeof(dice));
	rt_cursor_printf(c, "OPTIONS sip:" SLICE_FMT " SIP/2.0\r\nVia: SIP/2.0/UDP ", SLICE_ARG(domain));
	sip_hop_render_host(c, local);
	rt_cursor_printf(c, ":%u;rport;branch=z9hG4bKping", local->port);
	rt_cursor_hex(c, dice[0], 16);
	/* a caller of none of our domains: nobody asks him for a password */
	rt_cursor_lit(c, "\r\nMax-Forwards: 70\r\nFrom: <sip:ping@peal.invalid>;tag=");
	rt_cursor_hex(c, dice[1], 16);
	rt_cursor_printf(c, "\r\nTo: <sip:" SLICE_FMT ">\r\nCall-ID: ", SLICE_ARG(domain));
	rt_cursor_hex(c, dice[0] ^ dice[1], 16);
	rt_cursor_lit(c, "\r\nCSeq: 1 OPTIONS\r\nContent-Length: 0\r\n\r\n");
	return rt_cursor_text(c);
}

static void read_answer(struct ping *out, const char *text)
{
	const char *server = strcasestr(text, "\r\nServer:");

	if (sscanf(text, "SIP/2.0 %3d", &out->status) != 1 || sip_status_provisional(out->status))
		out->status = 0; /* 100: a tier works at it */
	if (server) {
		const struct slice rest = slice_str(server + 9);

		slice_cstr(slice_trim(slice_head(rest, (uint32_t)strcspn(rest.p, "\r"))), out->server, sizeof(out->server));
	}
}

struct ping ping_options(const struct sip_hop *to, struct slice domain, int timeout_ms)
{
	struct ping out = { .reason = "no answer" };
	char request[1024], answer[4096];
	struct rt_cursor c = rt_cursor_on(request, sizeof(request));
	struct sip_hop local;
	const int fd = open_socket(to, &local);
	const rt_ms began = rt_clock_ms();
	int again = 500; /* T1, doubled up to T2 */

	if (fd < 0) {
		out.reason = strerror(errno);
		return out;
	}
	const struct slice text = write_options(&c, domain, &local);
	for (int left = timeout_ms; left > 0 && !out.status; left = timeout_ms - (int)(rt_clock_ms() - began)) {
		struct pollfd p = { .fd = fd, .events = POLLIN };

		if (send(fd, text.p, text.n, 0) < 0 && errno != ECONNREFUSED)
			break;
		if (poll(&p, 1, again < left ? again : left) > 0) {
			const ssize_t n = recv(fd, answer, sizeof(answer) - 1, 0);

			if (n > 0) {
				answer[n] = '\0';
				read_answer(&out, answer);
			} else if (errno == ECONNREFUSED) {
				out.reason = "nobody listens there";
				usleep(100000);
			}
		}
		again = again < 4000 ? again * 2 : 4000;
	}
	close(fd);
	out.ms = (int)(rt_clock_ms() - began);
	if (out.status)
		out.reason = "";
	return out;
}

struct slice ping_domain(struct cli *cli, const struct sip_hop *to)
{
	const struct svc_config *c = cli_config(cli);
	char text[64];
	struct rt_cursor cursor = rt_cursor_on(text, sizeof(text));

	if (c && c->ndomain)
		return c->domain[0].name;
	sip_hop_render_host(&cursor, to);
	rt_cursor_printf(&cursor, ":%u", to->port);
	return rt_arena_copy(cli->arena, rt_cursor_text(&cursor));
}

struct sip_hop ping_target(const struct sip_hop *listener)
{
	struct sip_hop to = *listener;

	if (sip_hop_is_any(listener)) {
		const struct slice loopback = listener->family == 6 ? SLICE("::1") : SLICE("127.0.0.1");

		if (sip_hop_ip(&to, loopback, (enum sip_transport)listener->proto, listener->port))
			return *listener;
	}
	return to;
}

static void take_listener(struct cli *cli, const struct wire_member *m, void *arg)
{
	struct sip_hop *out = arg;

	(void)cli;
	for (int i = 0; i < m->nlistener && !out->family && node_fresh(m); i++) {
		if (m->listener[i].local.proto == SIP_UDP)
			*out = ping_target(&m->listener[i].local);
	}
}

bool ping_find(struct cli *cli, struct sip_hop *out)
{
	*out = (struct sip_hop){ .family = 0 };
	return node_each(cli, take_listener, out) >= 0 && out->family != 0;
}

/* "192.0.2.1:5060", "udp:192.0.2.1:5060" */
static bool read_target(const char *word, struct sip_hop *out)
{
	char text[128];

	snprintf(text, sizeof(text), "%s%s", strncmp(word, "udp:", 4) ? "udp:" : "", word);
	if (sip_hop_parse(out, slice_str(text))) {
		cli_fail("\"%s\" is not an address; it should look like 192.0.2.1:5060", word);
		return false;
	}
	return true;
}

/* Find a listener, while Redis starts and a transport announces itself (once a second). */
static bool await_listener(struct cli *cli, struct sip_hop *to, rt_ms until)
{
	char why[256];
	bool found;

	while (!(found = cli_redis_open(cli, why, sizeof(why)) == 0 && ping_find(cli, to)) && rt_clock_ms() < until)
		usleep(100000);
	if (!cli->redis && !cli->masters)
		cli_redis_open(cli, NULL, 0); /* says why */
	else if (!found)
		cli_fail("no live transport announces a UDP listener (peal node ls); name one: peal ping HOST:PORT");
	return found;
}

static int run(struct cli *cli)
{
	const int64_t wait = cli_number("timeout", cli->timeout, 3, 1, 3600);
	struct sip_hop to;
	char name[80];
	struct rt_cursor c = rt_cursor_on(name, sizeof(name) - 1);

	if (wait < 0)
		return CLI_USAGE;
	if (cli->narg && !read_target(cli->arg[0], &to))
		return CLI_USAGE;
	const rt_ms until = rt_clock_ms() + (rt_ms)wait * 1000;
	if (!cli->narg && !await_listener(cli, &to, until))
		return CLI_FAILED;
	struct ping answer = { .reason = "no answer" };
	for (rt_ms now = rt_clock_ms(); (!answer.status || answer.status == 503) && now < until; now = rt_clock_ms()) {
		if (answer.status == 503)
			usleep(200000); /* a tier is starting, or one that died is not yet missed */
		/* a fresh request each time: an old one may wait for a worker that is gone */
		answer = ping_options(&to, ping_domain(cli, &to), until - now < 2000 ? (int)(until - now) : 2000);
	}
	sip_hop_render(&c, &to);
	name[c.n] = '\0';
	if (!answer.status)
		return cli_fail("%s: %s within %d s", name, answer.reason, (int)wait);
	printf("%s answers %d in %d ms%s%s%s\n", name, answer.status, answer.ms, answer.server[0] ? ", " : "", answer.server,
	       answer.status == 403 ? " (it does not take that name for its own; try with --config or PEAL_SERVER_DOMAINS)" : "");
	return answer.status == 200 ? CLI_DONE : CLI_FAILED;
}

static const struct cli_verb verbs[] = {
	{ "", "[HOST:PORT]", "one OPTIONS over UDP, through every tier and back", 0, 1, run },
};
const struct cli_noun noun_ping = { "ping", "is SIP answered?", verbs, 1 };
