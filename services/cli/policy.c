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
	{ "queue", "queue", NULL, "queue=SECONDS: callers wait so long for a busy phone; 0: they do not" },
	{ "wake", "wake", NULL, "wake=SECONDS: callers wait so long for a phone that sleeps to register; 0: they do not" },
};
enum { CHOICES = sizeof(choices) / sizeof(choices[0]), SECONDS_MAX = 3600 };

/* "serial", or "queue=60": *value is what Redis is told. */
static int find_choice(const char *word, const char **value)
{
	const size_t n = strcspn(word, "=");
	uint32_t seconds;

	for (int i = 0; i < CHOICES; i++) {
		if (strlen(choices[i].word) != n || strncmp(choices[i].word, word, n))
			continue;
		*value = choices[i].value ? choices[i].value : word + n + (word[n] == '=');
		if (choices[i].value ? !word[n] : slice_u32(slice_str(*value), &seconds) && seconds <= SECONDS_MAX)
			return i;
		fprintf(stderr, "peal policy set: \"%s\" does not fit; %s\n", word, choices[i].what);
		return -1;
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
	static const char *const titles[] = { "address", "mode", "fork", "recurse", "queue", "wake" };
	enum { TITLES = sizeof(titles) / sizeof(titles[0]) };
	struct slice aor;

	if (!cli_aor(cli, cli->arg[0], &aor))
		return CLI_USAGE;
	redisReply *r = cli_redis(cli, "HGETALL policy:%b", aor.p, (size_t)aor.n);
	struct cli_out *out = r ? cli_out_new(cli, titles, TITLES) : NULL;
	if (!out)
		return CLI_FAILED;
	cli_out_text(out, aor);
	for (int i = 1; i < TITLES; i++) {
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
	const char *value[CHOICES];

	if (!cli_aor(cli, cli->arg[0], &aor))
		return CLI_USAGE;
	for (int i = 1; i < cli->narg; i++) {
		if ((pick[i - 1] = find_choice(cli->arg[i], &value[i - 1])) < 0)
			return CLI_USAGE;
	}
	for (int i = 0; i + 1 < cli->narg; i++) {
		redisReply *r = cli_redis(cli, "HSET policy:%b %s %s", aor.p, (size_t)aor.n, choices[pick[i]].field, value[i]);

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
	{ "set", "USER@DOMAIN CHOICE...", "proxy|redirect, parallel|serial|all, recurse|no-recurse, queue=SECONDS, wake=SECONDS", 2, 1 + CHOICES, set },
	{ "show", "USER@DOMAIN", "what is set", 1, 1, show },
	{ "rm", "USER@DOMAIN", "back to what the domain says", 1, 1, rm },
};
const struct cli_noun noun_policy = { "policy", "how calls to one user are treated", verbs, sizeof(verbs) / sizeof(verbs[0]) };
