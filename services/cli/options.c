/* SPDX-License-Identifier: MIT */
/*
 * options: the command line, and where the server is.
 *
 * In this order: --redis, --config and PEAL_* of the environment; else the state folder that deploy/up left behind
 * (--state, ./var, or var beside the build that holds this program): its peal.env says with what the workers were started.
 */
#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <unistd.h>
#include "cli.h"

extern char **environ;

struct option {
	const char *name, *value, *what; /* value NULL: a switch */
	size_t at;                       /* in struct cli */
};

static const struct option options[] = {
	{ "redis", "URL", "redis://[user:password@]host:port/db, unix:///path?db=0, redis+sentinel://host:port,../master/db, redis+cluster://host:port,.. (else PEAL_REDIS_URL)", offsetof(struct cli, redis_url) },
	{ "config", "FILE", "the configuration of the workers (else PEAL_CONFIG)", offsetof(struct cli, config_file) },
	{ "state", "DIR", "state folder of deploy/up (else ./var)", offsetof(struct cli, state) },
	{ "json", NULL, "print JSON", offsetof(struct cli, json) },
	{ "limit", "N", "reg ls, user ls: at most so many addresses; reg watch: so many events", offsetof(struct cli, limit) },
	{ "offset", "N", "reg ls, user ls: leave out the first ones", offsetof(struct cli, offset) },
	{ "password-stdin", NULL, "user add, passwd, call, register, ...: take the password from standard input", offsetof(struct cli, password_stdin) },
	{ "max-contacts", "N", "user add: phones of this user; 0: as the domain says", offsetof(struct cli, max_contacts) },
	{ "realm", "TEXT", "user add, passwd: digest realm instead of the domain's", offsetof(struct cli, realm) },
	{ "from", "SERVER", "reg import: kamailio or flexisip; call ...: the caller's URI", offsetof(struct cli, from) },
	{ "for", "SECONDS", "ban add: how long (else for good)", offsetof(struct cli, seconds) },
	{ "why", "TEXT", "ban add: shown by ban ls", offsetof(struct cli, why) },
	{ "timeout", "SECONDS", "ping, call, register, ...: how long to wait for an answer (else 3, 60, 32)", offsetof(struct cli, timeout) },
	{ "server", "HOST[:PORT]", "call, register, options, message: udp:, tcp: or tls: in front (else the URI's host)", offsetof(struct cli, server) },
	{ "user", "NAME", "call, register, options, message: answer challenges as this user", offsetof(struct cli, user) },
	{ "seconds", "N", "call: how long to talk (else 3); register: for how long (else 300)", offsetof(struct cli, seconds) },
	{ "audio", "FILE", "call: WAV (mono, 8000 a second) or raw PCMU to say (else a tone)", offsetof(struct cli, audio) },
	{ "100rel", NULL, "call: require reliable provisional responses (else: support them)", offsetof(struct cli, rel) },
	{ "help", NULL, "what a command takes", offsetof(struct cli, help) },
	{ "version", NULL, "which Peal this is", offsetof(struct cli, version) },
};
enum { OPTIONS = sizeof(options) / sizeof(options[0]) };

void cli_options_print(FILE *out)
{
	for (int i = 0; i < OPTIONS; i++) {
		char head[40];

		snprintf(head, sizeof(head), "--%s %s", options[i].name, options[i].value ? options[i].value : "");
		fprintf(out, "  %-24s %s\n", head, options[i].what);
	}
}

static const struct option *find_option(const char *word, size_t n)
{
	for (int i = 0; i < OPTIONS; i++) {
		if (strlen(options[i].name) == n && !memcmp(options[i].name, word, n))
			return &options[i];
	}
	char name[64];
	snprintf(name, sizeof(name), "%.*s", (int)n, word);
	const char *near = cli_suggest(name, &options[0].name, OPTIONS, sizeof(options[0]));
	fprintf(stderr, "peal: no option --%s%s%s%s `peal help` lists them.\n", name, near ? "; did you mean --" : ".", near ? near : "",
	        near ? "?" : "");
	return NULL;
}

