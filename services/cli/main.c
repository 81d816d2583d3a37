/* SPDX-License-Identifier: MIT */
/* main: `peal NOUN VERB ...`: finds the verb in the nouns' tables and runs it. */
#include <errno.h>
#include "cli.h"

static const struct cli_noun *const nouns[] = {
	&noun_user, &noun_policy, &noun_reg, &noun_gateway, &noun_route, &noun_ban, &noun_node, &noun_config, &noun_keys, &noun_ping, &noun_doctor,
	&noun_call, &noun_register, &noun_options, &noun_message,
};
enum { NOUNS = sizeof(nouns) / sizeof(nouns[0]) };

static void print_noun(FILE *f, const struct cli_noun *n)
{
	for (int i = 0; i < n->nverb; i++) {
		const struct cli_verb *v = &n->verb[i];
		char head[96];

		snprintf(head, sizeof(head), "peal %s%s%s%s%s", n->name, v->name[0] ? " " : "", v->name, v->args[0] ? " " : "", v->args);
		fprintf(f, "  %-44s %s\n", head, v->what);
	}
}

static int print_help(FILE *f, const struct cli_noun *only)
{
	fprintf(f, only ? "peal %s: %s\n\n" : "peal: the operator's command of the Peal SIP server\n\n", only ? only->name : "",
	        only ? only->what : "");
	for (int i = 0; i < NOUNS; i++) {
		if (!only || only == nouns[i])
			print_noun(f, nouns[i]);
	}
	fprintf(f, "\noptions\n");
	cli_options_print(f, only ? only->name : NULL);
	fprintf(f, "\nexit status: 0 done, 1 could not (it says why), 2 wrong usage; of call, register, options, message: 1 refused, 3 no answer\n");
	return f == stdout ? CLI_DONE : CLI_USAGE;
}

static const struct cli_noun *find_noun(const char *word)
{
	const char *names[NOUNS];

	for (int i = 0; i < NOUNS; i++) {
		if (!strcmp(nouns[i]->name, word))
			return nouns[i];
		names[i] = nouns[i]->name;
	}
	const char *near = cli_suggest(word, names, NOUNS, sizeof(names[0]));
	fprintf(stderr, "peal: no command \"%s\"%s%s%s `peal help` lists them.\n", word, near ? "; did you mean \"" : ".", near ? near : "",
	        near ? "\"?" : "");
	return NULL;
}

static const struct cli_verb *find_verb(const struct cli_noun *n, const char *word)
{
	for (int i = 0; i < n->nverb; i++) {
		if (!strcmp(n->verb[i].name, word))
			return &n->verb[i];
	}
	const char *near = cli_suggest(word, &n->verb[0].name, n->nverb, sizeof(n->verb[0]));
	fprintf(stderr, "peal %s: %s%s%s%s%s%s It can:\n", n->name, word[0] ? "no \"" : "what?", word, word[0] ? "\"" : "",
	        near ? "; did you mean \"" : word[0] ? "." : "", near ? near : "", near ? "\"?" : "");
	print_noun(stderr, n);
	return NULL;
}

static int dispatch(struct cli *cli)
{
	if (cli->version || (cli->narg && !strcmp(cli->arg[0], "version"))) {
		puts("peal " PEAL_VERSION);
		return CLI_DONE;
	}
	if (cli->narg == 0 || !strcmp(cli->arg[0], "help")) {
		const struct cli_noun *only = cli->narg > 1 ? find_noun(cli->arg[1]) : NULL;

		return cli->narg > 1 && !only ? CLI_USAGE : print_help(cli->narg || cli->help ? stdout : stderr, only);
	}
	const struct cli_noun *n = find_noun(cli->arg[0]);
	if (!n)
		return CLI_USAGE;
	if (cli->help)
		return print_help(stdout, n);

	int used = n->verb[0].name[0] ? 2 : 1; /* doctor is a noun and a verb */
	const struct cli_verb *v = used == 1 ? n->verb : find_verb(n, cli->narg > 1 ? cli->arg[1] : "");
	if (!v)
		return CLI_USAGE;
	cli->noun = n->name;
	cli->verb = v->name;
	cli->arg += used;
	cli->narg -= used;
	if (cli->narg < v->least || cli->narg > v->most) {
		fprintf(stderr, "peal %s%s%s takes: %s\n", n->name, v->name[0] ? " " : "", v->name, v->args[0] ? v->args : "nothing more");
		return CLI_USAGE;
	}
	if (!cli_options_fit(n->name, v->name))
		return CLI_USAGE;
	return v->run(cli);
}

int main(int argc, char **argv)
{
	struct cli cli = { .arena = rt_arena_new(4 << 20) };
	int status = CLI_FAILED;

	if (!cli.arena)
		fprintf(stderr, "peal: out of memory\n");
	else
		status = cli_options(&cli, argc, argv) ? CLI_USAGE : dispatch(&cli);
	if ((fflush(stdout) || ferror(stdout)) && status == CLI_DONE) /* a full disk, a reader that went */
		status = cli_fail("the answer could not be written: %s", strerror(errno));
	cli_redis_close(&cli);
	svc_config_destroy(&cli.config);
	rt_arena_destroy(&cli.arena);
	return status;
}
