/* SPDX-License-Identifier: MIT */
/* config_table: the rows, exact search, and the guess at what a misspelt name meant. */
#include "config_table.h"

/* clang-format off */
const struct config_key config_keys[] = {
#define X(sect, name, kind, def_, low_, high_, what_) \
	{ .section = #sect, .key = #name, .type = CONFIG_##kind, .def = def_, .low = low_, .high = high_, \
	  .offset = offsetof(struct svc_config, sect##_##name), .what = what_ },
	SVC_CONFIG_MAP(X)
#undef X
#define X(name, kind, def_, low_, high_, what_) \
	{ .section = "server", .key = #name, .type = CONFIG_##kind, .def = def_, .low = low_, .high = high_, \
	  .offset = offsetof(struct svc_domain, name), .what = what_, .per_domain = true },
	SVC_DOMAIN_MAP(X)
#undef X
};
/* clang-format on */
const uint32_t config_nkeys = sizeof(config_keys) / sizeof(config_keys[0]);

/* Does the row belong to a section as written? A domain section takes the per-domain rows. */
static bool in_section(const struct config_key *k, struct slice section)
{
	return slice_eq(section, SLICE("domain")) ? k->per_domain : slice_eq(slice_str(k->section), section);
}

const struct config_key *config_key_find(struct slice section, struct slice key)
{
	for (uint32_t i = 0; i < config_nkeys; i++)
		if (in_section(&config_keys[i], section) && slice_eq(slice_str(config_keys[i].key), key))
			return &config_keys[i];
	return 0;
}

bool config_section_named(struct slice section)
{
	return slice_eq(section, SLICE("gateway")) || slice_eq(section, SLICE("route"));
}

bool config_section_known(struct slice section)
{
	for (uint32_t i = 0; i < config_nkeys; i++)
		if (in_section(&config_keys[i], section))
			return true;
	return config_section_named(section);
}

/* Edits (insert, drop, change) from a to b, both cut at 40 bytes. */
static int distance(struct slice a, struct slice b)
{
	enum { CUT = 40 };
	int row[CUT + 1];

	a = slice_head(a, CUT);
	b = slice_head(b, CUT);
	for (uint32_t j = 0; j <= b.n; j++)
		row[j] = (int)j;
	for (uint32_t i = 1; i <= a.n; i++) {
		int diagonal = row[0];

		row[0] = (int)i;
		for (uint32_t j = 1; j <= b.n; j++) {
			const int changed = diagonal + (a.p[i - 1] != b.p[j - 1]);
			const int moved = 1 + (row[j] < row[j - 1] ? row[j] : row[j - 1]);

			diagonal = row[j];
			row[j] = changed < moved ? changed : moved;
		}
	}
	return row[b.n];
}

const struct config_key *config_key_near(struct slice section, struct slice key)
{
	const struct config_key *best = 0;
	int best_distance = 1000;

	for (uint32_t i = 0; i < config_nkeys; i++) {
		const struct config_key *k = &config_keys[i];
		int d = distance(slice_str(k->key), key) * 2;

		d += !in_section(k, section); /* the right section decides between equals */
		if (d < best_distance) {
			best_distance = d;
			best = k;
		}
	}
	return best;
}

const char *config_section_near(struct slice section)
{
	static const char *const named[] = { "domain", "gateway", "route" }; /* their keys are not all in the table */
	const char *best = 0;
	int best_distance = 1000;

	for (size_t i = 0; i < sizeof(named) / sizeof(named[0]); i++) {
		const int d = distance(slice_str(named[i]), section);

		if (d < best_distance) {
			best_distance = d;
			best = named[i];
		}
	}
	for (uint32_t i = 0; i < config_nkeys; i++) {
		const int d = distance(slice_str(config_keys[i].section), section);

		if (d < best_distance) {
			best_distance = d;
			best = config_keys[i].section;
		}
	}
	return best;
}
