/* SPDX-License-Identifier: MIT */
/*
 * config: a snapshot is made in layers, each over the last: defaults, the file, the environment; then what a domain
 * does not say for itself is copied from the server section, and the whole is checked.
 */
#include <stdio.h>
#include <stdlib.h>

#include "config_draft.h"

/* ---- Layers ---- */

static int set_defaults(struct config_draft *d)
{
	for (uint32_t i = 0; i < config_nkeys; i++) {
		const struct config_key *key = &config_keys[i];
		void *base = key->per_domain ? (void *)&d->config.server : (void *)&d->config;
		int err = config_value_set(d, key, base, slice_str(key->def), "default");

		if (err)
			return err;
	}
	return 0;
}

static bool is_domain(const struct config_setting *s)
{
	return slice_eq(s->section, SLICE("domain"));
}

static uint32_t bit_of(const struct config_key *key)
{
	uint32_t bit = 1;

	for (const struct config_key *k = config_keys; k < key; k++)
		bit <<= k->per_domain;
	return bit;
}

/* Everything outside domain sections. *given: which per-domain keys the server section names. */
static int set_server(struct config_draft *d, uint32_t *given)
{
	for (uint32_t i = 0; i < d->nsetting; i++) {
		const struct config_setting *s = &d->setting[i];
		const struct config_key *key = config_key_find(s->section, s->key);
		void *base = key && key->per_domain ? (void *)&d->config.server : (void *)&d->config;
		int err;

		if (is_domain(s) || config_section_named(s->section))
			continue;
		err = config_value_set(d, key, base, s->value, s->where);
		if (err)
			return err;
		if (key->per_domain && s->value.n)
			*given |= bit_of(key);
	}
	return 0;
}

static int name_domains(struct config_draft *d)
{
	struct svc_config *config = &d->config;

	for (uint32_t i = 0; i < config->server_domains.n; i++) {
		const struct slice name = config_lower(d, config->server_domains.word[i]);

		if (svc_config_domain(config, name))
			return config_fail(d, "server.domains", "'" SLICE_FMT "' stands there twice", SLICE_ARG(name));
		config->domain[config->ndomain] = config->server;
		config->domain[config->ndomain++].name = name;
	}
	return 0;
}

/* Domain sections. given[i]: which keys domain i names. */
static int set_domains(struct config_draft *d, uint32_t given[])
{
	for (uint32_t i = 0; i < d->nsetting; i++) {
		const struct config_setting *s = &d->setting[i];
		const struct config_key *key = config_key_find(s->section, s->key);
		struct svc_domain *domain;
		int err;

		if (!is_domain(s))
			continue;
		domain = (struct svc_domain *)(uintptr_t)svc_config_domain(&d->config, s->domain);
		if (!domain)
			return config_fail(d, s->where,
					   "'" SLICE_FMT "' is not one of server.domains; add it there or remove this section",
					   SLICE_ARG(slice_head(s->domain, 80)));
		err = config_value_set(d, key, domain, s->value, s->where);
		if (err)
			return err;
		if (s->value.n)
			given[domain - d->config.domain] |= bit_of(key);
	}
	return 0;
}

/* What follows another choice when nobody named it. */
static void resolve(struct svc_domain *domain, uint32_t given)
{
	if (!(given & bit_of(config_key_find(SLICE("server"), SLICE("auth_calls")))))
		domain->auth_calls = domain->auth;
	if (!(given & bit_of(config_key_find(SLICE("server"), SLICE("users")))))
		domain->users = domain->auth ? SVC_USERS_KNOWN : SVC_USERS_ANY;
	if (domain->realm.n == 0)
		domain->realm = domain->name;
}

static int read_layers(struct config_draft *d, const char *file, char *const environment[])
{
	uint32_t server_given = 0, given[SVC_DOMAINS_MAX] = { 0 };
	int err = set_defaults(d);

	if (!err && file)
		err = config_file_read(d, file);
	if (!err)
		err = config_env_read(d, environment);
	if (!err)
		err = set_server(d, &server_given);
	if (!err)
		err = name_domains(d);
	if (!err)
		err = config_env_read_domains(d, environment);
	if (!err)
		err = set_domains(d, given);
	if (!err)
		err = config_gateway_set(d);
	if (err)
		return err;
	resolve(&d->config.server, server_given);
	for (uint32_t i = 0; i < d->config.ndomain; i++)
		resolve(&d->config.domain[i], server_given | given[i]);
	return config_check(d);
}

int svc_config_load(struct svc_config **out, const char *file, char *const environment[], char error[512])
{
	struct config_draft *d = calloc(1, sizeof(*d));
	struct svc_config *config;
	int err;

	error[0] = 0;
	if (d)
		d->arena = rt_arena_new(CONFIG_ARENA);
	if (!d || !d->arena) {
		free(d);
		snprintf(error, 512, "no memory for the configuration");
		return RT_CONFIG;
	}
	d->error = error;
	config = &d->config;
	err = read_layers(d, file, environment);
	if (err) {
		svc_config_destroy(&config);
		return err;
	}
	*out = config;
	return 0;
}

void svc_config_destroy(struct svc_config **self_p)
{
	struct config_draft *d = (struct config_draft *)*self_p;

	if (d)
		rt_arena_destroy(&d->arena);
	free(d);
	*self_p = 0;
}

const struct svc_domain *svc_config_domain(const struct svc_config *self, struct slice name)
{
	if (name.n && name.p[name.n - 1] == '.') /* a fully qualified name, written with its root */
		name.n--;
	for (uint32_t i = 0; i < self->ndomain; i++)
		if (slice_eq_nocase(self->domain[i].name, name))
			return &self->domain[i];
	return 0;
}
