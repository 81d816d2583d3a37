/* SPDX-License-Identifier: MIT */
/* options: --config, --tiers, --print-config, --version, --help. */
#include "options.h"

#include <stdio.h>
#include <stdlib.h>

static void print_line(const char *text, void *arg)
{
	fprintf(arg, "%s\n", text);
}

static void print_help(const char *program, const struct svc_actor *const actors[], FILE *to)
{
	fprintf(to,
		"usage: %s [--config FILE] [--tiers LIST]\n"
		"       %s --print-config | --version | --help\n"
		"\n"
		"  --config FILE    read this configuration; default: the variable PEAL_CONFIG, else none\n"
		"  --tiers LIST     host only these, separated by commas; default:",
		program, program);
	for (int i = 0; actors[i]; i++)
		fprintf(to, "%s%s", i ? "," : " ", wire_tier_name(actors[i]->tier));
	fprintf(to,
		"\n"
		"  --print-config   print a commented configuration with every key and its default\n"
		"\n"
		"Every value can be given as PEAL_<SECTION>_<KEY> in the environment, which goes before the file.\n"
		"SIGTERM finishes what is in hand and leaves; a second one leaves at once. SIGHUP reads the configuration again.\n");
}

static int wrong(const char *program, const char *what, const char *text)
{
	fprintf(stderr, "%s: %s '%s'; see %s --help\n", program, what, text, program);
	return 2;
}

static const struct svc_actor *actor_named(const struct svc_actor *const actors[], struct slice name)
{
	const enum wire_tier tier = wire_tier_find(name);

	for (int i = 0; actors[i]; i++)
		if (actors[i]->tier == tier)
			return actors[i];
	return 0;
}

static bool add_actor(struct svc_process *out, const struct svc_actor *actor)
{
	for (uint32_t i = 0; i < out->nactor; i++)
		if (out->actor[i] == actor)
			return false;
	out->actor[out->nactor++] = actor;
	return true;
}

static int pick_tiers(struct svc_process *out, const char *program, const char *list, const struct svc_actor *const actors[])
{
	struct slice rest = slice_str(list), word;

	while (slice_word(&rest, &word)) {
		const struct svc_actor *actor = actor_named(actors, word);

		char name[32];

		if (!actor) {
			slice_cstr(slice_head(word, sizeof(name) - 1), name, sizeof(name));
			return wrong(program, "--tiers: this program has no tier", name);
		}
		if (!add_actor(out, actor))
			return wrong(program, "--tiers names twice what stands in", list);
	}
	return out->nactor ? OPTIONS_GO : wrong(program, "--tiers names nothing in", list);
}

/* The value of "--name value" or "--name=value"; NULL when argv[*at] is another option. */
static const char *value_of(const char *name, char **argv, int *at)
{
	const size_t n = strlen(name);

	if (strncmp(argv[*at], name, n) != 0)
		return 0;
	if (argv[*at][n] == '=')
		return argv[*at] + n + 1;
	return argv[*at][n] == 0 && argv[*at + 1] ? argv[++*at] : 0;
}

static int print_and_leave(const char *program, const char *option, const struct svc_actor *const actors[])
{
	if (strcmp(option, "--help") == 0)
		print_help(program, actors, stdout);
	else if (strcmp(option, "--version") == 0)
		printf("%s %s\n", program, PEAL_VERSION);
	else if (strcmp(option, "--print-config") == 0)
		svc_config_print(print_line, stdout);
	else
		return wrong(program, "do not understand", option);
	return 0;
}

int options_read(struct svc_process *out, int argc, char **argv, const struct svc_actor *const actors[])
{
	const char *slash = strrchr(argv[0], '/'), *program = slash ? slash + 1 : argv[0];
	const char *tiers = 0, *value;

	out->config_file = getenv("PEAL_CONFIG");
	if (out->config_file && !out->config_file[0])
		out->config_file = 0;
	for (int i = 1; i < argc; i++) {
		if ((value = value_of("--config", argv, &i)))
			out->config_file = value;
		else if ((value = value_of("--tiers", argv, &i)))
			tiers = value;
		else
			return print_and_leave(program, argv[i], actors);
	}
	if (tiers)
		return pick_tiers(out, program, tiers, actors);
	for (int i = 0; actors[i]; i++)
		add_actor(out, actors[i]);
	return OPTIONS_GO;
}
