/* SPDX-License-Identifier: MIT */
/* policy: how calls to one user are treated, where it differs from his domain: policy:<aor> in Redis. */
#include "cli.h"

static const struct {
	const char *word, *field, *value, *what;
} choices[] = {
	{ "proxy", "mode", "proxy", "calls are forwarded to his phones" },
	{ "redirect", "mode", "redirect", "callers are told his contacts (302) and call them themselves" },
	{ "parallel", "fork", "parallel", "phones of one q ring together, lower q after higher" },
	{ "serial", "fork", "serial", "phones ring one after another, highest q first" },
	{ "all", "fork", "all", "all phones ring at once, whatever their q" },
	{ "recurse", "recurse", "on", "a 3xx of a phone is followed here" },
	{ "no-recurse", "recurse", "off", "a 3xx of a phone is passed to the caller" },
};
enum { CHOICES = sizeof(choices) / sizeof(choices[0]) };

static int find_choice(const char *word)
{
	for (int i = 0; i < CHOICES; i++) {
		if (!strcmp(choices[i].word, word))
			return i;
	}
	const char *near = cli_suggest(word, &choices[0].word, CHOICES, sizeof(choices[0]));
	fprintf(stderr, "peal policy set: no choice \"%s\"%s%s%s; the choices are\n", word, near ? "; did you mean " : "", near ? near : "",
	        near ? "?" : "");
	for (int i = 0; i < CHOICES; i++)
		fprintf(stderr, "  %-12s %s\n", choices[i].word, choices[i].what);
	return -1;
}

static int show(struct cli *cli)
{
	static const char *const titles[] = { "address", "mode", "fork", "recurse" };
	struct slice aor;

	if (!cli_aor(cli, cli->arg[0], &aor))
		return CLI_USAGE;
	redisReply *r = cli_redis(cli, "HGETALL policy:%b", aor.p, (size_t)aor.n);
	struct cli_out *out = r ? cli_out_new(cli, titles, 4) : NULL;
	if (!out)
		return CLI_FAILED;
	cli_out_text(out, aor);
	for (int i = 1; i < 4; i++) {
		const char *value = cli_field(r, titles[i]);

		cli_out_text(out, slice_str(value[0] || cli->json ? value : "(as the domain)"));
	}
	cli_out_end(&out);
	freeReplyObject(r);
	return CLI_DONE;
}

static int set(struct cli *cli)
{
	struct slice aor;
	int pick[CHOICES];

	if (!cli_aor(cli, cli->arg[0], &aor))
		return CLI_USAGE;
	for (int i = 1; i < cli->narg; i++) {
		if ((pick[i - 1] = find_choice(cli->arg[i])) < 0)
			return CLI_USAGE;
	}
	for (int i = 0; i + 1 < cli->narg; i++) {
		redisReply *r = cli_redis(cli, "HSET policy:%b %s %s", aor.p, (size_t)aor.n, choices[pick[i]].field, choices[pick[i]].value);

		if (!r)
			return CLI_FAILED;
		freeReplyObject(r);
	}
	return show(cli);
}

static int rm(struct cli *cli)
{
	struct slice aor;

	if (!cli_aor(cli, cli->arg[0], &aor))
		return CLI_USAGE;
	redisReply *r = cli_redis(cli, "DEL policy:%b", aor.p, (size_t)aor.n);
	if (!r)
		return CLI_FAILED;
	printf(r->integer ? SLICE_FMT " is treated as the domain says\n" : SLICE_FMT " had no policy of his own\n", SLICE_ARG(aor));
	freeReplyObject(r);
	return CLI_DONE;
}

static const struct cli_verb verbs[] = {
	{ "set", "USER@DOMAIN CHOICE...", "proxy|redirect, parallel|serial|all, recurse|no-recurse", 2, 1 + CHOICES, set },
	{ "show", "USER@DOMAIN", "what is set", 1, 1, show },
	{ "rm", "USER@DOMAIN", "back to what the domain says", 1, 1, rm },
};
const struct cli_noun noun_policy = { "policy", "how calls to one user are treated", verbs, sizeof(verbs) / sizeof(verbs[0]) };
