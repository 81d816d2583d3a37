/* SPDX-License-Identifier: MIT */
/* config_draft: what somebody wrote, taken in setting by setting, and what to say when it cannot be. */
#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>

#include "config_draft.h"

int config_fail(struct config_draft *d, const char *where, const char *fmt, ...)
{
	int n = snprintf(d->error, 512, "%s: ", where);
	va_list ap;

	if (n < 0 || n > 400)
		n = 0;
	va_start(ap, fmt);
	vsnprintf(d->error + n, 512 - (size_t)n, fmt, ap);
	va_end(ap);
	return RT_CONFIG;
}

int config_add(struct config_draft *d, struct config_setting s)
{
	const struct config_key *near;

	if (!config_section_known(s.section))
		return config_fail(d, s.where, "unknown section '" SLICE_FMT "'; did you mean '%s'?",
				   SLICE_ARG(slice_head(s.section, 60)), config_section_near(s.section));
	if (!config_section_named(s.section) && !config_key_find(s.section, s.key)) {
		near = config_key_near(s.section, s.key);
		return config_fail(d, s.where,
				   "unknown key '" SLICE_FMT "' in section " SLICE_FMT "; did you mean %s in section %s?",
				   SLICE_ARG(slice_head(s.key, 60)), SLICE_ARG(s.section), near->key, near->section);
	}
	if (d->nsetting == CONFIG_SETTINGS_MAX)
		return config_fail(d, s.where, "more than %d values", CONFIG_SETTINGS_MAX);
	d->setting[d->nsetting++] = s;
	return 0;
}

struct slice config_lower(struct config_draft *d, struct slice s)
{
	struct slice copy = rt_arena_copy(d->arena, s);

	for (uint32_t i = 0; i < copy.n; i++)
		((char *)(uintptr_t)copy.p)[i] = (char)tolower((unsigned char)copy.p[i]);
	return copy;
}
