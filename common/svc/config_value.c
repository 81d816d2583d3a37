/* SPDX-License-Identifier: MIT */
/* config_value: text becomes a bool, a number, words or a choice; or a sentence about what it should have been. */
#include <stdio.h>

#include "config_draft.h"

struct choice {
	enum config_type type;
	const char *word;
	int value;
};

static const struct choice choices[] = {
	{ CONFIG_BOOL, "on", 1 },
	{ CONFIG_BOOL, "off", 0 },
	{ CONFIG_MODE, "proxy", SVC_PROXY },
	{ CONFIG_MODE, "redirect", SVC_REDIRECT },
	{ CONFIG_FORK, "parallel", SVC_PARALLEL },
	{ CONFIG_FORK, "serial", SVC_SERIAL },
	{ CONFIG_FORK, "all", SVC_ALL },
	{ CONFIG_OVERFLOW, "refuse", SVC_REFUSE },
	{ CONFIG_OVERFLOW, "replace", SVC_REPLACE },
	{ CONFIG_USERS, "known", SVC_USERS_KNOWN },
	{ CONFIG_USERS, "any", SVC_USERS_ANY },
	{ CONFIG_RELAY, "none", SVC_RELAY_NONE },
	{ CONFIG_RELAY, "users", SVC_RELAY_USERS },
	{ CONFIG_RELAY, "any", SVC_RELAY_ANY },
	{ CONFIG_KEEP, "off", SVC_KEEP_OFF },
	{ CONFIG_KEEP, "on", SVC_KEEP_ON },
	{ CONFIG_KEEP, "auto", SVC_KEEP_AUTO },
};
enum { CHOICES = sizeof(choices) / sizeof(choices[0]) };

/* "on or off", "known or any": what would have been right. */
static void name_choices(enum config_type type, char *out, size_t size)
{
	struct rt_cursor c = rt_cursor_on(out, (uint32_t)size - 1);
	int left = 0;

	for (int i = 0; i < CHOICES; i++)
		left += choices[i].type == type;
	for (int i = 0; i < CHOICES; i++) {
		if (choices[i].type != type)
			continue;
		rt_cursor_put(&c, slice_str(choices[i].word));
		if (--left)
			rt_cursor_put(&c, left == 1 ? SLICE(" or ") : SLICE(", "));
	}
	out[c.n] = 0;
}

static int set_choice(struct config_draft *d, const struct config_key *key, void *field, struct slice text,
		      const char *where)
{
	char right[128];

	for (int i = 0; i < CHOICES; i++) {
		if (choices[i].type != key->type || !slice_eq(slice_str(choices[i].word), text))
			continue;
		if (key->type == CONFIG_BOOL)
			*(bool *)field = choices[i].value;
		else
			*(unsigned *)field = (unsigned)choices[i].value; /* the enums are all unsigned int */
		return 0;
	}
	name_choices(key->type, right, sizeof(right));
	return config_fail(d, where, "%s is '" SLICE_FMT "'; it must be %s", key->key, SLICE_ARG(slice_head(text, 80)),
			   right);
}
_Static_assert(sizeof(enum svc_mode) == sizeof(unsigned) && sizeof(enum svc_relay) == sizeof(unsigned),
	       "choices are stored as unsigned int");

static int set_int(struct config_draft *d, const struct config_key *key, void *field, struct slice text,
		   const char *where)
{
	uint64_t v;

	if (!slice_u64(text, &v) || v > INT64_MAX || (int64_t)v < key->low || (int64_t)v > key->high)
		return config_fail(d, where, "%s is '" SLICE_FMT "'; it must be a number from %lld to %lld (%s)", key->key,
				   SLICE_ARG(slice_head(text, 80)), (long long)key->low, (long long)key->high, key->what);
	*(svc_INT *)field = (int64_t)v;
	return 0;
}

static int set_words(struct config_draft *d, const struct config_key *key, void *field, struct slice text,
		     const char *where)
{
	struct svc_words *words = field;
	struct slice word;

	words->n = 0;
	while (slice_word(&text, &word)) {
		if (words->n == SVC_WORDS_MAX)
			return config_fail(d, where, "%s has more than %d words", key->key, SVC_WORDS_MAX);
		words->word[words->n++] = word;
	}
	return 0;
}

/* Empty text leaves choices and numbers as they are: "auth_calls = " means "as before". */
int config_value_set(struct config_draft *d, const struct config_key *key, void *base, struct slice text,
		     const char *where)
{
	void *field = (char *)base + key->offset;

	text = slice_trim(text);
	switch (key->type) {
	case CONFIG_TEXT:
		*(struct slice *)field = text;
		return 0;
	case CONFIG_WORDS:
		return set_words(d, key, field, text, where);
	case CONFIG_INT:
		return set_int(d, key, field, text, where);
	default:
		return text.n == 0 && key->def[0] == 0 ? 0 : set_choice(d, key, field, text, where);
	}
}
