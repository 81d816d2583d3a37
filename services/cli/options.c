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
	const char *of;                  /* the commands that take it, "ban add, call"; NULL: all */
	size_t at;                       /* in struct cli */
};

#define PHONE "call, register, options, message"

static const struct option options[] = {
	{ "redis", "URL", "redis://[user:password@]host:port/db, unix:///path?db=0, redis+sentinel://host:port,../master/db, redis+cluster://host:port,.. (else PEAL_REDIS_URL)", NULL, offsetof(struct cli, redis_url) },
	{ "config", "FILE", "the configuration of the workers (else PEAL_CONFIG)", NULL, offsetof(struct cli, config_file) },
	{ "state", "DIR", "state folder of deploy/up (else ./var)", NULL, offsetof(struct cli, state) },
	{ "json", NULL, "print JSON", NULL, offsetof(struct cli, json) },
	{ "limit", "N", "at most so many addresses, or events", "reg ls, reg watch, user ls", offsetof(struct cli, limit) },
	{ "offset", "N", "leave out the first ones", "reg ls, user ls", offsetof(struct cli, offset) },
	{ "password-stdin", NULL, "take the password from standard input", "user add, user passwd, " PHONE, offsetof(struct cli, password_stdin) },
	{ "max-contacts", "N", "phones of this user; 0: as the domain says", "user add, user passwd", offsetof(struct cli, max_contacts) },
	{ "realm", "TEXT", "digest realm instead of the domain's", "user add, user passwd", offsetof(struct cli, realm) },
	{ "from", "SERVER", "whose records they are: kamailio or flexisip", "reg import", offsetof(struct cli, from) },
	{ "from", "URI", "the caller (else --user at the domain called, else nobody of it)", PHONE, offsetof(struct cli, from) },
	{ "for", "SECONDS", "how long (else for good)", "ban add", offsetof(struct cli, seconds) },
	{ "why", "TEXT", "shown by ban ls", "ban add", offsetof(struct cli, why) },
	{ "timeout", "SECONDS", "how long to wait for an answer (else 3; call: 60; register, options, message: 32)", "ping, " PHONE, offsetof(struct cli, timeout) },
	{ "server", "HOST[:PORT]", "where to send it, udp:, tcp: or tls: in front (else the URI's host)", PHONE, offsetof(struct cli, server) },
	{ "user", "NAME", "answer challenges as this user", PHONE, offsetof(struct cli, user) },
	{ "seconds", "N", "how long to talk (else 3)", "call", offsetof(struct cli, seconds) },
	{ "seconds", "N", "for how long (else 300; 0: no longer)", "register", offsetof(struct cli, seconds) },
	{ "audio", "FILE", "WAV (mono, 8000 a second) or raw PCMU to say (else a tone)", "call", offsetof(struct cli, audio) },
	{ "100rel", NULL, "require reliable provisional responses (else: support them)", "call", offsetof(struct cli, rel) },
	{ "help", NULL, "what a command takes", NULL, offsetof(struct cli, help) },
	{ "version", NULL, "which Peal this is", NULL, offsetof(struct cli, version) },
};
enum { OPTIONS = sizeof(options) / sizeof(options[0]) };

static bool given[OPTIONS];

/* Is "ban add" in "ban add, call"? A noun alone (verb NULL: any verb of it) stands there by itself or before a verb. */
static bool is_of(const struct option *o, const char *noun, const char *verb)
{
	struct slice rest = slice_str(o->of), entry;
	char command[64];

	snprintf(command, sizeof(command), "%s%s%s", noun, verb && verb[0] ? " " : "", verb ? verb : "");
	while (rest.n) {
		const int comma = slice_find(rest, ',');

		entry = slice_trim(comma < 0 ? rest : slice_head(rest, (uint32_t)comma));
		rest = comma < 0 ? SLICE_NONE : slice_from(rest, (uint32_t)comma + 1);
		if (slice_eq(entry, slice_str(command)))
			return true;
		if (!verb && slice_starts_nocase(entry, slice_str(noun)) && entry.n > strlen(noun) && entry.p[strlen(noun)] == ' ')
			return true;
	}
	return o->of == NULL;
}

void cli_options_print(FILE *out, const char *noun)
{
	for (int i = 0; i < OPTIONS; i++) {
		const struct option *o = &options[i];
		char head[40];

		if (noun && !is_of(o, noun, NULL))
			continue;
		snprintf(head, sizeof(head), "--%s %s", o->name, o->value ? o->value : "");
		fprintf(out, "  %-24s %s%s%s\n", head, o->of ? o->of : "", o->of ? ": " : "", o->what);
	}
}

bool cli_options_fit(const char *noun, const char *verb)
{
	for (int i = 0; i < OPTIONS; i++) {
		bool fits = !given[i];

		for (int k = 0; k < OPTIONS && !fits; k++)
			fits = !strcmp(options[k].name, options[i].name) && is_of(&options[k], noun, verb);
		if (!fits) {
			fprintf(stderr, "peal %s%s%s: --%s means nothing here; `peal %s --help` lists what does\n", noun, verb[0] ? " " : "", verb,
			        options[i].name, noun);
			return false;
		}
	}
	return true;
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
	given[o - options] = true;
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

	if (cli->config || cli->config_bad)
		return cli->config;
	const char *file = cli->config_file ? cli->config_file : getenv("PEAL_CONFIG");
	if (svc_config_load(&cli->config, file && file[0] ? file : NULL, environ, error)) {
		fprintf(stderr, "peal: %s\n", error);
		cli->config_bad = true;
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
