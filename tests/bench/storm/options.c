/* SPDX-License-Identifier: MIT */
/* options: a row for each option; --help prints the rows. */
#include "options.h"

#include <arpa/inet.h>
#include <getopt.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct options options = {
	.target_text = "127.0.0.1:5060", .transport = "udp", .local = "127.0.0.1", .conc = 64, .aors = 1000, .contacts = 1,
	.expires = 3600, .warmup = 2, .window = 3, .windows = 1, .drain = 2, .callers = 4, .callee_port = 7100,
	.pool = 65536, .auth_text = "none", .password = "secret", .peer = "server", .variant = "",
};

enum kind { HEADING, NUMBER, TEXT, SWITCH, MANY };
#define AT(field) offsetof(struct options, field)

/* clang-format off */
static const struct row {
	const char *name;
	enum kind kind;
	size_t at, count;   /* of the value; of how many there are (MANY) */
	double low, high;
	const char *what;
} rows[] = {
	{ "where", HEADING, 0, 0, 0, 0, 0 },
	{ "target",        TEXT,   AT(target_text), 0, 0, 0, "IP:PORT of the server, in 127.0.0.0/8 (127.0.0.1:5060)" },
	{ "transport",     TEXT,   AT(transport), 0, 0, 0, "udp, tcp or tls (udp)" },
	{ "domain",        TEXT,   AT(domain), 0, 0, 0, "domain of the addresses of record (the server's IP)" },
	{ "local",         TEXT,   AT(local), 0, 0, 0, "address of callers and callees (127.0.0.1)" },
	{ "callers",       NUMBER, AT(callers), 0, 1, 4096, "sockets or connections of the calling side (4)" },
	{ "callees",       NUMBER, AT(callees), 0, 0, 64, "sockets of the called side (4 for udp, else 1)" },
	{ "callee-port",   NUMBER, AT(callee_port), 0, 1, 65000, "first of their ports (7100)" },
	{ "cert",          TEXT,   AT(cert), 0, 0, 0, "certificate of the called side, tls" },
	{ "key",           TEXT,   AT(key), 0, 0, 0, "its key" },
	{ "load", HEADING, 0, 0, 0, 0, 0 },
	{ "rate",          NUMBER, AT(rate), 0, 0.001, 1e6, "operations a second, evenly spaced, whatever the server does" },
	{ "conc",          NUMBER, AT(conc), 0, 1, 65536, "instead: so many in hand, the next begins when one ends (64)" },
	{ "aors",          NUMBER, AT(aors), 0, 1, 9999999, "addresses of record, taken in turn: a0000000 ... (1000)" },
	{ "contacts",      NUMBER, AT(contacts), 0, 1, CONTACTS_MAX, "contacts of each; a call must be forked to all, the first answers (1)" },
	{ "prepare",       SWITCH, AT(prepare), 0, 0, 0, "register all of them first, with a line of its own" },
	{ "expires",       NUMBER, AT(expires), 0, 0, 1e9, "Expires of registrations (3600)" },
	{ "ring",          NUMBER, AT(ring), 0, 0, 60000, "ms a callee rings before it answers (0)" },
	{ "hold",          NUMBER, AT(hold), 0, 0, 30000, "ms between ACK and BYE (0)" },
	{ "no-sdp",        SWITCH, AT(no_sdp), 0, 0, 0, "calls without bodies" },
	{ "auth",          TEXT,   AT(auth_text), 0, 0, 0, "none, challenge (each operation is asked anew) or reuse (the nonce again)" },
	{ "password",      TEXT,   AT(password), 0, 0, 0, "of every user (secret)" },
	{ "no-retransmit", SWITCH, AT(no_retransmit), 0, 0, 0, "send nothing twice" },
	{ "timeout",       NUMBER, AT(timeout), 0, 1, 60000, "ms until an unfinished operation has failed (32000)" },
	{ "pool",          NUMBER, AT(pool), 0, 1, 1000000, "most operations in hand (65536)" },
	{ "length", HEADING, 0, 0, 0, 0, 0 },
	{ "warmup",        NUMBER, AT(warmup), 0, 0, 600, "seconds not measured (2)" },
	{ "window",        NUMBER, AT(window), 0, 0.1, 600, "seconds of one measured window (3)" },
	{ "windows",       NUMBER, AT(windows), 0, 1, 1000, "how many, one line each (1)" },
	{ "count",         NUMBER, AT(count), 0, 1, 1e9, "instead: so many operations or until SIGTERM, one window over all, unfinished ones have failed" },
	{ "drain",         NUMBER, AT(drain), 0, 0, 60, "seconds to wait for the last ones (2)" },
	{ "what is said", HEADING, 0, 0, 0, 0, 0 },
	{ "record-route",  SWITCH, AT(record_route), 0, 0, 0, "calls must be record-routed; without it both are fine" },
	{ "pid",           MANY,   AT(pid), AT(npid), 0, 0, "NAME=PID of the server; its children count too" },
	{ "aux",           MANY,   AT(aux), AT(naux), 0, 0, "NAME=PID of a helper counted apart (a database)" },
	{ "peer",          TEXT,   AT(peer), 0, 0, 0, "name of the server, for the report" },
	{ "variant",       TEXT,   AT(variant), 0, 0, 0, "and of its form" },
	{ "verbose",       SWITCH, AT(verbose), 0, 0, 0, "tell each failure on standard error, not only the first five" },
};
/* clang-format on */
enum { ROWS = sizeof(rows) / sizeof(rows[0]) };

