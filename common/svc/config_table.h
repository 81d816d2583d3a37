/* SPDX-License-Identifier: MIT */
/* config_table: the vocabulary of config.h as rows, and what the files that read a configuration hand each other. */
#ifndef CONFIG_TABLE_H
#define CONFIG_TABLE_H

#include <stddef.h>
#include "rt/arena.h"
#include "svc/config.h"

enum config_type { CONFIG_BOOL, CONFIG_INT, CONFIG_TEXT, CONFIG_WORDS, CONFIG_MODE, CONFIG_FORK, CONFIG_OVERFLOW, CONFIG_USERS, CONFIG_RELAY, CONFIG_KEEP };

struct config_key {
	const char *section, *key, *def, *what;
	int64_t low, high;
	size_t offset;         /* in struct svc_config, or in struct svc_domain when per_domain */
	enum config_type type;
	bool per_domain;
};

extern const struct config_key config_keys[]; /* grouped by section, in the order of the maps */
extern const uint32_t config_nkeys;

const struct config_key *config_key_find(struct slice section, struct slice key);        /* NULL when there is none */
const struct config_key *config_key_near(struct slice section, struct slice key);        /* the best guess at what was meant */
const char *config_section_near(struct slice section);                                   /* likewise; never NULL */
bool config_section_known(struct slice section);                                         /* "domain" included */

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

/* Both return RT_CONFIG, having written the error: `where: what`. */
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
bool config_gateway_section(struct slice section);
RT_MUSTUSE
int config_check(struct config_draft *d); /* what no single value can show */

#endif