/* One "--name", "--name value" or "--name=value"; returns how many words it took, 0 after saying what is wrong. */
static int take_option(struct cli *cli, int left, char **argv)
{
	const char *word = argv[0] + 2, *equals = strchr(word, '=');
	const struct option *o = find_option(word, equals ? (size_t)(equals - word) : strlen(word));

	if (!o)
		return 0;
	void *field = (char *)cli + o->at;
	if (!o->value) {
		*(bool *)field = true;
		return 1;
	}
	if (!equals && left < 2) {
		fprintf(stderr, "peal: --%s needs a value: %s\n", o->name, o->value);
		return 0;
	}
	*(const char **)field = equals ? equals + 1 : argv[1];
	return equals ? 1 : 2;
}

/* 'a'\\''b' as a shell writes it, in place. */
static char *unquote(char *s)
{
	char *to = s, *from = s;
	bool quoted = false;

	for (; *from; from++) {
		if (*from == '\'')
			quoted = !quoted;
		else if (!quoted && *from == '\\' && from[1])
			*to++ = *++from;
		else
			*to++ = *from;
	}
	*to = '\0';
	return s;
}

/* KEY=VALUE lines of peal.env into the environment; what is already set stays. */
static bool read_state(const char *folder)
{
	char path[512], line[4096];

	snprintf(path, sizeof(path), "%s/peal.env", folder);
	FILE *f = fopen(path, "re");
	if (!f)
		return false;
	while (fgets(line, sizeof(line), f)) {
		char *equals = strchr(line, '=');

		line[strcspn(line, "\n")] = '\0';
		if (equals && !strncmp(line, "PEAL_", 5)) {
			*equals = '\0';
			setenv(line, unquote(equals + 1), 0);
		}
	}
	fclose(f);
	return true;
}

static void find_state(struct cli *cli)
{
	char self[400];

	if (cli->state) {
		if (!read_state(cli->state))
			fprintf(stderr, "peal: no peal.env in %s; was the server started with deploy/up --state there?\n", cli->state);
		return;
	}
	if (cli->redis_url || cli->config_file || getenv("PEAL_REDIS_URL") || getenv("PEAL_CONFIG") || read_state("var"))
		return;
	ssize_t n = readlink("/proc/self/exe", self, sizeof(self) - 20); /* .../build/bin/peal */
	for (int up = 0; n > 0 && up < 3; up++) {
		while (n > 0 && self[--n] != '/')
			;
	}
	if (n > 0) {
		memcpy(self + n, "/var", 5);
		read_state(self);
	}
}

int cli_options(struct cli *cli, int argc, char **argv)
{
	static char *words[64];
	bool plain = false; /* after "--" */

	for (int i = 1; i < argc;) {
		if (!plain && !strcmp(argv[i], "--")) {
			plain = true;
			i++;
		} else if (!plain && (!strcmp(argv[i], "-h") || !strcmp(argv[i], "--help"))) {
			cli->help = true;
			i++;
		} else if (!plain && !strncmp(argv[i], "--", 2)) {
			int took = take_option(cli, argc - i, argv + i);

			if (!took)
				return -1;
			i += took;
		} else if (cli->narg == 64) {
			fprintf(stderr, "peal: more than 64 words\n");
			return -1;
		} else {
			words[cli->narg++] = argv[i++];
		}
	}
	cli->arg = words;
	find_state(cli);
	return 0;
}

const struct svc_config *cli_config(struct cli *cli)
{
	char error[512];

	if (cli->config)
		return cli->config;
	const char *file = cli->config_file ? cli->config_file : getenv("PEAL_CONFIG");
	if (svc_config_load(&cli->config, file && file[0] ? file : NULL, environ, error)) {
		fprintf(stderr, "peal: %s\n", error);
		return NULL;
	}
	return cli->config;
}

int64_t cli_number(const char *name, const char *text, int64_t def, int64_t low, int64_t high)
{
	if (!text)
		return def;
	char *end;
	errno = 0;
	long long v = strtoll(text, &end, 10);
	if (errno || *end || end == text || v < low || v > high) {
		fprintf(stderr, "peal: --%s takes a number from %lld to %lld, not \"%s\"\n", name, (long long)low, (long long)high, text);
		return -1;
	}
	return v;
}
