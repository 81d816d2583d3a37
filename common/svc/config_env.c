/* SPDX-License-Identifier: MIT */
/* config_env: PEAL_<SECTION>_<KEY> and PEAL_DOMAIN_<NAME>_<KEY>. A PEAL_ variable that means nothing is a mistake worth hearing of. */
#include <ctype.h>
#include <stdio.h>

#include "config_draft.h"

static const char prefix[] = "PEAL_";
static const char domain_prefix[] = "PEAL_DOMAIN_";

/* Read by others than workers: deploy/compose.yml and deploy/docker/start. Who exported them for those may type `peal` there, too. */
static const char *const elsewhere[] = { "PEAL_CONFIG", "PEAL_CONFIG_FOLDER", "PEAL_IMAGE", "PEAL_PORT", "PEAL_BUILD_NETWORK", "PEAL_OBSERVE_IMAGE",
	"PEAL_OBSERVE_PORT", "PEAL_REDIS_PASSWORD", "PEAL_REDIS_NAME", "PEAL_REDIS_FOLLOW", "PEAL_SENTINEL_QUORUM", 0 };

static bool is_elsewhere(struct slice name)
{
	for (int i = 0; elsewhere[i]; i++)
		if (slice_eq(name, slice_str(elsewhere[i])))
			return true;
	return false;
}

static bool begins(const char *text, const char *with)
{
	return strncmp(text, with, strlen(with)) == 0;
}

/* The part before '=', and the part after. */
static bool split(const char *variable, struct slice *name, struct slice *value)
{
	const char *equals = strchr(variable, '=');

	if (!equals)
		return false;
	*name = slice_of(variable, (uint32_t)(equals - variable));
	*value = slice_str(equals + 1);
	return true;
}

/* Copied: the environment may change, a snapshot does not. */
static const char *name_copy(struct config_draft *d, struct slice name)
{
	struct slice text = rt_arena_printf(d->arena, SLICE_FMT "%c", SLICE_ARG(name), 0);

	return slice_present(text) ? text.p : "environment";
}

int config_env_read(struct config_draft *d, char *const environment[])
{
	for (; environment && *environment; environment++) {
		struct slice name, value, rest;
		struct config_setting s = { .domain = SLICE_NONE };
		int err, under;

		if (!begins(*environment, prefix) || begins(*environment, domain_prefix) ||
		    !split(*environment, &name, &value) || is_elsewhere(name))
			continue;
		rest = config_lower(d, slice_from(name, sizeof(prefix) - 1));
		under = slice_find(rest, '_');
		s.where = name_copy(d, name);
		s.section = under < 0 ? rest : slice_head(rest, (uint32_t)under);
		s.key = under < 0 ? SLICE("") : slice_from(rest, (uint32_t)under + 1);
		s.value = rt_arena_copy(d->arena, value);
		err = config_add(d, s);
		if (err)
			return err;
	}
	return 0;
}

/* Is `name` this domain in capitals, with '_' for everything a variable cannot hold? Then the key follows after one more '_'. */
static bool names_domain(struct slice name, struct slice domain)
{
	if (name.n <= domain.n + 1 || name.p[domain.n] != '_')
		return false;
	for (uint32_t i = 0; i < domain.n; i++) {
		const unsigned char ch = (unsigned char)domain.p[i];

		if (name.p[i] != (isalnum(ch) ? toupper(ch) : '_'))
			return false;
	}
	return true;
}

/* The longest name wins: EXAMPLE_COM before EXAMPLE. */
static const struct svc_domain *find_domain(const struct config_draft *d, struct slice name)
{
	const struct svc_domain *best = 0;

	for (uint32_t i = 0; i < d->config.ndomain; i++) {
		const struct svc_domain *domain = &d->config.domain[i];

		if (names_domain(name, domain->name) && (!best || domain->name.n > best->name.n))
			best = domain;
	}
	return best;
}

int config_env_read_domains(struct config_draft *d, char *const environment[])
{
	for (; environment && *environment; environment++) {
		struct slice name, value, rest;
		struct config_setting s = { .section = SLICE("domain") };
		const struct svc_domain *domain;
		int err;

		if (!begins(*environment, domain_prefix) || !split(*environment, &name, &value))
			continue;
		s.where = name_copy(d, name);
		rest = slice_from(name, sizeof(domain_prefix) - 1);
		domain = find_domain(d, rest);
		if (!domain)
			return config_fail(d, s.where, "names none of server.domains (PEAL_DOMAIN_<NAME>_<KEY>, '_' for '.' and '-')");
		s.domain = domain->name;
		s.key = config_lower(d, slice_from(rest, domain->name.n + 1));
		s.value = rt_arena_copy(d->arena, value);
		err = config_add(d, s);
		if (err)
			return err;
	}
	return 0;
}
