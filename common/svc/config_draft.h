/* SPDX-License-Identifier: MIT */
/* config_draft: a configuration while it is read, and what the files that read it hand each other. */
#ifndef CONFIG_DRAFT_H
#define CONFIG_DRAFT_H

#include "rt/arena.h"
#include "config_table.h"

/* One value as someone wrote it, and where. */
struct config_setting {
	struct slice section, domain, key, value; /* domain: sections `domain` and, for a group's name, `gateway` only */
	const char *where;                        /* "peal.conf:12" or "PEAL_SERVER_DOMAINS" */
};

enum { CONFIG_SETTINGS_MAX = 2048, CONFIG_ARENA = 1 << 20 };

struct config_draft {
	struct svc_config config; /* first: the snapshot is the draft */
	struct rt_arena *arena;
	struct config_setting setting[CONFIG_SETTINGS_MAX];
	uint32_t nsetting;
	char *error; /* 512 bytes */
};

/* Returns RT_CONFIG, having written the error: `where: what`. */
int config_fail(struct config_draft *d, const char *where, const char *fmt, ...) __attribute__((format(printf, 3, 4)));
struct slice config_lower(struct config_draft *d, struct slice s); /* a copy in lower case, in the arena */
RT_MUSTUSE
int config_add(struct config_draft *d, struct config_setting s);

RT_MUSTUSE
int config_file_read(struct config_draft *d, const char *path);            /* every line of the file as a setting */
RT_MUSTUSE
int config_env_read(struct config_draft *d, char *const environment[]);    /* every PEAL_ variable but the domains' */
RT_MUSTUSE
int config_env_read_domains(struct config_draft *d, char *const environment[]); /* PEAL_DOMAIN_..., once the domains are known */
RT_MUSTUSE
int config_value_set(struct config_draft *d, const struct config_key *key, void *base, struct slice text, const char *where);
RT_MUSTUSE
int config_gateway_set(struct config_draft *d); /* sections `gateway` and `route`, whose names are the operator's */
RT_MUSTUSE
int config_check(struct config_draft *d); /* what no single value can show */

#endif
