/* SPDX-License-Identifier: MIT */
/* config_table: the vocabulary of config.h as rows, and the search in them. */
#ifndef CONFIG_TABLE_H
#define CONFIG_TABLE_H

#include <stddef.h>
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
bool config_section_known(struct slice section);                                         /* "domain", "gateway" and "route" included */
bool config_section_named(struct slice section);                                         /* gateway, route: the keys are the operator's own names */

#endif