void die(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	fputs("storm: ", stderr);
	vfprintf(stderr, fmt, ap);
	fputc('\n', stderr);
	exit(1);
}

struct sockaddr_in address_of(const char *ip, int port)
{
	struct sockaddr_in a = { .sin_family = AF_INET, .sin_port = htons((uint16_t)port) };

	if (inet_pton(AF_INET, ip, &a.sin_addr) != 1)
		die("%s is no IPv4 address", ip);
	return a;
}

static void help(void)
{
	puts("storm: calls, registrations and messages against a SIP server; every answer is checked.\n"
	     "It plays both sides, sends to 127.0.0.0/8 only and prints one JSON line for each measured window.\n"
	     "\n"
	     "  storm register|call|options|message [options]\n"
	     "\n"
	     "  register   refreshes of the addresses in turn\n"
	     "  call       INVITE 100 180 200 ACK BYE 200 to registered callees (--prepare registers them)\n"
	     "  options    to the server itself\n"
	     "  message    to registered callees");
	for (int i = 0; i < ROWS; i++)
		if (rows[i].kind == HEADING)
			printf("\n%s\n", rows[i].name);
		else
			printf("  --%-14s %s\n", rows[i].name, rows[i].what);
	puts("\nexit status: 0 everything succeeded, 2 something failed, 1 it could not run");
}

static void take(const struct row *r, const char *text)
{
	char *const field = (char *)&options + r->at;

	if (r->kind == SWITCH) {
		*(bool *)field = true;
	} else if (r->kind == TEXT) {
		*(const char **)field = text;
	} else if (r->kind == MANY) {
		int *const n = (int *)((char *)&options + r->count);

		if (*n == WATCHED_MAX)
			die("more than %d of --%s", WATCHED_MAX, r->name);
		((const char **)field)[(*n)++] = text;
	} else {
		char *end;
		const double v = strtod(text, &end);

		if (*end || v < r->low || v > r->high)
			die("--%s %s: a number from %g to %g is wanted", r->name, text, r->low, r->high);
		*(double *)field = v;
	}
}

static int choose(const char *what, const char *text, const char *const names[])
{
	for (int i = 0; names[i]; i++)
		if (strcmp(names[i], text) == 0)
			return i;
	die("no %s %s; --help lists them", what, text);
}

static void settle(const char *mode)
{
	static const char *const modes[] = { "register", "call", "options", "message", 0 };
	static const char *const protos[] = { "udp", "tcp", "tls", 0 };
	static const char *const auths[] = { "none", "challenge", "reuse", 0 };
	static char ip[64];
	int port = 5060;

	options.mode = (enum mode)choose("mode", mode, modes);
	options.mode_name = mode;
	options.proto = (enum proto)choose("transport", options.transport, protos);
	options.auth = (enum auth)choose("auth", options.auth_text, auths);
	if (sscanf(options.target_text, "%63[0-9.]:%d", ip, &port) != 2)
		die("--target %s: IP:PORT is wanted", options.target_text);
	options.target = address_of(ip, port);
	if (ntohl(options.target.sin_addr.s_addr) >> 24 != 127)
		die("--target %s is not in 127.0.0.0/8; storm loads nothing else", options.target_text);
	if (!options.domain)
		options.domain = ip;
	if (options.callees == 0)
		options.callees = options.proto == PROTO_UDP ? 4 : 1;
	if (options.timeout == 0)
		options.timeout = 32000;
	if (options.conc > options.pool)
		die("--conc is more than --pool");
	if (options.proto == PROTO_TLS && (!options.cert || !options.key))
		die("--transport tls needs --cert and --key");
}

void options_read(int argc, char **argv)
{
	struct option longs[ROWS + 2] = { 0 };
	int n = 0, c;

	for (int i = 0; i < ROWS; i++)
		if (rows[i].kind != HEADING)
			longs[n++] = (struct option){ rows[i].name, rows[i].kind != SWITCH, 0, 256 + i };
	longs[n] = (struct option){ "help", 0, 0, 'h' };
	while ((c = getopt_long(argc, argv, "h", longs, 0)) != -1) {
		if (c == 'h') {
			help();
			exit(0);
		}
		if (c == '?')
			exit(1);
		take(&rows[c - 256], optarg);
	}
	if (optind != argc - 1)
		die("one mode is wanted: register, call, options or message; --help says more");
	settle(argv[optind]);
}
