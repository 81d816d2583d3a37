/* SPDX-License-Identifier: MIT */
/* config: the vocabulary of the configuration, and whether a file speaks it. */
#include <stdlib.h>
#include "apply.h"

static void put_line(const char *text, void *arg)
{
	fputs(text, arg);
	if (!text[0] || text[strlen(text) - 1] != '\n')
		fputc('\n', arg);
}

static int print(struct cli *cli)
{
	(void)cli;
	svc_config_print(put_line, stdout);
	return CLI_DONE;
}

static int check(struct cli *cli)
{
	if (cli->narg)
		cli->config_file = cli->arg[0];
	const char *file = cli->config_file ? cli->config_file : getenv("PEAL_CONFIG");
	const struct svc_config *c = cli_config(cli);
	if (!c)
		return CLI_FAILED;
	printf("good: %s: %u domain%s, %s\n", file && file[0] ? file : "defaults and environment, no file", c->ndomain, c->ndomain == 1 ? "" : "s",
	       cli_redis_place(cli));
	if (!c->ndomain)
		printf("      nobody can register before server.domains names a domain\n");
	return CLI_DONE;
}

/* Each type of SVC_CONFIG_MAP as the file would say it. */
static struct slice show_BOOL(struct cli *cli, bool v)
{
	(void)cli;
	return v ? SLICE("on") : SLICE("off");
}

static struct slice show_INT(struct cli *cli, int64_t v)
{
	return rt_arena_printf(cli->arena, "%lld", (long long)v);
}

static struct slice show_TEXT(struct cli *cli, struct slice v)
{
	(void)cli;
	return v;
}

static struct slice show_WORDS(struct cli *cli, struct svc_words v)
{
	struct slice all = SLICE("");

	for (uint32_t i = 0; i < v.n; i++)
		all = rt_arena_printf(cli->arena, SLICE_FMT "%s" SLICE_FMT, SLICE_ARG(all), i ? " " : "", SLICE_ARG(v.word[i]));
	return all;
}

#define SHOW_WORD(type, last, ...)                                                                          \
	static struct slice show_##type(struct cli *cli, enum svc_##last v)                                 \
	{                                                                                                   \
		static const char *const word[] = { __VA_ARGS__ };                                          \
                                                                                                            \
		(void)cli;                                                                                  \
		return slice_str(word[v]);                                                                  \
	}

SHOW_WORD(KEEP, keep, [SVC_KEEP_OFF] = "off", [SVC_KEEP_ON] = "on", [SVC_KEEP_AUTO] = "auto")
SHOW_WORD(RELAY, relay, [SVC_RELAY_NONE] = "none", [SVC_RELAY_USERS] = "users", [SVC_RELAY_ANY] = "any")
SHOW_WORD(MODE, mode, [SVC_PROXY] = "proxy", [SVC_REDIRECT] = "redirect")
SHOW_WORD(FORK, fork, [SVC_PARALLEL] = "parallel", [SVC_SERIAL] = "serial", [SVC_ALL] = "all")
SHOW_WORD(OVERFLOW, overflow, [SVC_REFUSE] = "refuse", [SVC_REPLACE] = "replace")
SHOW_WORD(USERS, users, [SVC_USERS_KNOWN] = "known", [SVC_USERS_ANY] = "any")

/* A key that a domain may have for itself. */
static bool show_of_domain(struct cli *cli, const struct svc_domain *d, const char *name, struct slice *value)
{
#define X(key, type, def, low, high, what)           \
	if (!strcmp(name, #key)) {                   \
		*value = show_##type(cli, d->key);   \
		return true;                         \
	}
	SVC_DOMAIN_MAP(X)
#undef X
	return false;
}

/* "transport.listen", "server.mode", and "example.com.mode" of one domain. */
static bool show(struct cli *cli, const struct svc_config *c, const char *name, struct slice *value)
{
	const char *const dot = strrchr(name, '.');
	const struct svc_domain *const domain = dot ? svc_config_domain(c, slice_of(name, (uint32_t)(dot - name))) : NULL;

#define X(section, key, type, def, low, high, what)            \
	if (!strcmp(name, #section "." #key)) {                \
		*value = show_##type(cli, c->section##_##key); \
		return true;                                   \
	}
	SVC_CONFIG_MAP(X)
#undef X
	if (dot && !strncmp(name, "server.", 7) && dot == name + 6)
		return show_of_domain(cli, &c->server, dot + 1, value);
	return domain && show_of_domain(cli, domain, dot + 1, value);
}

static int get(struct cli *cli)
{
	const struct svc_config *c = cli_config(cli);
	struct slice value = SLICE_NONE;

	if (!c)
		return CLI_FAILED;
	if (!show(cli, c, cli->arg[0], &value))
		return cli_fail("no key \"%s\"; `peal config print` shows them all, as section.key here (of one domain: example.com.mode)", cli->arg[0]);
	printf(SLICE_FMT "\n", SLICE_ARG(value));
	return CLI_DONE;
}

static const struct cli_verb verbs[] = {
	{ "print", "", "every key, its default and meaning, as a file to start from", 0, 0, print },
	{ "get", "SECTION.KEY|DOMAIN.KEY", "the value a worker started here would use", 1, 1, get },
	{ "check", "[FILE]", "would the workers accept it?", 0, 1, check },
	{ "apply", "[FILE]", "all workers take it, or none: what their file holds now, or FILE in its place", 0, 1, cli_apply },
};
const struct cli_noun noun_config = { "config", "the configuration of the workers", verbs, sizeof(verbs) / sizeof(verbs[0]) };
